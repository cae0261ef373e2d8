//! What stages are told, as it stands in a file.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::Pipeline;

/// Why stages cannot be compiled.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct StageError {
    /// The setting that is wrong, such as `expression`; empty: the stage as a whole.
    pub field: &'static str,
    /// In Promtail's words.
    pub message: String,
}

impl StageError {
    pub(super) fn new(field: &'static str, message: impl Into<String>) -> Self {
        Self {
            field,
            message: message.into(),
        }
    }

    pub(super) fn whole(message: impl Into<String>) -> Self {
        Self::new("", message)
    }
}

/// One stage. Names and texts as in Promtail's documentation.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs)] // the settings are Promtail's, named as there
pub enum StageSettings {
    Docker,
    Cri(CriSettings),
    Regex(RegexSettings),
    Json(JsonSettings),
    Logfmt(LogfmtSettings),
    Replace(ReplaceSettings),
    Template {
        source: String,
        template: String,
    },
    /// Label to extracted value; an empty value: of the same name.
    Labels(BTreeMap<String, String>),
    /// Field to extracted value or label.
    StructuredMetadata(BTreeMap<String, String>),
    StaticLabels(BTreeMap<String, String>),
    LabelAllow(Vec<String>),
    LabelDrop(Vec<String>),
    Tenant(TenantSettings),
    Timestamp(TimestampSettings),
    Output {
        source: String,
    },
    Pack(PackSettings),
    Decolorize,
    EventLogMessage {
        source: Option<String>,
        drop_invalid_labels: bool,
        overwrite_existing: bool,
    },
    GeoIp(GeoIpSettings),
    Match(MatchSettings),
    Drop(DropSettings),
    Sampling {
        rate: f64,
    },
    Limit(LimitSettings),
    Multiline(MultilineSettings),
    Metrics(BTreeMap<String, MetricSettings>),
}

impl StageSettings {
    /// Whether the stage can be compiled.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check(&self) -> Result<(), StageError> {
        let metrics = std::sync::Arc::default();
        Pipeline::new(std::slice::from_ref(self), &metrics).map(drop)
    }

    /// The name of the stage in a file.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Docker => "docker",
            Self::Cri(_) => "cri",
            Self::Regex(_) => "regex",
            Self::Json(_) => "json",
            Self::Logfmt(_) => "logfmt",
            Self::Replace(_) => "replace",
            Self::Template { .. } => "template",
            Self::Labels(_) => "labels",
            Self::StructuredMetadata(_) => "structured_metadata",
            Self::StaticLabels(_) => "static_labels",
            Self::LabelAllow(_) => "labelallow",
            Self::LabelDrop(_) => "labeldrop",
            Self::Tenant(_) => "tenant",
            Self::Timestamp(_) => "timestamp",
            Self::Output { .. } => "output",
            Self::Pack(_) => "pack",
            Self::Decolorize => "decolorize",
            Self::EventLogMessage { .. } => "eventlogmessage",
            Self::GeoIp(_) => "geoip",
            Self::Match(_) => "match",
            Self::Drop(_) => "drop",
            Self::Sampling { .. } => "sampling",
            Self::Limit(_) => "limit",
            Self::Multiline(_) => "multiline",
            Self::Metrics(_) => "metrics",
        }
    }
}

/// `cri`
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct CriSettings {
    /// Streams that may have an unfinished line; when there are more, all go on as they are.
    pub max_partial_lines: usize,
    /// Bytes of a line that is put together, at most; 0: 16 MiB.
    pub max_partial_line_size: u64,
    /// Whether what is longer is cut off; else it is let go as a line of its own.
    pub max_partial_line_size_truncate: bool,
}

impl Default for CriSettings {
    fn default() -> Self {
        Self {
            max_partial_lines: 100,
            max_partial_line_size: 0,
            max_partial_line_size_truncate: false,
        }
    }
}

/// `regex`
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct RegexSettings {
    pub expression: String,
    pub source: Option<String>,
    /// Named groups become labels as well.
    pub labels_from_groups: bool,
}

/// `json`
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct JsonSettings {
    /// Name to `JMESPath`; an empty one: the name itself.
    pub expressions: BTreeMap<String, String>,
    pub source: Option<String>,
    pub drop_malformed: bool,
}

/// `logfmt`
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct LogfmtSettings {
    /// Name to key; an empty one: the name itself.
    pub mapping: BTreeMap<String, String>,
    pub source: Option<String>,
}

/// `replace`
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct ReplaceSettings {
    pub expression: String,
    pub source: Option<String>,
    pub replace: String,
}

/// `tenant`: one of the three.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct TenantSettings {
    pub label: String,
    pub source: String,
    pub value: String,
}

/// What a `timestamp` stage does with a text that is no time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnFailure {
    /// The line gets the time of the line before it and a nanosecond.
    #[default]
    Fudge,
    /// The line keeps the time at which it was read.
    Skip,
}

/// `timestamp`
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct TimestampSettings {
    pub source: String,
    pub format: String,
    pub fallback_formats: Vec<String>,
    /// Name of the zone of texts without one.
    pub location: Option<String>,
    pub action_on_failure: OnFailure,
}

/// `pack`
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct PackSettings {
    pub labels: Vec<String>,
    pub ingest_timestamp: bool,
}

/// What a database of addresses holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum GeoIpKind {
    City,
    Country,
    Asn,
}

/// `geoip`
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct GeoIpSettings {
    /// A file in MaxMind's format.
    pub db: PathBuf,
    pub source: String,
    pub db_type: GeoIpKind,
    /// Label to `JMESPath` over the record.
    pub custom_lookups: BTreeMap<String, String>,
}

/// What becomes of lines that a `match` stage selects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MatchAction {
    /// They run through its own stages.
    #[default]
    Keep,
    /// They are dropped.
    Drop,
}

/// `match`
#[derive(Debug, Clone, Default, PartialEq)]
#[allow(missing_docs)]
pub struct MatchSettings {
    pub selector: String,
    pub pipeline_name: Option<String>,
    pub action: MatchAction,
    pub stages: Vec<StageSettings>,
    pub drop_counter_reason: String,
}

/// `drop`: all that are given must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct DropSettings {
    pub source: Option<Vec<String>>,
    pub separator: Option<String>,
    pub value: Option<String>,
    pub expression: Option<String>,
    /// A duration in Go's form.
    pub older_than: Option<String>,
    /// A size such as `8kb`.
    pub longer_than: Option<String>,
    pub drop_counter_reason: String,
}

/// `limit`
#[derive(Debug, Clone, Default, PartialEq)]
#[allow(missing_docs)]
pub struct LimitSettings {
    /// Lines a second.
    pub rate: f64,
    pub burst: u64,
    pub drop: bool,
    pub by_label_name: String,
    pub max_distinct_labels: usize,
}

/// `multiline`
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct MultilineSettings {
    pub firstline: Option<String>,
    /// A duration in Go's form.
    pub max_wait_time: Option<String>,
    pub max_lines: Option<u64>,
}

/// Kinds of metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum MetricKind {
    Counter,
    Gauge,
    Histogram,
}

/// What a line does to a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum MetricAction {
    Inc,
    Dec,
    Add,
    Sub,
    Set,
}

/// One of `metrics`.
#[derive(Debug, Clone, Default, PartialEq)]
#[allow(missing_docs)]
pub struct MetricSettings {
    /// `counter`, `gauge` or `histogram`, in any case.
    pub kind: String,
    pub description: String,
    pub source: Option<String>,
    pub prefix: String,
    /// A duration in Go's form.
    pub max_idle_duration: Option<String>,
    pub match_all: bool,
    pub count_entry_bytes: bool,
    pub value: Option<String>,
    pub action: String,
    pub buckets: Vec<f64>,
}
