//! From records to streams, lines and fields.

use std::borrow::Cow;

use binnacle_model::event::{EventBatch, FieldValue};
use binnacle_model::labels::{Labels, LabelsBuilder};

use super::attributes::{AttributeAction, AttributeRule, action_of};
use super::record::{Record, Resource, Scope};
use super::value::{AnyValue, Attribute};
use crate::document::continue_stream;
use crate::names::{field_name, label_name};

/// Loki's default list.
const INDEX_ATTRIBUTES: [&str; 18] = [
    "service.name",
    "service.namespace",
    "service.instance.id",
    "deployment.environment",
    "deployment.environment.name",
    "cloud.region",
    "cloud.availability_zone",
    "k8s.cluster.name",
    "k8s.namespace.name",
    "k8s.pod.name",
    "k8s.container.name",
    "container.name",
    "k8s.replicaset.name",
    "k8s.deployment.name",
    "k8s.statefulset.name",
    "k8s.daemonset.name",
    "k8s.cronjob.name",
    "k8s.job.name",
];

/// Which attributes become labels, which fields, and which are left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogMapping {
    /// Attributes of the resource. What cannot be in a label's name becomes `_`.
    pub resource: Vec<AttributeRule>,
    /// Attributes of scopes; none of them can become a label.
    pub scope: Vec<AttributeRule>,
    /// Attributes of records.
    pub log: Vec<AttributeRule>,
    /// Whether the text of the severity is a label, `severity_text`.
    pub severity_text_as_label: bool,
}

impl Default for LogMapping {
    /// What Loki does without configuration.
    fn default() -> Self {
        Self {
            resource: vec![Self::default_labels()],
            scope: Vec::new(),
            log: Vec::new(),
            severity_text_as_label: false,
        }
    }
}

impl LogMapping {
    /// The attributes of resources that are labels when nothing is said.
    #[must_use]
    pub fn default_labels() -> AttributeRule {
        AttributeRule::names(AttributeAction::IndexLabel, &INDEX_ATTRIBUTES)
    }

    /// Whether records of one resource may belong to several streams.
    fn has_labels_of_records(&self) -> bool {
        self.severity_text_as_label
            || self
                .log
                .iter()
                .any(|rule| rule.action == AttributeAction::IndexLabel)
    }
}

/// What all records of a scope share.
#[derive(Debug)]
pub(super) struct Shared<'a> {
    mapping: &'a LogMapping,
    /// Labels of the resource; `None` unless records have labels of their own.
    labels: Option<Cow<'a, Labels>>,
    resource: Cow<'a, [&'a Attribute<'a>]>,
    resource_dropped: u64,
    scope: Option<&'a Scope<'a>>,
}

impl LogMapping {
    /// Begins the stream of a resource.
    pub(super) fn begin<'a>(
        &'a self,
        resource: &'a Resource<'a>,
        batch: &mut EventBatch,
    ) -> Shared<'a> {
        let (mut index, mut rest) = (Vec::new(), Vec::new());
        for attribute in &resource.attributes {
            match action_of(&self.resource, &attribute.key) {
                AttributeAction::IndexLabel => index.push(attribute),
                AttributeAction::StructuredMetadata => rest.push(attribute),
                AttributeAction::Drop => {}
            }
        }
        let labels = stream_labels(&index);
        let labels = if self.has_labels_of_records() {
            Some(Cow::Owned(labels))
        } else {
            batch.begin_stream(&labels);
            None
        };
        Shared {
            mapping: self,
            labels,
            resource: Cow::Owned(rest),
            resource_dropped: resource.dropped_attributes,
            scope: None,
        }
    }
}

fn stream_labels(attributes: &[&Attribute<'_>]) -> Labels {
    let mut builder = LabelsBuilder::default();
    for attribute in attributes {
        let value = attribute.value.to_text();
        builder.set(
            &label_name(&attribute.key),
            &String::from_utf8_lossy(&value),
        );
    }
    builder.build()
}

impl<'a> Shared<'a> {
    /// The same with the fields of a scope.
    pub(super) fn with_scope<'s>(&'s self, scope: &'s Scope<'s>) -> Shared<'s> {
        Shared {
            mapping: self.mapping,
            labels: self.labels.as_deref().map(Cow::Borrowed),
            resource: Cow::Borrowed(&self.resource),
            resource_dropped: self.resource_dropped,
            scope: Some(scope),
        }
    }

    /// Adds a row. A record without any time gets `now_ns`.
    pub(super) fn push(&self, record: &Record<'_>, now_ns: i64, batch: &mut EventBatch) {
        let time = [record.time_ns, record.observed_ns]
            .into_iter()
            .find(|t| *t != 0);
        let t_ns = time.map_or(now_ns, |t| i64::try_from(t).unwrap_or(i64::MAX));
        let mapping = self.mapping;
        if let Some(labels) = &self.labels {
            continue_stream(batch, &mapping.labels_with(labels, record));
        }
        batch.push_row(t_ns, &record.body.to_text());
        push_fields(batch, &mapping.log, &record.attributes);
        push_number(batch, "severity_number", record.severity_number);
        if !mapping.severity_text_as_label {
            push_text(batch, "severity_text", &record.severity_text);
        }
        push_text(batch, "trace_id", &record.trace_id);
        push_text(batch, "span_id", &record.span_id);
        push_count(batch, "flags", record.flags);
        push_count(batch, "observed_timestamp", record.observed_ns);
        push_count(batch, "dropped_attributes_count", record.dropped_attributes);
        push_text(batch, "event_name", &record.event_name);
        if let Some(scope) = self.scope {
            push_fields(batch, &mapping.scope, &scope.attributes);
            push_text(batch, "scope_name", &scope.name);
            push_text(batch, "scope_version", &scope.version);
            push_count(
                batch,
                "scope_dropped_attributes_count",
                scope.dropped_attributes,
            );
        }
        for attribute in &*self.resource {
            push_attribute(batch, "", attribute);
        }
        push_count(
            batch,
            "resource_dropped_attributes_count",
            self.resource_dropped,
        );
    }
}

impl LogMapping {
    /// The labels of the resource and those of a record.
    fn labels_with(&self, labels: &Labels, record: &Record<'_>) -> Labels {
        let mut builder = labels.to_builder();
        for attribute in &record.attributes {
            if action_of(&self.log, &attribute.key) == AttributeAction::IndexLabel {
                let value = attribute.value.to_text();
                let value = String::from_utf8_lossy(&value);
                builder.set(&label_name(&attribute.key), &value);
            }
        }
        if self.severity_text_as_label && !record.severity_text.is_empty() {
            builder.set("severity_text", &record.severity_text);
        }
        builder.build()
    }
}

/// Adds the attributes that are fields by the rules.
fn push_fields(batch: &mut EventBatch, rules: &[AttributeRule], attributes: &[Attribute<'_>]) {
    if rules.is_empty() {
        return push_attributes(batch, "", attributes);
    }
    for attribute in attributes {
        if action_of(rules, &attribute.key) == AttributeAction::StructuredMetadata {
            push_attribute(batch, "", attribute);
        }
    }
}

fn push_text(batch: &mut EventBatch, name: &str, text: &str) {
    if !text.is_empty() {
        batch.push_field(name, FieldValue::Text(text.as_bytes()));
    }
}

fn push_number(batch: &mut EventBatch, name: &str, number: i64) {
    if number != 0 {
        batch.push_field(name, FieldValue::Int(number));
    }
}

fn push_count(batch: &mut EventBatch, name: &str, count: u64) {
    push_number(batch, name, i64::try_from(count).unwrap_or(i64::MAX));
}

fn push_attributes(batch: &mut EventBatch, prefix: &str, attributes: &[Attribute<'_>]) {
    for attribute in attributes {
        push_attribute(batch, prefix, attribute);
    }
}

/// A map becomes one field for each of its values, with the names joined by `_`.
fn push_attribute(batch: &mut EventBatch, prefix: &str, attribute: &Attribute<'_>) {
    let own = field_name(&attribute.key);
    let joined;
    let name = if prefix.is_empty() {
        &*own
    } else {
        joined = format!("{prefix}_{own}");
        &joined
    };
    match &attribute.value {
        AnyValue::Map(pairs) => push_attributes(batch, name, pairs),
        value => value.with_field(|value| batch.push_field(name, value)),
    }
}
