//! Reading rows in memory.

use binnacle_model::event::select::Fields;
use binnacle_model::event::{EventSelection, Rows};

use super::columns::{ColumnWriter, unknown, unknown_texts};
use super::hide::wants_lines;
use super::test::head_row_passes;
use crate::head::Piece;

/// A run of a piece that is selected: its number, and that of its stream in the set.
#[derive(Debug, Clone, Copy)]
pub(super) struct PickedRun {
    pub(super) run: u32,
    pub(super) number: u32,
}

/// The runs of a piece that are of these streams (ascending numbers of the registry; a
/// stream's place is its number in the set) and have rows in the range.
pub(super) fn pick(piece: &Piece, ids: &[u32], start_ns: i64, end_ns: i64) -> Vec<PickedRun> {
    let mut picked = Vec::new();
    super::join(ids, piece.by_stream(), |number, run| {
        let of = &piece.runs[run as usize];
        if of.max_ns >= start_ns && of.min_ns < end_ns {
            picked.push(PickedRun { run, number });
        }
    });
    picked
}

/// Reads the rows that pass all conditions into `out`, which is empty. What came twice is
/// there once.
pub(super) fn read(
    piece: &Piece,
    picked: &[PickedRun],
    start_ns: i64,
    end_ns: i64,
    selection: &EventSelection,
    out: &mut Rows,
) {
    let batch = &piece.rows;
    let mut found: Vec<(u32, i64, u32)> = Vec::new();
    for PickedRun { run, number } in picked {
        for row in piece.runs[*run as usize].rows() {
            let t_ns = batch.times_ns[row];
            if t_ns >= start_ns
                && t_ns < end_ns
                && head_row_passes(batch, row, &selection.conditions)
            {
                found.push((*number, t_ns, row as u32));
            }
        }
    }
    found.sort_unstable();
    found.dedup_by(|b, a| {
        let (x, y) = (a.2 as usize, b.2 as usize);
        (a.0, a.1) == (b.0, b.1)
            && batch.line(x) == batch.line(y)
            && batch.fields(x).eq(batch.fields(y))
    });
    let wanted = &selection.wanted;
    let lines = wants_lines(wanted);
    let mut columns = ColumnWriter::new(&wanted.fields);
    for (number, t_ns, row) in &found {
        let row = *row as usize;
        out.times_ns.push(*t_ns);
        out.streams.push(*number);
        if lines {
            out.lines.push(batch.line(row));
        }
        if wanted.line_bytes {
            out.line_bytes.push(batch.line(row).len() as u32);
        }
        columns.next_row();
        if wanted.fields != Fields::None {
            for (name, value) in batch.fields(row) {
                columns.push(name, value);
            }
        }
    }
    out.fields = columns.finish();
    out.extracted = unknown(wanted, found.len());
    out.patterns = wanted.patterns.then(|| unknown_texts(found.len()));
}
