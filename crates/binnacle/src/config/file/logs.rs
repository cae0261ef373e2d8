//! `logs`: how lines are kept, what senders may send, and what is taken out of them.

use std::path::{Path, PathBuf};
use std::time::Duration;

use binnacle_collect::tail::TailSettings;
use binnacle_config::error::ConfigErrors;
use binnacle_config::glob;
use binnacle_config::reader::{FileKind, Reader};
use binnacle_guard::{EnrichmentSettings, GuardSettings, LimitSettings, LongLines};
use binnacle_wire::otlp::LogMapping;

use super::logs_listen::{self, Sockets};
use super::privacy;
use super::rules::LogRules;
use super::tail::{self, Tail};
use super::tiers::{self, TierSettings};
use crate::config::loki::{LokiFile, Ruler, otlp};

/// How logs are kept and guarded.
#[derive(Debug, Clone, PartialEq)]
pub struct LogsSettings {
    /// How long lines are kept; zero: for ever.
    pub retention: Duration,
    /// Where older lines lie, by rising age.
    pub tiers: Vec<TierSettings>,
    /// Bytes on disk at most; zero: no limit.
    pub retention_bytes: u64,
    /// How long the lines of some streams are kept: a selector and a period.
    pub stream_retention: Vec<(String, Duration)>,
    /// Streams at most.
    pub streams_max: u64,
    /// Limits, enrichment, privacy.
    pub guard: GuardSettings,
    /// Listeners besides the main one.
    pub sockets: Sockets,
    /// Which lines of this machine are followed.
    pub tail: TailSettings,
    /// Which attributes of OpenTelemetry's logs become labels.
    pub otlp: LogMapping,
    /// What queries may ask.
    pub query: LogsQuerySettings,
    /// What a `loki-config.yaml` says of rules over logs.
    pub ruler: Ruler,
}

/// What log queries may ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogsQuerySettings {
    /// Lines of one answer at most.
    pub lines_max: usize,
    /// Series of one metric query at most; zero: no limit of its own.
    pub series_max: usize,
    /// The longest range of one query; zero: no limit.
    pub length_max: Duration,
    /// How far back queries look; zero: as far as they like.
    pub lookback_max: Duration,
    /// How long a query may take; zero: as `query.timeout` says.
    pub timeout: Duration,
    /// Whether questions of volume are answered.
    pub volume: bool,
    /// Whether deletions are answered.
    pub deletion: bool,
}

impl Default for LogsQuerySettings {
    fn default() -> Self {
        Self {
            lines_max: 100_000,
            series_max: 0,
            length_max: Duration::ZERO,
            lookback_max: Duration::ZERO,
            timeout: Duration::ZERO,
            volume: true,
            deletion: true,
        }
    }
}

/// The section with what it names.
pub(super) struct Logs {
    pub(super) settings: LogsSettings,
    /// What is followed is known when its files are read.
    pub(super) tail: Tail,
    /// Whether the listener of Loki asks for the tenant's header.
    pub(super) tenant_required: bool,
    /// Listeners that follow the rules of the main one.
    pub(super) ports: logs_listen::Ports,
    /// The `loki-config.yaml`, or what is wrong with it.
    pub(super) loki: Option<Result<LokiFile, ConfigErrors>>,
    /// Files of rules over lines that are named here.
    rule_files: Vec<PathBuf>,
}

impl Logs {
    /// Rules over lines: of the files that are named, and of those in the folders of tenants
    /// below the ruler's, whatever they are called. Hidden ones are versions of a folder
    /// that Kubernetes mounts.
    pub(super) fn rules(&self) -> LogRules {
        let mut all = self.rule_files.clone();
        if let Some(directory) = &self.settings.ruler.directory {
            let found = glob::expand(&directory.join("*/*")).into_iter();
            all.extend(found.filter(|path| {
                let below = path.strip_prefix(directory).unwrap_or(path);
                let mut parts = below.iter().map(std::ffi::OsStr::as_encoded_bytes);
                path.is_file() && !parts.any(|part| part.starts_with(b"."))
            }));
        }
        LogRules {
            files: all,
            evaluation_interval: self.settings.ruler.evaluation_interval,
        }
    }
}

/// Reads the section. `loki_file` is that of the command line; it wins.
pub(super) fn read(r: &mut Reader<'_>, loki_file: Option<&Path>) -> Logs {
    let named = r.path("loki_file");
    let loki = loki_file.or(named.as_deref()).map(LokiFile::load);
    let file = match &loki {
        Some(Ok(file)) => file.clone(),
        _ => LokiFile::default(),
    };
    let (mut retention, tiers) = tiers::read(r);
    let is_said = r.has("retention_time") || r.has("retention_profile");
    if let Some(of_file) = file.retention.filter(|_| !is_said) {
        retention = of_file;
        r.show_duration("retention_time", retention);
    }
    let retention_bytes = size(r, "retention_size", 0);
    let mut stream_retention = r.sections(
        "stream_retention",
        "a selector and a period are needed",
        |r| {
            let selector = r.text("selector");
            let period = r.duration("period");
            if period.is_zero() {
                r.refuse("period", "\"period\" must be longer than zero");
            }
            if binnacle_logql::parse::parse_selector(&selector).is_err() {
                r.refuse(
                    "selector",
                    format!("{selector:?} is no stream selector such as {{app=\"shop\"}}"),
                );
            }
            (selector, period)
        },
    );
    // The first that fits a stream is in force: ours before those of the file.
    stream_retention.extend(file.stream_retention.iter().cloned());
    let streams_max = r.uint_or("streams_max", 1_000_000);
    let limits = r.section_or_default("limits", |r| read_limits(r, &file));
    let enrichment = r.section_or_default("enrichment", |r| read_enrichment(r, &file));
    let privacy = r.section_or_default("privacy", privacy::read);
    let (sockets, ports) = r.section_or_default("listen", |r| logs_listen::read(r, &file));
    let otlp = r.section("otlp", otlp::read);
    let query = r.section_or_default("query", |r| read_query(r, &file));
    let rule_files = r.files("rule_files", FileKind::Rules);
    let tail = tail::read(r);
    let settings = LogsSettings {
        retention,
        tiers,
        retention_bytes,
        stream_retention,
        streams_max,
        guard: GuardSettings {
            limits,
            enrichment,
            privacy,
            ..GuardSettings::default()
        },
        sockets,
        tail: TailSettings::default(),
        otlp: otlp.or(file.otlp).unwrap_or_default(),
        query,
        ruler: file.ruler,
    };
    Logs {
        settings,
        tail,
        tenant_required: file.auth_enabled.unwrap_or(false),
        ports,
        loki,
        rule_files,
    }
}

fn read_enrichment(r: &mut Reader<'_>, file: &LokiFile) -> EnrichmentSettings {
    let mut settings = EnrichmentSettings::default();
    file.limits.over_enrichment(&mut settings);
    settings.detect_level = r.bool_or("detect_level", settings.detect_level);
    let has_names = !settings.service_name_labels.is_empty();
    if !r.bool_or("discover_service_name", has_names) {
        settings.service_name_labels.clear();
    } else if !has_names {
        settings.service_name_labels = EnrichmentSettings::default().service_name_labels;
    }
    settings
}

fn read_query(r: &mut Reader<'_>, file: &LokiFile) -> LogsQuerySettings {
    let default = LogsQuerySettings::default();
    let said = &file.limits;
    let number = |r: &mut Reader<'_>, key: &'static str, default: usize| {
        usize::try_from(r.uint_or(key, default as u64)).unwrap_or(usize::MAX)
    };
    let lines = number(
        r,
        "lines_max",
        said.query_lines.unwrap_or(default.lines_max),
    );
    LogsQuerySettings {
        // As in Loki, no lines at most means no limit; one answer has to fit in memory.
        lines_max: match lines {
            0 => default.lines_max,
            lines => lines,
        },
        series_max: number(
            r,
            "series_max",
            said.query_series.unwrap_or(default.series_max),
        ),
        length_max: r.duration_or("length_max", said.query_length.unwrap_or_default()),
        lookback_max: r.duration_or("lookback_max", file.lookback.unwrap_or_default()),
        timeout: r.duration_or("timeout", said.query_timeout.unwrap_or_default()),
        volume: r.bool_or("volume", said.volume.unwrap_or(default.volume)),
        deletion: r.bool_or("deletion", file.deletion.unwrap_or(default.deletion)),
    }
}

fn read_limits(r: &mut Reader<'_>, file: &LokiFile) -> LimitSettings {
    let profile = r.text_or("profile", "default");
    let mut base = LimitSettings::profile(&profile).unwrap_or_else(|| {
        r.refuse(
            "profile",
            format!(
                "there is no profile {profile:?}: there are {}",
                LimitSettings::PROFILES.join(", ")
            ),
        );
        LimitSettings::default()
    });
    file.limits.over(&mut base);
    let number = |r: &mut Reader<'_>, key: &'static str, default: usize| {
        usize::try_from(r.uint_or(key, default as u64)).unwrap_or(usize::MAX)
    };
    let age = r.duration_or("age_max", Duration::from_millis(base.age_ms_max));
    let future = r.duration_or("future_max", Duration::from_millis(base.future_ms_max));
    LimitSettings {
        rate_bytes_per_s: size(r, "rate", base.rate_bytes_per_s),
        burst_bytes: size(r, "burst", base.burst_bytes),
        stream_rate_bytes_per_s: size(r, "stream_rate", base.stream_rate_bytes_per_s),
        stream_burst_bytes: size(r, "stream_burst", base.stream_burst_bytes),
        line_bytes_max: size(r, "line_max", base.line_bytes_max as u64) as usize,
        long_lines: if r.bool_or("truncate_lines", base.long_lines == LongLines::Truncate) {
            LongLines::Truncate
        } else {
            LongLines::Refuse
        },
        label_names_max: number(r, "label_names_max", base.label_names_max),
        fields_allowed: r.bool_or("fields", base.fields_allowed),
        fields_max: number(r, "fields_max", base.fields_max),
        fields_bytes_max: size(r, "fields_bytes_max", base.fields_bytes_max as u64) as usize,
        age_ms_max: u64::try_from(age.as_millis()).unwrap_or(u64::MAX),
        future_ms_max: u64::try_from(future.as_millis()).unwrap_or(u64::MAX),
        streams_max: number(r, "source_streams_max", base.streams_max),
        ..base
    }
}

fn size(r: &mut Reader<'_>, key: &'static str, default: u64) -> u64 {
    let size = r.size_or(key, i64::try_from(default).unwrap_or(i64::MAX));
    u64::try_from(size).unwrap_or_else(|_| {
        r.refuse(key, format!("{key:?} must not be negative"));
        default
    })
}
