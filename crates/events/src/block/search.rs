//! Where a piece of text is, found in columns, without building the texts.
//!
//! A text is literals and values in turn. A piece of it lies within a literal, within a
//! value, or goes over several: then it ends a value or literal, holds whole ones, and
//! begins one. For each shape these *ways* are few, because the literals must agree; what
//! remains are questions to single columns, each asked once.

use std::rc::Rc;

use binnacle_store::Malformed;
use hashbrown::HashMap;
use memchr::memmem;

use super::bits::Bits;
use super::column::{Column, Form, pack_hex};
use super::cursor::{Cursor, Entries};
use super::ids::Ids;
use super::shape::Shaped;
use super::strings::Needle;
use super::ways::{Question, STEPS_MAX, Ways};
use super::words::is_word;

/// Where in a text a piece is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Place {
    /// Anywhere.
    Inside,
    /// At its beginning.
    Start,
    /// At its end.
    End,
    /// It is the whole text.
    Whole,
}

/// A piece of text that is looked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sought<'t> {
    pub(super) text: &'t [u8],
    pub(super) place: Place,
    longest_word: usize,
}

impl<'t> Sought<'t> {
    pub(super) fn new(text: &'t [u8], place: Place) -> Self {
        let (mut longest_word, mut word) = (0, 0);
        for byte in text {
            word = if is_word(*byte) { word + 1 } else { 0 };
            longest_word = longest_word.max(word);
        }
        Self {
            text,
            place,
            longest_word,
        }
    }

    /// Bytes of its longest word.
    pub(super) fn longest_word(&self) -> usize {
        self.longest_word
    }

    /// Whether it is there in a text.
    pub(super) fn is_in(&self, text: &[u8]) -> bool {
        match self.place {
            Place::Inside => memmem::find(text, self.text).is_some(),
            Place::Start => text.starts_with(self.text),
            Place::End => text.ends_with(self.text),
            Place::Whole => text == self.text,
        }
    }
}

/// Which texts of a column have a piece.
#[derive(Debug, Clone)]
pub(super) enum Found {
    Nowhere,
    Everywhere,
    At(Bits),
}

impl Found {
    fn of(bits: Bits) -> Self {
        if bits.is_empty() {
            Self::Nowhere
        } else {
            Self::At(bits)
        }
    }
}

/// The times of the rows that a column's texts are of.
pub(super) type TimesOf<'t> = dyn Fn() -> Result<Vec<i64>, Malformed> + 't;

/// Finds the texts of a column that have the piece.
pub(super) fn find(
    column: &Column<'_>,
    sought: &Sought<'_>,
    times: &TimesOf<'_>,
) -> Result<Found, Malformed> {
    if sought.text.is_empty() && sought.place != Place::Whole {
        return Ok(Found::Everywhere);
    }
    if !column.may_have(sought) {
        return Ok(Found::Nowhere);
    }
    let mut bits = Bits::none(column.count);
    match &column.form {
        // It may have the piece, so it has it.
        Form::Constant(_) => return Ok(Found::Everywhere),
        Form::Numbers { format, ints } if sought.place == Place::Whole => {
            let Some(wanted) = format.parse(sought.text) else {
                return Ok(Found::Nowhere);
            };
            bits = Bits::of(&ints.all()?, |v| *v == wanted);
        }
        Form::Hex {
            len,
            is_upper,
            packed,
        } if sought.text.len() == *len => {
            let mut wanted = Vec::new();
            if pack_hex(sought.text, *is_upper, &mut wanted).is_some() {
                find_packed(packed.open()?, &wanted, &mut bits);
            }
        }
        Form::Numbers { .. } | Form::Hex { .. } => {
            find_printed(column, &[], sought, &mut bits)?;
        }
        Form::Stamps { .. } => find_printed(column, &times()?, sought, &mut bits)?,
        Form::Ids(ids) => return find_ids(ids, sought),
        Form::Dictionary { entries, ids } => match find(entries, sought, &|| Ok(Vec::new()))? {
            Found::Nowhere => return Ok(Found::Nowhere),
            Found::Everywhere => return Ok(Found::Everywhere),
            Found::At(own) => {
                bits = Bits::of(&ids.all()?, |id| own.has(*id as usize));
            }
        },
        Form::Strings(strings) => strings.find(sought, &mut bits)?,
        Form::Shaped(shaped) => return find_shaped(column, shaped, sought, times),
    }
    Ok(Found::of(bits))
}

/// The texts of a column that have an id with the piece.
fn find_ids(ids: &Ids<'_>, sought: &Sought<'_>) -> Result<Found, Malformed> {
    let pool = &ids.pool;
    let mut wanted = Bits::none(pool.count);
    if sought.text.len() == pool.format.len() {
        let mut packed = Vec::new();
        if pool.format.pack(sought.text, &mut packed).is_some() {
            find_packed(pool.packed.open()?, &packed, &mut wanted);
        }
    } else {
        let cursor = ids.cursor()?;
        let print = &mut |id: usize, out: &mut Vec<u8>| cursor.append(id, out);
        find_in_print(pool.count, print, sought, &mut wanted)?;
    }
    if wanted.is_empty() {
        return Ok(Found::Nowhere);
    }
    Ok(Found::of(ids.with(&wanted)?))
}

/// Whole texts of hex digits are compared as they are packed.
fn find_packed(packed: &[u8], wanted: &[u8], bits: &mut Bits) {
    let stride = wanted.len();
    if stride == 0 {
        return;
    }
    let mut at = 0;
    let finder = memmem::Finder::new(wanted);
    while let Some(offset) = packed.get(at..).and_then(|rest| finder.find(rest)) {
        let found = at + offset;
        if found.is_multiple_of(stride) {
            bits.add(found / stride);
            at = found + stride;
        } else {
            at = found + 1;
        }
    }
}

/// Texts that are printed together.
const PRINTED: usize = 4096;

/// Prints the texts of a column and searches them.
fn find_printed(
    column: &Column<'_>,
    times: &[i64],
    sought: &Sought<'_>,
    bits: &mut Bits,
) -> Result<(), Malformed> {
    let mut cursor = Cursor::new(column)?;
    let print = &mut |i: usize, out: &mut Vec<u8>| {
        cursor.append(i, times.get(i).copied().unwrap_or(0), out)
    };
    find_in_print(column.count, print, sought, bits)
}

/// Appends a text by its number.
type Print<'p> = dyn FnMut(usize, &mut Vec<u8>) -> Result<(), Malformed> + 'p;

/// Prints texts, none of which has a line feed, and searches many at once.
fn find_in_print(
    count: usize,
    print: &mut Print<'_>,
    sought: &Sought<'_>,
    bits: &mut Bits,
) -> Result<(), Malformed> {
    let needle = Needle::new(sought, b'\n');
    let (mut raw, mut ends) = (Vec::new(), Vec::new());
    for from in (0..count).step_by(PRINTED) {
        raw.clear();
        ends.clear();
        raw.push(b'\n');
        for i in from..count.min(from + PRINTED) {
            print(i, &mut raw)?;
            ends.push(raw.len());
            raw.push(b'\n');
        }
        needle.each(&raw, &mut |first| {
            let text = ends.partition_point(|e| *e < first);
            bits.add(from + text);
            Ok(ends.get(text).copied().unwrap_or(raw.len()))
        })?;
    }
    Ok(())
}

/// What a column answered, by text and by which of the text's values in that column.
enum Answer {
    Never,
    Always,
    /// For each of the values of a text that are in this column.
    At(Vec<Bits>),
}

struct Search<'s, 'a> {
    shaped: &'s Shaped<'a>,
    times: &'s TimesOf<'s>,
    texts_of: HashMap<usize, Bits>,
    answers: HashMap<(u32, usize, usize, Place), Answer>,
}

fn find_shaped(
    column: &Column<'_>,
    shaped: &Shaped<'_>,
    sought: &Sought<'_>,
    times: &TimesOf<'_>,
) -> Result<Found, Malformed> {
    let mut search = Search {
        shaped,
        times,
        texts_of: HashMap::new(),
        answers: HashMap::new(),
    };
    let mut found = Bits::none(shaped.count);
    let mut always = vec![false; shaped.shapes.len()];
    let mut to_look_at = vec![false; shaped.shapes.len()];
    let mut steps = STEPS_MAX;
    for (number, shape) in shaped.shapes.iter().enumerate() {
        if shape.texts == 0 {
            continue;
        }
        let mut ways = Ways {
            shape,
            columns: &shaped.columns,
            text: sought.text,
            to_end: matches!(sought.place, Place::End | Place::Whole),
            any: Vec::new(),
            always: false,
            steps,
        };
        ways.collect(sought.place);
        steps = ways.steps;
        if ways.always {
            always[number] = true;
        } else if ways.has_too_many() {
            to_look_at[number] = true;
        } else {
            for questions in &ways.any {
                search.answer(number, questions, sought.text, &mut found)?;
            }
        }
    }
    if to_look_at.contains(&true) {
        let own = Bits::of(&search.of_text()?, |s| to_look_at[usize::from(*s)]);
        let texts = passing(column, &own, times, &mut |text| sought.is_in(text))?;
        found.or(&texts);
    }
    let shapes = shaped.shapes.iter().zip(&always);
    let sure: usize = shapes.filter(|(_, is)| **is).map(|(s, _)| s.texts).sum();
    if sure == shaped.count {
        return Ok(Found::Everywhere);
    }
    if sure > 0 {
        found.or(&Bits::of(&search.of_text()?, |s| always[usize::from(*s)]));
    }
    Ok(Found::of(found))
}

impl Search<'_, '_> {
    fn of_text(&self) -> Result<Rc<[u16]>, Malformed> {
        self.shaped.all_shapes()
    }

    /// The texts that have a shape.
    fn texts_of(&mut self, shape: usize) -> Result<&Bits, Malformed> {
        if !self.texts_of.contains_key(&shape) {
            let bits = Bits::of(&self.of_text()?, |s| usize::from(*s) == shape);
            self.texts_of.insert(shape, bits);
        }
        Ok(&self.texts_of[&shape])
    }

    /// Adds the texts of a shape for which all questions are answered with yes.
    fn answer(
        &mut self,
        shape: usize,
        questions: &[Question],
        text: &[u8],
        found: &mut Bits,
    ) -> Result<(), Malformed> {
        let columns = &self.shaped.shapes[shape].columns;
        let mut keys = Vec::with_capacity(questions.len());
        // The cheap ones first: one that is answered with no ends it.
        let mut questions = questions.to_vec();
        questions.sort_by_key(|q| self.shaped.columns[columns[q.value] as usize].cost());
        for question in &questions {
            let column = columns[question.value];
            let key = (column, question.from, question.to, question.place);
            if !self.answers.contains_key(&key) {
                let sought = Sought::new(&text[question.from..question.to], question.place);
                let answer = self.ask(column, &sought)?;
                self.answers.insert(key, answer);
            }
            if matches!(self.answers.get(&key), Some(Answer::Never)) {
                return Ok(());
            }
            let before = columns[..question.value].iter().filter(|c| **c == column);
            keys.push((key, before.count()));
        }
        if let (
            [(key, _)],
            [
                Question {
                    place: Place::Inside,
                    ..
                },
            ],
        ) = (keys.as_slice(), questions.as_slice())
            && let Some(Answer::At(by_value)) = self.answers.get(key)
        {
            // A value that has the whole piece is enough in every shape.
            for bits in by_value {
                found.or(bits);
            }
            return Ok(());
        }
        let mut all = self.texts_of(shape)?.clone();
        for (key, nth) in keys {
            if let Some(Answer::At(by_value)) = self.answers.get(&key) {
                match by_value.get(nth) {
                    Some(bits) => all.and(bits),
                    None => return Ok(()),
                }
            }
        }
        found.or(&all);
        Ok(())
    }

    fn ask(&mut self, column: u32, sought: &Sought<'_>) -> Result<Answer, Malformed> {
        let shaped = self.shaped;
        let own = &shaped.columns[column as usize];
        let times = || {
            let all = (self.times)()?;
            let mut out = Vec::with_capacity(own.count);
            for (shape, t_ns) in shaped.all_shapes()?.iter().zip(all) {
                let columns = &shaped.shapes[usize::from(*shape)].columns;
                let uses = columns.iter().filter(|c| **c == column).count();
                out.extend(std::iter::repeat_n(t_ns, uses));
            }
            Ok(out)
        };
        let bits = match find(own, sought, &times)? {
            Found::Nowhere => return Ok(Answer::Never),
            Found::Everywhere => return Ok(Answer::Always),
            Found::At(bits) => bits,
        };
        let uses: Vec<usize> = shaped
            .shapes
            .iter()
            .map(|s| s.columns.iter().filter(|c| **c == column).count())
            .collect();
        if shaped
            .shapes
            .iter()
            .zip(&uses)
            .all(|(s, n)| s.texts == 0 || *n == 1)
        {
            return Ok(Answer::At(vec![bits]));
        }
        let most = uses.iter().copied().max().unwrap_or(0);
        let mut by_value = vec![Bits::none(shaped.count); most];
        let mut places = bits.iter();
        let mut found = places.next();
        let mut place = 0;
        for (text, shape) in self.of_text()?.iter().enumerate() {
            let behind = place + uses[usize::from(*shape)];
            while let Some(own) = found.filter(|found| *found < behind) {
                by_value[own - place].add(text);
                found = places.next();
            }
            place = behind;
        }
        Ok(Answer::At(by_value))
    }
}

/// The texts of a column that pass a test of the whole text.
pub(super) fn passing(
    column: &Column<'_>,
    wanted: &Bits,
    times: &TimesOf<'_>,
    passes: &mut dyn FnMut(&[u8]) -> bool,
) -> Result<Bits, Malformed> {
    let mut found = Bits::none(column.count);
    if let Form::Dictionary { entries, ids } = &column.form {
        let entries = Entries::of(entries)?;
        let mut own = Bits::none(entries.len());
        for id in 0..entries.len() {
            if passes(entries.get(id as i64)?) {
                own.add(id);
            }
        }
        let mut ids = ids.cursor()?;
        for i in wanted.iter() {
            if usize::try_from(ids.get(i)?).is_ok_and(|id| own.has(id)) {
                found.add(i);
            }
        }
        return Ok(found);
    }
    if let Form::Ids(ids) = &column.form
        && wanted.count() >= ids.pool.count
    {
        let cursor = ids.cursor()?;
        let mut own = Bits::none(cursor.count());
        let mut text = Vec::new();
        for id in 0..cursor.count() {
            text.clear();
            cursor.append(id, &mut text)?;
            if passes(&text) {
                own.add(id);
            }
        }
        found = ids.with(&own)?;
        found.and(wanted);
        return Ok(found);
    }
    if let Form::Constant(text) = &column.form {
        return Ok(if passes(text) { wanted.clone() } else { found });
    }
    let times = match column.form {
        Form::Stamps { .. } | Form::Shaped(_) => times()?,
        _ => Vec::new(),
    };
    let mut cursor = Cursor::new(column)?;
    let mut text = Vec::new();
    for i in wanted.iter() {
        text.clear();
        cursor.append(i, times.get(i).copied().unwrap_or(0), &mut text)?;
        if passes(&text) {
            found.add(i);
        }
    }
    Ok(found)
}
