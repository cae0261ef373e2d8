//! journald: its export format (`application/vnd.fdo.journal`) and `journalctl -o json`.
//!
//! An entry is a run of fields, each `NAME=value` on a line, or `NAME`, a line break, the
//! length in eight bytes (little endian), the bytes and a line break; an empty line ends the
//! entry. `MESSAGE` is the line, `__REALTIME_TIMESTAMP` (microseconds) the time; host, unit,
//! identifier and level become labels; all else becomes fields. Cursors and other addresses
//! within the journal (`__…`) are left out. As documented in systemd's
//! "Journal Export Formats".

use std::borrow::Cow;

use binnacle_model::event::{EventBatch, FieldValue};
use binnacle_model::labels::LabelsBuilder;
use memchr::memchr;

use crate::document::continue_stream;
use crate::error::WireError;
use crate::json::{Json, Kind, lossy};
use crate::names::field_name;
use crate::syslog::LEVELS;

/// Fields of one entry; further ones are left out (journald itself has 1,024).
const FIELDS_MAX: usize = 4096;

/// Fields that become labels, and their names.
pub const LABELS: [(&str, &str); 4] = [
    ("_HOSTNAME", "host"),
    ("_SYSTEMD_UNIT", "unit"),
    ("SYSLOG_IDENTIFIER", "app"),
    ("_TRANSPORT", "transport"),
];

/// One entry's fields.
type Entry<'a> = Vec<(Cow<'a, str>, Cow<'a, [u8]>)>;

/// Appends the entries of an export to `batch`; how many there were. An entry that is cut
/// short at the end is left out.
///
/// # Errors
/// [`WireError::Malformed`]; what stood before is in `batch`.
pub fn decode_export(body: &[u8], now_ns: i64, batch: &mut EventBatch) -> Result<u64, WireError> {
    let mut entries = 0;
    each_entry(body, |entry| {
        entries += u64::from(push_entry(entry, now_ns, batch));
    })?;
    Ok(entries)
}

/// Calls `see` with the fields of each entry of an export, names and values in their order.
/// An entry that is cut short at the end is left out.
///
/// # Errors
/// [`WireError::Malformed`]
pub fn each_entry(
    body: &[u8],
    mut see: impl FnMut(&[(Cow<'_, str>, Cow<'_, [u8]>)]),
) -> Result<(), WireError> {
    let bad = |what: &str| WireError::Malformed(format!("journal export: {what}"));
    let mut entry = Entry::new();
    let mut rest = body;
    while let Some(end) = memchr(b'\n', rest) {
        let (line, behind) = (&rest[..end], &rest[end + 1..]);
        rest = behind;
        if line.is_empty() {
            if !entry.is_empty() {
                see(&entry);
            }
            entry.clear();
            continue;
        }
        let (name, value) = match memchr(b'=', line) {
            Some(at) => (&line[..at], &line[at + 1..]),
            None => {
                let (length, behind) = rest
                    .split_first_chunk::<8>()
                    .ok_or_else(|| bad("a length is cut short"))?;
                let (value, behind) = usize::try_from(u64::from_le_bytes(*length))
                    .ok()
                    .and_then(|length| behind.split_at_checked(length))
                    .ok_or_else(|| bad("a field runs past the end"))?;
                rest = behind
                    .strip_prefix(b"\n")
                    .ok_or_else(|| bad("a field does not end with a line break"))?;
                (line, value)
            }
        };
        if name.is_empty() {
            return Err(bad("a field has no name"));
        }
        if entry.len() < FIELDS_MAX {
            entry.push((String::from_utf8_lossy(name), Cow::Borrowed(value)));
        }
    }
    if rest.is_empty() && !entry.is_empty() {
        see(&entry);
    }
    Ok(())
}

/// How many bytes of `bytes` are whole entries. 0 also when what is there is damaged:
/// [`decode_export`] says so when it gets it.
#[must_use]
pub fn whole_entries(bytes: &[u8]) -> usize {
    let (mut at, mut whole) = (0, 0);
    while let Some(length) = bytes.get(at..).and_then(|rest| memchr(b'\n', rest)) {
        let line = &bytes[at..at + length];
        at += length + 1;
        if line.is_empty() {
            whole = at;
        } else if !line.contains(&b'=') {
            let Some(size) = bytes.get(at..).and_then(|rest| rest.first_chunk::<8>()) else {
                break;
            };
            let size = usize::try_from(u64::from_le_bytes(*size)).unwrap_or(usize::MAX);
            at = at.saturating_add(9).saturating_add(size);
        }
    }
    whole
}

/// Appends objects as `journalctl -o json` writes them, one a line; how many there were.
/// Values are texts, lists of bytes, or lists of values where a field comes more than once.
///
/// # Errors
/// [`WireError::Malformed`]; what stood before is in `batch`.
pub fn decode_json(body: &[u8], now_ns: i64, batch: &mut EventBatch) -> Result<u64, WireError> {
    let mut entries = 0;
    let mut json = Json::new(body);
    while !json.is_at_end() {
        let mut entry = Entry::new();
        json.object(|json, key| {
            let name = lossy(key);
            let value = match json.kind()? {
                Kind::Null => return json.null(),
                Kind::Text => json.text()?,
                Kind::Array => list(json.raw()?)?,
                _ => Cow::Borrowed(json.raw()?),
            };
            if entry.len() < FIELDS_MAX {
                entry.push((name, value));
            }
            Ok(())
        })?;
        entries += u64::from(push_entry(&entry, now_ns, batch));
    }
    Ok(entries)
}

/// A list of bytes is the bytes; of any other list the first value that is a text.
fn list(raw: &[u8]) -> Result<Cow<'_, [u8]>, WireError> {
    let mut bytes = Vec::new();
    let mut first = None;
    Json::new(raw).array(|json| {
        match json.kind()? {
            Kind::Number => bytes.push(json.number()?.parse().unwrap_or(b'?')),
            Kind::Text => {
                let text = json.text()?;
                first.get_or_insert(text);
            }
            Kind::Array if first.is_none() => first = Some(Cow::Owned(list_bytes(json.raw()?)?)),
            _ => {
                json.raw()?;
            }
        }
        Ok(())
    })?;
    Ok(first.unwrap_or(Cow::Owned(bytes)))
}

fn list_bytes(raw: &[u8]) -> Result<Vec<u8>, WireError> {
    let mut bytes = Vec::new();
    Json::new(raw).array(|json| {
        bytes.push(json.number()?.parse().unwrap_or(b'?'));
        Ok(())
    })?;
    Ok(bytes)
}

/// Adds an entry; false when it has no fields.
fn push_entry(
    entry: &[(Cow<'_, str>, Cow<'_, [u8]>)],
    now_ns: i64,
    batch: &mut EventBatch,
) -> bool {
    if entry.is_empty() {
        return false;
    }
    let get = |name: &str| entry.iter().find(|(n, _)| n == name).map(|(_, v)| &**v);
    let number = |name: &str| {
        let text = std::str::from_utf8(get(name)?).ok()?;
        text.trim().parse::<i64>().ok()
    };
    let mut builder = LabelsBuilder::default();
    for (field, label) in LABELS {
        if let Some(value) = get(field) {
            builder.set(label, &String::from_utf8_lossy(value));
        }
    }
    let priority = number("PRIORITY").and_then(|p| usize::try_from(p).ok());
    if let Some(level) = priority.and_then(|p| LEVELS.get(p)) {
        builder.set("level", level);
    }
    continue_stream(batch, &builder.build());
    let micros = number("__REALTIME_TIMESTAMP").or_else(|| number("_SOURCE_REALTIME_TIMESTAMP"));
    let t_ns = micros.map_or(now_ns, |t| t.saturating_mul(1000));
    batch.push_row(t_ns, get("MESSAGE").unwrap_or_default());
    for (name, value) in entry {
        let is_shown = name == "MESSAGE" || name.starts_with("__");
        if !is_shown && !LABELS.iter().any(|(field, _)| field == name) {
            let name = name.trim_start_matches('_').to_ascii_lowercase();
            batch.push_field(&field_name(&name), FieldValue::Text(value));
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exports() {
        let mut body = b"__REALTIME_TIMESTAMP=1500000\n_HOSTNAME=h\nPRIORITY=3\nMESSAGE\n".to_vec();
        body.extend_from_slice(&5u64.to_le_bytes());
        body.extend_from_slice(b"a\nb=\xff\n_PID=7\n\n\nMESSAGE=two\n__CURSOR=x\n");
        let mut batch = EventBatch::default();
        assert_eq!(decode_export(&body, 9, &mut batch), Ok(2));
        assert_eq!(batch.times_ns, [1_500_000_000, 9]);
        assert_eq!(
            (batch.line(0), batch.line(1)),
            (&b"a\nb=\xff"[..], &b"two"[..])
        );
        let fields: Vec<_> = batch.fields(0).collect();
        let want = [
            ("priority", FieldValue::Text(b"3")),
            ("pid", FieldValue::Text(b"7")),
        ];
        assert_eq!(fields, want);
        assert_eq!(batch.fields(1).count(), 0);
        let labels = binnacle_model::Labels::from_canonical(batch.stream_labels(0));
        assert_eq!(
            labels.expect("canonical").to_string(),
            r#"{host="h", level="error"}"#
        );
        for cut in 0..body.len() {
            let _ = decode_export(&body[..cut], 0, &mut EventBatch::default());
        }
        let check = |body: &[u8]| {
            assert!(
                decode_export(body, 0, &mut EventBatch::default()).is_err(),
                "{body:?}"
            );
        };
        check(b"=x\n");
        check(b"MESSAGE\n\xff\xff\xff\xff\xff\xff\xff\xffx\n");
        check(b"MESSAGE\n\x01\0\0\0\0\0\0\0xy\n");
        check(b"MESSAGE\nshort\n");
    }

    #[test]
    fn json() {
        let body = br#"{"MESSAGE":[104,105,255],"__REALTIME_TIMESTAMP":"2000","SYSLOG_IDENTIFIER":"a","X":["one","two"]}
{"MESSAGE":"b","Y":null}"#;
        let mut batch = EventBatch::default();
        assert_eq!(decode_json(body, 9, &mut batch), Ok(2));
        assert_eq!((batch.line(0), batch.line(1)), (&b"hi\xff"[..], &b"b"[..]));
        assert_eq!(batch.times_ns, [2_000_000, 9]);
        let fields: Vec<_> = batch.fields(0).collect();
        assert_eq!(fields, [("x", FieldValue::Text(b"one"))]);
    }
}
