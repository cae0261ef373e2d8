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

/// `cri`: parts of a line (flag `P`) are held back until its last one (`F`) comes, which
/// says the time of the line.
pub(super) struct Cri {
    settings: CriSettings,
    /// What came of the unfinished line of each stream.
    parts: HashMap<BTreeMap<String, String>, Entry>,
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

    /// The entry with what came before it in front.
    fn joined(&self, before: Option<Entry>, mut entry: Entry) -> Entry {
        if let Some(mut before) = before {
            before.line.append(&mut entry.line);
            entry.line = before.line;
            entry.from = before.from;
        }
        if self.settings.max_partial_line_size_truncate {
            entry.line.truncate(self.bytes_max());
        }
        entry
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
        let before = self.parts.remove(&entry.labels);
        if !is_partial {
            let is_whole = before.is_none();
            out.push(if is_whole {
                entry
            } else {
                self.joined(before, entry)
            });
            return;
        }
        let most = self.settings.max_partial_lines.clamp(1, STREAMS_MAX);
        if before.is_none() && self.parts.len() >= most {
            self.flush(out);
        }
        let entry = self.joined(before, entry);
        let is_long = entry.line.len() >= self.bytes_max();
        if is_long && !self.settings.max_partial_line_size_truncate {
            out.push(entry);
            return;
        }
        self.parts.insert(entry.labels.clone(), entry);
    }

    fn flush(&mut self, out: &mut Vec<Entry>) {
        let mut parts: Vec<Entry> = self.parts.drain().map(|(_, entry)| entry).collect();
        parts.sort_by(|a, b| (a.from, &a.labels).cmp(&(b.from, &b.labels)));
        out.append(&mut parts);
    }

    fn held_from(&self) -> Option<u64> {
        self.parts.values().map(|entry| entry.from).min()
    }

    fn fresh(&self) -> Box<dyn Run> {
        Box::new(Self::new(&self.settings))
    }
}
