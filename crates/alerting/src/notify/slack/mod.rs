//! `slack_configs`: incoming webhooks, and `chat.postMessage` with the token of an app.
//!
//! With `update_message`, what was sent first for a group is edited from then on: the
//! message's `ts` and channel are handed back in [`Sent::store`] and come in again
//! with the group's next notification.
//!
//! A graph that others can fetch becomes the attachment's `image_url` unless the
//! receiver has one of its own.

mod message;
mod settings;

use binnacle_client::HttpError;
use binnacle_model::alert::{BoxFuture, Texts};

pub use settings::{Action, Confirmation, Field, Settings, read};

use super::http::{Answer, Deadline, Http};
use super::json::to_json;
use super::rendering::Rendering;
use super::retry::Retry;
use super::{FailureReason, Notification, Notifier, NotifyError, Sent};

use message::Message;

/// Names under which [`Sent::store`] keeps the message, as in Alertmanager's log.
const STORED_TS: &str = "threadTs";
const STORED_CHANNEL: &str = "channelId";
/// Characters of an answer that an error shows.
const SHOWN_CHARS_MAX: usize = 500;

/// Slack, ready to be called.
#[derive(Debug)]
pub struct Slack {
    settings: Settings,
    http: Http,
}

/// A message that is there already.
struct Posted<'a> {
    ts: &'a str,
    channel: &'a str,
}

impl Slack {
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
        let deadline = Deadline::with_timeout(notification, "slack", self.settings.timeout);
        let rendering = Rendering::new(notification);
        let mut message = Message::of(&self.settings, notification, &rendering);
        let mut url = self.settings.api_url.read()?;
        if let Some(posted) = self.posted(notification) {
            url = update_url(&url);
            posted.ts.clone_into(&mut message.ts);
            posted.channel.clone_into(&mut message.channel);
        }
        let answer = self
            .http
            .post_json(&url, to_json(&message), deadline)
            .await?;
        let in_channel = |e: NotifyError| e.during(&format!("channel {:?}", message.channel));
        Retry::default().check(&answer).map_err(in_channel)?;
        let stored =
            check(&answer).map_err(|e| in_channel(e).because(FailureReason::ClientError))?;
        let (title, text) = message.into_title_and_text();
        Ok(Sent {
            title,
            text,
            store: if self.settings.update_message {
                stored.unwrap_or_else(|| notification.store.clone())
            } else {
                Texts::new()
            },
            template_errors: rendering.failures(),
        })
    }

    fn posted<'a>(&self, notification: &'a Notification<'_>) -> Option<Posted<'a>> {
        if !self.settings.update_message {
            return None;
        }
        let stored = |name: &str| {
            let (_, value) = notification.store.iter().find(|(n, _)| n == name)?;
            (!value.is_empty()).then_some(value.as_str())
        };
        Some(Posted {
            ts: stored(STORED_TS)?,
            channel: stored(STORED_CHANNEL)?,
        })
    }
}

/// The method beside `chat.postMessage` that edits.
fn update_url(url: &str) -> String {
    match url.strip_suffix("chat.postMessage") {
        Some(base) => format!("{base}chat.update"),
        None => url.to_owned(),
    }
}

/// Webhooks answer `ok`; the Web API answers 200 whatever happened, and JSON that says
/// it. Gives what identifies the message.
fn check(answer: &Answer) -> Result<Option<Texts>, NotifyError> {
    let body = answer.text();
    let shown = || body.chars().take(SHOWN_CHARS_MAX).collect::<String>();
    if !answer.content_type.starts_with("application/json") {
        return match &*body {
            "ok" => Ok(None),
            _ => Err(NotifyError::fatal(format!(
                "received an error response from Slack: {}",
                shown()
            ))),
        };
    }
    let json: serde_json::Value = serde_json::from_str(&body).map_err(|e| {
        NotifyError::retry(format!(
            "could not unmarshal JSON response {:?}: {e}",
            shown()
        ))
    })?;
    if json["ok"] != true {
        let error = json["error"].as_str().unwrap_or_default();
        return Err(NotifyError::fatal(format!(
            "error response from Slack: {error}"
        )));
    }
    let text = |name: &str| json[name].as_str().filter(|text| !text.is_empty());
    Ok(match (text("ts"), text("channel")) {
        (Some(ts), Some(channel)) => Some(vec![
            (STORED_CHANNEL.to_owned(), channel.to_owned()),
            (STORED_TS.to_owned(), ts.to_owned()),
        ]),
        _ => None,
    })
}

impl Notifier for Slack {
    fn notify<'a>(
        &'a self,
        notification: &'a Notification<'a>,
    ) -> BoxFuture<'a, Result<Sent, NotifyError>> {
        Box::pin(self.send(notification))
    }

    fn render(&self, notification: &Notification<'_>) -> Texts {
        let rendering = Rendering::new(notification);
        Message::of(&self.settings, notification, &rendering).into_texts()
    }

    fn destination(&self) -> String {
        if self.settings.channel.is_empty() {
            "Slack".to_owned()
        } else {
            format!("Slack {}", self.settings.channel)
        }
    }

    fn wants_graph(&self) -> bool {
        true
    }
}
