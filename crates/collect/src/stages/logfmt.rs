//! `logfmt`: keys become extracted values.

use std::collections::HashMap;

use super::regex::check_source;
use super::settings::{LogfmtSettings, StageError};
use super::{Change, Entry};

pub(super) struct Logfmt {
    /// Names by key.
    names: HashMap<Vec<u8>, String>,
    source: Option<String>,
}

impl Logfmt {
    pub(super) fn new(settings: &LogfmtSettings) -> Result<Self, StageError> {
        if settings.mapping.is_empty() {
            return Err(StageError::new("mapping", "logfmt mapping is required"));
        }
        check_source(settings.source.as_deref(), "empty source")?;
        let names = settings.mapping.iter().map(|(name, key)| {
            let key = if key.is_empty() { name } else { key };
            (key.clone().into_bytes(), name.clone())
        });
        Ok(Self {
            names: names.collect(),
            source: settings.source.clone(),
        })
    }
}

impl Change for Logfmt {
    fn change(&self, entry: &mut Entry, _: i64) -> bool {
        let Some(input) = entry.input_bytes(self.source.as_deref()) else {
            return true;
        };
        let mut found = Vec::new();
        binnacle_logql::stage::each_logfmt_pair(&input, |key, value| {
            if let Some(name) = self.names.get(key) {
                found.push((name, String::from_utf8_lossy(value).into_owned()));
            }
        });
        for (name, value) in found {
            entry.extract(name, value);
        }
        true
    }
}
