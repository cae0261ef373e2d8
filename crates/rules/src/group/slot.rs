//! When a group is evaluated: at multiples of its interval, moved by an offset that
//! is its own, so that groups do not all run at once and each keeps its times over
//! restarts.

use binnacle_model::Labels;
use binnacle_model::alert::Fingerprint;

/// The times of one group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Slots {
    interval_ms: i64,
    offset_ms: i64,
}

impl Slots {
    /// Of the group `name` of `file`.
    pub(crate) fn new(file: &str, name: &str, interval_ms: i64) -> Self {
        let interval_ms = interval_ms.max(1);
        let labels = Labels::from_pairs([("name", name), ("file", file)]);
        let offset = Fingerprint::of(&labels).0 % interval_ms.unsigned_abs();
        Self {
            interval_ms,
            offset_ms: i64::try_from(offset).unwrap_or(0),
        }
    }

    /// The last slot at or before `now_ms`.
    pub(crate) fn before(self, now_ms: i64) -> i64 {
        let since = (now_ms - self.offset_ms).rem_euclid(self.interval_ms);
        now_ms - since
    }

    /// The first slot after `now_ms`.
    pub(crate) fn after(self, now_ms: i64) -> i64 {
        self.before(now_ms) + self.interval_ms
    }

    /// What is to be evaluated at `now_ms` when `due_ms` was next: the slot, and how
    /// many were missed before it.
    pub(crate) fn catch_up(self, due_ms: i64, now_ms: i64) -> (i64, u64) {
        let missed = ((now_ms - due_ms) / self.interval_ms).max(0);
        (due_ms + missed * self.interval_ms, missed.unsigned_abs())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_an_interval_apart_and_the_groups_own() {
        let slots = Slots::new("a.yml", "g", 60_000);
        let now = 1_700_000_012_345;
        let at = slots.before(now);
        assert!(at <= now && now - at < 60_000);
        assert_eq!(slots.before(at), at);
        assert_eq!(slots.after(at), at + 60_000);
        assert_eq!(slots.before(at - 1), at - 60_000);
        assert_eq!(slots.before(-5), slots.after(-5) - 60_000);
        let other = Slots::new("a.yml", "h", 60_000);
        assert_ne!(slots.before(now), other.before(now), "spread");
    }

    #[test]
    fn slots_that_passed_are_missed() {
        let slots = Slots::new("a.yml", "g", 10);
        let check = |late: i64, want: (i64, u64)| {
            assert_eq!(slots.catch_up(100, 100 + late), want, "{late}");
        };
        check(0, (100, 0));
        check(9, (100, 0));
        check(10, (110, 1));
        check(35, (130, 3));
        check(-5, (100, 0));
    }
}
