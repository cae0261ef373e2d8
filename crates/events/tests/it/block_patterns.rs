//! Patterns of lines from the shapes of a block.

use std::collections::BTreeMap;

use binnacle_events::block::Effort;
use binnacle_model::event::column::UNKNOWN;
use binnacle_model::event::select::{Lines, Wanted};
use binnacle_model::event::{ColumnValues, EventSelection, Rows};
use binnacle_stdx::random::Random;

use crate::block::{Row, block_of};
use crate::block_lines as lines;

fn rows(lines: Vec<String>) -> Vec<Row> {
    let row = |(n, line): (usize, String)| Row {
        stream: 0,
        t_ns: n as i64 * 1_000_000,
        line: line.into_bytes(),
        fields: Vec::new(),
    };
    lines.into_iter().enumerate().map(row).collect()
}

/// The rows with the pattern of each, if it is known; lines where it is not.
fn read(rows: &[Row]) -> (Vec<Option<String>>, Rows) {
    let (block, ..) = block_of(rows, Effort::Quick);
    let selection = EventSelection {
        wanted: Wanted {
            lines: Lines::WhereUnknown,
            patterns: true,
            ..Wanted::default()
        },
        ..EventSelection::default()
    };
    let mut out = Rows::default();
    block
        .read_all(&Some, &selection, &mut out)
        .expect("just encoded");
    let Some(ColumnValues::Text { entries, of_row }) = &out.patterns else {
        panic!("patterns are text, and were wanted");
    };
    let text = |id: &u32| {
        (*id != UNKNOWN).then(|| String::from_utf8_lossy(entries.get(*id as usize)).into_owned())
    };
    (of_row.iter().map(text).collect(), out)
}

/// Patterns with how many lines have each.
fn counted(lines: Vec<String>) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for pattern in read(&rows(lines)).0 {
        *counts.entry(pattern.unwrap_or_default()).or_default() += 1;
    }
    counts
}

/// Whether the pieces of the pattern are in the line, one behind the other.
fn fits(pattern: &str, line: &str) -> bool {
    let mut pieces = pattern.split("<_>");
    let first = pieces.next().unwrap_or_default();
    let Some(mut rest) = line.strip_prefix(first) else {
        return false;
    };
    let mut last = None;
    for piece in pieces {
        let Some(at) = rest.find(piece) else {
            return false;
        };
        rest = &rest[at + piece.len()..];
        last = Some(piece);
    }
    last.map_or(rest.is_empty(), |last| {
        last.is_empty() || line.ends_with(last)
    })
}

#[test]
fn patterns_say_what_lines_share() {
    let text = (0..200).map(|n| match n % 4 {
        0 => format!("user {} paid {} EUR", n * 7, n * 13),
        1 => format!("{{\"level\":\"info\",\"msg\":\"cache hit\",\"ms\":{n}}}"),
        2 => format!("{{\"level\":\"warn\",\"msg\":\"retry {n} of 3\",\"ms\":{n}}}"),
        _ => format!("ts={n} level=error msg=\"no answer from db-{}\"", n % 3),
    });
    let want = [
        ("user <_> paid <_> EUR", 50),
        ("{\"level\":\"info\",\"msg\":\"cache hit\",\"ms\":<_>}", 50),
        (
            "{\"level\":\"warn\",\"msg\":\"retry <_> of <_>\",\"ms\":<_>}",
            50,
        ),
        ("ts=<_> level=error msg=\"no answer from db-<_>\"", 50),
    ];
    let got = counted(text.collect());
    for (pattern, count) in want {
        // A number that is the same in all lines of a block may be told.
        let with_three = pattern.replace("of <_>", "of 3");
        let found = got.get(pattern).or_else(|| got.get(&with_three));
        assert_eq!(found, Some(&count), "{pattern}: {got:?}");
    }
    assert_eq!(got.len(), want.len(), "{got:?}");
}

#[test]
fn each_line_fits_its_pattern_or_is_there_itself() {
    let mut random = Random::new(3);
    for kind in 0..lines::KINDS {
        let made = (0..500).map(|i| lines::line(kind, i * 1_000_003, &mut random));
        let rows: Vec<Row> = rows(
            made.map(|l| String::from_utf8_lossy(&l).into_owned())
                .collect(),
        );
        let (patterns, out) = read(&rows);
        assert_eq!(patterns.len(), rows.len());
        for (n, (row, pattern)) in rows.iter().zip(&patterns).enumerate() {
            let line = String::from_utf8_lossy(&row.line);
            match pattern {
                Some(pattern) => {
                    assert!(fits(pattern, &line), "{pattern} of {line}");
                    assert!(out.lines.get(n).is_empty());
                }
                None => assert_eq!(out.lines.get(n), row.line, "{line}"),
            }
        }
    }
}

#[test]
fn a_few_lines_of_no_shape_have_no_pattern() {
    let (patterns, out) = read(&rows(vec!["one".to_owned(), "other thing".to_owned()]));
    assert_eq!(patterns, [None, None]);
    assert_eq!(out.lines.get(1), b"other thing");
}
