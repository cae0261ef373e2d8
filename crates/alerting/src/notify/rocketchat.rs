//! `rocketchat_configs`: a message with one attachment in a channel of Rocket.Chat.
//!
//! Source: Rocket.Chat's API documentation, "Post Message".

use binnacle_client::settings::{HttpSettings, SecretText, Source};
use binnacle_client::{HttpError, Method};
use binnacle_config::reader::Reader;
use binnacle_model::alert::{BoxFuture, Texts};
use serde::{Deserialize, Serialize};

use super::http::{Answer, Call, Deadline, Http, parse_url};
use super::json::to_json;
use super::rendering::Rendering;
use super::retry::Retry;
use super::text::truncate_chars;
use super::{FailureReason, Notification, Notifier, NotifyError, Sent};
use crate::config::{Global, fields};

const TITLE_CHARS_MAX: usize = 1024;

/// One element of `rocketchat_configs`.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    http: HttpSettings,
    api_url: String,
    token_id: Source,
    token: Source,
    channel: String,
    color: String,
    title: String,
    title_link: String,
    text: String,
    fields: Vec<FieldSettings>,
    emoji: String,
    icon_url: String,
    image_url: String,
    thumb_url: String,
    actions: Vec<ActionSettings>,
}

#[derive(Debug, Clone, PartialEq)]
struct FieldSettings {
    short: Option<bool>,
    title: String,
    value: String,
}

#[derive(Debug, Clone, PartialEq)]
struct ActionSettings {
    text: String,
    url: String,
    msg: String,
}

/// Reads an element.
pub fn read(r: &mut Reader<'_>, global: &Global) -> Settings {
    let http = fields::http_config(r, global);
    let api_url = fields::url(r, "api_url").or_else(|| global.rocketchat_api_url.clone());
    if api_url.is_none() {
        r.refuse("api_url", "no global Rocketchat URL set");
    }
    let token_id = fields::secret(r, "token_id", "token_id_file")
        .or_else(|| global.rocketchat_token_id.clone());
    if token_id.is_none() {
        r.refuse_all("no global Rocketchat TokenID set either inline or in a file");
    }
    let token =
        fields::secret(r, "token", "token_file").or_else(|| global.rocketchat_token.clone());
    if token.is_none() {
        r.refuse_all("no global Rocketchat Token set either inline or in a file");
    }
    let none = Source::Text(SecretText::default());
    let mut settings = Settings {
        http,
        api_url: api_url.unwrap_or_default(),
        token_id: token_id.unwrap_or_else(|| none.clone()),
        token: token.unwrap_or(none),
        channel: r.text("channel"),
        color: r.text_or(
            "color",
            r#"{{ if eq .Status "firing" }}red{{ else }}green{{ end }}"#,
        ),
        title: r.text_or("title", r#"{{ template "rocketchat.default.title" . }}"#),
        title_link: r.text_or(
            "title_link",
            r#"{{ template "rocketchat.default.titlelink" . }}"#,
        ),
        text: r.text_or("text", r#"{{ template "rocketchat.default.text" . }}"#),
        fields: r.sections("fields", "missing field in rocketchat_config", read_field),
        emoji: r.text_or("emoji", r#"{{ template "rocketchat.default.emoji" . }}"#),
        icon_url: r.text_or(
            "icon_url",
            r#"{{ template "rocketchat.default.iconurl" . }}"#,
        ),
        image_url: r.text("image_url"),
        thumb_url: r.text("thumb_url"),
        actions: r.sections(
            "actions",
            "missing action in rocketchat_config",
            read_action,
        ),
    };
    let short = r.bool_or("short_fields", false);
    for field in &mut settings.fields {
        field.short.get_or_insert(short);
    }
    if r.bool_or("link_names", false) {
        r.inactive("link_names", "Rocket.Chat links names by itself");
    }
    settings
}

fn read_field(r: &mut Reader<'_>) -> FieldSettings {
    FieldSettings {
        short: r.bool_maybe("short"),
        title: r.text("title"),
        value: r.text("value"),
    }
}

fn read_action(r: &mut Reader<'_>) -> ActionSettings {
    let only = "an action is a button that opens a URL or sends a message, nothing else";
    // Their names are those of Alertmanager, which has them without underscores.
    for key in [
        "type",
        "imageurl",
        "webviewheightratio",
        "msgprocessingtype",
    ] {
        if !matches!(r.text(key).as_str(), "" | "button") {
            r.inactive(key, only);
        }
    }
    for key in ["iswebview", "msginchatwindow"] {
        if r.bool(key) {
            r.inactive(key, only);
        }
    }
    ActionSettings {
        text: r.text("text"),
        url: r.text("url"),
        msg: r.text("msg"),
    }
}

/// Posts to a channel of Rocket.Chat.
#[derive(Debug)]
pub struct RocketChat {
    settings: Settings,
    http: Http,
}

#[derive(Serialize)]
struct Message {
    #[serde(skip_serializing_if = "String::is_empty")]
    channel: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    emoji: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    avatar: String,
    attachments: [Attachment; 1],
}

#[derive(Serialize)]
struct Attachment {
    #[serde(skip_serializing_if = "String::is_empty")]
    title: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    title_link: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    text: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    image_url: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    thumb_url: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    color: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    fields: Vec<Field>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    actions: Vec<Action>,
}

#[derive(Serialize)]
struct Field {
    short: bool,
    #[serde(skip_serializing_if = "String::is_empty")]
    title: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    value: String,
}

#[derive(Serialize)]
struct Action {
    r#type: &'static str,
    #[serde(skip_serializing_if = "String::is_empty")]
    text: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    url: String,
    is_webview: bool,
    #[serde(skip_serializing_if = "String::is_empty")]
    msg: String,
    msg_in_chat_window: bool,
}

impl RocketChat {
    /// An integration with these settings.
    ///
    /// # Errors
    /// When the settings of HTTP cannot be used.
    pub fn new(settings: &Settings) -> Result<Self, HttpError> {
        Ok(Self {
            http: Http::new(&settings.http)?,
            settings: settings.clone(),
        })
    }

    fn attachment(&self, notification: &Notification<'_>, rendering: &Rendering<'_>) -> Attachment {
        let settings = &self.settings;
        let title = rendering.line("title", &settings.title);
        let mut attachment = Attachment {
            title: truncate_chars(&title, TITLE_CHARS_MAX).0,
            title_link: rendering.value("title_link", &settings.title_link),
            text: rendering.text("text", &settings.text),
            image_url: rendering.value("image_url", &settings.image_url),
            thumb_url: rendering.value("thumb_url", &settings.thumb_url),
            color: rendering.value("color", &settings.color),
            fields: settings
                .fields
                .iter()
                .map(|f| f.render(rendering))
                .collect(),
            actions: settings
                .actions
                .iter()
                .map(|a| a.render(rendering))
                .collect(),
        };
        let graph = notification.graph.and_then(|graph| graph.url.as_ref());
        if let Some(url) = graph.filter(|_| settings.image_url.is_empty()) {
            attachment.image_url.clone_from(url);
        }
        attachment.text = rendering.with_failures(attachment.text);
        attachment
    }

    async fn send(&self, notification: &Notification<'_>) -> Result<Sent, NotifyError> {
        let settings = &self.settings;
        let rendering = Rendering::new(notification);
        let channel = rendering.address("channel", &settings.channel)?;
        let message = Message {
            emoji: rendering.value("emoji", &settings.emoji),
            avatar: rendering.value("icon_url", &settings.icon_url),
            attachments: [self.attachment(notification, &rendering)],
            channel,
        };
        let mut url = parse_url(&settings.api_url)?;
        let base = url.path().trim_end_matches('/').to_owned();
        url.set_path(&format!("{base}/api/v1/chat.postMessage"));
        let token = settings.token.read()?;
        let token_id = settings.token_id.read()?;
        let call = Call {
            method: Method::POST,
            url: url.as_str(),
            headers: &[
                ("Content-Type", "application/json"),
                ("X-Auth-Token", &token),
                ("X-User-Id", &token_id),
            ],
            body: to_json(&message).into(),
        };
        let answer = self.http.send(call, Deadline::of(notification)).await?;
        check(&answer).map_err(|e| e.during(&format!("channel {:?}", message.channel)))?;
        let [attachment] = message.attachments;
        Ok(Sent {
            title: attachment.title,
            text: attachment.text,
            store: Texts::new(),
            template_errors: rendering.failures(),
        })
    }
}

/// A refusal may come with status 200.
fn check(answer: &Answer) -> Result<(), NotifyError> {
    #[derive(Deserialize)]
    struct Said {
        #[serde(default)]
        success: bool,
        #[serde(default)]
        error: String,
    }
    Retry::default().check(answer)?;
    match serde_json::from_slice::<Said>(&answer.body) {
        Ok(said) if said.success => Ok(()),
        Ok(said) => Err(NotifyError::fatal(format!(
            "error response from Rocketchat: {}",
            said.error
        ))),
        Err(e) => Err(NotifyError::retry(format!(
            "could not unmarshal JSON response {:?}: {e}",
            truncate_chars(&answer.text(), 200).0
        ))),
    }
    .map_err(|e| e.because(FailureReason::ClientError))
}

impl FieldSettings {
    fn render(&self, rendering: &Rendering<'_>) -> Field {
        Field {
            short: self.short.unwrap_or(false),
            title: rendering.value("fields", &self.title),
            value: rendering.value("fields", &self.value),
        }
    }
}

impl ActionSettings {
    fn render(&self, rendering: &Rendering<'_>) -> Action {
        Action {
            r#type: "button",
            text: rendering.value("actions", &self.text),
            url: rendering.value("actions", &self.url),
            is_webview: false,
            msg: rendering.value("actions", &self.msg),
            msg_in_chat_window: false,
        }
    }
}

impl Notifier for RocketChat {
    fn notify<'a>(
        &'a self,
        notification: &'a Notification<'a>,
    ) -> BoxFuture<'a, Result<Sent, NotifyError>> {
        Box::pin(self.send(notification))
    }

    fn render(&self, notification: &Notification<'_>) -> Texts {
        let rendering = Rendering::new(notification);
        let attachment = self.attachment(notification, &rendering);
        vec![
            ("title".to_owned(), attachment.title),
            ("text".to_owned(), attachment.text),
        ]
    }

    fn destination(&self) -> String {
        self.settings.channel.clone()
    }

    fn wants_graph(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::notify::testing::{self, Answer as Said, Server, Told};

    const TAKEN: &str = r#"{"success":true}"#;

    fn rocketchat(server: &Server, yaml: &str) -> RocketChat {
        let yaml =
            format!("api_url: '{{url}}/chat/'\ntoken: T\ntoken_id: I\nchannel: '#a'\n{yaml}");
        RocketChat::new(&testing::settings(server, &yaml, read)).expect("usable")
    }

    #[tokio::test]
    async fn bodies() {
        let check = async |yaml: &str, told: Told, want: serde_json::Value| {
            let server = Server::saying(TAKEN).await;
            let sent = rocketchat(&server, yaml).notify(&told.notification()).await;
            sent.expect("taken");
            let request = server.one();
            assert_eq!(request.target, "/chat/api/v1/chat.postMessage");
            assert_eq!(request.header("x-auth-token"), "T");
            assert_eq!(request.header("x-user-id"), "I");
            assert_eq!(request.json(), want, "{yaml}");
        };
        check(
            "title: t\ntitle_link: ''\ntext: x\nemoji: ''\nicon_url: ''\n",
            Told::resolved(1),
            json!({
                "channel": "#a",
                "attachments": [{ "title": "t", "text": "x", "color": "green" }],
            }),
        )
        .await;
        let yaml = "
title: '{{ .Status }}'
title_link: http://l
text: '{{ .CommonAnnotations.summary }}'
emoji: ':fire:'
icon_url: http://i
thumb_url: http://t
short_fields: true
fields:
  - { title: '{{ .Receiver }}', value: v }
  - { title: b, value: w, short: false }
actions:
  - { type: button, text: go, url: 'http://go', msg: hi }
";
        let told = Told::firing(1).with_graph("http://g/1.png");
        check(
            yaml,
            told,
            json!({
                "channel": "#a",
                "emoji": ":fire:",
                "avatar": "http://i",
                "attachments": [{
                    "title": "firing",
                    "title_link": "http://l",
                    "text": "<host0> & co is \"dün\"",
                    "image_url": "http://g/1.png",
                    "thumb_url": "http://t",
                    "color": "red",
                    "fields": [
                        { "short": true, "title": "team", "value": "v" },
                        { "short": false, "title": "b", "value": "w" },
                    ],
                    "actions": [{
                        "type": "button",
                        "text": "go",
                        "url": "http://go",
                        "is_webview": false,
                        "msg": "hi",
                        "msg_in_chat_window": false,
                    }],
                }],
            }),
        )
        .await;
    }

    #[tokio::test]
    async fn refusals() {
        let check = async |answer: Said, retry: bool, reason: FailureReason, message: &str| {
            let server = Server::start(vec![answer]).await;
            let told = Told::firing(1);
            let error = rocketchat(&server, "").notify(&told.notification()).await;
            let error = error.expect_err("refused");
            assert_eq!((error.retry, error.reason), (retry, reason), "{message}");
            assert!(error.message.starts_with(message), "{}", error.message);
        };
        check(
            Said::Status(200, r#"{"success":false,"error":"no-channel"}"#),
            false,
            FailureReason::ClientError,
            "channel \"#a\": error response from Rocketchat: no-channel",
        )
        .await;
        check(
            Said::Status(200, "<html>"),
            true,
            FailureReason::ClientError,
            "channel \"#a\": could not unmarshal JSON response \"<html>\"",
        )
        .await;
        check(
            Said::Status(502, ""),
            true,
            FailureReason::ServerError,
            "channel \"#a\": unexpected status code 502",
        )
        .await;
        check(
            Said::Status(429, ""),
            false,
            FailureReason::RateLimited,
            "channel \"#a\": unexpected status code 429",
        )
        .await;
    }

    #[test]
    fn what_is_refused() {
        let check = |global: &str, yaml: &str, want: &[&str]| {
            let errors = testing::read(global, yaml, read).err().unwrap_or_default();
            assert_eq!(errors, want, "{yaml}");
        };
        check("", "{ token: t, token_id: i }", &[]);
        check("{ rocketchat_token: t, rocketchat_token_id: i }", "{}", &[]);
        check(
            "",
            "{ token: t }",
            &["no global Rocketchat TokenID set either inline or in a file"],
        );
        check(
            "",
            "{ token_id: i }",
            &["no global Rocketchat Token set either inline or in a file"],
        );
        check(
            "",
            "{ token: t, token_file: f, token_id: i }",
            &["at most one of token & token_file must be configured"],
        );
    }
}
