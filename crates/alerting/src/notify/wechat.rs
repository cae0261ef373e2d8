//! `wechat_configs`: a message of an application of WeChat Work.
//!
//! A token is fetched with the corporation's secret and kept until it is refused or
//! two hours old.
//!
//! Source: WeCom's developer documentation, "Get access token", "Send application
//! message" and "Global error codes".

use std::time::Duration;

use binnacle_client::settings::{HttpSettings, SecretText, Source};
use binnacle_client::{HttpError, Method};
use binnacle_config::reader::Reader;
use binnacle_model::alert::{BoxFuture, Texts};
use bytes::Bytes;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;
use url::Url;

use super::http::{Answer, Call, Deadline, Http, parse_url};
use super::json::to_json;
use super::rendering::Rendering;
use super::{FailureReason, Notification, Notifier, NotifyError, Sent};
use crate::config::{Global, fields};

/// After that time a token is fetched anew.
const TOKEN_AGE_MAX: Duration = Duration::from_hours(2);
/// Code of an answer: the token has expired.
const TOKEN_EXPIRED: i64 = 42001;

/// One element of `wechat_configs`.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    http: HttpSettings,
    api_url: String,
    api_secret: Source,
    corp_id: String,
    message: String,
    message_type: MessageType,
    to_user: String,
    to_party: String,
    to_tag: String,
    agent_id: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum MessageType {
    Text,
    Markdown,
}

/// Reads an element.
pub fn read(r: &mut Reader<'_>, global: &Global) -> Settings {
    let http = fields::http_config(r, global);
    let types = [
        ("text", MessageType::Text),
        ("markdown", MessageType::Markdown),
    ];
    let message_type = r.one_of("message_type", &types, |name| {
        format!("weChat message type {name:?} does not match valid options ^(text|markdown)$")
    });
    let api_url = fields::url(r, "api_url").or_else(|| global.wechat_api_url.clone());
    if api_url.is_none() {
        r.refuse("api_url", "no global Wechat URL set");
    }
    let api_secret = fields::secret(r, "api_secret", "api_secret_file")
        .or_else(|| global.wechat_api_secret.clone());
    if api_secret.is_none() {
        r.refuse_all("no global Wechat Api Secret set either inline or in a file");
    }
    let mut corp_id = r.text("corp_id");
    if corp_id.is_empty() {
        corp_id.clone_from(&global.wechat_api_corp_id);
    }
    if corp_id.is_empty() {
        r.refuse_all("no global Wechat CorpID set");
    }
    Settings {
        http,
        api_url: api_url.unwrap_or_default(),
        api_secret: api_secret.unwrap_or(Source::Text(SecretText::default())),
        corp_id,
        message: r.text_or("message", r#"{{ template "wechat.default.message" . }}"#),
        message_type: message_type.unwrap_or(MessageType::Text),
        to_user: r.text_or("to_user", r#"{{ template "wechat.default.to_user" . }}"#),
        to_party: r.text_or("to_party", r#"{{ template "wechat.default.to_party" . }}"#),
        to_tag: r.text_or("to_tag", r#"{{ template "wechat.default.to_tag" . }}"#),
        agent_id: r.text_or("agent_id", r#"{{ template "wechat.default.agent_id" . }}"#),
    }
}

/// Sends through an application of WeChat Work.
#[derive(Debug)]
pub struct WeChat {
    settings: Settings,
    http: Http,
    token: Mutex<Option<Token>>,
}

#[derive(Debug, Clone)]
struct Token {
    text: SecretText,
    fetched: Instant,
}

#[derive(Deserialize)]
struct TokenAnswer {
    #[serde(default)]
    access_token: String,
    #[serde(default)]
    errmsg: String,
}

#[derive(Deserialize)]
struct SendAnswer {
    #[serde(default)]
    errcode: i64,
    #[serde(default)]
    errmsg: String,
}

#[derive(Serialize)]
struct Message<'a> {
    text: Content<'a>,
    #[serde(skip_serializing_if = "String::is_empty")]
    touser: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    toparty: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    totag: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    agentid: String,
    safe: &'static str,
    msgtype: MessageType,
    markdown: Content<'a>,
}

#[derive(Serialize)]
struct Content<'a> {
    content: &'a str,
}

impl WeChat {
    /// An integration with these settings.
    ///
    /// # Errors
    /// When the settings of HTTP cannot be used.
    pub fn new(settings: &Settings) -> Result<Self, HttpError> {
        Ok(Self {
            http: Http::new(&settings.http)?,
            settings: settings.clone(),
            token: Mutex::default(),
        })
    }

    fn text(&self, rendering: &Rendering<'_>) -> String {
        rendering.with_failures(rendering.text("message", &self.settings.message))
    }

    /// The body, and the text in it.
    fn body(&self, rendering: &Rendering<'_>) -> (Vec<u8>, String) {
        let settings = &self.settings;
        // Before the text, which tells what failed.
        let [touser, toparty, totag, agentid] = [
            ("to_user", &settings.to_user),
            ("to_party", &settings.to_party),
            ("to_tag", &settings.to_tag),
            ("agent_id", &settings.agent_id),
        ]
        .map(|(field, template)| rendering.value(field, template));
        let text = self.text(rendering);
        let (plain, markdown) = match settings.message_type {
            MessageType::Text => (text.as_str(), ""),
            MessageType::Markdown => ("", text.as_str()),
        };
        let body = to_json(&Message {
            text: Content { content: plain },
            touser,
            toparty,
            totag,
            agentid,
            safe: "0",
            msgtype: settings.message_type,
            markdown: Content { content: markdown },
        });
        (body, text)
    }

    fn url(&self, path: &str, query: &[(&str, &str)]) -> Result<Url, NotifyError> {
        let mut url = parse_url(&self.settings.api_url)?;
        url.set_path(&format!("{}/{path}", url.path().trim_end_matches('/')));
        url.query_pairs_mut().extend_pairs(query);
        Ok(url)
    }

    /// The token in use, or a new one.
    async fn token(
        &self,
        rendering: &Rendering<'_>,
        deadline: Deadline,
    ) -> Result<Token, NotifyError> {
        let kept = self.token.lock().clone();
        if let Some(token) = kept.filter(|token| token.fetched.elapsed() <= TOKEN_AGE_MAX) {
            return Ok(token);
        }
        let secret = self.settings.api_secret.read()?;
        let secret = rendering.address("api_secret", &secret)?;
        let corp_id = rendering.address("corp_id", &self.settings.corp_id)?;
        let query = [("corpsecret", secret.as_str()), ("corpid", &corp_id)];
        let url = self.url("gettoken", &query)?;
        let call = Call {
            method: Method::GET,
            url: url.as_str(),
            headers: &[],
            body: Bytes::new(),
        };
        let answer = self.http.send(call, deadline).await?;
        if answer.status / 100 == 5 {
            return Err(unexpected(&answer));
        }
        let parsed: TokenAnswer = serde_json::from_slice(&answer.body)
            .map_err(|e| NotifyError::fatal(format!("answer to gettoken: {e}")))?;
        if parsed.access_token.is_empty() {
            return Err(NotifyError::fatal(format!(
                "invalid APISecret for CorpID: {corp_id} ({})",
                parsed.errmsg
            )));
        }
        let token = Token {
            text: SecretText::new(parsed.access_token),
            fetched: Instant::now(),
        };
        *self.token.lock() = Some(token.clone());
        Ok(token)
    }

    fn check(&self, answer: &Answer) -> Result<(), NotifyError> {
        if answer.status != 200 {
            return Err(unexpected(answer));
        }
        let parsed: SendAnswer = serde_json::from_slice(&answer.body)
            .map_err(|e| NotifyError::retry(format!("answer to message/send: {e}")))?;
        match parsed.errcode {
            0 => Ok(()),
            TOKEN_EXPIRED => {
                *self.token.lock() = None;
                Err(NotifyError::retry(parsed.errmsg))
            }
            _ => Err(NotifyError::fatal(parsed.errmsg)),
        }
    }

    async fn send(&self, notification: &Notification<'_>) -> Result<Sent, NotifyError> {
        let rendering = Rendering::new(notification);
        let deadline = Deadline::of(notification);
        let token = self.token(&rendering, deadline).await?;
        let query = [("access_token", token.text.reveal())];
        let url = self.url("message/send", &query)?;
        let (body, text) = self.body(&rendering);
        let answer = self.http.post_json(url.as_str(), body, deadline).await?;
        self.check(&answer)?;
        Ok(Sent {
            title: String::new(),
            text,
            store: Texts::new(),
            template_errors: rendering.failures(),
        })
    }
}

/// Every status but 200 is tried again.
fn unexpected(answer: &Answer) -> NotifyError {
    NotifyError {
        retry_after: answer.retry_after,
        ..NotifyError::retry(format!("unexpected status code {}", answer.status))
            .because(FailureReason::of_status(answer.status))
    }
}

impl Notifier for WeChat {
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
        self.settings.corp_id.clone()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::notify::testing::{self, Answer as Said, Server, Told};

    const TOKEN: Said = Said::Status(200, r#"{"errcode":0,"access_token":"TOKEN"}"#);
    const SENT: Said = Said::Status(200, r#"{"errcode":0,"errmsg":"ok"}"#);

    fn wechat(server: &Server, yaml: &str) -> WeChat {
        let yaml = format!(
            "api_url: '{{url}}/cgi-bin/'\napi_secret: S&S\ncorp_id: C\nmessage: '{{{{ .CommonAnnotations.summary }}}}'\nto_user: '{{{{ .Receiver }}}}'\n{yaml}"
        );
        WeChat::new(&testing::settings(server, &yaml, read)).expect("usable")
    }

    #[tokio::test]
    async fn bodies() {
        let check = async |yaml: &str, want: serde_json::Value| {
            let server = Server::start(vec![TOKEN, SENT]).await;
            let wechat = wechat(&server, yaml);
            let told = Told::firing(1);
            wechat.notify(&told.notification()).await.expect("taken");
            wechat.notify(&told.notification()).await.expect("taken");
            let received = server.received();
            let lines: Vec<String> = received
                .iter()
                .map(|r| format!("{} {}", r.method, r.target))
                .collect();
            assert_eq!(
                lines,
                [
                    "GET /cgi-bin/gettoken?corpsecret=S%26S&corpid=C",
                    "POST /cgi-bin/message/send?access_token=TOKEN",
                    "POST /cgi-bin/message/send?access_token=TOKEN",
                ]
            );
            assert_eq!(received[1].json(), want, "{yaml}");
        };
        let text = "<host0> & co is \"dün\"";
        check(
            "to_party: ''\nto_tag: ''\nagent_id: ''\n",
            json!({
                "text": { "content": text },
                "touser": "team",
                "safe": "0",
                "msgtype": "text",
                "markdown": { "content": "" },
            }),
        )
        .await;
        check(
            "to_party: p\nto_tag: t\nagent_id: '7'\nmessage_type: markdown\n",
            json!({
                "text": { "content": "" },
                "touser": "team",
                "toparty": "p",
                "totag": "t",
                "agentid": "7",
                "safe": "0",
                "msgtype": "markdown",
                "markdown": { "content": text },
            }),
        )
        .await;
    }

    #[tokio::test]
    async fn a_token_that_has_expired_is_fetched_anew() {
        let expired = Said::Status(200, r#"{"errcode":42001,"errmsg":"access_token expired"}"#);
        let server = Server::start(vec![TOKEN, expired, TOKEN, SENT]).await;
        let wechat = wechat(&server, "");
        let told = Told::firing(1);
        let error = wechat
            .notify(&told.notification())
            .await
            .expect_err("expired");
        assert!(error.retry && error.message == "access_token expired");
        wechat.notify(&told.notification()).await.expect("taken");
        assert_eq!(server.received().len(), 4);
    }

    #[tokio::test]
    async fn refusals() {
        let check = async |script: Vec<Said>, retry: bool, reason: FailureReason, message: &str| {
            let server = Server::start(script).await;
            let told = Told::firing(1);
            let error = wechat(&server, "").notify(&told.notification()).await;
            let error = error.expect_err("refused");
            assert_eq!((error.retry, error.reason), (retry, reason), "{message}");
            assert!(error.message.starts_with(message), "{}", error.message);
            assert!(!error.message.contains("S&S"), "{}", error.message);
        };
        let other = FailureReason::Other;
        let wrong = Said::Status(200, r#"{"errcode":40001,"errmsg":"invalid credential"}"#);
        let invalid = "invalid APISecret for CorpID: C (invalid credential)";
        check(vec![wrong.clone()], false, other, invalid).await;
        check(vec![TOKEN, wrong], false, other, "invalid credential").await;
        let down = || Said::Status(503, "<html>");
        let server = FailureReason::ServerError;
        check(vec![down()], true, server, "unexpected status code 503").await;
        check(
            vec![TOKEN, down()],
            true,
            server,
            "unexpected status code 503",
        )
        .await;
        let text = Said::Status(200, "<html>");
        check(vec![TOKEN, text], true, other, "answer to message/send").await;
        let limited = Said::Status(429, "");
        check(
            vec![TOKEN, limited],
            true,
            FailureReason::RateLimited,
            "unexpected",
        )
        .await;
    }

    #[test]
    fn what_is_refused() {
        let check = |global: &str, yaml: &str, want: &[&str]| {
            let errors = testing::read(global, yaml, read).err().unwrap_or_default();
            assert_eq!(errors, want, "{yaml}");
        };
        check("", "{ api_secret: s, corp_id: c }", &[]);
        check("{ wechat_api_secret: s, wechat_api_corp_id: c }", "{}", &[]);
        check(
            "",
            "{ corp_id: c }",
            &["no global Wechat Api Secret set either inline or in a file"],
        );
        check("", "{ api_secret: s }", &["no global Wechat CorpID set"]);
        check(
            "",
            "{ api_secret: s, api_secret_file: f, corp_id: c }",
            &["at most one of api_secret & api_secret_file must be configured"],
        );
        check(
            "",
            "{ api_secret: s, corp_id: c, message_type: image }",
            &["weChat message type \"image\" does not match valid options ^(text|markdown)$"],
        );
    }
}
