//! syslog: messages as of RFC 5424 and RFC 3164 (in the forms that are really sent), and
//! their framing on streams (RFC 6587: octet counting, or an end mark).
//!
//! Host, app, facility and level become labels; process, message id, the exact severity and
//! structured data become fields. What is no syslog message at all is kept as a line. Times
//! without a zone are UTC; a time without a year is of the year that brings it nearest.

use binnacle_model::calendar::{date_of, day_of, days_in_month};
use binnacle_model::event::{EventBatch, FieldValue};
use binnacle_model::labels::LabelsBuilder;
use memchr::memchr2;

use crate::document::continue_stream;
use crate::error::WireError;
use crate::moment::parse_rfc3339;
use crate::names::field_name;

/// The level that goes with each severity.
pub const LEVELS: [&str; 8] = [
    "critical", "critical", "critical", "error", "warn", "info", "info", "debug",
];

const SEVERITIES: [&str; 8] = [
    "emergency",
    "alert",
    "critical",
    "error",
    "warning",
    "notice",
    "info",
    "debug",
];

const FACILITIES: [&str; 24] = [
    "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv",
    "ftp", "ntp", "audit", "alert", "clock", "local0", "local1", "local2", "local3", "local4",
    "local5", "local6", "local7",
];

const MONTHS: [&[u8]; 12] = [
    b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec",
];

/// What a message without a priority has: user, notice.
const PRIORITY_DEFAULT: usize = 13;

const NS_PER_S: i64 = 1_000_000_000;

/// The first whole message of what came over a stream, and how many bytes it and its frame
/// take. `None`: more is needed.
///
/// # Errors
/// [`WireError::TooLarge`] when a message is longer than `bytes_max`, and
/// [`WireError::Malformed`] for a frame's length that is none: where the next message begins
/// is not known then.
pub fn next_frame(bytes: &[u8], bytes_max: usize) -> Result<Option<(&[u8], usize)>, WireError> {
    let too_large = |size: usize| WireError::TooLarge {
        what: "a syslog message",
        size: size as u64,
        limit: bytes_max as u64,
    };
    if matches!(bytes.first(), Some(b'1'..=b'9')) {
        let digits = bytes.iter().take_while(|b| b.is_ascii_digit()).count();
        match bytes.get(digits) {
            None if digits <= 9 => return Ok(None),
            Some(b' ') if digits <= 9 => {
                let text = std::str::from_utf8(&bytes[..digits]).unwrap_or_default();
                let length: usize = text.parse().unwrap_or(usize::MAX);
                if length > bytes_max {
                    return Err(too_large(length));
                }
                let message = bytes.get(digits + 1..digits + 1 + length);
                return Ok(message.map(|message| (message, digits + 1 + length)));
            }
            // A line that begins with a number.
            _ => {}
        }
    }
    match memchr2(b'\n', 0, bytes) {
        Some(end) if end > bytes_max => Err(too_large(end)),
        Some(end) => Ok(Some((&bytes[..end], end + 1))),
        None if bytes.len() > bytes_max => Err(too_large(bytes.len())),
        None => Ok(None),
    }
}

/// The parts of a message.
#[derive(Debug, Default)]
struct Message<'a> {
    t_ns: Option<i64>,
    host: &'a [u8],
    app: &'a [u8],
    process: &'a [u8],
    id: &'a [u8],
    data: &'a [u8],
    text: &'a [u8],
}

/// Appends a message; false when it is empty.
pub fn push_message(message: &[u8], now_ns: i64, batch: &mut EventBatch) -> bool {
    let message = message.trim_ascii_end();
    if message.is_empty() {
        return false;
    }
    let (priority, rest) = priority(message);
    let parts = match rest.strip_prefix(b"1 ") {
        Some(behind) if priority.is_some() => {
            new_form(behind).unwrap_or_else(|| old_form(rest, now_ns))
        }
        _ => old_form(rest, now_ns),
    };
    let priority = priority.unwrap_or(PRIORITY_DEFAULT);
    let (facility, severity) = (priority / 8, priority % 8);
    let mut builder = LabelsBuilder::default();
    builder.set("host", &String::from_utf8_lossy(parts.host));
    builder.set("app", &String::from_utf8_lossy(parts.app));
    builder.set(
        "facility",
        FACILITIES.get(facility).copied().unwrap_or_default(),
    );
    builder.set("level", LEVELS[severity]);
    continue_stream(batch, &builder.build());
    batch.push_row(parts.t_ns.unwrap_or(now_ns), parts.text);
    batch.push_field(
        "severity",
        FieldValue::Text(SEVERITIES[severity].as_bytes()),
    );
    for (name, value) in [("process_id", parts.process), ("message_id", parts.id)] {
        if !value.is_empty() {
            batch.push_field(name, FieldValue::Text(value));
        }
    }
    structured_data(parts.data, batch);
    true
}

/// `<34>`
fn priority(message: &[u8]) -> (Option<usize>, &[u8]) {
    let Some(rest) = message.strip_prefix(b"<") else {
        return (None, message);
    };
    let digits = rest
        .iter()
        .take(4)
        .take_while(|b| b.is_ascii_digit())
        .count();
    if !(1..=3).contains(&digits) || rest.get(digits) != Some(&b'>') {
        return (None, message);
    }
    let number = rest[..digits]
        .iter()
        .fold(0, |n, b| n * 10 + usize::from(b - b'0'));
    if number > 191 {
        return (None, message);
    }
    (Some(number), &rest[digits + 1..])
}

/// RFC 5424 behind its version.
fn new_form(rest: &[u8]) -> Option<Message<'_>> {
    let mut rest = rest;
    let mut word = || {
        let at = rest.iter().position(|b| *b == b' ')?;
        let (word, behind) = rest.split_at(at);
        rest = behind.get(1..).unwrap_or_default();
        Some(if word == b"-" { &b""[..] } else { word })
    };
    let (time, host, app, process, id) = (word()?, word()?, word()?, word()?, word()?);
    let t_ns = match time {
        b"" => None,
        text => Some(std::str::from_utf8(text).ok().and_then(parse_rfc3339)?),
    };
    let length = data_length(rest)?;
    let (data, text) = rest.split_at(length);
    let text = text.strip_prefix(b" ").unwrap_or(text);
    Some(Message {
        t_ns,
        host,
        app,
        process,
        id,
        data,
        text: text.strip_prefix("\u{feff}".as_bytes()).unwrap_or(text),
    })
}

/// How long the structured data at the start are.
fn data_length(bytes: &[u8]) -> Option<usize> {
    if bytes.first() == Some(&b'-') {
        return Some(1);
    }
    let (mut at, mut quoted, mut inside) = (0, false, false);
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'\\' if quoted => at += 1,
            b'"' => quoted = !quoted,
            b'[' if !quoted => inside = true,
            b']' if !quoted => {
                inside = false;
                if bytes.get(at + 1) != Some(&b'[') {
                    return Some(at + 1);
                }
            }
            _ if !inside => return None,
            _ => {}
        }
        at += 1;
    }
    None
}

/// `[id name="value" …][id …]` as fields `id_name`.
fn structured_data(data: &[u8], batch: &mut EventBatch) {
    let text = String::from_utf8_lossy(data);
    let mut rest = &*text;
    while let Some(element) = rest.strip_prefix('[') {
        let end = element.find([' ', ']']).unwrap_or(element.len());
        let id = &element[..end];
        rest = &element[end..];
        while let Some(pair) = rest.strip_prefix(' ') {
            let Some((name, value)) = pair.split_once("=\"") else {
                return;
            };
            let mut out = String::new();
            let mut chars = value.char_indices();
            let end = loop {
                match chars.next() {
                    None => return,
                    Some((at, '"')) => break at + 1,
                    Some((_, '\\')) => match chars.next() {
                        Some((_, c @ ('"' | '\\' | ']'))) => out.push(c),
                        Some((_, c)) => out.extend(['\\', c]),
                        None => return,
                    },
                    Some((_, c)) => out.push(c),
                }
            };
            let name = format!("{id}_{name}");
            batch.push_field(&field_name(&name), FieldValue::Text(out.as_bytes()));
            rest = &value[end..];
        }
        rest = rest.strip_prefix(']').unwrap_or_default();
    }
}

/// RFC 3164 behind its priority: time, host, tag and text, as far as they are there.
fn old_form(rest: &[u8], now_ns: i64) -> Message<'_> {
    let Some((t_ns, behind)) = old_time(rest, now_ns) else {
        return Message {
            text: rest,
            ..Message::default()
        };
    };
    let mut message = Message {
        t_ns: Some(t_ns),
        text: behind,
        ..Message::default()
    };
    // `host tag[pid]: text`, or `tag[pid]: text` from a local socket.
    let end = behind
        .iter()
        .position(|b| *b == b' ')
        .unwrap_or(behind.len());
    let first = &behind[..end];
    let has_tag = first.ends_with(b":");
    if !has_tag && end < behind.len() {
        message.host = first;
        message.text = &behind[end + 1..];
    }
    if let Some((app, process, text)) = tag(message.text) {
        (message.app, message.process, message.text) = (app, process, text);
    }
    message
}

/// `tag[pid]: text`
fn tag(text: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let end = text.iter().position(|b| matches!(b, b':' | b'[' | b' '))?;
    let (app, mut rest) = text.split_at(end);
    let mut process = &b""[..];
    if let Some(inside) = rest.strip_prefix(b"[") {
        let end = inside.iter().position(|b| *b == b']')?;
        process = &inside[..end];
        rest = &inside[end + 1..];
    }
    let rest = rest.strip_prefix(b":")?;
    (!app.is_empty()).then(|| (app, process, rest.strip_prefix(b" ").unwrap_or(rest)))
}

/// `Oct 11 22:14:15 ` or RFC 3339, and what stands behind.
fn old_time(rest: &[u8], now_ns: i64) -> Option<(i64, &[u8])> {
    let end = rest.iter().position(|b| *b == b' ')?;
    let whole = std::str::from_utf8(&rest[..end])
        .ok()
        .and_then(parse_rfc3339);
    if let Some(t_ns) = whole {
        return Some((t_ns, &rest[end + 1..]));
    }
    let (head, behind) = rest.split_at_checked(15)?;
    let month = MONTHS.iter().position(|m| head.starts_with(m))? as i64 + 1;
    let number = |from: usize, to: usize| {
        let text = std::str::from_utf8(head.get(from..to)?).ok()?.trim_start();
        text.parse::<i64>().ok().filter(|n| *n >= 0)
    };
    let (day, hour) = (number(4, 6)?, number(7, 9)?);
    let (minute, second) = (number(10, 12)?, number(13, 15)?);
    if head[9] != b':' || head[12] != b':' || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let year_now = date_of(now_ns.div_euclid(NS_PER_S * 86_400)).0;
    // The nearest to now of three years: a clock may be ahead at the turn of the year.
    let candidates = [year_now - 1, year_now, year_now + 1]
        .into_iter()
        .filter_map(|year| {
            if !(1..=days_in_month(year, month)).contains(&day) {
                return None;
            }
            let seconds = day_of(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second;
            seconds.checked_mul(NS_PER_S)
        });
    let t_ns = candidates.min_by_key(|t| t.abs_diff(now_ns))?;
    Some((t_ns, behind.strip_prefix(b" ").unwrap_or(behind)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use binnacle_model::Labels;

    /// 2024-01-01T00:00:00Z.
    const NOW_NS: i64 = 1_704_067_200 * NS_PER_S;

    fn check(message: &str, labels: &str, t_ns: i64, line: &str, fields: &str) {
        let mut batch = EventBatch::default();
        assert!(
            push_message(message.as_bytes(), NOW_NS, &mut batch),
            "{message}"
        );
        let got = Labels::from_canonical(batch.stream_labels(0)).expect("canonical");
        assert_eq!(got.to_string(), labels, "{message}");
        assert_eq!(batch.times_ns, [t_ns], "{message}");
        assert_eq!(String::from_utf8_lossy(batch.line(0)), line, "{message}");
        let got: Vec<String> = batch
            .fields(0)
            .map(|(name, value)| match value {
                FieldValue::Text(text) => format!("{name}={}", String::from_utf8_lossy(text)),
                other => format!("{name}={other:?}"),
            })
            .collect();
        assert_eq!(got.join(" "), fields, "{message}");
    }

    #[test]
    fn messages() {
        check(
            "<165>1 2003-10-11T22:14:15.003Z h.example evntslog 7 ID47 \
             [ex@1 iut=\"3\" q=\"a\\\"b\\]\"][x] \u{feff}An event",
            r#"{app="evntslog", facility="local4", host="h.example", level="info"}"#,
            1_065_910_455_003_000_000,
            "An event",
            "severity=notice process_id=7 message_id=ID47 ex_1_iut=3 ex_1_q=a\"b]",
        );
        check(
            "<34>1 - - su - - - 'su root' failed",
            r#"{app="su", facility="auth", level="critical"}"#,
            NOW_NS,
            "'su root' failed",
            "severity=critical",
        );
        check(
            "<34>Oct 11 22:14:15 mymachine su[12]: 'su root' failed\n",
            r#"{app="su", facility="auth", host="mymachine", level="critical"}"#,
            1_697_062_455 * NS_PER_S,
            "'su root' failed",
            "severity=critical process_id=12",
        );
        check(
            "<30>Jan  1 00:00:01 sshd[9]: hi",
            r#"{app="sshd", facility="daemon", level="info"}"#,
            NOW_NS + NS_PER_S,
            "hi",
            "severity=info process_id=9",
        );
        check(
            "<13>2024-01-01T00:00:02+00:00 h tag: x",
            r#"{app="tag", facility="user", host="h", level="info"}"#,
            NOW_NS + 2 * NS_PER_S,
            "x",
            "severity=notice",
        );
        let plain = r#"{facility="user", level="info"}"#;
        check(
            "no syslog at all",
            plain,
            NOW_NS,
            "no syslog at all",
            "severity=notice",
        );
        check("<999>x", plain, NOW_NS, "<999>x", "severity=notice");
        check("<13>1 x", plain, NOW_NS, "1 x", "severity=notice");
    }

    #[test]
    fn frames() {
        let check = |bytes: &[u8], want: Option<(&[u8], usize)>| {
            assert_eq!(next_frame(bytes, 20), Ok(want), "{bytes:?}");
        };
        check(b"5 <1>hi8 more", Some((b"<1>hi", 7)));
        check(b"5 <1>h", None);
        check(b"5", None);
        check(b"", None);
        check(b"<1>hi\nmore", Some((b"<1>hi", 6)));
        check(b"<1>hi\0more", Some((b"<1>hi", 6)));
        check(b"<1>hi", None);
        check(b"12:30 hi\n", Some((b"12:30 hi", 9)));
        let refused = |bytes: &[u8]| assert!(next_frame(bytes, 20).is_err(), "{bytes:?}");
        refused(b"21 x");
        refused(&[b'x'; 21]);
        refused(&[b'1'; 30]);
        refused(b"xxxxxxxxxxxxxxxxxxxxxxxxx\n");
    }
}
