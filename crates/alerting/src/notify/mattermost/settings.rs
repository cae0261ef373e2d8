//! One element of `mattermost_configs`.

use binnacle_client::settings::{HttpSettings, SecretText, Source};
use binnacle_config::reader::Reader;

use crate::config::{Global, fields};

/// One element of `mattermost_configs`.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    pub(super) http: HttpSettings,
    pub(super) webhook_url: Source,
    pub(super) channel: String,
    pub(super) username: String,
    pub(super) text: String,
    pub(super) icon_url: String,
    pub(super) icon_emoji: String,
    pub(super) kind: String,
    pub(super) card: String,
    pub(super) priority: Option<PrioritySettings>,
    /// What stands beside the other fields; unused when there are `attachments`.
    pub(super) own: AttachmentSettings,
    pub(super) attachments: Vec<AttachmentSettings>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct PrioritySettings {
    pub(super) priority: String,
    pub(super) requested_ack: bool,
    pub(super) persistent_notifications: bool,
}

/// Templates of an attachment.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct AttachmentSettings {
    pub(super) fallback: String,
    pub(super) color: String,
    pub(super) pretext: String,
    pub(super) text: String,
    pub(super) author_name: String,
    pub(super) author_link: String,
    pub(super) author_icon: String,
    pub(super) title: String,
    pub(super) title_link: String,
    pub(super) fields: Vec<FieldSettings>,
    pub(super) thumb_url: String,
    pub(super) footer: String,
    pub(super) footer_icon: String,
    pub(super) image_url: String,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct FieldSettings {
    pub(super) title: String,
    pub(super) value: String,
    pub(super) short: Option<bool>,
}

/// Reads an element.
pub fn read(r: &mut Reader<'_>, global: &Global) -> Settings {
    let http = fields::http_config(r, global);
    let webhook_url = fields::secret_url_or_file(r, "webhook_url", "webhook_url_file")
        .or_else(|| global.mattermost_webhook_url.clone());
    if webhook_url.is_none() {
        r.refuse_all("missing webhook_url or webhook_url_file on mattermost_config");
    }
    let own = read_attachment(
        r,
        &[
            (
                "fallback",
                r#"{{ template "mattermost.default.fallback" . }}"#,
            ),
            ("color", r#"{{ template "mattermost.default.color" . }}"#),
            ("text", r#"{{ template "mattermost.default.text" . }}"#),
            ("title", r#"{{ template "mattermost.default.title" . }}"#),
            (
                "title_link",
                r#"{{ template "mattermost.default.titlelink" . }}"#,
            ),
        ],
    );
    Settings {
        http,
        webhook_url: webhook_url.unwrap_or(Source::Text(SecretText::default())),
        channel: r.text("channel"),
        username: r.text_or(
            "username",
            r#"{{ template "mattermost.default.username" . }}"#,
        ),
        text: own.text.clone(),
        icon_url: r.text("icon_url"),
        icon_emoji: r.text("icon_emoji"),
        kind: r.text("type"),
        card: r.section("props", |r| r.text("card")).unwrap_or_default(),
        priority: r
            .section("priority", read_priority)
            .filter(|priority| !priority.priority.is_empty()),
        own,
        attachments: r.sections(
            "attachments",
            "missing attachment in mattermost_config",
            |r| read_attachment(r, &[]),
        ),
    }
}

fn read_priority(r: &mut Reader<'_>) -> PrioritySettings {
    PrioritySettings {
        priority: r.text("priority"),
        requested_ack: r.bool("requested_ack"),
        persistent_notifications: r.bool("persistent_notifications"),
    }
}

fn read_attachment(r: &mut Reader<'_>, defaults: &[(&str, &str)]) -> AttachmentSettings {
    let mut text = |key: &'static str| {
        let default = defaults.iter().find(|(k, _)| *k == key);
        r.text_or(key, default.map_or("", |(_, template)| template))
    };
    AttachmentSettings {
        fallback: text("fallback"),
        color: text("color"),
        pretext: text("pretext"),
        text: text("text"),
        author_name: text("author_name"),
        author_link: text("author_link"),
        author_icon: text("author_icon"),
        title: text("title"),
        title_link: text("title_link"),
        thumb_url: text("thumb_url"),
        footer: text("footer"),
        footer_icon: text("footer_icon"),
        image_url: text("image_url"),
        fields: r.sections(
            "fields",
            "missing title in Mattermost field configuration",
            read_field,
        ),
    }
}

fn read_field(r: &mut Reader<'_>) -> FieldSettings {
    let field = FieldSettings {
        title: r.text("title"),
        value: r.text("value"),
        short: r.bool_maybe("short"),
    };
    if field.title.is_empty() {
        r.refuse("title", "missing title in Mattermost field configuration");
    } else if field.value.is_empty() {
        r.refuse("value", "missing value in Mattermost field configuration");
    }
    field
}
