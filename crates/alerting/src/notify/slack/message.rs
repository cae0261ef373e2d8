//! The message as Slack takes it: one attachment (legacy secondary attachments, and
//! `chat.postMessage`). Fields stand in the order in which Alertmanager writes them.

use binnacle_model::alert::Texts;
use serde::Serialize;

use crate::notify::Notification;
use crate::notify::json::to_json;
use crate::notify::rendering::Rendering;
use crate::notify::text::truncate_chars;

use super::settings::{Action, Field, Settings};

/// Characters of a title, at most.
const TITLE_CHARS_MAX: usize = 1024;

#[derive(Debug, Serialize)]
pub(super) struct Message {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub channel: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub ts: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    username: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    icon_emoji: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    icon_url: String,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    link_names: bool,
    #[serde(skip_serializing_if = "String::is_empty")]
    text: String,
    attachments: [Attachment; 1],
}

#[derive(Debug, Serialize)]
struct Attachment {
    #[serde(skip_serializing_if = "String::is_empty")]
    title: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    title_link: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pretext: String,
    text: String,
    fallback: String,
    callback_id: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    fields: Vec<ShownField>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    actions: Vec<Button>,
    #[serde(skip_serializing_if = "String::is_empty")]
    image_url: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    thumb_url: String,
    footer: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    color: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    mrkdwn_in: Vec<String>,
}

#[derive(Debug, Serialize)]
struct ShownField {
    #[serde(skip_serializing_if = "String::is_empty")]
    title: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    value: String,
    short: bool,
}

#[derive(Debug, Serialize)]
struct Button {
    #[serde(rename = "type", skip_serializing_if = "String::is_empty")]
    kind: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    text: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    url: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    style: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    value: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    confirm: Option<Confirm>,
}

#[derive(Debug, Serialize)]
struct Confirm {
    #[serde(skip_serializing_if = "String::is_empty")]
    text: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    title: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    ok_text: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    dismiss_text: String,
}

impl Message {
    pub(super) fn of(
        settings: &Settings,
        notification: &Notification<'_>,
        rendering: &Rendering<'_>,
    ) -> Self {
        let value = |field: &str, template: &str| rendering.value(field, template);
        let mut message = Self {
            channel: value("channel", &settings.channel),
            ts: String::new(),
            username: value("username", &settings.username),
            icon_emoji: value("icon_emoji", &settings.icon_emoji),
            icon_url: value("icon_url", &settings.icon_url),
            link_names: settings.link_names,
            text: rendering.line("message_text", &settings.message_text),
            attachments: [Attachment::of(settings, rendering)],
        };
        let [attachment] = &mut message.attachments;
        if settings.image_url.is_empty()
            && let Some(url) = notification.graph.and_then(|g| g.url.as_ref())
        {
            attachment.image_url.clone_from(url);
        }
        attachment.text = rendering.with_failures(std::mem::take(&mut attachment.text));
        message
    }

    pub(super) fn into_title_and_text(self) -> (String, String) {
        let [attachment] = self.attachments;
        let text = match (self.text.is_empty(), attachment.text.is_empty()) {
            (false, true) => self.text,
            (false, false) => format!("{}\n{}", self.text, attachment.text),
            _ => attachment.text,
        };
        (attachment.title, text)
    }

    /// For people who want to see what would be said.
    pub(super) fn into_texts(self) -> Texts {
        let body = String::from_utf8_lossy(&to_json(&self))
            .trim_end()
            .to_owned();
        let channel = self.channel.clone();
        let (title, text) = self.into_title_and_text();
        vec![
            ("channel".to_owned(), channel),
            ("title".to_owned(), title),
            ("text".to_owned(), text),
            ("body".to_owned(), body),
        ]
    }
}

impl Attachment {
    fn of(settings: &Settings, rendering: &Rendering<'_>) -> Self {
        let value = |field: &str, template: &str| rendering.value(field, template);
        let title = rendering.line("title", &settings.title);
        let mrkdwn_in = if settings.mrkdwn_in.is_empty() {
            ["fallback", "pretext", "text"].map(str::to_owned).to_vec()
        } else {
            settings.mrkdwn_in.clone()
        };
        Self {
            title: truncate_chars(&title, TITLE_CHARS_MAX).0,
            title_link: value("title_link", &settings.title_link),
            pretext: rendering.line("pretext", &settings.pretext),
            text: rendering.text("text", &settings.text),
            fallback: rendering.line("fallback", &settings.fallback),
            callback_id: value("callback_id", &settings.callback_id),
            fields: settings
                .fields
                .iter()
                .map(|f| ShownField::of(f, settings.short_fields, rendering))
                .collect(),
            actions: settings
                .actions
                .iter()
                .map(|a| Button::of(a, rendering))
                .collect(),
            image_url: value("image_url", &settings.image_url),
            thumb_url: value("thumb_url", &settings.thumb_url),
            footer: value("footer", &settings.footer),
            color: value("color", &settings.color),
            mrkdwn_in,
        }
    }
}

impl ShownField {
    fn of(field: &Field, short: bool, rendering: &Rendering<'_>) -> Self {
        Self {
            title: rendering.line("fields.title", &field.title),
            value: rendering.line("fields.value", &field.value),
            short: field.short.unwrap_or(short),
        }
    }
}

impl Button {
    fn of(action: &Action, rendering: &Rendering<'_>) -> Self {
        let value = |template: &str| rendering.value("actions", template);
        Self {
            kind: value(&action.kind),
            text: rendering.line("actions.text", &action.text),
            url: value(&action.url),
            style: value(&action.style),
            name: value(&action.name),
            value: value(&action.value),
            confirm: action.confirm.as_ref().map(|confirm| Confirm {
                text: rendering.line("actions.confirm.text", &confirm.text),
                title: rendering.line("actions.confirm.title", &confirm.title),
                ok_text: value(&confirm.ok_text),
                dismiss_text: value(&confirm.dismiss_text),
            }),
        }
    }
}
