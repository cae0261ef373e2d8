//! `eventlogmessage`: the `Key: value` lines of a message of Windows' event log.

use binnacle_model::labels::is_legacy_label_name;

use super::settings::StageError;
use super::{Change, Entry};

pub(super) struct EventLogMessage {
    source: String,
    drop_invalid_labels: bool,
    overwrite_existing: bool,
}

impl EventLogMessage {
    pub(super) fn new(
        source: Option<&str>,
        drop_invalid_labels: bool,
        overwrite_existing: bool,
    ) -> Result<Self, StageError> {
        let source = source.unwrap_or("message");
        if !is_legacy_label_name(source) {
            return Err(StageError::new(
                "source",
                format!("invalid label name: {source}"),
            ));
        }
        Ok(Self {
            source: source.to_owned(),
            drop_invalid_labels,
            overwrite_existing,
        })
    }
}

/// A name of a label in place of a text.
fn sanitize(text: &str) -> String {
    if text.is_empty() {
        return "_".to_owned();
    }
    let fits =
        |i: usize, c: char| c.is_ascii_alphabetic() || c == '_' || (c.is_ascii_digit() && i > 0);
    text.char_indices()
        .map(|(i, c)| if fits(i, c) { c } else { '_' })
        .collect()
}

impl Change for EventLogMessage {
    fn change(&self, entry: &mut Entry, _: i64) -> bool {
        let Some(value) = entry.extracted.get(&self.source) else {
            return true;
        };
        // As in Promtail, a message that is no text takes its line with it.
        let Some(text) = value.text().map(std::borrow::Cow::into_owned) else {
            return false;
        };
        for line in text.split("\r\n") {
            let Some((key, value)) = line.split_once(':') else {
                continue;
            };
            let value = value.strip_prefix(' ').unwrap_or(value);
            let key = match is_legacy_label_name(key) {
                true => key.to_owned(),
                false if self.drop_invalid_labels => continue,
                false => sanitize(key),
            };
            if self.overwrite_existing || !entry.extracted.contains_key(&key) {
                entry.extract(&key, value);
            }
        }
        true
    }
}
