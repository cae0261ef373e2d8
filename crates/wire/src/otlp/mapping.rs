//! From records to streams, lines and fields.

use std::borrow::Cow;

use binnacle_model::event::{EventBatch, FieldValue};
use binnacle_model::labels::{Labels, LabelsBuilder};

use super::record::{Record, Resource, Scope};
use super::value::{AnyValue, Attribute};
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

/// Which attributes become labels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogMapping {
    /// Attributes of the resource that become labels of the stream, with what cannot be in
    /// a label's name as `_`. All others become fields.
    pub index_attributes: Vec<String>,
}

impl Default for LogMapping {
    /// What Loki does without configuration.
    fn default() -> Self {
        Self {
            index_attributes: INDEX_ATTRIBUTES.iter().map(|&n| n.to_owned()).collect(),
        }
    }
}

/// Fields that all records of a scope share.
#[derive(Debug)]
pub(super) struct Shared<'a> {
    resource: Cow<'a, [&'a Attribute<'a>]>,
    resource_dropped: u64,
    scope: Option<&'a Scope<'a>>,
}

impl LogMapping {
    /// Begins the stream of a resource.
    pub(super) fn begin<'a>(
        &self,
        resource: &'a Resource<'a>,
        batch: &mut EventBatch,
    ) -> Shared<'a> {
        let (index, rest): (Vec<_>, Vec<_>) = resource
            .attributes
            .iter()
            .partition(|a| self.index_attributes.iter().any(|n| *n == a.key));
        batch.begin_stream(&stream_labels(&index));
        Shared {
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
        batch.push_row(t_ns, &record.body.to_text());
        push_attributes(batch, "", &record.attributes);
        push_number(batch, "severity_number", record.severity_number);
        push_text(batch, "severity_text", &record.severity_text);
        push_text(batch, "trace_id", &record.trace_id);
        push_text(batch, "span_id", &record.span_id);
        push_count(batch, "flags", record.flags);
        push_count(batch, "observed_timestamp", record.observed_ns);
        push_count(batch, "dropped_attributes_count", record.dropped_attributes);
        push_text(batch, "event_name", &record.event_name);
        if let Some(scope) = self.scope {
            push_attributes(batch, "", &scope.attributes);
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
