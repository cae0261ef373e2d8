//! Messages that carry events.

use std::io::Write as _;

use binnacle_model::event::EventBatch;

use super::msgpack::{DEPTH_MAX, Head, Reader, malformed, push_text};
use crate::compress::decompress;
use crate::document::{DocumentRules, push_document};
use crate::error::WireError;

/// What a message held.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Decoded {
    /// Events that are now in the batch.
    pub rows: u64,
    /// What the sender wants back when they are stored ([`push_ack`]).
    pub chunk: Option<Vec<u8>>,
}

/// Appends the events of one message. Compressed ones may hold `bytes_max`.
///
/// # Errors
/// [`WireError`]; `batch` may hold a part: clear it.
pub fn decode(
    message: &[u8],
    bytes_max: usize,
    now_ns: i64,
    batch: &mut EventBatch,
) -> Result<Decoded, WireError> {
    let mut reader = Reader(message);
    let Head::Array(members @ 2..=4) = reader.value()? else {
        return Err(malformed("a message is a list of tag, events and options"));
    };
    let Head::Bytes(tag) = reader.value()? else {
        return Err(malformed("a tag is a text"));
    };
    let mut events = Events {
        tag: String::from_utf8_lossy(tag).into_owned(),
        now_ns,
        rules: rules(),
        json: Vec::new(),
        rows: 0,
    };
    let mut body = reader.clone();
    match body.value()? {
        Head::Array(count) if !is_time(&reader) => {
            let entries = reader.raw()?;
            let options = options(&mut reader, members > 2)?;
            events.entries(&mut Reader(entries_of(entries)?), Some(count), batch)?;
            Ok(events.decoded(options.chunk))
        }
        Head::Bytes(packed) => {
            reader = body;
            let options = options(&mut reader, members > 2)?;
            let encoding = if options.is_gzip { "gzip" } else { "" };
            let entries = decompress(encoding, packed, bytes_max)?;
            events.entries(&mut Reader(&entries), None, batch)?;
            Ok(events.decoded(options.chunk))
        }
        _ => {
            if members < 3 {
                return Err(malformed("a message has a tag, a time and a record"));
            }
            events.entry(&mut reader, batch)?;
            let options = options(&mut reader, members > 3)?;
            Ok(events.decoded(options.chunk))
        }
    }
}

/// What is behind the head of a list.
fn entries_of(list: &[u8]) -> Result<&[u8], WireError> {
    let mut reader = Reader(list);
    reader.value()?;
    Ok(reader.0)
}

/// Whether a list is a time with metadata (`[[time, {}], record]` of Fluent Bit) and not a
/// list of entries.
fn is_time(reader: &Reader<'_>) -> bool {
    let mut reader = reader.clone();
    matches!(reader.value(), Ok(Head::Array(_)))
        && matches!(
            reader.value(),
            Ok(Head::Int(_) | Head::Unsigned(_) | Head::Float(_) | Head::Extension(..))
        )
}

#[derive(Default)]
struct Options {
    chunk: Option<Vec<u8>>,
    is_gzip: bool,
}

fn options(reader: &mut Reader<'_>, is_there: bool) -> Result<Options, WireError> {
    let mut options = Options::default();
    if !is_there {
        return Ok(options);
    }
    let Head::Map(pairs) = reader.value()? else {
        return Ok(options);
    };
    for _ in 0..pairs {
        let key = reader.value()?;
        let mut value = Reader(reader.raw()?);
        match (key, value.value()?) {
            (Head::Bytes(b"chunk"), Head::Bytes(chunk)) => options.chunk = Some(chunk.to_vec()),
            (Head::Bytes(b"compressed"), Head::Bytes(kind)) => options.is_gzip = kind == b"gzip",
            _ => {}
        }
    }
    Ok(options)
}

fn rules() -> DocumentRules {
    let owned = |names: &[&str]| names.iter().map(|&n| n.to_owned()).collect();
    DocumentRules {
        time: Vec::new(),
        message: owned(&["log", "message", "MESSAGE", "msg"]),
        stream: Vec::new(),
    }
}

/// Takes events of one tag.
struct Events {
    tag: String,
    now_ns: i64,
    rules: DocumentRules,
    json: Vec<u8>,
    rows: u64,
}

impl Events {
    fn decoded(self, chunk: Option<Vec<u8>>) -> Decoded {
        Decoded {
            rows: self.rows,
            chunk,
        }
    }

    /// Entries `[time, record]`: that many, or until the end.
    fn entries(
        &mut self,
        reader: &mut Reader<'_>,
        count: Option<u32>,
        batch: &mut EventBatch,
    ) -> Result<(), WireError> {
        let mut left = count.unwrap_or(u32::MAX);
        while left > 0 && !(count.is_none() && reader.0.is_empty()) {
            let Head::Array(2..) = reader.value()? else {
                return Err(malformed("an entry is a list of time and record"));
            };
            self.entry(reader, batch)?;
            left -= 1;
        }
        Ok(())
    }

    /// A time and a record.
    fn entry(&mut self, reader: &mut Reader<'_>, batch: &mut EventBatch) -> Result<(), WireError> {
        let t_ns = self.time(reader)?;
        let mut json = std::mem::take(&mut self.json);
        json.clear();
        push_json(reader, 0, &mut json)?;
        if json.first() != Some(&b'{') {
            return Err(malformed("a record is a map"));
        }
        let base = [("tag", &*self.tag)];
        push_document(&json, &self.rules, &base, t_ns, batch)?;
        self.json = json;
        self.rows += 1;
        Ok(())
    }

    /// Seconds, or `EventTime`, perhaps in a list with metadata.
    fn time(&self, reader: &mut Reader<'_>) -> Result<i64, WireError> {
        Ok(match reader.value()? {
            Head::Int(0) => self.now_ns,
            Head::Int(seconds) => seconds.saturating_mul(1_000_000_000),
            Head::Unsigned(seconds) => i64::try_from(seconds)
                .unwrap_or(i64::MAX)
                .saturating_mul(1_000_000_000),
            // The cast saturates.
            Head::Float(seconds) => (seconds * 1e9) as i64,
            Head::Extension(0, [a, b, c, d, e, f, g, h]) => {
                let seconds = i64::from(u32::from_be_bytes([*a, *b, *c, *d]));
                seconds * 1_000_000_000 + i64::from(u32::from_be_bytes([*e, *f, *g, *h]))
            }
            Head::Array(count @ 1..) => {
                let mut whole = Reader(reader.0);
                if matches!(whole.value()?, Head::Array(_)) {
                    return Err(malformed("a time is a number"));
                }
                let t_ns = self.time(reader)?;
                for _ in 1..count {
                    reader.raw()?;
                }
                t_ns
            }
            _ => return Err(malformed("a time is a number")),
        })
    }
}

/// Writes a value as JSON. Bytes that are not UTF-8 stay as they are.
fn push_json(reader: &mut Reader<'_>, depth: usize, out: &mut Vec<u8>) -> Result<(), WireError> {
    if depth > DEPTH_MAX {
        return Err(malformed("values are nested too deeply"));
    }
    match reader.value()? {
        Head::Nil => out.extend_from_slice(b"null"),
        Head::Bool(v) => out.extend_from_slice(if v { b"true" } else { b"false" }),
        Head::Int(v) => out.extend_from_slice(itoa::Buffer::new().format(v).as_bytes()),
        Head::Unsigned(v) => out.extend_from_slice(itoa::Buffer::new().format(v).as_bytes()),
        Head::Float(v) if v.is_finite() => {
            let _ = write!(out, "{v}");
        }
        Head::Float(v) => push_quoted(out, v.to_string().as_bytes()),
        Head::Bytes(text) => push_quoted(out, text),
        Head::Extension(_, data) => push_quoted(out, data),
        Head::Array(count) => {
            out.push(b'[');
            for at in 0..count {
                if at > 0 {
                    out.push(b',');
                }
                push_json(reader, depth + 1, out)?;
            }
            out.push(b']');
        }
        Head::Map(pairs) => {
            out.push(b'{');
            for at in 0..pairs {
                if at > 0 {
                    out.push(b',');
                }
                match reader.value()? {
                    Head::Bytes(key) => push_quoted(out, key),
                    Head::Int(key) => push_quoted(out, key.to_string().as_bytes()),
                    _ => return Err(malformed("a key is a text")),
                }
                out.push(b':');
                push_json(reader, depth + 1, out)?;
            }
            out.push(b'}');
        }
    }
    Ok(())
}

fn push_quoted(out: &mut Vec<u8>, text: &[u8]) {
    out.push(b'"');
    for &byte in text {
        match byte {
            b'"' | b'\\' => out.extend_from_slice(&[b'\\', byte]),
            b'\n' => out.extend_from_slice(b"\\n"),
            0..0x20 => {
                let _ = write!(out, "\\u{byte:04x}");
            }
            byte => out.push(byte),
        }
    }
    out.push(b'"');
}

/// Appends the answer that a chunk is stored.
pub fn push_ack(out: &mut Vec<u8>, chunk: &[u8]) {
    out.push(0x81);
    push_text(out, b"ack");
    push_text(out, chunk);
}

#[cfg(test)]
mod tests {
    use super::super::Scanner;
    use super::*;

    fn record(out: &mut Vec<u8>, line: &[u8]) {
        out.push(0x82);
        push_text(out, b"log");
        push_text(out, line);
        push_text(out, b"n");
        out.push(7);
    }

    fn entry(out: &mut Vec<u8>, line: &[u8]) {
        out.extend_from_slice(&[0x92, 0xd7, 0, 0, 0, 0, 2, 0, 0, 0, 5]);
        record(out, line);
    }

    fn check(message: &[u8], want: &[(i64, &[u8])], chunk: Option<&[u8]>) {
        let mut batch = EventBatch::default();
        let decoded = decode(message, 1000, 9, &mut batch).expect("a message");
        assert_eq!(decoded.chunk.as_deref(), chunk);
        let got: Vec<_> = (0..batch.len())
            .map(|r| (batch.times_ns[r], batch.line(r)))
            .collect();
        assert_eq!(got, want);
        for cut in 0..message.len() {
            assert!(decode(&message[..cut], 1000, 9, &mut EventBatch::default()).is_err());
            assert_eq!(Scanner::default().scan(&message[..cut]), Ok(None));
        }
        assert_eq!(Scanner::default().scan(message), Ok(Some(message.len())));
    }

    #[test]
    fn all_modes() {
        let mut single = vec![0x93];
        push_text(&mut single, b"t");
        single.push(3);
        record(&mut single, b"a\xff");
        check(&single, &[(3_000_000_000, b"a\xff")], None);

        let mut forward = vec![0x93];
        push_text(&mut forward, b"t");
        forward.push(0x92);
        entry(&mut forward, b"a\"\\\n\x01");
        entry(&mut forward, b"b");
        forward.push(0x81);
        push_text(&mut forward, b"chunk");
        push_text(&mut forward, b"c1");
        check(
            &forward,
            &[(2_000_000_005, b"a\"\\\n\x01"), (2_000_000_005, b"b")],
            Some(b"c1"),
        );

        let mut entries = Vec::new();
        entry(&mut entries, b"a");
        // A record without a line, with the time and its metadata of Fluent Bit.
        entries.extend_from_slice(&[0x92, 0x92, 1, 0x80, 0x81]);
        push_text(&mut entries, b"k");
        entries.push(0xc3);
        let want: [(i64, &[u8]); 2] = [(2_000_000_005, b"a"), (1_000_000_000, b"{\"k\":true}")];
        let mut packed = vec![0x92];
        push_text(&mut packed, b"t");
        push_text(&mut packed, &entries);
        check(&packed, &want, None);

        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(&entries).expect("memory");
        let mut compressed = vec![0x93];
        push_text(&mut compressed, b"t");
        push_text(&mut compressed, &gzip.finish().expect("memory"));
        compressed.push(0x81);
        push_text(&mut compressed, b"compressed");
        push_text(&mut compressed, b"gzip");
        check(&compressed, &want, None);
    }

    #[test]
    fn broken_messages() {
        let check = |message: &[u8]| {
            assert!(
                decode(message, 100, 9, &mut EventBatch::default()).is_err(),
                "{message:?}"
            );
        };
        check(b"");
        check(&[0xc1]);
        check(&[0x93, 0xa1, b't', 0xc0, 0x80]);
        check(&[0x93, 0xa1, b't', 1, 0xc0]);
        check(&[0x92, 0xa1, b't', 0xdd, 0xff, 0xff, 0xff, 0xff]);
        let mut deep = vec![0x93, 0xa1, b't', 1];
        deep.extend_from_slice(&[0x91; 100_000]);
        check(&deep);
        // A list of lists of lists as a time.
        let mut times = vec![0x93, 0xa1, b't'];
        times.extend_from_slice(&[0x91; 100_000]);
        check(&times);
    }
}
