//! `mattermost_configs`: a message with attachments, posted to an incoming webhook.

mod message;
mod settings;
#[cfg(test)]
mod tests;

use binnacle_client::HttpError;
use binnacle_model::alert::{BoxFuture, Texts};

use self::message::Message;
use super::http::{Deadline, Http};
use super::json::to_json;
use super::rendering::Rendering;
use super::retry::Retry;
use super::{Notification, Notifier, NotifyError, Sent, webhook_url};

pub use self::settings::{Settings, read};

/// Posts to a webhook of Mattermost.
#[derive(Debug)]
pub struct Mattermost {
    settings: Settings,
    http: Http,
}

impl Mattermost {
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

    async fn send(&self, notification: &Notification<'_>) -> Result<Sent, NotifyError> {
        let rendering = Rendering::new(notification);
        let url = webhook_url::current(&self.settings.webhook_url)?;
        if url.is_empty() {
            return Err(NotifyError::fatal("webhook url missing"));
        }
        let channel = rendering.address("channel", &self.settings.channel)?;
        let mut message = Message::render(&self.settings, notification, &rendering);
        message.channel = channel;
        let deadline = Deadline::of(notification);
        let answer = self
            .http
            .post_json(&url, to_json(&message), deadline)
            .await?;
        Retry::default()
            .check(&answer)
            .map_err(|e| e.during(&format!("channel {:?}", message.channel)))?;
        let (title, text) = message.into_texts();
        Ok(Sent {
            title,
            text,
            store: Texts::new(),
            template_errors: rendering.failures(),
        })
    }
}

impl Notifier for Mattermost {
    fn notify<'a>(
        &'a self,
        notification: &'a Notification<'a>,
    ) -> BoxFuture<'a, Result<Sent, NotifyError>> {
        Box::pin(self.send(notification))
    }

    fn render(&self, notification: &Notification<'_>) -> Texts {
        let message = Message::render(&self.settings, notification, &Rendering::new(notification));
        let (title, text) = message.into_texts();
        vec![("title".to_owned(), title), ("text".to_owned(), text)]
    }

    fn destination(&self) -> String {
        match self.settings.channel.as_str() {
            "" => webhook_url::host(&self.settings.webhook_url),
            channel => channel.to_owned(),
        }
    }

    fn wants_graph(&self) -> bool {
        true
    }
}
