//! `webex_configs`: a message in a room of Webex, sent by a bot.
//!
//! Source: Webex for Developers, "Create a Message".

use binnacle_client::HttpError;
use binnacle_client::settings::HttpSettings;
use binnacle_config::http;
use binnacle_config::reader::Reader;
use binnacle_model::alert::{BoxFuture, Texts};
use serde::Serialize;

use super::http::{Deadline, Http};
use super::json::to_json;
use super::rendering::Rendering;
use super::retry::Retry;
use super::text::truncate_bytes;
use super::{Notification, Notifier, NotifyError, Sent};
use crate::config::{Global, fields};

/// Bytes of a message before it is encrypted.
const MESSAGE_BYTES_MAX: usize = 7439;

/// One element of `webex_configs`.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    http: HttpSettings,
    api_url: String,
    message: String,
    room_id: String,
}

/// Reads an element. The bot's token stands in its own `http_config`.
pub fn read(r: &mut Reader<'_>, global: &Global) -> Settings {
    let own = r.section("http_config", http::read);
    let api_url = fields::url(r, "api_url").or_else(|| global.webex_api_url.clone());
    let settings = Settings {
        http: own.as_ref().unwrap_or(&global.http_config).resolve(),
        api_url: api_url.unwrap_or_default(),
        message: r.text_or("message", r#"{{ template "webex.default.message" . }}"#),
        room_id: r.text("room_id"),
    };
    if settings.room_id.is_empty() {
        r.refuse("room_id", "missing room_id on webex_config");
    }
    if !own.is_some_and(|own| own.authorization.is_some() || own.bearer.is_some()) {
        r.refuse(
            "http_config",
            "missing webex_configs.http_config.authorization",
        );
    }
    if settings.api_url.is_empty() {
        r.refuse("api_url", "no global Webex URL set");
    }
    settings
}

/// Posts to a room of Webex.
#[derive(Debug)]
pub struct Webex {
    settings: Settings,
    http: Http,
}

#[derive(Serialize)]
struct Message<'a> {
    markdown: &'a str,
    #[serde(rename = "roomId", skip_serializing_if = "String::is_empty")]
    room_id: String,
}

impl Webex {
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

    fn text(&self, rendering: &Rendering<'_>) -> String {
        let text = rendering.text("message", &self.settings.message);
        truncate_bytes(&rendering.with_failures(text), MESSAGE_BYTES_MAX).0
    }

    async fn send(&self, notification: &Notification<'_>) -> Result<Sent, NotifyError> {
        let rendering = Rendering::new(notification);
        let text = self.text(&rendering);
        let body = to_json(&Message {
            markdown: &text,
            room_id: rendering.address("room_id", &self.settings.room_id)?,
        });
        let deadline = Deadline::of(notification);
        let url = &self.settings.api_url;
        let answer = self.http.post_json(url, body, deadline).await?;
        Retry::default().check(&answer)?;
        Ok(Sent {
            title: String::new(),
            text,
            store: Texts::new(),
            template_errors: rendering.failures(),
        })
    }
}

impl Notifier for Webex {
    fn notify<'a>(
        &'a self,
        notification: &'a Notification<'a>,
    ) -> BoxFuture<'a, Result<Sent, NotifyError>> {
        Box::pin(self.send(notification))
    }

    fn render(&self, notification: &Notification<'_>) -> Texts {
        let text = self.text(&Rendering::new(notification));
        vec![("message".to_owned(), text)]
    }

    fn destination(&self) -> String {
        self.settings.room_id.clone()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::notify::testing::{self, Server, Told};

    const AUTHORIZED: &str = "http_config: { authorization: { credentials: TOKEN } }";

    #[tokio::test]
    async fn bodies() {
        let check = async |message: &str, want: &str| {
            let server = Server::saying("{}").await;
            let yaml = format!(
                "api_url: '{{url}}/v1/messages'\nroom_id: 'R-{{{{ .Receiver }}}}'\nmessage: '{message}'\n{AUTHORIZED}\n"
            );
            let webex = Webex::new(&testing::settings(&server, &yaml, read)).expect("usable");
            let told = Told::firing(1);
            webex.notify(&told.notification()).await.expect("taken");
            let request = server.one();
            assert_eq!(request.target, "/v1/messages");
            assert_eq!(request.header("authorization"), "Bearer TOKEN");
            let want = json!({ "markdown": want, "roomId": "R-team" });
            assert_eq!(request.json(), want);
        };
        check(
            "{{ .CommonAnnotations.summary }}",
            "<host0> & co is \"dün\"",
        )
        .await;
        // 7439 bytes with the three of the mark; `ü` has two.
        let cut = format!("x{}…", "ü".repeat(3717));
        check(&format!("x{}", "ü".repeat(4000)), &cut).await;
    }

    #[test]
    fn what_is_refused() {
        let check = |yaml: &str, want: &[&str]| {
            let errors = testing::read("", yaml, read).err().unwrap_or_default();
            assert_eq!(errors, want, "{yaml}");
        };
        let missing = "missing webex_configs.http_config.authorization";
        check(&format!("room_id: r\n{AUTHORIZED}"), &[]);
        check("{ room_id: r, http_config: { bearer_token: t } }", &[]);
        check("room_id: r", &[missing]);
        check("{ room_id: r, http_config: {} }", &[missing]);
        check(AUTHORIZED, &["missing room_id on webex_config"]);
        check(
            &format!("room_id: r\napi_url: x\n{AUTHORIZED}"),
            &["unsupported scheme \"\" for URL"],
        );
    }
}
