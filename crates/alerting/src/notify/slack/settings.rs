//! What `slack_configs` says.

use std::time::Duration;

use binnacle_client::settings::{Auth, HttpSettings, SecretText, Source};
use binnacle_config::http;
use binnacle_config::reader::Reader;

use crate::config::{Global, fields};
use crate::notify::timeout;

/// The method that answers with what is needed to edit a message.
const POST_MESSAGE: &str = "https://slack.com/api/chat.postMessage";

/// What the file says. Texts are templates.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// How Slack is spoken to; with the app's token, if there is one.
    pub http: HttpSettings,
    /// Where to.
    pub api_url: Source,
    /// `#channel` or `@user`; empty: the webhook's own.
    pub channel: String,
    /// Who says it.
    pub username: String,
    /// Colour of the bar.
    pub color: String,
    /// Title.
    pub title: String,
    /// Where the title leads.
    pub title_link: String,
    /// Before the attachment.
    pub pretext: String,
    /// The text.
    pub text: String,
    /// The message's own text, above the attachment.
    pub message_text: String,
    /// Fields in two columns.
    pub fields: Vec<Field>,
    /// Whether fields are short that do not say.
    pub short_fields: bool,
    /// Under the attachment.
    pub footer: String,
    /// For clients that do not show attachments.
    pub fallback: String,
    /// Handed back when a button is pressed.
    pub callback_id: String,
    /// Picture of the sender.
    pub icon_emoji: String,
    /// Picture of the sender.
    pub icon_url: String,
    /// Picture in the attachment.
    pub image_url: String,
    /// Small picture in the attachment.
    pub thumb_url: String,
    /// Whether names become links.
    pub link_names: bool,
    /// Fields with mark-up.
    pub mrkdwn_in: Vec<String>,
    /// Buttons.
    pub actions: Vec<Action>,
    /// Whether the group's first message is edited instead of sending another.
    pub update_message: bool,
    /// How long an answer is waited for; 0: as long as the notification is of use.
    pub timeout: Duration,
}

/// A field of the attachment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Title.
    pub title: String,
    /// Value.
    pub value: String,
    /// Whether it may stand beside others.
    pub short: Option<bool>,
}

/// A button.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Action {
    /// `button`
    pub kind: String,
    /// What stands on it.
    pub text: String,
    /// Where it leads.
    pub url: String,
    /// `primary` or `danger`.
    pub style: String,
    /// Handed back when it is pressed.
    pub name: String,
    /// Handed back when it is pressed.
    pub value: String,
    /// Asked before.
    pub confirm: Option<Confirmation>,
}

/// A question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Confirmation {
    /// The question.
    pub text: String,
    /// Title.
    pub title: String,
    /// Yes.
    pub ok_text: String,
    /// No.
    pub dismiss_text: String,
}

/// Reads one element of `slack_configs`.
pub fn read(r: &mut Reader<'_>, global: &Global) -> Settings {
    let (http, api_url) = read_access(r, global);
    let text = |r: &mut Reader<'_>, key: &'static str, template: &str| {
        r.text_or(
            key,
            &format!("{{{{ template \"slack.default.{template}\" . }}}}"),
        )
    };
    let settings = Settings {
        http,
        api_url,
        channel: r.text("channel"),
        username: text(r, "username", "username"),
        color: text(r, "color", "color"),
        title: text(r, "title", "title"),
        title_link: text(r, "title_link", "titlelink"),
        pretext: text(r, "pretext", "pretext"),
        text: text(r, "text", "text"),
        message_text: r.text("message_text"),
        fields: r.sections(
            "fields",
            "missing title in Slack field configuration",
            read_field,
        ),
        short_fields: r.bool_or("short_fields", false),
        footer: text(r, "footer", "footer"),
        fallback: text(r, "fallback", "fallback"),
        callback_id: text(r, "callback_id", "callbackid"),
        icon_emoji: text(r, "icon_emoji", "iconemoji"),
        icon_url: text(r, "icon_url", "iconurl"),
        image_url: r.text("image_url"),
        thumb_url: r.text("thumb_url"),
        link_names: r.bool_or("link_names", false),
        mrkdwn_in: r.texts("mrkdwn_in").into_iter().map(|t| t.value).collect(),
        actions: r.sections(
            "actions",
            "missing type in Slack action configuration",
            read_action,
        ),
        update_message: r.bool_or("update_message", false),
        timeout: timeout::read(r, "timeout"),
    };
    if settings.update_message && !can_update(&settings.api_url) {
        r.refuse(
            "update_message",
            format!(
                "update_message can only be used with bot tokens. api_url must be set to {POST_MESSAGE}"
            ),
        );
    }
    settings
}

fn can_update(api_url: &Source) -> bool {
    matches!(api_url, Source::Text(url) if url.reveal() == POST_MESSAGE)
}

/// Webhook or token, of the receiver or else of `global`; a token goes into the HTTP
/// settings, and messages to the app's URL.
fn read_access(r: &mut Reader<'_>, global: &Global) -> (HttpSettings, Source) {
    let http = r.section("http_config", http::read);
    let authorized = http.as_ref().is_some_and(|h| h.authorization.is_some());
    let webhook = fields::secret_url_or_file(r, "api_url", "api_url_file");
    let own_token = fields::secret(r, "app_token", "app_token_file");
    let app_url = fields::url(r, "app_url").or_else(|| global.slack_app_url.clone());
    if webhook.is_some() && own_token.is_some() {
        r.refuse_all(
            "at most one of api_url/api_url_file & app_token/app_token_file must be configured",
        );
    }
    if app_url.is_none() {
        r.refuse("app_url", "no global Slack App URL set");
    }
    let token = own_token.or_else(|| {
        let own = authorized || webhook.is_some();
        (!own).then(|| global.slack_app_token.clone()).flatten()
    });
    let mut settings = http.as_ref().unwrap_or(&global.http_config).resolve();
    let url = match token {
        Some(credentials) => {
            if http
                .as_ref()
                .unwrap_or(&global.http_config)
                .authorization
                .is_some()
            {
                r.refuse(
                    "http_config",
                    "http authorization can't be set when using Slack App tokens",
                );
            }
            settings.auth = Auth::Token {
                kind: "Bearer".to_owned(),
                credentials,
            };
            app_url.map(|url| Source::Text(SecretText::new(url)))
        }
        None => {
            let webhook = webhook.or_else(|| global.slack_api_url.clone());
            if webhook.is_none() {
                r.refuse_all("no Slack API URL nor App token set either inline or in a file");
            }
            webhook
        }
    };
    (settings, url.unwrap_or(Source::Text(SecretText::default())))
}

fn read_field(r: &mut Reader<'_>) -> Field {
    let field = Field {
        title: r.text("title"),
        value: r.text("value"),
        short: r.bool_maybe("short"),
    };
    if field.title.is_empty() {
        r.refuse("title", "missing title in Slack field configuration");
    } else if field.value.is_empty() {
        r.refuse("value", "missing value in Slack field configuration");
    }
    field
}

fn read_action(r: &mut Reader<'_>) -> Action {
    let mut action = Action {
        kind: r.text("type"),
        text: r.text("text"),
        url: r.text("url"),
        style: r.text("style"),
        name: r.text("name"),
        value: r.text("value"),
        confirm: r.section("confirm", read_confirmation),
    };
    if action.kind.is_empty() {
        r.refuse("type", "missing type in Slack action configuration");
    } else if action.text.is_empty() {
        r.refuse("text", "missing text in Slack action configuration");
    }
    if !action.url.is_empty() {
        // A link is not a button that hands something back.
        action.name.clear();
        action.value.clear();
        action.confirm = None;
    } else if action.name.is_empty() {
        r.refuse_all("missing name or url in Slack action configuration");
    }
    action
}

fn read_confirmation(r: &mut Reader<'_>) -> Confirmation {
    let confirmation = Confirmation {
        text: r.text("text"),
        title: r.text("title"),
        ok_text: r.text("ok_text"),
        dismiss_text: r.text("dismiss_text"),
    };
    if confirmation.text.is_empty() {
        r.refuse("text", "missing text in Slack confirmation configuration");
    }
    confirmation
}
