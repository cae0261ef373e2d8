//! `logs`: how lines are kept, what senders may send, and what is taken out of them.

use std::net::SocketAddr;
use std::time::Duration;

use binnacle_client::settings::SecretText;
use binnacle_collect::tail::TailSettings;
use binnacle_config::reader::Reader;
use binnacle_guard::{
    EnrichmentSettings, GuardSettings, LimitSettings, LongLines, PrivacySettings,
};

use super::tail::{self, Tail};
use super::tiers::{self, TierSettings};

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
    /// Sockets of protocols that are not HTTP.
    pub sockets: Sockets,
    /// Which lines of this machine are followed.
    pub tail: TailSettings,
}

/// The section as it was typed: what is followed is known when its files are read.
pub(super) struct Logs {
    pub(super) settings: LogsSettings,
    pub(super) tail: Tail,
}

/// Where syslog and Fluentd's forward protocol are listened to; nowhere by default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sockets {
    /// syslog over TCP.
    pub syslog_tcp: Option<SocketAddr>,
    /// syslog over UDP.
    pub syslog_udp: Option<SocketAddr>,
    /// Fluentd's forward protocol.
    pub fluent: Option<SocketAddr>,
    /// The key that senders of the forward protocol must have.
    pub fluent_shared_key: SecretText,
}

/// Reads the section.
pub(super) fn read(r: &mut Reader<'_>) -> Logs {
    let (retention, tiers) = tiers::read(r);
    let retention_bytes = size(r, "retention_size", 0);
    let stream_retention = r.sections(
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
    let streams_max = r.uint_or("streams_max", 1_000_000);
    let limits = r.section_or_default("limits", read_limits);
    let enrichment = r.section_or_default("enrichment", |r| {
        let mut settings = EnrichmentSettings::default();
        settings.detect_level = r.bool_or("detect_level", settings.detect_level);
        if !r.bool_or("discover_service_name", true) {
            settings.service_name_labels.clear();
        }
        settings
    });
    let privacy = r.section_or_default("privacy", read_privacy);
    let sockets = r.section_or_default("listen", read_sockets);
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
    };
    Logs { settings, tail }
}

fn read_sockets(r: &mut Reader<'_>) -> Sockets {
    let insecure = r.bool_or("insecure", false);
    let mut address = |key: &'static str| {
        let text = r.text(key);
        if text.is_empty() {
            return None;
        }
        let Ok(address) = text.parse::<SocketAddr>() else {
            r.refuse(
                key,
                format!("{text:?} is no address with a port, such as 127.0.0.1:1514"),
            );
            return None;
        };
        if !address.ip().is_loopback() && !insecure {
            r.refuse(
                key,
                format!(
                    "{address} is beyond loopback, where anyone can send: name a loopback \
                     address, or set \"insecure\" to true"
                ),
            );
        }
        Some(address)
    };
    let (syslog_tcp, syslog_udp) = (address("syslog_tcp"), address("syslog_udp"));
    let fluent = address("fluent");
    Sockets {
        syslog_tcp,
        syslog_udp,
        fluent,
        fluent_shared_key: r.secret("fluent_shared_key"),
    }
}

fn read_limits(r: &mut Reader<'_>) -> LimitSettings {
    let profile = r.text_or("profile", "default");
    let base = LimitSettings::profile(&profile).unwrap_or_else(|| {
        r.refuse(
            "profile",
            format!(
                "there is no profile {profile:?}: there are {}",
                LimitSettings::PROFILES.join(", ")
            ),
        );
        LimitSettings::default()
    });
    let number = |r: &mut Reader<'_>, key: &'static str, default: usize| {
        usize::try_from(r.uint_or(key, default as u64)).unwrap_or(usize::MAX)
    };
    let age = r.duration_or("age_max", Duration::from_millis(base.age_ms_max));
    let future = r.duration_or("future_max", Duration::from_millis(base.future_ms_max));
    LimitSettings {
        rate_bytes_per_s: size(r, "rate", base.rate_bytes_per_s),
        burst_bytes: size(r, "burst", base.burst_bytes),
        line_bytes_max: size(r, "line_max", base.line_bytes_max as u64) as usize,
        long_lines: if r.bool_or("truncate_lines", base.long_lines == LongLines::Truncate) {
            LongLines::Truncate
        } else {
            LongLines::Refuse
        },
        label_names_max: number(r, "label_names_max", base.label_names_max),
        fields_max: number(r, "fields_max", base.fields_max),
        fields_bytes_max: size(r, "fields_bytes_max", base.fields_bytes_max as u64) as usize,
        age_ms_max: u64::try_from(age.as_millis()).unwrap_or(u64::MAX),
        future_ms_max: u64::try_from(future.as_millis()).unwrap_or(u64::MAX),
        streams_max: number(r, "source_streams_max", base.streams_max),
        ..base
    }
}

fn read_privacy(r: &mut Reader<'_>) -> PrivacySettings {
    let profile = r.text_or("profile", "default");
    PrivacySettings::profile(&profile).unwrap_or_else(|| {
        r.refuse(
            "profile",
            format!("there is no profile {profile:?}: there are default, strict and off"),
        );
        PrivacySettings::default()
    })
}

fn size(r: &mut Reader<'_>, key: &'static str, default: u64) -> u64 {
    let size = r.size_or(key, i64::try_from(default).unwrap_or(i64::MAX));
    u64::try_from(size).unwrap_or_else(|_| {
        r.refuse(key, format!("{key:?} must not be negative"));
        default
    })
}
