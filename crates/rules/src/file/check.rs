//! What a rule must hold, and must not.

use binnacle_config::reader::Reader;
use binnacle_model::labels::{METRIC_NAME, is_legacy_metric_name};
use binnacle_model::relabel::NameScheme;

use super::{Field, FileOptions};
use crate::expand::Template;

/// By which field a rule is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Named {
    Record,
    Alert,
}

impl Named {
    pub(super) fn of(record: &str, alert: &str) -> Option<Self> {
        match (record.is_empty(), alert.is_empty()) {
            (false, true) => Some(Self::Record),
            (true, false) => Some(Self::Alert),
            _ => None,
        }
    }
}

/// Notes that a rule has no name, or two.
pub(super) fn name(r: &Reader<'_>, prefix: &str, record: &str) {
    if record.is_empty() {
        r.refuse_all(format!("{prefix}one of 'record' or 'alert' must be set"));
    } else {
        let message = format!("{prefix}only one of 'record' and 'alert' must be set");
        r.refuse("record", message);
    }
}

/// Notes what a recording rule must not have.
/// `foreign` says which fields of alerts it has all the same.
pub(super) fn recording(
    r: &Reader<'_>,
    prefix: &str,
    record: &str,
    options: FileOptions,
    foreign: [(&str, bool); 3],
) {
    for (field, _) in foreign.iter().filter(|(_, there)| *there) {
        let message = format!("{prefix}invalid field '{field}' in recording rule");
        r.refuse(field, message);
    }
    if options.names == NameScheme::Legacy && !is_legacy_metric_name(record) {
        r.refuse(
            "record",
            format!("{prefix}invalid recording rule name: {record}"),
        );
    }
    // Valid in UTF-8, and yet most often an expression in the wrong field.
    if record.contains(['{', '}']) {
        r.refuse(
            "record",
            format!(
                "{prefix}braces present in the recording rule name; should it be in expr?: {record}"
            ),
        );
    }
}

/// Notes names that no label can have.
pub(super) fn label_names(r: &Reader<'_>, labels: &[Field], options: FileOptions, prefix: &str) {
    for label in labels {
        if !options.names.is_valid_label_name(&label.name) || label.name == METRIC_NAME {
            let message = format!("{prefix}invalid label name: {}", label.name);
            r.refuse_at(label.name_at, message);
        }
    }
}

/// Notes names that no annotation can have.
pub(super) fn annotation_names(
    r: &Reader<'_>,
    annotations: &[Field],
    options: FileOptions,
    prefix: &str,
) {
    for annotation in annotations {
        if !options.names.is_valid_label_name(&annotation.name) {
            let message = format!("{prefix}invalid annotation name: {}", annotation.name);
            r.refuse_at(annotation.name_at, message);
        }
    }
}

/// Notes templates that cannot be read, or fail on an alert without labels.
pub(super) fn templates(r: &Reader<'_>, prefix: &str, alert: &str, what: &str, fields: &[Field]) {
    for field in fields {
        if let Err(error) = Template::check(alert, &field.value) {
            r.refuse_at(
                field.at,
                format!("{prefix}{what} {:?}: {error}", field.name),
            );
        }
    }
}
