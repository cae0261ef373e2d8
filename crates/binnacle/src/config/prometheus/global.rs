//! `global` and `runtime`: what holds unless a scrape configuration says otherwise.

use std::path::PathBuf;
use std::time::Duration;

use binnacle_collect::settings::{ScrapeLimits, ScrapeProtocol};
use binnacle_model::labels::Labels;

use binnacle_config::error::ConfigError;
use binnacle_config::reader::Reader;
use binnacle_config::yaml::Out;

use super::environment::{self, Environment};
use super::limits;
use super::names::{self, Names};
use super::protocols;

/// The section `global`, with its defaults.
#[derive(Debug, Clone)]
pub struct Global {
    /// Time between two scrapes.
    pub scrape_interval: Duration,
    /// How long a scrape may take.
    pub scrape_timeout: Duration,
    /// Time between two evaluations of a rule.
    pub evaluation_interval: Duration,
    /// How far in the past rules are evaluated.
    pub rule_query_offset: Duration,
    /// Formats to ask for, when that is set.
    pub protocols: Option<Vec<ScrapeProtocol>>,
    /// Where queries are logged.
    pub query_log_file: Option<PathBuf>,
    /// Where failed scrapes are logged.
    pub scrape_failure_log_file: Option<PathBuf>,
    /// Labels that tell this server from others, with variables replaced.
    pub external_labels: Labels,
    /// Limits of scrapes.
    pub limits: ScrapeLimits,
    /// Metric and label names.
    pub names: Names,
    /// Whether native histograms are scraped.
    pub scrape_native_histograms: bool,
    /// Whether classic histograms become native ones.
    pub convert_classic_histograms_to_nhcb: bool,
    /// Whether classic histograms are scraped beside native ones.
    pub always_scrape_classic_histograms: bool,
    /// Whether more series tell of each scrape.
    pub extra_scrape_metrics: bool,
}

const SCRAPE_INTERVAL: Duration = Duration::from_secs(60);
/// The default in `binnacle.yaml`.
const OWN_SCRAPE_INTERVAL: Duration = Duration::from_secs(15);
const SCRAPE_TIMEOUT: Duration = Duration::from_secs(10);
const EVALUATION_INTERVAL: Duration = Duration::from_secs(60);

/// Reads the section; `environment` replaces variables in external labels.
pub fn read(r: &mut Reader<'_>, environment: &Environment<'_>) -> Global {
    let (scrape_interval, scrape_timeout) = read_times(r, SCRAPE_INTERVAL);
    let evaluation_interval = r.duration_or("evaluation_interval", EVALUATION_INTERVAL);
    let names = names::read(r, "global");
    Global {
        scrape_interval,
        scrape_timeout,
        protocols: protocols::read(r, "global config"),
        evaluation_interval: or(evaluation_interval, EVALUATION_INTERVAL),
        rule_query_offset: r.duration("rule_query_offset"),
        query_log_file: r.path("query_log_file"),
        scrape_failure_log_file: r.path("scrape_failure_log_file"),
        external_labels: read_external_labels(r, names, environment),
        limits: limits::read(r, ScrapeLimits::default()),
        names,
        scrape_native_histograms: histogram_switch(r, "scrape_native_histograms").unwrap_or(false),
        convert_classic_histograms_to_nhcb: histogram_switch(r, NHCB).unwrap_or(false),
        always_scrape_classic_histograms: r.bool("always_scrape_classic_histograms"),
        extra_scrape_metrics: r.bool_maybe("extra_scrape_metrics").unwrap_or(false),
    }
}

impl Global {
    /// The few fields that `binnacle.yaml` has for the scrape configurations in it.
    pub fn read_short(r: &mut Reader<'_>, environment: &Environment<'_>) -> Self {
        let (scrape_interval, scrape_timeout) = read_times(r, OWN_SCRAPE_INTERVAL);
        let names = Names::default();
        Self {
            scrape_interval,
            scrape_timeout,
            evaluation_interval: EVALUATION_INTERVAL,
            rule_query_offset: Duration::ZERO,
            protocols: None,
            query_log_file: None,
            scrape_failure_log_file: r.path("scrape_failure_log_file"),
            external_labels: read_external_labels(r, names, environment),
            limits: ScrapeLimits::default(),
            names,
            scrape_native_histograms: false,
            convert_classic_histograms_to_nhcb: false,
            always_scrape_classic_histograms: false,
            extra_scrape_metrics: false,
        }
    }

    /// The same with the limits that `r` holds.
    #[must_use]
    pub fn with_limits(self, r: &mut Reader<'_>) -> Self {
        Self {
            limits: limits::read(r, ScrapeLimits::default()),
            ..self
        }
    }
}

/// Interval and timeout: zero is the same as not set, and a timeout that is not set
/// is cut to the interval.
fn read_times(r: &mut Reader<'_>, default: Duration) -> (Duration, Duration) {
    let interval = or(r.duration("scrape_interval"), default);
    let timeout = r.duration("scrape_timeout");
    if timeout > interval {
        r.refuse(
            "scrape_timeout",
            "global scrape timeout greater than scrape interval",
        );
    }
    let timeout = or(timeout, SCRAPE_TIMEOUT.min(interval));
    r.show_duration("scrape_interval", interval);
    r.show_duration("scrape_timeout", timeout);
    (interval, timeout)
}

pub(super) fn or(value: Duration, default: Duration) -> Duration {
    if value.is_zero() { default } else { value }
}

pub(super) const NHCB: &str = "convert_classic_histograms_to_nhcb";

/// A field that asks for native histograms, which are not stored yet.
pub(super) fn histogram_switch(r: &mut Reader<'_>, key: &'static str) -> Option<bool> {
    let wanted = r.bool_maybe(key);
    if wanted == Some(true) {
        r.inactive(key, "native histograms are not stored yet");
    }
    wanted
}

fn read_external_labels(r: &mut Reader<'_>, names: Names, environment: &Environment<'_>) -> Labels {
    let mut pairs = Vec::new();
    for (name, value) in r.text_map("external_labels") {
        if !names.scheme().is_valid_label_name(&name.value) {
            r.refuse_at(
                name.at,
                format!("{:?} is not a valid label name", name.value),
            );
        }
        let (expanded, missing) = environment::expand(&value.value, environment);
        for variable in missing {
            let message =
                format!("the environment variable {variable:?} in external_labels is empty");
            r.context()
                .warn(ConfigError::new(r.context().file(), value.at, message));
        }
        pairs.push((name.value, expanded));
    }
    if !pairs.is_empty() {
        let out = pairs
            .iter()
            .map(|(name, value)| (name.clone(), Out::Text(value.clone())));
        let out = out.collect();
        r.show("external_labels", Out::Map(out));
    }
    Labels::from_pairs(pairs)
}

/// Reads the section `runtime`, whose only field tunes Go's garbage collector.
pub fn read_runtime(r: &mut Reader<'_>) {
    r.int_or("gogc", 75);
    r.inactive("gogc", "there is no garbage collector to tune");
}
