//! Speaking HTTP to a receiver: one request, one answer, within a deadline.
//!
//! Most receivers that live nearby (webhooks, relays, proxies of one's own) are plain
//! HTTP without a proxy; for them the lean connection of `binnacle_client` saves
//! most of the cost of a request, and connections are kept from one notification to
//! the next. Everything else goes through the general client. An answer that
//! redirects is asked for again through the general client, which follows.
//!
//! URLs of receivers are secrets as often as not: no error of this module shows one.

use std::time::Duration;

use binnacle_client::settings::{HttpSettings, ProxySettings};
use binnacle_client::{Client, Connection, HttpError, Method, Origin, Reply, Request, USER_AGENT};
use binnacle_config::http::url::split;
use bytes::Bytes;
use parking_lot::Mutex;
use tokio::time::Instant;
use url::Url;

use super::{FailureReason, Notification, NotifyError};

/// Bytes of an answer that are looked at; the rest is dropped unread.
pub const ANSWER_BYTES_MAX: usize = 1 << 20;
/// Connections of one integration that are kept between notifications.
const IDLE_MAX: usize = 4;

/// The client of one integration.
#[derive(Debug)]
pub struct Http {
    client: Client,
    /// Idle connections, each with where it leads, last used last; `None` when the
    /// settings need the general client.
    lean: Option<Mutex<Vec<(Origin, Connection)>>>,
    follow_redirects: bool,
}

/// A request.
#[derive(Debug, Clone)]
pub struct Call<'a> {
    /// Verb.
    pub method: Method,
    /// Whole URL.
    pub url: &'a str,
    /// Headers besides `User-Agent` and those of the settings.
    pub headers: &'a [(&'a str, &'a str)],
    /// Body.
    pub body: Bytes,
}

/// What came back.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answer {
    /// Status code.
    pub status: u16,
    /// `Content-Type`
    pub content_type: String,
    /// `Retry-After`
    pub retry_after: Option<Duration>,
    /// The body, up to [`ANSWER_BYTES_MAX`].
    pub body: Vec<u8>,
}

impl Answer {
    /// The body as text.
    #[must_use]
    pub fn text(&self) -> std::borrow::Cow<'_, str> {
        String::from_utf8_lossy(&self.body)
    }
}

/// Until when an answer is waited for, and who said so.
#[derive(Debug, Clone, Copy)]
pub struct Deadline {
    at: Instant,
    /// A `timeout` of the integration's own: its kind and length.
    own: Option<(&'static str, Duration)>,
}

impl Deadline {
    /// As long as the notification is of use.
    #[must_use]
    pub fn of(notification: &Notification<'_>) -> Self {
        Self {
            at: Instant::now() + notification.timeout,
            own: None,
        }
    }

    /// As long as the notification is of use, and at most `timeout` (0: no bound),
    /// which an integration of this kind has in its settings.
    #[must_use]
    pub fn with_timeout(
        notification: &Notification<'_>,
        kind: &'static str,
        timeout: Duration,
    ) -> Self {
        if timeout.is_zero() || timeout >= notification.timeout {
            return Self::of(notification);
        }
        Self {
            at: Instant::now() + timeout,
            own: Some((kind, timeout)),
        }
    }

    /// When it is.
    #[must_use]
    pub fn at(&self) -> Instant {
        self.at
    }

    /// The error of having passed it.
    #[must_use]
    pub fn passed(&self) -> NotifyError {
        match self.own {
            Some((kind, timeout)) => NotifyError::retry(format!(
                "context deadline exceeded: configured {kind} timeout reached ({timeout:?})"
            )),
            None => NotifyError {
                reason: FailureReason::ContextDeadlineExceeded,
                ..NotifyError::retry("context deadline exceeded")
            },
        }
    }
}

impl Http {
    /// A client with these settings.
    ///
    /// # Errors
    /// When the settings cannot be used: a file is missing, a certificate is bad.
    pub fn new(settings: &HttpSettings) -> Result<Self, HttpError> {
        Ok(Self {
            client: Client::new(settings)?,
            lean: (settings.proxy == ProxySettings::None).then(Mutex::default),
            follow_redirects: settings.follow_redirects,
        })
    }

    /// Posts `body` as JSON.
    ///
    /// # Errors
    /// As [`Http::send`].
    pub async fn post_json(
        &self,
        url: &str,
        body: impl Into<Bytes>,
        deadline: Deadline,
    ) -> Result<Answer, NotifyError> {
        self.send(
            Call {
                method: Method::POST,
                url,
                headers: &[("Content-Type", "application/json")],
                body: body.into(),
            },
            deadline,
        )
        .await
    }

    /// Sends a request and waits for the answer, of whatever status.
    ///
    /// # Errors
    /// When there is none: the URL or a setting is wrong (not to be retried), the
    /// receiver cannot be reached, breaks the connection or is too late (retried).
    pub async fn send(&self, call: Call<'_>, deadline: Deadline) -> Result<Answer, NotifyError> {
        let url = parse_url(call.url)?;
        match tokio::time::timeout_at(deadline.at, self.exchange(&call, &url)).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => Err(failed(&call, &error)),
            Err(_) => {
                let mut error = deadline.passed();
                error.message = format!("{}: {}", subject(&call.method), error.message);
                Err(error)
            }
        }
    }

    async fn exchange(&self, call: &Call<'_>, url: &Url) -> Result<Answer, HttpError> {
        if let Some(idle) = &self.lean
            && let Some(origin) = lean_origin(url)
        {
            let answer = self.exchange_lean(call, url, origin, idle).await?;
            if !(self.follow_redirects && is_redirect(answer.status)) {
                return Ok(answer);
            }
        }
        self.exchange_general(call, url).await
    }

    async fn exchange_lean(
        &self,
        call: &Call<'_>,
        url: &Url,
        origin: Origin,
        idle: &Mutex<Vec<(Origin, Connection)>>,
    ) -> Result<Answer, HttpError> {
        let own = self.client.own_headers().await?;
        let request = write_request(call, url, &own)?;
        let mut connection = take_idle(idle, &origin);
        let mut buf = Vec::new();
        let reply = connection
            .exchange_status(&origin, &request, &mut buf, ANSWER_BYTES_MAX as u64)
            .await?;
        let mut idle = idle.lock();
        if idle.len() == IDLE_MAX {
            idle.remove(0);
        }
        idle.push((origin, connection));
        drop(idle);
        Ok(answer_of(reply, &buf))
    }

    async fn exchange_general(&self, call: &Call<'_>, url: &Url) -> Result<Answer, HttpError> {
        let request = Request {
            method: call.method.clone(),
            url,
            headers: call.headers,
            body: Some(call.body.clone()),
        };
        let mut response = self.client.send(request).await?;
        let header = |name: &str| {
            let value = response.headers().get(name)?;
            Some(String::from_utf8_lossy(value.as_bytes()).into_owned())
        };
        let mut answer = Answer {
            status: response.status().as_u16(),
            content_type: header("content-type").unwrap_or_default(),
            retry_after: header("retry-after").and_then(|v| parse_retry_after(&v)),
            body: Vec::new(),
        };
        // The status says what became of it: a body that breaks off changes nothing.
        while let Ok(Some(chunk)) = response.chunk().await {
            let room = ANSWER_BYTES_MAX - answer.body.len();
            answer
                .body
                .extend_from_slice(&chunk[..chunk.len().min(room)]);
            if answer.body.len() == ANSWER_BYTES_MAX {
                break;
            }
        }
        Ok(answer)
    }
}

/// The URL of a call.
///
/// # Errors
/// When it is none, or not of HTTP; the text is not shown.
pub fn parse_url(text: &str) -> Result<Url, NotifyError> {
    // The `url` crate repairs what Go refuses: `http:///name` would be sent to `name`.
    match split(text) {
        Ok(parts) if !parts.host.is_empty() => {}
        Ok(_) => return Err(NotifyError::fatal("no host in URL")),
        Err(_) => return Err(NotifyError::fatal("invalid URL")),
    }
    let url = Url::parse(text).map_err(|e| NotifyError::fatal(format!("invalid URL: {e}")))?;
    match url.scheme() {
        "http" | "https" => Ok(url),
        other => Err(NotifyError::fatal(format!(
            "unsupported protocol scheme {other:?}"
        ))),
    }
}

fn is_redirect(status: u16) -> bool {
    matches!(status, 301 | 302 | 303 | 307 | 308)
}

/// Where a lean connection leads, when one is enough for `url`.
fn lean_origin(url: &Url) -> Option<Origin> {
    (url.scheme() == "http" && url.username().is_empty() && url.password().is_none())
        .then_some(())?;
    Some(Origin {
        host: url.host_str()?.to_owned(),
        port: url.port_or_known_default()?,
    })
}

fn take_idle(idle: &Mutex<Vec<(Origin, Connection)>>, origin: &Origin) -> Connection {
    let mut idle = idle.lock();
    match idle.iter().rposition(|(o, _)| o == origin) {
        Some(i) => idle.remove(i).1,
        None => Connection::default(),
    }
}

fn write_request(
    call: &Call<'_>,
    url: &Url,
    own: &[(String, String)],
) -> Result<Vec<u8>, HttpError> {
    let mut head = format!("{} {}", call.method, url.path());
    if let Some(query) = url.query() {
        head.push('?');
        head.push_str(query);
    }
    head.push_str(" HTTP/1.1\r\nHost: ");
    head.push_str(url.host_str().unwrap_or_default());
    if let Some(port) = url.port() {
        head.push_str(&format!(":{port}"));
    }
    head.push_str("\r\n");
    let length = call.body.len().to_string();
    let own = own.iter().map(|(n, v)| (n.as_str(), v.as_str()));
    let fixed = [("User-Agent", USER_AGENT), ("Content-Length", &length)];
    for (name, value) in fixed
        .into_iter()
        .chain(call.headers.iter().copied())
        .chain(own)
    {
        if !is_header_name(name) {
            return Err(HttpError::Settings(format!(
                "header name {name:?} is not valid"
            )));
        }
        // The value may be a secret: it is not shown.
        if value.bytes().any(|b| (b < 0x20 && b != b'\t') || b == 0x7f) {
            return Err(HttpError::Settings(format!(
                "value of header {name} is not valid"
            )));
        }
        head.push_str(name);
        head.push_str(": ");
        head.push_str(value);
        head.push_str("\r\n");
    }
    head.push_str("\r\n");
    let mut request = head.into_bytes();
    request.extend_from_slice(&call.body);
    Ok(request)
}

/// Whether `name` is a token (RFC 9110, 5.6.2).
fn is_header_name(name: &str) -> bool {
    !name.is_empty()
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
}

fn answer_of(reply: Reply, buf: &[u8]) -> Answer {
    let retry_after = reply.header(buf, "retry-after");
    Answer {
        status: reply.status,
        retry_after: retry_after.and_then(parse_retry_after),
        content_type: reply.content_type.unwrap_or_default(),
        body: buf[reply.body].to_vec(),
    }
}

/// `Retry-After` in seconds. The form with a date is left out: receivers that say
/// how long to wait do it in seconds, and clocks differ.
fn parse_retry_after(value: &str) -> Option<Duration> {
    /// Longer than that is no wait.
    const SECONDS_MAX: u64 = 86_400;
    let seconds: u64 = value.trim().parse().ok()?;
    Some(Duration::from_secs(seconds.min(SECONDS_MAX)))
}

/// What a request is called in errors, as in Alertmanager.
fn subject(method: &Method) -> String {
    let name = method.as_str();
    let (first, rest) = name.split_at(1);
    format!("{first}{} \"<redacted>\"", rest.to_ascii_lowercase())
}

fn failed(call: &Call<'_>, error: &HttpError) -> NotifyError {
    let retry = match error {
        HttpError::Settings(_) | HttpError::Secret { .. } => false,
        HttpError::Connection(_) | HttpError::Malformed(_) | HttpError::TooLarge { .. } => true,
    };
    let text = error.to_string().replace(call.url, "<redacted>");
    NotifyError {
        retry,
        ..NotifyError::fatal(format!("{}: {text}", subject(&call.method)))
    }
}
