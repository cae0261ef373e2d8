//! Headers that a configuration may add to requests, and those it may not.

use binnacle_client::settings::{SecretText, Source};

use crate::reader::{FileKind, Placed, Reader};

/// Headers that the client sets itself.
const RESERVED: [&str; 18] = [
    "accept-encoding",
    "authorization",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "host",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "user-agent",
    "www-authenticate",
    "x-amz-content-sha256",
    "x-amz-date",
    "x-amz-security-token",
    "x-prometheus-remote-read-version",
    "x-prometheus-remote-write-version",
    "x-prometheus-scrape-timeout-seconds",
];

/// Takes `http_headers`: for each name its values, secret values, and files that
/// hold values.
pub fn http_headers(r: &mut Reader<'_>) -> Vec<(String, Vec<Source>)> {
    let headers: Vec<(String, Vec<Source>)> = r
        .section("http_headers", |r| r.each_section(header))
        .unwrap_or_default();
    for (name, _) in &headers {
        if RESERVED.contains(&name.to_ascii_lowercase().as_str()) {
            r.refuse(
                "http_headers",
                format!("setting header {:?} is not allowed", canonical(name)),
            );
        }
    }
    headers
}

fn header(r: &mut Reader<'_>) -> Vec<Source> {
    let text = |t: Placed<String>| Source::Text(SecretText::new(t.value));
    let mut sources: Vec<Source> = r.texts("values").into_iter().map(text).collect();
    sources.extend(r.secrets("secrets").into_iter().map(Source::Text));
    sources.extend(
        r.files("files", FileKind::Credentials)
            .into_iter()
            .map(Source::File),
    );
    sources
}

/// Takes the `headers` of `remote_write`, `remote_read` and `tracing`; `authorization`
/// is the message that refuses that header.
pub fn plain_headers(r: &mut Reader<'_>, authorization: &str) {
    for (name, _) in r.text_map("headers") {
        let lower = name.value.to_ascii_lowercase();
        if lower == "authorization" {
            r.refuse_at(name.at, authorization);
        } else if RESERVED.contains(&lower.as_str())
            && lower != "x-prometheus-scrape-timeout-seconds"
        {
            let message = format!(
                "{} is a reserved header. It must not be changed",
                name.value
            );
            r.refuse_at(name.at, message);
        }
    }
}

/// `user-agent` as `User-Agent`.
fn canonical(name: &str) -> String {
    let mut upper = true;
    name.chars()
        .map(|c| {
            let out = if upper {
                c.to_ascii_uppercase()
            } else {
                c.to_ascii_lowercase()
            };
            upper = c == '-';
            out
        })
        .collect()
}
