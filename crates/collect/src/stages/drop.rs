//! `drop`: lines for which all conditions hold go no further.

use std::sync::Arc;

use binnacle_model::event::LineRegex;

use super::settings::{DropSettings, StageError};
use super::{Change, Entry, StageMetrics};

const REASON: &str = "drop_stage";

pub(super) struct Drop {
    source: Option<Vec<String>>,
    separator: String,
    value: Option<String>,
    regex: Option<LineRegex>,
    older_than_ns: Option<i64>,
    longer_than: Option<u64>,
    reason: String,
    metrics: Arc<StageMetrics>,
}

/// Why lines are dropped, as counted.
pub(super) fn reason(given: &str, default: &str) -> String {
    if given.is_empty() { default } else { given }.to_owned()
}

impl Drop {
    pub(super) fn new(
        settings: &DropSettings,
        metrics: &Arc<StageMetrics>,
    ) -> Result<Self, StageError> {
        let s = settings;
        if s.source.is_none()
            && s.expression.is_none()
            && s.older_than.is_none()
            && s.longer_than.is_none()
        {
            let message = if s.value.is_some() {
                "drop stage config must contain `source` if `value` is specified"
            } else {
                "drop stage config must contain at least one of `source`, `expression`, \
                 `older_than` or `longer_than`"
            };
            return Err(StageError::whole(message));
        }
        let older_than_ns = match &s.older_than {
            None => None,
            Some(text) => Some(binnacle_logql::stage::go_duration(text).map_err(|e| {
                let message = format!(
                    "drop stage invalid duration, {text} cannot be converted to a duration: {e}"
                );
                StageError::new("older_than", message)
            })?),
        };
        if s.value.is_some() && s.expression.is_some() {
            return Err(StageError::new(
                "value",
                "drop stage config error, `value` and `expression` cannot both be defined at the \
                 same time.",
            ));
        }
        let regex = match &s.expression {
            None => None,
            Some(text) => Some(LineRegex::new(text).map_err(|e| {
                let message = format!("drop stage regex compilation error: {}", e.message);
                StageError::new("expression", message)
            })?),
        };
        let longer_than = match &s.longer_than {
            None => None,
            Some(text) => Some(bytes(text).ok_or_else(|| {
                let message = format!(
                    "drop stage failed to parse longer_than to bytes: {text:?} is no size such \
                     as 8kb"
                );
                StageError::new("longer_than", message)
            })?),
        };
        Ok(Self {
            source: s.source.clone(),
            separator: s.separator.clone().unwrap_or_else(|| ";".to_owned()),
            value: s.value.clone(),
            regex,
            older_than_ns,
            longer_than,
            reason: reason(&s.drop_counter_reason, REASON),
            metrics: metrics.clone(),
        })
    }

    /// The values of all sources with the separator between; `None` when one is missing.
    fn joined(&self, sources: &[String], entry: &Entry) -> Option<String> {
        let values: Option<Vec<_>> = sources
            .iter()
            .map(|name| entry.extracted.get(name)?.text())
            .collect();
        Some(values?.join(&self.separator))
    }

    fn holds(&self, entry: &Entry, now_ns: i64) -> bool {
        if self
            .longer_than
            .is_some_and(|bytes| entry.line.len() as u64 <= bytes)
        {
            return false;
        }
        if self
            .older_than_ns
            .is_some_and(|ns| entry.t_ns >= now_ns.saturating_sub(ns))
        {
            return false;
        }
        match (&self.source, &self.regex) {
            (None, None) => true,
            (None, Some(regex)) => regex.is_match(&entry.line),
            (Some(sources), regex) => {
                let Some(joined) = self.joined(sources, entry) else {
                    return false;
                };
                match (regex, &self.value) {
                    (Some(regex), _) => regex.is_match(joined.as_bytes()),
                    (None, Some(value)) => joined == *value,
                    (None, None) => true,
                }
            }
        }
    }
}

/// A size as `8kb` or `10b`: powers of 1024, as Promtail reads them.
fn bytes(text: &str) -> Option<u64> {
    let text = text.trim().to_ascii_lowercase();
    let split = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let number: f64 = number.parse().ok()?;
    let unit = match unit.trim() {
        "" | "b" => 1.0,
        "k" | "kb" | "kib" => 1024.0,
        "m" | "mb" | "mib" => 1024.0 * 1024.0,
        "g" | "gb" | "gib" => 1024.0 * 1024.0 * 1024.0,
        _ => return None,
    };
    Some((number * unit) as u64)
}

impl Change for Drop {
    fn change(&self, entry: &mut Entry, now_ns: i64) -> bool {
        let drops = self.holds(entry, now_ns);
        if drops {
            self.metrics.dropped(&self.reason);
        }
        !drops
    }
}
