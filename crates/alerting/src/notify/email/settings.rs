//! What `email_configs` says.

use binnacle_client::settings::{Source, TlsSettings};
use binnacle_config::http;
use binnacle_config::reader::Reader;

use crate::config::Global;
use crate::config::fields::{self, HostPort};

/// The page that is sent unless the file has another.
pub const DEFAULT_HTML: &str = r#"{{ template "email.default.html" . }}"#;
const DEFAULT_SUBJECT: &str = r#"{{ template "email.default.subject" . }}"#;

/// What the file says.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// To whom: addresses separated by commas, a template.
    pub to: String,
    /// From whom: one address, a template.
    pub from: String,
    /// What this server calls itself.
    pub hello: String,
    /// The mail server.
    pub smarthost: HostPort,
    /// User; empty: mail goes without authentication.
    pub auth_username: String,
    /// For PLAIN and LOGIN.
    pub auth_password: Option<Source>,
    /// For CRAM-MD5.
    pub auth_secret: Option<Source>,
    /// For PLAIN.
    pub auth_identity: String,
    /// Headers, ascending by name, with `From`, `Subject` and `To`; templates.
    pub headers: Vec<(String, String)>,
    /// The page, a template; empty: none.
    pub html: String,
    /// The text, a template; empty: none.
    pub text: String,
    /// Whether mail goes only over TLS.
    pub require_tls: bool,
    /// Transport security.
    pub tls: TlsSettings,
    /// Whether the connection starts with TLS.
    pub implicit_tls: bool,
    /// How mails of a group hang together.
    pub threading: Threading,
}

/// How mails of one group hang together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Threading {
    /// Not at all.
    Off,
    /// All of them.
    Group,
    /// Those of a day (UTC).
    Day,
}

/// Reads one element of `email_configs`.
pub fn read(r: &mut Reader<'_>, global: &Global) -> Settings {
    let text_or = |r: &mut Reader<'_>, key: &'static str, global: &str| {
        let text = r.text(key);
        if text.is_empty() {
            global.to_owned()
        } else {
            text
        }
    };
    let to = r.text("to");
    if to.is_empty() {
        r.refuse("to", "missing to address in email config");
    }
    let from = text_or(r, "from", &global.smtp_from);
    if from.is_empty() {
        r.refuse("from", "no global SMTP from set");
    }
    let smarthost = fields::host_port(r, "smarthost").or_else(|| global.smtp_smarthost.clone());
    if smarthost.is_none() {
        r.refuse("smarthost", "no global SMTP smarthost set");
    }
    let smarthost = smarthost.unwrap_or(HostPort {
        host: String::new(),
        port: String::new(),
    });
    let headers = read_headers(r, &to, &from);
    Settings {
        hello: text_or(r, "hello", &global.smtp_hello),
        auth_username: text_or(r, "auth_username", &global.smtp_auth_username),
        auth_password: fields::secret(r, "auth_password", "auth_password_file")
            .or_else(|| global.smtp_auth_password.clone()),
        auth_secret: fields::secret(r, "auth_secret", "auth_secret_file")
            .or_else(|| global.smtp_auth_secret.clone()),
        auth_identity: text_or(r, "auth_identity", &global.smtp_auth_identity),
        html: r.text_or("html", DEFAULT_HTML),
        text: r.text("text"),
        require_tls: r
            .bool_maybe("require_tls")
            .unwrap_or(global.smtp_require_tls),
        tls: r
            .section("tls_config", http::tls::read)
            .map_or_else(|| global.smtp_tls_config.clone(), |tls| tls.resolve()),
        implicit_tls: r
            .bool_maybe("force_implicit_tls")
            .or(global.smtp_force_implicit_tls)
            .unwrap_or(smarthost.port == "465"),
        threading: read_threading(r, &headers),
        headers,
        smarthost,
        from,
        to,
    }
}

fn read_headers(r: &mut Reader<'_>, to: &str, from: &str) -> Vec<(String, String)> {
    let mut headers: Vec<(String, String)> = Vec::new();
    for (name, value) in r.text_map("headers") {
        let canonical = canonical(&name.value);
        if !is_header_name(&canonical) {
            r.refuse_at(name.at, format!("invalid header {:?}", name.value));
        } else if headers.iter().any(|(n, _)| *n == canonical) {
            r.refuse_at(
                name.at,
                format!("duplicate header {canonical:?} in email config"),
            );
        } else {
            headers.push((canonical, value.value));
        }
    }
    for (name, value) in [("From", from), ("Subject", DEFAULT_SUBJECT), ("To", to)] {
        if !headers.iter().any(|(n, _)| n == name) {
            headers.push((name.to_owned(), value.to_owned()));
        }
    }
    headers.sort();
    headers
}

fn read_threading(r: &mut Reader<'_>, headers: &[(String, String)]) -> Threading {
    let read = r.section("threading", |r| {
        (r.bool("enabled"), r.text("thread_by_date"))
    });
    let Some((true, by_date)) = read else {
        return Threading::Off;
    };
    for name in ["References", "In-Reply-To"] {
        if headers.iter().any(|(n, _)| n == name) {
            r.refuse(
                "threading",
                format!(
                    "conflicting configuration: threading.enabled conflicts with custom {name} header"
                ),
            );
        }
    }
    match by_date.as_str() {
        "none" => Threading::Group,
        "daily" => Threading::Day,
        _ => {
            r.refuse(
                "threading",
                "threading.thread_by_date must be either 'none' or 'daily'",
            );
            Threading::Off
        }
    }
}

/// Characters of a header's name (RFC 5322, 3.6.8).
fn is_header_name(name: &str) -> bool {
    !name.is_empty()
        && name
            .bytes()
            .all(|b| (b'!'..=b'~').contains(&b) && b != b':')
}

/// `message-id` as `Message-Id`: names are told apart without case.
fn canonical(name: &str) -> String {
    let mut upper = true;
    let mut out = String::with_capacity(name.len());
    for c in name.chars() {
        out.push(if upper {
            c.to_ascii_uppercase()
        } else {
            c.to_ascii_lowercase()
        });
        upper = c == '-';
    }
    out
}
