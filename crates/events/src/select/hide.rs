//! Taking rows out that were deleted.

use std::sync::Arc;

use binnacle_model::event::select::{Fields, Lines, Wanted};
use binnacle_model::event::{Column, ColumnValues, EventSelection, Rows, Texts};

use crate::tombstones::Tombstone;

/// What is to be read of a block that has deleted rows: the same rows with all that is
/// needed to tell which are deleted.
pub(super) fn widened(selection: &EventSelection, tombstones: &[Arc<Tombstone>]) -> EventSelection {
    let mut wide = selection.clone();
    wide.wanted.lines = Lines::All;
    if tombstones.iter().any(|t| t.needs_fields()) {
        wide.wanted.fields = Fields::All;
    }
    wide
}

/// Takes out the rows that are deleted, and what was read for that alone. `touches` says
/// whether a tombstone is about a stream of the set.
pub(super) fn hide(
    tombstones: &[Arc<Tombstone>],
    touches: impl Fn(usize, u32) -> bool,
    selection: &EventSelection,
    rows: &mut Rows,
) {
    let is_deleted = |row: usize| {
        tombstones
            .iter()
            .enumerate()
            .any(|(n, t)| touches(n, rows.streams[row]) && t.hides(rows, row))
    };
    let keep: Vec<bool> = (0..rows.len()).map(|row| !is_deleted(row)).collect();
    if keep.contains(&false) {
        keep_rows(rows, &keep);
    }
    let wanted = &selection.wanted;
    match &wanted.fields {
        Fields::None => rows.fields.clear(),
        Fields::Named(names) => rows.fields.retain(|c| names.contains(&c.name)),
        Fields::All => {}
    }
    if !wants_lines(wanted) {
        rows.lines.clear();
    }
}

/// Whether lines of rows are wanted of which nothing but the line is known.
pub(super) fn wants_lines(wanted: &Wanted) -> bool {
    match wanted.lines {
        Lines::All => true,
        Lines::WhereUnknown => !wanted.extracts.is_empty() || wanted.patterns,
        Lines::None => false,
    }
}

/// Keeps the rows that `keep` says. There are lines of all rows or of none.
pub(crate) fn keep_rows(rows: &mut Rows, keep: &[bool]) {
    retain(&mut rows.times_ns, keep);
    retain(&mut rows.streams, keep);
    retain(&mut rows.line_bytes, keep);
    if !rows.lines.is_empty() {
        let mut lines = Texts::default();
        for (row, _) in keep.iter().enumerate().filter(|(_, keep)| **keep) {
            lines.push(rows.lines.get(row));
        }
        rows.lines = lines;
    }
    let columns = rows.fields.iter_mut().chain(&mut rows.extracted);
    let columns = columns.map(|Column { values, .. }| values);
    for values in columns.chain(&mut rows.patterns) {
        match values {
            ColumnValues::Text { of_row, .. } => retain(of_row, keep),
            ColumnValues::Int(v) => retain(v, keep),
            ColumnValues::Float(v) => retain(v, keep),
            ColumnValues::Bool(v) => retain(v, keep),
        }
    }
}

fn retain<T>(values: &mut Vec<T>, keep: &[bool]) {
    let mut keep = keep.iter();
    values.retain(|_| keep.next().copied().unwrap_or(true));
}
