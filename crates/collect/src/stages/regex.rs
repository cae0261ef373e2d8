//! `regex`: named groups become extracted values.

use binnacle_model::event::LineRegex;

use super::settings::{RegexSettings, StageError};
use super::{Change, Entry};

pub(super) struct Regex {
    regex: LineRegex,
    source: Option<String>,
    labels_from_groups: bool,
}

/// Compiles an expression that must be there.
pub(super) fn compile(expression: &str) -> Result<LineRegex, StageError> {
    if expression.is_empty() {
        return Err(StageError::new("expression", "expression is required"));
    }
    LineRegex::new(expression).map_err(|e| {
        StageError::new(
            "expression",
            format!("could not compile regular expression: {}", e.message),
        )
    })
}

/// A source that is given must not be empty.
pub(super) fn check_source(source: Option<&str>, message: &str) -> Result<(), StageError> {
    match source {
        Some("") => Err(StageError::new("source", message)),
        _ => Ok(()),
    }
}

impl Regex {
    pub(super) fn new(settings: &RegexSettings) -> Result<Self, StageError> {
        let regex = compile(&settings.expression)?;
        check_source(settings.source.as_deref(), "empty source")?;
        Ok(Self {
            regex,
            source: settings.source.clone(),
            labels_from_groups: settings.labels_from_groups,
        })
    }
}

impl Change for Regex {
    fn change(&self, entry: &mut Entry, _: i64) -> bool {
        let Some(input) = entry.input_bytes(self.source.as_deref()) else {
            return true;
        };
        let Some(captures) = self.regex.regex().captures(&input) else {
            return true;
        };
        let named = self.regex.groups().iter().enumerate();
        let found: Vec<(String, String)> = named
            .filter(|(_, name)| !name.is_empty())
            .map(|(i, name)| {
                let value = captures.get(i + 1).map_or(&b""[..], |m| m.as_bytes());
                (name.clone(), String::from_utf8_lossy(value).into_owned())
            })
            .collect();
        for (name, value) in found {
            if self.labels_from_groups {
                entry.labels.insert(name.clone(), value.clone());
            }
            entry.extract(&name, value);
        }
        true
    }
}
