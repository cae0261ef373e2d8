//! What a group gathers of its rows, and the value of its windows.
//!
//! Counts are whole numbers: they are summed for each cell and windows slide over the sums.
//! Sums of other numbers depend on their order, so their samples are kept, and each window
//! adds its own, oldest first. Of a quantile at one time only the values are kept.

use super::aggregate::{self, Sample};
use super::cells::Cells;
use crate::ast::RangeAggregation;

/// A row as its group sees it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Point {
    pub(super) t_ns: i64,
    /// The cell of the time.
    pub(super) cell: u32,
    /// The unit that it is in. Rows of a unit have an order, and so have units.
    pub(super) unit: u32,
    /// What is counted: 1, the bytes of the line, or the rows of a run.
    pub(super) count: u64,
    /// The number of the row.
    pub(super) value: f64,
}

/// See the module's text.
pub(super) trait Gathers: Default + Send {
    /// Whether each row is kept.
    const KEEPS_ROWS: bool;

    /// Adds a row; answers how many bytes more are held.
    fn add(&mut self, point: &Point) -> usize;

    /// Takes over what another thread has gathered.
    fn merge(&mut self, other: Self);

    /// Adds the value of each window to `out`.
    fn finish(self, aggregation: &RangeAggregation, cells: &Cells, out: &mut Vec<Option<f64>>);
}

/// Sums for cells are brought together when there are that many, and twice as many as
/// there were.
const TALLIES_MIN: usize = 64;

/// Whole numbers, summed for each cell.
#[derive(Default)]
pub(super) struct Tally {
    /// The newest sum, which lies here so that a group of one cell needs no more room.
    cell: u32,
    rows: u32,
    sum: u64,
    /// Cells, rows and sums in the order of their coming; a cell may come again. In a box,
    /// because most groups of a query with many have none.
    #[allow(clippy::box_collection)]
    more: Option<Box<Vec<(u32, u32, u64)>>>,
}

impl Tally {
    fn put(&mut self, cell: u32, rows: u32, sum: u64) -> usize {
        if self.rows > 0 && self.cell != cell {
            let more = self.more.get_or_insert_default();
            let before = more.capacity();
            if more.len() == before && before >= TALLIES_MIN {
                pack(more);
            }
            more.push((self.cell, self.rows, self.sum));
            (self.cell, self.rows, self.sum) = (cell, rows, sum);
            return (more.capacity() - before) * size_of::<(u32, u32, u64)>();
        }
        self.cell = cell;
        // That there is a row is all that counts of their number.
        self.rows = self.rows.saturating_add(rows);
        self.sum = self.sum.saturating_add(sum);
        0
    }

    /// Cells with rows, ascending.
    fn cells(self) -> Vec<(u32, u32, u64)> {
        let mut all = self.more.map_or_else(Vec::new, |more| *more);
        if self.rows > 0 {
            all.push((self.cell, self.rows, self.sum));
        }
        pack(&mut all);
        all
    }
}

/// One sum for each cell.
fn pack(tallies: &mut Vec<(u32, u32, u64)>) {
    tallies.sort_unstable_by_key(|t| t.0);
    tallies.dedup_by(|next, own| {
        let is_same = next.0 == own.0;
        if is_same {
            own.1 = own.1.saturating_add(next.1);
            own.2 = own.2.saturating_add(next.2);
        }
        is_same
    });
}

impl Gathers for Tally {
    const KEEPS_ROWS: bool = false;

    fn add(&mut self, point: &Point) -> usize {
        self.put(point.cell, 1, point.count)
    }

    fn merge(&mut self, other: Self) {
        for (cell, rows, sum) in other.more.into_iter().flat_map(|more| *more) {
            self.put(cell, rows, sum);
        }
        if other.rows > 0 {
            self.put(other.cell, other.rows, other.sum);
        }
    }

    fn finish(self, aggregation: &RangeAggregation, cells: &Cells, out: &mut Vec<Option<f64>>) {
        let value = |sum: u64| aggregate::of_count(aggregation, sum);
        if cells.windows.len() == 1 && self.more.is_none() {
            out.push((self.rows > 0).then(|| value(self.sum)));
            return;
        }
        let own = self.cells();
        let (mut from, mut to, mut sum) = (0, 0, 0_u64);
        for window in &cells.windows {
            while own.get(to).is_some_and(|t| t.0 < window.end) {
                sum = sum.wrapping_add(own[to].2);
                to += 1;
            }
            while from < to && own[from].0 < window.first {
                sum = sum.wrapping_sub(own[from].2);
                from += 1;
            }
            out.push((from < to).then(|| value(sum)));
        }
    }
}

/// Samples with their times.
#[derive(Default)]
pub(super) struct Samples(Vec<Sample>);

impl Gathers for Samples {
    const KEEPS_ROWS: bool = true;

    fn add(&mut self, point: &Point) -> usize {
        let before = self.0.capacity();
        self.0.push(Sample {
            t_ns: point.t_ns,
            unit: point.unit,
            value: point.value,
        });
        (self.0.capacity() - before) * size_of::<Sample>()
    }

    fn merge(&mut self, mut other: Self) {
        self.0.append(&mut other.0);
    }

    fn finish(mut self, aggregation: &RangeAggregation, cells: &Cells, out: &mut Vec<Option<f64>>) {
        // Stable: rows of one unit are in their order already.
        if !self.0.is_sorted_by_key(Sample::order) {
            self.0.sort_by_key(Sample::order);
        }
        aggregate::windows(aggregation, &self.0, cells, out);
    }
}

/// Values alone, for one window whose value does not depend on their order.
#[derive(Default)]
pub(super) struct Values(Vec<f64>);

impl Gathers for Values {
    const KEEPS_ROWS: bool = true;

    fn add(&mut self, point: &Point) -> usize {
        let before = self.0.capacity();
        self.0.push(point.value);
        (self.0.capacity() - before) * size_of::<f64>()
    }

    fn merge(&mut self, mut other: Self) {
        self.0.append(&mut other.0);
    }

    fn finish(mut self, aggregation: &RangeAggregation, _: &Cells, out: &mut Vec<Option<f64>>) {
        let q = aggregation.parameter.unwrap_or(f64::NAN);
        let is_there = !self.0.is_empty();
        out.push(is_there.then(|| aggregate::quantile(q, &mut self.0)));
    }
}
