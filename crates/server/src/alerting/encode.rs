//! The model's nouns as JSON.

use binnacle_model::Labels;
use binnacle_model::alert::{
    Acknowledgement, AlertView, Episode, Judgement, NotificationOutcome, NotificationRecord, Texts,
};
use serde_json::{Map, Value, json};

use crate::alertmanager::push_alert;
use crate::http::time::format_rfc3339;

/// A time; nothing for "never".
pub(super) fn time(t_ms: i64) -> Value {
    if t_ms == 0 {
        Value::Null
    } else {
        Value::String(format_rfc3339(t_ms))
    }
}

/// A time that may not be there.
pub(super) fn time_maybe(t_ms: Option<i64>) -> Value {
    t_ms.map_or(Value::Null, time)
}

/// Milliseconds as seconds.
pub(super) fn seconds(ms: Option<i64>) -> Value {
    ms.map_or(Value::Null, |ms| json!(ms as f64 / 1000.0))
}

/// Labels as an object.
pub(super) fn labels(labels: &Labels) -> Value {
    let pairs = labels.iter().map(|(n, v)| (n.to_owned(), Value::from(v)));
    Value::Object(pairs.collect::<Map<_, _>>())
}

/// Texts as an object.
pub(super) fn texts(texts: &Texts) -> Value {
    let pairs = texts
        .iter()
        .map(|(n, v)| (n.clone(), Value::from(v.as_str())));
    Value::Object(pairs.collect::<Map<_, _>>())
}

/// An alert as Alertmanager's API has it, with what only this server knows.
pub(super) fn alert(view: &AlertView) -> Value {
    let mut out = Vec::with_capacity(512);
    push_alert(&mut out, view);
    // What was written here reads back.
    let mut value: Value = serde_json::from_slice(&out).unwrap_or_default();
    if let Value::Object(fields) = &mut value {
        fields.insert(
            "acknowledged".to_owned(),
            view.acknowledged
                .as_ref()
                .map_or(Value::Null, acknowledgement),
        );
        fields.insert("assignedTo".to_owned(), json!(view.assigned_to));
    }
    value
}

/// An acknowledgement.
pub(super) fn acknowledgement(ack: &Acknowledgement) -> Value {
    json!({
        "by": ack.by,
        "at": time(ack.at_ms),
        "comment": ack.comment,
        "until": time(ack.until_ms),
        "via": ack.via,
    })
}

/// An episode.
pub(super) fn episode(episode: &Episode) -> Value {
    json!({
        "id": episode.id.to_string(),
        "fingerprint": episode.fingerprint.to_string(),
        "labels": labels(&episode.labels),
        "annotations": texts(&episode.annotations),
        "generatorURL": episode.generator_url,
        "startedAt": time(episode.started_ms),
        "receivedAt": time(episode.received_ms),
        "resolvedAt": time_maybe(episode.resolved_ms),
        "notifiedAt": time_maybe(episode.notified_ms),
        "acknowledged": episode.acknowledged.as_ref().map_or(Value::Null, acknowledgement),
        "assignedTo": episode.assigned_to,
        "judgement": episode.judgement.map(judgement),
    })
}

/// The API's word for a judgement.
pub(super) fn judgement(judgement: Judgement) -> &'static str {
    match judgement {
        Judgement::Useful => "useful",
        Judgement::FalsePositive => "falsePositive",
    }
}

/// A notification.
pub(super) fn notification(record: &NotificationRecord) -> Value {
    let (outcome, detail) = match &record.outcome {
        NotificationOutcome::Delivered => ("delivered", ""),
        NotificationOutcome::Failed { error } => ("failed", error.as_str()),
        NotificationOutcome::Held { reason } => ("held", reason.as_str()),
    };
    let prints = |list: &[binnacle_model::alert::Fingerprint]| -> Vec<String> {
        list.iter().map(ToString::to_string).collect()
    };
    json!({
        "id": record.id.to_string(),
        "at": time(record.at_ms),
        "receiver": record.receiver,
        "integration": record.integration,
        "index": record.index,
        "groupKey": record.group_key,
        "groupLabels": labels(&record.group_labels),
        "reason": record.reason,
        "firing": prints(&record.firing),
        "resolved": prints(&record.resolved),
        "title": record.title,
        "text": record.text,
        "outcome": outcome,
        "detail": detail,
        "attempts": record.attempts,
        "durationSeconds": record.duration_ms as f64 / 1000.0,
        "test": record.test,
    })
}
