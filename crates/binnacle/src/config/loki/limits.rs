//! `limits_config`: what senders may send, what is added, what queries may ask.

use std::time::Duration;

use binnacle_config::reader::{Placed, Reader};
use binnacle_guard::{EnrichmentSettings, GenericField, LimitSettings, LongLines};
use binnacle_wire::otlp::LogMapping;

use super::unused::{self, Unused};
use super::{given, otlp, parse_bytes};

/// What the section says; the rest is `None`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Limits {
    rate: Option<u64>,
    burst: Option<u64>,
    stream_rate: Option<u64>,
    stream_burst: Option<u64>,
    label_names: Option<usize>,
    label_name_bytes: Option<usize>,
    label_value_bytes: Option<usize>,
    line_bytes: Option<usize>,
    truncate: Option<bool>,
    age: Option<Duration>,
    future: Option<Duration>,
    streams: Option<usize>,
    fields_allowed: Option<bool>,
    fields_bytes: Option<usize>,
    fields: Option<usize>,
    service_names: Option<Vec<String>>,
    detect_level: Option<bool>,
    level_fields: Option<Vec<String>>,
    level_depth: Option<usize>,
    generic_fields: Vec<GenericField>,
    /// `max_entries_limit_per_query`
    pub query_lines: Option<usize>,
    /// `max_query_series`
    pub query_series: Option<usize>,
    /// `max_query_length`
    pub query_length: Option<Duration>,
    /// `max_query_lookback`
    pub query_lookback: Option<Duration>,
    /// `query_timeout`
    pub query_timeout: Option<Duration>,
    /// `volume_enabled`
    pub volume: Option<bool>,
    pub(super) deletion_mode: Option<bool>,
    pub(super) retention: Option<Duration>,
    pub(super) stream_retention: Vec<(i64, String, Duration)>,
    pub(super) otlp: Option<LogMapping>,
}

/// Loki's `reject_old_samples_max_age`.
const AGE: Duration = Duration::from_secs(7 * 86_400);

/// Reads the section.
pub(super) fn read(r: &mut Reader<'_>, unused: &mut Unused) -> Limits {
    let bytes = |r: &mut Reader<'_>, key| r.parsed_text(key, parse_bytes);
    let size = |r: &mut Reader<'_>, key| bytes(r, key).map(to_size);
    let number = |r: &mut Reader<'_>, key| given(r, key, Reader::uint).map(to_size);
    let streams = [
        number(r, "max_streams_per_user"),
        number(r, "max_global_streams_per_user"),
    ];
    let rejects_old = r.bool_maybe("reject_old_samples");
    let age = given(r, "reject_old_samples_max_age", Reader::duration);
    let limits = Limits {
        rate: megabytes(r, "ingestion_rate_mb"),
        burst: megabytes(r, "ingestion_burst_size_mb"),
        stream_rate: bytes(r, "per_stream_rate_limit"),
        stream_burst: bytes(r, "per_stream_rate_limit_burst"),
        label_names: number(r, "max_label_names_per_series"),
        label_name_bytes: number(r, "max_label_name_length"),
        label_value_bytes: number(r, "max_label_value_length"),
        line_bytes: size(r, "max_line_size"),
        truncate: r.bool_maybe("max_line_size_truncate"),
        age: match (rejects_old, age) {
            (Some(false), _) => Some(Duration::ZERO),
            (Some(true), None) => Some(AGE),
            (_, age) => age,
        },
        future: given(r, "creation_grace_period", Reader::duration),
        streams: streams.into_iter().flatten().filter(|n| *n > 0).min(),
        fields_allowed: r.bool_maybe("allow_structured_metadata"),
        fields_bytes: size(r, "max_structured_metadata_size"),
        fields: number(r, "max_structured_metadata_entries_count"),
        service_names: texts(r, "discover_service_name"),
        detect_level: r.bool_maybe("discover_log_levels"),
        level_fields: texts(r, "log_level_fields"),
        level_depth: number(r, "log_level_from_json_max_depth"),
        generic_fields: r
            .section("discover_generic_fields", read_generic_fields)
            .unwrap_or_default(),
        query_lines: number(r, "max_entries_limit_per_query"),
        query_series: number(r, "max_query_series"),
        query_length: given(r, "max_query_length", Reader::duration),
        query_lookback: given(r, "max_query_lookback", Reader::duration),
        query_timeout: given(r, "query_timeout", Reader::duration),
        volume: r.bool_maybe("volume_enabled"),
        deletion_mode: deletion_mode(r),
        retention: given(r, "retention_period", Reader::duration),
        stream_retention: r.sections(
            "retention_stream",
            "a selector and a period are needed",
            read_retention,
        ),
        otlp: r.section("otlp_config", otlp::read),
    };
    unused.take_all(r, unused::LIMITS);
    limits
}

fn to_size(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

fn megabytes(r: &mut Reader<'_>, key: &'static str) -> Option<u64> {
    let number = given(r, key, Reader::float)?;
    if !(0.0..1e12).contains(&number) {
        r.refuse(key, format!("{key:?} must be a number of MB, not {number}"));
        return None;
    }
    Some((number * f64::from(1 << 20)) as u64)
}

fn texts(r: &mut Reader<'_>, key: &'static str) -> Option<Vec<String>> {
    let found: Vec<Placed<String>> = r.texts(key);
    r.has(key)
        .then(|| found.into_iter().map(|text| text.value).collect())
}

/// Whether deletions are answered.
pub(super) fn deletion_mode(r: &mut Reader<'_>) -> Option<bool> {
    const MODES: [(&str, bool); 3] = [
        ("disabled", false),
        ("filter-only", true),
        ("filter-and-delete", true),
    ];
    r.one_of("deletion_mode", &MODES, |text| {
        format!(
            "{text:?} is no deletion mode: there are disabled, filter-only and filter-and-delete"
        )
    })
}

fn read_retention(r: &mut Reader<'_>) -> (i64, String, Duration) {
    let selector = r.text("selector");
    if binnacle_logql::parse::parse_selector(&selector).is_err() {
        r.refuse(
            "selector",
            format!("{selector:?} is no stream selector such as {{app=\"shop\"}}"),
        );
    }
    let priority = r.int_or("priority", 0);
    let period = r.duration("period");
    if period < Duration::from_secs(86_400) {
        r.refuse("period", "retention period must be >= 24h");
    }
    (priority, selector, period)
}

fn read_generic_fields(r: &mut Reader<'_>) -> Vec<GenericField> {
    let all = r.texts_map("fields", false);
    all.into_iter()
        .map(|(name, hints)| GenericField {
            name: name.value,
            hints,
        })
        .collect()
}

impl Limits {
    /// Puts what the file says over `limits`.
    pub fn over(&self, limits: &mut LimitSettings) {
        fn set<T: Copy>(to: &mut T, from: Option<T>) {
            if let Some(value) = from {
                *to = value;
            }
        }
        let ms = |d: Duration| u64::try_from(d.as_millis()).unwrap_or(u64::MAX);
        set(&mut limits.rate_bytes_per_s, self.rate);
        set(&mut limits.burst_bytes, self.burst);
        set(&mut limits.stream_rate_bytes_per_s, self.stream_rate);
        set(&mut limits.stream_burst_bytes, self.stream_burst);
        set(&mut limits.label_names_max, self.label_names);
        set(&mut limits.label_name_bytes_max, self.label_name_bytes);
        set(&mut limits.label_value_bytes_max, self.label_value_bytes);
        set(&mut limits.line_bytes_max, self.line_bytes);
        let long = self.truncate.map(|truncate| match truncate {
            true => LongLines::Truncate,
            false => LongLines::Refuse,
        });
        set(&mut limits.long_lines, long);
        set(&mut limits.age_ms_max, self.age.map(ms));
        set(&mut limits.future_ms_max, self.future.map(ms));
        set(&mut limits.streams_max, self.streams);
        set(&mut limits.fields_allowed, self.fields_allowed);
        set(&mut limits.fields_bytes_max, self.fields_bytes);
        set(&mut limits.fields_max, self.fields);
    }

    /// Puts what the file says over `enrichment`.
    pub fn over_enrichment(&self, enrichment: &mut EnrichmentSettings) {
        if let Some(names) = &self.service_names {
            enrichment.service_name_labels.clone_from(names);
        }
        if let Some(detect) = self.detect_level {
            enrichment.detect_level = detect;
        }
        if let Some(fields) = &self.level_fields {
            enrichment.level_fields.clone_from(fields);
        }
        if let Some(depth) = self.level_depth {
            enrichment.level_json_depth_max = depth;
        }
        if !self.generic_fields.is_empty() {
            enrichment.generic_fields.clone_from(&self.generic_fields);
        }
    }
}
