//! A block against a plain list of rows.

use std::sync::Arc;

use binnacle_events::block::{
    Block, BlockSummary, Effort, Probe, ROWS_MAX, RowSource, applies, encode,
};
use binnacle_model::event::column::{ABSENT, UNKNOWN};
use binnacle_model::event::select::{Extract, Fields, Lines, NumberOp, Parser, ValueTest, Wanted};
use binnacle_model::event::{
    ColumnValues, Condition, EventSelection, FieldValue, LineMatch, LineRegex, LineTest, Rows,
};
use binnacle_model::matcher::{MatchOp, Matcher};
use binnacle_stdx::random::Random;

use crate::block_lines::{self as lines, json_key_value, json_value, logfmt_value};

/// A value of a field that owns its text.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    Text(Vec<u8>),
    Int(i64),
    Float(f64),
    Bool(bool),
}

impl Value {
    fn borrow(&self) -> FieldValue<'_> {
        match self {
            Self::Text(text) => FieldValue::Text(text),
            Self::Int(v) => FieldValue::Int(*v),
            Self::Float(v) => FieldValue::Float(*v),
            Self::Bool(v) => FieldValue::Bool(*v),
        }
    }

    fn text(&self) -> String {
        match self {
            Self::Text(text) => String::from_utf8_lossy(text).into_owned(),
            Self::Int(v) => v.to_string(),
            Self::Float(v) => {
                binnacle_model::number::text(binnacle_model::number::write_default, *v)
            }
            Self::Bool(v) => v.to_string(),
        }
    }
}

/// A row of the plain list.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    pub stream: u32,
    pub t_ns: i64,
    pub line: Vec<u8>,
    pub fields: Vec<(String, Value)>,
}

struct Source<'a>(&'a [Row]);

impl RowSource for Source<'_> {
    fn len(&self) -> usize {
        self.0.len()
    }

    fn stream(&self, row: usize) -> u32 {
        self.0[row].stream
    }

    fn time_ns(&self, row: usize) -> i64 {
        self.0[row].t_ns
    }

    fn line(&self, row: usize) -> &[u8] {
        &self.0[row].line
    }

    fn fields(&self, row: usize, see: &mut dyn FnMut(&str, FieldValue<'_>)) {
        for (name, value) in &self.0[row].fields {
            see(name, value.borrow());
        }
    }
}

/// The block of the rows, and the rows in its order.
pub fn block_of(rows: &[Row], effort: Effort) -> (Block<Arc<[u8]>>, BlockSummary, Vec<Row>) {
    let mut bytes = Vec::new();
    let summary = encode(&Source(rows), effort, &mut bytes).expect("it is not too large");
    let block = Block::open(Arc::from(bytes)).expect("just encoded");
    assert_eq!(block.summary(), &summary);
    let mut sorted = rows.to_vec();
    sorted.sort_by_key(|r| (r.stream, r.t_ns));
    (block, summary, sorted)
}

fn everything() -> EventSelection {
    EventSelection {
        wanted: Wanted {
            lines: Lines::All,
            fields: Fields::All,
            line_bytes: true,
            ..Wanted::default()
        },
        ..EventSelection::default()
    }
}

/// The fields of a row, by name.
fn fields_of(rows: &Rows, row: usize) -> Vec<(String, Value)> {
    let mut fields = Vec::new();
    for column in &rows.fields {
        let value = match &column.values {
            ColumnValues::Text { entries, of_row } => {
                assert!(of_row[row] != UNKNOWN);
                (of_row[row] != ABSENT)
                    .then(|| Value::Text(entries.get(of_row[row] as usize).to_vec()))
            }
            ColumnValues::Int(v) => v[row].map(Value::Int),
            ColumnValues::Float(v) => v[row].map(Value::Float),
            ColumnValues::Bool(v) => v[row].map(Value::Bool),
        };
        fields.extend(value.map(|v| (column.name.clone(), v)));
    }
    fields.sort_by(|a, b| a.0.cmp(&b.0));
    fields
}

pub fn comes_back(rows: &[Row], effort: Effort) {
    let (block, summary, sorted) = block_of(rows, effort);
    assert_eq!(summary.rows as usize, rows.len());
    let line_bytes: u64 = rows.iter().map(|r| r.line.len() as u64).sum();
    assert_eq!(summary.line_bytes, line_bytes);
    for run in &summary.runs {
        let own: Vec<&Row> = sorted.iter().filter(|r| r.stream == run.stream).collect();
        assert_eq!(own.len(), run.rows as usize);
        assert_eq!(own.first().map(|r| r.t_ns), Some(run.min_ns));
        assert_eq!(own.last().map(|r| r.t_ns), Some(run.max_ns));
        assert!(std::ptr::eq(&sorted[run.first_row as usize], own[0]));
    }
    let mut out = Rows::default();
    block
        .read_all(&Some, &everything(), &mut out)
        .expect("just encoded");
    assert_eq!(out.len(), sorted.len());
    for (i, row) in sorted.iter().enumerate() {
        assert_eq!(
            out.lines.get(i),
            row.line.as_slice(),
            "{} instead of {}",
            String::from_utf8_lossy(out.lines.get(i)),
            String::from_utf8_lossy(&row.line)
        );
        assert_eq!(out.times_ns[i], row.t_ns);
        assert_eq!(out.streams[i], row.stream);
        assert_eq!(out.line_bytes[i] as usize, row.line.len());
        let mut want = row.fields.clone();
        want.sort_by(|a, b| a.0.cmp(&b.0));
        // By their text, since not-a-number is not equal to itself.
        assert_eq!(format!("{:?}", fields_of(&out, i)), format!("{want:?}"));
    }
    // Only the lengths, which are counted without the lines.
    let mut lengths = everything();
    lengths.wanted.lines = Lines::None;
    block
        .read_all(&Some, &lengths, &mut out)
        .expect("just encoded");
    for (i, row) in sorted.iter().enumerate() {
        assert_eq!(out.line_bytes[i] as usize, row.line.len());
    }
}

fn rows_of(lines: &[Vec<u8>], random: &mut Random) -> Vec<Row> {
    let streams = 1 + random.below(4);
    let mut t_ns = lines::START_NS;
    lines
        .iter()
        .map(|line| {
            t_ns += random.below(3) as i64 * 1_000_003;
            Row {
                stream: random.below(streams) as u32 * 3,
                t_ns,
                line: line.clone(),
                fields: lines::fields(random),
            }
        })
        .collect()
}

#[test]
fn rows_come_back_bit_for_bit() {
    let mut random = Random::new(1);
    comes_back(&[], Effort::Quick);
    for count in [1, 2, 5, 70, 700] {
        for kind in 0..lines::KINDS {
            let lines: Vec<Vec<u8>> = (0..count)
                .map(|i| lines::line(kind, i64::from(i) * 1_000_003, &mut random))
                .collect();
            let rows = rows_of(&lines, &mut random);
            comes_back(&rows, Effort::Quick);
            if count == 700 {
                comes_back(&rows, Effort::Thorough);
            }
        }
    }
}

#[test]
fn hostile_lines_come_back_bit_for_bit() {
    let mut random = Random::new(2);
    let mut hostile = lines::hostile();
    let rows = rows_of(&hostile, &mut random);
    comes_back(&rows, Effort::Quick);
    // Each many times, so that it gets a shape, and with one byte changed.
    for _ in 0..3 {
        let mut more = Vec::new();
        for line in &hostile {
            for _ in 0..6 {
                let mut other = line.clone();
                if !other.is_empty() && other.len() < 4096 && random.one_in(2) {
                    let at = random.below(other.len() as u64) as usize;
                    other[at] = *random.pick(b"\"\\ {}=:,0a\xff\0");
                }
                more.push(other);
            }
        }
        random.shuffle(&mut more);
        comes_back(&rows_of(&more, &mut random), Effort::Quick);
        hostile.truncate(60);
    }
}

#[test]
fn lines_of_ten_megabytes_come_back() {
    let mut random = Random::new(3);
    let mut noise = vec![0; 10 << 20];
    random.fill(&mut noise);
    let words: Vec<u8> = (0..10 << 20).map(|i| b"a bc=1 "[i % 7]).collect();
    let rows: Vec<Row> = [noise, words, b"short".to_vec()]
        .into_iter()
        .map(|line| Row {
            stream: 1,
            t_ns: 5,
            line,
            fields: Vec::new(),
        })
        .collect();
    comes_back(&rows, Effort::Quick);
}

#[test]
fn ends_of_time_and_many_streams() {
    let row = |stream, t_ns| Row {
        stream,
        t_ns,
        line: b"2026-12-01T08:15:02.123Z x".to_vec(),
        fields: Vec::new(),
    };
    let mut rows = vec![
        row(u32::MAX, i64::MAX),
        row(0, i64::MIN),
        row(0, i64::MAX),
        row(7, 0),
    ];
    for i in 0..300 {
        rows.push(row(i * 5, i64::from(i) * i64::from(i)));
    }
    comes_back(&rows, Effort::Quick);
}

#[test]
fn too_many_rows_are_refused() {
    let row = Row {
        stream: 0,
        t_ns: 0,
        line: Vec::new(),
        fields: Vec::new(),
    };
    let rows = vec![row; ROWS_MAX + 1];
    let mut out = vec![1];
    let error = encode(&Source(&rows), Effort::Quick, &mut out).expect_err("too many");
    assert_eq!(error.rows, ROWS_MAX + 1);
    assert_eq!(out, [1]);
    comes_back(&rows[1..], Effort::Quick);
}

#[test]
fn thousands_of_names_of_fields() {
    let mut random = Random::new(4);
    let rows: Vec<Row> = (0..500)
        .map(|i| Row {
            stream: 0,
            t_ns: i,
            line: Vec::new(),
            fields: (0..10)
                .map(|k| {
                    let name = format!("n{k}_{}", random.below(600));
                    (name, lines::value(&mut random))
                })
                .collect(),
        })
        .collect();
    comes_back(&rows, Effort::Quick);
    let (block, _, sorted) = block_of(&rows, Effort::Quick);
    for _ in 0..30 {
        let row = &sorted[random.below(500) as usize];
        let (name, value) = random.pick(&row.fields).clone();
        let condition = Condition::Field {
            name,
            test: ValueTest::Text(matcher(MatchOp::Equal, &value.text())),
        };
        check_conditions(&block, &sorted, &[condition], &mut random);
    }
}

fn matcher(op: MatchOp, value: &str) -> Matcher {
    Matcher::new("x", op, value).expect("a matcher")
}

fn passes(row: &Row, condition: &Condition) -> bool {
    match condition {
        Condition::Line(test) => test.passes(&row.line),
        Condition::Field { name, test } => {
            let value = row.fields.iter().find(|(n, _)| n == name).map(|(_, v)| v);
            match test {
                ValueTest::Text(matcher) => {
                    matcher.matches(&value.map(Value::text).unwrap_or_default())
                }
                ValueTest::Number { op, value: with } => match value {
                    None => false,
                    Some(Value::Int(v)) => op.holds(*v as f64, *with),
                    Some(Value::Float(v)) => op.holds(*v, *with),
                    Some(other) => other
                        .text()
                        .parse::<f64>()
                        .map_or(true, |v| op.holds(v, *with)),
                },
            }
        }
        Condition::Extracted { .. } => true,
    }
}

/// Reads with the conditions and compares with the plain list.
pub fn check_conditions(
    block: &Block<Arc<[u8]>>,
    sorted: &[Row],
    conditions: &[Condition],
    random: &mut Random,
) {
    let mut selection = EventSelection {
        conditions: conditions.to_vec(),
        ..everything()
    };
    let (first, last) = (sorted[0].t_ns, sorted[sorted.len() - 1].t_ns);
    let (mut start_ns, mut end_ns) = (i64::MIN, i64::MAX);
    if random.one_in(3) {
        start_ns = random.between(first.min(last), first.max(last));
        end_ns = start_ns + random.below(1 << 30) as i64;
    }
    let only = random.one_in(3).then(|| sorted[0].stream);
    let stream_of = |stream: u32| (only.is_none_or(|o| o == stream)).then_some(stream + 100);
    let want: Vec<&Row> = sorted
        .iter()
        .filter(|r| only.is_none_or(|o| o == r.stream))
        .filter(|r| r.t_ns >= start_ns && r.t_ns < end_ns)
        .filter(|r| conditions.iter().all(|c| passes(r, c)))
        .collect();
    assert!(conditions.iter().all(applies));
    let probe = Probe::new(conditions);
    if !want.is_empty() {
        assert!(block.may_match(&probe), "{conditions:?}");
    }
    let mut out = Rows::default();
    block
        .read(&stream_of, start_ns, end_ns, &selection, &mut out)
        .expect("just encoded");
    let got: Vec<&[u8]> = out.lines.iter().collect();
    let lines: Vec<&[u8]> = want.iter().map(|r| r.line.as_slice()).collect();
    let shown = |of: &[&[u8]]| {
        let texts = of.iter().map(|l| String::from_utf8_lossy(l).into_owned());
        texts.take(5).collect::<Vec<_>>()
    };
    assert!(
        got == lines,
        "{conditions:?}: {} rows {:?} instead of {} {:?}",
        got.len(),
        shown(&got),
        lines.len(),
        shown(&lines)
    );
    for (i, row) in want.iter().enumerate() {
        assert_eq!(out.streams[i], row.stream + 100);
        assert_eq!(out.times_ns[i], row.t_ns);
        assert_eq!(fields_of(&out, i).len(), row.fields.len());
    }
    selection.wanted = Wanted::default();
    block
        .read(&stream_of, start_ns, end_ns, &selection, &mut out)
        .expect("just encoded");
    assert_eq!(out.len(), want.len());
    assert!(out.lines.is_empty() && out.fields.is_empty());
}

/// A piece of a line, or something like it.
fn piece(sorted: &[Row], random: &mut Random) -> Vec<u8> {
    let line = &random.pick(sorted).line;
    if line.is_empty() {
        return b"x".to_vec();
    }
    let from = random.below(line.len() as u64) as usize;
    let len = 1 + random.below(24) as usize;
    let mut text = line[from..(from + len).min(line.len())].to_vec();
    match random.below(8) {
        0 => text.push(*random.pick(b"ab0 \"=}")),
        1 => text.insert(0, *random.pick(b"ab0 \"={")),
        2 => text = line.clone(),
        3 => text.truncate(2),
        4 => text = line[from..].to_vec(),
        5 => text = line[..from].to_vec(),
        _ => {}
    }
    text
}

fn condition(sorted: &[Row], random: &mut Random) -> Condition {
    if random.one_in(4) {
        let row = random.pick(sorted);
        let (name, text) = match row.fields.first() {
            Some((name, value)) => (name.clone(), value.text()),
            None => ("level".to_owned(), "info".to_owned()),
        };
        let test = match random.below(4) {
            0 => ValueTest::Text(matcher(MatchOp::Equal, &text)),
            1 => ValueTest::Text(matcher(MatchOp::NotEqual, &text)),
            2 => ValueTest::Text(matcher(MatchOp::Regex, "[a-z]*o.*|")),
            _ => ValueTest::Number {
                op: NumberOp::Greater,
                value: 40.0,
            },
        };
        return Condition::Field { name, test };
    }
    let one = |random: &mut Random| match random.below(8) {
        0 => {
            let text = String::from_utf8_lossy(&piece(sorted, random)).into_owned();
            let quoted: String = text
                .chars()
                .map(|c| if c.is_ascii_alphanumeric() { c } else { '.' })
                .collect();
            LineMatch::Regex(Arc::new(LineRegex::new(&quoted).expect("a regex")))
        }
        1 => {
            let text = "(?i)error|[0-9]{3}$";
            LineMatch::Regex(Arc::new(LineRegex::new(text).expect("a regex")))
        }
        2 => LineMatch::Pieces {
            pieces: vec![piece(sorted, random), piece(sorted, random)],
            open_start: random.one_in(2),
            open_end: random.one_in(2),
        },
        _ => LineMatch::Contains(piece(sorted, random)),
    };
    let mut any = vec![one(random)];
    if random.one_in(5) {
        any.push(one(random));
    }
    Condition::Line(LineTest {
        any,
        negated: random.one_in(4),
    })
}

#[test]
fn conditions_against_a_plain_list() {
    let mut random = Random::new(5);
    for round in 0..lines::KINDS * 2 + 4 {
        let count = if round % 2 == 0 { 40 } else { 300 };
        let lines: Vec<Vec<u8>> = (0..count)
            .map(|i| {
                let kind = match round / 2 {
                    kind if kind < lines::KINDS => kind,
                    _ => random.below(lines::KINDS as u64) as usize,
                };
                lines::line(kind, i * 1_000_003, &mut random)
            })
            .collect();
        let rows = rows_of(&lines, &mut random);
        let (block, _, sorted) = block_of(&rows, Effort::Quick);
        for _ in 0..20 {
            let conditions: Vec<Condition> = (0..1 + random.below(2))
                .map(|_| condition(&sorted, &mut random))
                .collect();
            check_conditions(&block, &sorted, &conditions, &mut random);
        }
    }
}

/// The filter of a block leaves numbers and the fractions of times out: no search may miss
/// them for that.
#[test]
fn any_piece_of_numbers_and_times_may_match() {
    let numbers = |n: u64| (7_u64.wrapping_mul(n) % 10_u64.pow(n as u32 % 12 + 1)).to_string();
    let times = |n: u64| format!("2026-12-01T08:00:01.{:09}Z", n * 12_345_679 % 1_000_000_000);
    for print in [&numbers as &dyn Fn(u64) -> String, &times] {
        for (before, behind) in [("", ""), ("at ", " took")] {
            let lines: Vec<String> = (1..200)
                .map(|n| format!("{before}{}{behind}", print(n)))
                .collect();
            let rows: Vec<Row> = lines
                .iter()
                .enumerate()
                .map(|(n, line)| Row {
                    stream: 0,
                    t_ns: 1_796_112_001_000_000_000 + n as i64 * 12_345_679,
                    line: line.clone().into_bytes(),
                    fields: Vec::new(),
                })
                .collect();
            let (block, ..) = block_of(&rows, Effort::Thorough);
            for line in &lines[..20] {
                for from in 0..line.len() {
                    for to in from + 1..=line.len() {
                        let piece = line.as_bytes()[from..to].to_vec();
                        let condition = Condition::Line(LineTest {
                            any: vec![LineMatch::Contains(piece)],
                            negated: false,
                        });
                        let probe = Probe::new(std::slice::from_ref(&condition));
                        assert!(block.may_match(&probe), "{:?} of {line:?}", &line[from..to]);
                    }
                }
            }
        }
    }
}

/// What a parser finds may be written otherwise in the line: the filter must not exclude it.
#[test]
fn values_that_are_written_otherwise_may_match() {
    for (line, value) in [
        (&b"{\"a\":\"foo\\u0062ar\"}"[..], "foobar"),
        ("{\"a\":\"foo\u{fffd}bar\"}".as_bytes(), "foo bar"),
        (b"{\"a\":\"foo\xffbar\"}", "foo bar"),
        (b"a=\"foo\\\"bar\"", "foo\"bar"),
    ] {
        let rows = [Row {
            stream: 0,
            t_ns: 1,
            line: line.to_vec(),
            fields: Vec::new(),
        }];
        let (block, ..) = block_of(&rows, Effort::Quick);
        let test = ValueTest::Text(matcher(MatchOp::Equal, value));
        let condition = Condition::Extracted { extract: 0, test };
        let probe = Probe::new(std::slice::from_ref(&condition));
        assert!(block.may_match(&probe), "{}", String::from_utf8_lossy(line));
    }
}

#[test]
fn conditions_on_hostile_lines() {
    let mut random = Random::new(6);
    let mut lines = Vec::new();
    for line in lines::hostile().into_iter().filter(|l| l.len() < 1000) {
        for _ in 0..5 {
            lines.push(line.clone());
        }
    }
    let rows = rows_of(&lines, &mut random);
    let (block, _, sorted) = block_of(&rows, Effort::Quick);
    for _ in 0..200 {
        let own = condition(&sorted, &mut random);
        check_conditions(&block, &sorted, &[own], &mut random);
    }
}

/// An extracted value of a row; `None` when the block does not know it.
fn extracted(out: &Rows, row: usize) -> Option<Option<String>> {
    let ColumnValues::Text { entries, of_row } = &out.extracted[0].values else {
        panic!("extracted values are texts");
    };
    match of_row[row] {
        UNKNOWN => None,
        ABSENT => Some(None),
        id => {
            let text = entries.get(id as usize).to_vec();
            Some(Some(String::from_utf8(text).expect("UTF-8")))
        }
    }
}

#[test]
fn extracted_values_are_what_parsers_find() {
    let mut random = Random::new(7);
    let mut lines: Vec<Vec<u8>> = lines::hostile()
        .into_iter()
        .filter(|l| l.len() < 1000)
        .collect();
    for i in 0..600 {
        let kind = random.below(lines::KINDS as u64) as usize;
        lines.push(lines::line(kind, i, &mut random));
    }
    let rows = rows_of(&lines, &mut random);
    let (block, _, sorted) = block_of(&rows, Effort::Quick);
    let labels = [
        "level",
        "status",
        "duration_ms",
        "msg",
        "a",
        "b",
        "a_b",
        "user_id",
        "missing",
        "trace_id",
        "time",
        "ts",
        "k",
        "_0",
        "tags",
        "nothing",
        "amount",
    ];
    let (mut known, mut there) = (0, 0);
    for (label, parser) in labels
        .iter()
        .flat_map(|l| [Parser::Json, Parser::JsonKey, Parser::Logfmt].map(|p| (*l, p)))
    {
        let mut selection = EventSelection {
            wanted: Wanted {
                lines: Lines::WhereUnknown,
                extracts: vec![Extract {
                    parser,
                    label: label.to_owned(),
                }],
                ..Wanted::default()
            },
            ..EventSelection::default()
        };
        let mut out = Rows::default();
        block
            .read_all(&Some, &selection, &mut out)
            .expect("just encoded");
        assert_eq!((out.len(), out.lines.len()), (sorted.len(), sorted.len()));
        let mut got = Vec::new();
        for (i, row) in sorted.iter().enumerate() {
            let own = extracted(&out, i);
            if let Some(own) = &own {
                assert_eq!(out.lines.get(i), b"");
                let want = match parser {
                    Parser::Json => json_value(&row.line, label),
                    Parser::JsonKey => json_key_value(&row.line, label),
                    Parser::Logfmt => logfmt_value(&row.line, label),
                };
                let line = String::from_utf8_lossy(&row.line);
                // The other parser prints numbers anew; ours are what is written.
                let as_number = |t: &Option<String>| t.as_ref().and_then(|t| t.parse::<f64>().ok());
                let is_same_number = as_number(own).is_some()
                    && want
                        .as_ref()
                        .is_ok_and(|want| as_number(want) == as_number(own))
                    && own.as_ref().is_some_and(|own| line.contains(own.as_str()));
                assert!(
                    is_same_number || Ok(own.clone()) == want,
                    "{label} of {line}: {own:?}, {want:?}"
                );
                known += 1;
                there += usize::from(own.is_some());
            } else {
                assert_eq!(out.lines.get(i), row.line);
            }
            got.push(own);
        }
        let texts: Vec<&String> = got.iter().flatten().flatten().collect();
        if texts.is_empty() {
            continue;
        }
        let text = (*random.pick(&texts)).clone();
        let test = ValueTest::Text(matcher(MatchOp::Equal, &text));
        let condition = Condition::Extracted { extract: 0, test };
        assert!(block.may_match(&Probe::new(std::slice::from_ref(&condition))));
        selection.conditions = vec![condition];
        // Where a field has the label's name, the language has to say which counts.
        let has_field = sorted
            .iter()
            .any(|r| r.fields.iter().any(|(name, _)| name == label));
        let passes = |own: &&Option<Option<String>>| match own {
            None => true,
            Some(own) => has_field || own.clone().unwrap_or_default() == text,
        };
        let want = got.iter().filter(passes).count();
        block
            .read_all(&Some, &selection, &mut out)
            .expect("just encoded");
        assert_eq!(out.len(), want, "{label} {text}");
    }
    assert!(known > 2_000 && there > 500, "{known} {there}");
}

#[test]
fn changed_bytes_never_panic_and_are_seen() {
    let mut random = Random::new(8);
    let lines: Vec<Vec<u8>> = (0..200)
        .map(|i| {
            let kind = random.below(lines::KINDS as u64) as usize;
            lines::line(kind, i, &mut random)
        })
        .collect();
    let rows = rows_of(&lines, &mut random);
    let mut bytes = Vec::new();
    encode(&Source(&rows), Effort::Quick, &mut bytes).expect("it is not too large");
    let (_, _, sorted) = block_of(&rows, Effort::Quick);
    let want: Vec<&[u8]> = sorted.iter().map(|r| r.line.as_slice()).collect();
    let probe = Probe::new(&[Condition::Line(LineTest {
        any: vec![LineMatch::Contains(b"abcdef".to_vec())],
        negated: false,
    })]);
    for at in (0..bytes.len()).step_by(7) {
        let mut changed = bytes.clone();
        changed[at] ^= 1 << random.below(8);
        let Ok(block) = Block::open(changed.as_slice()) else {
            continue;
        };
        // The filter's own bytes are only looked at by questions.
        let _ = block.may_match(&probe);
        let mut out = Rows::default();
        if block.read_all(&Some, &everything(), &mut out).is_ok() {
            let got: Vec<&[u8]> = out.lines.iter().collect();
            assert!(got == want, "byte {at}");
        }
    }
    for len in 0..bytes.len().min(300) {
        assert!(Block::open(&bytes[..len]).is_err());
    }
}
