//! What a notification is about.

use std::any::Any;

use super::json;
use super::kv::Kv;
use crate::value::{Class, Element, Field, List, Method, Object, Time, Value};

const FIRING: &str = "firing";
const RESOLVED: &str = "resolved";

/// The data of one notification: a group of alerts for a receiver.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Data {
    /// Name of the receiver, with the characters of regular expressions escaped, as
    /// Alertmanager's own links expect it.
    pub receiver: String,
    /// `firing` when any alert is, else `resolved`.
    pub status: String,
    /// The alerts.
    pub alerts: Vec<Alert>,
    /// Why it is sent.
    pub notification_reason: String,
    /// What the group is grouped by.
    pub group_labels: Kv,
    /// Labels that all alerts have.
    pub common_labels: Kv,
    /// Annotations that all alerts have.
    pub common_annotations: Kv,
    /// Labels of the route; their values may be templates.
    pub route_labels: Kv,
    /// The address of this instance.
    pub external_url: String,
    /// Whether the route's labels are expanded already.
    pub route_labels_rendered: bool,
    /// Other alerts that fire: `.AlsoFiring`, which Alertmanager does not have. It is
    /// neither printed nor part of the JSON, so that what others know stays as it is.
    pub also_firing: Vec<Alert>,
}

/// One alert of a notification.
#[derive(Clone, Default, PartialEq)]
pub struct Alert {
    /// `firing` or `resolved`.
    pub status: String,
    /// Its labels.
    pub labels: Kv,
    /// Its annotations.
    pub annotations: Kv,
    /// Since when it fires.
    pub starts_at: Time,
    /// When it ends or ended; the zero time while it fires without an end.
    pub ends_at: Time,
    /// Where it comes from.
    pub generator_url: String,
    /// Of the labels ([`super::fingerprint`]).
    pub fingerprint: String,
}

impl std::fmt::Debug for Alert {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.to_value())
    }
}

impl Data {
    /// The data of a group: the status, and what the alerts have in common.
    #[must_use]
    pub fn assemble(
        receiver: &str,
        group_labels: Kv,
        route_labels: Kv,
        notification_reason: &str,
        alerts: Vec<Alert>,
        external_url: &str,
    ) -> Self {
        let firing = alerts.iter().any(|a| a.status == FIRING);
        let (common_labels, common_annotations) = match alerts.split_first() {
            None => (Kv::default(), Kv::default()),
            Some((first, rest)) => (
                common(&first.labels, rest.iter().map(|a| &a.labels)),
                common(&first.annotations, rest.iter().map(|a| &a.annotations)),
            ),
        };
        Self {
            receiver: quote_meta(receiver),
            status: if firing { FIRING } else { RESOLVED }.to_owned(),
            alerts,
            notification_reason: notification_reason.to_owned(),
            group_labels,
            common_labels,
            common_annotations,
            route_labels,
            external_url: external_url.to_owned(),
            route_labels_rendered: false,
            also_firing: Vec::new(),
        }
    }

    /// As templates see it.
    #[must_use]
    pub fn to_value(&self) -> Value {
        Value::object(Fields {
            class: &DATA,
            pointer: true,
            unseen: vec![("AlsoFiring", "", alerts(&self.also_firing))],
            fields: vec![
                ("Receiver", "receiver", self.receiver.as_str().into()),
                ("Status", "status", self.status.as_str().into()),
                ("Alerts", "alerts", alerts(&self.alerts)),
                (
                    "NotificationReason",
                    "notification_reason",
                    self.notification_reason.as_str().into(),
                ),
                ("GroupLabels", "groupLabels", self.group_labels.to_value()),
                (
                    "CommonLabels",
                    "commonLabels",
                    self.common_labels.to_value(),
                ),
                (
                    "CommonAnnotations",
                    "commonAnnotations",
                    self.common_annotations.to_value(),
                ),
                ("RouteLabels", "routeLabels", self.route_labels.to_value()),
                (
                    "ExternalURL",
                    "externalURL",
                    self.external_url.as_str().into(),
                ),
            ],
        })
    }

    /// As JSON, with Alertmanager's names in its order.
    #[must_use]
    pub fn to_json(&self) -> String {
        // Texts, maps of texts and times can always be said in JSON.
        json::to_json(&self.to_value()).unwrap_or_default()
    }
}

impl Alert {
    /// As templates see it.
    #[must_use]
    pub fn to_value(&self) -> Value {
        Value::object(Fields {
            class: &ALERT,
            pointer: false,
            unseen: Vec::new(),
            fields: vec![
                ("Status", "status", self.status.as_str().into()),
                ("Labels", "labels", self.labels.to_value()),
                ("Annotations", "annotations", self.annotations.to_value()),
                ("StartsAt", "startsAt", self.starts_at.clone().into()),
                ("EndsAt", "endsAt", self.ends_at.clone().into()),
                (
                    "GeneratorURL",
                    "generatorURL",
                    self.generator_url.as_str().into(),
                ),
                (
                    "Fingerprint",
                    "fingerprint",
                    self.fingerprint.as_str().into(),
                ),
            ],
        })
    }
}

/// What all have, with the same value.
fn common<'k>(first: &Kv, rest: impl Iterator<Item = &'k Kv>) -> Kv {
    let mut common = first.clone();
    for other in rest {
        // A label that is not there is the same as an empty one.
        common
            .0
            .retain(|name, value| other.0.get(name).map_or("", String::as_str) == value);
    }
    common
}

/// Go's `regexp.QuoteMeta`.
fn quote_meta(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if r"\.+*?()|[]{}^$".contains(c) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// `*template.Data`
static DATA: Class = Class::plain("*template.Data", Element::Typed);
/// `template.Alert`
static ALERT: Class = Class::plain("template.Alert", Element::Typed);
/// `[]template.Alert`
static ALERT_LIST: Class = Class::plain("[]template.Alert", Element::Typed);

/// `template.Alerts`
static ALERTS: Class = Class {
    name: "template.Alerts",
    element: Element::Typed,
    methods: &[
        Method {
            name: "Firing",
            params: &[],
            call: |v, _| Ok(with_status(v, FIRING)),
        },
        Method {
            name: "Resolved",
            params: &[],
            call: |v, _| Ok(with_status(v, RESOLVED)),
        },
    ],
    string: None,
};

fn alerts(alerts: &[Alert]) -> Value {
    List::new(&ALERTS, alerts.iter().map(Alert::to_value).collect()).into()
}

fn with_status(alerts: &Value, status: &str) -> Value {
    let mut chosen = Vec::new();
    if let Value::List(list) = alerts {
        let has_status = |alert: &&Value| match alert {
            Value::Object(alert) => alert
                .field("Status")
                .is_some_and(|s| s.as_str() == Some(status)),
            _ => false,
        };
        chosen = list.items().iter().filter(has_status).cloned().collect();
    }
    List::new(&ALERT_LIST, chosen).into()
}

/// A struct of named values.
struct Fields {
    class: &'static Class,
    pointer: bool,
    /// Fields that can be asked for and show nowhere.
    unseen: Vec<Field>,
    fields: Vec<Field>,
}

impl Object for Fields {
    fn class(&self) -> &'static Class {
        self.class
    }

    fn field(&self, name: &str) -> Option<Value> {
        let mut fields = self.fields.iter().chain(&self.unseen);
        fields.find(|(n, ..)| *n == name).map(|(_, _, v)| v.clone())
    }

    fn fields(&self) -> Vec<Field> {
        self.fields.clone()
    }

    fn pointer(&self) -> bool {
        self.pointer
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
