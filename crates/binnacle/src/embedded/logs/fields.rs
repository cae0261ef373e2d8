//! Fields that lines turn out to have: `detected_fields`.
//!
//! Metadata, what the query's own parsers made, and what `json` or `logfmt` would find in
//! lines that no parser has looked at.

use std::collections::{BTreeMap, HashMap, HashSet};

use binnacle_logql::stage::detect::{Found, find};
use binnacle_model::event::logs::{DetectedField, LogStream};

#[derive(Default)]
struct Field {
    values: HashSet<String>,
    kind: Option<&'static str>,
    parsers: Vec<&'static str>,
    json_path: Vec<String>,
}

/// Fields of the lines, by name, at most `limit`.
pub(super) fn detect(streams: &[LogStream], limit: usize) -> Vec<DetectedField> {
    let mut fields: BTreeMap<String, Field> = BTreeMap::new();
    each(streams, |name, value, found| {
        let field = fields.entry(name.to_owned()).or_default();
        let kind = kind_of(value);
        field.kind = Some(match field.kind {
            Some(known) if known != kind && is_number(known) && is_number(kind) => "float",
            Some(known) if known != kind => "string",
            _ => kind,
        });
        if let Some(found) = found {
            if !field.parsers.contains(&found.parser) {
                field.parsers.push(found.parser);
            }
            if field.json_path.is_empty() {
                field.json_path.clone_from(&found.json_path);
            }
        }
        field.values.insert(value.to_owned());
    });
    fields
        .into_iter()
        .take(limit)
        .map(|(label, field)| DetectedField {
            label,
            kind: field.kind.unwrap_or("string"),
            cardinality: field.values.len() as u64,
            parsers: field.parsers,
            json_path: field.json_path,
        })
        .collect()
}

/// Values of one field, the most frequent first, at most `limit`.
pub(super) fn values(streams: &[LogStream], field: &str, limit: usize) -> Vec<(String, u64)> {
    let mut counts: HashMap<String, u64> = HashMap::new();
    each(streams, |name, value, _| {
        if name == field {
            *counts.entry(value.to_owned()).or_default() += 1;
        }
    });
    let mut all: Vec<(String, u64)> = counts.into_iter().collect();
    all.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    all.truncate(limit);
    all
}

/// Calls `see` for each field of each line.
fn each(streams: &[LogStream], mut see: impl FnMut(&str, &str, Option<&Found>)) {
    for stream in streams {
        for entry in &stream.entries {
            for (name, value) in entry.structured_metadata.iter().chain(entry.parsed.iter()) {
                see(name, value, None);
            }
            if entry.parsed.is_empty() {
                for found in find(&entry.line) {
                    see(&found.label, &found.value, Some(&found));
                }
            }
        }
    }
}

/// Whole numbers among others are floats, too.
fn is_number(kind: &str) -> bool {
    kind == "int" || kind == "float"
}

/// What a value looks like, in Loki's words.
fn kind_of(value: &str) -> &'static str {
    if value.parse::<i64>().is_ok() {
        return "int";
    }
    if value.parse::<f64>().is_ok_and(f64::is_finite) {
        return "float";
    }
    if value == "true" || value == "false" {
        return "boolean";
    }
    if !value.is_empty() && binnacle_model::duration::parse(value).is_ok() {
        return "duration";
    }
    let digits = value.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = &value[digits.len()..];
    let is_number = digits.trim().parse::<f64>().is_ok_and(f64::is_finite);
    let units = [
        "B", "kB", "KB", "MB", "GB", "TB", "KiB", "MiB", "GiB", "TiB",
    ];
    if is_number && units.contains(&unit) {
        return "bytes";
    }
    "string"
}

#[cfg(test)]
mod tests {
    use super::*;
    use binnacle_model::event::LogLabels;
    use binnacle_model::event::logs::LogEntry;

    fn stream(lines: &[&str]) -> Vec<LogStream> {
        vec![LogStream {
            labels: LogLabels::default(),
            entries: lines
                .iter()
                .map(|line| LogEntry {
                    t_ns: 0,
                    line: line.as_bytes().to_vec(),
                    structured_metadata: LogLabels::from_pairs([("pod", "p")]),
                    parsed: LogLabels::default(),
                })
                .collect(),
        }]
    }

    #[test]
    fn kinds() {
        let kinds = ["7", "1.5", "true", "5ms", "3KB", "x", ""].map(kind_of);
        assert_eq!(
            kinds,
            [
                "int", "float", "boolean", "duration", "bytes", "string", "string"
            ]
        );
    }

    #[test]
    fn fields_of_lines_and_metadata() {
        let streams = stream(&[
            "level=info took=5ms",
            "{\"a\":{\"b\":1}}",
            "{\"a\":{\"b\":2}}",
            "{\"n\":1}",
            "{\"n\":1.5}",
        ]);
        let found: Vec<(String, &str, u64, Vec<&str>)> = detect(&streams, 10)
            .into_iter()
            .map(|f| (f.label, f.kind, f.cardinality, f.parsers))
            .collect();
        let expect = |label: &str, kind, n, parsers: &[&'static str]| {
            (label.to_owned(), kind, n, parsers.to_vec())
        };
        assert_eq!(
            found,
            [
                expect("a_b", "int", 2, &["json"]),
                expect("level", "string", 1, &["logfmt"]),
                expect("n", "float", 2, &["json"]),
                expect("pod", "string", 1, &[]),
                expect("took", "duration", 1, &["logfmt"]),
            ]
        );
        assert_eq!(values(&streams, "pod", 5), [("p".to_owned(), 5)]);
    }
}
