//! Blocks that were not written by us: with checksums that are right and all else wrong.

use std::sync::Arc;

use binnacle_model::event::select::{Extract, Fields, Lines, Parser, ValueTest, Wanted};
use binnacle_model::event::{
    Condition, EventSelection, FieldValue, LineMatch, LineRegex, LineTest, Rows,
};
use binnacle_model::matcher::{MatchOp, Matcher};
use binnacle_stdx::random::Random;

use super::column::Work;
use super::piece::Pieces;
use super::write::{pieces_of, put_block, runs_of};
use super::{Block, BlockSummary, Effort, Probe, RowSource};

/// Lines of many forms, with fields.
struct Source {
    lines: Vec<String>,
    ids: Vec<String>,
}

impl Source {
    fn new(count: u64, random: &mut Random) -> Self {
        let mut line = |i: u64| {
            let (n, m) = (random.below(1000), random.below(50));
            match i % 6 {
                0 => format!(
                    "{{\"a\":\"{:016x}\",\"b\":{n},\"c\":\"took {n}.{m:02} of {m}\",\"d\":\"x{m}\"}}",
                    random.next_u64()
                ),
                1 => format!("ts=2026-12-01T08:15:02.{n:03}Z level=info k=v{m} e=\"a b {n}\""),
                2 => format!(
                    "10.0.{m}.{} - - [01/Dec/2026:08:15:02 +0000] \"GET /{n}\"",
                    n % 256
                ),
                3 => format!(
                    "Order {n} of user {m} was {} in {m}ms",
                    ["paid", "sent"][n as usize % 2]
                ),
                4 => format!(
                    "{}{}",
                    "zebra ".repeat(n as usize % 9),
                    random.next_u64() as u8 as char
                ),
                _ => "the same".to_owned(),
            }
        };
        Self {
            lines: (0..count).map(&mut line).collect(),
            ids: (0..count)
                .map(|i| format!("{:032x}", u128::from(i) << 70 | 5))
                .collect(),
        }
    }
}

impl RowSource for Source {
    fn len(&self) -> usize {
        self.lines.len()
    }

    fn stream(&self, row: usize) -> u32 {
        row as u32 / 200
    }

    fn time_ns(&self, row: usize) -> i64 {
        1_796_112_902_000_000_000 + row as i64 * 1_234_567
    }

    fn line(&self, row: usize) -> &[u8] {
        self.lines[row].as_bytes()
    }

    fn fields(&self, row: usize, see: &mut dyn FnMut(&str, FieldValue<'_>)) {
        see("id", FieldValue::Text(self.ids[row].as_bytes()));
        if row.is_multiple_of(3) {
            see("n", FieldValue::Int(row as i64));
            see(&format!("rare{row}"), FieldValue::Float(0.5));
        }
    }
}

fn selections() -> Vec<EventSelection> {
    let line = |one: LineMatch, negated| {
        Condition::Line(LineTest {
            any: vec![one],
            negated,
        })
    };
    let contains = |text: &str| LineMatch::Contains(text.as_bytes().to_vec());
    let regex = LineRegex::new("o[a-z]+ [0-9]").expect("a regex");
    let equal =
        |value: &str| ValueTest::Text(Matcher::new("x", MatchOp::Equal, value).expect("a matcher"));
    let conditions = [
        vec![],
        vec![line(contains("took 5"), false)],
        vec![line(contains("2"), false), line(contains("a b"), true)],
        vec![line(LineMatch::Regex(Arc::new(regex)), false)],
        vec![Condition::Field {
            name: "id".to_owned(),
            test: equal("5"),
        }],
        vec![Condition::Extracted {
            extract: 0,
            test: equal("5"),
        }],
    ];
    let extract = |parser, label: &str| Extract {
        parser,
        label: label.to_owned(),
    };
    let wanted = Wanted {
        patterns: true,
        lines: Lines::All,
        fields: Fields::All,
        line_bytes: true,
        extracts: vec![extract(Parser::Json, "b"), extract(Parser::Logfmt, "e")],
    };
    conditions
        .into_iter()
        .map(|conditions| EventSelection {
            conditions,
            wanted: wanted.clone(),
            ..EventSelection::default()
        })
        .collect()
}

fn changed(bytes: &mut [u8], random: &mut Random) {
    if bytes.is_empty() {
        return;
    }
    for _ in 0..1 + random.below(3) {
        let at = random.below(bytes.len() as u64) as usize;
        bytes[at] = match random.below(4) {
            0 => random.next_u64() as u8,
            1 => bytes[at] ^ 1 << random.below(8),
            2 => bytes[at].wrapping_add(1),
            _ => 0xff,
        };
    }
}

#[test]
fn wrong_bytes_under_right_checksums_never_panic() {
    let mut random = Random::new(9);
    let source = Source::new(420, &mut random);
    let order: Vec<u32> = (0..420).collect();
    let summary = BlockSummary::of(runs_of(&source, &order));
    let selections = selections();
    let (_, pieces) = pieces_of(&source, &order, Effort::Quick);
    let (mut opened, mut read) = (0, 0);
    for _ in 0..400 {
        let mut own = Pieces {
            directory: pieces.directory.clone(),
            data: pieces.data.clone(),
        };
        let directory = random.one_in(2);
        changed(
            if directory {
                &mut own.directory
            } else {
                &mut own.data
            },
            &mut random,
        );
        let mut work = Work::new(Effort::Quick);
        work.words.add(b"took a b zebra 12345678901");
        let mut bytes = Vec::new();
        put_block(&summary, work, &own, &mut bytes);
        if random.one_in(4) {
            let len = bytes.len().min(400);
            changed(&mut bytes[8..len], &mut random);
        }
        let Ok(block) = Block::open(bytes.as_slice()) else {
            continue;
        };
        opened += 1;
        let mut out = Rows::default();
        for selection in &selections {
            let _ = block.may_match(&Probe::new(&selection.conditions));
            if block.read_all(&Some, selection, &mut out).is_ok() {
                read += 1;
                assert!(out.len() <= summary.rows as usize);
                assert!(out.lines.bytes.len() as u64 <= block.summary().line_bytes);
            }
        }
    }
    assert!(opened > 200 && read > 200, "{opened} {read}");
}
