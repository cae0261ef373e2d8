//! Stages that write the line anew: `output`, `pack`, `decolorize`.

use std::collections::BTreeMap;

use super::settings::{PackSettings, StageError};
use super::{Change, Entry};

/// The key of the line in a packed object.
const ENTRY: &str = "_entry";

pub(super) struct Output(String);

impl Output {
    pub(super) fn new(source: &str) -> Result<Self, StageError> {
        if source.is_empty() {
            return Err(StageError::new(
                "source",
                "output source value is required if output is specified",
            ));
        }
        Ok(Self(source.to_owned()))
    }
}

impl Change for Output {
    fn change(&self, entry: &mut Entry, _: i64) -> bool {
        let found = entry.extracted.get(&self.0).and_then(|v| v.text());
        if let Some(text) = found.map(|t| t.as_bytes().to_vec()) {
            entry.line = text;
        }
        true
    }
}

pub(super) struct Pack(PackSettings);

impl Pack {
    pub(super) fn new(settings: &PackSettings) -> Self {
        Self(settings.clone())
    }
}

impl Change for Pack {
    fn change(&self, entry: &mut Entry, now_ns: i64) -> bool {
        let mut packed: BTreeMap<&str, String> = BTreeMap::new();
        for name in &self.0.labels {
            let value = entry.extracted.get(name).and_then(|v| v.text());
            if let Some(value) = value {
                packed.insert(name, value.into_owned());
            }
        }
        let mut out = String::from("{");
        for (name, value) in &packed {
            out.push_str(&serde_json::Value::from(*name).to_string());
            out.push(':');
            out.push_str(&serde_json::Value::from(value.as_str()).to_string());
            out.push(',');
        }
        let line = String::from_utf8_lossy(&entry.line);
        out.push_str(&serde_json::Value::from(ENTRY).to_string());
        out.push(':');
        out.push_str(&serde_json::Value::from(&*line).to_string());
        out.push('}');
        for name in packed.into_keys() {
            entry.labels.remove(name);
        }
        entry.line = out.into_bytes();
        if self.0.ingest_timestamp {
            entry.t_ns = now_ns;
        }
        true
    }
}

pub(super) struct Decolorize;

impl Change for Decolorize {
    fn change(&self, entry: &mut Entry, _: i64) -> bool {
        if let Some(plain) = binnacle_logql::stage::decolorized(&entry.line) {
            entry.line = plain;
        }
        true
    }
}
