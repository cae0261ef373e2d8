//! One signed request of AWS' query protocol, and what its answer in XML says.

use binnacle_client::Method;

use super::super::http::{Answer, Call, Deadline, Http, parse_url};
use super::super::{FailureReason, NotifyError};
use super::credentials::Credentials;
use super::sigv4::{self, Scope, Unsigned};

const FORM: &str = "application/x-www-form-urlencoded; charset=utf-8";

/// The parameters of an action, in the order in which they are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Form(Vec<(String, String)>);

impl Form {
    /// Of an action of a version of an API.
    #[must_use]
    pub fn new(action: &str, version: &str) -> Self {
        let mut form = Self(Vec::new());
        form.push("Action", action);
        form.push("Version", version);
        form
    }

    /// Adds a parameter.
    pub fn push(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.0.push((name.into(), value.into()));
    }

    fn encode(&self) -> String {
        let pairs = self.0.iter();
        let pairs: Vec<String> = pairs
            .map(|(n, v)| format!("{}={}", sigv4::encode(n), sigv4::encode(v)))
            .collect();
        pairs.join("&")
    }
}

/// Sends `form` to `endpoint`, signed for `scope`, and gives the answer of whatever
/// status.
///
/// # Errors
/// As [`Http::send`].
pub async fn send(
    http: &Http,
    endpoint: &str,
    form: &Form,
    scope: Scope<'_>,
    credentials: &Credentials,
    deadline: Deadline,
) -> Result<Answer, NotifyError> {
    let url = parse_url(endpoint)?;
    let host = match (url.host_str().unwrap_or_default(), url.port()) {
        (host, Some(port)) => format!("{host}:{port}"),
        (host, None) => host.to_owned(),
    };
    let body = form.encode();
    let signed = sigv4::sign(
        &Unsigned {
            method: "POST",
            path: url.path(),
            query: &[],
            headers: &[("content-type", FORM), ("host", &host)],
            body: body.as_bytes(),
        },
        scope,
        credentials,
    );
    let mut headers = vec![("Content-Type", FORM)];
    headers.extend(signed.iter().map(|(n, v)| (n.as_str(), v.as_str())));
    let call = Call {
        method: Method::POST,
        url: url.as_str(),
        headers: &headers,
        body: body.into(),
    };
    http.send(call, deadline).await
}

/// The text of the first element `name`, with its entities resolved.
#[must_use]
pub fn element(xml: &str, name: &str) -> Option<String> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    let (text, _) = rest.split_once(&format!("</{name}>"))?;
    let text = text
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&apos;", "'")
        .replace("&amp;", "&");
    Some(text.trim().to_owned())
}

/// Judges an answer: a status of 5xx is tried again.
///
/// # Errors
/// Unless its status is 2xx.
pub fn check(answer: &Answer) -> Result<(), NotifyError> {
    let status = answer.status;
    if status / 100 == 2 {
        return Ok(());
    }
    let said = element(&answer.text(), "Message").unwrap_or_default();
    let message = match said.as_str() {
        "" => format!("unexpected status code {status}"),
        said => format!("unexpected status code {status}: {said}"),
    };
    Err(NotifyError {
        retry: status / 100 == 5,
        reason: FailureReason::of_status(status),
        message,
        retry_after: answer.retry_after,
    })
}
