//! `telegram_configs`: a message in a chat of Telegram, sent by a bot.
//!
//! The text goes out first and alone, just as Alertmanager sends it. When there is a
//! graph, it follows as a silent photo in reply to the text; whether that works
//! changes nothing about the notification, which has been told by then.
//!
//! Source: Telegram's "Bot API", `sendMessage`, `sendPhoto` and "Making requests".

use binnacle_client::settings::{HttpSettings, SecretText, Source};
use binnacle_client::{HttpError, Method};
use binnacle_config::reader::{FileKind, Reader};
use binnacle_model::alert::{BoxFuture, Texts};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::time::Duration;

use super::http::{Answer, Call, Deadline, Http};
use super::json::to_json;
use super::rendering::{Rendering, escape_html};
use super::text::truncate_chars;
use super::{FailureReason, Graph, Notification, Notifier, NotifyError, Sent};
use crate::config::{Global, fields};

const MESSAGE_CHARS_MAX: usize = 4096;
/// Stands for a text in HTML that is too long: cut anywhere, it would be no HTML.
const TOO_LONG: &str = "Alertmanager notification could not be sent: message length exceeds Telegram limits.\n\t\t\tPlease check the template used for producing the message content.";
/// Between the parts of a photo's request; no PNG and no number holds it.
const BOUNDARY: &str = "binnacle-7d1c0e5f9a3b4862";

/// One element of `telegram_configs`.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    http: HttpSettings,
    api_url: String,
    bot_token: Source,
    chat: Chat,
    message_thread_id: i64,
    message: String,
    disable_notifications: bool,
    parse_mode: ParseMode,
}

#[derive(Debug, Clone, PartialEq)]
enum Chat {
    Id(i64),
    File(PathBuf),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ParseMode {
    Plain,
    Markdown,
    MarkdownV2,
    Html,
}

impl ParseMode {
    fn as_str(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Markdown => "Markdown",
            Self::MarkdownV2 => "MarkdownV2",
            Self::Html => "HTML",
        }
    }
}

/// Reads an element.
pub fn read(r: &mut Reader<'_>, global: &Global) -> Settings {
    let http = fields::http_config(r, global);
    let bot_token = fields::secret(r, "bot_token", "bot_token_file")
        .or_else(|| global.telegram_bot_token.clone());
    if bot_token.is_none() {
        r.refuse_all("missing bot_token or bot_token_file on telegram_config");
    }
    let api_url = fields::url(r, "api_url").or_else(|| global.telegram_api_url.clone());
    if api_url.is_none() {
        r.refuse("api_url", "no global Telegram URL set");
    }
    Settings {
        http,
        api_url: api_url.unwrap_or_default(),
        bot_token: bot_token.unwrap_or(Source::Text(SecretText::default())),
        chat: read_chat(r),
        message_thread_id: r.int_or("message_thread_id", 0),
        message: r.text_or("message", r#"{{ template "telegram.default.message" . }}"#),
        disable_notifications: r.bool("disable_notifications"),
        parse_mode: read_parse_mode(r),
    }
}

fn read_chat(r: &mut Reader<'_>) -> Chat {
    let id = r.int_or("chat_id", 0);
    match (id, r.file("chat_id_file", FileKind::Credentials)) {
        (0, Some(file)) => Chat::File(file),
        (0, None) => {
            r.refuse_all("missing chat_id or chat_id_file on telegram_config");
            Chat::Id(0)
        }
        (id, None) => Chat::Id(id),
        (id, Some(_)) => {
            r.refuse(
                "chat_id_file",
                "at most one of chat_id & chat_id_file must be configured",
            );
            Chat::Id(id)
        }
    }
}

fn read_parse_mode(r: &mut Reader<'_>) -> ParseMode {
    let modes = [
        ParseMode::Plain,
        ParseMode::Markdown,
        ParseMode::MarkdownV2,
        ParseMode::Html,
    ];
    let name = r.text_or("parse_mode", ParseMode::Html.as_str());
    let mode = modes.into_iter().find(|mode| mode.as_str() == name);
    if mode.is_none() {
        r.refuse(
            "parse_mode",
            "unknown parse_mode on telegram_config, must be Markdown, MarkdownV2, HTML or empty string",
        );
    }
    mode.unwrap_or(ParseMode::Html)
}

/// A bot of Telegram.
#[derive(Debug)]
pub struct Telegram {
    settings: Settings,
    http: Http,
}

/// Every value is a text, as in Alertmanager.
#[derive(Serialize)]
struct Message<'a> {
    chat_id: &'a str,
    text: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    parse_mode: &'static str,
    disable_web_page_preview: &'static str,
    #[serde(skip_serializing_if = "str::is_empty")]
    disable_notification: &'static str,
    #[serde(skip_serializing_if = "String::is_empty")]
    message_thread_id: String,
}

#[derive(Deserialize, Default)]
struct Reply {
    #[serde(default)]
    ok: bool,
    #[serde(default)]
    error_code: u16,
    #[serde(default)]
    description: String,
    #[serde(default)]
    parameters: Parameters,
    result: Option<Told>,
}

#[derive(Deserialize, Default)]
struct Parameters {
    retry_after: Option<u64>,
}

#[derive(Deserialize)]
struct Told {
    message_id: i64,
}

impl Telegram {
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

    fn text(&self, rendering: &Rendering<'_>) -> String {
        let template = &self.settings.message;
        if self.settings.parse_mode == ParseMode::Html {
            return match rendering.run_html(template) {
                Ok(text) if text.chars().count() <= MESSAGE_CHARS_MAX => text,
                Ok(_) => TOO_LONG.to_owned(),
                // What stands for it has no tags, so it can be cut.
                Err(_) => {
                    let text = rendering.text("message", template);
                    escape_html(&truncate_chars(&text, MESSAGE_CHARS_MAX).0)
                }
            };
        }
        let text = rendering.text("message", template);
        truncate_chars(&text, MESSAGE_CHARS_MAX).0
    }

    async fn send(&self, notification: &Notification<'_>) -> Result<Sent, NotifyError> {
        let rendering = Rendering::new(notification);
        let text = self.text(&rendering);
        // A message that Telegram cannot parse would be refused for ever.
        let parse_mode = match self.settings.parse_mode {
            ParseMode::Markdown | ParseMode::MarkdownV2 if !rendering.failures().is_empty() => {
                ParseMode::Plain
            }
            mode => mode,
        };
        let token = self.settings.bot_token.read();
        let token = token.map_err(|e| NotifyError::retry(e.to_string()))?;
        let chat = self.chat()?;
        let body = to_json(&Message {
            chat_id: &chat,
            text: &text,
            parse_mode: parse_mode.as_str(),
            disable_web_page_preview: "true",
            disable_notification: match self.settings.disable_notifications {
                true => "true",
                false => "",
            },
            message_thread_id: match self.settings.message_thread_id {
                0 => String::new(),
                id => id.to_string(),
            },
        });
        let deadline = Deadline::of(notification);
        let url = self.url(&token, "sendMessage");
        let answer = self.http.post_json(&url, body, deadline).await?;
        let message_id = check(&answer)?;
        if let Some(graph) = notification.graph {
            let url = self.url(&token, "sendPhoto");
            self.send_photo(&url, &chat, message_id, graph, deadline)
                .await;
        }
        Ok(Sent {
            title: String::new(),
            text,
            store: Texts::new(),
            template_errors: rendering.failures(),
        })
    }

    async fn send_photo(
        &self,
        url: &str,
        chat: &str,
        reply_to: i64,
        graph: &Graph,
        deadline: Deadline,
    ) {
        let reply = format!(r#"{{"message_id":{reply_to},"allow_sending_without_reply":true}}"#);
        let mut texts = vec![
            ("chat_id", chat.to_owned()),
            ("disable_notification", "true".to_owned()),
            ("reply_parameters", reply),
        ];
        if self.settings.message_thread_id != 0 {
            let thread = self.settings.message_thread_id.to_string();
            texts.push(("message_thread_id", thread));
        }
        let content_type = format!("multipart/form-data; boundary={BOUNDARY}");
        let call = Call {
            method: Method::POST,
            url,
            headers: &[("Content-Type", &content_type)],
            body: multipart(&texts, &graph.png).into(),
        };
        // The alert has been told; a second try would tell it twice.
        let _ = self.http.send(call, deadline).await;
    }

    fn url(&self, token: &str, method: &str) -> String {
        let base = self.settings.api_url.trim_end_matches('/');
        format!("{base}/bot{token}/{method}")
    }

    fn chat(&self) -> Result<String, NotifyError> {
        let file = match &self.settings.chat {
            Chat::Id(id) => return Ok(id.to_string()),
            Chat::File(file) => file,
        };
        let text = Source::File(file.clone()).read();
        let text = text.map_err(|e| NotifyError::retry(e.to_string()))?;
        match text.parse::<i64>() {
            Ok(id) => Ok(id.to_string()),
            Err(e) => Err(NotifyError::retry(format!(
                "could not parse chat_id from {}: {e}",
                file.display()
            ))),
        }
    }
}

/// The number of the message that was told. Whatever goes wrong is tried again, as in
/// Alertmanager.
fn check(answer: &Answer) -> Result<i64, NotifyError> {
    let reply: Reply = match serde_json::from_slice(&answer.body) {
        Ok(reply) => reply,
        Err(e) => {
            let why = format!("telegram: status code {}, answer: {e}", answer.status);
            let reason = FailureReason::of_status(answer.status);
            return Err(NotifyError::retry(why).because(reason));
        }
    };
    if reply.ok {
        return Ok(reply.result.map_or(0, |told| told.message_id));
    }
    let code = match reply.error_code {
        0 => answer.status,
        code => code,
    };
    let why = format!("telegram: {} ({code})", reply.description);
    let asked = reply.parameters.retry_after.map(Duration::from_secs);
    Err(NotifyError {
        retry_after: asked.or(answer.retry_after),
        ..NotifyError::retry(why).because(FailureReason::of_status(code))
    })
}

/// A form with these texts and a picture (RFC 7578).
fn multipart(texts: &[(&str, String)], png: &[u8]) -> Vec<u8> {
    let mut body = Vec::with_capacity(png.len() + 1024);
    for (name, text) in texts {
        let part = format!(
            "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{text}\r\n"
        );
        body.extend_from_slice(part.as_bytes());
    }
    let head = format!(
        "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"photo\"; filename=\"graph.png\"\r\nContent-Type: image/png\r\n\r\n"
    );
    body.extend_from_slice(head.as_bytes());
    body.extend_from_slice(png);
    body.extend_from_slice(format!("\r\n--{BOUNDARY}--\r\n").as_bytes());
    body
}

impl Notifier for Telegram {
    fn notify<'a>(
        &'a self,
        notification: &'a Notification<'a>,
    ) -> BoxFuture<'a, Result<Sent, NotifyError>> {
        Box::pin(self.send(notification))
    }

    fn render(&self, notification: &Notification<'_>) -> Texts {
        let text = self.text(&Rendering::new(notification));
        vec![("message".to_owned(), text)]
    }

    fn destination(&self) -> String {
        match &self.settings.chat {
            Chat::Id(id) => format!("chat {id}"),
            Chat::File(file) => format!("the chat in {}", file.display()),
        }
    }

    fn wants_graph(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::notify::testing::{self, Answer as Said, Server, Told};

    const TAKEN: &str = r#"{"ok":true,"result":{"message_id":7,"chat":{"id":-42}}}"#;

    fn telegram(server: &Server, yaml: &str) -> Telegram {
        let yaml = format!("api_url: '{{url}}'\nbot_token: '1:AB'\nchat_id: -42\n{yaml}");
        Telegram::new(&testing::settings(server, &yaml, read)).expect("usable")
    }

    #[tokio::test]
    async fn texts() {
        let check = async |yaml: &str, want: serde_json::Value| {
            let server = Server::saying(TAKEN).await;
            let told = Told::firing(1);
            let sent = telegram(&server, yaml).notify(&told.notification()).await;
            sent.expect("taken");
            let request = server.one();
            assert_eq!(request.method, "POST");
            assert_eq!(request.target, "/bot1:AB/sendMessage");
            assert_eq!(request.header("content-type"), "application/json");
            assert_eq!(request.json(), want, "{yaml}");
        };
        check(
            "message: '<b>{{ .CommonAnnotations.summary }}</b>'",
            json!({
                "chat_id": "-42",
                "text": "<b>&lt;host0&gt; &amp; co is &#34;dün&#34;</b>",
                "parse_mode": "HTML",
                "disable_web_page_preview": "true",
            }),
        )
        .await;
        check(
            "message: '{{ .CommonAnnotations.summary }}'
parse_mode: ''
disable_notifications: true
message_thread_id: 3
",
            json!({
                "chat_id": "-42",
                "text": "<host0> & co is \"dün\"",
                "disable_web_page_preview": "true",
                "disable_notification": "true",
                "message_thread_id": "3",
            }),
        )
        .await;
    }

    #[tokio::test]
    async fn long_texts() {
        let check = async |mode: &str, want: &str| {
            let server = Server::saying(TAKEN).await;
            let long = "ü".repeat(4097);
            let yaml = format!("message: '{long}'\nparse_mode: '{mode}'\n");
            let told = Told::firing(1);
            let sent = telegram(&server, &yaml).notify(&told.notification()).await;
            assert_eq!(sent.expect("taken").text, want, "{mode}");
        };
        let cut = format!("{}…", "ü".repeat(4095));
        check("HTML", TOO_LONG).await;
        check("", &cut).await;
        check("MarkdownV2", &cut).await;
    }

    #[tokio::test]
    async fn a_template_that_fails_is_sent_as_what_telegram_can_parse() {
        let check = async |mode: &str, want: Option<&str>| {
            let server = Server::saying(TAKEN).await;
            let yaml = format!("message: '*{{{{ .Nothing }}}}*'\nparse_mode: '{mode}'\n");
            let told = Told::firing(1);
            let sent = telegram(&server, &yaml).notify(&told.notification()).await;
            assert_eq!(sent.expect("taken").template_errors.len(), 1);
            let body = server.one().json();
            assert_eq!(body.get("parse_mode").and_then(|m| m.as_str()), want);
            let text = body["text"].as_str().expect("text");
            assert!(text.starts_with("[FIRING:1] Down"), "{text}");
            assert!(!text.contains("<host0>") || want.is_none(), "{text}");
        };
        check("HTML", Some("HTML")).await;
        check("Markdown", None).await;
        check("MarkdownV2", None).await;
        check("", None).await;
    }

    #[tokio::test]
    async fn the_graph_follows_in_silence() {
        let refused = Said::Status(400, r#"{"ok":false,"error_code":400,"description":"no"}"#);
        let server = Server::start(vec![Said::Status(200, TAKEN), refused]).await;
        let told = Told::firing(1).with_graph("http://graph.example/1.png");
        let yaml = "message: hello\nmessage_thread_id: 3\n";
        let sent = telegram(&server, yaml).notify(&told.notification()).await;
        sent.expect("taken, whatever became of the photo");
        let [text, photo] = server.received().try_into().expect("two requests");
        assert_eq!(text.json()["text"], "hello");
        assert_eq!(photo.target, "/bot1:AB/sendPhoto");
        let boundary = "multipart/form-data; boundary=binnacle-7d1c0e5f9a3b4862";
        assert_eq!(photo.header("content-type"), boundary);
        let part = |name: &str, value: &str| {
            format!(
                "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
            )
        };
        let mut want = [
            part("chat_id", "-42"),
            part("disable_notification", "true"),
            part(
                "reply_parameters",
                r#"{"message_id":7,"allow_sending_without_reply":true}"#,
            ),
            part("message_thread_id", "3"),
        ]
        .concat()
        .into_bytes();
        want.extend_from_slice(format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"photo\"; filename=\"graph.png\"\r\nContent-Type: image/png\r\n\r\n").as_bytes());
        want.extend_from_slice(b"\x89PNG\r\n\x1a\n");
        want.extend_from_slice(format!("\r\n--{BOUNDARY}--\r\n").as_bytes());
        assert_eq!(photo.body, want);
    }

    #[tokio::test]
    async fn refusals_are_tried_again() {
        let check =
            async |answer: Said, reason: FailureReason, after_s: Option<u64>, message: &str| {
                let server = Server::start(vec![answer]).await;
                let told = Told::firing(1);
                let sent = telegram(&server, "").notify(&told.notification()).await;
                let error = sent.expect_err("refused");
                assert!(error.retry, "{message}");
                assert_eq!(error.reason, reason, "{message}");
                assert_eq!(error.retry_after, after_s.map(Duration::from_secs));
                assert!(error.message.starts_with(message), "{}", error.message);
                assert!(!error.message.contains("1:AB"), "{}", error.message);
            };
        check(
            Said::Status(
                429,
                r#"{"ok":false,"error_code":429,"description":"Too Many Requests","parameters":{"retry_after":9}}"#,
            ),
            FailureReason::RateLimited,
            Some(9),
            "telegram: Too Many Requests (429)",
        )
        .await;
        check(
            Said::Status(
                401,
                r#"{"ok":false,"error_code":401,"description":"Unauthorized"}"#,
            ),
            FailureReason::AuthError,
            None,
            "telegram: Unauthorized (401)",
        )
        .await;
        check(
            Said::Status(502, "<html>"),
            FailureReason::ServerError,
            None,
            "telegram: status code 502",
        )
        .await;
        check(
            Said::Close,
            FailureReason::Other,
            None,
            "Post \"<redacted>\"",
        )
        .await;
    }

    #[tokio::test]
    async fn token_and_chat_come_from_files_as_they_are_now() {
        let dir = tempfile::tempdir().expect("a directory");
        let file = |name: &str| dir.path().join(name).display().to_string();
        let yaml = format!(
            "api_url: '{{url}}'\nbot_token_file: {}\nchat_id_file: {}\nmessage: m\n",
            file("token"),
            file("chat")
        );
        let server = Server::saying(TAKEN).await;
        let telegram = Telegram::new(&testing::settings(&server, &yaml, read)).expect("usable");
        let told = Told::firing(1);
        let error = telegram.notify(&told.notification()).await;
        assert!(error.expect_err("no file").retry);
        std::fs::write(dir.path().join("token"), "9:Z\n").expect("written");
        std::fs::write(dir.path().join("chat"), "x\n").expect("written");
        let error = telegram.notify(&told.notification()).await;
        let error = error.expect_err("no chat");
        assert!(error.retry && error.message.contains("could not parse chat_id"));
        std::fs::write(dir.path().join("chat"), " -5\n").expect("written");
        telegram.notify(&told.notification()).await.expect("taken");
        let request = server.one();
        assert_eq!(request.target, "/bot9:Z/sendMessage");
        assert_eq!(request.json()["chat_id"], "-5");
    }

    #[test]
    fn what_is_refused() {
        let check = |global: &str, yaml: &str, want: &[&str]| {
            let errors = testing::read(global, yaml, read).err().unwrap_or_default();
            assert_eq!(errors, want, "{yaml}");
        };
        check("", "{ bot_token: t, chat_id: 1 }", &[]);
        check("telegram_bot_token: t", "{ chat_id: 1 }", &[]);
        check(
            "",
            "{ chat_id: 1 }",
            &["missing bot_token or bot_token_file on telegram_config"],
        );
        check(
            "",
            "{ bot_token: t }",
            &["missing chat_id or chat_id_file on telegram_config"],
        );
        check(
            "",
            "{ bot_token: t, chat_id: 1, chat_id_file: f }",
            &["at most one of chat_id & chat_id_file must be configured"],
        );
        check(
            "",
            "{ bot_token: t, bot_token_file: f, chat_id: 1 }",
            &["at most one of bot_token & bot_token_file must be configured"],
        );
        check(
            "",
            "{ bot_token: t, chat_id: 1, parse_mode: html }",
            &[
                "unknown parse_mode on telegram_config, must be Markdown, MarkdownV2, HTML or empty string",
            ],
        );
    }
}
