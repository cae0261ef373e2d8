//! Reading rows in memory, and hiding rows that were deleted.

use std::collections::HashMap;
use std::sync::Arc;

use binnacle_model::Labels;
use binnacle_model::event::select::{Lines, StreamVolume, Wanted};
use binnacle_model::event::{
    Column, ColumnValues, Condition, EventBatch, EventSelection, Rows, Texts,
};

use crate::head::Piece;
use crate::page::{ColumnWriter, unknown, value_passes};
use crate::tombstones::Tombstone;

/// Reads the rows of a piece that pass all conditions into `out`, which is empty.
pub(super) fn read(
    piece: &Piece,
    numbers: &HashMap<u32, u32>,
    start_ns: i64,
    end_ns: i64,
    selection: &EventSelection,
    out: &mut Rows,
) {
    let batch = &piece.batch;
    let mut found: Vec<(u32, i64, u32)> = Vec::new();
    for (id, stream) in piece.streams.iter().zip(&batch.streams) {
        let Some(&number) = numbers.get(id) else {
            continue;
        };
        for row in stream.rows.clone() {
            let t_ns = batch.times_ns[row as usize];
            if t_ns >= start_ns
                && t_ns < end_ns
                && passes(batch, row as usize, &selection.conditions)
            {
                found.push((number, t_ns, row));
            }
        }
    }
    found.sort_unstable();
    // What was sent twice is there once.
    found.dedup_by(|b, a| {
        let (x, y) = (a.2 as usize, b.2 as usize);
        (a.0, a.1) == (b.0, b.1)
            && batch.line(x) == batch.line(y)
            && batch.fields(x).eq(batch.fields(y))
    });
    let wanted = &selection.wanted;
    let lines = wanted.lines == Lines::All
        || (wanted.lines == Lines::WhereUnknown && !wanted.extracts.is_empty());
    let mut columns = ColumnWriter::new(&wanted.fields);
    for (number, t_ns, row) in &found {
        let row = *row as usize;
        out.times_ns.push(*t_ns);
        out.streams.push(*number);
        if lines {
            out.lines.push(batch.line(row));
        }
        if wanted.line_bytes {
            let len = batch.lines[row].end - batch.lines[row].start;
            out.line_bytes.push(len);
        }
        columns.next_row();
        for (name, value) in batch.fields(row) {
            columns.push(name, value);
        }
    }
    out.fields = columns.finish();
    out.extracted = unknown(wanted, found.len());
}

fn passes(batch: &EventBatch, row: usize, conditions: &[Condition]) -> bool {
    conditions.iter().all(|condition| match condition {
        Condition::Line(test) => test.passes(batch.line(row)),
        Condition::Field { name, test } => {
            let value = batch.fields(row).find(|(n, _)| n == name);
            value_passes(value.map(|(_, v)| v), test)
        }
        Condition::Extracted { .. } => true,
    })
}

/// Adds what of a piece lies in the range.
pub(super) fn add_volumes(
    piece: &Piece,
    start_ns: i64,
    end_ns: i64,
    numbers: &HashMap<u32, usize>,
    volumes: &mut [StreamVolume],
) {
    let batch = &piece.batch;
    for (id, stream) in piece.streams.iter().zip(&batch.streams) {
        let Some(&at) = numbers.get(id) else {
            continue;
        };
        for row in stream.rows.clone() {
            let row = row as usize;
            let t_ns = batch.times_ns[row];
            if t_ns >= start_ns && t_ns < end_ns {
                volumes[at].rows += 1;
                volumes[at].bytes += batch.line(row).len() as u64;
            }
        }
        volumes[at].chunks += 1;
    }
}

/// Takes out the rows that are deleted. All lines are there; those that were not wanted
/// go.
pub(super) fn hide(
    tombstones: &[Arc<Tombstone>],
    labels: &[Labels],
    wanted: &Wanted,
    rows: &mut Rows,
) {
    let touched: Vec<Vec<&Tombstone>> = labels
        .iter()
        .map(|labels| {
            tombstones
                .iter()
                .map(|t| &**t)
                .filter(|t| t.touches(labels))
                .collect()
        })
        .collect();
    let keep: Vec<bool> = (0..rows.len())
        .map(|row| {
            !touched[rows.streams[row] as usize]
                .iter()
                .any(|t| t.hides(rows.times_ns[row], rows.lines.get(row)))
        })
        .collect();
    if keep.contains(&false) {
        keep_rows(rows, &keep);
    }
    let wants_lines = wanted.lines == Lines::All
        || (wanted.lines == Lines::WhereUnknown && !wanted.extracts.is_empty());
    if !wants_lines {
        rows.lines.clear();
    }
}

/// Keeps the rows that `keep` says.
pub(crate) fn keep_rows(rows: &mut Rows, keep: &[bool]) {
    retain(&mut rows.times_ns, keep);
    retain(&mut rows.streams, keep);
    retain(&mut rows.line_bytes, keep);
    let mut lines = Texts::default();
    for (row, _) in keep.iter().enumerate().filter(|(_, keep)| **keep) {
        lines.push(rows.lines.get(row));
    }
    rows.lines = lines;
    for Column { values, .. } in rows.fields.iter_mut().chain(&mut rows.extracted) {
        match values {
            ColumnValues::Text { of_row, .. } => retain(of_row, keep),
            ColumnValues::Int(v) => retain(v, keep),
            ColumnValues::Float(v) => retain(v, keep),
            ColumnValues::Bool(v) => retain(v, keep),
        }
    }
}

fn retain<T>(values: &mut Vec<T>, keep: &[bool]) {
    let mut row = 0;
    values.retain(|_| {
        row += 1;
        keep[row - 1]
    });
}
