//! `pagerduty_configs`: the Events API of PagerDuty, version 2 (`routing_key`) or 1
//! (`service_key`).
//!
//! A graph that others can fetch is one of the event's `images`; version 1 has none.
//! Templates that failed without being seen stand in `custom_details` as
//! `template_errors`.

mod event;
mod settings;

use binnacle_client::HttpError;
use binnacle_model::alert::{BoxFuture, Texts};

pub use settings::{Image, Key, Link, Settings, read};

use super::http::{Deadline, Http};
use super::json::to_json;
use super::rendering::Rendering;
use super::retry::Retry;
use super::{FailureReason, Notification, Notifier, NotifyError, Sent};

use event::Event;

const API_V1: &str = "https://events.pagerduty.com/generic/2010-04-15/create_event.json";
/// Bytes of an event, at most.
const EVENT_BYTES_MAX: usize = 512_000;

/// 403 is rate limiting in version 1, 429 in version 2.
const RETRY_V1: Retry = Retry {
    codes: &[403],
    details: Some(details),
};
const RETRY_V2: Retry = Retry {
    codes: &[429],
    details: Some(details),
};

/// PagerDuty, ready to be called.
#[derive(Debug)]
pub struct PagerDuty {
    settings: Settings,
    http: Http,
    api_v1: String,
}

impl PagerDuty {
    /// With these settings.
    ///
    /// # Errors
    /// When the HTTP settings cannot be used.
    pub fn new(settings: &Settings) -> Result<Self, HttpError> {
        Ok(Self {
            http: Http::new(&settings.http)?,
            settings: settings.clone(),
            api_v1: API_V1.to_owned(),
        })
    }

    /// The same with another address of version 1, which is no field.
    #[must_use]
    pub fn with_api_v1(mut self, url: String) -> Self {
        self.api_v1 = url;
        self
    }

    async fn send(&self, notification: &Notification<'_>) -> Result<Sent, NotifyError> {
        let deadline = Deadline::with_timeout(notification, "pagerduty", self.settings.timeout);
        let rendering = Rendering::new(notification);
        let (key, v1) = match &self.settings.key {
            Key::Routing(key) => (key, false),
            Key::Service(key) => (key, true),
        };
        let name = if v1 { "service key" } else { "routing key" };
        let key = rendering.address(name, &key.read()?)?;
        if key.is_empty() {
            return Err(NotifyError::fatal(format!("{name} cannot be empty")));
        }
        let mut event = Event::of(&self.settings, notification, &rendering);
        event.set_key(key);
        let title = event.summary().to_owned();
        let text = event.details_text();
        let body = encode(&mut event);
        let url = if v1 { &self.api_v1 } else { &self.settings.url };
        let posted = self.http.post_json(url, body, deadline).await;
        let version = if v1 { "PagerDuty v1" } else { "PagerDuty" };
        let answer =
            posted.map_err(|e| e.during(&format!("failed to post message to {version}")))?;
        if v1 {
            // As in Alertmanager, failures of version 1 have no reason.
            let checked = RETRY_V1.check(&answer);
            checked.map_err(|e| e.because(FailureReason::Other))?;
        } else {
            RETRY_V2.check(&answer)?;
        }
        Ok(Sent {
            title,
            text,
            template_errors: rendering.failures(),
            ..Sent::default()
        })
    }
}

/// The event in at most [`EVENT_BYTES_MAX`]: one that is larger goes without details.
fn encode(event: &mut Event) -> Vec<u8> {
    let body = to_json(event);
    if body.len() <= EVENT_BYTES_MAX {
        return body;
    }
    event.drop_details(
        "Custom details have been removed because the original event exceeds the maximum size of 512KB",
    );
    to_json(event)
}

/// What PagerDuty says of an event that it does not take.
fn details(status: u16, body: &[u8]) -> String {
    if status != 400 {
        return String::new();
    }
    let Ok(json) = serde_json::from_slice::<serde_json::Value>(body) else {
        return String::new();
    };
    let errors = json["errors"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    let errors: Vec<&str> = errors.iter().filter_map(|e| e.as_str()).collect();
    let message = json["message"].as_str().unwrap_or_default();
    format!("{message}: {}", errors.join(","))
}

impl Notifier for PagerDuty {
    fn notify<'a>(
        &'a self,
        notification: &'a Notification<'a>,
    ) -> BoxFuture<'a, Result<Sent, NotifyError>> {
        Box::pin(self.send(notification))
    }

    fn render(&self, notification: &Notification<'_>) -> Texts {
        let rendering = Rendering::new(notification);
        let event = Event::of(&self.settings, notification, &rendering);
        let body = String::from_utf8_lossy(&to_json(&event))
            .trim_end()
            .to_owned();
        vec![
            ("description".to_owned(), event.summary().to_owned()),
            ("details".to_owned(), event.details_text()),
            ("body".to_owned(), body),
        ]
    }

    fn destination(&self) -> String {
        match self.settings.key {
            Key::Routing(_) => super::host_of(&self.settings.url),
            Key::Service(_) => super::host_of(&self.api_v1),
        }
    }

    fn wants_graph(&self) -> bool {
        true
    }
}
