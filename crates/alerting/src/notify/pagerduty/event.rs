//! The event as PagerDuty takes it; one shape holds both versions of the API, with
//! fields in the order in which Alertmanager writes them.

use serde::Serialize;

use crate::notify::Notification;
use crate::notify::json::to_json;
use crate::notify::rendering::Rendering;
use crate::notify::text::{key_hash, truncate_chars};
use crate::notify::tree::Tree;

use super::settings::{Image, Key, Link, Settings};

/// Characters of a summary (version 2) or a description (version 1), at most.
const SUMMARY_CHARS_MAX: usize = 1024;

#[derive(Debug, Default, Serialize)]
pub(super) struct Event {
    #[serde(skip_serializing_if = "String::is_empty")]
    routing_key: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    service_key: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    dedup_key: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    incident_key: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    event_type: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    description: String,
    event_action: String,
    payload: Option<Payload>,
    #[serde(skip_serializing_if = "String::is_empty")]
    client: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    client_url: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    details: Option<Tree>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    images: Vec<Image>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    links: Vec<Link>,
}

#[derive(Debug, Serialize)]
struct Payload {
    summary: String,
    source: String,
    severity: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    class: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    component: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    group: String,
    custom_details: Tree,
}

impl Event {
    pub(super) fn of(
        settings: &Settings,
        notification: &Notification<'_>,
        rendering: &Rendering<'_>,
    ) -> Self {
        match settings.key {
            Key::Routing(_) => Self::v2(settings, notification, rendering),
            Key::Service(_) => Self::v1(settings, notification, rendering),
        }
    }

    fn v1(settings: &Settings, notification: &Notification<'_>, rendering: &Rendering<'_>) -> Self {
        let resolved = notification.resolved();
        let mut event = Self {
            event_type: action(resolved),
            incident_key: key_hash(notification.group_key),
            description: summary(settings, rendering),
            ..Self::default()
        };
        if !resolved {
            event.client = rendering.value("client", &settings.client);
            event.client_url = rendering.value("client_url", &settings.client_url);
        }
        event.details = Some(details(settings, rendering));
        event
    }

    fn v2(settings: &Settings, notification: &Notification<'_>, rendering: &Rendering<'_>) -> Self {
        let value = |field: &str, template: &str| rendering.value(field, template);
        let graph = notification.graph.and_then(|g| g.url.clone());
        let images = settings.images.iter().map(|image| Image {
            src: value("images.src", &image.src),
            alt: value("images.alt", &image.alt),
            href: value("images.href", &image.href),
        });
        let graph = graph.map(|src| Image {
            src,
            alt: "graph of the alert's expression".to_owned(),
            href: String::new(),
        });
        let links = settings.links.iter().map(|link| Link {
            href: value("links.href", &link.href),
            text: value("links.text", &link.text),
        });
        Self {
            event_action: action(notification.resolved()),
            dedup_key: key_hash(notification.group_key),
            client: value("client", &settings.client),
            client_url: value("client_url", &settings.client_url),
            images: images
                .chain(graph)
                .filter(|image| !image.src.is_empty())
                .collect(),
            links: links.filter(|link| !link.href.is_empty()).collect(),
            payload: Some(Payload {
                summary: summary(settings, rendering),
                source: value("source", &settings.source),
                severity: value("severity", &settings.severity),
                class: value("class", &settings.class),
                component: value("component", &settings.component),
                group: value("group", &settings.group),
                // Last, so that it knows of all failures.
                custom_details: details(settings, rendering),
            }),
            ..Self::default()
        }
    }

    /// Addresses it.
    pub(super) fn set_key(&mut self, key: String) {
        match self.payload {
            Some(_) => self.routing_key = key,
            None => self.service_key = key,
        }
    }

    pub(super) fn summary(&self) -> &str {
        self.payload
            .as_ref()
            .map_or(&self.description, |payload| &payload.summary)
    }

    pub(super) fn details_text(&self) -> String {
        let details = match &self.payload {
            Some(payload) => Some(&payload.custom_details),
            None => self.details.as_ref(),
        };
        let json = details.map(to_json).unwrap_or_default();
        String::from_utf8_lossy(&json).trim_end().to_owned()
    }

    /// Puts `why` in the place of the details.
    pub(super) fn drop_details(&mut self, why: &str) {
        let error = Tree::Map(vec![("error".to_owned(), Tree::Text(why.to_owned()))]);
        match &mut self.payload {
            Some(payload) => payload.custom_details = error,
            None => self.details = Some(error),
        }
    }
}

fn action(resolved: bool) -> String {
    if resolved { "resolve" } else { "trigger" }.to_owned()
}

fn summary(settings: &Settings, rendering: &Rendering<'_>) -> String {
    let summary = rendering.line("description", &settings.description);
    truncate_chars(&summary, SUMMARY_CHARS_MAX).0
}

fn details(settings: &Settings, rendering: &Rendering<'_>) -> Tree {
    let mut details: Vec<(String, Tree)> = settings
        .details
        .iter()
        .map(|(name, value)| {
            let field = format!("details.{name}");
            (name.clone(), value.render(rendering, &field))
        })
        .collect();
    let failures = rendering.with_failures(String::new());
    if !failures.is_empty() {
        details.push(("template_errors".to_owned(), Tree::Text(failures)));
    }
    Tree::Map(details)
}
