//! `pushover_configs`: a push to somebody's phone.
//!
//! An alert that fires is sent with priority 2, which Pushover repeats until somebody
//! says that they have seen it.
//!
//! Source: Pushover's "Message API".

use std::time::Duration;

use binnacle_client::settings::{HttpSettings, SecretText, Source};
use binnacle_client::{HttpError, Method};
use binnacle_config::reader::Reader;
use binnacle_model::alert::{BoxFuture, Texts};
use bytes::Bytes;

use super::http::{Call, Deadline, Http};
use super::rendering::Rendering;
use super::retry::Retry;
use super::text::truncate_chars;
use super::{Notification, Notifier, NotifyError, Sent, timeout};
use crate::config::{Global, fields};

const API_URL: &str = "https://api.pushover.net/1/messages.json";
const TITLE_CHARS_MAX: usize = 250;
const MESSAGE_CHARS_MAX: usize = 1024;
const URL_CHARS_MAX: usize = 512;

/// One element of `pushover_configs`.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    http: HttpSettings,
    user_key: Source,
    token: Source,
    title: String,
    message: String,
    url: String,
    url_title: String,
    device: String,
    sound: String,
    priority: String,
    retry: Duration,
    expire: Duration,
    ttl: Duration,
    html: bool,
    monospace: bool,
}

/// Reads an element.
pub fn read(r: &mut Reader<'_>, global: &Global) -> Settings {
    let settings = Settings {
        http: fields::http_config(r, global),
        user_key: key(r, "user_key", "user_key_file"),
        token: key(r, "token", "token_file"),
        title: r.text_or("title", r#"{{ template "pushover.default.title" . }}"#),
        message: r.text_or("message", r#"{{ template "pushover.default.message" . }}"#),
        url: r.text_or("url", r#"{{ template "pushover.default.url" . }}"#),
        url_title: r.text("url_title"),
        device: r.text("device"),
        sound: r.text("sound"),
        priority: r.text_or(
            "priority",
            r#"{{ if eq .Status "firing" }}2{{ else }}0{{ end }}"#,
        ),
        retry: span(r, "retry", Duration::from_mins(1)),
        expire: span(r, "expire", Duration::from_hours(1)),
        ttl: span(r, "ttl", Duration::ZERO),
        html: r.bool("html"),
        monospace: r.bool("monospace"),
    };
    if settings.html && settings.monospace {
        r.refuse(
            "monospace",
            "at most one of monospace & html must be configured",
        );
    }
    settings
}

/// A key that must be there, as text or in a file.
fn key(r: &mut Reader<'_>, key: &'static str, file_key: &'static str) -> Source {
    let source = fields::secret(r, key, file_key);
    if source.is_none() {
        r.refuse_all(format!("one of {key} or {file_key} must be configured"));
    }
    source.unwrap_or(Source::Text(SecretText::default()))
}

fn span(r: &mut Reader<'_>, key: &'static str, default: Duration) -> Duration {
    let given = timeout::read(r, key);
    if r.has(key) || r.is_null(key) {
        return given;
    }
    if !default.is_zero() {
        r.show_duration(key, default);
    }
    default
}

/// Pushes through Pushover.
#[derive(Debug)]
pub struct Pushover {
    settings: Settings,
    http: Http,
    api_url: String,
}

struct Message {
    title: String,
    message: String,
    url: String,
    /// Parameters that Pushover can do without.
    values: [(&'static str, String); 4],
}

impl Pushover {
    /// An integration with these settings.
    ///
    /// # Errors
    /// When the settings of HTTP cannot be used.
    pub fn new(settings: &Settings) -> Result<Self, HttpError> {
        Ok(Self {
            http: Http::new(&settings.http)?,
            settings: settings.clone(),
            api_url: API_URL.to_owned(),
        })
    }

    fn message(&self, rendering: &Rendering<'_>) -> Message {
        let settings = &self.settings;
        let title = rendering.line("title", &settings.title);
        let url = rendering.value("url", &settings.url);
        // Before the text, which tells what failed.
        let values = [
            ("url_title", &settings.url_title),
            ("priority", &settings.priority),
            ("device", &settings.device),
            ("sound", &settings.sound),
        ]
        .map(|(name, template)| (name, rendering.value(name, template)));
        let text = if settings.html {
            rendering.html("message", &settings.message)
        } else {
            rendering.text("message", &settings.message)
        };
        let text = truncate_chars(&rendering.with_failures(text), MESSAGE_CHARS_MAX).0;
        Message {
            title: truncate_chars(&title, TITLE_CHARS_MAX).0,
            message: match text.trim() {
                // Pushover refuses a message without text.
                "" => "(no details)".to_owned(),
                text => text.to_owned(),
            },
            url: truncate_chars(&url, URL_CHARS_MAX).0,
            values,
        }
    }

    /// The query of the request, which is all that it has.
    fn query(&self, rendering: &Rendering<'_>, message: &Message) -> Result<String, NotifyError> {
        let settings = &self.settings;
        let secret = |field: &str, source: &Source| {
            let text = source
                .read()
                .map_err(|e| NotifyError::from(e).during(field))?;
            rendering.address(field, &text)
        };
        let seconds = |span: Duration| span.as_secs().to_string();
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query
            .append_pair("token", &secret("token", &settings.token)?)
            .append_pair("user", &secret("user_key", &settings.user_key)?)
            .append_pair("title", &message.title)
            .append_pair("message", &message.message)
            .append_pair("url", &message.url);
        query.extend_pairs(&message.values);
        query
            .append_pair("retry", &seconds(settings.retry))
            .append_pair("expire", &seconds(settings.expire));
        if settings.html {
            query.append_pair("html", "1");
        }
        if settings.monospace {
            query.append_pair("monospace", "1");
        }
        if settings.ttl.as_secs() > 0 {
            query.append_pair("ttl", &seconds(settings.ttl));
        }
        Ok(query.finish())
    }

    async fn send(&self, notification: &Notification<'_>) -> Result<Sent, NotifyError> {
        let rendering = Rendering::new(notification);
        let message = self.message(&rendering);
        let query = self.query(&rendering, &message)?;
        let call = Call {
            method: Method::POST,
            url: &format!("{}?{query}", self.api_url),
            headers: &[("Content-Type", "text/plain")],
            body: Bytes::new(),
        };
        let answer = self.http.send(call, Deadline::of(notification)).await?;
        Retry::default().check(&answer)?;
        Ok(Sent {
            title: message.title,
            text: message.message,
            store: Texts::new(),
            template_errors: rendering.failures(),
        })
    }
}

impl Notifier for Pushover {
    fn notify<'a>(
        &'a self,
        notification: &'a Notification<'a>,
    ) -> BoxFuture<'a, Result<Sent, NotifyError>> {
        Box::pin(self.send(notification))
    }

    fn render(&self, notification: &Notification<'_>) -> Texts {
        let message = self.message(&Rendering::new(notification));
        vec![
            ("title".to_owned(), message.title),
            ("message".to_owned(), message.message),
            ("url".to_owned(), message.url),
        ]
    }

    fn destination(&self) -> String {
        match self.settings.device.as_str() {
            "" => "all devices of the user".to_owned(),
            device => device.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notify::testing::{self, Server, Told};

    fn pushover(server: &Server, yaml: &str) -> Pushover {
        let yaml = format!("user_key: U\ntoken: 'T{{{{ len .Alerts }}}}'\n{yaml}");
        let settings = testing::settings(server, &yaml, read);
        Pushover {
            api_url: format!("{}/1/messages.json", server.url),
            ..Pushover::new(&settings).expect("usable")
        }
    }

    async fn check(yaml: &str, told: Told, want: &[(&str, &str)]) {
        let server = Server::saying(r#"{"status":1}"#).await;
        let pushover = pushover(&server, yaml);
        pushover.notify(&told.notification()).await.expect("taken");
        let request = server.one();
        assert_eq!(request.method, "POST");
        assert!(request.target.starts_with("/1/messages.json?"));
        assert_eq!(request.header("content-type"), "text/plain");
        assert_eq!(request.header("content-length"), "0");
        let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let mut want: Vec<(String, String)> = want.iter().map(own).collect();
        want.sort();
        assert_eq!(request.form(), want, "{yaml}");
    }

    const FIXED: [(&str, &str); 2] = [("token", "T1"), ("user", "U")];

    fn with(pairs: &[(&'static str, &'static str)]) -> Vec<(&'static str, &'static str)> {
        FIXED.into_iter().chain(pairs.iter().copied()).collect()
    }

    #[tokio::test]
    async fn parameters() {
        let texts = "title: '{{ .Status }}'\nmessage: ' {{ .CommonAnnotations.summary }} '\nurl: http://a/?b=c&d\n";
        check(
            texts,
            Told::firing(1),
            &with(&[
                ("title", "firing"),
                ("message", "<host0> & co is \"dün\""),
                ("url", "http://a/?b=c&d"),
                ("url_title", ""),
                ("priority", "2"),
                ("retry", "60"),
                ("expire", "3600"),
                ("device", ""),
                ("sound", ""),
            ]),
        )
        .await;
        check(
            &format!("{texts}html: true\nurl_title: t\ndevice: d\nsound: s\nretry: 1.5m\nexpire: 2h\nttl: 90s\n"),
            Told::resolved(1),
            &with(&[
                ("title", "resolved"),
                ("message", "&lt;host0&gt; &amp; co is &#34;dün&#34;"),
                ("url", "http://a/?b=c&d"),
                ("url_title", "t"),
                ("priority", "0"),
                ("retry", "90"),
                ("expire", "7200"),
                ("device", "d"),
                ("sound", "s"),
                ("html", "1"),
                ("ttl", "90"),
            ]),
        )
        .await;
    }

    #[tokio::test]
    async fn limits() {
        let server = Server::saying("{}").await;
        let long = "ü".repeat(2000);
        let yaml = format!("title: {long}\nmessage: {long}\nurl: {long}\nmonospace: true\n");
        let told = Told::firing(1);
        let pushover = pushover(&server, &yaml);
        pushover.notify(&told.notification()).await.expect("taken");
        let form = server.one().form();
        let chars = |name: &str| {
            let value = form.iter().find(|(n, _)| n == name).map(|(_, v)| v.clone());
            value.map(|v| v.chars().count())
        };
        assert_eq!(chars("title"), Some(250));
        assert_eq!(chars("message"), Some(1024));
        assert_eq!(chars("url"), Some(512));
        assert_eq!(chars("monospace"), Some(1));
    }

    #[tokio::test]
    async fn there_is_always_a_message() {
        let message = |yaml: &'static str| async move {
            let server = Server::saying("{}").await;
            let told = Told::firing(1);
            let pushover = pushover(&server, yaml);
            pushover
                .notify(&told.notification())
                .await
                .expect("taken")
                .text
        };
        assert_eq!(message("message: ''").await, "(no details)");
        let failed = message("message: '{{ .Nope }}'").await;
        assert!(
            failed.starts_with("[FIRING:1] Down (template of message"),
            "{failed}"
        );
    }

    #[test]
    fn what_is_refused() {
        let check = |yaml: &str, want: &[&str]| {
            let errors = testing::read("", yaml, read).err().unwrap_or_default();
            assert_eq!(errors, want, "{yaml}");
        };
        check("{ user_key: u, token: t }", &[]);
        check(
            "{ token: t }",
            &["one of user_key or user_key_file must be configured"],
        );
        check(
            "{ user_key: u }",
            &["one of token or token_file must be configured"],
        );
        check(
            "{ user_key: u, user_key_file: f, token: t }",
            &["at most one of user_key & user_key_file must be configured"],
        );
        check(
            "{ user_key: u, token: t, token_file: f }",
            &["at most one of token & token_file must be configured"],
        );
        check(
            "{ user_key: u, token: t, html: true, monospace: true }",
            &["at most one of monospace & html must be configured"],
        );
    }
}
