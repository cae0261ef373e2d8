//! What the tests share: rows, an engine on simulated files with a clock by hand, and the
//! plain way to answer what the engine is asked.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use binnacle_events::{Engine, EngineOptions, OpenReport, SyncPolicy};
use binnacle_model::event::column::UNKNOWN;
use binnacle_model::event::select::{Fields, Lines, NumberOp, ValueTest, Wanted};
use binnacle_model::event::{
    Column, ColumnValues, Condition, EventBatch, EventSelection, EventSet, FieldValue, LineMatch,
    LineRegex, LineTest, Rows, SelectEvents,
};
use binnacle_model::limits::{Meter, QueryLimits};
use binnacle_model::matcher::all_match;
use binnacle_model::{Labels, MatchOp, Matcher};
use binnacle_stdx::clock::ManualClock;
use binnacle_stdx::files::{Files, SimulatedFiles};
use binnacle_stdx::random::Random;

/// A field's value. Floats by their bits, so that rows can be compared and sorted.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Value {
    Text(Vec<u8>),
    Int(i64),
    Float(u64),
    Bool(bool),
}

/// A row as it is expected back.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Row {
    pub labels: Labels,
    pub t_ns: i64,
    pub line: Vec<u8>,
    /// By name.
    pub fields: Vec<(String, Value)>,
}

pub const DIR: &str = "/data/logs";
pub const NOW_MS: i64 = 1_700_000_000_000;
pub const HOUR_NS: i64 = 3_600_000_000_000;
pub const DAY_MS: i64 = 86_400_000;

/// A row of an app without fields.
pub fn plain(app: &str, t_ns: i64, line: &str) -> Row {
    Row {
        labels: Labels::from_pairs([("app", app)]),
        t_ns,
        line: line.into(),
        fields: Vec::new(),
    }
}

pub fn options() -> EngineOptions {
    EngineOptions {
        sync: SyncPolicy::Never,
        reserve_bytes: 0,
        retention_ms: 0,
        lock: false,
        ..EngineOptions::default()
    }
}

pub fn open(
    files: &Arc<SimulatedFiles>,
    clock: &Arc<ManualClock>,
    options: EngineOptions,
) -> (Engine, OpenReport) {
    let files = files.clone() as Arc<dyn Files>;
    Engine::open(files, Path::new(DIR), options, clock.clone()).expect("open")
}

/// A batch of rows.
pub fn batch(rows: &[Row]) -> EventBatch {
    let mut batch = EventBatch::default();
    for row in rows {
        batch.begin_stream(&row.labels);
        batch.push_row(row.t_ns, &row.line);
        for (name, value) in &row.fields {
            let value = match value {
                Value::Text(text) => FieldValue::Text(text),
                Value::Int(v) => FieldValue::Int(*v),
                Value::Float(v) => FieldValue::Float(f64::from_bits(*v)),
                Value::Bool(v) => FieldValue::Bool(*v),
            };
            batch.push_field(name, value);
        }
    }
    batch
}

fn value_of(column: &Column, row: usize) -> Option<Value> {
    match &column.values {
        ColumnValues::Text { entries, of_row } => column
            .values
            .is_there(row)
            .then(|| Value::Text(entries.get(of_row[row] as usize).to_vec())),
        ColumnValues::Int(v) => v[row].map(Value::Int),
        ColumnValues::Float(v) => v[row].map(|v| Value::Float(v.to_bits())),
        ColumnValues::Bool(v) => v[row].map(Value::Bool),
    }
}

/// Streams and times that are asked for.
#[derive(Debug, Clone)]
pub struct Question {
    pub matchers: Vec<Matcher>,
    pub start_ns: i64,
    pub end_ns: i64,
    pub conditions: Vec<Condition>,
}

impl Question {
    /// Everything.
    pub fn all() -> Self {
        Self {
            matchers: Vec::new(),
            start_ns: i64::MIN,
            end_ns: i64::MAX,
            conditions: Vec::new(),
        }
    }

    /// A question from a seed.
    pub fn random(random: &mut Random) -> Self {
        let start_ns = NOW_MS * 1_000_000 - random.below(90 * HOUR_NS as u64) as i64;
        Self {
            matchers: matchers(random),
            start_ns,
            end_ns: start_ns + random.below(90 * HOUR_NS as u64) as i64,
            conditions: conditions(random),
        }
    }

    /// Whether a row is an answer.
    pub fn has(&self, row: &Row) -> bool {
        row.t_ns >= self.start_ns
            && row.t_ns < self.end_ns
            && all_match(&self.matchers, &row.labels)
            && self.conditions.iter().all(|c| passes(row, c))
    }

    pub fn selection(&self, wanted: Wanted) -> EventSelection {
        EventSelection {
            matchers: self.matchers.clone(),
            start_ns: self.start_ns,
            end_ns: self.end_ns,
            conditions: self.conditions.clone(),
            wanted,
        }
    }

    /// What the engine has, sorted.
    pub fn ask(&self, engine: &Engine) -> Vec<Row> {
        let set = self.select(engine, everything());
        let mut found = Vec::new();
        for unit in 0..set.units().len() {
            let rows = read(&*set, unit, self);
            if let Some(runs) = set.runs(unit) {
                check_runs(&rows, &runs);
            }
            found.extend((0..rows.len()).map(|row| row_of(&*set, &rows, row)));
        }
        found.sort();
        found
    }

    /// The set of the engine.
    pub fn select(&self, engine: &Engine, wanted: Wanted) -> Box<dyn EventSet> {
        let meter = Arc::new(Meter::new(QueryLimits::default()));
        let set = engine
            .select(&self.selection(wanted), &meter)
            .expect("select");
        for i in 0..self.conditions.len() {
            assert!(set.applies(i));
        }
        set
    }
}

/// Lines and all fields.
pub fn everything() -> Wanted {
    Wanted {
        lines: Lines::All,
        fields: Fields::All,
        line_bytes: true,
        patterns: true,
        ..Wanted::default()
    }
}

fn read(set: &dyn EventSet, unit: usize, question: &Question) -> Rows {
    let mut rows = Rows::default();
    set.read(unit, question.start_ns, question.end_ns, &mut rows)
        .expect("read");
    let known = &set.units()[unit];
    assert!(rows.len() as u64 <= known.rows);
    if let Some(ColumnValues::Text { entries, of_row }) = &rows.patterns {
        assert_eq!(of_row.len(), rows.len());
        let is_known = |id: &u32| *id == UNKNOWN || (*id as usize) < entries.len();
        assert!(of_row.iter().all(is_known));
    }
    let mut before = BTreeMap::new();
    for row in 0..rows.len() {
        let t_ns = rows.times_ns[row];
        assert!(t_ns >= known.min_ns && t_ns <= known.max_ns);
        assert_eq!(rows.line_bytes[row] as usize, rows.lines.get(row).len());
        let last = before.insert(rows.streams[row], t_ns);
        assert!(last.is_none_or(|last| last <= t_ns), "ascending in time");
    }
    rows
}

fn row_of(set: &dyn EventSet, rows: &Rows, row: usize) -> Row {
    let mut fields: Vec<(String, Value)> = rows
        .fields
        .iter()
        .filter_map(|c| Some((c.name.clone(), value_of(c, row)?)))
        .collect();
    fields.sort();
    Row {
        labels: set.labels(rows.streams[row]),
        t_ns: rows.times_ns[row],
        line: rows.lines.get(row).to_vec(),
        fields,
    }
}

/// What is known without reading is what reading gives.
fn check_runs(rows: &Rows, runs: &[binnacle_model::event::select::Run]) {
    let mut read: BTreeMap<u32, (u64, u64, i64, i64)> = BTreeMap::new();
    for row in 0..rows.len() {
        let t_ns = rows.times_ns[row];
        let sum = read.entry(rows.streams[row]).or_insert((0, 0, t_ns, t_ns));
        sum.0 += 1;
        sum.1 += u64::from(rows.line_bytes[row]);
        sum.2 = sum.2.min(t_ns);
        sum.3 = sum.3.max(t_ns);
    }
    let known: BTreeMap<u32, (u64, u64, i64, i64)> = runs
        .iter()
        .map(|r| (r.stream, (r.rows, r.line_bytes, r.min_ns, r.max_ns)))
        .collect();
    assert_eq!(known, read);
}

/// Everything that the engine has, sorted.
pub fn all(engine: &Engine) -> Vec<Row> {
    Question::all().ask(engine)
}

/// Sorted, and each once: what came twice may be there twice until it is written out.
pub fn unique(mut rows: Vec<Row>) -> Vec<Row> {
    rows.sort();
    rows.dedup();
    rows
}

fn passes(row: &Row, condition: &Condition) -> bool {
    let (name, test) = match condition {
        Condition::Line(test) => return test.passes(&row.line),
        Condition::Field { name, test } => (name, test),
        Condition::Extracted { .. } => unreachable!("there is none here"),
    };
    let value = row.fields.iter().find(|(n, _)| n == name).map(|(_, v)| v);
    let text = match value {
        None => String::new(),
        Some(Value::Text(text)) => String::from_utf8_lossy(text).into_owned(),
        Some(Value::Int(v)) => v.to_string(),
        Some(Value::Float(v)) => f64::from_bits(*v).to_string(),
        Some(Value::Bool(v)) => v.to_string(),
    };
    match test {
        ValueTest::Text(matcher) => matcher.matches(&text),
        ValueTest::Number { .. } if value.is_none() => false,
        ValueTest::Number { op, value } => text
            .parse::<f64>()
            .map_or(true, |number| op.holds(number, *value)),
    }
}

/// A row from a seed.
pub fn row(random: &mut Random) -> Row {
    let mut fields = Vec::new();
    if random.below(3) == 0 {
        let level = ["info", "error"][random.below(2) as usize];
        fields.push(("level".to_owned(), Value::Text(level.into())));
    }
    if random.below(5) == 0 {
        let id = format!("{:016x}", random.below(9));
        fields.push(("trace_id".to_owned(), Value::Text(id.into())));
    }
    if random.below(6) == 0 {
        let value = match random.below(3) {
            0 => Value::Int(random.below(100) as i64),
            1 => Value::Float((random.below(100) as f64 / 8.0).to_bits()),
            _ => Value::Bool(random.below(2) == 0),
        };
        fields.push(("n".to_owned(), value));
    }
    fields.sort();
    Row {
        labels: Labels::from_pairs([
            ("app", format!("a{}", random.below(4))),
            ("pod", format!("p{}", random.below(3))),
        ]),
        t_ns: NOW_MS * 1_000_000 - random.below(80 * HOUR_NS as u64) as i64,
        line: line(random),
        fields,
    }
}

fn line(random: &mut Random) -> Vec<u8> {
    let words = [
        "GET",
        "error",
        "timeout",
        "user=7",
        "αβγ",
        "{\"a\":1}",
        "",
        "trace",
    ];
    let mut line = Vec::new();
    for _ in 0..random.below(8) {
        line.extend_from_slice(random.pick(&words).as_bytes());
        line.push(b' ');
    }
    if random.below(4) == 0 {
        line.extend_from_slice(format!("id={:032x}", random.below(50)).as_bytes());
    }
    if random.below(20) == 0 {
        line.extend_from_slice(&[0, 0xff, 0xfe, b'\n', 0]);
    }
    line
}

/// Matchers from a seed.
pub fn matchers(random: &mut Random) -> Vec<Matcher> {
    let (op, value) = *random.pick(&[
        (MatchOp::Equal, "a1"),
        (MatchOp::NotEqual, "a2"),
        (MatchOp::Regex, "a[0-2]"),
        (MatchOp::Regex, ".*"),
    ]);
    vec![Matcher::new("app", op, value).expect("a matcher")]
}

/// Conditions from a seed.
pub fn conditions(random: &mut Random) -> Vec<Condition> {
    let negated = random.below(3) == 0;
    let condition = match random.below(6) {
        0 | 1 => {
            let literal = *random.pick(&[
                "error", "user=", "id=0000", "er", "\"a\"", "nothing", "β", " ", "",
            ]);
            let any = vec![LineMatch::Contains(literal.as_bytes().to_vec())];
            Condition::Line(LineTest { any, negated })
        }
        2 => {
            let text = *random.pick(&["err.r", "id=0+1", "^GET", "(time|user)"]);
            let regex = LineRegex::new(text).expect("an expression");
            let any = vec![LineMatch::Regex(Arc::new(regex))];
            Condition::Line(LineTest { any, negated })
        }
        3 => {
            let op = *random.pick(&[MatchOp::Equal, MatchOp::NotEqual]);
            let value = *random.pick(&["info", "error", ""]);
            let matcher = Matcher::new("level", op, value).expect("a matcher");
            Condition::Field {
                name: "level".to_owned(),
                test: ValueTest::Text(matcher),
            }
        }
        4 => Condition::Field {
            name: "n".to_owned(),
            test: ValueTest::Number {
                op: *random.pick(&[NumberOp::Greater, NumberOp::LessOrEqual]),
                value: random.below(50) as f64,
            },
        },
        _ => return Vec::new(),
    };
    vec![condition]
}
