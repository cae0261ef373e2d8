//! Receivers: one file or folder per kind, and the table that lists them.
//!
//! A kind of receiver reads its own fields of `alertmanager.yml` (`read`), keeps them
//! as its `Settings`, and fulfils [`Notifier`]. It speaks to one service and knows
//! nothing of groups, silences or history: what to say comes in as a [`Notification`].
//! The table is in [`kinds`].
//!
//! Bodies, limits and the choice of what is tried again are Alertmanager's. One thing
//! is not: a template that fails on the data at hand does not drop the notification.
//! It is sent with the error in its text and in [`Sent::template_errors`]; see
//! [`rendering`]. Only a field without which there is no place to send to, such as a
//! URL or a key, still fails.

#[cfg(test)]
mod defaults;
pub mod discord;
#[cfg(test)]
mod documentation;
pub mod email;
pub mod exec;
pub mod http;
pub mod incidentio;
pub mod jira;
pub mod json;
pub mod kinds;
pub mod mattermost;
pub mod msteams;
pub mod msteamsv2;
pub mod opsgenie;
pub mod pagerduty;
pub mod pushover;
pub mod rendering;
pub mod retry;
pub mod rocketchat;
pub mod servicenow;
pub mod slack;
pub mod sns;
pub mod telegram;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
pub mod text;
pub mod timeout;
pub mod tree;
pub mod victorops;
pub mod webex;
pub mod webhook;
pub mod webhook_url;
pub mod wechat;

use std::sync::Arc;
use std::time::Duration;

use binnacle_client::HttpError;
use binnacle_client::settings::Source;
use binnacle_config::reader::Reader;
use binnacle_model::Labels;
use binnacle_model::alert::{Alert, BoxFuture, Texts};
use binnacle_template::alertmanager::{Data, Template};

/// What to tell, and all that there is to know about it.
#[derive(Debug)]
pub struct Notification<'a> {
    /// Name of the receiver.
    pub receiver: &'a str,
    /// Key of the group, as Alertmanager writes it: `{route key}:{group labels}`.
    pub group_key: &'a str,
    /// Labels of the group.
    pub group_labels: &'a Labels,
    /// The alerts to be told, in Alertmanager's order. A firing one has no end.
    pub alerts: &'a [Arc<Alert>],
    /// The same for templates.
    pub data: &'a Data,
    /// The templates of the configuration.
    pub templates: &'a Template,
    /// Milliseconds since the Unix epoch.
    pub now_ms: i64,
    /// After that time nobody waits any more.
    pub timeout: Duration,
    /// What this integration stored with the group's last notification, such as the
    /// id of a message to be edited.
    pub store: &'a Texts,
    /// A picture of the alerts' expression, when there is one.
    pub graph: Option<&'a Graph>,
}

/// A picture of an alert's expression.
#[derive(Debug, Clone)]
pub struct Graph {
    /// PNG.
    pub png: Vec<u8>,
    /// Where others can fetch it; `None`: nowhere that they could reach.
    pub url: Option<String>,
}

/// What was told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sent {
    /// Title or subject.
    pub title: String,
    /// Text.
    pub text: String,
    /// To be handed in again with the group's next notification.
    pub store: Texts,
    /// Templates that failed, although the notification was sent: field and error.
    pub template_errors: Texts,
}

/// Why a notification was not taken: the words of
/// `alertmanager_notifications_failed_total`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum FailureReason {
    Other,
    ClientError,
    AuthError,
    RateLimited,
    ServerError,
    ContextCanceled,
    ContextDeadlineExceeded,
}

impl FailureReason {
    /// The label's value.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Other => "other",
            Self::ClientError => "clientError",
            Self::AuthError => "authError",
            Self::RateLimited => "rateLimited",
            Self::ServerError => "serverError",
            Self::ContextCanceled => "contextCanceled",
            Self::ContextDeadlineExceeded => "contextDeadlineExceeded",
        }
    }
}

/// A notification was not taken. Secrets are not in the message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct NotifyError {
    /// Whether trying again may help.
    pub retry: bool,
    /// What kind of failure.
    pub reason: FailureReason,
    /// What happened.
    pub message: String,
    /// How long the receiver asks to wait (`Retry-After`).
    pub retry_after: Option<Duration>,
}

impl From<HttpError> for NotifyError {
    /// Of settings and secrets, which trying again does not mend.
    fn from(error: HttpError) -> Self {
        Self::fatal(error.to_string())
    }
}

/// One integration of a receiver, ready to send. Safe to call from many tasks at once.
pub trait Notifier: Send + Sync {
    /// Tells it, once; the caller retries.
    fn notify<'a>(
        &'a self,
        notification: &'a Notification<'a>,
    ) -> BoxFuture<'a, Result<Sent, NotifyError>>;

    /// What [`Notifier::notify`] would say: fields with their texts, no secrets. A
    /// template that fails stands there as its error.
    fn render(&self, notification: &Notification<'_>) -> Texts;

    /// Where it goes, without secrets: a channel, an address, a host.
    fn destination(&self) -> String;

    /// Whether it does anything with [`Notification::graph`]: none is drawn for others.
    fn wants_graph(&self) -> bool {
        false
    }
}

/// Texts by name, in the order of the file.
fn read_texts(r: &mut Reader<'_>, key: &'static str) -> Texts {
    let pairs = r.text_map(key).into_iter();
    pairs
        .map(|(name, value)| (name.value, value.value))
        .collect()
}

/// Whether a secret is an empty text.
fn is_unset(source: &Source) -> bool {
    matches!(source, Source::Text(text) if text.reveal().is_empty())
}

/// The host of a URL: what of it is no secret.
fn host_of(url: &str) -> String {
    url::Url::parse(url)
        .ok()
        .and_then(|url| Some(url.host_str()?.to_owned()))
        .unwrap_or_default()
}
