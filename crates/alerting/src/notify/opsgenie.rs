//! `opsgenie_configs`: the Alert API of Opsgenie (create, close, and on demand update
//! of message and description).

use std::collections::BTreeMap;

use binnacle_client::settings::{HttpSettings, Source};
use binnacle_client::{HttpError, Method};
use binnacle_config::reader::Reader;
use binnacle_model::alert::{BoxFuture, Texts};
use serde::Serialize;

use crate::config::{Global, fields};

use super::http::{Call, Deadline, Http, parse_url};
use super::json::to_json;
use super::rendering::Rendering;
use super::retry::Retry;
use super::text::{key_hash, truncate_chars};
use super::victorops::with_slash;
use super::{Notification, Notifier, NotifyError, Sent};

/// Characters of a message, at most (Alert API, "Create Alert").
const MESSAGE_CHARS_MAX: usize = 130;
/// 429 says that requests come too fast.
const RETRY: Retry = Retry {
    codes: &[429],
    details: None,
};

/// What the file says. Texts are templates.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// How the server is spoken to.
    pub http: HttpSettings,
    /// Up to `v2`, with a `/` at its end.
    pub api_url: String,
    /// `GenieKey`, a template.
    pub api_key: Source,
    /// One line.
    pub message: String,
    /// The text.
    pub description: String,
    /// Where it comes from.
    pub source: String,
    /// Further fields; common labels are there anyway.
    pub details: Vec<(String, String)>,
    /// What it is about.
    pub entity: String,
    /// Who is told.
    pub responders: Vec<Responder>,
    /// Actions, separated by commas.
    pub actions: String,
    /// Tags, separated by commas.
    pub tags: String,
    /// A note.
    pub note: String,
    /// `P1` to `P5`.
    pub priority: String,
    /// Whether message and description of an open alert are kept up to date.
    pub update_alerts: bool,
}

/// Somebody who is told; one of the first three names them.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Responder {
    /// By number.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub id: String,
    /// By name; for `teams` several, separated by commas.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// By user name.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub username: String,
    /// `team`, `teams`, `user`, `escalation` or `schedule`.
    #[serde(rename = "type")]
    pub kind: String,
}

/// Reads one element of `opsgenie_configs`.
pub fn read(r: &mut Reader<'_>, global: &Global) -> Settings {
    let http = fields::http_config(r, global);
    let api_key = fields::secret(r, "api_key", "api_key_file");
    let api_url = fields::url(r, "api_url").or_else(|| global.opsgenie_api_url.clone());
    if api_url.is_none() {
        r.refuse("api_url", "no global OpsGenie URL set");
    }
    let api_key = api_key.or_else(|| global.opsgenie_api_key.clone());
    if api_key.is_none() {
        r.refuse(
            "api_key",
            "no global OpsGenie API Key set either inline or in a file",
        );
    }
    Settings {
        http,
        api_url: api_url.map(with_slash).unwrap_or_default(),
        api_key: api_key.unwrap_or(Source::Text(Default::default())),
        message: r.text_or("message", r#"{{ template "opsgenie.default.message" . }}"#),
        description: r.text_or(
            "description",
            r#"{{ template "opsgenie.default.description" . }}"#,
        ),
        source: r.text_or("source", r#"{{ template "opsgenie.default.source" . }}"#),
        details: super::read_texts(r, "details"),
        entity: r.text("entity"),
        responders: r.sections(
            "responders",
            "opsGenieConfig responder is empty",
            read_responder,
        ),
        actions: r.text("actions"),
        tags: r.text("tags"),
        note: r.text("note"),
        priority: r.text("priority"),
        update_alerts: r.bool("update_alerts"),
    }
}

fn read_responder(r: &mut Reader<'_>) -> Responder {
    let responder = Responder {
        id: r.text("id"),
        name: r.text("name"),
        username: r.text("username"),
        kind: r.text("type"),
    };
    let shown = format!(
        "{{{} {} {} {}}}",
        responder.id, responder.name, responder.username, responder.kind
    );
    if responder.id.is_empty() && responder.name.is_empty() && responder.username.is_empty() {
        r.refuse_all(format!(
            "opsGenieConfig responder {shown} has to have at least one of id, username or name specified"
        ));
    }
    let kinds = ["team", "teams", "user", "escalation", "schedule"];
    if !responder.kind.contains("{{")
        && !kinds.contains(&responder.kind.to_ascii_lowercase().as_str())
    {
        r.refuse(
            "type",
            format!(
                "opsGenieConfig responder {shown} type does not match valid options ^(team|teams|user|escalation|schedule)$"
            ),
        );
    }
    responder
}

#[derive(Serialize)]
struct Create {
    alias: String,
    message: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    description: String,
    details: BTreeMap<String, String>,
    source: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    responders: Vec<Responder>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tags: Vec<String>,
    #[serde(skip_serializing_if = "String::is_empty")]
    note: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    priority: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    entity: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    actions: Vec<String>,
}

#[derive(Serialize)]
struct Close {
    source: String,
}

#[derive(Serialize)]
struct UpdateMessage<'a> {
    #[serde(skip_serializing_if = "str::is_empty")]
    message: &'a str,
}

#[derive(Serialize)]
struct UpdateDescription<'a> {
    #[serde(skip_serializing_if = "str::is_empty")]
    description: &'a str,
}

/// A request: verb, path behind `api_url`, body.
type Step = (Method, String, Vec<u8>);

/// Opsgenie, ready to be called.
#[derive(Debug)]
pub struct OpsGenie {
    settings: Settings,
    http: Http,
}

impl OpsGenie {
    /// With these settings.
    ///
    /// # Errors
    /// When the HTTP settings cannot be used.
    pub fn new(settings: &Settings) -> Result<Self, HttpError> {
        Ok(Self {
            http: Http::new(&settings.http)?,
            settings: settings.clone(),
        })
    }

    fn create(&self, notification: &Notification<'_>, rendering: &Rendering<'_>) -> Create {
        let settings = &self.settings;
        let mut details: BTreeMap<String, String> = rendering.data().common_labels.0.clone();
        for (name, template) in &settings.details {
            let value = rendering.value(&format!("details.{name}"), template);
            details.insert(name.clone(), value);
        }
        let message = rendering.line("message", &settings.message);
        let description = rendering.text("description", &settings.description);
        let list = |field: &str, template: &str| split(&rendering.value(field, template));
        Create {
            alias: key_hash(notification.group_key),
            message: truncate_chars(&message, MESSAGE_CHARS_MAX).0,
            details,
            source: rendering.value("source", &settings.source),
            responders: self.responders(rendering),
            tags: list("tags", &settings.tags),
            note: rendering.value("note", &settings.note),
            priority: rendering.value("priority", &settings.priority),
            entity: rendering.value("entity", &settings.entity),
            actions: list("actions", &settings.actions),
            // Fields are evaluated in order: by now all failures are known.
            description: rendering.with_failures(description),
        }
    }

    fn responders(&self, rendering: &Rendering<'_>) -> Vec<Responder> {
        let mut out = Vec::new();
        for responder in &self.settings.responders {
            let value = |template: &str| rendering.value("responders", template);
            let responder = Responder {
                id: value(&responder.id),
                name: value(&responder.name),
                username: value(&responder.username),
                kind: value(&responder.kind),
            };
            // Templates may leave one out for some alerts.
            if responder == Responder::default() {
                continue;
            }
            if responder.kind != "teams" {
                out.push(responder);
                continue;
            }
            out.extend(split(&responder.name).into_iter().map(|name| Responder {
                name,
                kind: "team".to_owned(),
                ..Responder::default()
            }));
        }
        out
    }

    fn steps(&self, notification: &Notification<'_>, create: &Create) -> Vec<Step> {
        let alias = key_hash(notification.group_key);
        let mut steps = vec![(Method::POST, "v2/alerts".to_owned(), to_json(create))];
        if self.settings.update_alerts {
            let path = |what: &str| format!("v2/alerts/{alias}/{what}?identifierType=alias");
            let message = UpdateMessage {
                message: &create.message,
            };
            steps.push((Method::PUT, path("message"), to_json(&message)));
            let description = UpdateDescription {
                description: &create.description,
            };
            steps.push((Method::PUT, path("description"), to_json(&description)));
        }
        steps
    }

    async fn send(&self, notification: &Notification<'_>) -> Result<Sent, NotifyError> {
        let deadline = Deadline::of(notification);
        let rendering = Rendering::new(notification);
        let (steps, title, text) = if notification.resolved() {
            let close = Close {
                source: rendering.value("source", &self.settings.source),
            };
            let alias = key_hash(notification.group_key);
            let path = format!("v2/alerts/{alias}/close?identifierType=alias");
            let title = rendering.line("message", &self.settings.message);
            (
                vec![(Method::POST, path, to_json(&close))],
                title,
                String::new(),
            )
        } else {
            let create = self.create(notification, &rendering);
            let steps = self.steps(notification, &create);
            (steps, create.message, create.description)
        };
        let key = rendering.address("api_key", &self.settings.api_key.read()?)?;
        let authorization = format!("GenieKey {}", key.trim());
        for (method, path, body) in steps {
            let url = self.url(&path)?;
            let call = Call {
                method,
                url: &url,
                headers: &[
                    ("Content-Type", "application/json"),
                    ("Authorization", &authorization),
                ],
                body: body.into(),
            };
            RETRY.check(&self.http.send(call, deadline).await?)?;
        }
        Ok(Sent {
            title,
            text,
            template_errors: rendering.failures(),
            ..Sent::default()
        })
    }

    /// `path` behind the API's own; its query goes with that of the API's URL.
    fn url(&self, path: &str) -> Result<String, NotifyError> {
        let mut url = parse_url(&self.settings.api_url)?;
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let whole = format!("{}{path}", url.path());
        url.set_path(&whole);
        if let Some((name, value)) = query.split_once('=') {
            url.query_pairs_mut().append_pair(name, value);
        }
        Ok(url.into())
    }
}

/// Like Go's `strings.Split` of the trimmed text, without empty parts.
fn split(text: &str) -> Vec<String> {
    text.trim()
        .split(',')
        .filter(|part| !part.is_empty())
        .map(str::to_owned)
        .collect()
}

impl Notifier for OpsGenie {
    fn notify<'a>(
        &'a self,
        notification: &'a Notification<'a>,
    ) -> BoxFuture<'a, Result<Sent, NotifyError>> {
        Box::pin(self.send(notification))
    }

    fn render(&self, notification: &Notification<'_>) -> Texts {
        let rendering = Rendering::new(notification);
        let create = self.create(notification, &rendering);
        let body = String::from_utf8_lossy(&to_json(&create))
            .trim_end()
            .to_owned();
        vec![
            ("message".to_owned(), create.message),
            ("description".to_owned(), create.description),
            ("body".to_owned(), body),
        ]
    }

    fn destination(&self) -> String {
        super::host_of(&self.settings.api_url)
    }
}
