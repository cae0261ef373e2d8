//! What became of rows like this one.
//!
//! Where a pipeline does not look at lines, what becomes of a row depends on its stream and
//! on the values of its columns alone. Rows of a unit that share them share their fate, and
//! the pipeline runs once for all of them.

use std::collections::HashMap;

use binnacle_model::event::column::UNKNOWN;
use binnacle_model::event::{Column, ColumnValues, Rows};

use super::groups::GroupId;

/// From that many kinds of rows on, remembering must have paid.
const KINDS_UNPAID: usize = 512;

/// The group of a row and its number; `None` when it is left out.
pub(super) type Fate = Option<(GroupId, f64)>;

/// See the module's text.
#[derive(Default)]
pub(super) struct Memo {
    /// By stream and numbers of the columns' entries.
    kinds: HashMap<Vec<u32>, Fate>,
    codes: Vec<u32>,
    last: Option<(Vec<u32>, Fate)>,
    is_on: bool,
    found: usize,
}

impl Memo {
    /// Begins a unit.
    pub(super) fn next_unit(&mut self, rows: &Rows) {
        let is_text = |c: &Column| matches!(c.values, ColumnValues::Text { .. });
        self.kinds.clear();
        self.last = None;
        self.found = 0;
        self.is_on = rows.fields.iter().chain(&rows.extracted).all(is_text);
    }

    /// What became of a row like this one, when that is known.
    pub(super) fn of(&mut self, rows: &Rows, row: usize) -> Option<Fate> {
        if !self.is_on {
            return None;
        }
        self.codes.clear();
        self.codes.push(rows.streams[row]);
        let columns = rows.fields.iter().map(|c| (c, false));
        for (column, is_extracted) in columns.chain(rows.extracted.iter().map(|c| (c, true))) {
            let ColumnValues::Text { of_row, .. } = &column.values else {
                return None;
            };
            if is_extracted && of_row[row] == UNKNOWN {
                // Only the line can tell.
                self.codes.clear();
                return None;
            }
            self.codes.push(of_row[row]);
        }
        if let Some((last, fate)) = &self.last
            && *last == self.codes
        {
            self.found += 1;
            return Some(*fate);
        }
        let fate = *self.kinds.get(&self.codes)?;
        self.found += 1;
        self.last = Some((self.codes.clone(), fate));
        Some(fate)
    }

    /// Remembers the fate of the row that was asked for last.
    pub(super) fn put(&mut self, fate: Fate) {
        if !self.is_on || self.codes.is_empty() {
            return;
        }
        self.kinds.insert(self.codes.clone(), fate);
        if self.kinds.len() >= KINDS_UNPAID && self.found < self.kinds.len() {
            self.is_on = false;
        }
    }
}
