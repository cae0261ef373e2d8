//! Rates and sizes of blocks of generated logs, on one core:
//! `cargo run --profile fast --example block_rates -p binnacle-events`.
//!
//! All kinds of lines together, then each alone, as blocks of 65,536 rows. Each figure is
//! the best of three rounds.

mod lines;

use std::sync::Arc;
use std::time::Instant;

use binnacle_events::block::{Block, Effort, Probe, encode};
use binnacle_model::event::select::{Extract, Lines, Parser, ValueTest, Wanted};
use binnacle_model::event::{Condition, EventSelection, LineMatch, LineRegex, LineTest, Rows};
use binnacle_model::matcher::{MatchOp, Matcher};

use lines::{Batch, KINDS, generate};

fn best(mut run: impl FnMut()) -> f64 {
    (0..3)
        .map(|_| {
            let start = Instant::now();
            run();
            start.elapsed().as_secs_f64()
        })
        .fold(f64::MAX, f64::min)
}

fn selection(conditions: Vec<Condition>, wanted: Wanted) -> EventSelection {
    EventSelection {
        conditions,
        wanted,
        ..EventSelection::default()
    }
}

fn line(one: LineMatch) -> Condition {
    Condition::Line(LineTest {
        any: vec![one],
        negated: false,
    })
}

fn contains(text: &str) -> Condition {
    line(LineMatch::Contains(text.as_bytes().to_vec()))
}

fn regex(text: &str) -> Condition {
    line(LineMatch::Regex(Arc::new(
        LineRegex::new(text).expect("a regex"),
    )))
}

fn encode_all(blocks: &[Batch], effort: Effort) -> Vec<Vec<u8>> {
    let one = |block: &Batch| {
        let mut out = Vec::new();
        encode(block, effort, &mut out).expect("it is not too large");
        out
    };
    blocks.iter().map(one).collect()
}

/// Blocks with the bytes of their lines.
type Opened<'a> = [(Block<&'a [u8]>, usize)];

fn time(what: &str, selection: &EventSelection, blocks: &Opened<'_>) {
    let probe = Probe::new(&selection.conditions);
    let mut out = Rows::default();
    let (mut rows, mut opened) = (0, 0);
    let seconds = best(|| {
        (rows, opened) = (0, 0);
        for (block, _) in blocks {
            if block.may_match(&probe) {
                opened += 1;
                block
                    .read(&Some, i64::MIN, i64::MAX, selection, &mut out)
                    .expect("just encoded");
                rows += out.len();
            }
        }
    });
    let raw: usize = blocks.iter().map(|b| b.1).sum();
    println!(
        "  {what:22} {:7.2} ms a block, {:7.0} MB/s; {rows} rows, {opened} of {} blocks opened",
        seconds * 1e3 / blocks.len() as f64,
        raw as f64 / 1e6 / seconds,
        blocks.len()
    );
}

fn extract(parser: Parser, label: &str) -> Wanted {
    Wanted {
        lines: Lines::WhereUnknown,
        extracts: vec![Extract {
            parser,
            label: label.to_owned(),
        }],
        ..Wanted::default()
    }
}

/// The id of a line in the middle of the block.
fn needle(block: &Batch) -> &str {
    block.lines[block.lines.len() / 2..]
        .iter()
        .flat_map(|line| line.split(|c: char| !c.is_ascii_hexdigit()))
        .find(|t| t.len() == 32 || t.len() == 12)
        .expect("a line with an id")
}

fn searches(only: Option<&str>, blocks: &[Batch], opened: &Opened<'_>) {
    let lines = Wanted {
        lines: Lines::All,
        ..Wanted::default()
    };
    let bytes = Wanted {
        line_bytes: true,
        ..Wanted::default()
    };
    let none = Wanted::default();
    time("rebuild", &selection(vec![], lines.clone()), opened);
    time("count", &selection(vec![], none.clone()), opened);
    time("line bytes", &selection(vec![], bytes), opened);
    let at = blocks.len() / 2;
    let id = selection(vec![contains(needle(&blocks[at]))], lines.clone());
    time("needle, its block", &id, &opened[at..=at]);
    time("needle, all blocks", &id, opened);
    let counted = |text: &str| selection(vec![contains(text)], none.clone());
    let rare = selection(vec![contains("OOMKilled")], lines.clone());
    time("rare word", &rare, opened);
    time("word, counted", &counted("error"), opened);
    time(
        "phrase, counted",
        &counted("level\":\"info\",\"msg\":\"request served"),
        opened,
    );
    time("digits, counted", &counted("503"), opened);
    let timeouts = selection(vec![regex("timeout after [0-9]{4}ms")], lines);
    time("regex", &timeouts, opened);
    let no_literal = selection(vec![regex("[0-9]{3}[02468][13579]{4}ms")], none.clone());
    time("regex, no literal", &no_literal, opened);
    if only == Some("json") {
        let own = |label: &str| selection(vec![], extract(Parser::Json, label));
        time("json: duration_ms", &own("duration_ms"), opened);
        time("json: level", &own("level"), opened);
        let matcher = Matcher::new("status", MatchOp::Equal, "503").expect("a matcher");
        let is_503 = Condition::Extracted {
            extract: 0,
            test: ValueTest::Text(matcher),
        };
        let own = selection(vec![is_503], extract(Parser::Json, "status"));
        time("json: status is 503", &own, opened);
    }
    if only == Some("logfmt") {
        let own = selection(vec![], extract(Parser::Logfmt, "caller"));
        time("logfmt: caller", &own, opened);
    }
}

fn report(name: &str, only: Option<&str>) {
    let blocks = generate(only);
    let raw: Vec<usize> = blocks
        .iter()
        .map(|b| b.lines.iter().map(String::len).sum())
        .collect();
    let mb = raw.iter().sum::<usize>() as f64 / 1e6;
    let rows: usize = blocks.iter().map(|b| b.lines.len()).sum();
    println!("{name}: {} blocks, {mb:.1} MB of lines", blocks.len());
    let mut encoded = Vec::new();
    for effort in [Effort::Quick, Effort::Thorough] {
        let seconds = best(|| encoded = encode_all(&blocks, effort));
        let bytes: usize = encoded.iter().map(Vec::len).sum();
        println!(
            "  encode, {effort:8?}: {:.0} MB/s, {:.2} times smaller ({:.1} bytes a line)",
            mb / seconds,
            mb * 1e6 / bytes as f64,
            bytes as f64 / rows as f64
        );
    }
    let opened: Vec<(Block<&[u8]>, usize)> = encoded
        .iter()
        .zip(raw)
        .map(|(bytes, raw)| (Block::open(bytes.as_slice()).expect("just encoded"), raw))
        .collect();
    searches(only, &blocks, &opened);
}

fn main() {
    let only = std::env::args().nth(1);
    if only.is_none() {
        report("all", None);
    }
    for (kind, _) in KINDS {
        if only.as_deref().is_none_or(|o| o == kind) {
            report(kind, Some(kind));
        }
    }
}
