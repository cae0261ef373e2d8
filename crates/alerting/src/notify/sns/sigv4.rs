//! AWS Signature Version 4, for the one shape of request that is sent here: a POST of
//! a form to the root of a host, signed in its headers.
//!
//! Source: "Create a signed AWS API request" of the IAM user guide. Not here: signed
//! query strings, chunked bodies, paths that need normalising.

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

use super::credentials::Credentials;

/// What is signed.
#[derive(Debug)]
pub struct Unsigned<'a> {
    /// `POST`, unless a test wants another.
    pub method: &'a str,
    /// Absolute and already normalised.
    pub path: &'a str,
    /// Names and values, not yet encoded.
    pub query: &'a [(&'a str, &'a str)],
    /// Names and values that are signed besides date and token; `host` is one.
    pub headers: &'a [(&'a str, &'a str)],
    /// The body.
    pub body: &'a [u8],
}

/// For what it is signed.
#[derive(Debug, Clone, Copy)]
pub struct Scope<'a> {
    /// As `eu-central-1`.
    pub region: &'a str,
    /// As `sns`.
    pub service: &'a str,
    /// Seconds since the Unix epoch.
    pub now_s: i64,
}

/// The headers that make `request` a signed one: date, token and `Authorization`.
#[must_use]
pub fn sign(
    request: &Unsigned<'_>,
    scope: Scope<'_>,
    credentials: &Credentials,
) -> Vec<(String, String)> {
    let time = timestamp(scope.now_s);
    let date = &time[..8];
    let mut added = vec![("x-amz-date".to_owned(), time.clone())];
    if let Some(token) = &credentials.session_token {
        let token = ("x-amz-security-token".to_owned(), token.reveal().to_owned());
        added.push(token);
    }
    let (canonical, signed_headers) = canonical(request, &added);
    let area = format!("{date}/{}/{}/aws4_request", scope.region, scope.service);
    let to_sign = format!(
        "AWS4-HMAC-SHA256\n{time}\n{area}\n{}",
        hex(&Sha256::digest(canonical))
    );
    let mut key = format!("AWS4{}", credentials.secret_key.reveal()).into_bytes();
    for part in [date, scope.region, scope.service, "aws4_request"] {
        key = hmac(&key, part.as_bytes());
    }
    let authorization = format!(
        "AWS4-HMAC-SHA256 Credential={}/{area}, SignedHeaders={signed_headers}, Signature={}",
        credentials.access_key,
        hex(&hmac(&key, to_sign.as_bytes()))
    );
    added.push(("authorization".to_owned(), authorization));
    added
}

/// The canonical request and the names of its headers.
fn canonical(request: &Unsigned<'_>, added: &[(String, String)]) -> (String, String) {
    let added = added.iter().map(|(n, v)| (n.as_str(), v.as_str()));
    let mut headers: Vec<(String, String)> = request
        .headers
        .iter()
        .copied()
        .chain(added)
        .map(|(name, value)| (name.to_ascii_lowercase(), squeezed(value)))
        .collect();
    // Values of one name stay in their order.
    headers.sort_by(|a, b| a.0.cmp(&b.0));
    let mut lines = String::new();
    let mut names: Vec<String> = Vec::with_capacity(headers.len());
    for (name, value) in headers {
        if names.last() == Some(&name) {
            lines.pop();
            lines.push(',');
            lines.push_str(&value);
        } else {
            lines.push_str(&name);
            lines.push(':');
            lines.push_str(&value);
            names.push(name);
        }
        lines.push('\n');
    }
    let mut query: Vec<(String, String)> = request
        .query
        .iter()
        .map(|(name, value)| (encode(name), encode(value)))
        .collect();
    query.sort();
    let query: Vec<String> = query.into_iter().map(|(n, v)| format!("{n}={v}")).collect();
    let names = names.join(";");
    let canonical = format!(
        "{}\n{}\n{}\n{lines}\n{names}\n{}",
        request.method,
        request.path,
        query.join("&"),
        hex(&Sha256::digest(request.body))
    );
    (canonical, names)
}

/// `text` with every byte but the unreserved ones of RFC 3986 as `%XX`; forms for AWS
/// are written in the same way.
#[must_use]
pub fn encode(text: &str) -> String {
    const KEPT: percent_encoding::AsciiSet = percent_encoding::NON_ALPHANUMERIC
        .remove(b'-')
        .remove(b'_')
        .remove(b'.')
        .remove(b'~');
    percent_encoding::utf8_percent_encode(text, &KEPT).to_string()
}

/// Without white space around it, and with single spaces inside.
fn squeezed(value: &str) -> String {
    value.split_ascii_whitespace().collect::<Vec<_>>().join(" ")
}

/// As `20150830T123600Z`.
fn timestamp(now_s: i64) -> String {
    let (year, month, day) = binnacle_model::calendar::date_of(now_s.div_euclid(86_400));
    let second = now_s.rem_euclid(86_400);
    format!(
        "{year:04}{month:02}{day:02}T{:02}{:02}{:02}Z",
        second / 3600,
        second / 60 % 60,
        second % 60
    )
}

fn hmac(key: &[u8], text: &[u8]) -> Vec<u8> {
    // Keys of any length are taken; only the type can say otherwise.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else {
        return Vec::new();
    };
    mac.update(text);
    mac.finalize().into_bytes().to_vec()
}

/// Lower-case hexadecimal digits.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}
