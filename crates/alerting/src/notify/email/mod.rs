//! `email_configs`: a mail for each notification.
//!
//! A graph goes along as a picture within the page, where the page is the default one
//! or asks for it (`<img src="cid:graph">`).
//!
//! Unlike Alertmanager, everything is rendered before the server is called, and the
//! whole conversation is bounded by the notification's timeout.

mod address;
mod encode;
mod message;
mod settings;
mod smtp;

use binnacle_client::{HttpError, tls_config};
use binnacle_model::alert::{BoxFuture, Texts};

pub use settings::{DEFAULT_HTML, Settings, Threading, read};

use super::http::Deadline;
use super::rendering::Rendering;
use super::{Notification, Notifier, NotifyError, Sent};

use message::Content;
use smtp::Envelope;

/// Mail, ready to be sent.
#[derive(Debug)]
pub struct Email {
    settings: Settings,
}

impl Email {
    /// With these settings.
    ///
    /// # Errors
    /// When the TLS settings cannot be used.
    pub fn new(settings: &Settings) -> Result<Self, HttpError> {
        tls_config(&settings.tls)?;
        Ok(Self {
            settings: settings.clone(),
        })
    }

    async fn send(&self, notification: &Notification<'_>) -> Result<Sent, NotifyError> {
        let deadline = Deadline::of(notification);
        let settings = &self.settings;
        let rendering = Rendering::new(notification);
        let addresses = |field: &str, template: &str| {
            let text = rendering.address(field, template)?;
            address::parse_list(&text)
                .map_err(|e| NotifyError::fatal(format!("parse '{field}' addresses: {e}")))
        };
        let from = addresses("from", &settings.from)?;
        let [from] = from.as_slice() else {
            return Err(NotifyError::fatal(format!(
                "must be exactly one 'from' address (got: {})",
                from.len()
            )));
        };
        let to = addresses("to", &settings.to)?;
        let content = Content::of(settings, notification, &rendering);
        let message = content.encode(settings, notification);
        let envelope = Envelope {
            from,
            to: &to,
            message: &message,
        };
        tokio::time::timeout_at(deadline.at(), smtp::deliver(settings, &envelope))
            .await
            .map_err(|_| deadline.passed())??;
        Ok(Sent {
            title: content.header("Subject").unwrap_or_default().to_owned(),
            text: if content.text.is_empty() {
                content.html
            } else {
                content.text
            },
            template_errors: rendering.failures(),
            ..Sent::default()
        })
    }
}

impl Notifier for Email {
    fn notify<'a>(
        &'a self,
        notification: &'a Notification<'a>,
    ) -> BoxFuture<'a, Result<Sent, NotifyError>> {
        Box::pin(self.send(notification))
    }

    fn render(&self, notification: &Notification<'_>) -> Texts {
        let rendering = Rendering::new(notification);
        let content = Content::of(&self.settings, notification, &rendering);
        let mut texts = content.headers;
        texts.push(("text".to_owned(), content.text));
        texts.push(("html".to_owned(), content.html));
        texts
    }

    fn destination(&self) -> String {
        self.settings.to.clone()
    }

    fn wants_graph(&self) -> bool {
        true
    }
}
