//! `pipeline_stages`: a list of stages, each a mapping with one key.

use std::collections::BTreeMap;

use binnacle_collect::stages::{
    CriSettings, DropSettings, GeoIpKind, GeoIpSettings, JsonSettings, LimitSettings,
    LogfmtSettings, MatchAction, MatchSettings, MetricSettings, MultilineSettings, OnFailure,
    PackSettings, RegexSettings, ReplaceSettings, StageError, StageSettings, TenantSettings,
    TimestampSettings,
};
use binnacle_config::reader::Reader;
use binnacle_config::yaml::Value;

/// The names of stages.
pub const KINDS: [&str; 26] = [
    "cri",
    "decolorize",
    "docker",
    "drop",
    "eventlogmessage",
    "geoip",
    "json",
    "labelallow",
    "labeldrop",
    "labels",
    "limit",
    "logfmt",
    "match",
    "metrics",
    "multiline",
    "non_indexed_labels",
    "output",
    "pack",
    "regex",
    "replace",
    "sampling",
    "static_labels",
    "structured_metadata",
    "template",
    "tenant",
    "timestamp",
];

/// The stages under `key`.
pub fn read(r: &mut Reader<'_>, key: &'static str) -> Vec<StageSettings> {
    r.sections_once(key, "a stage with nothing in it", stage)
        .into_iter()
        .flatten()
        .collect()
}

fn is_there(r: &Reader<'_>, key: &str) -> bool {
    r.has(key) || r.is_null(key)
}

fn stage(r: &mut Reader<'_>) -> Option<StageSettings> {
    let there: Vec<&'static str> = KINDS.into_iter().filter(|kind| is_there(r, kind)).collect();
    if there.len() > 1 {
        r.refuse_all(format!(
            "a stage is a mapping with one key, found {}",
            there.join(" and ")
        ));
    }
    // The rest are known as well, so that the nearest of them is in messages.
    for kind in &KINDS {
        if there.first() != Some(kind) {
            let _ = r.node(kind);
        }
    }
    let kind = *there.first()?;
    let settings = one(r, kind)?;
    if let Err(StageError { field, message }) = settings.check() {
        refuse(r, kind, field, message);
        return None;
    }
    Some(settings)
}

/// Notes what is wrong with a stage, at its place.
fn refuse(r: &Reader<'_>, kind: &'static str, field: &str, message: String) {
    let at = r.place_in(kind, field).unwrap_or_else(|| r.at(kind));
    r.refuse_at(at, message);
}

fn one(r: &mut Reader<'_>, kind: &'static str) -> Option<StageSettings> {
    if matches!(kind, "output" | "template") && r.is_null(kind) {
        r.refuse(kind, format!("{kind} stage config cannot be empty"));
        let _ = r.node(kind);
        return None;
    }
    Some(match kind {
        "docker" => {
            let _ = r.node(kind);
            StageSettings::Docker
        }
        "decolorize" => {
            let _ = r.node(kind);
            StageSettings::Decolorize
        }
        "labels" => StageSettings::Labels(map(r, kind)),
        "structured_metadata" | "non_indexed_labels" => {
            StageSettings::StructuredMetadata(map(r, kind))
        }
        "static_labels" => StageSettings::StaticLabels(map(r, kind)),
        "labelallow" => StageSettings::LabelAllow(names(r, kind)),
        "labeldrop" => StageSettings::LabelDrop(names(r, kind)),
        "metrics" => StageSettings::Metrics(
            r.section_or_default(kind, |r| r.each_section(metric))
                .into_iter()
                .collect(),
        ),
        _ => r.section_or_default(kind, |r| of_section(r, kind)),
    })
}

fn map(r: &mut Reader<'_>, key: &'static str) -> BTreeMap<String, String> {
    r.text_map(key)
        .into_iter()
        .map(|(name, value)| (name.value, value.value))
        .collect()
}

fn names(r: &mut Reader<'_>, key: &'static str) -> Vec<String> {
    r.texts(key).into_iter().map(|t| t.value).collect()
}

/// A text that may be left out, and is not the same as an empty one.
fn maybe(r: &mut Reader<'_>, key: &'static str) -> Option<String> {
    let is = r.has(key);
    let text = r.text(key);
    is.then_some(text)
}

fn of_section(r: &mut Reader<'_>, kind: &str) -> StageSettings {
    match kind {
        "cri" => StageSettings::Cri(cri(r)),
        "regex" => StageSettings::Regex(RegexSettings {
            expression: r.text("expression"),
            source: maybe(r, "source"),
            labels_from_groups: r.bool("labels_from_groups"),
        }),
        "json" => StageSettings::Json(JsonSettings {
            expressions: map(r, "expressions"),
            source: maybe(r, "source"),
            drop_malformed: r.bool("drop_malformed"),
        }),
        "logfmt" => StageSettings::Logfmt(LogfmtSettings {
            mapping: map(r, "mapping"),
            source: maybe(r, "source"),
        }),
        "replace" => StageSettings::Replace(ReplaceSettings {
            expression: r.text("expression"),
            source: maybe(r, "source"),
            replace: r.text("replace"),
        }),
        "template" => StageSettings::Template {
            source: r.text("source"),
            template: r.text("template"),
        },
        "tenant" => StageSettings::Tenant(TenantSettings {
            label: r.text("label"),
            source: r.text("source"),
            value: r.text("value"),
        }),
        "timestamp" => StageSettings::Timestamp(timestamp(r)),
        "output" => StageSettings::Output {
            source: r.text("source"),
        },
        "pack" => StageSettings::Pack(PackSettings {
            labels: names(r, "labels"),
            ingest_timestamp: r.bool_or("ingest_timestamp", true),
        }),
        "eventlogmessage" => StageSettings::EventLogMessage {
            source: maybe(r, "source"),
            drop_invalid_labels: r.bool("drop_invalid_labels"),
            overwrite_existing: r.bool("overwrite_existing"),
        },
        "match" => StageSettings::Match(matching(r)),
        "drop" => StageSettings::Drop(drop_settings(r)),
        "sampling" => StageSettings::Sampling {
            rate: r.float("rate"),
        },
        "limit" => StageSettings::Limit(LimitSettings {
            rate: r.float("rate"),
            burst: r.uint("burst"),
            drop: r.bool("drop"),
            by_label_name: r.text("by_label_name"),
            max_distinct_labels: usize::try_from(r.uint("max_distinct_labels"))
                .unwrap_or(usize::MAX),
        }),
        "geoip" => StageSettings::GeoIp(geoip(r)),
        // The only one that is left.
        _ => StageSettings::Multiline(MultilineSettings {
            firstline: maybe(r, "firstline"),
            max_wait_time: maybe(r, "max_wait_time"),
            max_lines: r.has("max_lines").then(|| r.uint("max_lines")),
        }),
    }
}

fn geoip(r: &mut Reader<'_>) -> GeoIpSettings {
    let kinds = [
        ("city", GeoIpKind::City),
        ("country", GeoIpKind::Country),
        ("asn", GeoIpKind::Asn),
    ];
    let refused = "db type should be either city, country or asn";
    let kind = r.one_of("db_type", &kinds, |_| refused.to_owned());
    if kind.is_none() {
        r.refuse("db_type", refused);
    }
    GeoIpSettings {
        db: r.path("db").unwrap_or_default(),
        source: r.text("source"),
        db_type: kind.unwrap_or(GeoIpKind::City),
        custom_lookups: map(r, "custom_lookups"),
    }
}

fn cri(r: &mut Reader<'_>) -> CriSettings {
    let default = CriSettings::default();
    CriSettings {
        max_partial_lines: usize::try_from(r.uint_or("max_partial_lines", 100))
            .unwrap_or(usize::MAX),
        max_partial_line_size: u64::try_from(r.size_or("max_partial_line_size", 0)).unwrap_or(0),
        max_partial_line_size_truncate: r.bool_or(
            "max_partial_line_size_truncate",
            default.max_partial_line_size_truncate,
        ),
    }
}

fn timestamp(r: &mut Reader<'_>) -> TimestampSettings {
    let action = r.text("action_on_failure");
    let action_on_failure = match action.as_str() {
        "" | "fudge" => OnFailure::Fudge,
        "skip" => OnFailure::Skip,
        _ => {
            r.refuse(
                "action_on_failure",
                "invalid action on failure (supported values are [skip fudge])",
            );
            OnFailure::Skip
        }
    };
    TimestampSettings {
        source: r.text("source"),
        format: r.text("format"),
        fallback_formats: names(r, "fallback_formats"),
        location: maybe(r, "location"),
        action_on_failure,
    }
}

fn matching(r: &mut Reader<'_>) -> MatchSettings {
    let action = r.text("action");
    let action = match action.as_str() {
        "" | "keep" => MatchAction::Keep,
        "drop" => MatchAction::Drop,
        _ => {
            r.refuse("action", "match stage action should be 'keep' or 'drop'");
            MatchAction::Keep
        }
    };
    MatchSettings {
        selector: r.text("selector"),
        pipeline_name: maybe(r, "pipeline_name"),
        action,
        stages: read(r, "stages"),
        drop_counter_reason: r.text("drop_counter_reason"),
    }
}

fn drop_settings(r: &mut Reader<'_>) -> DropSettings {
    DropSettings {
        source: source_of_drop(r),
        separator: maybe(r, "separator"),
        value: maybe(r, "value"),
        expression: maybe(r, "expression"),
        older_than: maybe(r, "older_than"),
        longer_than: maybe(r, "longer_than"),
        drop_counter_reason: r.text("drop_counter_reason"),
    }
}

/// One name or a list of names.
fn source_of_drop(r: &mut Reader<'_>) -> Option<Vec<String>> {
    let node = r.node("source")?;
    let text = match &node.value {
        Value::List(_) => return Some(names(r, "source")),
        Value::Scalar(scalar) if scalar.as_int().is_none() => scalar.as_text().ok(),
        _ => None,
    };
    if text.is_none() {
        r.refuse(
            "source",
            "drop stage source invalid type should be string or list of strings",
        );
    }
    Some(vec![text?])
}

fn metric(r: &mut Reader<'_>) -> MetricSettings {
    let mut settings = MetricSettings {
        kind: r.text("type"),
        description: r.text("description"),
        source: maybe(r, "source"),
        prefix: r.text("prefix"),
        max_idle_duration: maybe(r, "max_idle_duration"),
        ..MetricSettings::default()
    };
    r.section_or_default("config", |r| {
        settings.match_all = r.bool("match_all");
        settings.count_entry_bytes = r.bool("count_entry_bytes");
        settings.value = maybe(r, "value");
        settings.action = r.text("action");
        for bucket in r.texts("buckets") {
            match bucket.value.parse::<f64>() {
                Ok(bound) => settings.buckets.push(bound),
                Err(_) => r.refuse_at(bucket.at, format!("{:?} is no number", bucket.value)),
            }
        }
    });
    settings
}
