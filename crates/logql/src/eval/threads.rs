//! The threads of one query.

use super::{EvalError, EvalOptions};

/// Below this many rows to look at, another thread costs more than it gains.
const ROWS_PER_THREAD: u64 = 20_000;

impl EvalOptions {
    /// How many threads are worth having for rows in so many units.
    pub(super) fn threads_for(&self, rows: u64, units: usize) -> usize {
        let worth = usize::try_from(rows / ROWS_PER_THREAD + 1).unwrap_or(usize::MAX);
        self.threads.min(worth).min(units).max(1)
    }
}

/// Runs `work` on so many threads, one of them the caller's; each gets its number. Answers
/// what all did, or why one failed.
pub(super) fn workers<T: Send>(
    threads: usize,
    work: impl Fn(usize) -> Result<T, EvalError> + Sync,
) -> Result<Vec<T>, EvalError> {
    if threads <= 1 {
        return Ok(vec![work(0)?]);
    }
    let work = &work;
    std::thread::scope(|scope| {
        let others: Vec<_> = (1..threads)
            .map(|number| scope.spawn(move || work(number)))
            .collect();
        let mut all = vec![work(0)];
        all.extend(others.into_iter().map(|other| {
            other.join().unwrap_or_else(|_| {
                Err(EvalError::Execution {
                    message: "a thread of the query failed. This is a bug".to_owned(),
                })
            })
        }));
        all.into_iter().collect()
    })
}
