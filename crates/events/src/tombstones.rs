//! Rows that were deleted and are still in parts.
//!
//! A tombstone hides its rows from every reader at once; a merge leaves them out, and when
//! no part older than the tombstone has any of its streams and times it has done its work.
//! It never applies to the head, because a deletion begins with writing the head out. The
//! file is replaced as a whole: see `docs/formats/event-tombstones.md`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use binnacle_model::event::select::{NumberOp, ValueTest};
use binnacle_model::event::{Condition, LineMatch, LineRegex, LineTest, Rows};
use binnacle_model::matcher::MatchOp;
use binnacle_model::{Labels, Matcher};
use binnacle_stdx::bits::{Bytes, put_varint, put_varint_signed};
use binnacle_stdx::files::Files;
use binnacle_store::Error;

use crate::record::{put_bytes, take_bytes};
use crate::select::test;
use binnacle_store::durable;

const MAGIC: &[u8; 8] = b"binn-evt";
const VERSION: u32 = 2;
const NAME: &str = "tombstones";

/// Deletions that are not done yet, at most: each is looked at by every reader.
pub(crate) const WAITING_MAX: usize = 1_000;

/// Deletions that are done and still listed, at most.
const DONE_MAX: usize = 1_000;

/// What is deleted.
#[derive(Debug, Clone)]
pub(crate) struct Tombstone {
    pub(crate) id: u64,
    /// As it was asked for.
    pub(crate) text: String,
    pub(crate) matchers: Vec<Matcher>,
    /// Of lines and fields.
    pub(crate) conditions: Vec<Condition>,
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
    /// Whether a part may have rows of it: by number and time alone.
    pub(crate) fn applies(&self, part: u64, min_ns: i64, max_ns: i64) -> bool {
        !self.done && part < self.before_part && self.overlaps(min_ns, max_ns)
    }

    /// Whether any of these times is deleted; both inclusive.
    pub(crate) fn overlaps(&self, min_ns: i64, max_ns: i64) -> bool {
        max_ns >= self.start_ns && min_ns <= self.end_ns
    }

    /// Whether a stream is touched at all.
    pub(crate) fn touches(&self, labels: &Labels) -> bool {
        binnacle_model::matcher::all_match(&self.matchers, labels)
    }

    /// Whether the row of a stream that is touched is deleted. Its line and its fields
    /// have been read.
    pub(crate) fn hides(&self, rows: &Rows, row: usize) -> bool {
        let t_ns = rows.times_ns[row];
        t_ns >= self.start_ns
            && t_ns <= self.end_ns
            && self
                .conditions
                .iter()
                .all(|condition| test::read_row_passes(rows, row, condition))
    }

    /// Whether fields are needed to tell.
    pub(crate) fn needs_fields(&self) -> bool {
        let of_field = |c: &Condition| matches!(c, Condition::Field { .. });
        self.conditions.iter().any(of_field)
    }
}

/// Whether rows can be deleted by the conditions.
pub(crate) fn can_delete_by(conditions: &[Condition]) -> bool {
    let extracted = |c: &Condition| matches!(c, Condition::Extracted { .. });
    !conditions.iter().any(extracted)
}

/// Forgets the oldest of those that are done when there are too many.
pub(crate) fn forget(list: &mut Vec<Tombstone>) {
    let done = list.iter().filter(|t| t.done).count();
    let mut surplus = done.saturating_sub(DONE_MAX);
    list.retain(|t| {
        let goes = t.done && surplus > 0;
        surplus -= usize::from(goes);
        !goes
    });
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

fn put_matcher(out: &mut Vec<u8>, matcher: &Matcher) {
    put_bytes(out, matcher.name.as_bytes());
    out.push(op_number(matcher.op));
    put_bytes(out, matcher.value.as_bytes());
}

fn take_matcher(bytes: &mut Bytes<'_>) -> Option<Matcher> {
    let (name, op) = (take_text(bytes)?, take_op(bytes)?);
    Matcher::new(name, op, take_text(bytes)?).ok()
}

const NUMBER_OPS: [NumberOp; 6] = [
    NumberOp::Equal,
    NumberOp::NotEqual,
    NumberOp::Greater,
    NumberOp::GreaterOrEqual,
    NumberOp::Less,
    NumberOp::LessOrEqual,
];

fn put_condition(out: &mut Vec<u8>, condition: &Condition) {
    match condition {
        Condition::Line(test) => {
            out.push(0);
            put_test(out, test);
        }
        Condition::Field { name, test } => {
            let kind = 1 + u8::from(matches!(test, ValueTest::Number { .. }));
            out.push(kind);
            put_bytes(out, name.as_bytes());
            match test {
                ValueTest::Text(matcher) => put_matcher(out, matcher),
                ValueTest::Number { op, value } => {
                    let number = NUMBER_OPS.iter().position(|o| o == op).unwrap_or(0);
                    out.push(number as u8);
                    out.extend_from_slice(&value.to_bits().to_le_bytes());
                }
            }
        }
        // Refused before: see `can_delete_by`.
        Condition::Extracted { .. } => {}
    }
}

fn take_condition(bytes: &mut Bytes<'_>) -> Option<Condition> {
    let kind = bytes.u8()?;
    if kind == 0 {
        return take_test(bytes).map(Condition::Line);
    }
    let name = take_text(bytes)?;
    let test = match kind {
        1 => ValueTest::Text(take_matcher(bytes)?),
        2 => ValueTest::Number {
            op: *NUMBER_OPS.get(usize::from(bytes.u8()?))?,
            value: f64::from_bits(bytes.u64()?),
        },
        _ => return None,
    };
    Some(Condition::Field { name, test })
}

fn put(out: &mut Vec<u8>, tombstone: &Tombstone) {
    put_varint(out, tombstone.id);
    put_bytes(out, tombstone.text.as_bytes());
    put_varint(out, tombstone.matchers.len() as u64);
    for matcher in &tombstone.matchers {
        put_matcher(out, matcher);
    }
    put_varint(out, tombstone.conditions.len() as u64);
    for condition in &tombstone.conditions {
        put_condition(out, condition);
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
        matchers.push(take_matcher(bytes)?);
    }
    let mut conditions = Vec::new();
    for _ in 0..bytes.varint()? {
        conditions.push(take_condition(bytes)?);
    }
    Some(Tombstone {
        id,
        text,
        matchers,
        conditions,
        start_ns: bytes.varint_signed()?,
        end_ns: bytes.varint_signed()?,
        created_ms: bytes.varint_signed()?,
        before_part: bytes.varint()?,
        done: bytes.u8()? != 0,
    })
}

/// The file.
pub(crate) fn path(dir: &Path) -> PathBuf {
    dir.join(NAME)
}

/// Reads the file; none is no tombstones.
pub(crate) fn load(files: &dyn Files, dir: &Path) -> Result<Vec<Tombstone>, Error> {
    let path = path(dir);
    if !files.exists(&path) {
        return Ok(Vec::new());
    }
    let raw = files.read(&path).map_err(Error::io("read", &path))?;
    let corrupt = |what: &str| Error::corrupt(&path, "tombstones", 0, what);
    let mut header = Bytes::new(&raw);
    if header.array() != Some(*MAGIC) {
        return Err(corrupt("wrong magic number"));
    }
    let version = header.u32().ok_or_else(|| corrupt("cut short"))?;
    let crc = header.u32().ok_or_else(|| corrupt("cut short"))?;
    if crc != crc32fast::hash(header.rest()) {
        return Err(corrupt("wrong checksum"));
    }
    if version > VERSION {
        return Err(Error::NewerVersion {
            path: path.clone(),
            found: version,
            supported: VERSION,
        });
    }
    let mut bytes = Bytes::new(header.rest());
    let list = (|| {
        let mut list = Vec::new();
        for _ in 0..bytes.varint()? {
            list.push(take(&mut bytes)?);
        }
        (version == VERSION && bytes.rest().is_empty()).then_some(list)
    })();
    list.ok_or_else(|| corrupt("contents make no sense"))
}

/// Replaces the file.
pub(crate) fn save(files: &dyn Files, dir: &Path, list: &[Tombstone]) -> Result<(), Error> {
    let mut body = Vec::new();
    put_varint(&mut body, list.len() as u64);
    for tombstone in list {
        put(&mut body, tombstone);
    }
    let mut out = MAGIC.to_vec();
    out.extend_from_slice(&VERSION.to_le_bytes());
    out.extend_from_slice(&crc32fast::hash(&body).to_le_bytes());
    out.extend_from_slice(&body);
    durable::replace(files, &path(dir), &out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use binnacle_stdx::files::SimulatedFiles;

    fn tombstone(id: u64, done: bool) -> Tombstone {
        let regex = LineRegex::new("a.b").expect("an expression");
        Tombstone {
            id,
            text: "{app=\"a\"}".into(),
            matchers: vec![Matcher::new("app", MatchOp::NotRegex, "a|b").expect("a matcher")],
            conditions: vec![
                Condition::Line(LineTest {
                    any: vec![
                        LineMatch::Contains(b"\xff".to_vec()),
                        LineMatch::Regex(Arc::new(regex)),
                        LineMatch::Pieces {
                            pieces: vec![b"x".to_vec()],
                            open_start: true,
                            open_end: false,
                        },
                    ],
                    negated: true,
                }),
                Condition::Field {
                    name: "level".into(),
                    test: ValueTest::Text(Matcher::equal("level", "debug")),
                },
                Condition::Field {
                    name: "n".into(),
                    test: ValueTest::Number {
                        op: NumberOp::LessOrEqual,
                        value: 2.5,
                    },
                },
            ],
            start_ns: i64::MIN,
            end_ns: i64::MAX,
            created_ms: 7,
            before_part: 9,
            done,
        }
    }

    #[test]
    fn they_come_back_and_damage_is_noticed() {
        let files = SimulatedFiles::new();
        let dir = Path::new("/d");
        files.create_dir_all(dir).expect("made");
        let list = [tombstone(1, true), tombstone(2, false)];
        save(&files, dir, &list).expect("saved");
        let back = load(&files, dir).expect("loaded");
        assert_eq!(format!("{back:?}"), format!("{list:?}"));
        let len = files.read(&path(dir)).expect("read").len();
        for at in 0..len {
            files.flip_bit(&path(dir), at, 2);
            assert!(load(&files, dir).is_err(), "byte {at}");
            files.flip_bit(&path(dir), at, 2);
        }
    }

    #[test]
    fn the_oldest_that_are_done_are_forgotten() {
        let mut list: Vec<Tombstone> = (0..DONE_MAX as u64 + 5)
            .map(|id| tombstone(id, id != 1))
            .collect();
        forget(&mut list);
        assert_eq!(list.len(), DONE_MAX + 1);
        assert_eq!((list[0].id, list[1].id), (1, 5));
    }
}
