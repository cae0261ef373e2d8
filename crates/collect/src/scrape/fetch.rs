//! Getting the bytes of a target.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use binnacle_wire::negotiate::accept_header;
use url::Url;

use super::ScrapeError;
use super::target::Target;
use crate::internal::InternalTarget;
use crate::settings::{Auth, BODY_BYTES_MAX, ProxySettings, ScrapeSettings};
use binnacle_client::{Client, Connection, HttpError, Origin, Reply, USER_AGENT};

/// Targets within this process, by name.
pub(crate) type Internals = Arc<HashMap<String, Arc<dyn InternalTarget>>>;

/// What targets within this process render.
const INTERNAL_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// An answer, as it came; the bytes are in the buffer that was handed in.
#[derive(Debug)]
pub(super) struct Fetched {
    pub(super) content_type: Option<String>,
    pub(super) gzip: bool,
    pub(super) body: Range<usize>,
}

/// Where a target is and what is sent to it, worked out once.
#[derive(Debug)]
pub(super) struct Asker {
    client: Arc<Client>,
    url: Result<Url, String>,
    shown_url: String,
    timeout: Duration,
    headers: Vec<(&'static str, String)>,
    plain: Option<Plain>,
    internal: Option<String>,
    limit: u64,
}

/// How to ask over a plain connection.
#[derive(Debug)]
struct Plain {
    origin: Origin,
    /// The request, but for headers that are read from files.
    request: Vec<u8>,
    /// Whether there are such headers.
    more_headers: bool,
}

impl Asker {
    pub(super) fn new(target: &Target, settings: &ScrapeSettings, client: Arc<Client>) -> Self {
        let encoding = if settings.enable_compression {
            "gzip"
        } else {
            "identity"
        };
        let headers = vec![
            (
                "Accept",
                accept_header(&settings.protocols, settings.name_escaping),
            ),
            ("Accept-Encoding", encoding.to_owned()),
            ("User-Agent", USER_AGENT.to_owned()),
            (
                "X-Prometheus-Scrape-Timeout-Seconds",
                target.timeout().as_secs_f64().to_string(),
            ),
        ];
        let url = Url::parse(target.url()).map_err(|e| e.to_string());
        let plain = url
            .as_ref()
            .ok()
            .and_then(|url| Plain::new(url, &headers, client.settings()));
        let limit = match settings.limits.body_bytes {
            0 => BODY_BYTES_MAX,
            limit => limit.min(BODY_BYTES_MAX),
        };
        Self {
            client,
            shown_url: target.url().to_owned(),
            url,
            timeout: target.timeout(),
            headers,
            plain,
            internal: target.internal().map(str::to_owned),
            limit,
        }
    }

    /// Bytes that a body may have, once it is decompressed.
    pub(super) fn limit(&self) -> u64 {
        self.limit
    }

    /// Asks once; the answer's bytes go to `buf`.
    pub(super) async fn ask(
        &self,
        internals: &Internals,
        connection: &mut Connection,
        buf: &mut Vec<u8>,
    ) -> Result<Fetched, ScrapeError> {
        let asking = async {
            match (&self.internal, &self.plain) {
                (Some(name), _) => self.ask_internal(internals, name, buf).await,
                (None, Some(plain)) => self.ask_plainly(plain, connection, buf).await,
                (None, None) => self.ask_generally(buf).await,
            }
        };
        match tokio::time::timeout(self.timeout, asking).await {
            Ok(done) => done,
            Err(_) => Err(ScrapeError::Timeout {
                url: self.shown_url.clone(),
            }),
        }
    }

    async fn ask_internal(
        &self,
        internals: &Internals,
        name: &str,
        buf: &mut Vec<u8>,
    ) -> Result<Fetched, ScrapeError> {
        let Some(target) = internals.get(name).cloned() else {
            return Err(ScrapeError::Gone(format!(
                "this process has no target {name:?}"
            )));
        };
        let mut lent = std::mem::take(buf);
        lent.clear();
        // Reading the host may block for a moment.
        let rendering = tokio::task::spawn_blocking(move || {
            target.render(&mut lent);
            lent
        });
        *buf = rendering
            .await
            .map_err(|e| ScrapeError::Gone(format!("target {name:?} failed: {e}")))?;
        if buf.len() as u64 > self.limit {
            return Err(ScrapeError::BodySizeLimit { limit: self.limit });
        }
        Ok(Fetched {
            content_type: Some(INTERNAL_TYPE.into()),
            gzip: false,
            body: 0..buf.len(),
        })
    }

    async fn ask_plainly(
        &self,
        plain: &Plain,
        connection: &mut Connection,
        buf: &mut Vec<u8>,
    ) -> Result<Fetched, ScrapeError> {
        let with_more;
        let request = if plain.more_headers {
            let more = self
                .client
                .own_headers()
                .await
                .map_err(|e| self.failed(e))?;
            with_more = with_headers(&plain.request, &more).map_err(|e| self.failed(e))?;
            &with_more
        } else {
            &plain.request
        };
        let reply = connection
            .exchange(&plain.origin, request, buf, self.limit)
            .await
            .map_err(|e| self.failed(e))?;
        if is_redirect(reply.status) && self.client.settings().follow_redirects {
            return self.ask_generally(buf).await;
        }
        read_reply(reply)
    }

    async fn ask_generally(&self, buf: &mut Vec<u8>) -> Result<Fetched, ScrapeError> {
        buf.clear();
        let url = self
            .url
            .as_ref()
            .map_err(|e| self.failed(HttpError::Settings(e.clone())))?;
        let headers: Vec<(&str, &str)> =
            self.headers.iter().map(|(n, v)| (*n, v.as_str())).collect();
        let mut answer = self
            .client
            .get(url, &headers)
            .await
            .map_err(|e| self.failed(e))?;
        let text = |name: &str| {
            answer
                .headers()
                .get(name)
                .and_then(|v| v.to_str().ok())
                .map(str::to_owned)
        };
        let reply = Reply {
            status: answer.status().as_u16(),
            reason: answer
                .status()
                .canonical_reason()
                .unwrap_or_default()
                .to_owned(),
            content_type: text("content-type"),
            content_encoding: text("content-encoding"),
            body: 0..0,
        };
        if reply.status != 200 {
            return read_reply(reply);
        }
        loop {
            match answer.chunk().await {
                Ok(Some(chunk)) => buf.extend_from_slice(&chunk),
                Ok(None) => break,
                Err(e) => return Err(self.failed(HttpError::Connection(e.to_string()))),
            }
            if buf.len() as u64 > self.limit {
                return Err(ScrapeError::BodySizeLimit { limit: self.limit });
            }
        }
        read_reply(Reply {
            body: 0..buf.len(),
            ..reply
        })
    }

    fn failed(&self, source: HttpError) -> ScrapeError {
        match source {
            HttpError::TooLarge { limit } => ScrapeError::BodySizeLimit { limit },
            source => ScrapeError::Http {
                url: self.shown_url.clone(),
                source,
            },
        }
    }
}

impl Plain {
    /// `None` when the target needs the general client.
    fn new(
        url: &Url,
        headers: &[(&'static str, String)],
        settings: &crate::settings::HttpSettings,
    ) -> Option<Self> {
        if url.scheme() != "http" || settings.proxy != ProxySettings::None {
            return None;
        }
        let host = url.host_str()?.to_owned();
        let port = url.port_or_known_default()?;
        let mut text = format!("GET {}", url.path());
        if let Some(query) = url.query() {
            text.push('?');
            text.push_str(query);
        }
        text.push_str(" HTTP/1.1\r\nHost: ");
        text.push_str(&host);
        if let Some(port) = url.port() {
            text.push_str(&format!(":{port}"));
        }
        text.push_str("\r\n");
        for (name, value) in headers {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        let more_headers = settings.auth != Auth::None || !settings.headers.is_empty();
        text.push_str("\r\n");
        Some(Self {
            origin: Origin { host, port },
            request: text.into_bytes(),
            more_headers,
        })
    }
}

/// The request with further headers before the empty line at its end.
fn with_headers(request: &[u8], more: &[(String, String)]) -> Result<Vec<u8>, HttpError> {
    let mut out = request[..request.len() - 2].to_vec();
    for (name, value) in more {
        http::HeaderName::try_from(name.as_str())
            .map_err(|_| HttpError::Settings(format!("header name {name:?} is not valid")))?;
        http::HeaderValue::try_from(value.as_str())
            .map_err(|_| HttpError::Settings(format!("value of header {name} is not valid")))?;
        for part in [name, ": ", value, "\r\n"] {
            out.extend_from_slice(part.as_bytes());
        }
    }
    out.extend_from_slice(b"\r\n");
    Ok(out)
}

fn is_redirect(status: u16) -> bool {
    matches!(status, 301 | 302 | 303 | 307 | 308)
}

fn read_reply(reply: Reply) -> Result<Fetched, ScrapeError> {
    if reply.status != 200 {
        return Err(ScrapeError::Status(
            format!("{} {}", reply.status, reply.reason)
                .trim()
                .to_owned(),
        ));
    }
    let gzip = match reply.content_encoding.as_deref() {
        None | Some("" | "identity") => false,
        Some("gzip" | "x-gzip") => true,
        Some(other) => return Err(ScrapeError::Encoding(format!("unknown encoding {other:?}"))),
    };
    Ok(Fetched {
        content_type: reply.content_type,
        gzip,
        body: reply.body,
    })
}

/// The plain body of a real target.
#[cfg(test)]
pub(crate) async fn fetch_for_test(address: &str) -> Vec<u8> {
    use binnacle_model::labels::Labels;
    let settings = ScrapeSettings::new("j");
    let labels = [
        ("__address__", address),
        ("__scheme__", "http"),
        ("__metrics_path__", "/metrics"),
    ];
    let target = Target::new(&settings, Labels::from_pairs(labels), Labels::empty());
    let client = Arc::new(Client::new(&settings.http).expect("a client"));
    let asker = Asker::new(&target, &settings, client);
    let (mut raw, mut plain) = (Vec::new(), Vec::new());
    let mut connection = Connection::default();
    let fetched = asker
        .ask(&Internals::default(), &mut connection, &mut raw)
        .await;
    let fetched = fetched.expect("an answer");
    assert!(fetched.gzip, "the exporter compresses");
    super::body::gunzip(&raw[fetched.body], &mut plain, BODY_BYTES_MAX).expect("gzip");
    plain
}

#[cfg(test)]
mod tests;
