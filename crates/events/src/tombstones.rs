//! Rows that were deleted and are still in parts or in memory.
//!
//! A tombstone hides its rows from every reader at once; a merge leaves them out, and when
//! no part older than the tombstone is left it has done its work. The file is replaced as
//! a whole: see `docs/formats/event-tombstones.md`.

use std::path::Path;
use std::sync::Arc;

use binnacle_model::event::{Condition, LineMatch, LineRegex, LineTest};
use binnacle_model::matcher::MatchOp;
use binnacle_model::{Labels, Matcher};
use binnacle_stdx::bits::{Bytes, put_varint, put_varint_signed};
use binnacle_stdx::files::Files;
use binnacle_store::Error;

const MAGIC: &[u8; 8] = b"binn-evt";
const NAME: &str = "tombstones";

/// What is deleted.
#[derive(Debug, Clone)]
pub(crate) struct Tombstone {
    pub(crate) id: u64,
    /// As it was asked for.
    pub(crate) text: String,
    pub(crate) matchers: Vec<Matcher>,
    pub(crate) tests: Vec<LineTest>,
    /// Inclusive.
    pub(crate) start_ns: i64,
    /// Inclusive.
    pub(crate) end_ns: i64,
    pub(crate) created_ms: i64,
    /// Parts with this number or a higher one do not have its rows.
    pub(crate) before_part: u64,
    pub(crate) done: bool,
}

impl Tombstone {
    /// Whether a stream is touched at all.
    pub(crate) fn touches(&self, labels: &Labels) -> bool {
        binnacle_model::matcher::all_match(&self.matchers, labels)
    }

    /// Whether the row of a stream that is touched is deleted.
    pub(crate) fn hides(&self, t_ns: i64, line: &[u8]) -> bool {
        t_ns >= self.start_ns && t_ns <= self.end_ns && self.tests.iter().all(|t| t.passes(line))
    }
}

/// The line tests of conditions; other conditions cannot be deleted by.
pub(crate) fn tests_of(conditions: &[Condition]) -> Option<Vec<LineTest>> {
    conditions
        .iter()
        .map(|condition| match condition {
            Condition::Line(test) => Some(test.clone()),
            _ => None,
        })
        .collect()
}

fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

fn take_bytes<'a>(bytes: &mut Bytes<'a>) -> Option<&'a [u8]> {
    let len = usize::try_from(bytes.varint()?).ok()?;
    bytes.take(len)
}

fn take_text(bytes: &mut Bytes<'_>) -> Option<String> {
    String::from_utf8(take_bytes(bytes)?.to_vec()).ok()
}

fn put_test(out: &mut Vec<u8>, test: &LineTest) {
    out.push(u8::from(test.negated));
    put_varint(out, test.any.len() as u64);
    for one in &test.any {
        match one {
            LineMatch::Contains(text) => {
                out.push(0);
                put_bytes(out, text);
            }
            LineMatch::Regex(regex) => {
                out.push(1);
                put_bytes(out, regex.as_str().as_bytes());
            }
            LineMatch::Pieces {
                pieces,
                open_start,
                open_end,
            } => {
                out.push(2);
                out.push(u8::from(*open_start));
                out.push(u8::from(*open_end));
                put_varint(out, pieces.len() as u64);
                for piece in pieces {
                    put_bytes(out, piece);
                }
            }
        }
    }
}

fn take_test(bytes: &mut Bytes<'_>) -> Option<LineTest> {
    let negated = bytes.u8()? != 0;
    let mut any = Vec::new();
    for _ in 0..bytes.varint()? {
        any.push(match bytes.u8()? {
            0 => LineMatch::Contains(take_bytes(bytes)?.to_vec()),
            1 => LineMatch::Regex(Arc::new(LineRegex::new(&take_text(bytes)?).ok()?)),
            2 => {
                let (open_start, open_end) = (bytes.u8()? != 0, bytes.u8()? != 0);
                let mut pieces = Vec::new();
                for _ in 0..bytes.varint()? {
                    pieces.push(take_bytes(bytes)?.to_vec());
                }
                LineMatch::Pieces {
                    pieces,
                    open_start,
                    open_end,
                }
            }
            _ => return None,
        });
    }
    Some(LineTest { any, negated })
}

fn op_number(op: MatchOp) -> u8 {
    match op {
        MatchOp::Equal => 0,
        MatchOp::NotEqual => 1,
        MatchOp::Regex => 2,
        MatchOp::NotRegex => 3,
    }
}

fn take_op(bytes: &mut Bytes<'_>) -> Option<MatchOp> {
    Some(match bytes.u8()? {
        0 => MatchOp::Equal,
        1 => MatchOp::NotEqual,
        2 => MatchOp::Regex,
        3 => MatchOp::NotRegex,
        _ => return None,
    })
}

fn put(out: &mut Vec<u8>, tombstone: &Tombstone) {
    put_varint(out, tombstone.id);
    put_bytes(out, tombstone.text.as_bytes());
    put_varint(out, tombstone.matchers.len() as u64);
    for matcher in &tombstone.matchers {
        put_bytes(out, matcher.name.as_bytes());
        out.push(op_number(matcher.op));
        put_bytes(out, matcher.value.as_bytes());
    }
    put_varint(out, tombstone.tests.len() as u64);
    for test in &tombstone.tests {
        put_test(out, test);
    }
    put_varint_signed(out, tombstone.start_ns);
    put_varint_signed(out, tombstone.end_ns);
    put_varint_signed(out, tombstone.created_ms);
    put_varint(out, tombstone.before_part);
    out.push(u8::from(tombstone.done));
}

fn take(bytes: &mut Bytes<'_>) -> Option<Tombstone> {
    let (id, text) = (bytes.varint()?, take_text(bytes)?);
    let mut matchers = Vec::new();
    for _ in 0..bytes.varint()? {
        let (name, op) = (take_text(bytes)?, take_op(bytes)?);
        matchers.push(Matcher::new(name, op, take_text(bytes)?).ok()?);
    }
    let mut tests = Vec::new();
    for _ in 0..bytes.varint()? {
        tests.push(take_test(bytes)?);
    }
    Some(Tombstone {
        id,
        text,
        matchers,
        tests,
        start_ns: bytes.varint_signed()?,
        end_ns: bytes.varint_signed()?,
        created_ms: bytes.varint_signed()?,
        before_part: bytes.varint()?,
        done: bytes.u8()? != 0,
    })
}

/// Reads the file; none is no tombstones.
pub(crate) fn load(files: &dyn Files, dir: &Path) -> Result<Vec<Tombstone>, Error> {
    let path = dir.join(NAME);
    if !files.exists(&path) {
        return Ok(Vec::new());
    }
    let raw = files.read(&path).map_err(Error::io("read", &path))?;
    let corrupt = |what: &str| Error::corrupt(&path, "tombstones", 0, what);
    let body = raw
        .strip_prefix(MAGIC)
        .filter(|rest| rest.len() >= 4)
        .ok_or_else(|| corrupt("it does not begin as it should"))?;
    let (crc, body) = body.split_at(4);
    if crc != crc32fast::hash(body).to_le_bytes() {
        return Err(corrupt("its checksum is wrong"));
    }
    let mut bytes = Bytes::new(body);
    let list = (|| {
        let mut list = Vec::new();
        for _ in 0..bytes.varint()? {
            list.push(take(&mut bytes)?);
        }
        Some(list)
    })();
    list.ok_or_else(|| corrupt("it makes no sense"))
}

/// Replaces the file.
pub(crate) fn save(files: &dyn Files, dir: &Path, list: &[Tombstone]) -> Result<(), Error> {
    let mut body = Vec::new();
    put_varint(&mut body, list.len() as u64);
    for tombstone in list {
        put(&mut body, tombstone);
    }
    let mut out = MAGIC.to_vec();
    out.extend_from_slice(&crc32fast::hash(&body).to_le_bytes());
    out.extend_from_slice(&body);
    let (path, temporary) = (dir.join(NAME), dir.join("tombstones.tmp"));
    let file = files
        .create(&temporary)
        .map_err(Error::io("create", &temporary))?;
    file.write_all(&out)
        .map_err(Error::io("write", &temporary))?;
    file.sync_data().map_err(Error::io("sync", &temporary))?;
    files
        .rename(&temporary, &path)
        .map_err(Error::io("rename", &path))?;
    files.sync_dir(dir).map_err(Error::io("sync", dir))
}
