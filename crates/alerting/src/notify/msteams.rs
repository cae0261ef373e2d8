//! `msteams_configs`: a message card, posted to an Office 365 connector of a channel.
//!
//! Microsoft is switching connectors off in favour of workflows: see
//! [`msteamsv2`](super::msteamsv2).
//!
//! Source: Microsoft's "Legacy actionable message card reference".

use binnacle_client::HttpError;
use binnacle_client::settings::{HttpSettings, Source};
use binnacle_config::reader::Reader;
use binnacle_model::alert::{BoxFuture, Texts};
use serde::Serialize;

use super::http::{Deadline, Http};
use super::json::to_json;
use super::rendering::Rendering;
use super::retry::Retry;
use super::{Notification, Notifier, NotifyError, Sent, webhook_url};
use crate::config::{Global, fields};

const RED: &str = "8C1A1A";
const GREEN: &str = "2DC72D";

/// One element of `msteams_configs`.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    http: HttpSettings,
    webhook_url: Source,
    title: String,
    summary: String,
    text: String,
}

/// Reads an element.
pub fn read(r: &mut Reader<'_>, global: &Global) -> Settings {
    Settings {
        http: fields::http_config(r, global),
        webhook_url: webhook_url::read(r),
        title: r.text_or("title", r#"{{ template "msteams.default.title" . }}"#),
        summary: r.text_or("summary", r#"{{ template "msteams.default.summary" . }}"#),
        text: r.text_or("text", r#"{{ template "msteams.default.text" . }}"#),
    }
}

/// Posts to a connector of Microsoft Teams.
#[derive(Debug)]
pub struct MsTeams {
    settings: Settings,
    http: Http,
}

#[derive(Serialize)]
struct Card<'a> {
    #[serde(rename = "@context")]
    context: &'static str,
    r#type: &'static str,
    title: String,
    summary: String,
    text: String,
    #[serde(rename = "themeColor")]
    theme_color: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    sections: Option<[Section<'a>; 1]>,
}

#[derive(Serialize)]
struct Section<'a> {
    images: [Image<'a>; 1],
}

#[derive(Serialize)]
struct Image<'a> {
    image: &'a str,
}

impl MsTeams {
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

    fn card<'a>(&self, notification: &'a Notification<'_>, rendering: &Rendering<'_>) -> Card<'a> {
        let settings = &self.settings;
        let title = rendering.line("title", &settings.title);
        let summary = rendering.line("summary", &settings.summary);
        let text = rendering.text("text", &settings.text);
        let graph = notification.graph.and_then(|graph| graph.url.as_deref());
        Card {
            context: "http://schema.org/extensions",
            r#type: "MessageCard",
            title,
            summary,
            text: rendering.with_failures(text),
            theme_color: if notification.resolved() { GREEN } else { RED },
            sections: graph.map(|image| {
                [Section {
                    images: [Image { image }],
                }]
            }),
        }
    }

    async fn send(&self, notification: &Notification<'_>) -> Result<Sent, NotifyError> {
        let rendering = Rendering::new(notification);
        let card = self.card(notification, &rendering);
        let url = webhook_url::current(&self.settings.webhook_url)?;
        let deadline = Deadline::of(notification);
        let answer = self.http.post_json(&url, to_json(&card), deadline).await?;
        Retry::default().check(&answer)?;
        Ok(Sent {
            title: card.title,
            text: card.text,
            store: Texts::new(),
            template_errors: rendering.failures(),
        })
    }
}

impl Notifier for MsTeams {
    fn notify<'a>(
        &'a self,
        notification: &'a Notification<'a>,
    ) -> BoxFuture<'a, Result<Sent, NotifyError>> {
        Box::pin(self.send(notification))
    }

    fn render(&self, notification: &Notification<'_>) -> Texts {
        let card = self.card(notification, &Rendering::new(notification));
        vec![
            ("title".to_owned(), card.title),
            ("summary".to_owned(), card.summary),
            ("text".to_owned(), card.text),
        ]
    }

    fn destination(&self) -> String {
        webhook_url::host(&self.settings.webhook_url)
    }

    fn wants_graph(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::notify::testing::{self, Server, Told};

    #[tokio::test]
    async fn bodies() {
        let check = async |told: Told, want: serde_json::Value| {
            let server = Server::saying("1").await;
            let yaml = "
webhook_url: '{url}/hook'
title: '{{ .Status }}'
summary: '{{ .Receiver }}'
text: '{{ .CommonAnnotations.summary }}'
";
            let teams = MsTeams::new(&testing::settings(&server, yaml, read)).expect("usable");
            teams.notify(&told.notification()).await.expect("taken");
            let request = server.one();
            assert_eq!(request.target, "/hook");
            assert_eq!(request.json(), want);
        };
        let card = |status: &str, color: &str| {
            json!({
                "@context": "http://schema.org/extensions",
                "type": "MessageCard",
                "title": status,
                "summary": "team",
                "text": "<host0> & co is \"dün\"",
                "themeColor": color,
            })
        };
        check(Told::firing(1), card("firing", "8C1A1A")).await;
        check(Told::resolved(1), card("resolved", "2DC72D")).await;
        let mut want = card("firing", "8C1A1A");
        want["sections"] = json!([{ "images": [{ "image": "http://g/1.png" }] }]);
        check(Told::firing(1).with_graph("http://g/1.png"), want).await;
    }
}
