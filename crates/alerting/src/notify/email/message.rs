//! The mail as it is sent: headers, and the text and the page as alternatives
//! (RFC 2046, 5.1.4), the page with its picture when there is one (RFC 2387).

use std::collections::hash_map::RandomState;
use std::fmt::Write as _;
use std::hash::BuildHasher as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;

use crate::notify::Notification;
use crate::notify::rendering::Rendering;
use crate::notify::text::key_hash;

use super::encode::{header_value, push_quoted_printable};
use super::settings::{DEFAULT_HTML, Settings, Threading};

/// How a page names the picture.
const GRAPH: &str = "cid:graph";
/// Characters of base64 in a line (RFC 2045, 6.8).
const BASE64_LINE: usize = 76;

/// What a mail says.
pub(super) struct Content {
    pub(super) headers: Vec<(String, String)>,
    pub(super) text: String,
    pub(super) html: String,
}

impl Content {
    pub(super) fn of(
        settings: &Settings,
        notification: &Notification<'_>,
        rendering: &Rendering<'_>,
    ) -> Self {
        let headers = settings.headers.iter().map(|(name, template)| {
            let field = format!("headers.{name}");
            (name.clone(), rendering.line(&field, template))
        });
        let headers = headers.collect();
        let mut text = rendering.text("text", &settings.text);
        let mut html = if settings.html.is_empty() {
            String::new()
        } else {
            rendering.html("html", &settings.html)
        };
        if !text.is_empty() {
            text = rendering.with_failures(text);
        }
        if settings.html == DEFAULT_HTML && notification.graph.is_some() {
            html = with_picture(html);
        }
        Self {
            headers,
            text,
            html,
        }
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let (_, value) = self.headers.iter().find(|(n, _)| n == name)?;
        Some(value)
    }

    /// The mail's bytes, lines ended by CRLF.
    pub(super) fn encode(&self, settings: &Settings, notification: &Notification<'_>) -> Vec<u8> {
        let mut head = String::new();
        for (name, value) in &self.headers {
            push_header(&mut head, name, &header_value(value));
        }
        if self.header("Message-Id").is_none() {
            let id = format!(
                "<{}.{}@{}>",
                notification.now_ms,
                random(),
                header_value(&hostname())
            );
            push_header(&mut head, "Message-Id", &id);
        }
        if let Some(root) = thread_root(settings.threading, notification) {
            push_header(&mut head, "References", &root);
            push_header(&mut head, "In-Reply-To", &root);
        }
        let boundary = boundary();
        push_header(&mut head, "Date", &date(notification.now_ms));
        push_header(
            &mut head,
            "Content-Type",
            &format!("multipart/alternative;  boundary={boundary}"),
        );
        push_header(&mut head, "MIME-Version", "1.0");
        head.push_str("\r\n");
        let mut out = head.into_bytes();
        // A part that is asked for is there, even when its template gave nothing.
        if !settings.text.is_empty() {
            open_part(&mut out, &boundary, true);
            push_text(&mut out, "plain", &self.text);
        }
        if !settings.html.is_empty() {
            open_part(&mut out, &boundary, settings.text.is_empty());
            self.push_page(&mut out, notification);
        }
        close_parts(&mut out, &boundary);
        out
    }

    fn push_page(&self, out: &mut Vec<u8>, notification: &Notification<'_>) {
        let graph = notification.graph.filter(|_| self.html.contains(GRAPH));
        let Some(graph) = graph else {
            push_text(out, "html", &self.html);
            return;
        };
        let boundary = boundary();
        let head = format!(
            "Content-Type: multipart/related; type=\"text/html\"; boundary={boundary}\r\n\r\n"
        );
        out.extend_from_slice(head.as_bytes());
        open_part(out, &boundary, true);
        push_text(out, "html", &self.html);
        open_part(out, &boundary, false);
        out.extend_from_slice(
            b"Content-Disposition: inline; filename=\"graph.png\"\r\n\
              Content-ID: <graph>\r\n\
              Content-Transfer-Encoding: base64\r\n\
              Content-Type: image/png\r\n\r\n",
        );
        let base64 = STANDARD.encode(&graph.png);
        for line in base64.as_bytes().chunks(BASE64_LINE) {
            out.extend_from_slice(line);
            out.extend_from_slice(b"\r\n");
        }
        close_parts(out, &boundary);
    }
}

/// The page with the picture at the end of its body.
fn with_picture(html: String) -> String {
    let image = format!(
        "<p style=\"text-align:center\"><img src=\"{GRAPH}\" alt=\"graph of the alert's expression\" style=\"max-width:100%\"></p>\n"
    );
    match html.rfind("</body>") {
        Some(end) => format!("{}{image}{}", &html[..end], &html[end..]),
        None => html + &image,
    }
}

/// The id of a mail that was never sent, under which clients gather a group's mails.
fn thread_root(threading: Threading, notification: &Notification<'_>) -> Option<String> {
    let day = match threading {
        Threading::Off => return None,
        Threading::Group => String::new(),
        Threading::Day => timestamp(notification.now_ms)
            .strftime("%Y-%m-%d")
            .to_string(),
    };
    let hash = key_hash(notification.group_key);
    Some(format!("<alert-{}-{day}@alertmanager>", &hash[..16]))
}

fn timestamp(ms: i64) -> Timestamp {
    Timestamp::from_millisecond(ms).unwrap_or(Timestamp::UNIX_EPOCH)
}

fn date(ms: i64) -> String {
    let time = timestamp(ms).strftime("%a, %d %b %Y %H:%M:%S +0000");
    time.to_string()
}

fn push_header(head: &mut String, name: &str, value: &str) {
    // Writing to a String cannot fail.
    let _ = write!(head, "{name}: {value}\r\n");
}

/// The line end before a boundary is part of it, unless a head is before it.
fn open_part(out: &mut Vec<u8>, boundary: &str, first: bool) {
    if !first {
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(format!("--{boundary}\r\n").as_bytes());
}

fn close_parts(out: &mut Vec<u8>, boundary: &str) {
    out.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
}

fn push_text(out: &mut Vec<u8>, kind: &str, text: &str) {
    let head = format!(
        "Content-Transfer-Encoding: quoted-printable\r\nContent-Type: text/{kind}; charset=UTF-8\r\n\r\n"
    );
    out.extend_from_slice(head.as_bytes());
    push_quoted_printable(out, text);
}

/// Something that no text holds by accident.
fn boundary() -> String {
    (0..4).fold(String::new(), |mut out, _| {
        let _ = write!(out, "{:016x}", random());
        out
    })
}

/// The standard library's own seed of hash tables is random, and enough for names that
/// must differ but are no secrets.
fn random() -> u64 {
    RandomState::new().hash_one(0)
}

fn hostname() -> String {
    std::fs::read_to_string("/proc/sys/kernel/hostname")
        .map(|name| name.trim().to_owned())
        .ok()
        .filter(|name| !name.is_empty())
        .unwrap_or_else(|| "localhost.localdomain".to_owned())
}
