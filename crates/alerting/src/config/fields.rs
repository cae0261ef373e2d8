//! Fields that `global` and several kinds of receivers have in common: URLs, secrets
//! that may stand in a file, addresses of mail servers.

use std::fmt;

use binnacle_client::settings::{HttpSettings, SecretText, Source};
use binnacle_config::http;
use binnacle_config::http::url;
use binnacle_config::reader::{FileKind, Reader};

use super::global::Global;

/// What stands in the place of a secret in a configuration that was printed; it is
/// taken as a value, so that a printed configuration loads again.
const SECRET: &str = "<secret>";

/// Whether `text` is a URL that something can be posted to: `http` or `https`, and a
/// host.
///
/// # Errors
/// With Alertmanager's words.
pub fn check_url(text: &str) -> Result<(), String> {
    let parts = url::split(text)?;
    let scheme = parts.scheme.to_ascii_lowercase();
    if scheme != "http" && scheme != "https" {
        return Err(format!("unsupported scheme {scheme:?} for URL"));
    }
    if parts.host.is_empty() {
        return Err("missing host for URL".to_owned());
    }
    Ok(())
}

/// Whether `text` is such a URL, or a template that may become one; in the second
/// case its syntax is the caller's to check.
///
/// # Errors
/// With Alertmanager's words.
pub fn check_template_url(text: &str) -> Result<(), String> {
    if text.is_empty() || text == SECRET || text.contains("{{") {
        return Ok(());
    }
    check_url(text).map_err(|why| format!("invalid URL: {why}"))
}

/// A URL, or `None` when the field is not there. Shown without the password in it.
pub fn url(r: &mut Reader<'_>, key: &'static str) -> Option<String> {
    let text = r.url(key);
    if !r.has(key) {
        return None;
    }
    if let Err(why) = check_url(&text) {
        r.refuse(key, why);
    }
    Some(text)
}

/// A URL, or `default` when the field is not there; `None` when it is there with
/// nothing behind it.
pub fn url_or(r: &mut Reader<'_>, key: &'static str, default: &str) -> Option<String> {
    match url(r, key) {
        None if !r.is_null(key) => {
            r.show(key, binnacle_config::yaml::Out::Text(default.to_owned()));
            Some(default.to_owned())
        }
        given => given,
    }
}

/// A URL that is a secret, such as that of a webhook.
pub fn secret_url(r: &mut Reader<'_>, key: &'static str) -> Option<SecretText> {
    let text = r.secret(key);
    if !r.has(key) {
        return None;
    }
    let shown = format!("parse {:?}: ", text.reveal());
    if text.reveal() != SECRET
        && let Err(why) = check_url(text.reveal())
    {
        r.refuse(key, why.strip_prefix(&shown).unwrap_or(&why));
    }
    Some(text)
}

/// A secret that is given in `key` or stands in the file that `file_key` names. Both
/// are refused with Alertmanager's words, `at most one of ... must be configured`.
pub fn secret(r: &mut Reader<'_>, key: &'static str, file_key: &'static str) -> Option<Source> {
    let text = r.secret(key);
    let text = (!text.reveal().is_empty()).then_some(text);
    given_once(r, key, text, file_key)
}

/// As [`secret()`], for a URL.
pub fn secret_url_or_file(
    r: &mut Reader<'_>,
    key: &'static str,
    file_key: &'static str,
) -> Option<Source> {
    let text = secret_url(r, key);
    given_once(r, key, text, file_key)
}

fn given_once(
    r: &mut Reader<'_>,
    key: &str,
    text: Option<SecretText>,
    file_key: &'static str,
) -> Option<Source> {
    match (text, r.file(file_key, FileKind::Credentials)) {
        (Some(text), None) => Some(Source::Text(text)),
        (None, Some(file)) => Some(Source::File(file)),
        (None, None) => None,
        (Some(text), Some(_)) => {
            let message = format!("at most one of {key} & {file_key} must be configured");
            r.refuse(file_key, message);
            Some(Source::Text(text))
        }
    }
}

/// The section `http_config` of a receiver; the global one when it is not there.
pub fn http_config(r: &mut Reader<'_>, global: &Global) -> HttpSettings {
    r.section("http_config", http::read)
        .as_ref()
        .unwrap_or(&global.http_config)
        .resolve()
}

/// Host and port of a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostPort {
    /// A name or an address, without brackets; may be empty.
    pub host: String,
    /// A number or a service's name.
    pub port: String,
}

impl HostPort {
    /// Takes `host:port` or `[address]:port` apart.
    ///
    /// # Errors
    /// When there is no port or the text is none of both; the error says why.
    pub fn parse(text: &str) -> Result<Self, String> {
        let refuse = |why: &str| Err(format!("address {text}: {why}"));
        let Some((host, port)) = text.rsplit_once(':') else {
            return refuse("missing port in address");
        };
        let host = match host.strip_prefix('[') {
            Some(bracketed) => match bracketed.split_once(']') {
                Some((inner, "")) if !inner.contains('[') => inner,
                Some((_, rest)) if !rest.starts_with(':') => {
                    return refuse("missing port in address");
                }
                Some(_) => return refuse("too many colons in address"),
                // The last colon lies within the brackets.
                None if text.ends_with(']') => return refuse("missing port in address"),
                None => return refuse("missing ']' in address"),
            },
            None if host.contains(':') => return refuse("too many colons in address"),
            None if host.contains(['[', ']']) || port.contains(['[', ']']) => {
                return refuse("unexpected bracket in address");
            }
            None => host,
        };
        if port.is_empty() {
            return Err(format!("address {text:?}: port cannot be empty"));
        }
        Ok(Self {
            host: host.to_owned(),
            port: port.to_owned(),
        })
    }
}

impl fmt::Display for HostPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

/// An address, or `None` when the field is not there or empty.
pub fn host_port(r: &mut Reader<'_>, key: &'static str) -> Option<HostPort> {
    let text = r.text(key);
    if text.is_empty() {
        return None;
    }
    HostPort::parse(&text)
        .inspect_err(|why| r.refuse(key, why.as_str()))
        .ok()
}
