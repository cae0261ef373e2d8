//! From a discovered target to the labels it is scraped with.

use binnacle_model::duration;
use binnacle_model::labels::{Labels, LabelsBuilder};
use binnacle_model::relabel::relabel;

use crate::settings::ScrapeSettings;

/// What became of a discovered target.
#[derive(Debug, Clone, PartialEq)]
pub enum Populated {
    /// It is scraped with these labels; those that start with `__` say how.
    Active(Labels),
    /// Relabelling dropped it.
    Dropped,
    /// It cannot be scraped, and why.
    Refused(String),
}

/// The labels before relabelling: the target's own, its group's, and what the pool
/// says of the scrape where they do not.
#[must_use]
pub fn discovered_labels(
    settings: &ScrapeSettings,
    target: &Labels,
    group: &Labels,
) -> LabelsBuilder {
    let mut labels = group.to_builder();
    for (name, value) in target {
        labels.set(name, value);
    }
    let interval = duration::print(millis(settings.interval));
    let timeout = duration::print(millis(settings.timeout));
    let word = |b: bool| if b { "true" } else { "false" };
    let defaults = [
        ("job", settings.job_name.as_str()),
        ("__scrape_interval__", &interval),
        ("__scrape_timeout__", &timeout),
        ("__metrics_path__", &settings.path),
        ("__scheme__", settings.scheme.as_str()),
        (
            "__convert_classic_histograms_to_nhcb__",
            word(settings.convert_classic_histograms_to_nhcb),
        ),
        (
            "__always_scrape_classic_histograms__",
            word(settings.always_scrape_classic_histograms),
        ),
        (
            "__scrape_native_histograms__",
            word(settings.scrape_native_histograms),
        ),
    ];
    for (name, value) in defaults {
        if labels.get(name).is_empty() {
            labels.set(name, value);
        }
    }
    for (name, values) in &settings.params {
        let name = format!("__param_{name}");
        if let Some(value) = values.first()
            && labels.get(&name).is_empty()
        {
            labels.set(&name, value);
        }
    }
    labels
}

/// Runs the pool's relabelling over the discovered labels and checks the outcome.
#[must_use]
pub fn populate(settings: &ScrapeSettings, discovered: LabelsBuilder) -> Populated {
    let mut labels = discovered;
    if !relabel(&settings.relabel, &mut labels) {
        return Populated::Dropped;
    }
    if let Err(reason) = check(&labels) {
        return Populated::Refused(reason);
    }
    labels.retain(|name, _| !name.starts_with("__meta_"));
    if labels.get("instance").is_empty() {
        let address = labels.get("__address__").to_owned();
        labels.set("instance", &address);
    }
    Populated::Active(labels.build())
}

fn check(labels: &LabelsBuilder) -> Result<(), String> {
    let address = labels.get("__address__");
    if address.is_empty() {
        return Err("no address".into());
    }
    if address.contains('/') {
        return Err(format!("{address:?} is not a valid hostname"));
    }
    let interval = read_duration("interval", labels.get("__scrape_interval__"))?;
    let timeout = read_duration("timeout", labels.get("__scrape_timeout__"))?;
    if timeout > interval {
        return Err(format!(
            "scrape timeout cannot be greater than scrape interval ({:?} > {:?})",
            labels.get("__scrape_timeout__"),
            labels.get("__scrape_interval__"),
        ));
    }
    for (name, what) in [
        (
            "__convert_classic_histograms_to_nhcb__",
            "convert classic histograms to nhcb",
        ),
        (
            "__always_scrape_classic_histograms__",
            "always scrape classic histograms",
        ),
        ("__scrape_native_histograms__", "scrape native histograms"),
    ] {
        let value = labels.get(name);
        if !value.is_empty() && read_bool(value).is_none() {
            return Err(format!(
                "error parsing {what}: {value:?} is neither true nor false"
            ));
        }
    }
    Ok(())
}

fn read_duration(what: &str, text: &str) -> Result<i64, String> {
    let ms = duration::parse(text).map_err(|e| format!("error parsing scrape {what}: {e}"))?;
    if ms == 0 {
        return Err(format!("scrape {what} cannot be 0"));
    }
    Ok(ms)
}

/// The words that Go's `ParseBool` takes.
fn read_bool(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
        _ => None,
    }
}

pub(super) fn millis(duration: std::time::Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
