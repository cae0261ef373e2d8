//! The general client: TLS, proxies, redirects, HTTP/2.

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use parking_lot::Mutex;
use reqwest::Method;
use reqwest::Proxy;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use reqwest::redirect::Policy;
use url::Url;

use crate::oauth2::TokenCache;
use crate::settings::{HttpSettings, ProxySettings, Source, TlsSettings};
use crate::{HttpError, USER_AGENT, authorization, extra_headers, tls};

/// Redirects that are followed, at most; as in Go's client.
const REDIRECTS_MAX: usize = 10;
/// How long a connection may wait for its next request.
const IDLE: Duration = Duration::from_secs(300);

/// A request to be sent.
#[derive(Debug)]
pub struct Request<'a> {
    /// Verb.
    pub method: Method,
    /// Whole URL.
    pub url: &'a Url,
    /// Headers besides those of the settings.
    pub headers: &'a [(&'a str, &'a str)],
    /// Body, if any.
    pub body: Option<bytes::Bytes>,
}

/// A client with the settings of one pool, discovery or receiver.
#[derive(Debug)]
pub struct Client {
    settings: HttpSettings,
    tokens: TokenCache,
    built: Mutex<Built>,
}

/// The client that is in use, and the files it was made from.
#[derive(Debug)]
struct Built {
    client: reqwest::Client,
    files: Vec<(PathBuf, Option<SystemTime>)>,
}

impl Client {
    /// Makes a client, so that settings that cannot work are refused early.
    pub fn new(settings: &HttpSettings) -> Result<Self, HttpError> {
        Ok(Self {
            settings: settings.clone(),
            tokens: TokenCache::default(),
            built: Mutex::new(Built::new(settings)?),
        })
    }

    /// The settings it was made with.
    pub fn settings(&self) -> &HttpSettings {
        &self.settings
    }

    /// The `Authorization` header and the further headers of a request.
    pub async fn own_headers(&self) -> Result<Vec<(String, String)>, HttpError> {
        let mut headers = extra_headers(&self.settings.headers)?;
        if let Some(value) = authorization(&self.settings.auth, &self.tokens).await? {
            headers.push((AUTHORIZATION.as_str().to_owned(), value));
        }
        Ok(headers)
    }

    /// Asks for `url` with these headers and those of the settings.
    ///
    /// # Errors
    /// [`HttpError`]; an answer with any status is no error.
    pub async fn get(
        &self,
        url: &Url,
        headers: &[(&str, &str)],
    ) -> Result<reqwest::Response, HttpError> {
        self.send(Request {
            method: Method::GET,
            url,
            headers,
            body: None,
        })
        .await
    }

    /// Sends `request` with the headers of the settings.
    ///
    /// # Errors
    /// [`HttpError`]; an answer with any status is no error.
    pub async fn send(&self, request: Request<'_>) -> Result<reqwest::Response, HttpError> {
        let own = self.own_headers().await?;
        let own = own.iter().map(|(n, v)| (n.as_str(), v.as_str()));
        let mut map = HeaderMap::new();
        for (name, value) in request.headers.iter().copied().chain(own) {
            let name = HeaderName::try_from(name)
                .map_err(|_| HttpError::Settings(format!("header name {name:?} is not valid")))?;
            // The value may be a secret: it is not shown.
            let value = HeaderValue::try_from(value)
                .map_err(|_| HttpError::Settings(format!("value of header {name} is not valid")))?;
            map.append(name, value);
        }
        let mut builder = self
            .current()?
            .request(request.method, request.url.clone())
            .headers(map);
        if let Some(body) = request.body {
            builder = builder.body(body);
        }
        builder.send().await.map_err(|e| connection(&e))
    }

    /// The client, made anew when a certificate has changed.
    fn current(&self) -> Result<reqwest::Client, HttpError> {
        let mut built = self.built.lock();
        if built
            .files
            .iter()
            .any(|(path, then)| changed_at(path) != *then)
        {
            *built = Built::new(&self.settings)?;
        }
        Ok(built.client.clone())
    }
}

impl Built {
    fn new(settings: &HttpSettings) -> Result<Self, HttpError> {
        let files = tls_files(&settings.tls);
        Ok(Self {
            client: build(settings)?,
            files,
        })
    }
}

/// The error and its causes, which hold what went wrong.
pub(crate) fn connection(error: &reqwest::Error) -> HttpError {
    let mut text = String::new();
    let mut cause: Option<&dyn std::error::Error> = std::error::Error::source(error);
    while let Some(e) = cause {
        if !text.is_empty() {
            text.push_str(": ");
        }
        text.push_str(&e.to_string());
        cause = e.source();
    }
    if text.is_empty() {
        text = error.to_string();
    }
    // A URL may be a secret.
    if let Some(url) = error.url() {
        text = text.replace(url.as_str(), "<redacted>");
    }
    HttpError::Connection(text)
}

fn tls_files(settings: &TlsSettings) -> Vec<(PathBuf, Option<SystemTime>)> {
    [&settings.ca, &settings.cert, &settings.key]
        .into_iter()
        .filter_map(|source| match source {
            Some(Source::File(path)) => Some((path.clone(), changed_at(path))),
            _ => None,
        })
        .collect()
}

fn changed_at(path: &std::path::Path) -> Option<SystemTime> {
    std::fs::metadata(path).ok()?.modified().ok()
}

/// A client without the state that [`Client`] adds.
pub(crate) fn build(settings: &HttpSettings) -> Result<reqwest::Client, HttpError> {
    let mut builder = reqwest::Client::builder()
        .user_agent(USER_AGENT)
        .tls_backend_preconfigured(tls::config(&settings.tls, settings.enable_http2)?)
        .pool_idle_timeout(IDLE)
        .tcp_nodelay(true)
        .referer(false)
        // Bodies are decompressed here, within a limit.
        .no_gzip()
        .redirect(match settings.follow_redirects {
            true => Policy::limited(REDIRECTS_MAX),
            false => Policy::none(),
        });
    if !settings.enable_http2 {
        builder = builder.http1_only();
    }
    builder = match &settings.proxy {
        ProxySettings::None => builder.no_proxy(),
        ProxySettings::Environment => builder,
        ProxySettings::Url {
            url,
            no_proxy,
            connect_headers,
        } => builder.proxy(proxy(url, no_proxy, connect_headers)?),
    };
    builder
        .build()
        .map_err(|e| HttpError::Settings(format!("HTTP client: {e}")))
}

fn proxy(
    url: &str,
    no_proxy: &str,
    connect_headers: &[(String, Vec<Source>)],
) -> Result<Proxy, HttpError> {
    let bad = |e: String| HttpError::Settings(format!("proxy {url}: {e}"));
    let mut headers = HeaderMap::new();
    for (name, value) in extra_headers(connect_headers)? {
        let name = HeaderName::try_from(name).map_err(|e| bad(e.to_string()))?;
        headers.append(
            name,
            HeaderValue::try_from(value).map_err(|e| bad(e.to_string()))?,
        );
    }
    Ok(Proxy::all(url)
        .map_err(|e| bad(e.to_string()))?
        .no_proxy(reqwest::NoProxy::from_string(no_proxy))
        .headers(headers))
}
