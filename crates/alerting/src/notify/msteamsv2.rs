//! `msteamsv2_configs`: an adaptive card, posted to a workflow of Power Automate.
//!
//! Source: Microsoft's connector reference for Teams and the Adaptive Cards schema.

use binnacle_client::HttpError;
use binnacle_client::settings::{HttpSettings, ProxySettings, Source};
use binnacle_config::http;
use binnacle_config::reader::Reader;
use binnacle_model::alert::{BoxFuture, Texts};
use serde::Serialize;

use super::http::{Deadline, Http};
use super::json::to_json;
use super::rendering::Rendering;
use super::retry::Retry;
use super::{Notification, Notifier, NotifyError, Sent, webhook_url};
use crate::config::Global;

const RED: &str = "Attention";
const GREEN: &str = "Good";

/// One element of `msteamsv2_configs`.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    http: HttpSettings,
    webhook_url: Source,
    title: String,
    text: String,
}

/// Reads an element.
pub fn read(r: &mut Reader<'_>, global: &Global) -> Settings {
    Settings {
        http: http_config(r, global),
        webhook_url: webhook_url::read(r),
        title: r.text_or("title", r#"{{ template "msteamsv2.default.title" . }}"#),
        text: r.text_or("text", r#"{{ template "msteamsv2.default.text" . }}"#),
    }
}

/// As for every kind, but a section without a proxy has the global one's.
fn http_config(r: &mut Reader<'_>, global: &Global) -> HttpSettings {
    let global = global.http_config.resolve();
    let Some(own) = r.section("http_config", http::read) else {
        return global;
    };
    let mut own = own.resolve();
    if own.proxy == ProxySettings::None && matches!(global.proxy, ProxySettings::Url { .. }) {
        own.proxy = global.proxy;
    }
    own
}

/// Posts to a workflow of Microsoft Teams.
#[derive(Debug)]
pub struct MsTeamsV2 {
    settings: Settings,
    http: Http,
}

#[derive(Serialize)]
struct Message<'a> {
    r#type: &'static str,
    attachments: [Attachment<'a>; 1],
}

#[derive(Serialize)]
struct Attachment<'a> {
    #[serde(rename = "contentType")]
    content_type: &'static str,
    #[serde(rename = "contentUrl")]
    content_url: Option<&'static str>,
    content: Card<'a>,
}

#[derive(Serialize)]
struct Card<'a> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    r#type: &'static str,
    version: &'static str,
    body: Vec<Element<'a>>,
    msteams: Width,
}

#[derive(Serialize)]
struct Width {
    width: &'static str,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Element<'a> {
    Heading {
        r#type: &'static str,
        text: &'a str,
        weight: &'static str,
        size: &'static str,
        wrap: bool,
        style: &'static str,
        color: &'static str,
    },
    Text {
        r#type: &'static str,
        text: &'a str,
        wrap: bool,
    },
    Image {
        r#type: &'static str,
        url: &'a str,
    },
}

fn message<'a>(title: &'a str, text: &'a str, notification: &'a Notification<'_>) -> Message<'a> {
    let mut body = vec![
        Element::Heading {
            r#type: "TextBlock",
            text: title,
            weight: "Bolder",
            size: "Medium",
            wrap: true,
            style: "heading",
            color: if notification.resolved() { GREEN } else { RED },
        },
        Element::Text {
            r#type: "TextBlock",
            text,
            wrap: true,
        },
    ];
    let graph = notification.graph.and_then(|graph| graph.url.as_deref());
    body.extend(graph.map(|url| Element::Image {
        r#type: "Image",
        url,
    }));
    Message {
        r#type: "message",
        attachments: [Attachment {
            content_type: "application/vnd.microsoft.card.adaptive",
            content_url: None,
            content: Card {
                schema: "http://adaptivecards.io/schemas/adaptive-card.json",
                r#type: "AdaptiveCard",
                version: "1.2",
                body,
                msteams: Width { width: "full" },
            },
        }],
    }
}

impl MsTeamsV2 {
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

    /// Title and text.
    fn texts(&self, rendering: &Rendering<'_>) -> (String, String) {
        let title = rendering.line("title", &self.settings.title);
        let text = rendering.text("text", &self.settings.text);
        (title, rendering.with_failures(text))
    }

    async fn send(&self, notification: &Notification<'_>) -> Result<Sent, NotifyError> {
        let rendering = Rendering::new(notification);
        let (title, text) = self.texts(&rendering);
        let url = webhook_url::current(&self.settings.webhook_url)?;
        let body = to_json(&message(&title, &text, notification));
        let deadline = Deadline::of(notification);
        let answer = self.http.post_json(&url, body, deadline).await?;
        Retry::default().check(&answer)?;
        Ok(Sent {
            title,
            text,
            store: Texts::new(),
            template_errors: rendering.failures(),
        })
    }
}

impl Notifier for MsTeamsV2 {
    fn notify<'a>(
        &'a self,
        notification: &'a Notification<'a>,
    ) -> BoxFuture<'a, Result<Sent, NotifyError>> {
        Box::pin(self.send(notification))
    }

    fn render(&self, notification: &Notification<'_>) -> Texts {
        let (title, text) = self.texts(&Rendering::new(notification));
        vec![("title".to_owned(), title), ("text".to_owned(), text)]
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
        let check = async |told: Told, status: &str, color: &str, graph: Option<&str>| {
            let server = Server::saying("").await;
            let yaml = "
webhook_url: '{url}/flow'
title: '{{ .Status }}'
text: '{{ .CommonAnnotations.summary }}'
";
            let teams = MsTeamsV2::new(&testing::settings(&server, yaml, read)).expect("usable");
            teams.notify(&told.notification()).await.expect("taken");
            let mut body = vec![
                json!({
                    "type": "TextBlock",
                    "text": status,
                    "weight": "Bolder",
                    "size": "Medium",
                    "wrap": true,
                    "style": "heading",
                    "color": color,
                }),
                json!({
                    "type": "TextBlock",
                    "text": "<host0> & co is \"dün\"",
                    "wrap": true,
                }),
            ];
            body.extend(graph.map(|url| json!({ "type": "Image", "url": url })));
            let want = json!({
                "type": "message",
                "attachments": [{
                    "contentType": "application/vnd.microsoft.card.adaptive",
                    "contentUrl": null,
                    "content": {
                        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
                        "type": "AdaptiveCard",
                        "version": "1.2",
                        "body": body,
                        "msteams": { "width": "full" },
                    },
                }],
            });
            assert_eq!(server.one().json(), want);
        };
        check(Told::firing(1), "firing", "Attention", None).await;
        check(Told::resolved(1), "resolved", "Good", None).await;
        let told = Told::firing(1).with_graph("http://g/1.png");
        check(told, "firing", "Attention", Some("http://g/1.png")).await;
    }

    #[test]
    fn the_global_proxy_stays() {
        let check = |yaml: &str, want: Option<&str>| {
            let global = "http_config: { proxy_url: 'http://global:1' }";
            let yaml = format!("{{ webhook_url: 'http://a/b', {yaml} }}");
            let settings = testing::read(global, &yaml, read).expect("right");
            let proxy = match &settings.http.proxy {
                ProxySettings::Url { url, .. } => Some(url.as_str()),
                _ => None,
            };
            assert_eq!(proxy, want, "{yaml}");
        };
        check("", Some("http://global:1"));
        check(
            "http_config: { follow_redirects: false }",
            Some("http://global:1"),
        );
        check(
            "http_config: { proxy_url: 'http://own:2' }",
            Some("http://own:2"),
        );
    }
}
