//! Rows by their columns: filtered, read and grouped without building their labels.
//!
//! When a query's stages are nothing but one parser, whose values the engine hands out, and
//! conditions, then what becomes of a row depends on a few values alone: each condition is
//! looked at once for each distinct value of a unit, and a group is looked up once for each
//! distinct value of what it is grouped by. Rows for which something is not known, or has
//! an error to tell, are left to the pipeline.

use std::borrow::Cow;
use std::collections::HashMap;

use binnacle_model::event::column::{ABSENT, UNKNOWN};
use binnacle_model::event::{Column, ColumnValues, Rows, Texts};

use super::gather::Gathers;
use super::groups::{AHEAD, GroupId, Groups};
use super::rows::{Scan, Stream};
use crate::stage::key::write_part;
use crate::stage::{
    Condition, ERROR, ERROR_DETAILS, KeyShape, TAKEN_SUFFIX, Value, Verdict, spaced,
};

/// What is done with rows, compiled. See the module's text.
pub(super) struct Columnar<'s> {
    streams: &'s [Stream],
    names: Vec<Name>,
    tests: Vec<Test<'s>>,
    /// How many conditions on one label there are.
    leaves: usize,
    value: Option<(usize, &'s Value)>,
    /// The names that rows are grouped by, in the order of keys.
    key: Vec<usize>,
    /// How many columns of values have to be known.
    extracts: usize,
    drops_empty: bool,
}

/// A label that is looked at.
struct Name {
    name: String,
    /// Whether what the parser finds counts, or only what was there before it.
    is_behind: bool,
    /// Which column of extracted values.
    extract: Option<usize>,
    /// Whether it is an empty text where it is nowhere.
    is_asked_for: bool,
    /// Which streams have it.
    in_stream: Vec<bool>,
}

enum Test<'s> {
    Leaf {
        name: usize,
        condition: &'s Condition,
        number: usize,
    },
    And(Box<Test<'s>>, Box<Test<'s>>),
    Or(Box<Test<'s>>, Box<Test<'s>>),
}

/// Where a row has a value: what is the same for two rows is the same value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Code {
    Nothing,
    /// Of the stream of that number.
    Stream(u32),
    /// An entry of the field's column.
    Field(u32),
    /// An entry of the extracted column.
    Extracted(u32),
}

/// What becomes of a row.
pub(super) enum Outcome {
    /// It is left out.
    Dropped,
    /// It counts in that group with that number, which is 1 when nothing is unwrapped.
    Counts(GroupId, f64),
    /// The pipeline has to say.
    Unclear,
    /// There are more groups than can be numbered.
    TooMany,
}

impl<'s> Columnar<'s> {
    /// `None` when rows need the pipeline.
    pub(super) fn new(scan: &'s Scan, shape: &KeyShape, value: Option<&'s Value>) -> Option<Self> {
        let extracts = scan.extracts.as_ref()?;
        let mut own = Self {
            streams: &scan.streams,
            names: Vec::new(),
            tests: Vec::new(),
            leaves: 0,
            value: None,
            key: Vec::new(),
            extracts: extracts.len(),
            drops_empty: scan.pipeline.drops_empty(),
        };
        for (condition, is_behind) in scan.pipeline.conditions()? {
            let test = own.test(scan, condition, is_behind)?;
            own.tests.push(test);
        }
        if let Some(value) = value {
            let is_idle = |f: &Condition| {
                matches!(f.label(), Some(ERROR | ERROR_DETAILS)) && f.judge(None) == Verdict::Passes
            };
            if !value.filters().iter().all(is_idle) {
                return None;
            }
            own.value = Some((own.name(scan, value.label(), true)?, value));
        }
        for name in shape.names()? {
            let name = own.name(scan, name, true)?;
            own.key.push(name);
        }
        Some(own)
    }

    fn name(&mut self, scan: &Scan, name: &str, is_behind: bool) -> Option<usize> {
        if name.ends_with(TAKEN_SUFFIX) {
            return None;
        }
        let is_it = |n: &Name| n.name == name && n.is_behind == is_behind;
        if let Some(at) = self.names.iter().position(is_it) {
            return Some(at);
        }
        let mut extracts = scan.extracts.iter().flatten();
        let asked_for = scan.pipeline.labels_asked_for();
        // Nothing but an error makes one of these; rows with errors come by another way.
        let is_error = matches!(name, ERROR | ERROR_DETAILS);
        let has = |s: &Stream| !is_error && s.get(name).is_some();
        self.names.push(Name {
            name: name.to_owned(),
            is_behind,
            extract: extracts
                .position(|e| e.label == name)
                .filter(|_| is_behind && !is_error),
            is_asked_for: is_behind && asked_for.iter().any(|l| l == name),
            in_stream: scan.streams.iter().map(has).collect(),
        });
        Some(self.names.len() - 1)
    }

    fn test(&mut self, scan: &Scan, condition: &'s Condition, is_behind: bool) -> Option<Test<'s>> {
        Some(match condition {
            Condition::And(a, b) => Test::And(
                Box::new(self.test(scan, a, is_behind)?),
                Box::new(self.test(scan, b, is_behind)?),
            ),
            Condition::Or(a, b) => Test::Or(
                Box::new(self.test(scan, a, is_behind)?),
                Box::new(self.test(scan, b, is_behind)?),
            ),
            leaf => {
                let name = self.name(scan, leaf.label()?, is_behind)?;
                self.leaves += 1;
                Test::Leaf {
                    name,
                    condition: leaf,
                    number: self.leaves - 1,
                }
            }
        })
    }

    /// Whether each row's group is known by its stream alone, and that is all there is to
    /// know of it.
    pub(super) fn is_by_stream(&self, stream: u32) -> bool {
        self.tests.is_empty()
            && self.value.is_none()
            && self
                .key
                .iter()
                .all(|n| self.names[*n].in_stream[stream as usize])
    }

    /// Writes the key of a stream that [`Self::is_by_stream`].
    pub(super) fn key_of_stream(&self, stream: u32, key: &mut Vec<u8>) {
        key.clear();
        for name in &self.key {
            write_part(
                self.streams[stream as usize].get(&self.names[*name].name),
                key,
            );
        }
    }
}

/// A column of texts.
#[derive(Clone, Copy)]
struct TextColumn<'u> {
    entries: &'u Texts,
    of_row: &'u [u32],
}

impl<'u> TextColumn<'u> {
    fn of(column: &'u Column) -> Option<Self> {
        match &column.values {
            ColumnValues::Text { entries, of_row } => Some(Self { entries, of_row }),
            _ => None,
        }
    }
}

/// What is remembered of values by where they are: of streams, fields, extracted values.
struct Memory<T>([Vec<T>; 3]);

impl<T: Clone> Memory<T> {
    fn new() -> Self {
        Self([Vec::new(), Vec::new(), Vec::new()])
    }

    fn at(&mut self, code: Code, empty: T) -> Option<&mut T> {
        let (source, id) = match code {
            Code::Nothing => return None,
            Code::Stream(id) => (0, id as usize),
            Code::Field(id) => (1, id as usize),
            Code::Extracted(id) => (2, id as usize),
        };
        let own = &mut self.0[source];
        if own.len() <= id {
            own.resize(id + 1, empty);
        }
        own.get_mut(id)
    }

    /// Forgets what is the unit's; streams stay the same.
    fn next_unit(&mut self) {
        self.0[1].clear();
        self.0[2].clear();
    }
}

/// What a thread remembers while it goes over rows.
pub(super) struct Remembered {
    verdicts: Vec<Memory<Option<Verdict>>>,
    /// Groups by the one value that they are grouped by.
    groups: Memory<Option<GroupId>>,
    nothing: Option<GroupId>,
    /// Groups by several values.
    by_codes: HashMap<Vec<Code>, GroupId>,
    codes: Vec<Code>,
    last: Option<(Vec<Code>, GroupId)>,
    key: Vec<u8>,
    /// Hashes of rows that are to come.
    ahead: Vec<u64>,
}

impl Remembered {
    pub(super) fn new(columnar: &Columnar<'_>) -> Self {
        Self {
            verdicts: (0..columnar.leaves).map(|_| Memory::new()).collect(),
            groups: Memory::new(),
            nothing: None,
            by_codes: HashMap::new(),
            codes: Vec::new(),
            last: None,
            key: Vec::new(),
            ahead: Vec::new(),
        }
    }
}

/// The columns of a unit.
pub(super) struct UnitColumns<'u, 's> {
    columnar: &'u Columnar<'s>,
    rows: &'u Rows,
    /// For each name its field.
    fields: Vec<Option<TextColumn<'u>>>,
    /// For each name its extracted values.
    extracted: Vec<Option<TextColumn<'u>>>,
    /// Extracted columns that have to be known.
    known: Vec<TextColumn<'u>>,
}

impl<'u, 's> UnitColumns<'u, 's> {
    /// `None` when the pipeline has to look at the rows of this unit.
    pub(super) fn new(
        columnar: &'u Columnar<'s>,
        rows: &'u Rows,
        remembered: &mut Remembered,
    ) -> Option<Self> {
        let is_error = |name: &str| matches!(name, ERROR | ERROR_DETAILS);
        if rows.fields.iter().any(|c| is_error(&c.name)) {
            return None;
        }
        let mut fields = Vec::new();
        for name in &columnar.names {
            let mut own = rows.fields.iter().filter(|c| c.name == name.name);
            fields.push(match (own.next(), own.next()) {
                (None, _) => None,
                (Some(column), None) => Some(TextColumn::of(column)?),
                _ => return None,
            });
        }
        let extracted = rows.extracted.get(..columnar.extracts)?;
        let known: Vec<TextColumn<'u>> = extracted
            .iter()
            .map(TextColumn::of)
            .collect::<Option<_>>()?;
        let of_name = |name: &Name| name.extract.map(|at| known[at]);
        let own = Self {
            columnar,
            rows,
            fields,
            extracted: columnar.names.iter().map(of_name).collect(),
            known,
        };
        for memory in &mut remembered.verdicts {
            memory.next_unit();
        }
        remembered.groups.next_unit();
        remembered.by_codes.clear();
        remembered.last = None;
        Some(own)
    }

    /// Prepares for the groups of some rows from `first` on, where each may have one of its
    /// own.
    pub(super) fn touch<G: Gathers>(
        &self,
        first: usize,
        remembered: &mut Remembered,
        groups: &Groups<G>,
    ) {
        remembered.ahead.clear();
        let [name] = self.columnar.key.as_slice() else {
            return;
        };
        // Conditions leave most rows out.
        let Some(column) = self.extracted[*name].filter(|_| self.columnar.tests.is_empty()) else {
            return;
        };
        if column.entries.len() * 4 < column.of_row.len() {
            return;
        }
        let some = first..(first + AHEAD).min(self.rows.len());
        for row in some {
            let code = self.code(*name, row);
            let is_new = matches!(code, Code::Extracted(_))
                && remembered.groups.at(code, None).is_none_or(|g| g.is_none());
            let mut hash = 0;
            if is_new {
                remembered.key.clear();
                write_part(self.text(*name, code).as_deref(), &mut remembered.key);
                hash = groups.hash(&remembered.key);
            }
            remembered.ahead.push(hash);
        }
        groups.touch(&remembered.ahead);
    }

    /// Says what becomes of a row.
    pub(super) fn row<G: Gathers>(
        &self,
        row: usize,
        remembered: &mut Remembered,
        groups: &mut Groups<G>,
    ) -> Outcome {
        let columnar = self.columnar;
        if self.known.iter().any(|c| c.of_row[row] == UNKNOWN) {
            return Outcome::Unclear;
        }
        for test in &columnar.tests {
            match self.judge(test, row, remembered) {
                Verdict::Passes => {}
                Verdict::Fails => return Outcome::Dropped,
                Verdict::Errs => return Outcome::Unclear,
            }
        }
        let mut number = 1.0;
        if let Some((name, value)) = columnar.value {
            let text = self.text(name, self.code(name, row));
            let Some(text) = text.filter(|t| !t.is_empty()) else {
                return Outcome::Dropped;
            };
            let Ok(read) = value.read(&text) else {
                return Outcome::Unclear;
            };
            number = read;
        }
        match self.group(row, remembered, groups) {
            Some(group) => Outcome::Counts(group, number),
            None => Outcome::TooMany,
        }
    }

    /// What a condition says; both sides of `or` may have an error to tell.
    fn judge(&self, test: &Test<'_>, row: usize, remembered: &mut Remembered) -> Verdict {
        match test {
            Test::And(a, b) => match self.judge(a, row, remembered) {
                Verdict::Passes => self.judge(b, row, remembered),
                other => other,
            },
            Test::Or(a, b) => match self.judge(a, row, remembered) {
                Verdict::Fails => self.judge(b, row, remembered),
                other => other,
            },
            Test::Leaf {
                name,
                condition,
                number,
            } => {
                let code = self.code(*name, row);
                let say = || condition.judge(self.text(*name, code).as_deref());
                match remembered.verdicts[*number].at(code, None) {
                    Some(known) => *known.get_or_insert_with(say),
                    None => say(),
                }
            }
        }
    }

    fn code(&self, name: usize, row: usize) -> Code {
        let own = &self.columnar.names[name];
        let stream = self.rows.streams[row];
        if own.in_stream[stream as usize] {
            return Code::Stream(stream);
        }
        if let Some(column) = self.fields[name]
            && column.of_row[row] < UNKNOWN
        {
            return Code::Field(column.of_row[row]);
        }
        let Some(column) = self.extracted[name] else {
            return Code::Nothing;
        };
        match column.of_row[row] {
            ABSENT | UNKNOWN => Code::Nothing,
            id if self.columnar.drops_empty && column.entries.get(id as usize).is_empty() => {
                Code::Nothing
            }
            id => Code::Extracted(id),
        }
    }

    fn text(&self, name: usize, code: Code) -> Option<Cow<'_, str>> {
        let own = &self.columnar.names[name];
        match code {
            Code::Nothing => own.is_asked_for.then_some(Cow::Borrowed("")),
            Code::Stream(stream) => {
                let labels = &self.columnar.streams[stream as usize];
                labels.get(&own.name).map(Cow::Borrowed)
            }
            Code::Field(id) => {
                let entry = self.fields[name]?.entries.get(id as usize);
                Some(String::from_utf8_lossy(entry))
            }
            Code::Extracted(id) => Some(spaced(self.extracted[name]?.entries.get(id as usize))),
        }
    }

    fn group<G: Gathers>(
        &self,
        row: usize,
        remembered: &mut Remembered,
        groups: &mut Groups<G>,
    ) -> Option<GroupId> {
        match self.columnar.key.as_slice() {
            [] => self.remember_nothing(&[], remembered, groups),
            [name] => {
                let code = self.code(*name, row);
                if code == Code::Nothing {
                    return self.remember_nothing(&[code], remembered, groups);
                }
                if let Some(Some(group)) = remembered.groups.at(code, None) {
                    return Some(*group);
                }
                let hash = remembered.ahead.get(row % AHEAD).copied();
                let hash = hash.filter(|hash| *hash != 0);
                let group = self.look_up(&[code], hash, &mut remembered.key, groups)?;
                if let Some(own) = remembered.groups.at(code, None) {
                    *own = Some(group);
                }
                Some(group)
            }
            names => {
                let mut codes = std::mem::take(&mut remembered.codes);
                codes.clear();
                codes.extend(names.iter().map(|name| self.code(*name, row)));
                let group = self.group_of_codes(&codes, remembered, groups);
                remembered.codes = codes;
                group
            }
        }
    }

    fn remember_nothing<G: Gathers>(
        &self,
        codes: &[Code],
        remembered: &mut Remembered,
        groups: &mut Groups<G>,
    ) -> Option<GroupId> {
        if remembered.nothing.is_none() {
            remembered.nothing = self.look_up(codes, None, &mut remembered.key, groups);
        }
        remembered.nothing
    }

    fn group_of_codes<G: Gathers>(
        &self,
        codes: &[Code],
        remembered: &mut Remembered,
        groups: &mut Groups<G>,
    ) -> Option<GroupId> {
        if let Some((last, group)) = &remembered.last
            && last == codes
        {
            return Some(*group);
        }
        let group = match remembered.by_codes.get(codes) {
            Some(group) => *group,
            None => {
                let group = self.look_up(codes, None, &mut remembered.key, groups)?;
                remembered.by_codes.insert(codes.to_vec(), group);
                group
            }
        };
        match &mut remembered.last {
            Some((last, own)) => {
                last.clear();
                last.extend_from_slice(codes);
                *own = group;
            }
            None => remembered.last = Some((codes.to_vec(), group)),
        }
        Some(group)
    }

    /// The group of the values that rows are grouped by; the hash of its key may be known.
    fn look_up<G: Gathers>(
        &self,
        codes: &[Code],
        hash: Option<u64>,
        key: &mut Vec<u8>,
        groups: &mut Groups<G>,
    ) -> Option<GroupId> {
        key.clear();
        for (name, code) in self.columnar.key.iter().zip(codes) {
            write_part(self.text(*name, *code).as_deref(), key);
        }
        match hash {
            Some(hash) => groups.of_hashed(hash, key),
            None => groups.of(key),
        }
    }
}
