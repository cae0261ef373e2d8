//! The level of a row.
//!
//! The order is Loki's: a label, a field, OTLP's number, a key of a line in JSON or
//! logfmt, and last a word in the line, in which `info` wins over `err`, `warn`,
//! `critical` and `debug`. One word more than Loki knows is looked for behind these:
//! `fatal`.

use std::sync::LazyLock;

use binnacle_model::event::FieldValue;

use super::{is_json, json, logfmt};
use crate::search::Search;

/// The field that is added.
pub const LEVEL_FIELD: &str = "detected_level";

/// OTLP's number of a severity, as receivers hand it on.
const SEVERITY_NUMBER: &str = "severity_number";

/// Levels, as Loki writes them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Nothing was found.
    Unknown,
    /// `trace`.
    Trace,
    /// `debug`.
    Debug,
    /// `info`.
    Info,
    /// `warn`.
    Warn,
    /// `error`.
    Error,
    /// `critical`.
    Critical,
    /// `fatal`.
    Fatal,
}

/// All levels, in the order of [`Level`].
pub(crate) const LEVELS: [Level; 8] = [
    Level::Unknown,
    Level::Trace,
    Level::Debug,
    Level::Info,
    Level::Warn,
    Level::Error,
    Level::Critical,
    Level::Fatal,
];

impl Level {
    /// The value of the field.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Trace => "trace",
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
            Self::Critical => "critical",
            Self::Fatal => "fatal",
        }
    }

    /// The level that a word means, in any case.
    #[must_use]
    pub fn from_word(word: &[u8]) -> Option<Self> {
        const WORDS: [(&[u8], Level); 14] = [
            (b"info", Level::Info),
            (b"error", Level::Error),
            (b"warn", Level::Warn),
            (b"debug", Level::Debug),
            (b"warning", Level::Warn),
            (b"trace", Level::Trace),
            (b"fatal", Level::Fatal),
            (b"critical", Level::Critical),
            (b"err", Level::Error),
            (b"wrn", Level::Warn),
            (b"inf", Level::Info),
            (b"dbg", Level::Debug),
            (b"trc", Level::Trace),
            (b"information", Level::Info),
        ];
        WORDS
            .iter()
            .find(|(w, _)| word.eq_ignore_ascii_case(w))
            .map(|&(_, level)| level)
    }

    /// The level of an OTLP severity number (OpenTelemetry's data model of logs).
    #[must_use]
    pub fn from_severity_number(number: i64) -> Self {
        match number {
            i64::MIN..=-1 | 1..=4 => Self::Trace,
            5..=8 => Self::Debug,
            9..=12 => Self::Info,
            13..=16 => Self::Warn,
            17..=20 => Self::Error,
            21..=24 => Self::Fatal,
            _ => Self::Unknown,
        }
    }
}

/// What a label or a field says: a level, or a word that is none and stays as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// A level.
    Level(Level),
    /// Another word.
    Word(String),
}

impl Found {
    fn of_word(word: &[u8]) -> Self {
        Level::from_word(word).map_or_else(
            || Self::Word(String::from_utf8_lossy(word).into_owned()),
            Self::Level,
        )
    }
}

/// Finds levels.
#[derive(Debug, Clone)]
pub struct LevelDetector {
    fields: Vec<String>,
    json_depth_max: usize,
}

impl LevelDetector {
    /// A detector that looks at `fields`, an earlier one first, and that many objects deep
    /// into JSON (0 for any depth).
    #[must_use]
    pub fn new(fields: Vec<String>, json_depth_max: usize) -> Self {
        Self {
            fields,
            json_depth_max,
        }
    }

    /// What the labels of a stream say, for all its rows.
    pub fn of_labels<'a>(
        &self,
        labels: &(impl Iterator<Item = (&'a str, &'a str)> + Clone),
    ) -> Option<Found> {
        self.fields.iter().find_map(|field| {
            let (_, value) = labels.clone().find(|(name, _)| name == field)?;
            Some(Found::of_word(value.as_bytes()))
        })
    }

    /// What the fields of a row say; [`Self::of_line`] when they say nothing.
    pub fn of_fields<'a>(
        &self,
        fields: impl Iterator<Item = (&'a str, FieldValue<'a>)>,
    ) -> Option<Found> {
        let mut best: Option<(usize, FieldValue<'a>)> = None;
        let mut number = None;
        for (name, value) in fields {
            if name == SEVERITY_NUMBER {
                number = Some(value);
            } else if let Some(i) = self.fields.iter().position(|f| f == name)
                && best.is_none_or(|(b, _)| i < b)
            {
                best = Some((i, value));
            }
        }
        if let Some((_, value)) = best {
            return Some(match value {
                FieldValue::Text(text) => Found::of_word(text),
                FieldValue::Int(v) => Found::Word(v.to_string()),
                FieldValue::Float(v) => Found::Word(v.to_string()),
                FieldValue::Bool(v) => Found::Word(v.to_string()),
            });
        }
        Some(Found::Level(match number? {
            FieldValue::Int(v) => Level::from_severity_number(v),
            // A number that is none is taken for an ordinary line.
            FieldValue::Text(text) if !text.is_empty() => std::str::from_utf8(text)
                .ok()
                .and_then(|t| t.parse().ok())
                .map_or(Level::Info, Level::from_severity_number),
            _ => return None,
        }))
    }

    /// The level that a line says.
    #[must_use]
    pub fn of_line(&self, line: &[u8]) -> Level {
        let value = if is_json(line) {
            json::find_string(line, &self.fields, self.json_depth_max)
        } else {
            logfmt::find(line, &self.fields)
        };
        value
            .and_then(Level::from_word)
            .unwrap_or_else(|| of_words(line))
    }
}

/// Words and their ranks: the lowest rank that is in the line wins.
const WORDS: [&str; 12] = [
    "info", "INFO", "err", "ERR", "warn", "WARN", "critical", "CRITICAL", "debug", "DEBUG",
    "fatal", "FATAL",
];

const RANKS: [Level; 6] = [
    Level::Info,
    Level::Error,
    Level::Warn,
    Level::Critical,
    Level::Debug,
    Level::Fatal,
];

static SEARCH: LazyLock<Search> = LazyLock::new(|| Search::new(WORDS.into_iter()));

fn of_words(line: &[u8]) -> Level {
    let search = &*SEARCH;
    let (mut rank, mut from) = (RANKS.len(), 0);
    // Words do not overlap each other, so none is missed.
    while rank > 0
        && let Some((word, at)) = search.find(line, from)
    {
        rank = rank.min(word / 2);
        from = at + 1;
    }
    RANKS.get(rank).copied().unwrap_or(Level::Unknown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_build_and_do_not_overlap() {
        for (i, a) in WORDS.iter().enumerate() {
            for (j, b) in WORDS.iter().enumerate() {
                for n in 1..a.len().min(b.len()) {
                    assert!(i == j || !a.ends_with(&b[..n]) || n < 1, "{a} {b}");
                }
                assert!(i == j || !a.contains(b), "{a} {b}");
            }
        }
    }
}
