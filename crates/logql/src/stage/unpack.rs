//! `| unpack`: undoes Promtail's `pack`: the values of a JSON object are labels, `_entry`
//! is the line.

use serde_json::Value;

use super::labels::RowLabels;
use super::sanitize;

/// Sets the labels; answers the line that was packed, if there is one.
pub(super) fn run(line: &[u8], labels: &mut RowLabels) -> Option<Vec<u8>> {
    if line.is_empty() {
        return None;
    }
    let parsed: Value = match serde_json::from_slice(line) {
        Ok(value) => value,
        Err(error) => {
            labels.set_error("JSONParserErr", &error.to_string());
            return None;
        }
    };
    let Value::Object(object) = parsed else {
        labels.set_error("JSONParserErr", "expecting json object(6), but it is not");
        return None;
    };
    let mut entry = None;
    for (key, value) in object {
        let Value::String(value) = value else {
            continue;
        };
        if key == "_entry" {
            entry = Some(value.into_bytes());
        } else {
            labels.set_parsed(&sanitize(&key), &value);
        }
    }
    entry
}
