//! Texts as shapes and values: what stays the same, once, and what varies, in columns.
//!
//! A shape is literals with values between them: the skeleton of a JSON object, the keys
//! of logfmt, a template. Values of one key are in one column, whatever shape they came
//! in. Shape 0 has no literals but one value, the whole text: it takes what fits nowhere.

use std::cell::OnceCell;
use std::rc::Rc;

use binnacle_stdx::bits::put_varint;
use binnacle_stdx::hash::HashKey;
use binnacle_store::Malformed;
use hashbrown::HashMap;

use super::column::{self, Column, Work};
use super::ints::{self, Ints, Order};
use super::piece::{Pieces, Reader, put_bytes};
use super::quick::is_same;
use super::skeleton::{Skeletons, skeleton};
use super::template::{Learnt, NO_TEMPLATE, learn};
use super::tokens::{Level, split};
use super::words::is_word;
use super::{json, logfmt};

/// Shapes of a column at most.
const SHAPES_MAX: usize = 1024;

/// Columns of a column at most: beyond, new shapes are not made.
const COLUMNS_MAX: usize = 4096;

/// Templates whose values are fewer share one column for them.
const COLUMN_TEXTS_MIN: u64 = 24;

/// Texts that decide whether all are the same but for their numbers.
const SAMPLE: usize = 64;

/// Longer texts are kept whole.
const TEXT_BYTES_MAX: usize = 64 << 10;

const KEY: HashKey = HashKey::new(0x7368_6170_6573);

/// How a shape came to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ShapeKind {
    /// A template, or the whole text.
    Text,
    /// A JSON object.
    Json,
    /// Pairs of logfmt.
    Logfmt,
}

/// A shape that is being made.
struct ShapeWriter {
    kind: ShapeKind,
    literals: Vec<Vec<u8>>,
    columns: Vec<u32>,
    texts: u64,
}

/// A column that is being filled.
#[derive(Default)]
struct ColumnWriter<'a> {
    texts: Vec<&'a [u8]>,
    times: Vec<i64>,
}

/// Takes texts apart.
pub(super) struct ShapeBuilder<'a> {
    shapes: Vec<ShapeWriter>,
    columns: Vec<ColumnWriter<'a>>,
    of_text: Vec<u32>,
    by_key: HashMap<(ShapeKind2, String), u32>,
}

/// Keys of JSON and of logfmt do not share columns.
type ShapeKind2 = u8;

impl<'a> ShapeBuilder<'a> {
    fn new() -> Self {
        Self {
            shapes: vec![ShapeWriter {
                kind: ShapeKind::Text,
                literals: vec![Vec::new(), Vec::new()],
                columns: vec![0],
                texts: 0,
            }],
            columns: vec![ColumnWriter::default()],
            of_text: Vec::new(),
            by_key: HashMap::new(),
        }
    }

    fn push(&mut self, column: u32, text: &'a [u8], t_ns: Option<i64>) {
        let column = &mut self.columns[column as usize];
        column.texts.push(text);
        column.times.extend(t_ns);
    }

    /// Texts that shape 0 took.
    pub(super) fn whole(&self) -> u64 {
        self.shapes[0].texts
    }
}

/// Takes lines apart: JSON, logfmt and templates.
pub(super) fn of_lines<'a>(lines: &[&'a [u8]], times: &[i64]) -> ShapeBuilder<'a> {
    let mut builder = ShapeBuilder::new();
    builder.of_text = vec![NO_TEMPLATE; lines.len()];
    let mut skeletons = Skeletons::default();
    let mut values = Vec::new();
    let mut scratch = Vec::new();
    for (row, line) in lines.iter().enumerate() {
        if line.len() > TEXT_BYTES_MAX {
            continue;
        }
        values.clear();
        let first = line.iter().find(|b| **b != b' ');
        let kind = if first == Some(&b'{') && json::split(line, &mut values) {
            ShapeKind::Json
        } else {
            values.clear();
            if first == Some(&b'{') || !logfmt::split(line, &mut values) {
                continue;
            }
            ShapeKind::Logfmt
        };
        skeleton(line, &values, &mut scratch);
        if let Some(shape) = skeletons.find(&scratch, || builder.shape_of(kind, line, &values)) {
            builder.take(row, shape, line, &values, times.get(row).copied());
        }
    }
    let learnt = learn(lines, Level::Coarse, SHAPES_MAX, |row| {
        builder.of_text[row] == NO_TEMPLATE && lines[row].len() <= TEXT_BYTES_MAX
    });
    builder.take_learnt(&learnt, lines, times);
    builder
}

/// Takes texts of a column apart by templates.
pub(super) fn of_texts<'a>(texts: &[&'a [u8]], times: &[i64], level: Level) -> ShapeBuilder<'a> {
    let mut builder = ShapeBuilder::new();
    builder.of_text = vec![NO_TEMPLATE; texts.len()];
    let max = (texts.len() / 16).clamp(4, SHAPES_MAX);
    let learnt = learn(texts, level, max, |text| {
        texts[text].len() <= TEXT_BYTES_MAX
    });
    builder.take_learnt(&learnt, texts, times);
    builder
}

/// Takes texts apart that are all the same but for their numbers, such as addresses and
/// durations: there is nothing to be learnt. `None` when they are not.
pub(super) fn of_numbered<'a>(texts: &[&'a [u8]]) -> Option<ShapeBuilder<'a>> {
    let first = *texts.first()?;
    let mut tokens = Vec::new();
    if !split(first, Level::Digits, &mut tokens) || tokens.is_empty() {
        return None;
    }
    let literals = literals_of(first, tokens.iter().copied());
    let has_literal = literals.iter().any(|l| !l.is_empty());
    if first.len() > TEXT_BYTES_MAX || !has_literal {
        return None;
    }
    let mut builder = ShapeBuilder::new();
    let own = 1..=tokens.len() as u32;
    builder.shapes.push(ShapeWriter {
        kind: ShapeKind::Text,
        literals,
        columns: own.clone().collect(),
        texts: texts.len() as u64,
    });
    let same = |text: &'a [u8], tokens: &mut Vec<(u32, u32)>| {
        tokens.clear();
        split(text, Level::Digits, tokens) && builder.fits(1, text, tokens)
    };
    let step = texts.len().div_ceil(SAMPLE);
    if !texts.iter().step_by(step).all(|t| same(t, &mut tokens)) {
        return None;
    }
    let mut columns: Vec<ColumnWriter<'a>> = own
        .map(|_| ColumnWriter {
            texts: Vec::with_capacity(texts.len()),
            // Numbers are neither times nor ids.
            times: Vec::new(),
        })
        .collect();
    for text in texts {
        if !same(text, &mut tokens) {
            return None;
        }
        for (column, (from, to)) in columns.iter_mut().zip(&tokens) {
            column.texts.push(&text[*from as usize..*to as usize]);
        }
    }
    builder.columns.append(&mut columns);
    builder.of_text = vec![1; texts.len()];
    Some(builder)
}

fn literals_of(text: &[u8], values: impl Iterator<Item = (u32, u32)>) -> Vec<Vec<u8>> {
    let mut literals = Vec::new();
    let mut at = 0;
    for (from, to) in values {
        literals.push(text[at..from as usize].to_vec());
        at = to as usize;
    }
    literals.push(text[at..].to_vec());
    literals
}

impl<'a> ShapeBuilder<'a> {
    /// A new shape of a line of JSON or logfmt; `None` when there are too many.
    fn shape_of(&mut self, kind: ShapeKind, line: &[u8], values: &[(u32, u32)]) -> Option<u32> {
        if self.shapes.len() >= SHAPES_MAX || self.columns.len() + values.len() > COLUMNS_MAX {
            return None;
        }
        let literals = literals_of(line, values.iter().copied());
        let keys = match kind {
            ShapeKind::Json => json::labels(line)?.of_value,
            _ => literals
                .iter()
                .take(values.len())
                .map(|l| logfmt_key(l))
                .collect(),
        };
        let mut columns = Vec::with_capacity(keys.len());
        for key in keys {
            let mut key = (kind as u8, key);
            loop {
                let next = self.columns.len() as u32;
                let column = *self.by_key.entry(key.clone()).or_insert(next);
                if column == next {
                    self.columns.push(ColumnWriter::default());
                }
                if !columns.contains(&column) {
                    columns.push(column);
                    break;
                }
                // A key that comes twice in a line has two columns.
                key.1.push('\n');
            }
        }
        self.shapes.push(ShapeWriter {
            kind,
            literals,
            columns,
            texts: 0,
        });
        Some(self.shapes.len() as u32 - 1)
    }

    /// Whether the literals of the shape are just what stands around the values.
    fn fits(&self, shape: u32, text: &[u8], values: &[(u32, u32)]) -> bool {
        let shape = &self.shapes[shape as usize];
        if shape.columns.len() != values.len() {
            return false;
        }
        let mut at = 0;
        for ((from, to), literal) in values.iter().zip(&shape.literals) {
            if !is_same(&text[at..*from as usize], literal) {
                return false;
            }
            at = *to as usize;
        }
        shape
            .literals
            .last()
            .is_some_and(|literal| is_same(&text[at..], literal))
    }

    fn take(
        &mut self,
        row: usize,
        shape: u32,
        text: &'a [u8],
        values: &[(u32, u32)],
        t_ns: Option<i64>,
    ) {
        self.of_text[row] = shape;
        self.shapes[shape as usize].texts += 1;
        for (i, (from, to)) in values.iter().enumerate() {
            let column = self.shapes[shape as usize].columns[i];
            self.push(column, &text[*from as usize..*to as usize], t_ns);
        }
    }

    /// Makes shapes of templates, and takes all texts that have no shape yet.
    fn take_learnt(&mut self, learnt: &Learnt, texts: &[&'a [u8]], times: &[i64]) {
        let shapes = self.shapes_of(learnt, texts);
        let mut values = Vec::new();
        for (number, text) in texts.iter().enumerate() {
            if self.of_text[number] != NO_TEMPLATE {
                continue;
            }
            let t_ns = times.get(number).copied();
            let template = learnt.of_text[number];
            if let Some(Some(shape)) = shapes.get(template as usize) {
                let tokens = learnt.tokens(number);
                values.clear();
                let varying = &learnt.templates[template as usize].varying;
                values.extend(varying.iter().filter_map(|t| tokens.get(usize::from(*t))));
                if self.fits(*shape, text, &values) {
                    self.take(number, *shape, text, &values, t_ns);
                    continue;
                }
            }
            self.take(number, 0, text, &[(0, text.len() as u32)], t_ns);
        }
    }

    /// The shape of each template. Values behind the same words share a column.
    fn shapes_of(&mut self, learnt: &Learnt, texts: &[&[u8]]) -> Vec<Option<u32>> {
        let mut contexts = Vec::new();
        let mut counts: HashMap<u64, u64> = HashMap::new();
        for template in &learnt.templates {
            let text = texts[template.first];
            let tokens = learnt.tokens(template.first);
            let values = template.varying.iter().map(|t| tokens[usize::from(*t)]);
            let literals = literals_of(text, values);
            let own = contexts_of(&literals);
            for context in &own {
                *counts.entry(*context).or_default() += u64::from(template.texts);
            }
            contexts.push((literals, own));
        }
        let mut by_context: HashMap<u64, u32> = HashMap::new();
        let mut rest: Option<u32> = None;
        let mut shapes = Vec::new();
        for (literals, own) in contexts {
            if self.shapes.len() >= SHAPES_MAX || self.columns.len() + own.len() > COLUMNS_MAX {
                shapes.push(None);
                continue;
            }
            let mut columns = Vec::with_capacity(own.len());
            for context in own {
                let next = self.columns.len() as u32;
                let column = if counts[&context] < COLUMN_TEXTS_MIN {
                    *rest.get_or_insert(next)
                } else {
                    *by_context.entry(context).or_insert(next)
                };
                if column == next {
                    self.columns.push(ColumnWriter::default());
                }
                columns.push(column);
            }
            self.shapes.push(ShapeWriter {
                kind: ShapeKind::Text,
                literals,
                columns,
                texts: 0,
            });
            shapes.push(Some(self.shapes.len() as u32 - 1));
        }
        shapes
    }
}

/// The key of logfmt at the end of what stands before a value.
pub(super) fn logfmt_key(literal: &[u8]) -> String {
    let end = literal.strip_suffix(b"\"").unwrap_or(literal);
    let end = end.strip_suffix(b"=").unwrap_or(end);
    let from = end.iter().rposition(|b| *b == b' ').map_or(0, |at| at + 1);
    String::from_utf8_lossy(&end[from..]).into_owned()
}

/// For each value of a template what it stands behind: the last word before it, or the
/// value before it. No two values of a template have the same.
fn contexts_of(literals: &[Vec<u8>]) -> Vec<u64> {
    let mut contexts: Vec<u64> = Vec::new();
    let mut before = 0_u64;
    for literal in literals.iter().take(literals.len().saturating_sub(1)) {
        let word = literal.iter().rposition(|b| is_word(*b));
        let own = match word {
            Some(last) => {
                let from = literal[..last]
                    .iter()
                    .rposition(|b| !is_word(*b))
                    .map_or(0, |at| at + 1);
                KEY.hash64(&literal[from..])
            }
            None => KEY.hash64(literal) ^ before.rotate_left(17).wrapping_add(1),
        };
        let mut context = own;
        while contexts.contains(&context) {
            context = context.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(1);
        }
        contexts.push(context);
        before = context;
    }
    contexts
}

impl ShapeBuilder<'_> {
    /// Whether taking apart was worth it: most texts have a template, and their values are
    /// clearly shorter than they are.
    pub(super) fn is_worthwhile(&self, texts: &[&[u8]]) -> bool {
        let all: usize = texts.iter().map(|t| t.len()).sum();
        let values: usize = self
            .columns
            .iter()
            .map(|c| c.texts.iter().map(|t| t.len()).sum::<usize>())
            .sum();
        let digits: usize = self
            .columns
            .iter()
            .skip(1)
            .flat_map(|c| c.texts.iter())
            .filter(|t| t.iter().all(u8::is_ascii_digit))
            .map(|t| t.len())
            .sum();
        self.whole() * 8 <= texts.len() as u64 && (values - digits / 2) * 4 <= all * 3
    }

    /// Whether a word may go on from a literal into a value.
    fn joins(&self) -> bool {
        self.shapes.iter().skip(1).any(|shape| {
            let last = shape.literals.len() - 1;
            shape.literals.iter().enumerate().any(|(i, literal)| {
                let joins_before = i > 0 && literal.first().map_or(i < last, |b| is_word(*b));
                let joins_behind = i < last && literal.last().map_or(i > 0, |b| is_word(*b));
                joins_before || joins_behind
            })
        })
    }

    /// Writes shapes and columns. The words of the texts are added unless the caller did.
    pub(super) fn write(
        &self,
        texts: &[&[u8]],
        level: Level,
        adds_words: bool,
        work: &mut Work,
        out: &mut Pieces,
    ) {
        let by_pieces = adds_words && !self.joins();
        if adds_words && !by_pieces {
            for text in texts {
                work.words.add(text);
            }
        }
        put_varint(&mut out.directory, self.shapes.len() as u64);
        put_varint(&mut out.directory, self.columns.len() as u64);
        for shape in &self.shapes {
            out.directory.push(shape.kind as u8);
            put_varint(&mut out.directory, shape.texts);
            put_varint(&mut out.directory, shape.columns.len() as u64);
            for literal in &shape.literals {
                if by_pieces && shape.texts > 0 {
                    work.words.add(literal);
                }
                put_bytes(&mut out.directory, literal);
            }
            for column in &shape.columns {
                put_varint(&mut out.directory, u64::from(*column));
            }
        }
        let of_text: Vec<i64> = self.of_text.iter().map(|s| i64::from(*s)).collect();
        ints::write(&of_text, Order::Names, work.effort, out);
        for (number, column) in self.columns.iter().enumerate() {
            // What had no template at this level has none at a finer one.
            let level = if number == 0 { Level::Digits } else { level };
            column::write(
                &column.texts,
                &column.times,
                level.finer(),
                by_pieces,
                work,
                out,
            );
        }
    }
}

/// A shape as it lies in a block.
#[derive(Debug)]
pub(super) struct Shape<'a> {
    pub(super) kind: ShapeKind,
    /// One more than values.
    pub(super) literals: Vec<&'a [u8]>,
    /// The column of each value.
    pub(super) columns: Vec<u32>,
    /// How many texts have it.
    pub(super) texts: usize,
}

/// Texts as shapes and columns, not decoded yet.
#[derive(Debug)]
pub(super) struct Shaped<'a> {
    pub(super) shapes: Vec<Shape<'a>>,
    pub(super) of_text: Ints<'a>,
    pub(super) columns: Vec<Column<'a>>,
    pub(super) count: usize,
    /// The shape of every text, once it was asked for.
    known: OnceCell<Rc<[u16]>>,
}

impl<'a> Shaped<'a> {
    pub(super) fn read(
        reader: &mut Reader<'a>,
        count: usize,
        depth: usize,
    ) -> Result<Self, Malformed> {
        let shapes_count = reader.count(SHAPES_MAX)?;
        let columns_count = reader.count(COLUMNS_MAX)?;
        let mut shapes = Vec::new();
        let mut counts = vec![0_usize; columns_count];
        let mut texts_of_all = 0_usize;
        for _ in 0..shapes_count {
            let kind = match reader.u8()? {
                0 => ShapeKind::Text,
                1 => ShapeKind::Json,
                2 => ShapeKind::Logfmt,
                _ => return Err(Malformed("a shape of a block is of an unknown kind")),
            };
            let texts = reader.count(count - texts_of_all)?;
            texts_of_all += texts;
            let values = reader.count(json::VALUES_MAX)?;
            let mut literals = Vec::with_capacity(values + 1);
            for _ in 0..=values {
                literals.push(reader.bytes()?);
            }
            let mut columns = Vec::with_capacity(values);
            for _ in 0..values {
                let column = reader.count(columns_count.saturating_sub(1))?;
                let own = counts.get_mut(column).ok_or(Malformed(
                    "a shape of a block has a column that is not there",
                ))?;
                *own += texts;
                columns.push(column as u32);
            }
            shapes.push(Shape {
                kind,
                literals,
                columns,
                texts,
            });
        }
        if texts_of_all != count {
            return Err(Malformed(
                "the shapes of a block have a wrong number of texts",
            ));
        }
        let of_text = Ints::read(reader, count)?;
        let mut columns = Vec::with_capacity(columns_count);
        for own in counts {
            columns.push(Column::read(reader, own, depth)?);
        }
        Ok(Self {
            shapes,
            of_text,
            columns,
            count,
            known: OnceCell::new(),
        })
    }

    /// The shape of every text.
    pub(super) fn all_shapes(&self) -> Result<Rc<[u16]>, Malformed> {
        if let Some(known) = self.known.get() {
            return Ok(Rc::clone(known));
        }
        let found: Rc<[u16]> = self.read_shapes()?.into();
        Ok(Rc::clone(self.known.get_or_init(|| found)))
    }

    /// The shape of every text, if it was asked for before.
    pub(super) fn known_shapes(&self) -> Option<Rc<[u16]>> {
        self.known.get().cloned()
    }

    fn read_shapes(&self) -> Result<Vec<u16>, Malformed> {
        if let Some(only) = self.of_text.constant() {
            let only = self.checked(only)?;
            return Ok(vec![only; self.count]);
        }
        let mut seen = vec![0_usize; self.shapes.len()];
        let mut out = Vec::with_capacity(self.count);
        let mut is_wrong = false;
        let mut see = |page: &[i64]| {
            for shape in page {
                let shape = usize::try_from(*shape).unwrap_or(usize::MAX);
                match seen.get_mut(shape) {
                    Some(seen) => *seen += 1,
                    None => is_wrong = true,
                }
                out.push(shape as u16);
            }
        };
        self.of_text.cursor()?.each_page(0, self.count, &mut see)?;
        if is_wrong {
            return Err(Malformed("a text of a block has a shape that is not there"));
        }
        // Places in columns are counted from these.
        if seen.iter().zip(&self.shapes).all(|(n, s)| *n == s.texts) {
            Ok(out)
        } else {
            Err(Malformed("a shape of a block has a wrong number of texts"))
        }
    }

    pub(super) fn checked(&self, shape: i64) -> Result<u16, Malformed> {
        usize::try_from(shape)
            .ok()
            .filter(|s| *s < self.shapes.len())
            .map(|s| s as u16)
            .ok_or(Malformed("a text of a block has a shape that is not there"))
    }
}
