//! `victorops_configs`: the generic REST endpoint of VictorOps (Splunk On-Call).

use std::collections::BTreeMap;

use binnacle_client::HttpError;
use binnacle_client::settings::{HttpSettings, Source};
use binnacle_config::reader::Reader;
use binnacle_model::alert::{BoxFuture, Texts};

use crate::config::{Global, fields};

use super::http::{Deadline, Http, parse_url};
use super::json::to_json;
use super::rendering::Rendering;
use super::retry::Retry;
use super::text::{key_hash, truncate_chars};
use super::{Notification, Notifier, NotifyError, Sent};

/// Characters of a state message, at most (incident fields glossary).
const MESSAGE_CHARS_MAX: usize = 20_480;
/// Fields that are ours to fill.
const RESERVED: [&str; 7] = [
    "routing_key",
    "message_type",
    "state_message",
    "entity_display_name",
    "monitoring_tool",
    "entity_id",
    "entity_state",
];

/// What the file says. Texts are templates.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// How the server is spoken to.
    pub http: HttpSettings,
    /// Up to the key, with a `/` at its end.
    pub api_url: String,
    /// Key of the integration.
    pub api_key: Source,
    /// To which team.
    pub routing_key: String,
    /// `INFO`, `WARNING` or `CRITICAL` while something fires.
    pub message_type: String,
    /// The text.
    pub state_message: String,
    /// The title.
    pub entity_display_name: String,
    /// Where it comes from.
    pub monitoring_tool: String,
    /// Further fields.
    pub custom_fields: Vec<(String, String)>,
}

/// Reads one element of `victorops_configs`.
pub fn read(r: &mut Reader<'_>, global: &Global) -> Settings {
    let http = fields::http_config(r, global);
    let key = fields::secret(r, "api_key", "api_key_file");
    let url = fields::url(r, "api_url").or_else(|| global.victorops_api_url.clone());
    let settings = Settings {
        http,
        api_url: url.map(with_slash).unwrap_or_default(),
        api_key: key
            .or_else(|| global.victorops_api_key.clone())
            .unwrap_or(Source::Text(Default::default())),
        routing_key: r.text("routing_key"),
        message_type: r.text_or("message_type", "CRITICAL"),
        state_message: r.text_or(
            "state_message",
            r#"{{ template "victorops.default.state_message" . }}"#,
        ),
        entity_display_name: r.text_or(
            "entity_display_name",
            r#"{{ template "victorops.default.entity_display_name" . }}"#,
        ),
        monitoring_tool: r.text_or(
            "monitoring_tool",
            r#"{{ template "victorops.default.monitoring_tool" . }}"#,
        ),
        custom_fields: super::read_texts(r, "custom_fields"),
    };
    if settings.routing_key.is_empty() {
        r.refuse("routing_key", "missing Routing key in VictorOps config");
    }
    for (name, _) in &settings.custom_fields {
        if RESERVED.contains(&name.as_str()) {
            let message = format!(
                "victorOps config contains custom field {name} which cannot be used as it conflicts with the fixed/static fields"
            );
            r.refuse("custom_fields", message);
        }
    }
    if settings.api_url.is_empty() {
        r.refuse("api_url", "no global VictorOps URL set");
    }
    if super::is_unset(&settings.api_key) {
        r.refuse("api_key", "no global VictorOps API Key set");
    }
    settings
}

/// The URL with a `/` at the end of its path.
pub(super) fn with_slash(url: String) -> String {
    match url::Url::parse(&url) {
        Ok(mut parsed) if !parsed.path().ends_with('/') => {
            let path = format!("{}/", parsed.path());
            parsed.set_path(&path);
            parsed.into()
        }
        _ => url,
    }
}

/// VictorOps, ready to be called.
#[derive(Debug)]
pub struct VictorOps {
    settings: Settings,
    http: Http,
}

impl VictorOps {
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

    fn message(
        &self,
        notification: &Notification<'_>,
        rendering: &Rendering<'_>,
    ) -> BTreeMap<String, String> {
        let settings = &self.settings;
        let mut kind = rendering.value("message_type", &settings.message_type);
        if notification.resolved() {
            kind = "RECOVERY".to_owned();
        } else if !matches!(kind.as_str(), "INFO" | "WARNING" | "CRITICAL") {
            kind = "CRITICAL".to_owned();
        }
        let state = rendering.text("state_message", &settings.state_message);
        let mut message = BTreeMap::from([
            ("message_type", kind),
            ("entity_id", key_hash(notification.group_key)),
            (
                "entity_display_name",
                rendering.line("entity_display_name", &settings.entity_display_name),
            ),
            (
                "monitoring_tool",
                rendering.value("monitoring_tool", &settings.monitoring_tool),
            ),
        ])
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect::<BTreeMap<_, _>>();
        for (name, template) in &settings.custom_fields {
            let value = rendering.value(&format!("custom_fields.{name}"), template);
            message.insert(name.clone(), value);
        }
        let (state, _) = truncate_chars(&rendering.with_failures(state), MESSAGE_CHARS_MAX);
        message.insert("state_message".to_owned(), state);
        message
    }

    async fn send(&self, notification: &Notification<'_>) -> Result<Sent, NotifyError> {
        let deadline = Deadline::of(notification);
        let rendering = Rendering::new(notification);
        let routing_key = rendering.address("routing_key", &self.settings.routing_key)?;
        let mut url = parse_url(&self.settings.api_url)?;
        let key = self.settings.api_key.read()?;
        url.set_path(&format!("{}{key}/{routing_key}", url.path()));
        let mut message = self.message(notification, &rendering);
        let answer = self
            .http
            .post_json(url.as_str(), to_json(&message), deadline)
            .await?;
        Retry::default().check(&answer)?;
        Ok(Sent {
            title: message.remove("entity_display_name").unwrap_or_default(),
            text: message.remove("state_message").unwrap_or_default(),
            template_errors: rendering.failures(),
            ..Sent::default()
        })
    }
}

impl Notifier for VictorOps {
    fn notify<'a>(
        &'a self,
        notification: &'a Notification<'a>,
    ) -> BoxFuture<'a, Result<Sent, NotifyError>> {
        Box::pin(self.send(notification))
    }

    fn render(&self, notification: &Notification<'_>) -> Texts {
        let rendering = Rendering::new(notification);
        self.message(notification, &rendering).into_iter().collect()
    }

    fn destination(&self) -> String {
        format!("VictorOps, routing key {}", self.settings.routing_key)
    }
}
