//! Resolved settings with their defaults and named profiles.

use crate::privacy::PrivacySettings;

/// Everything that a [`crate::Guard`] can be told.
#[derive(Debug, Clone, PartialEq)]
pub struct GuardSettings {
    /// What a source may send.
    pub limits: LimitSettings,
    /// What is added.
    pub enrichment: EnrichmentSettings,
    /// What is taken out.
    pub privacy: PrivacySettings,
    /// Live copies of what was stored.
    pub tail: TailSettings,
    /// Sources that are told apart. Further ones share one entry `(other)`, with its
    /// limits, counters and rate. Default 10,000.
    pub sources_max: usize,
}

impl Default for GuardSettings {
    fn default() -> Self {
        Self {
            limits: LimitSettings::default(),
            enrichment: EnrichmentSettings::default(),
            privacy: PrivacySettings::default(),
            tail: TailSettings::default(),
            sources_max: 10_000,
        }
    }
}

/// What becomes of a line over [`LimitSettings::line_bytes_max`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum LongLines {
    /// The row is refused.
    #[default]
    Refuse,
    /// The line is cut at the limit, at the end of a character.
    Truncate,
}

/// Limits for each source. Zero means no limit everywhere.
#[derive(Debug, Clone, PartialEq)]
pub struct LimitSettings {
    /// Bytes of lines and fields a second. Default 0: none.
    pub rate_bytes_per_s: u64,
    /// Bytes that may come at once. A batch above it is always refused while there is a
    /// rate. Default 0: twice the rate.
    pub burst_bytes: u64,
    /// Bytes of lines and fields of one stream a second. Default 0: none.
    pub stream_rate_bytes_per_s: u64,
    /// Bytes of one stream that may come at once. Default 0: five times the rate, as Loki's
    /// 3 MB and 15 MB.
    pub stream_burst_bytes: u64,
    /// Bytes of one line. Default 16 MiB (Loki: 256 KiB).
    pub line_bytes_max: usize,
    /// What becomes of longer ones. Default: refused.
    pub long_lines: LongLines,
    /// Labels of a stream. Default 30 (Loki: 15).
    pub label_names_max: usize,
    /// Bytes of a label's name. Default 1024, as Loki.
    pub label_name_bytes_max: usize,
    /// Bytes of a label's value. Default 2048, as Loki.
    pub label_value_bytes_max: usize,
    /// Whether rows may come with fields. Default true.
    pub fields_allowed: bool,
    /// Fields of a row. Default 1,000 (Loki: 128).
    pub fields_max: usize,
    /// Bytes of names and values of a row's fields. Default 1 MiB (Loki: 64 KiB).
    pub fields_bytes_max: usize,
    /// How old a row may be, milliseconds. Default 0: as old as it likes.
    pub age_ms_max: u64,
    /// How far in the future a row may be, milliseconds. Default ten minutes, as Loki's
    /// `creation_grace_period`.
    pub future_ms_max: u64,
    /// Streams that a source had rows for within [`Self::stream_idle_ms`]. Default
    /// 1,000,000.
    pub streams_max: usize,
    /// After what time without rows a stream counts no more. Default one hour.
    pub stream_idle_ms: u64,
}

impl Default for LimitSettings {
    fn default() -> Self {
        Self {
            rate_bytes_per_s: 0,
            burst_bytes: 0,
            stream_rate_bytes_per_s: 0,
            stream_burst_bytes: 0,
            line_bytes_max: 16 << 20,
            long_lines: LongLines::Refuse,
            label_names_max: 30,
            label_name_bytes_max: 1024,
            label_value_bytes_max: 2048,
            fields_allowed: true,
            fields_max: 1000,
            fields_bytes_max: 1 << 20,
            age_ms_max: 0,
            future_ms_max: 10 * 60 * 1000,
            streams_max: 1_000_000,
            stream_idle_ms: 60 * 60 * 1000,
        }
    }
}

impl LimitSettings {
    /// The names that [`Self::profile`] knows.
    pub const PROFILES: [&'static str; 2] = ["default", "loki"];

    /// A named profile: `default` is [`Self::default`], `loki` what Loki has without
    /// settings, with 10 MB a second (20 MB at once) and rows of up to 168 hours.
    #[must_use]
    pub fn profile(name: &str) -> Option<Self> {
        match name {
            "default" => Some(Self::default()),
            "loki" => Some(Self {
                rate_bytes_per_s: 10 << 20,
                burst_bytes: 20 << 20,
                line_bytes_max: 256 << 10,
                label_names_max: 15,
                fields_max: 128,
                fields_bytes_max: 64 << 10,
                age_ms_max: 168 * 60 * 60 * 1000,
                streams_max: 5000,
                ..Self::default()
            }),
            _ => None,
        }
    }

    /// Bytes at once, with the default filled in.
    #[must_use]
    pub fn burst(&self) -> u64 {
        match self.burst_bytes {
            0 => self.rate_bytes_per_s.saturating_mul(2),
            burst => burst,
        }
    }

    /// Bytes of one stream at once, with the default filled in.
    #[must_use]
    pub fn stream_burst(&self) -> u64 {
        match self.stream_burst_bytes {
            0 => self.stream_rate_bytes_per_s.saturating_mul(5),
            burst => burst,
        }
    }
}

/// Another field that is looked for in each row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GenericField {
    /// The field that is added.
    pub name: String,
    /// Labels, fields and keys of the line where its value may be; an earlier one wins.
    /// For lines in JSON a dot goes one object down.
    pub hints: Vec<String>,
}

/// What is added to rows and streams.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnrichmentSettings {
    /// Whether rows get `detected_level`. Default true, as Loki's `discover_log_levels`.
    pub detect_level: bool,
    /// Where a level may be: Loki's `log_level_fields` and its default.
    pub level_fields: Vec<String>,
    /// How many objects deep a level is looked for in JSON; 0 for any depth. Default 2, as
    /// Loki's `log_level_from_json_max_depth`.
    pub level_json_depth_max: usize,
    /// Labels that a missing `service_name` is taken from, first one first; none to leave
    /// streams alone. Default Loki's `discover_service_name`.
    pub service_name_labels: Vec<String>,
    /// Loki's `discover_generic_fields`. Default none.
    pub generic_fields: Vec<GenericField>,
}

impl Default for EnrichmentSettings {
    fn default() -> Self {
        let owned = |names: &[&str]| names.iter().map(|&n| n.to_owned()).collect();
        Self {
            detect_level: true,
            level_fields: owned(&[
                "level",
                "LEVEL",
                "Level",
                "log.level",
                "severity",
                "SEVERITY",
                "Severity",
                "SeverityText",
                "lvl",
                "LVL",
                "Lvl",
                "severity_text",
                "Severity_Text",
                "SEVERITY_TEXT",
            ]),
            level_json_depth_max: 2,
            service_name_labels: owned(&[
                "service",
                "app",
                "application",
                "app_name",
                "name",
                "app_kubernetes_io_name",
                "container",
                "container_name",
                "k8s_container_name",
                "component",
                "workload",
                "job",
                "k8s_job_name",
            ]),
            generic_fields: Vec::new(),
        }
    }
}

impl EnrichmentSettings {
    /// Adds nothing.
    #[must_use]
    pub fn off() -> Self {
        Self {
            detect_level: false,
            level_fields: Vec::new(),
            level_json_depth_max: 0,
            service_name_labels: Vec::new(),
            generic_fields: Vec::new(),
        }
    }
}

/// Queues of those who follow what is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TailSettings {
    /// Batches that wait for one subscriber; when it is slower, the oldest go. Default 64.
    pub queue_batches_max: usize,
    /// Bytes that wait for one subscriber. Default 64 MiB.
    pub queue_bytes_max: usize,
}

impl Default for TailSettings {
    fn default() -> Self {
        Self {
            queue_batches_max: 64,
            queue_bytes_max: 64 << 20,
        }
    }
}
