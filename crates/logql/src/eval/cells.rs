//! The windows of a range aggregation, and the pieces of time that they are made of.
//!
//! Windows overlap when the range is longer than the step. Their ends cut time into cells;
//! a window is some cells one behind the other. What can be counted is counted once for
//! each cell, and windows slide over cells.

use super::Steps;

/// A cell: `after_ns < t <= until_ns`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cell {
    pub(super) number: u32,
    pub(super) after_ns: i64,
    pub(super) until_ns: i64,
    /// Whether a window holds it.
    pub(super) is_seen: bool,
}

impl Cell {
    pub(super) fn has(&self, t_ns: i64) -> bool {
        t_ns > self.after_ns && t_ns <= self.until_ns
    }
}

/// A window: `after_ns < t <= until_ns`, which are the cells `first..end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Window {
    pub(super) after_ns: i64,
    pub(super) until_ns: i64,
    pub(super) first: u32,
    pub(super) end: u32,
}

/// See the module's text.
#[derive(Debug, Clone)]
pub(super) struct Cells {
    /// Ends of windows, ascending: cell `i` is between the ends `i` and `i + 1`.
    bounds: Vec<i64>,
    seen: Vec<bool>,
    pub(super) windows: Vec<Window>,
}

impl Cells {
    pub(super) fn new(steps: &Steps, range_ns: i64, offset_ns: i64) -> Self {
        let ends = (0..steps.count).map(|i| {
            let until_ns = steps.at(i).saturating_sub(offset_ns);
            (until_ns.saturating_sub(range_ns), until_ns)
        });
        let mut bounds: Vec<i64> = ends.clone().flat_map(|(a, b)| [a, b]).collect();
        bounds.sort_unstable();
        bounds.dedup();
        let place = |ns: i64| bounds.partition_point(|b| *b < ns) as u32;
        let windows: Vec<Window> = ends
            .map(|(after_ns, until_ns)| Window {
                after_ns,
                until_ns,
                first: place(after_ns),
                end: place(until_ns),
            })
            .collect();
        let mut seen = vec![false; bounds.len().saturating_sub(1)];
        let mut marked = 0;
        for window in &windows {
            // Windows rise: what is behind the mark has been marked.
            for cell in window.first.max(marked)..window.end {
                seen[cell as usize] = true;
            }
            marked = marked.max(window.end);
        }
        Self {
            bounds,
            seen,
            windows,
        }
    }

    /// The cell of a time; one that no window sees where there is none.
    pub(super) fn of(&self, t_ns: i64) -> Cell {
        let place = self.bounds.partition_point(|b| *b < t_ns);
        let nowhere = Cell {
            number: 0,
            after_ns: place.checked_sub(1).map_or(i64::MIN, |p| self.bounds[p]),
            until_ns: self.bounds.get(place).copied().unwrap_or(i64::MAX),
            is_seen: false,
        };
        let Some(number) = place.checked_sub(1).filter(|n| *n < self.seen.len()) else {
            return nowhere;
        };
        Cell {
            number: number as u32,
            is_seen: self.seen[number],
            ..nowhere
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps(start_ns: i64, step_ns: i64, count: usize) -> Steps {
        Steps {
            start_ns,
            step_ns,
            count,
        }
    }

    #[test]
    fn windows_are_cells() {
        for (step, range) in [(10, 10), (10, 25), (10, 3), (7, 7), (1, 100)] {
            let cells = Cells::new(&steps(100, step, 9), range, 4);
            for t_ns in -50..250 {
                let cell = cells.of(t_ns);
                assert!(cell.has(t_ns));
                for window in &cells.windows {
                    let is_in = t_ns > window.after_ns && t_ns <= window.until_ns;
                    let by_cell = cell.is_seen && (window.first..window.end).contains(&cell.number);
                    assert_eq!(is_in, by_cell, "{step} {range} {t_ns} {window:?} {cell:?}");
                }
            }
        }
        let one = Cells::new(&steps(100, 1, 1), 100, 0);
        assert_eq!((one.seen.len(), one.of(1).number), (1, 0));
        assert!(!one.of(0).is_seen && !one.of(101).is_seen);
        let none = Cells::new(&steps(0, 1, 0), 5, 0);
        assert!(!none.of(3).is_seen && none.windows.is_empty());
    }
}
