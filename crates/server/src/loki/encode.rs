//! Answers as Loki writes them.

use std::collections::BTreeMap;
use std::io::Write;

use binnacle_model::event::LogLabels;
use binnacle_model::event::logs::{
    Direction, LogEntry, LogPoint, LogStream, LogsAnswer, LogsStatistics, LogsValue,
};

use crate::http::json::{push_array, push_key, push_pairs, push_string};
use crate::http::number::{push_json_float, push_time, push_value};

/// How streams are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// All labels of a line are labels of its stream.
    Merged,
    /// A stream has its own labels; those that came with a line or out of it stand at the
    /// line (`categorize-labels`).
    Categorized,
}

/// A query's answer.
pub fn query(answer: LogsAnswer, form: Form, direction: Direction) -> Vec<u8> {
    let mut out = Vec::with_capacity(4096);
    out.extend_from_slice(b"{\"status\":\"success\",");
    let warnings: Vec<&str> = answer
        .annotations
        .iter()
        .map(|a| a.message.as_str())
        .collect();
    if !warnings.is_empty() {
        push_key(&mut out, "warnings");
        push_array(&mut out, warnings, push_string);
        out.push(b',');
    }
    out.extend_from_slice(b"\"data\":{\"resultType\":");
    match answer.value {
        LogsValue::Streams(streams) => {
            out.extend_from_slice(b"\"streams\",\"result\":");
            push_streams(&mut out, streams, form, direction);
            if form == Form::Categorized {
                out.extend_from_slice(b",\"encodingFlags\":[\"categorize-labels\"]");
            }
        }
        LogsValue::Vector(elements) => {
            out.extend_from_slice(b"\"vector\",\"result\":");
            push_array(&mut out, elements, |out, (labels, point)| {
                out.extend_from_slice(b"{\"metric\":");
                push_pairs(out, labels.iter());
                out.extend_from_slice(b",\"value\":");
                push_point(out, point);
                out.push(b'}');
            });
        }
        LogsValue::Matrix(series) => {
            out.extend_from_slice(b"\"matrix\",\"result\":");
            push_matrix(&mut out, series);
        }
        LogsValue::Scalar(point) => {
            out.extend_from_slice(b"\"scalar\",\"result\":");
            push_point(&mut out, point);
        }
    }
    push_statistics(&mut out, &answer.statistics);
    out.extend_from_slice(b"}}");
    out
}

/// A matrix.
pub fn push_matrix(out: &mut Vec<u8>, series: Vec<(LogLabels, Vec<LogPoint>)>) {
    push_array(out, series, |out, (labels, points)| {
        out.extend_from_slice(b"{\"metric\":");
        push_pairs(out, labels.iter());
        out.extend_from_slice(b",\"values\":");
        push_array(out, points, push_point);
        out.push(b'}');
    });
}

/// `[1435781430.781,"1"]`
pub fn push_point(out: &mut Vec<u8>, (t_ms, value): LogPoint) {
    out.push(b'[');
    push_time(out, t_ms);
    out.extend_from_slice(b",\"");
    push_value(out, value);
    out.extend_from_slice(b"\"]");
}

/// Streams.
pub fn push_streams(out: &mut Vec<u8>, streams: Vec<LogStream>, form: Form, direction: Direction) {
    match form {
        Form::Merged => push_array(out, streams, |out, stream| {
            out.extend_from_slice(b"{\"stream\":");
            push_pairs(out, stream.labels.iter());
            out.extend_from_slice(b",\"values\":");
            push_array(out, &stream.entries, push_entry);
            out.push(b'}');
        }),
        Form::Categorized => {
            push_array(
                out,
                by_own_labels(streams, direction),
                |out, (labels, entries)| {
                    out.extend_from_slice(b"{\"stream\":");
                    push_pairs(out, labels.iter());
                    out.extend_from_slice(b",\"values\":");
                    push_array(out, &entries, push_categorized);
                    out.push(b'}');
                },
            );
        }
    }
}

/// Lines by the labels that their streams have of themselves.
fn by_own_labels(
    streams: Vec<LogStream>,
    direction: Direction,
) -> BTreeMap<LogLabels, Vec<LogEntry>> {
    let mut grouped: BTreeMap<LogLabels, Vec<LogEntry>> = BTreeMap::new();
    for stream in streams {
        for entry in stream.entries {
            let mut own = stream.labels.clone();
            own.retain(|name, _| {
                entry.structured_metadata.get(name).is_none() && entry.parsed.get(name).is_none()
            });
            grouped.entry(own).or_default().push(entry);
        }
    }
    for entries in grouped.values_mut() {
        match direction {
            Direction::Backward => entries.sort_by_key(|e| std::cmp::Reverse(e.t_ns)),
            Direction::Forward => entries.sort_by_key(|e| e.t_ns),
        }
    }
    grouped
}

fn push_entry(out: &mut Vec<u8>, entry: &LogEntry) {
    out.extend_from_slice(b"[\"");
    // Writing to a vector cannot fail.
    let _ = write!(out, "{}", entry.t_ns);
    out.extend_from_slice(b"\",");
    push_string(out, &String::from_utf8_lossy(&entry.line));
    out.push(b']');
}

fn push_categorized(out: &mut Vec<u8>, entry: &LogEntry) {
    push_entry(out, entry);
    out.pop();
    out.extend_from_slice(b",{");
    if !entry.structured_metadata.is_empty() {
        push_key(out, "structuredMetadata");
        push_pairs(out, entry.structured_metadata.iter());
    }
    if !entry.parsed.is_empty() {
        if !entry.structured_metadata.is_empty() {
            out.push(b',');
        }
        push_key(out, "parsed");
        push_pairs(out, entry.parsed.iter());
    }
    out.extend_from_slice(b"}]");
}

/// The part of Loki's statistics that means something here; clients read a missing figure
/// as none.
fn push_statistics(out: &mut Vec<u8>, statistics: &LogsStatistics) {
    let seconds = statistics.total_seconds.max(1e-9);
    out.extend_from_slice(b",\"stats\":{\"summary\":{");
    let figures = [
        (
            "bytesProcessedPerSecond",
            (statistics.bytes as f64 / seconds).trunc(),
        ),
        (
            "linesProcessedPerSecond",
            (statistics.rows as f64 / seconds).trunc(),
        ),
        ("totalBytesProcessed", statistics.bytes as f64),
        ("totalLinesProcessed", statistics.rows as f64),
        ("totalEntriesReturned", statistics.returned as f64),
        ("execTime", statistics.total_seconds),
        ("queueTime", statistics.queue_seconds),
    ];
    for (i, (name, value)) in figures.into_iter().enumerate() {
        if i > 0 {
            out.push(b',');
        }
        push_key(out, name);
        push_json_float(out, value);
    }
    out.extend_from_slice(b"}}");
}

#[cfg(test)]
mod tests {
    use super::*;
    use binnacle_model::annotation::Annotations;

    fn entry(t_ns: i64, line: &str, parsed: &[(&str, &str)]) -> LogEntry {
        LogEntry {
            t_ns,
            line: line.as_bytes().to_vec(),
            structured_metadata: LogLabels::from_pairs([("trace", "7")]),
            parsed: LogLabels::from_pairs(parsed.iter().copied()),
        }
    }

    fn text(form: Form) -> String {
        let stream = |k: &str, e: LogEntry| LogStream {
            labels: LogLabels::from_pairs([("app", "a"), ("k", k), ("trace", "7")]),
            entries: vec![e],
        };
        let answer = LogsAnswer {
            value: LogsValue::Streams(vec![
                stream("1", entry(5, "one", &[("k", "1")])),
                stream("2", entry(6, "two", &[("k", "2")])),
            ]),
            annotations: Annotations::default(),
            statistics: LogsStatistics::default(),
        };
        let body = query(answer, form, Direction::Backward);
        let json: serde_json::Value = serde_json::from_slice(&body).expect("valid JSON");
        json["data"]["result"].to_string()
    }

    #[test]
    fn streams_in_both_forms() {
        assert_eq!(
            text(Form::Merged),
            r#"[{"stream":{"app":"a","k":"1","trace":"7"},"values":[["5","one"]]},{"stream":{"app":"a","k":"2","trace":"7"},"values":[["6","two"]]}]"#
        );
        assert_eq!(
            text(Form::Categorized),
            r#"[{"stream":{"app":"a"},"values":[["6","two",{"structuredMetadata":{"trace":"7"},"parsed":{"k":"2"}}],["5","one",{"structuredMetadata":{"trace":"7"},"parsed":{"k":"1"}}]]}]"#
        );
    }
}
