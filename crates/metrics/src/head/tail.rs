//! The samples of one series that are not in a block yet, in order of arrival.
//!
//! A sample takes twelve bytes: the time as a difference to the series' first
//! sample here, and the value. A series whose times do not fit into 32 bits of
//! milliseconds (a backfill of months) falls back to full times. Samples are only
//! ever added at the end, so "the first n" names the same samples for good, and
//! that is what a reader remembers.

use binnacle_model::sample::Samples;

/// One sample, packed to twelve bytes.
#[derive(Debug, Clone, Copy)]
#[repr(C, packed(4))]
struct Narrow {
    after_base_ms: i32,
    value: f64,
}

#[derive(Debug, Clone, Copy)]
struct Wide {
    t_ms: i64,
    value: f64,
}

#[derive(Debug, Clone)]
enum Raw {
    Narrow(Vec<Narrow>),
    Wide(Vec<Wide>),
}

/// A series' samples and what the next one is compared with.
#[derive(Debug, Clone)]
pub(crate) struct Tail {
    raw: Raw,
    base_ms: i64,
    /// The newest sample's time; `i64::MIN` before the first sample ever.
    last_t_ms: i64,
    last_value: f64,
    sorted: bool,
}

impl Default for Tail {
    fn default() -> Self {
        Self::after(i64::MIN, 0.0)
    }
}

impl Tail {
    /// An empty tail of a series whose newest sample was that.
    pub(crate) fn after(last_t_ms: i64, last_value: f64) -> Self {
        Self {
            raw: Raw::Narrow(Vec::new()),
            base_ms: 0,
            last_t_ms,
            last_value,
            sorted: true,
        }
    }

    /// How many samples there are.
    pub(crate) fn len(&self) -> usize {
        match &self.raw {
            Raw::Narrow(raw) => raw.len(),
            Raw::Wide(raw) => raw.len(),
        }
    }

    /// Time and value of the newest sample, here or in a block.
    pub(crate) fn last(&self) -> (i64, f64) {
        (self.last_t_ms, self.last_value)
    }

    /// Begins to fetch the place where the next sample goes.
    pub(crate) fn prefetch(&self) {
        if let Raw::Narrow(raw) = &self.raw
            && let Some(last) = raw.last()
        {
            crate::registry::prefetch(last);
        }
    }

    /// Adds a sample.
    pub(crate) fn push(&mut self, t_ms: i64, value: f64) {
        if self.len() == 0 {
            self.base_ms = t_ms;
        }
        if t_ms > self.last_t_ms {
            self.last_t_ms = t_ms;
            self.last_value = value;
        } else {
            self.sorted = false;
        }
        if let Raw::Narrow(raw) = &mut self.raw {
            if let Ok(after_base_ms) = i32::try_from(t_ms.wrapping_sub(self.base_ms)) {
                raw.push(Narrow {
                    after_base_ms,
                    value,
                });
                return;
            }
            self.widen();
        }
        if let Raw::Wide(raw) = &mut self.raw {
            raw.push(Wide { t_ms, value });
        }
    }

    #[cold]
    fn widen(&mut self) {
        let wide = (0..self.len())
            .map(|i| {
                let (t_ms, value) = self.get(i);
                Wide { t_ms, value }
            })
            .collect();
        self.raw = Raw::Wide(wide);
    }

    /// The sample that arrived as number `i`.
    pub(crate) fn get(&self, i: usize) -> (i64, f64) {
        match &self.raw {
            Raw::Narrow(raw) => {
                let s = raw[i];
                (self.base_ms + i64::from(s.after_base_ms), s.value)
            }
            Raw::Wide(raw) => (raw[i].t_ms, raw[i].value),
        }
    }

    /// The value at exactly `t_ms` among the samples here and the newest one.
    pub(crate) fn value_at(&self, t_ms: i64) -> Option<f64> {
        if t_ms == self.last_t_ms && t_ms != i64::MIN {
            return Some(self.last_value);
        }
        (0..self.len())
            .rev()
            .map(|i| self.get(i))
            .find(|s| s.0 == t_ms)
            .map(|s| s.1)
    }

    /// Whether a sample of the range may be here.
    pub(crate) fn overlaps(&self, start_ms: i64, end_ms: i64) -> bool {
        match self.len() {
            0 => false,
            n if self.sorted => self.get(n - 1).0 >= start_ms && self.base_ms <= end_ms,
            n => (0..n).any(|i| (start_ms..=end_ms).contains(&self.get(i).0)),
        }
    }

    /// Appends the samples within the range among the first `n`, ascending.
    pub(crate) fn read(&self, n: usize, start_ms: i64, end_ms: i64, out: &mut Samples) {
        let n = n.min(self.len());
        if !self.sorted {
            let mut found: Vec<(i64, f64)> = (0..n)
                .map(|i| self.get(i))
                .filter(|s| (start_ms..=end_ms).contains(&s.0))
                .collect();
            found.sort_by_key(|s| s.0);
            for (t_ms, value) in found {
                out.push(t_ms, value);
            }
            return;
        }
        let from = self.position(n, start_ms);
        let to = match end_ms.checked_add(1) {
            Some(after) => self.position(n, after),
            None => n,
        };
        if from >= to {
            return;
        }
        match &self.raw {
            Raw::Narrow(raw) => {
                let base_ms = self.base_ms;
                let raw = &raw[from..to];
                out.times_ms
                    .extend(raw.iter().map(|s| base_ms + i64::from(s.after_base_ms)));
                out.values.extend(raw.iter().map(|s| s.value));
            }
            Raw::Wide(raw) => {
                let raw = &raw[from..to];
                out.times_ms.extend(raw.iter().map(|s| s.t_ms));
                out.values.extend(raw.iter().map(|s| s.value));
            }
        }
        if !out.starts_ms.is_empty() {
            out.starts_ms.resize(out.times_ms.len(), 0);
        }
    }

    /// Number of the first of `n` sorted samples that is not before `t_ms`.
    fn position(&self, n: usize, t_ms: i64) -> usize {
        let after = |s: i64| s < t_ms;
        match &self.raw {
            Raw::Narrow(raw) => {
                raw[..n].partition_point(|s| after(self.base_ms + i64::from(s.after_base_ms)))
            }
            Raw::Wide(raw) => raw[..n].partition_point(|s| after(s.t_ms)),
        }
    }

    /// The latest of the first `n` samples with `after_ms < t <= at_ms`.
    pub(crate) fn latest(&self, n: usize, after_ms: i64, at_ms: i64) -> Option<(i64, f64)> {
        let n = n.min(self.len());
        let found = if self.sorted {
            let end = match at_ms.checked_add(1) {
                Some(end) => self.position(n, end),
                None => n,
            };
            end.checked_sub(1).map(|i| self.get(i))
        } else {
            (0..n)
                .map(|i| self.get(i))
                .filter(|s| s.0 <= at_ms)
                .max_by_key(|s| s.0)
        };
        found.filter(|s| s.0 > after_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(tail: &Tail, n: usize, start: i64, end: i64) -> Vec<(i64, f64)> {
        let mut out = Samples::default();
        tail.read(n, start, end, &mut out);
        out.times_ms.into_iter().zip(out.values).collect()
    }

    #[test]
    fn out_of_order_samples_are_read_in_order() {
        let mut tail = Tail::default();
        for (t, v) in [(10, 1.0), (30, 3.0), (20, 2.0), (40, 4.0)] {
            tail.push(t, v);
        }
        assert_eq!(
            read(&tail, 4, 0, 100),
            [(10, 1.0), (20, 2.0), (30, 3.0), (40, 4.0)]
        );
        assert_eq!(read(&tail, 2, 0, 100), [(10, 1.0), (30, 3.0)]);
        assert_eq!(tail.latest(2, 0, 29), Some((10, 1.0)));
        assert_eq!(tail.latest(3, 0, 29), Some((20, 2.0)));
        assert_eq!(tail.last(), (40, 4.0));
        assert_eq!(tail.value_at(20), Some(2.0));
        assert!(tail.overlaps(11, 20) && !tail.overlaps(41, 50));
    }

    #[test]
    fn times_too_far_apart_for_32_bits_are_kept() {
        let mut tail = Tail::default();
        let year = 365 * 86_400_000;
        let want: Vec<(i64, f64)> = (-3..4).map(|i| (i * year, i as f64)).collect();
        for &(t, v) in &want {
            tail.push(t, v);
        }
        assert_eq!(read(&tail, 7, i64::MIN, i64::MAX), want);
        assert_eq!(read(&tail, 7, 0, year), [(0, 0.0), (year, 1.0)]);
        assert_eq!(tail.latest(7, i64::MIN, i64::MAX), Some((3 * year, 3.0)));
    }
}
