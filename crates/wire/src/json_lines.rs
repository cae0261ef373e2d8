//! JSON objects, one a line (or one behind the other, with or without line breaks).

use binnacle_model::event::EventBatch;

pub use crate::document::DocumentRules;
use crate::document::push_document;
use crate::error::WireError;
use crate::json::Json;

/// Lines that are told in words.
const MESSAGES_MAX: usize = 10;

/// What a body held.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Decoded {
    /// Objects that are now in the batch.
    pub rows: u64,
    /// Lines that are no JSON object.
    pub refused: u64,
    /// The first of these, with their numbers.
    pub messages: Vec<String>,
}

/// The rules where nobody said others.
#[must_use]
pub fn default_rules() -> DocumentRules {
    let owned = |names: &[&str]| names.iter().map(|&n| n.to_owned()).collect();
    DocumentRules {
        time: owned(&["@timestamp", "timestamp", "_time", "time", "ts"]),
        message: owned(&["message", "msg", "_msg", "log", "MESSAGE"]),
        stream: Vec::new(),
    }
}

/// Appends the objects of `body`, one a line, to `batch`. Lines that are none are left out
/// and told.
pub fn decode(body: &[u8], rules: &DocumentRules, now_ns: i64, batch: &mut EventBatch) -> Decoded {
    let mut decoded = Decoded::default();
    for (at, line) in body.split(|b| *b == b'\n').enumerate() {
        let line = line.trim_ascii();
        if line.is_empty() {
            continue;
        }
        if let Err(error) = objects(line, rules, now_ns, batch, &mut decoded.rows) {
            decoded.refused += 1;
            if decoded.messages.len() < MESSAGES_MAX {
                decoded.messages.push(format!("line {}: {error}", at + 1));
            }
        }
    }
    decoded
}

fn objects(
    line: &[u8],
    rules: &DocumentRules,
    now_ns: i64,
    batch: &mut EventBatch,
    rows: &mut u64,
) -> Result<(), WireError> {
    let mut json = Json::new(line);
    while !json.is_at_end() {
        push_document(json.raw()?, rules, &[], now_ns, batch)?;
        *rows += 1;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_become_what_the_rules_say() {
        let body = br#"{"time":"1970-01-01T00:00:01Z","msg":"hi","app":"x","a":{"b":1.50,"c":[1]},"n":7,"z":null}
not json
{"app":"y","x":1} {"msg":"two"}
[1]
"#;
        let rules = DocumentRules {
            stream: vec!["app".to_owned()],
            ..default_rules()
        };
        let mut batch = EventBatch::default();
        let decoded = decode(body, &rules, 5, &mut batch);
        assert_eq!((decoded.rows, decoded.refused), (3, 2));
        assert!(
            decoded.messages[0].starts_with("line 2: JSON:"),
            "{:?}",
            decoded.messages
        );
        assert_eq!(batch.times_ns, [1_000_000_000, 5, 5]);
        assert_eq!(batch.line(0), b"hi");
        assert_eq!(batch.line(1), br#"{"app":"y","x":1}"#);
        let fields: Vec<_> = batch.fields(0).collect();
        assert_eq!(
            fields,
            [
                ("a_b", FieldValue::Text(b"1.50")),
                ("a_c", FieldValue::Text(b"[1]")),
                ("n", FieldValue::Int(7)),
            ]
        );
        assert_eq!(batch.streams.len(), 3);
    }

    use binnacle_model::event::FieldValue;
}
