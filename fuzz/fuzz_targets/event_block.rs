//! Any bytes as a block: reading never panics (what lies behind the checksums is the unit
//! tests' part). Any bytes as lines of a block: they come back bit for bit, and a search
//! finds the same lines as looking at each.
#![no_main]

use binnacle_events::block::{Block, Effort, Probe, RowSource, encode};
use binnacle_model::event::select::{Fields, Lines, Wanted};
use binnacle_model::event::{Condition, EventSelection, FieldValue, LineMatch, LineTest, Rows};
use libfuzzer_sys::fuzz_target;

struct Source<'a>(Vec<&'a [u8]>);

impl RowSource for Source<'_> {
    fn len(&self) -> usize {
        self.0.len()
    }

    fn stream(&self, row: usize) -> u32 {
        (row / 7) as u32
    }

    fn time_ns(&self, row: usize) -> i64 {
        row as i64 * 1_000_000
    }

    fn line(&self, row: usize) -> &[u8] {
        self.0[row]
    }

    fn fields(&self, row: usize, see: &mut dyn FnMut(&str, FieldValue<'_>)) {
        let line = self.0[row];
        if let Some(first) = line.first() {
            see(["a", "b"][usize::from(first % 2)], FieldValue::Text(line));
            see("n", FieldValue::Int(i64::from(*first)));
        }
    }
}

fn everything(conditions: Vec<Condition>) -> EventSelection {
    EventSelection {
        conditions,
        wanted: Wanted {
            lines: Lines::All,
            fields: Fields::All,
            ..Wanted::default()
        },
        ..EventSelection::default()
    }
}

fn contains(text: &[u8]) -> Condition {
    Condition::Line(LineTest {
        any: vec![LineMatch::Contains(text.to_vec())],
        negated: false,
    })
}

fuzz_target!(|bytes: &[u8]| {
    let mut out = Rows::default();
    if let Ok(block) = Block::open(bytes) {
        let wanted = everything(vec![contains(b"a")]);
        let _ = block.may_match(&Probe::new(&wanted.conditions));
        let _ = block.read_all(&Some, &wanted, &mut out);
        let _ = block.read_all(&Some, &everything(Vec::new()), &mut out);
    }

    // The first byte says how often the lines repeat: shapes come from repetition.
    let Some((times, rest)) = bytes.split_first() else {
        return;
    };
    let lines: Vec<&[u8]> = rest.split(|b| *b == b'\n').collect();
    let lines = lines.repeat(1 + usize::from(times % 8));
    let mut encoded = Vec::new();
    let source = Source(lines.clone());
    encode(&source, Effort::Quick, &mut encoded).expect("it is not too large");
    let block = Block::open(encoded.as_slice()).expect("just encoded");
    block
        .read_all(&Some, &everything(Vec::new()), &mut out)
        .expect("just encoded");
    assert!(out.lines.iter().eq(lines.iter().copied()));

    let piece = &rest[rest.len() / 3..rest.len() / 2];
    let wanted = everything(vec![contains(piece)]);
    let found: Vec<&[u8]> = lines
        .into_iter()
        .filter(|line| piece.is_empty() || line.windows(piece.len()).any(|w| w == piece))
        .collect();
    assert!(found.is_empty() || block.may_match(&Probe::new(&wanted.conditions)));
    block
        .read_all(&Some, &wanted, &mut out)
        .expect("just encoded");
    assert!(out.lines.iter().eq(found));
});
