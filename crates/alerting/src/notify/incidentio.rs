//! `incidentio_configs`: the notification as JSON for an alert source of incident.io.
//!
//! Source: incident.io's API reference, "Alert events: Alertmanager".

use std::time::Duration;

use binnacle_client::HttpError;
use binnacle_client::settings::{Auth, HttpSettings, SecretText, Source};
use binnacle_config::http;
use binnacle_config::reader::{FileKind, Reader};
use binnacle_model::alert::{BoxFuture, Texts};
use serde::Deserialize;

use super::http::{Deadline, Http};
use super::retry::Retry;
use super::{Notification, Notifier, NotifyError, Sent, timeout, webhook, webhook_url};
use crate::config::{Global, fields};

/// The version of its message.
const VERSION: &str = "1";

/// Bytes of a body that incident.io takes.
const BODY_BYTES_MAX: usize = 512 * 1024;

const RETRY: Retry = Retry {
    codes: &[429],
    details: Some(details),
};

/// One element of `incidentio_configs`.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    http: HttpSettings,
    url: Source,
    max_alerts: u64,
    timeout: Duration,
}

/// Reads an element. The token of the alert source goes before whatever
/// `http_config` says.
pub fn read(r: &mut Reader<'_>, global: &Global) -> Settings {
    let own = r.section("http_config", http::read);
    let token = fields::secret(r, "alert_source_token", "alert_source_token_file");
    let authorized = own
        .as_ref()
        .map(|own| own.authorization.is_some() || own.bearer.is_some());
    if authorized == Some(true) && token.is_some() {
        r.refuse_all(
            "cannot specify alert_source_token or alert_source_token_file when using http_config.authorization",
        );
    }
    if authorized == Some(false) && token.is_none() {
        r.refuse_all(
            "at least one of alert_source_token, alert_source_token_file or http_config.authorization must be configured",
        );
    }
    let mut http = own.as_ref().unwrap_or(&global.http_config).resolve();
    if let Some(credentials) = token {
        http.auth = Auth::Token {
            kind: "Bearer".to_owned(),
            credentials,
        };
    }
    let url = match (
        fields::url(r, "url"),
        r.file("url_file", FileKind::Credentials),
    ) {
        (Some(_), Some(_)) => {
            r.refuse(
                "url_file",
                "at most one of url & url_file must be configured",
            );
            None
        }
        (Some(url), None) => Some(Source::Text(SecretText::new(url))),
        (None, Some(file)) => Some(Source::File(file)),
        (None, None) => {
            r.refuse_all("one of url or url_file must be configured");
            None
        }
    };
    Settings {
        http,
        url: url.unwrap_or(Source::Text(SecretText::default())),
        max_alerts: r.uint("max_alerts"),
        timeout: timeout::read(r, "timeout"),
    }
}

/// Posts to an alert source of incident.io.
#[derive(Debug)]
pub struct IncidentIo {
    settings: Settings,
    http: Http,
}

impl IncidentIo {
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

    fn body(&self, notification: &Notification<'_>) -> Vec<u8> {
        let (data, cut) = webhook::truncate(notification, self.settings.max_alerts);
        let data = data.as_ref().unwrap_or(notification.data);
        let body = webhook::message(VERSION, data, notification.group_key, cut);
        if body.len() <= BODY_BYTES_MAX || data.alerts.len() <= 1 {
            return body;
        }
        // incident.io makes one alert of a group: the first one is enough.
        let mut first = data.clone();
        first.alerts.truncate(1);
        webhook::message(VERSION, &first, notification.group_key, cut)
    }

    async fn send(&self, notification: &Notification<'_>) -> Result<Sent, NotifyError> {
        let body = self.body(notification);
        let text = String::from_utf8_lossy(&body).trim_end().to_owned();
        let url = self.settings.url.read();
        let url = url.map_err(|e| NotifyError::from(e).during("url_file"))?;
        let deadline = Deadline::with_timeout(notification, "incident.io", self.settings.timeout);
        let answer = self.http.post_json(&url, body, deadline).await?;
        RETRY.check(&answer)?;
        Ok(Sent {
            text,
            ..Sent::default()
        })
    }
}

/// What incident.io says of a refusal.
fn details(_: u16, body: &[u8]) -> String {
    #[derive(Deserialize)]
    struct Refusal {
        #[serde(default)]
        message: String,
        #[serde(default)]
        error: String,
        #[serde(default)]
        errors: Vec<String>,
    }
    let Ok(refusal) = serde_json::from_slice::<Refusal>(body) else {
        return String::new();
    };
    let parts = [refusal.message, refusal.error, refusal.errors.join(", ")];
    let parts: Vec<String> = parts.into_iter().filter(|p| !p.is_empty()).collect();
    parts.join(": ")
}

impl Notifier for IncidentIo {
    fn notify<'a>(
        &'a self,
        notification: &'a Notification<'a>,
    ) -> BoxFuture<'a, Result<Sent, NotifyError>> {
        Box::pin(self.send(notification))
    }

    fn render(&self, notification: &Notification<'_>) -> Texts {
        let body = self.body(notification);
        let body = String::from_utf8_lossy(&body).trim_end().to_owned();
        vec![("body".to_owned(), body)]
    }

    fn destination(&self) -> String {
        webhook_url::host(&self.settings.url)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notify::FailureReason;
    use crate::notify::testing::{self, Answer, Server, Told};

    fn incidentio(server: &Server, yaml: &str) -> IncidentIo {
        let yaml = format!("url: '{{url}}/v2/alert_events'\nalert_source_token: T\n{yaml}");
        IncidentIo::new(&testing::settings(server, &yaml, read)).expect("usable")
    }

    #[tokio::test]
    async fn bodies() {
        let check = async |yaml: &str, alerts: usize, kept: usize| {
            let server = Server::start(vec![Answer::Status(202, "")]).await;
            let told = Told::firing(alerts);
            let sent = incidentio(&server, yaml).notify(&told.notification()).await;
            sent.expect("taken");
            let request = server.one();
            assert_eq!(request.target, "/v2/alert_events");
            assert_eq!(request.header("authorization"), "Bearer T");
            let body = request.json();
            assert_eq!(body["version"], "1");
            assert_eq!(body["groupKey"], "{}:{alertname=\"Down\"}");
            assert_eq!(body["truncatedAlerts"], alerts - kept);
            assert_eq!(body["status"], "firing");
            assert_eq!(body["receiver"], "team");
            assert_eq!(body["groupLabels"]["alertname"], "Down");
            assert_eq!(body["alerts"].as_array().map(Vec::len), Some(kept));
            let instance = &body["commonLabels"]["instance"];
            assert_eq!(
                instance.is_null(),
                kept > 1,
                "common to those that are left"
            );
        };
        check("", 3, 3).await;
        check("max_alerts: 2", 3, 2).await;
        check("max_alerts: 1", 3, 1).await;
        check("max_alerts: 3", 3, 3).await;
    }

    #[tokio::test]
    async fn a_body_that_is_too_large_has_one_alert() {
        let server = Server::saying("").await;
        let told = Told::firing(3000);
        let sent = incidentio(&server, "").notify(&told.notification()).await;
        sent.expect("taken");
        let request = server.one();
        assert!(request.body.len() <= BODY_BYTES_MAX);
        let body = request.json();
        assert_eq!(body["alerts"].as_array().map(Vec::len), Some(1));
        assert_eq!(body["truncatedAlerts"], 0);
    }

    #[tokio::test]
    async fn refusals() {
        let check = async |status: u16, body: &'static str, retry: bool, message: &str| {
            let server = Server::start(vec![Answer::Status(status, body)]).await;
            let told = Told::firing(1);
            let error = incidentio(&server, "").notify(&told.notification()).await;
            let error = error.expect_err("refused");
            assert_eq!((error.retry, error.message.as_str()), (retry, message));
        };
        check(
            422,
            r#"{"message":"m","error":"e","errors":["a","b"]}"#,
            false,
            "unexpected status code 422: m: e: a, b",
        )
        .await;
        check(429, "<html>", true, "unexpected status code 429").await;
        check(500, "{}", true, "unexpected status code 500").await;
    }

    #[tokio::test]
    async fn its_own_timeout() {
        let server = Server::start(vec![Answer::Silence]).await;
        let told = Told::firing(1);
        let sent = incidentio(&server, "timeout: 50ms")
            .notify(&told.notification())
            .await;
        let error = sent.expect_err("late");
        assert_eq!((error.retry, error.reason), (true, FailureReason::Other));
        assert!(
            error
                .message
                .contains("configured incident.io timeout reached")
        );
    }

    #[test]
    fn what_is_refused() {
        let check = |yaml: &str, want: &[&str]| {
            let errors = testing::read("", yaml, read).err().unwrap_or_default();
            assert_eq!(errors, want, "{yaml}");
        };
        let authorized = "http_config: { authorization: { credentials: c } }";
        check("{ url: 'http://a/b', alert_source_token: t }", &[]);
        check(&format!("{{ url_file: f, {authorized} }}"), &[]);
        check("{ url: 'http://a/b' }", &[]);
        check(
            "{ alert_source_token: t }",
            &["one of url or url_file must be configured"],
        );
        check(
            "{ url: 'http://a/b', url_file: f, alert_source_token: t }",
            &["at most one of url & url_file must be configured"],
        );
        check(
            "{ url: 'http://a/b', alert_source_token: t, alert_source_token_file: f }",
            &["at most one of alert_source_token & alert_source_token_file must be configured"],
        );
        check(
            &format!("{{ url: 'http://a/b', alert_source_token: t, {authorized} }}"),
            &[
                "cannot specify alert_source_token or alert_source_token_file when using http_config.authorization",
            ],
        );
        check(
            "{ url: 'http://a/b', http_config: {} }",
            &[
                "at least one of alert_source_token, alert_source_token_file or http_config.authorization must be configured",
            ],
        );
    }
}
