//! `scrape_configs`: what is scraped, how, and from where.

use std::path::PathBuf;
use std::time::Duration;

use binnacle_collect::settings::{
    DiscoverySettings, NameEscaping, Scheme, ScrapeLimits, ScrapeProtocol, ScrapeSettings,
};
use binnacle_model::relabel::{NameScheme, RelabelRule};

use binnacle_config::reader::{Placed, Reader};

use super::discovery::{self, Relabelling};
use super::global::{Global, NHCB, histogram_switch, or};
use super::names::{self, Names};
use super::{limits, protocols, relabel};
use binnacle_config::http::{self as http_client, HttpClient};

/// One entry, as it was typed where `global` may fill it in.
#[derive(Debug, Clone)]
pub struct ScrapeConfig {
    /// `job_name`, and where it stands.
    pub job_name: Placed<String>,
    interval: Duration,
    timeout: Duration,
    protocols: Option<Vec<ScrapeProtocol>>,
    fallback_protocol: Option<ScrapeProtocol>,
    path: String,
    scheme: Scheme,
    params: Vec<(String, Vec<String>)>,
    honor_labels: bool,
    honor_timestamps: bool,
    track_timestamps_staleness: bool,
    enable_compression: bool,
    limits: ScrapeLimits,
    names: Names,
    scrape_native_histograms: Option<bool>,
    always_scrape_classic_histograms: Option<bool>,
    convert_classic_histograms_to_nhcb: Option<bool>,
    extra_scrape_metrics: Option<bool>,
    failure_log: Option<PathBuf>,
    http: HttpClient,
    relabel: Vec<RelabelRule>,
    metric_relabel: Vec<RelabelRule>,
    discovery: Vec<DiscoverySettings>,
}

/// Reads one entry; `global` decides what its names and times are checked against.
pub fn read(r: &mut Reader<'_>, global: &Global) -> ScrapeConfig {
    let job_name = Placed {
        value: r.text("job_name"),
        at: r.at("job_name"),
    };
    if job_name.value.is_empty() {
        r.refuse("job_name", "job_name is empty");
    }
    let whose = format!("scrape config with job name {:?}", job_name.value);
    let (interval, timeout) = read_times(r, global, &whose);
    let names = read_names(r, global);
    let scheme = names.scheme();
    let relabel_key = "relabel_configs";
    let empty = "empty or null target relabeling rule in scrape config";
    let relabel = relabel::rules(r, relabel_key, empty, scheme);
    let (protocols, scrape_native_histograms) = read_protocols(r, global, &whose);
    let params = read_params(r);
    let path = r.text_or("metrics_path", "/metrics");
    let target_scheme = read_scheme(r);
    let mut labels = vec![
        ("job".to_owned(), job_name.value.clone()),
        ("__metrics_path__".to_owned(), path.clone()),
        ("__scheme__".to_owned(), target_scheme.as_str().to_owned()),
    ];
    let first = |(name, values): &(String, Vec<String>)| {
        Some((format!("__param_{name}"), values.first()?.clone()))
    };
    labels.extend(params.iter().filter_map(first));
    let config = ScrapeConfig {
        job_name,
        interval,
        timeout,
        protocols,
        scrape_native_histograms,
        honor_labels: r.bool("honor_labels"),
        honor_timestamps: r.bool_or("honor_timestamps", true),
        track_timestamps_staleness: r.bool_or("track_timestamps_staleness", false),
        params,
        fallback_protocol: protocols::fallback(r, &whose),
        always_scrape_classic_histograms: r.bool_maybe("always_scrape_classic_histograms"),
        convert_classic_histograms_to_nhcb: histogram_switch(r, NHCB),
        extra_scrape_metrics: r.bool_maybe("extra_scrape_metrics"),
        failure_log: r.path("scrape_failure_log_file"),
        path,
        scheme: target_scheme,
        enable_compression: r.bool_or("enable_compression", true),
        limits: limits::read(r, global.limits),
        names,
        http: http_client::read(r),
        discovery: discovery::read(
            r,
            &Relabelling {
                rules: &relabel,
                labels,
            },
        ),
        relabel,
        metric_relabel: relabel::rules(
            r,
            "metric_relabel_configs",
            "empty or null metric relabeling rule in scrape config",
            scheme,
        ),
    };
    read_histogram_limits(r);
    r.show_last(relabel_key);
    r.show_last("metric_relabel_configs");
    config
}

fn read_protocols(
    r: &mut Reader<'_>,
    global: &Global,
    whose: &str,
) -> (Option<Vec<ScrapeProtocol>>, Option<bool>) {
    let native = histogram_switch(r, "scrape_native_histograms");
    let own = protocols::read(r, whose);
    let wanted = native.unwrap_or(global.scrape_native_histograms);
    let resolved = protocols::resolve(own.as_ref(), global.protocols.as_ref(), wanted);
    r.show("scrape_protocols", protocols::show(&resolved));
    (own, native)
}

/// Interval and timeout, with `global`'s where they are not set.
fn read_times(r: &mut Reader<'_>, global: &Global, whose: &str) -> (Duration, Duration) {
    let interval = or(r.duration("scrape_interval"), global.scrape_interval);
    let timeout = r.duration("scrape_timeout");
    if timeout > interval {
        let message = format!("scrape timeout greater than scrape interval for {whose}");
        r.refuse("scrape_timeout", message);
    }
    let timeout = or(timeout, global.scrape_timeout.min(interval));
    r.show_duration("scrape_interval", interval);
    r.show_duration("scrape_timeout", timeout);
    (interval, timeout)
}

fn read_names(r: &mut Reader<'_>, global: &Global) -> Names {
    let names = names::read(r, "scrape config").or(global.names);
    if let (NameScheme::Legacy, NameEscaping::AllowUtf8) = names.inferred() {
        r.refuse(
            "metric_name_escaping_scheme",
            "utf8 metric names requested but validation scheme is not set to UTF8",
        );
    }
    names
}

fn read_params(r: &mut Reader<'_>) -> Vec<(String, Vec<String>)> {
    let params = r.texts_map("params", false);
    params
        .into_iter()
        .map(|(name, values)| (name.value, values))
        .collect()
}

fn read_scheme(r: &mut Reader<'_>) -> Scheme {
    let schemes = [Scheme::Http, Scheme::Https];
    let refused = |name: &str| format!("scheme must be http or https, got {name:?}");
    let text = r.text_or("scheme", "http");
    schemes
        .into_iter()
        .find(|s| s.as_str() == text)
        .unwrap_or_else(|| {
            r.refuse("scheme", refused(&text));
            Scheme::Http
        })
}

/// Limits of native histograms, which are not stored yet.
fn read_histogram_limits(r: &mut Reader<'_>) {
    r.uint("native_histogram_bucket_limit");
    r.float("native_histogram_min_bucket_factor");
    for key in [
        "native_histogram_bucket_limit",
        "native_histogram_min_bucket_factor",
    ] {
        r.inactive(key, "native histograms are not stored yet");
    }
}

impl ScrapeConfig {
    fn native_histograms(&self, global: &Global) -> bool {
        self.scrape_native_histograms
            .unwrap_or(global.scrape_native_histograms)
    }

    fn protocols(&self, global: &Global) -> Vec<ScrapeProtocol> {
        let native = self.native_histograms(global);
        protocols::resolve(self.protocols.as_ref(), global.protocols.as_ref(), native)
    }

    /// What to do.
    #[must_use]
    pub fn resolve(&self, global: &Global) -> ScrapeSettings {
        let (name_validation, name_escaping) = self.names.inferred();
        ScrapeSettings {
            interval: self.interval,
            timeout: self.timeout,
            protocols: self.protocols(global),
            fallback_protocol: self.fallback_protocol,
            path: self.path.clone(),
            scheme: self.scheme,
            params: self.params.clone(),
            honor_labels: self.honor_labels,
            honor_timestamps: self.honor_timestamps,
            track_timestamps_staleness: self.track_timestamps_staleness,
            relabel: self.relabel.clone(),
            metric_relabel: self.metric_relabel.clone(),
            limits: self.limits,
            http: self.http.resolve(),
            enable_compression: self.enable_compression,
            name_validation,
            name_escaping,
            scrape_native_histograms: self.native_histograms(global),
            always_scrape_classic_histograms: self
                .always_scrape_classic_histograms
                .unwrap_or(global.always_scrape_classic_histograms),
            convert_classic_histograms_to_nhcb: self
                .convert_classic_histograms_to_nhcb
                .unwrap_or(global.convert_classic_histograms_to_nhcb),
            extra_scrape_metrics: self
                .extra_scrape_metrics
                .unwrap_or(global.extra_scrape_metrics),
            failure_log: self
                .failure_log
                .clone()
                .or_else(|| global.scrape_failure_log_file.clone()),
            discovery: self.discovery.clone(),
            ..ScrapeSettings::new(self.job_name.value.clone())
        }
    }
}
