//! An engine that hands out columns: which conditions it applies, which values it knows and
//! which runs it tells is chosen at random.

use std::cell::RefCell;
use std::sync::{Arc, Mutex};

use binnacle_model::event::column::{ABSENT, UNKNOWN};
use binnacle_model::event::select::{
    Extract, Fields, Lines, Parser, Run, StreamVolume, Unit, ValueTest,
};
use binnacle_model::event::{
    Column, ColumnValues, Condition, EventSelection, EventSet, LogLabels, Rows, SelectEvents, Texts,
};
use binnacle_model::limits::Meter;
use binnacle_model::matcher::all_match;
use binnacle_model::select::SelectError;
use binnacle_model::{Labels, Matcher};

/// A sequence of numbers.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        let mut own = Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        own.below(2);
        own
    }

    pub fn below(&mut self, n: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % n
    }

    pub fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    pub fn pick<'p, T: ?Sized>(&mut self, of: &[&'p T]) -> &'p T {
        of[self.below(of.len())]
    }
}

/// A line and what a parser finds in it, when that is sure.
#[derive(Debug, Clone)]
pub struct Event {
    pub labels: Labels,
    pub t_ns: i64,
    pub line: String,
    pub metadata: LogLabels,
    pub parsed: Option<(Parser, Vec<(String, String)>)>,
}

/// Events in units, in each by stream and time.
pub struct Store {
    pub units: Vec<Vec<Event>>,
    pub seed: u64,
}

struct Set {
    selection: EventSelection,
    streams: Vec<Labels>,
    units: Vec<Unit>,
    rows: Vec<Vec<(u32, Event)>>,
    applies: Vec<bool>,
    random: Mutex<Random>,
}

impl SelectEvents for Store {
    fn select(
        &self,
        selection: &EventSelection,
        _: &Arc<Meter>,
    ) -> Result<Box<dyn EventSet>, SelectError> {
        let mut random = Random::new(self.seed);
        let matches = |e: &&Event| all_match(&selection.matchers, &e.labels);
        let all = self.units.iter().flatten().filter(matches);
        let mut streams: Vec<Labels> = all.map(|e| e.labels.clone()).collect();
        streams.sort();
        streams.dedup();
        let is_in = |e: &Event| e.t_ns >= selection.start_ns && e.t_ns < selection.end_ns;
        let mut rows = Vec::new();
        for unit in &self.units {
            // A unit with one row in the range is a unit of the set.
            let own = unit.iter().filter(matches);
            let own: Vec<(u32, Event)> = own
                .map(|e| {
                    let stream = streams.binary_search(&e.labels).expect("it is there");
                    (stream as u32, e.clone())
                })
                .collect();
            if own.iter().any(|(_, e)| is_in(e)) {
                rows.push(own);
            }
        }
        let units = rows.iter().map(|own| {
            let times = own.iter().map(|(_, e)| e.t_ns);
            Unit {
                min_ns: times.clone().min().expect("a row"),
                max_ns: times.max().expect("a row"),
                rows: own.len() as u64,
            }
        });
        Ok(Box::new(Set {
            units: units.collect(),
            selection: selection.clone(),
            streams,
            rows,
            applies: selection
                .conditions
                .iter()
                .map(|_| !random.one_in(4))
                .collect(),
            random: Mutex::new(random),
        }))
    }

    fn volumes(
        &self,
        _: &[Matcher],
        _: i64,
        _: i64,
        _: &Meter,
    ) -> Result<Vec<StreamVolume>, SelectError> {
        Ok(Vec::new())
    }
}

/// What an engine may say of a value: `None` when it does not know.
fn value_of(event: &Event, extract: &Extract) -> Option<Option<String>> {
    let (parser, pairs) = event.parsed.as_ref()?;
    let of = |label: &str| {
        let mut own = pairs.iter().filter(|(name, _)| name == label);
        own.next().map(|(_, value)| value.clone())
    };
    match (extract.parser, parser) {
        (Parser::Json, Parser::Json) | (Parser::Logfmt, Parser::Logfmt) => Some(of(&extract.label)),
        (Parser::JsonKey, Parser::Json) => {
            let json: serde_json::Value = serde_json::from_str(&event.line).expect("JSON");
            match json.get(&extract.label) {
                None => Some(None),
                Some(serde_json::Value::String(text)) => Some(Some(text.clone())),
                Some(v @ (serde_json::Value::Number(_) | serde_json::Value::Bool(_))) => {
                    Some(Some(v.to_string()))
                }
                Some(_) => None,
            }
        }
        _ => None,
    }
}

fn value_passes(value: Option<&str>, test: &ValueTest) -> bool {
    match (test, value) {
        (ValueTest::Text(matcher), value) => matcher.matches(value.unwrap_or("")),
        (ValueTest::Number { .. }, None) => false,
        (ValueTest::Number { op, value: with }, Some(value)) => match value.parse::<f64>() {
            Ok(value) if value.is_finite() => op.holds(value, *with),
            _ => true,
        },
    }
}

impl Set {
    fn passes(&self, event: &Event, extracted: &[Option<Option<String>>]) -> bool {
        let mut random = self.random.lock().expect("a lock");
        let mut conditions = self.selection.conditions.iter().zip(&self.applies);
        conditions.all(|(condition, applies)| {
            let passes = match condition {
                Condition::Line(test) => test.passes(event.line.as_bytes()),
                Condition::Field { name, test } => value_passes(event.metadata.get(name), test),
                Condition::Extracted { extract, test } => {
                    let label = &self.selection.wanted.extracts[*extract].label;
                    match &extracted[*extract] {
                        _ if event.metadata.get(label).is_some() => true,
                        None => true,
                        Some(value) => value_passes(value.as_deref(), test),
                    }
                }
            };
            passes || (!applies && random.one_in(2))
        })
    }
}

impl EventSet for Set {
    fn units(&self) -> &[Unit] {
        &self.units
    }

    fn streams(&self) -> usize {
        self.streams.len()
    }

    fn labels(&self, stream: u32) -> Labels {
        self.streams[stream as usize].clone()
    }

    fn applies(&self, condition: usize) -> bool {
        self.applies[condition]
    }

    fn runs(&self, unit: usize) -> Option<Vec<Run>> {
        let known = self.units[unit];
        let is_inside =
            known.min_ns >= self.selection.start_ns && known.max_ns < self.selection.end_ns;
        if !is_inside || !self.selection.conditions.is_empty() {
            return None;
        }
        let mut runs = Vec::new();
        for own in self.rows[unit].chunk_by(|a, b| a.0 == b.0) {
            runs.push(Run {
                stream: own[0].0,
                rows: own.len() as u64,
                line_bytes: own.iter().map(|(_, e)| e.line.len() as u64).sum(),
                min_ns: own[0].1.t_ns,
                max_ns: own[own.len() - 1].1.t_ns,
            });
        }
        Some(runs)
    }

    fn read(
        &self,
        unit: usize,
        start_ns: i64,
        end_ns: i64,
        out: &mut Rows,
    ) -> Result<(), SelectError> {
        out.clear();
        let wanted = &self.selection.wanted;
        let start_ns = start_ns.max(self.selection.start_ns);
        let end_ns = end_ns.min(self.selection.end_ns);
        let extracted = RefCell::new(vec![(Texts::default(), Vec::new()); wanted.extracts.len()]);
        let mut fields: Vec<Column> = Vec::new();
        for (stream, event) in &self.rows[unit] {
            let is_in = event.t_ns >= start_ns && event.t_ns < end_ns;
            let known: Vec<Option<Option<String>>> = wanted
                .extracts
                .iter()
                .map(|e| {
                    let hides = self.random.lock().expect("a lock").one_in(5);
                    value_of(event, e).filter(|_| !hides)
                })
                .collect();
            if !is_in || !self.passes(event, &known) {
                continue;
            }
            let row = out.times_ns.len();
            out.times_ns.push(event.t_ns);
            out.streams.push(*stream);
            let is_unknown = known.iter().any(Option::is_none);
            for (value, (entries, of_row)) in known.iter().zip(extracted.borrow_mut().iter_mut()) {
                of_row.push(match value {
                    None => UNKNOWN,
                    Some(None) => ABSENT,
                    Some(Some(text)) => {
                        let at = entries.iter().position(|e| e == text.as_bytes());
                        at.unwrap_or_else(|| {
                            entries.push(text.as_bytes());
                            entries.len() - 1
                        }) as u32
                    }
                });
            }
            match wanted.lines {
                Lines::None => {}
                Lines::WhereUnknown if !is_unknown => out.lines.push(b""),
                _ => out.lines.push(event.line.as_bytes()),
            }
            if wanted.line_bytes {
                out.line_bytes.push(event.line.len() as u32);
            }
            let is_wanted = |name: &str| match &wanted.fields {
                Fields::None => false,
                Fields::Named(names) => names.iter().any(|n| n == name),
                Fields::All => true,
            };
            for (name, value) in event.metadata.iter().filter(|(n, _)| is_wanted(n)) {
                put_field(&mut fields, row, name, value);
            }
        }
        let rows = out.times_ns.len();
        for column in &mut fields {
            if let ColumnValues::Text { of_row, .. } = &mut column.values {
                of_row.resize(rows, ABSENT);
            }
        }
        out.fields = fields;
        for (extract, (entries, of_row)) in wanted.extracts.iter().zip(extracted.into_inner()) {
            out.extracted.push(Column {
                name: extract.label.clone(),
                values: ColumnValues::Text { entries, of_row },
            });
        }
        Ok(())
    }
}

fn put_field(fields: &mut Vec<Column>, row: usize, name: &str, value: &str) {
    let at = fields.iter().position(|c| c.name == name);
    let at = at.unwrap_or_else(|| {
        fields.push(Column {
            name: name.to_owned(),
            values: ColumnValues::Text {
                entries: Texts::default(),
                of_row: Vec::new(),
            },
        });
        fields.len() - 1
    });
    if let ColumnValues::Text { entries, of_row } = &mut fields[at].values {
        of_row.resize(row, ABSENT);
        of_row.push(entries.len() as u32);
        entries.push(value.as_bytes());
    }
}
