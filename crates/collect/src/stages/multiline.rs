//! `multiline`: lines up to the next first line become one.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use binnacle_model::event::LineRegex;

use super::settings::{MultilineSettings, StageError};
use super::{Entry, Run};

const MAX_LINES: u64 = 128;
const MAX_WAIT_NS: i64 = 3_000_000_000;

/// Streams that are followed, at most; lines of further ones pass.
const STREAMS_MAX: usize = 10_000;

/// Bytes of a line that was put together, at most.
const BYTES_MAX: usize = 16 << 20;

struct Settings {
    first: LineRegex,
    max_lines: u64,
    max_wait_ns: i64,
}

/// Lines that wait for more.
struct Block {
    /// The first one, with the lines so far.
    entry: Entry,
    /// How many; 0 when they were let go, and `entry` only says what the next ones belong to.
    lines: u64,
    /// When the newest came, nanoseconds.
    at_ns: i64,
}

pub(super) struct Multiline {
    settings: Arc<Settings>,
    blocks: HashMap<BTreeMap<String, String>, Block>,
}

impl Multiline {
    pub(super) fn new(settings: &MultilineSettings) -> Result<Self, StageError> {
        let Some(first) = &settings.firstline else {
            return Err(StageError::new(
                "firstline",
                "multiline stage config must define `firstline` regular expression",
            ));
        };
        let first = LineRegex::new(first).map_err(|e| {
            let message = format!(
                "multiline stage first line regex compilation error: {}",
                e.message
            );
            StageError::new("firstline", message)
        })?;
        let max_wait_ns = match &settings.max_wait_time {
            None => MAX_WAIT_NS,
            Some(text) => binnacle_logql::stage::go_duration(text).map_err(|e| {
                let message = format!("multiline stage `max_wait_time` parse error: {e}");
                StageError::new("max_wait_time", message)
            })?,
        };
        Ok(Self {
            settings: Arc::new(Settings {
                first,
                max_lines: settings.max_lines.unwrap_or(MAX_LINES),
                max_wait_ns,
            }),
            blocks: HashMap::new(),
        })
    }
}

impl Block {
    /// Lets the lines go; what comes next goes on with the same first line's labels.
    fn release(&mut self, out: &mut Vec<Entry>) {
        if self.lines == 0 {
            return;
        }
        self.lines = 0;
        let mut entry = self.entry.clone();
        entry.line = std::mem::take(&mut self.entry.line);
        out.push(entry);
    }

    fn push(&mut self, entry: Entry, now_ns: i64) {
        if self.lines == 0 {
            self.entry.line = entry.line;
            self.entry.from = entry.from;
        } else {
            self.entry.line.push(b'\n');
            self.entry.line.extend_from_slice(&entry.line);
        }
        self.lines += 1;
        self.at_ns = now_ns;
    }
}

impl Run for Multiline {
    fn run(&mut self, entry: Entry, now_ns: i64, out: &mut Vec<Entry>) {
        let is_first = self.settings.first.is_match(&entry.line);
        let is_full = self.blocks.len() >= STREAMS_MAX;
        let Some(block) = self.blocks.get_mut(&entry.labels) else {
            // What comes before the first first line passes.
            if !is_first || is_full {
                out.push(entry);
                return;
            }
            let key = entry.labels.clone();
            let mut block = Block {
                entry,
                lines: 1,
                at_ns: now_ns,
            };
            if self.settings.max_lines == 1 {
                block.release(out);
            }
            self.blocks.insert(key, block);
            return;
        };
        if is_first {
            block.release(out);
            *block = Block {
                entry,
                lines: 1,
                at_ns: now_ns,
            };
        } else {
            block.push(entry, now_ns);
        }
        if block.lines == self.settings.max_lines || block.entry.line.len() >= BYTES_MAX {
            block.release(out);
        }
    }

    fn tick(&mut self, now_ns: i64, out: &mut Vec<Entry>) {
        let before_ns = now_ns.saturating_sub(self.settings.max_wait_ns);
        for block in self.blocks.values_mut().filter(|b| b.at_ns <= before_ns) {
            block.release(out);
        }
    }

    fn flush(&mut self, out: &mut Vec<Entry>) {
        for block in self.blocks.values_mut() {
            block.release(out);
        }
    }

    fn held_from(&self) -> Option<u64> {
        let held = self.blocks.values().filter(|b| b.lines > 0);
        held.map(|b| b.entry.from).min()
    }

    fn fresh(&self) -> Box<dyn Run> {
        Box::new(Self {
            settings: self.settings.clone(),
            blocks: HashMap::new(),
        })
    }
}
