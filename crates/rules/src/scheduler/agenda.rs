//! What is to be done next, and when.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

use binnacle_model::Labels;

use super::Scheduled;

/// Something to be done.
pub(super) enum Job {
    /// To evaluate a group.
    Evaluate(Arc<Scheduled>),
    /// To end the series of a group that was taken away.
    End {
        series: Vec<Labels>,
        /// The time of the staleness markers, milliseconds.
        t_ms: i64,
    },
}

/// A job whose time has come.
pub(super) struct Due {
    pub(super) at_ms: i64,
    pub(super) job: Job,
}

/// Jobs by time.
#[derive(Default)]
pub(super) struct Agenda {
    heap: BinaryHeap<Entry>,
    /// Jobs so far; of several at one time the first comes first.
    jobs: u64,
}

struct Entry {
    key: Reverse<(i64, u64)>,
    job: Job,
}

impl Agenda {
    pub(super) fn push(&mut self, at_ms: i64, job: Job) {
        let key = Reverse((at_ms, self.jobs));
        self.jobs += 1;
        self.heap.push(Entry { key, job });
    }

    /// When the next job is to be done.
    pub(super) fn next_ms(&self) -> Option<i64> {
        self.heap.peek().map(Entry::at_ms)
    }

    /// Takes the jobs that are due at `now_ms`. Should the clock have been turned
    /// back, the others are planned anew.
    pub(super) fn take(&mut self, now_ms: i64) -> Vec<Due> {
        let turned_back = self.heap.peek().is_some_and(|entry| match &entry.job {
            Job::Evaluate(scheduled) => entry.at_ms() > scheduled.group.slots().after(now_ms),
            Job::End { .. } => false,
        });
        if turned_back {
            self.plan(now_ms);
        }
        let mut due = Vec::new();
        while self.next_ms().is_some_and(|at| at <= now_ms) {
            if let Some(entry) = self.heap.pop() {
                let at_ms = entry.at_ms();
                due.push(Due {
                    at_ms,
                    job: entry.job,
                });
            }
        }
        due
    }

    /// Puts every evaluation to the first slot after `now_ms`.
    pub(super) fn plan(&mut self, now_ms: i64) {
        for mut entry in std::mem::take(&mut self.heap) {
            if let Job::Evaluate(scheduled) = &entry.job {
                entry.key.0.0 = scheduled.group.slots().after(now_ms);
            }
            self.heap.push(entry);
        }
    }
}

impl Entry {
    fn at_ms(&self) -> i64 {
        self.key.0.0
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl Eq for Entry {}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Entry {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.key.cmp(&other.key)
    }
}
