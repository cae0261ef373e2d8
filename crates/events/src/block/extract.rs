//! Values inside lines, by column, where it is sure that a parser would find the same.

use binnacle_model::event::FieldValue;
use binnacle_model::event::Texts;
use binnacle_model::event::column::{ABSENT, UNKNOWN};
use binnacle_model::event::select::{Extract, Parser, ValueTest};
use binnacle_store::Malformed;
use hashbrown::HashMap;

use super::bits::Bits;
use super::cursor::Cursor;
use super::json::{self, Meant};
use super::logfmt;
use super::read::RowTimes;
use super::shape::{Shape, ShapeKind, Shaped};
use super::test::value_passes;

/// Where a shape has the value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Slot {
    /// There is none.
    Absent,
    /// That is not sure.
    Unknown,
    /// It is this one.
    Value { value: usize, is_quoted: bool },
}

/// One text of each row.
pub(super) struct Extracted {
    pub(super) entries: Texts,
    /// An index into the entries, [`ABSENT`] or [`UNKNOWN`].
    pub(super) of_row: Vec<u32>,
}

impl Extracted {
    /// Whether the value of row `i` passes; unknown ones do.
    pub(super) fn passes(&self, test: &ValueTest) -> Vec<bool> {
        let absent = value_passes(None, test);
        let mut known: Vec<Option<bool>> = vec![None; self.entries.len()];
        let one = |id: &u32| match *id {
            UNKNOWN => true,
            ABSENT => absent,
            id => {
                let text = self.entries.get(id as usize);
                *known[id as usize]
                    .get_or_insert_with(|| value_passes(Some(FieldValue::Text(text)), test))
            }
        };
        self.of_row.iter().map(one).collect()
    }
}

/// Whether a value of a shape stands in quotes.
fn is_quoted(shape: &Shape<'_>, value: usize) -> bool {
    shape.literals[value].last() == Some(&b'"')
}

/// The labels of the values of a shape of JSON, where they are sure.
fn json_labels(shape: &Shape<'_>) -> Option<json::Labels> {
    let mut line = Vec::new();
    for (value, literal) in shape.literals.iter().enumerate() {
        line.extend_from_slice(literal);
        if value < shape.columns.len() {
            line.push(if is_quoted(shape, value) { b'x' } else { b'0' });
        }
    }
    json::labels(&line).filter(|labels| !labels.has_twins)
}

/// The label of each value of a shape of JSON or logfmt, where that is sure.
pub(super) fn labels_of(shape: &Shape<'_>) -> Option<Vec<String>> {
    match shape.kind {
        ShapeKind::Json => json_labels(shape).map(|labels| labels.of_value),
        ShapeKind::Logfmt => {
            let keys = shape.literals.iter().take(shape.columns.len());
            let key = |l: &&[u8]| json::first_key(&super::shape::logfmt_key(l));
            Some(keys.map(key).collect())
        }
        ShapeKind::Text => None,
    }
}

/// The key of each value of a shape of JSON; those that are below another key have no name
/// that a key could have. `None` where that is not sure.
fn keys_of(shape: &Shape<'_>, wanted: &str) -> Option<Vec<String>> {
    let labels = json_labels(shape)?;
    if labels.objects.iter().any(|key| key == wanted) {
        return None;
    }
    let own = labels.keys.into_iter();
    Some(
        own.map(|(key, is_at)| if is_at { key } else { String::new() })
            .collect(),
    )
}

fn slot_of(shape: &Shape<'_>, extract: &Extract) -> Slot {
    let labels = match (extract.parser, shape.kind) {
        (Parser::JsonKey, ShapeKind::Json) => keys_of(shape, &extract.label),
        (Parser::Json, ShapeKind::Json) | (Parser::Logfmt, ShapeKind::Logfmt) => labels_of(shape),
        _ => None,
    };
    let Some(labels) = labels else {
        return Slot::Unknown;
    };
    let mut own = labels
        .iter()
        .enumerate()
        .filter(|(_, l)| **l == extract.label);
    match (own.next(), own.next()) {
        (None, _) => Slot::Absent,
        (Some((value, _)), None) if value < shape.columns.len() => Slot::Value {
            value,
            is_quoted: is_quoted(shape, value),
        },
        _ => Slot::Unknown,
    }
}

/// What an extract finds in the lines of some rows, which rise.
pub(super) fn extract(
    lines: &Shaped<'_>,
    extract: &Extract,
    rows: &Bits,
    times: &RowTimes<'_>,
) -> Result<Extracted, Malformed> {
    let slots: Vec<Slot> = lines.shapes.iter().map(|s| slot_of(s, extract)).collect();
    let mut out = Extracted {
        entries: Texts::default(),
        of_row: Vec::with_capacity(rows.count()),
    };
    let mut readers: Vec<Reader<'_, '_>> = Vec::new();
    let mut by_column: HashMap<(u32, bool), usize> = HashMap::new();
    // For each shape what it says: a reader, or that there is none.
    let mut of_shape = Vec::with_capacity(slots.len());
    for (shape, slot) in lines.shapes.iter().zip(&slots) {
        of_shape.push(match *slot {
            Slot::Absent => Err(ABSENT),
            Slot::Unknown => Err(UNKNOWN),
            Slot::Value { value, is_quoted } => {
                let column = shape.columns[value];
                let next = readers.len();
                let reader = *by_column.entry((column, is_quoted)).or_insert(next);
                if reader == next {
                    let parser = extract.parser;
                    readers.push(Reader::new(lines, column, parser, is_quoted)?);
                }
                Ok(reader)
            }
        });
    }
    for (row, shape) in lines.all_shapes()?.iter().enumerate() {
        let shape = usize::from(*shape);
        if rows.has(row) {
            out.of_row.push(match of_shape[shape] {
                Ok(reader) => readers[reader].read(times.at(row)?, &mut out.entries)?,
                Err(none) => none,
            });
        }
        for reader in &mut readers {
            reader.place += usize::from(reader.uses[shape]);
        }
    }
    Ok(out)
}

/// Reads the values of one column as what they mean.
struct Reader<'c, 'a> {
    cursor: Cursor<'c, 'a>,
    /// The place in the column where the value of the row would be.
    place: usize,
    /// How many values of each shape are in the column: at most one where it is read.
    uses: Vec<u8>,
    /// For each entry of a dictionary, its index among the entries that are handed out.
    known: Vec<Option<u32>>,
    text: Vec<u8>,
    parser: Parser,
    is_quoted: bool,
}

impl<'c, 'a> Reader<'c, 'a> {
    fn new(
        lines: &'c Shaped<'a>,
        column: u32,
        parser: Parser,
        is_quoted: bool,
    ) -> Result<Self, Malformed> {
        let uses = |s: &Shape<'_>| s.columns.iter().filter(|c| **c == column).count().min(255);
        Ok(Self {
            cursor: Cursor::new(&lines.columns[column as usize])?,
            place: 0,
            uses: lines.shapes.iter().map(|s| uses(s) as u8).collect(),
            known: Vec::new(),
            text: Vec::new(),
            parser,
            is_quoted,
        })
    }

    /// The value of the row that the place is at.
    fn read(&mut self, t_ns: i64, out: &mut Texts) -> Result<u32, Malformed> {
        let (parser, is_quoted, place) = (self.parser, self.is_quoted, self.place);
        match &mut self.cursor {
            Cursor::Dictionary { entries, ids } => {
                let id = ids.get(place)?;
                let text = entries.get(id)?;
                if self.known.len() < entries.len() {
                    self.known.resize(entries.len(), None);
                }
                let known = &mut self.known[id as usize];
                Ok(*known.get_or_insert_with(|| push(text, parser, is_quoted, out)))
            }
            Cursor::Ids(ids) => {
                let id = ids.number(place)?;
                if self.known.len() < ids.count() {
                    self.known.resize(ids.count(), None);
                }
                if let Some(known) = self.known[id] {
                    return Ok(known);
                }
                self.text.clear();
                ids.append(id, &mut self.text)?;
                let known = push(&self.text, parser, is_quoted, out);
                self.known[id] = Some(known);
                Ok(known)
            }
            Cursor::Constant(text) => {
                self.known.resize(1, None);
                Ok(*self.known[0].get_or_insert_with(|| push(text, parser, is_quoted, out)))
            }
            cursor => {
                let text = &mut self.text;
                text.clear();
                cursor.append(place, t_ns, text)?;
                Ok(push(text, parser, is_quoted, out))
            }
        }
    }
}

/// Adds what a text means; answers its index, or that there is none.
fn push(text: &[u8], parser: Parser, is_quoted: bool, out: &mut Texts) -> u32 {
    let from = out.bytes.len();
    let meant = match parser {
        Parser::Json | Parser::JsonKey if is_quoted => json::string_meant(text, &mut out.bytes),
        Parser::JsonKey if text.starts_with(b"[") || text == b"null" => Meant::Unknown,
        Parser::Json | Parser::JsonKey => json::bare_meant(text),
        Parser::Logfmt => logfmt::meant(text, is_quoted),
    };
    match meant {
        Meant::AsWritten => {
            out.push(text);
            out.len() as u32 - 1
        }
        Meant::Other => {
            out.end();
            out.len() as u32 - 1
        }
        Meant::Nothing => ABSENT,
        Meant::Unknown => {
            out.bytes.truncate(from);
            UNKNOWN
        }
    }
}
