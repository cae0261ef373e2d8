//! Alerts and silences as Alertmanager's API has them.

use binnacle_model::MatchOp;
use binnacle_model::alert::{AlertView, Silence, SilenceState};

use crate::http::json::{push_array, push_labels, push_string};
use crate::http::time::push_nanos;
use crate::prometheus::rules::push_texts;

/// Appends an alert (`gettableAlert`).
pub fn push_alert(out: &mut Vec<u8>, view: &AlertView) {
    let alert = &view.alert;
    out.extend_from_slice(b"{\"annotations\":");
    push_texts(out, &alert.annotations);
    for (name, t_ns) in [
        ("endsAt", alert.ends_at_ns),
        ("startsAt", alert.starts_at_ns),
        ("updatedAt", alert.updated_at_ns),
    ] {
        out.extend_from_slice(b",\"");
        out.extend_from_slice(name.as_bytes());
        out.extend_from_slice(b"\":\"");
        push_nanos(out, t_ns);
        out.push(b'"');
    }
    out.extend_from_slice(b",\"fingerprint\":");
    push_string(out, &view.fingerprint.to_string());
    out.extend_from_slice(b",\"receivers\":");
    push_array(out, &view.receivers, |out, name| {
        out.extend_from_slice(b"{\"name\":");
        push_string(out, name);
        out.push(b'}');
    });
    out.extend_from_slice(b",\"status\":{\"inhibitedBy\":");
    push_array(out, &view.suppression.inhibited_by, |out, by| {
        push_string(out, &by.to_string());
    });
    out.extend_from_slice(b",\"mutedBy\":");
    push_array(out, &view.suppression.muted_by, |out, by| {
        push_string(out, by);
    });
    out.extend_from_slice(b",\"silencedBy\":");
    push_array(out, &view.suppression.silenced_by, |out, by| {
        push_string(out, by);
    });
    out.extend_from_slice(b",\"state\":");
    push_string(out, view.status.as_str());
    out.push(b'}');
    if !alert.generator_url.is_empty() {
        out.extend_from_slice(b",\"generatorURL\":");
        push_string(out, &alert.generator_url);
    }
    out.extend_from_slice(b",\"labels\":");
    push_labels(out, &alert.labels);
    out.push(b'}');
}

/// Appends a silence (`gettableSilence`), with what only this server knows of it.
pub fn push_silence(out: &mut Vec<u8>, silence: &Silence, state: SilenceState) {
    out.extend_from_slice(b"{\"id\":");
    push_string(out, &silence.id);
    out.extend_from_slice(b",\"status\":{\"state\":");
    push_string(out, state.as_str());
    out.extend_from_slice(b"},\"updatedAt\":\"");
    push_nanos(out, silence.updated_at_ns);
    out.extend_from_slice(b"\",\"annotations\":");
    push_texts(out, &silence.annotations);
    out.extend_from_slice(b",\"comment\":");
    push_string(out, &silence.comment);
    out.extend_from_slice(b",\"createdBy\":");
    push_string(out, &silence.created_by);
    out.extend_from_slice(b",\"endsAt\":\"");
    push_nanos(out, silence.ends_at_ns);
    out.extend_from_slice(b"\",\"matchers\":");
    let first = silence.matcher_sets.first().map_or(&[][..], Vec::as_slice);
    push_array(out, first, |out, matcher| {
        let is_equal = matches!(matcher.op, MatchOp::Equal | MatchOp::Regex);
        let is_regex = matches!(matcher.op, MatchOp::Regex | MatchOp::NotRegex);
        out.extend_from_slice(
            format!("{{\"isEqual\":{is_equal},\"isRegex\":{is_regex}").as_bytes(),
        );
        out.extend_from_slice(b",\"name\":");
        push_string(out, &matcher.name);
        out.extend_from_slice(b",\"value\":");
        push_string(out, &matcher.value);
        out.push(b'}');
    });
    out.extend_from_slice(b",\"startsAt\":\"");
    push_nanos(out, silence.starts_at_ns);
    out.push(b'"');
    if silence.until_resolved {
        out.extend_from_slice(b",\"untilResolved\":true");
    }
    if let Some(recurrence) = &silence.recurrence {
        out.extend_from_slice(b",\"recurrence\":{\"timeZone\":");
        push_string(out, &recurrence.time_zone);
        if let Some(name) = &recurrence.time_interval {
            out.extend_from_slice(b",\"timeInterval\":");
            push_string(out, name);
        }
        out.extend_from_slice(b",\"windows\":");
        push_array(out, &recurrence.windows, |out, window| {
            let days = (0..7)
                .filter(|day| window.days & (1 << day) != 0)
                .map(|day| day.to_string())
                .collect::<Vec<_>>()
                .join(",");
            out.extend_from_slice(
                format!(
                    "{{\"days\":[{days}],\"startMinute\":{},\"durationMinutes\":{}}}",
                    window.start_minute, window.duration_minutes
                )
                .as_bytes(),
            );
        });
        out.push(b'}');
    }
    out.push(b'}');
}
