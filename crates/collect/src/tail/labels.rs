//! The labels that a file gives its lines: those of its target, its name, its pod, and
//! what rules make of them.

use std::collections::BTreeMap;
use std::path::Path;

use binnacle_model::{Labels, relabel};

use super::finder::Pattern;
use super::kubernetes::Pod;
use super::settings::FileTarget;

/// The labels of a file's lines; `None` when rules drop it.
pub(super) fn labels_of(
    target: &FileTarget,
    pattern: &str,
    path: &Path,
    rules: &[relabel::RelabelRule],
) -> Option<BTreeMap<String, String>> {
    let mut labels = target.labels.clone();
    let shown = path.to_string_lossy();
    labels.insert("__path__".to_owned(), pattern.to_owned());
    labels.insert("filename".to_owned(), shown.clone().into_owned());
    if target.kubernetes {
        // Links are followed to where the kubelet writes, for the number of the pod.
        let real = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let pod = Pod::of(&real).or_else(|| Pod::of(path))?;
        labels.extend(pod.discovered());
        if rules.is_empty() {
            labels.extend(pod.labels());
        }
    }
    if !rules.is_empty() {
        let mut builder = Labels::from_pairs(&labels).to_builder();
        if !relabel::relabel(rules, &mut builder) {
            return None;
        }
        let after = builder.build();
        labels = after
            .iter()
            .map(|(n, v)| (n.to_owned(), v.to_owned()))
            .collect();
        let wanted = labels.get("__path__").cloned().unwrap_or_default();
        if wanted != pattern && !Pattern::new(&wanted).is_ok_and(|p| p.matches(path)) {
            return None;
        }
    }
    labels.retain(|name, _| !name.starts_with("__"));
    Some(labels)
}
