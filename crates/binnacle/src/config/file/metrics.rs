//! `metrics`: what is collected: a `prometheus.yml`, scrape configurations in place,
//! this host, and this process.

use std::path::{Path, PathBuf};
use std::time::Duration;

use binnacle_collect::host;
use binnacle_collect::settings::{CollectSettings, HostSettings};
use binnacle_metrics::EngineOptions;

use crate::config::prometheus::{Environment, Global, PrometheusFile, ScrapeConfig, read_scrapes};
use binnacle_config::error::ConfigError;
use binnacle_config::reader::{Reader, nearest};
use binnacle_config::yaml::{Out, print};

use super::list_under;

/// What is collected.
#[derive(Debug, Clone, PartialEq)]
pub struct MetricsSettings {
    /// The scrape pools of the files. Pools within the process are not among them.
    pub collect: CollectSettings,
    /// Whether this process collects its own metrics, and how often.
    pub self_scrape: Option<Duration>,
    /// How this host is watched, when it is.
    pub host: Option<HostPool>,
    /// Series at once; further ones are refused.
    pub series_max: u32,
}

/// How this host is watched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostPool {
    /// How often.
    pub interval: Duration,
    /// What is read.
    pub settings: HostSettings,
}

/// The section as it was typed.
pub(super) struct Metrics {
    pub(super) prometheus_file: Option<PathBuf>,
    global: Global,
    scrapes: Vec<ScrapeConfig>,
    self_scrape: Option<Duration>,
    host: Option<HostPool>,
    series_max: u32,
}

/// How often this host and this process are looked at.
const OWN_INTERVAL: Duration = Duration::from_secs(5);

/// Reads the section.
pub(super) fn read(r: &mut Reader<'_>, environment: &Environment<'_>) -> Metrics {
    let prometheus_file = r.path("prometheus_file");
    let self_scrape = r.bool_or("self_scrape", true);
    let self_interval = interval(r, "self_interval");
    let host = r.section_or_default("host", read_host);
    let (series_max, global) = read_global(r, environment);
    let scrapes = read_scrapes(r, &global);
    Metrics {
        prometheus_file,
        global,
        scrapes,
        self_scrape: self_scrape.then_some(self_interval),
        host,
        series_max,
    }
}

/// What holds for the scrape configurations of this file.
fn read_global(r: &mut Reader<'_>, environment: &Environment<'_>) -> (u32, Global) {
    let global = Global::read_short(r, environment);
    r.section_or_default("limits", |r| {
        let default = u64::from(EngineOptions::default().series_max);
        let number = r.uint_or("series_max", default);
        let series_max = u32::try_from(number)
            .ok()
            .filter(|n| *n > 0)
            .unwrap_or_else(|| {
                r.refuse(
                    "series_max",
                    format!("\"series_max\" must be between 1 and {}", u32::MAX),
                );
                u32::MAX
            });
        (series_max, global.with_limits(r))
    })
}

fn interval(r: &mut Reader<'_>, key: &'static str) -> Duration {
    let interval = r.duration_or(key, OWN_INTERVAL);
    if interval.is_zero() {
        r.refuse(key, format!("{key:?} must not be zero"));
        return OWN_INTERVAL;
    }
    interval
}

fn read_host(r: &mut Reader<'_>) -> Option<HostPool> {
    let default = HostSettings::default();
    let enabled = r.bool_or("enabled", true);
    let interval = interval(r, "interval");
    let mut path = |key, default: &Path| -> PathBuf {
        let text = r.text_or(key, &default.display().to_string());
        r.resolve_path(&text)
    };
    let settings = HostSettings {
        proc_path: path("proc_path", &default.proc_path),
        sys_path: path("sys_path", &default.sys_path),
        root_path: path("root_path", &default.root_path),
        udev_path: path("udev_path", &default.udev_path),
        textfile_directory: r.path("textfile_directory"),
        process_groups_max: usize::try_from(
            r.uint_or("processes", default.process_groups_max as u64),
        )
        .unwrap_or(usize::MAX),
        disabled: read_collectors(r),
    };
    enabled.then_some(HostPool { interval, settings })
}

/// The collectors that do not run: all but those of `include`, and those of `exclude`.
fn read_collectors(r: &mut Reader<'_>) -> Vec<String> {
    let known: Vec<&str> = host::names().collect();
    r.section_or_default("collectors", |r| {
        let mut list = |key: &'static str| -> Vec<String> {
            let names = r.texts(key);
            for name in names.iter().filter(|n| !known.contains(&n.value.as_str())) {
                let hint = nearest(&name.value, &known).map_or_else(
                    || format!("the collectors are {}", known.join(", ")),
                    |near| format!("did you mean {near:?}?"),
                );
                r.refuse_at(
                    name.at,
                    format!("unknown collector {:?}, {hint}", name.value),
                );
            }
            names.into_iter().map(|n| n.value).collect()
        };
        let (include, exclude) = (list("include"), list("exclude"));
        let runs = |name: &&str| {
            let is_in = |list: &[String]| list.iter().any(|n| n == name);
            (include.is_empty() || is_in(&include)) && !is_in(&exclude)
        };
        known
            .iter()
            .filter(|name| !runs(name))
            .map(|name| (*name).to_owned())
            .collect()
    })
}

impl Metrics {
    /// What to collect, from this file and the `prometheus.yml` that it names.
    pub(super) fn resolve(
        &self,
        file: &Path,
        prometheus: Option<&PrometheusFile>,
        errors: &mut Vec<ConfigError>,
    ) -> MetricsSettings {
        let mut collect = prometheus.map_or_else(CollectSettings::default, PrometheusFile::resolve);
        for scrape in &self.scrapes {
            let name = &scrape.job_name;
            if collect.scrapes.iter().any(|s| s.job_name == name.value) {
                let message = format!(
                    "found multiple scrape configs with job name {:?}, the other is in the prometheus_file",
                    name.value
                );
                errors.push(ConfigError::new(file, name.at, message));
            }
            collect.scrapes.push(scrape.resolve(&self.global));
        }
        if !self.global.external_labels.is_empty() {
            collect.global.external_labels = self.global.external_labels.clone();
        }
        MetricsSettings {
            collect,
            self_scrape: self.self_scrape,
            host: self.host.clone(),
            series_max: self.series_max,
        }
    }
}

/// What is scraped, as a `prometheus.yml`: the file that is named, with the scrape
/// configurations in `own` behind its own.
pub(super) fn print_prometheus(prometheus: Option<&PrometheusFile>, own: &Out) -> String {
    let inline = list_under(own, ["metrics", "scrape_configs"]);
    let mut entries = match prometheus.map(PrometheusFile::effective) {
        Some(Out::Map(entries)) => entries.clone(),
        _ => Vec::new(),
    };
    if !inline.is_empty() {
        match entries.iter_mut().find(|(key, _)| key == "scrape_configs") {
            Some((_, Out::List(items))) => items.extend(inline.iter().cloned()),
            _ => entries.push(("scrape_configs".to_owned(), Out::List(inline.to_vec()))),
        }
    }
    print(&Out::Map(entries))
}
