//! `webhook_configs`: the notification as JSON, version 4 of Alertmanager's format,
//! or whatever `payload` makes of it.
//!
//! The body without `payload` is the same as Alertmanager's, byte for byte, whether
//! there is a graph or not: people sign, compare and cache it.

use std::time::Duration;

use binnacle_client::HttpError;
use binnacle_client::settings::{HttpSettings, Source};
use binnacle_config::reader::{FileKind, Reader};
use binnacle_model::alert::{BoxFuture, Texts};
use binnacle_template::alertmanager::Data;

use crate::config::{Global, fields};

use super::http::{Deadline, Http};
use super::json::{push_text, to_json};
use super::rendering::Rendering;
use super::retry::Retry;
use super::tree::{self, Tree};
use super::{Notification, Notifier, NotifyError, Sent, timeout};

/// What the file says.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// How the server is spoken to.
    pub http: HttpSettings,
    /// Where to, a template.
    pub url: Source,
    /// Alerts in one message, at most; 0: all.
    pub max_alerts: u64,
    /// How long an answer is waited for; 0: as long as the notification is of use.
    pub timeout: Duration,
    /// The body instead of Alertmanager's.
    pub payload: Option<Tree>,
}

/// Reads one element of `webhook_configs`.
pub fn read(r: &mut Reader<'_>, global: &Global) -> Settings {
    let http = fields::http_config(r, global);
    let url = r.secret("url");
    let url_file = r.file("url_file", FileKind::Credentials);
    if let Err(why) = fields::check_template_url(url.reveal()) {
        r.refuse("url", why);
    }
    let url = match (url.reveal().is_empty(), url_file) {
        (true, Some(file)) => Source::File(file),
        (false, None) => Source::Text(url),
        (true, None) => {
            r.refuse_all("one of url or url_file must be configured");
            Source::Text(url)
        }
        (false, Some(_)) => {
            r.refuse(
                "url_file",
                "at most one of url & url_file must be configured",
            );
            Source::Text(url)
        }
    };
    Settings {
        http,
        url,
        max_alerts: r.uint("max_alerts"),
        timeout: timeout::read(r, "timeout"),
        payload: tree::read(r, "payload"),
    }
}

/// A webhook, ready to be called.
#[derive(Debug)]
pub struct Webhook {
    settings: Settings,
    http: Http,
}

impl Webhook {
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

    async fn send(&self, notification: &Notification<'_>) -> Result<Sent, NotifyError> {
        let deadline = Deadline::with_timeout(notification, "webhook", self.settings.timeout);
        let (data, cut) = truncate(notification, self.settings.max_alerts);
        let data = data.as_ref().unwrap_or(notification.data);
        let rendering = Rendering::with_data(notification, data);
        let url = rendering.address("url", &self.settings.url.read()?)?;
        if url.is_empty() {
            return Err(NotifyError::fatal("webhook URL is empty after templating"));
        }
        let body = self.body(notification, &rendering, cut);
        let text = String::from_utf8_lossy(&body).trim_end().to_owned();
        let answer = self.http.post_json(&url, body, deadline).await?;
        Retry::default().check(&answer)?;
        Ok(Sent {
            text,
            template_errors: rendering.failures(),
            ..Sent::default()
        })
    }

    fn body(
        &self,
        notification: &Notification<'_>,
        rendering: &Rendering<'_>,
        cut: u64,
    ) -> Vec<u8> {
        match &self.settings.payload {
            Some(payload) => to_json(&payload.render(rendering, "payload")),
            None => message(VERSION, rendering.data(), notification.group_key, cut),
        }
    }
}

impl Notifier for Webhook {
    fn notify<'a>(
        &'a self,
        notification: &'a Notification<'a>,
    ) -> BoxFuture<'a, Result<Sent, NotifyError>> {
        Box::pin(self.send(notification))
    }

    fn render(&self, notification: &Notification<'_>) -> Texts {
        let (data, cut) = truncate(notification, self.settings.max_alerts);
        let data = data.as_ref().unwrap_or(notification.data);
        let rendering = Rendering::with_data(notification, data);
        let body = self.body(notification, &rendering, cut);
        let body = String::from_utf8_lossy(&body).trim_end().to_owned();
        vec![("body".to_owned(), body)]
    }

    fn destination(&self) -> String {
        match &self.settings.url {
            Source::File(file) => format!("the URL in {}", file.display()),
            Source::Text(url) => url::Url::parse(url.reveal())
                .ok()
                .and_then(|url| Some(url.host_str()?.to_owned()))
                .unwrap_or_else(|| "a templated URL".to_owned()),
        }
    }
}

/// The version of a webhook's message.
pub(super) const VERSION: &str = "4";

/// The data of the first `max` alerts, unless that is all, and how many are left out.
pub(super) fn truncate(notification: &Notification<'_>, max: u64) -> (Option<Data>, u64) {
    let data = notification.data;
    let keep = usize::try_from(max).unwrap_or(usize::MAX);
    if keep == 0 || data.alerts.len() <= keep {
        return (None, 0);
    }
    let mut cut = Data::assemble(
        notification.receiver,
        data.group_labels.clone(),
        data.route_labels.clone(),
        &data.notification_reason,
        data.alerts[..keep].to_vec(),
        &data.external_url,
    );
    cut.route_labels_rendered = data.route_labels_rendered;
    (Some(cut), (data.alerts.len() - keep) as u64)
}

/// The message: the template data, and what belongs to the group. Webhooks have version
/// [`VERSION`], and so has what `exec` hands to commands; incident.io has one of its own.
pub(super) fn message(version: &str, data: &Data, group_key: &str, truncated: u64) -> Vec<u8> {
    let mut json = data.to_json();
    // The object goes on.
    json.truncate(json.trim_end().len() - 1);
    let mut json = json.into_bytes();
    json.extend_from_slice(format!(",\"version\":\"{version}\",\"groupKey\":").as_bytes());
    push_text(&mut json, group_key);
    json.extend_from_slice(format!(",\"truncatedAlerts\":{truncated}}}\n").as_bytes());
    json
}
