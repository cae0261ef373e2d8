//! `discord_configs`: a message with one embed, posted to a channel's webhook.
//!
//! Source: Discord's developer documentation, "Execute Webhook" and "Embed Limits".

use binnacle_client::HttpError;
use binnacle_client::settings::{HttpSettings, Source};
use binnacle_config::reader::Reader;
use binnacle_model::alert::{BoxFuture, Texts};
use serde::Serialize;

use super::http::{Deadline, Http};
use super::json::to_json;
use super::rendering::Rendering;
use super::retry::Retry;
use super::text::truncate_chars;
use super::{Notification, Notifier, NotifyError, Sent, webhook_url};
use crate::config::{Global, fields};

const TITLE_CHARS_MAX: usize = 256;
const DESCRIPTION_CHARS_MAX: usize = 4096;
const CONTENT_CHARS_MAX: usize = 2000;

const RED: u32 = 0x0099_2d22;
const GREEN: u32 = 0x002e_cc71;

/// One element of `discord_configs`.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    http: HttpSettings,
    webhook_url: Source,
    content: String,
    title: String,
    message: String,
    username: String,
    avatar_url: String,
}

/// Reads an element.
pub fn read(r: &mut Reader<'_>, global: &Global) -> Settings {
    Settings {
        http: fields::http_config(r, global),
        webhook_url: webhook_url::read(r),
        content: r.text("content"),
        title: r.text_or("title", r#"{{ template "discord.default.title" . }}"#),
        message: r.text_or("message", r#"{{ template "discord.default.message" . }}"#),
        username: r.text("username"),
        avatar_url: r.text("avatar_url"),
    }
}

/// Posts to a channel of Discord.
#[derive(Debug)]
pub struct Discord {
    settings: Settings,
    http: Http,
}

#[derive(Serialize)]
struct Message<'a> {
    content: String,
    embeds: [Embed<'a>; 1],
    #[serde(skip_serializing_if = "str::is_empty")]
    username: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    avatar_url: &'a str,
}

#[derive(Serialize)]
struct Embed<'a> {
    title: String,
    description: String,
    color: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    image: Option<Image<'a>>,
}

#[derive(Serialize)]
struct Image<'a> {
    url: &'a str,
}

impl Discord {
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

    fn message<'a>(
        &'a self,
        notification: &'a Notification<'_>,
        rendering: &Rendering<'_>,
    ) -> Message<'a> {
        let settings = &self.settings;
        let title = rendering.line("title", &settings.title);
        let content = rendering.value("content", &settings.content);
        let message = rendering.text("message", &settings.message);
        let message = rendering.with_failures(message);
        Message {
            content: truncate_chars(&content, CONTENT_CHARS_MAX).0,
            embeds: [Embed {
                title: truncate_chars(&title, TITLE_CHARS_MAX).0,
                description: truncate_chars(&message, DESCRIPTION_CHARS_MAX).0,
                color: if notification.resolved() { GREEN } else { RED },
                image: notification
                    .graph
                    .and_then(|graph| graph.url.as_deref())
                    .map(|url| Image { url }),
            }],
            username: &settings.username,
            avatar_url: &settings.avatar_url,
        }
    }

    async fn send(&self, notification: &Notification<'_>) -> Result<Sent, NotifyError> {
        let rendering = Rendering::new(notification);
        let message = self.message(notification, &rendering);
        let url = webhook_url::current(&self.settings.webhook_url)?;
        let body = to_json(&message);
        let deadline = Deadline::of(notification);
        let answer = self.http.post_json(&url, body, deadline).await?;
        Retry::default().check(&answer)?;
        let [embed] = message.embeds;
        Ok(Sent {
            title: embed.title,
            text: embed.description,
            store: Texts::new(),
            template_errors: rendering.failures(),
        })
    }
}

impl Notifier for Discord {
    fn notify<'a>(
        &'a self,
        notification: &'a Notification<'a>,
    ) -> BoxFuture<'a, Result<Sent, NotifyError>> {
        Box::pin(self.send(notification))
    }

    fn render(&self, notification: &Notification<'_>) -> Texts {
        let rendering = Rendering::new(notification);
        let Message {
            content, embeds, ..
        } = self.message(notification, &rendering);
        let [embed] = embeds;
        vec![
            ("title".to_owned(), embed.title),
            ("message".to_owned(), embed.description),
            ("content".to_owned(), content),
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
    use std::time::Duration;

    use serde_json::json;

    use super::*;
    use crate::notify::FailureReason;
    use crate::notify::testing::{self, Answer, Server, Told};

    fn discord(server: &Server, yaml: &str) -> Discord {
        let yaml = format!("webhook_url: '{{url}}/api/webhooks/1/secret'\n{yaml}");
        Discord::new(&testing::settings(server, &yaml, read)).expect("usable")
    }

    #[tokio::test]
    async fn bodies() {
        let check = async |yaml: &str, told: Told, want: serde_json::Value| {
            let server = Server::start(vec![Answer::Status(204, "")]).await;
            let sent = discord(&server, yaml).notify(&told.notification()).await;
            sent.expect("taken");
            let request = server.one();
            assert_eq!(request.method, "POST");
            assert_eq!(request.target, "/api/webhooks/1/secret");
            assert_eq!(request.header("content-type"), "application/json");
            assert_eq!(request.json(), want, "{yaml}");
        };
        let texts = "title: '{{ .Status }}'\nmessage: '{{ .CommonAnnotations.summary }}'\n";
        check(
            texts,
            Told::firing(1),
            json!({
                "content": "",
                "embeds": [{
                    "title": "firing",
                    "description": "<host0> & co is \"dün\"",
                    "color": 0x0099_2d22,
                }],
            }),
        )
        .await;
        check(
            &format!("{texts}content: '@here {{{{ .Receiver }}}}'\nusername: '{{{{ u }}}}'\navatar_url: http://a/b.png\n"),
            Told::resolved(1).with_graph("http://graph/1.png"),
            json!({
                "content": "@here team",
                "embeds": [{
                    "title": "resolved",
                    "description": "<host0> & co is \"dün\"",
                    "color": 0x002e_cc71,
                    "image": { "url": "http://graph/1.png" },
                }],
                "username": "{{ u }}",
                "avatar_url": "http://a/b.png",
            }),
        )
        .await;
    }

    #[tokio::test]
    async fn texts_are_cut_between_characters() {
        let server = Server::saying("").await;
        let long = |count: usize| "ü".repeat(count);
        let yaml = format!(
            "title: {}\nmessage: {}\ncontent: {}\n",
            long(300),
            long(5000),
            long(2000)
        );
        let told = Told::firing(1);
        let sent = discord(&server, &yaml).notify(&told.notification()).await;
        assert_eq!(sent.expect("taken").title, format!("{}…", long(255)));
        let body = server.one().json();
        let description = body["embeds"][0]["description"].as_str();
        assert_eq!(description, Some(format!("{}…", long(4095)).as_str()));
        assert_eq!(body["content"].as_str(), Some(long(2000).as_str()));
    }

    #[tokio::test]
    async fn templates_that_fail_are_sent_with_their_errors() {
        let server = Server::saying("").await;
        let yaml = "title: '{{ .Nope }}'\ncontent: '{{ .Nope }}'\nmessage: hello\n";
        let told = Told::firing(2);
        let discord = discord(&server, yaml);
        let sent = discord.notify(&told.notification()).await.expect("taken");
        let fields: Vec<&str> = sent
            .template_errors
            .iter()
            .map(|(f, _)| f.as_str())
            .collect();
        assert_eq!(fields, ["title", "content"]);
        assert!(
            sent.title
                .starts_with("[FIRING:2] Down (template of title failed")
        );
        assert!(sent.text.starts_with("hello\n(template of content failed"));
        let rendered = discord.render(&told.notification());
        assert_eq!(rendered[0], ("title".to_owned(), sent.title));
        assert_eq!(rendered[1], ("message".to_owned(), sent.text));
    }

    /// The same for every kind that does not say otherwise.
    #[tokio::test]
    async fn refusals() {
        let check = async |answer: Answer, retry: bool, reason: FailureReason, message: &str| {
            let within = match answer {
                Answer::Silence => Duration::from_millis(50),
                _ => Duration::from_secs(30),
            };
            let server = Server::start(vec![answer]).await;
            let told = Told::firing(1).within(within);
            let error = discord(&server, "").notify(&told.notification()).await;
            let error = error.expect_err("refused");
            assert_eq!((error.retry, error.reason), (retry, reason), "{message}");
            assert!(error.message.contains(message), "{}", error.message);
            assert!(!error.message.contains("secret"), "{}", error.message);
            error
        };
        let status = |status: u16| Answer::Status(status, "why");
        let other = FailureReason::Other;
        let client = FailureReason::ClientError;
        check(
            status(400),
            false,
            client,
            "unexpected status code 400: why",
        )
        .await;
        check(status(403), false, FailureReason::AuthError, "403").await;
        check(status(500), true, FailureReason::ServerError, "500").await;
        let limited = Answer::With(429, "Retry-After: 3\r\n", "slow down");
        let error = check(limited, false, FailureReason::RateLimited, "429: slow down").await;
        assert_eq!(error.retry_after, Some(Duration::from_secs(3)));
        check(Answer::Close, true, other, "<redacted>").await;
        let late = FailureReason::ContextDeadlineExceeded;
        check(Answer::Silence, true, late, "deadline").await;
    }

    #[tokio::test]
    async fn the_address_comes_from_a_file_as_it_is_now() {
        let dir = tempfile::tempdir().expect("a directory");
        let file = dir.path().join("url");
        let yaml = format!("webhook_url_file: {}", file.display());
        let server = Server::saying("").await;
        let settings = testing::settings(&server, &yaml, read);
        let discord = Discord::new(&settings).expect("usable");
        let told = Told::firing(1);
        let error = discord
            .notify(&told.notification())
            .await
            .expect_err("no file");
        assert!(!error.retry && error.message.contains("webhook_url_file"));
        std::fs::write(&file, format!(" {}/hook\n", server.url)).expect("written");
        discord.notify(&told.notification()).await.expect("taken");
        assert_eq!(server.one().target, "/hook");
    }

    #[test]
    fn what_is_refused() {
        let check = |yaml: &str, want: &[&str]| {
            let errors = testing::read("", yaml, read).err().unwrap_or_default();
            assert_eq!(errors, want, "{yaml}");
        };
        check("webhook_url: http://a/b", &[]);
        check(
            "title: x",
            &["one of webhook_url or webhook_url_file must be configured"],
        );
        check(
            "{ webhook_url: 'http://a/b', webhook_url_file: c }",
            &["at most one of webhook_url & webhook_url_file must be configured"],
        );
        check(
            "webhook_url: ftp://a/b",
            &["unsupported scheme \"ftp\" for URL"],
        );
    }

    #[test]
    fn only_the_host_is_told() {
        let yaml = "webhook_url: https://discord.com/api/webhooks/1/secret";
        let settings = testing::read("", yaml, read).expect("right");
        let discord = Discord::new(&settings).expect("usable");
        assert_eq!(discord.destination(), "discord.com");
        assert!(!format!("{discord:?}").contains("webhooks"));
    }
}
