//! Patterns of lines, from the shapes that a block has anyway: what is the same in many
//! lines, with `<_>` where they vary.
//!
//! In lines of JSON and logfmt only the keys are the same, so what they say and how bad it
//! is, is taken into the pattern too, where it is of few texts or itself of shapes.

use binnacle_model::event::Texts;
use binnacle_model::event::column::UNKNOWN;
use binnacle_store::Malformed;
use hashbrown::HashMap;

use super::bits::Bits;
use super::column::{Column, Form};
use super::cursor::Entries;
use super::extract::labels_of;
use super::ints;
use super::shape::{Shape, ShapeKind, Shaped};
use super::words::is_word;

/// What stands in for what varies, in the syntax of LogQL's pattern filters.
const VARIES: &[u8] = b"<_>";

/// Patterns of a block at most: further lines have those of their shapes.
const PATTERNS_MAX: usize = 4096;

/// Texts of a column that are told apart at most; a column of more varies.
const CHOICES_MAX: usize = 512;

/// Values of a line that are told apart at most.
const TOLD_MAX: usize = 2;

/// Keys of what a line says, and of how bad it is.
const KEYS: [&str; 8] = [
    "msg", "message", "event", "log", "level", "severity", "lvl", "loglevel",
];

/// A value that is not told apart.
const ANY: u32 = u32::MAX;

/// Patterns, and which of them each row has: an index, or [`UNKNOWN`].
pub(super) struct Patterns {
    pub(super) entries: Texts,
    pub(super) of_row: Vec<u32>,
}

/// The patterns of the lines of some rows.
pub(super) fn patterns(lines: &Shaped<'_>, rows: &Bits) -> Result<Patterns, Malformed> {
    let mut told: Vec<Told<'_>> = Vec::new();
    let mut by_column: HashMap<u32, Option<usize>> = HashMap::new();
    let mut kinds = Vec::with_capacity(lines.shapes.len());
    for shape in &lines.shapes {
        kinds.push(kind_of(shape, lines, &mut by_column, &mut told)?);
    }
    let mut out = Patterns {
        entries: Texts::default(),
        of_row: Vec::with_capacity(rows.count()),
    };
    let mut known: HashMap<(u16, [u32; TOLD_MAX]), u32> = HashMap::new();
    for (row, number) in lines.all_shapes()?.iter().copied().enumerate() {
        let shape = usize::from(number);
        if rows.has(row) {
            out.of_row.push(match &kinds[shape] {
                None => UNKNOWN,
                Some(values) => {
                    let mut choices = [ANY; TOLD_MAX];
                    for (choice, value) in choices.iter_mut().zip(values) {
                        *choice = told[value.told].choice()?;
                    }
                    if known.len() >= PATTERNS_MAX {
                        choices = [ANY; TOLD_MAX];
                    }
                    *known.entry((number, choices)).or_insert_with(|| {
                        print(
                            &lines.shapes[shape],
                            values,
                            &choices,
                            &told,
                            &mut out.entries,
                        )
                    })
                }
            });
        }
        for own in &mut told {
            own.place += usize::from(own.uses[shape]);
        }
    }
    Ok(out)
}

/// A value of a shape that is told apart.
struct ToldValue {
    value: usize,
    /// Which column that is.
    told: usize,
}

/// What a shape tells apart; `None` when it says nothing of its lines.
fn kind_of<'a>(
    shape: &Shape<'a>,
    lines: &Shaped<'a>,
    by_column: &mut HashMap<u32, Option<usize>>,
    told: &mut Vec<Told<'a>>,
) -> Result<Option<Vec<ToldValue>>, Malformed> {
    if shape.literals.iter().all(|l| l.is_empty()) {
        return Ok(None);
    }
    let mut values = Vec::new();
    if shape.kind == ShapeKind::Text {
        return Ok(Some(values));
    }
    let Some(labels) = labels_of(shape) else {
        return Ok(Some(values));
    };
    for key in KEYS {
        let Some(value) = labels.iter().position(|l| l == key) else {
            continue;
        };
        let Some(column) = shape.columns.get(value).copied() else {
            continue;
        };
        let number = match by_column.get(&column) {
            Some(number) => *number,
            None => {
                let new = Told::of(lines, column)?;
                let number = new.map(|own| {
                    told.push(own);
                    told.len() - 1
                });
                by_column.insert(column, number);
                number
            }
        };
        if let Some(told) = number
            && values.len() < TOLD_MAX
        {
            values.push(ToldValue { value, told });
        }
    }
    Ok(Some(values))
}

/// A column whose texts are told apart.
struct Told<'a> {
    texts: Texts,
    /// Which text stands in each place; none where it is the same everywhere.
    numbers: Option<ints::Cursor<'a>>,
    /// The place in the column that belongs to the row.
    place: usize,
    /// How many values of each shape are in the column.
    uses: Vec<u8>,
}

impl<'a> Told<'a> {
    fn of(lines: &Shaped<'a>, column: u32) -> Result<Option<Self>, Malformed> {
        let own: &Column<'a> = match lines.columns.get(column as usize) {
            Some(own) => own,
            None => return Ok(None),
        };
        let mut texts = Texts::default();
        let numbers = match &own.form {
            Form::Constant(text) => {
                texts.push(text);
                None
            }
            Form::Dictionary { entries, ids } if entries.count <= CHOICES_MAX => {
                let entries = Entries::of(entries)?;
                for id in 0..entries.len() {
                    push_blurred(entries.get(id as i64)?, &mut texts);
                }
                Some(ids.cursor()?)
            }
            Form::Shaped(shaped) => {
                for shape in &shaped.shapes {
                    print(shape, &[], &[], &[], &mut texts);
                }
                Some(shaped.of_text.cursor()?)
            }
            _ => return Ok(None),
        };
        let uses = |s: &Shape<'_>| s.columns.iter().filter(|c| **c == column).count().min(255);
        Ok(Some(Self {
            texts,
            numbers,
            place: 0,
            uses: lines.shapes.iter().map(|s| uses(s) as u8).collect(),
        }))
    }

    fn choice(&mut self) -> Result<u32, Malformed> {
        let number = match &mut self.numbers {
            None => 0,
            Some(numbers) => numbers.get(self.place)?,
        };
        u32::try_from(number)
            .ok()
            .filter(|n| (*n as usize) < self.texts.len())
            .ok_or(Malformed("a text of a block is not in its dictionary"))
    }
}

/// Adds a text whose words with digits vary.
fn push_blurred(text: &[u8], out: &mut Texts) {
    let from = out.bytes.len();
    let mut at = 0;
    while at < text.len() {
        let start = at;
        while at < text.len() && is_word(text[at]) {
            at += 1;
        }
        if at == start {
            out.bytes.push(text[at]);
            at += 1;
        } else if text[start..at].iter().any(u8::is_ascii_digit) {
            push_varying(&mut out.bytes, from);
        } else {
            out.bytes.extend_from_slice(&text[start..at]);
        }
    }
    out.end();
}

/// One that varies behind another one is one with it.
fn push_varying(bytes: &mut Vec<u8>, from: usize) {
    if !bytes[from..].ends_with(VARIES) {
        bytes.extend_from_slice(VARIES);
    }
}

/// Adds the pattern of a shape; answers its number.
fn print(
    shape: &Shape<'_>,
    values: &[ToldValue],
    choices: &[u32],
    told: &[Told<'_>],
    out: &mut Texts,
) -> u32 {
    let from = out.bytes.len();
    for (number, literal) in shape.literals.iter().enumerate() {
        out.bytes.extend_from_slice(literal);
        if number == shape.columns.len() {
            continue;
        }
        let own = values.iter().zip(choices).find(|(v, _)| v.value == number);
        match own {
            Some((value, choice)) if *choice != ANY => {
                let text = told[value.told].texts.get(*choice as usize);
                out.bytes.extend_from_slice(text);
            }
            _ => push_varying(&mut out.bytes, from),
        }
    }
    out.end();
    out.len() as u32 - 1
}
