//! `log`: what the process says of itself, and how.

use binnacle_config::reader::Reader;

/// How much is logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LogLevel {
    /// What failed.
    Error,
    /// And what is odd.
    Warn,
    /// And what happens.
    #[default]
    Info,
    /// And how.
    Debug,
    /// And each step of it.
    Trace,
}

/// The form of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object on each line.
    Json,
}

/// What is logged, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LogSettings {
    /// How much.
    pub level: LogLevel,
    /// In which form.
    pub format: LogFormat,
}

const LEVELS: [(&str, LogLevel); 5] = [
    ("error", LogLevel::Error),
    ("warn", LogLevel::Warn),
    ("info", LogLevel::Info),
    ("debug", LogLevel::Debug),
    ("trace", LogLevel::Trace),
];

const FORMATS: [(&str, LogFormat); 2] = [("text", LogFormat::Text), ("json", LogFormat::Json)];

impl LogLevel {
    /// The level of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        LEVELS
            .iter()
            .find(|(n, _)| *n == name)
            .map(|(_, level)| *level)
    }

    /// Its name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        LEVELS
            .iter()
            .find(|(_, level)| *level == self)
            .map_or("info", |(name, _)| name)
    }
}

impl LogFormat {
    /// The format of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        FORMATS
            .iter()
            .find(|(n, _)| *n == name)
            .map(|(_, format)| *format)
    }
}

/// Reads the section.
pub(super) fn read(r: &mut Reader<'_>) -> LogSettings {
    let level = r.text_or("level", "info");
    let format = r.text_or("format", "text");
    if LogLevel::parse(&level).is_none() {
        let message = format!("log level must be error, warn, info, debug or trace, got {level:?}");
        r.refuse("level", message);
    }
    if LogFormat::parse(&format).is_none() {
        r.refuse(
            "format",
            format!("log format must be text or json, got {format:?}"),
        );
    }
    LogSettings {
        level: LogLevel::parse(&level).unwrap_or_default(),
        format: LogFormat::parse(&format).unwrap_or_default(),
    }
}

impl LogSettings {
    /// With what the command line says.
    pub(super) fn with(self, level: Option<LogLevel>, format: Option<LogFormat>) -> Self {
        Self {
            level: level.unwrap_or(self.level),
            format: format.unwrap_or(self.format),
        }
    }
}
