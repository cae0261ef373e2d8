//! From the labels that a target exposes to those that are stored.

use binnacle_model::labels::{Labels, LabelsBuilder};
use binnacle_model::relabel::{NameScheme, RelabelRule, relabel};

use super::ScrapeError;
use crate::settings::ScrapeLimits;

/// What a conflicting label is renamed to, as often as needed.
const EXPORTED: &str = "exported_";

/// Adds the target's labels and runs the metric relabelling. `None`: dropped.
pub(super) fn stored_labels(
    mut exposed: LabelsBuilder,
    target: &Labels,
    honor_labels: bool,
    rules: &[RelabelRule],
) -> Option<LabelsBuilder> {
    if honor_labels {
        for (name, value) in target {
            if exposed.get(name).is_empty() {
                exposed.set(name, value);
            }
        }
    } else {
        add_target_labels(&mut exposed, target);
    }
    relabel(rules, &mut exposed).then_some(exposed)
}

/// The target's labels win; what they displace is kept under another name.
fn add_target_labels(exposed: &mut LabelsBuilder, target: &Labels) {
    let mut displaced: Vec<(String, String)> = Vec::new();
    for (name, value) in target {
        let there = exposed.get(name);
        if !there.is_empty() {
            displaced.push((name.to_owned(), there.to_owned()));
        }
        exposed.set(name, value);
    }
    // Shorter names first, so that `foo` gets `exported_foo` before a displaced
    // `exported_foo` looks for another name.
    displaced.sort_by_key(|(name, _)| name.len());
    for (name, value) in displaced {
        let mut renamed = format!("{EXPORTED}{name}");
        while !exposed.get(&renamed).is_empty() {
            renamed.insert_str(0, EXPORTED);
        }
        exposed.set(&renamed, &value);
    }
}

/// Whether a label set may be stored.
pub(super) fn check(
    labels: &Labels,
    names: NameScheme,
    limits: &ScrapeLimits,
) -> Result<(), ScrapeError> {
    let Some(metric) = labels.metric_name() else {
        return Err(ScrapeError::BadSeries(format!(
            "missing metric name (__name__ label): {labels}"
        )));
    };
    let valid = names == NameScheme::Utf8
        || (binnacle_model::labels::is_legacy_metric_name(metric)
            && labels
                .iter()
                .all(|(name, _)| names.is_valid_label_name(name)));
    if !valid {
        return Err(ScrapeError::BadSeries(format!(
            "invalid metric name or label names: {labels}"
        )));
    }
    check_limits(labels, metric, limits)
}

fn check_limits(labels: &Labels, metric: &str, limits: &ScrapeLimits) -> Result<(), ScrapeError> {
    let exceeded = |what: String, limit: u64| {
        Err(ScrapeError::LabelLimit(format!(
            "{what} (metric: {metric:.50}, limit: {limit})"
        )))
    };
    let over = |length: usize, limit: u64| limit > 0 && length as u64 > limit;
    if limits.labels > 0 && over(labels.len(), limits.labels) {
        return exceeded(
            format!("label_limit exceeded: {} labels", labels.len()),
            limits.labels,
        );
    }
    if limits.label_name_bytes == 0 && limits.label_value_bytes == 0 {
        return Ok(());
    }
    for (name, value) in labels {
        if over(name.len(), limits.label_name_bytes) {
            let what = format!(
                "label_name_length_limit exceeded: {name:.50} has {} bytes",
                name.len()
            );
            return exceeded(what, limits.label_name_bytes);
        }
        if over(value.len(), limits.label_value_bytes) {
            let what = format!(
                "label_value_length_limit exceeded: {name:.50} has {} bytes",
                value.len()
            );
            return exceeded(what, limits.label_value_bytes);
        }
    }
    Ok(())
}
