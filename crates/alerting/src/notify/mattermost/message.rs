//! What is posted, with its templates run.
//!
//! Source: Mattermost's developer documentation, "Incoming webhooks", "Message
//! attachments" and "Message priority".

use serde::Serialize;

use super::super::Notification;
use super::super::rendering::Rendering;
use super::super::text::truncate_chars;
use super::settings::{AttachmentSettings, PrioritySettings, Settings};

/// Characters of a post; more are split into several by the server, or refused.
const TEXT_CHARS_MAX: usize = 16_383;

/// What is posted.
#[derive(Serialize)]
pub(super) struct Message {
    #[serde(skip_serializing_if = "String::is_empty")]
    text: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) channel: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    username: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    icon_url: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    icon_emoji: String,
    attachments: Vec<Attachment>,
    #[serde(rename = "type", skip_serializing_if = "String::is_empty")]
    kind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    props: Option<Props>,
    #[serde(skip_serializing_if = "Option::is_none")]
    priority: Option<Priority>,
}

#[derive(Serialize)]
struct Props {
    #[serde(skip_serializing_if = "String::is_empty")]
    card: String,
}

#[derive(Serialize)]
struct Priority {
    priority: &'static str,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    requested_ack: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    persistent_notifications: bool,
}

#[derive(Serialize)]
struct Attachment {
    #[serde(skip_serializing_if = "String::is_empty")]
    fallback: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    color: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pretext: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    text: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    author_name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    author_link: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    author_icon: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    title: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    title_link: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    fields: Vec<Field>,
    #[serde(skip_serializing_if = "String::is_empty")]
    thumb_url: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    footer: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    footer_icon: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    image_url: String,
}

#[derive(Serialize)]
struct Field {
    #[serde(skip_serializing_if = "String::is_empty")]
    title: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    value: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    short: Option<bool>,
}

impl Message {
    /// The message without its channel.
    pub(super) fn render(
        settings: &Settings,
        notification: &Notification<'_>,
        rendering: &Rendering<'_>,
    ) -> Self {
        let alone = settings.attachments.is_empty();
        let mut message = Self {
            text: String::new(),
            channel: String::new(),
            username: rendering.value("username", &settings.username),
            icon_url: rendering.value("icon_url", &settings.icon_url),
            icon_emoji: rendering.value("icon_emoji", &settings.icon_emoji),
            kind: rendering.value("type", &settings.kind),
            props: (!settings.card.is_empty()).then(|| Props {
                card: rendering.value("props.card", &settings.card),
            }),
            priority: settings.priority.as_ref().map(|p| p.render(rendering)),
            attachments: if alone {
                vec![settings.own.render("", rendering)]
            } else {
                let attachments = settings.attachments.iter();
                attachments
                    .map(|a| a.render("attachments.", rendering))
                    .collect()
            },
        };
        if !alone {
            message.text = rendering.text("text", &settings.text);
        }
        let text = match message.attachments.first_mut() {
            Some(attachment) if alone => &mut attachment.text,
            _ => &mut message.text,
        };
        *text = rendering.with_failures(std::mem::take(text));
        message.text = truncate_chars(&message.text, TEXT_CHARS_MAX).0;
        let graph = notification.graph.and_then(|graph| graph.url.as_ref());
        if let (Some(url), Some(attachment)) = (graph, message.attachments.first_mut())
            && attachment.image_url.is_empty()
        {
            attachment.image_url.clone_from(url);
        }
        message
    }

    /// The first title, and the text.
    pub(super) fn into_texts(self) -> (String, String) {
        match self.attachments.into_iter().next() {
            Some(first) if self.text.is_empty() => (first.title, first.text),
            Some(first) => (first.title, self.text),
            None => (String::new(), self.text),
        }
    }
}

impl AttachmentSettings {
    /// `within` stands before the names of fields in failures.
    fn render(&self, within: &str, rendering: &Rendering<'_>) -> Attachment {
        let value =
            |field: &str, template: &str| rendering.value(&format!("{within}{field}"), template);
        Attachment {
            fallback: value("fallback", &self.fallback),
            color: value("color", &self.color),
            pretext: value("pretext", &self.pretext),
            text: rendering.text(&format!("{within}text"), &self.text),
            author_name: value("author_name", &self.author_name),
            author_link: value("author_link", &self.author_link),
            author_icon: value("author_icon", &self.author_icon),
            title: rendering.line(&format!("{within}title"), &self.title),
            title_link: value("title_link", &self.title_link),
            fields: self
                .fields
                .iter()
                .map(|field| Field {
                    title: value("fields", &field.title),
                    value: value("fields", &field.value),
                    short: field.short,
                })
                .collect(),
            thumb_url: value("thumb_url", &self.thumb_url),
            footer: value("footer", &self.footer),
            footer_icon: value("footer_icon", &self.footer_icon),
            image_url: value("image_url", &self.image_url),
        }
    }
}

impl PrioritySettings {
    /// Mattermost refuses what does not go together: an unknown priority is `standard`,
    /// only the others can ask for an acknowledgement, and only `urgent` can insist.
    fn render(&self, rendering: &Rendering<'_>) -> Priority {
        let text = rendering.value("priority.priority", &self.priority);
        let priority = match text.to_lowercase().as_str() {
            "urgent" => "urgent",
            "important" => "important",
            _ => "standard",
        };
        Priority {
            priority,
            requested_ack: self.requested_ack && priority != "standard",
            persistent_notifications: self.persistent_notifications && priority == "urgent",
        }
    }
}
