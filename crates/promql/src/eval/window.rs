//! Which samples each step sees.

use super::steps::Steps;

/// Samples of one series: floats only, no staleness markers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Points<'a> {
    pub(crate) times: &'a [i64],
    pub(crate) values: &'a [f64],
    /// Start timestamps, or empty.
    pub(crate) starts: &'a [i64],
}

/// The windows of a range selector, one for each step, open on the left.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Windows {
    pub(crate) steps: Steps,
    /// `@`: the same window at every step.
    pub(crate) at_ms: Option<i64>,
    pub(crate) offset_ms: i64,
    pub(crate) range_ms: i64,
    /// How much more is handed to the function on the left (`anchored`, `smoothed`).
    pub(crate) before_ms: i64,
    /// The same on the right (`smoothed`).
    pub(crate) after_ms: i64,
}

impl Windows {
    /// The last time of a step's window, inclusive, in the data's time.
    #[inline]
    pub(crate) fn end(&self, step: usize) -> i64 {
        self.at_ms
            .unwrap_or_else(|| self.steps.at(step))
            .saturating_sub(self.offset_ms)
    }

    /// The time before a step's window.
    #[inline]
    pub(crate) fn start(&self, step: usize) -> i64 {
        self.end(step).saturating_sub(self.range_ms)
    }

    /// First and last millisecond of all windows.
    pub(crate) fn span(&self) -> (i64, i64) {
        self.around(self.end(0), self.end(self.steps.count.saturating_sub(1)))
    }

    /// First and last millisecond that the engine is asked for.
    pub(crate) fn reach(&self) -> (i64, i64) {
        let reach = self.steps.reach;
        let (first, last) = self
            .at_ms
            .map_or((reach.start_ms, reach.end_ms), |at| (at, at));
        self.around(
            first.saturating_sub(self.offset_ms),
            last.saturating_sub(self.offset_ms),
        )
    }

    /// From the first window's end to the last one's, with all that they hold.
    fn around(&self, first: i64, last: i64) -> (i64, i64) {
        let first = first
            .saturating_sub(self.range_ms)
            .saturating_sub(self.before_ms);
        (first.saturating_add(1), last.saturating_add(self.after_ms))
    }

    /// For each step the half-open range of samples in its window.
    pub(crate) fn bounds(&self, times: &[i64], bounds: &mut Vec<(u32, u32)>) {
        bounds.clear();
        bounds.reserve(self.steps.count);
        let (mut low, mut high) = (0usize, 0usize);
        for step in 0..self.steps.count {
            let end = self.end(step).saturating_add(self.after_ms);
            let start = self.start(step).saturating_sub(self.before_ms);
            high = advance(times, high, end);
            low = advance(times, low, start);
            bounds.push((low as u32, high.max(low) as u32));
        }
    }
}

/// The first index from `from` on whose time is after `limit`. Gallops, so that
/// both dense steps and wide ones are cheap.
#[inline]
pub(crate) fn advance(times: &[i64], from: usize, limit: i64) -> usize {
    let mut at = from;
    for _ in 0..4 {
        if at >= times.len() || times[at] > limit {
            return at;
        }
        at += 1;
    }
    let mut stride = 4;
    while at + stride < times.len() && times[at + stride] <= limit {
        at += stride;
        stride *= 2;
    }
    let upper = (at + stride).min(times.len());
    at + times[at..upper].partition_point(|t| *t <= limit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_are_open_on_the_left() {
        let windows = Windows {
            steps: Steps {
                count: 3,
                ..Steps::between(100, 200, 50, 100).unwrap()
            },
            at_ms: None,
            offset_ms: 0,
            range_ms: 100,
            before_ms: 0,
            after_ms: 0,
        };
        let mut bounds = Vec::new();
        windows.bounds(&[0, 50, 100, 150, 250], &mut bounds);
        assert_eq!(bounds, [(1, 3), (2, 4), (3, 4)]);
        assert_eq!(windows.span(), (1, 200));
    }

    #[test]
    fn advancing_finds_what_a_scan_finds() {
        let times: Vec<i64> = (0..200).map(|i| i * i % 7 + i * 10).collect();
        for from in 0..times.len() {
            for limit in (-5..2100).step_by(13) {
                let want = (from..times.len())
                    .find(|i| times[*i] > limit)
                    .unwrap_or(times.len());
                assert_eq!(advance(&times, from, limit), want, "{from} {limit}");
            }
        }
    }
}
