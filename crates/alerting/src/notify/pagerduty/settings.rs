//! What `pagerduty_configs` says.

use std::time::Duration;

use binnacle_client::settings::{HttpSettings, SecretText, Source};
use binnacle_config::reader::Reader;
use serde::Serialize;

use crate::config::{Global, fields};
use crate::notify::timeout;
use crate::notify::tree::{self, Tree};

/// Details that are there unless the file has others of that name.
const DETAILS: [(&str, &str); 4] = [
    ("firing", "{{ .Alerts.Firing | toJson }}"),
    ("num_firing", "{{ .Alerts.Firing | len }}"),
    ("num_resolved", "{{ .Alerts.Resolved | len }}"),
    ("resolved", "{{ .Alerts.Resolved | toJson }}"),
];

/// What the file says. Texts are templates.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// How PagerDuty is spoken to.
    pub http: HttpSettings,
    /// Which service, and by which version of the API.
    pub key: Key,
    /// Version 2 of the API.
    pub url: String,
    /// What sends this.
    pub client: String,
    /// Where that is.
    pub client_url: String,
    /// One line.
    pub description: String,
    /// Free-form.
    pub details: Vec<(String, Tree)>,
    /// Pictures.
    pub images: Vec<Image>,
    /// Links.
    pub links: Vec<Link>,
    /// What is broken.
    pub source: String,
    /// `critical`, `error`, `warning` or `info`.
    pub severity: String,
    /// Kind of the event.
    pub class: String,
    /// Part that is broken.
    pub component: String,
    /// Group of parts.
    pub group: String,
    /// How long an answer is waited for; 0: as long as the notification is of use.
    pub timeout: Duration,
}

/// The key of an integration, a template.
#[derive(Debug, Clone, PartialEq)]
pub enum Key {
    /// Of version 2.
    Routing(Source),
    /// Of version 1.
    Service(Source),
}

/// A picture.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Image {
    /// Where it is.
    pub src: String,
    /// Instead of it.
    pub alt: String,
    /// Where it leads.
    pub href: String,
}

/// A link.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Link {
    /// Where it leads.
    pub href: String,
    /// What stands there.
    pub text: String,
}

/// Reads one element of `pagerduty_configs`.
pub fn read(r: &mut Reader<'_>, global: &Global) -> Settings {
    let http = fields::http_config(r, global);
    let service = fields::secret(r, "service_key", "service_key_file");
    let routing = fields::secret(r, "routing_key", "routing_key_file");
    let url = fields::url(r, "url").or_else(|| global.pagerduty_url.clone());
    if url.is_none() {
        r.refuse("url", "no global PagerDuty URL set");
    }
    // As in Alertmanager, a service key counts when both are there.
    let key = match (service, routing) {
        (Some(key), _) => Key::Service(key),
        (None, Some(key)) => Key::Routing(key),
        (None, None) => {
            r.refuse_all("missing service or routing key in PagerDuty config");
            Key::Routing(Source::Text(SecretText::default()))
        }
    };
    let client = r.text_or("client", r#"{{ template "pagerduty.default.client" . }}"#);
    let or = |text: String, default: &str| {
        if text.is_empty() {
            default.to_owned()
        } else {
            text
        }
    };
    Settings {
        http,
        key,
        url: url.unwrap_or_default(),
        client_url: r.text_or(
            "client_url",
            r#"{{ template "pagerduty.default.clientURL" . }}"#,
        ),
        description: r.text_or(
            "description",
            r#"{{ template "pagerduty.default.description" .}}"#,
        ),
        details: read_details(r),
        images: r.sections("images", "missing image in PagerDuty config", |r| Image {
            src: r.text("src"),
            alt: r.text("alt"),
            href: r.text("href"),
        }),
        links: r.sections("links", "missing link in PagerDuty config", |r| Link {
            href: r.text("href"),
            text: r.text("text"),
        }),
        source: or(r.text("source"), &client),
        severity: or(r.text("severity"), "error"),
        class: r.text("class"),
        component: r.text("component"),
        group: r.text("group"),
        timeout: timeout::read(r, "timeout"),
        client,
    }
}

fn read_details(r: &mut Reader<'_>) -> Vec<(String, Tree)> {
    let mut details = tree::read_map(r, "details");
    for (name, template) in DETAILS {
        if !details.iter().any(|(n, _)| n == name) {
            details.push((name.to_owned(), Tree::Text(template.to_owned())));
        }
    }
    details
}
