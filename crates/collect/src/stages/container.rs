//! `docker` and `cri`: the lines that container engines write around a program's lines.

use std::collections::BTreeMap;
use std::collections::HashMap;

use super::settings::CriSettings;
use super::{Change, Entry, Run, timestamp};

/// Bytes of parts that are put together, at most.
const PARTS_BYTES_MAX: usize = 16 << 20;

/// Streams with parts that are held back, at most.
const STREAMS_MAX: usize = 1_000;

/// `docker`: a line is a JSON object with `log`, `stream` and `time`.
pub(super) struct Docker;

impl Change for Docker {
    fn change(&self, entry: &mut Entry, _: i64) -> bool {
        let Ok(serde_json::Value::Object(mut object)) =
            serde_json::from_slice::<serde_json::Value>(&entry.line)
        else {
            return true;
        };
        let mut take = |key: &str| match object.remove(key) {
            Some(serde_json::Value::String(text)) => Some(text),
            _ => None,
        };
        let (log, stream, time) = (take("log"), take("stream"), take("time"));
        if let Some(stream) = stream {
            entry.extract("stream", stream.clone());
            entry.labels.insert("stream".to_owned(), stream);
        }
        if let Some(time) = time {
            if let Some(t_ns) = timestamp::rfc3339(&time) {
                entry.t_ns = t_ns;
            }
            entry.extract("timestamp", time);
        }
        if let Some(log) = log {
            entry.line = log.clone().into_bytes();
            entry.extract("output", log);
        }
        true
    }
}

/// A line of the container runtime interface: `TIME stdout|stderr FLAGS LINE`.
struct CriLine<'l> {
    time: &'l [u8],
    stream: &'l [u8],
    flags: &'l [u8],
    content: &'l [u8],
}

impl<'l> CriLine<'l> {
    fn of(line: &'l [u8]) -> Option<Self> {
        let mut rest = line;
        let mut word = || {
            let at = memchr(b' ', rest)?;
            let (word, behind) = (&rest[..at], &rest[at + 1..]);
            rest = behind;
            (!word.is_empty()).then_some(word)
        };
        let (time, stream, flags) = (word()?, word()?, word()?);
        (stream == b"stdout" || stream == b"stderr").then_some(Self {
            time,
            stream,
            flags,
            content: rest,
        })
    }

    fn is_partial(&self) -> bool {
        self.flags == b"P" || self.flags.starts_with(b"P:")
    }
}

fn memchr(byte: u8, text: &[u8]) -> Option<usize> {
    text.iter().position(|b| *b == byte)
}

/// Parts of a line, the first with its labels and time.
struct Parts {
    first: Entry,
    count: usize,
}

/// `cri`: parts of a line (flag `P`) are held back until its last one (`F`) comes.
pub(super) struct Cri {
    settings: CriSettings,
    parts: HashMap<BTreeMap<String, String>, Parts>,
}

impl Cri {
    pub(super) fn new(settings: &CriSettings) -> Self {
        Self {
            settings: settings.clone(),
            parts: HashMap::new(),
        }
    }

    fn bytes_max(&self) -> usize {
        match usize::try_from(self.settings.max_partial_line_size) {
            Ok(bytes @ 1..) => bytes.min(PARTS_BYTES_MAX),
            _ => PARTS_BYTES_MAX,
        }
    }
}

impl Run for Cri {
    fn run(&mut self, mut entry: Entry, _: i64, out: &mut Vec<Entry>) {
        let Some(found) = CriLine::of(&entry.line) else {
            out.push(entry);
            return;
        };
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let (time, stream) = (text(found.time), text(found.stream));
        let (flags, is_partial) = (text(found.flags), found.is_partial());
        let content = found.content.to_vec();
        if let Some(t_ns) = timestamp::rfc3339(&time) {
            entry.t_ns = t_ns;
        }
        entry.labels.insert("stream".to_owned(), stream.clone());
        entry.extract("time", time);
        entry.extract("stream", stream);
        entry.extract("flags", flags);
        entry.extract("content", String::from_utf8_lossy(&content));
        entry.line = content;
        let bytes_max = self.bytes_max();
        if let Some(parts) = self.parts.get_mut(&entry.labels) {
            parts.first.line.extend_from_slice(&entry.line);
            parts.count += 1;
            if self.settings.max_partial_line_size_truncate {
                parts.first.line.truncate(bytes_max);
            }
            let is_long = parts.first.line.len() >= bytes_max
                && !self.settings.max_partial_line_size_truncate;
            let is_full = parts.count >= self.settings.max_partial_lines || is_long;
            if !is_partial || is_full {
                out.extend(self.parts.remove(&entry.labels).map(|p| p.first));
            }
            return;
        }
        if !is_partial || self.parts.len() >= STREAMS_MAX {
            out.push(entry);
            return;
        }
        let key = entry.labels.clone();
        self.parts.insert(
            key,
            Parts {
                first: entry,
                count: 1,
            },
        );
    }

    fn flush(&mut self, out: &mut Vec<Entry>) {
        out.extend(self.parts.drain().map(|(_, parts)| parts.first));
    }

    fn held_from(&self) -> Option<u64> {
        self.parts.values().map(|p| p.first.from).min()
    }

    fn fresh(&self) -> Box<dyn Run> {
        Box::new(Self::new(&self.settings))
    }
}
