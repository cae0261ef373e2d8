//! How long to wait before the next try.

use std::time::Duration;

use binnacle_stdx::random::Random;

/// Waits that grow by half each time, each spread by half to either side so that many
/// receivers are not tried in step: 0.5 s at first, a minute at most.
#[derive(Debug, Clone)]
pub struct Backoff {
    next_ms: f64,
    random: Random,
}

const FIRST_MS: f64 = 500.0;
const FACTOR: f64 = 1.5;
const LONGEST_MS: f64 = 60_000.0;

impl Backoff {
    /// The waits of this seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self {
            next_ms: FIRST_MS,
            random: Random::new(seed),
        }
    }

    /// The next wait; not less than the receiver asked for.
    pub fn next_wait(&mut self, asked: Option<Duration>) -> Duration {
        let spread = 0.5 + self.random.unit();
        let wait = Duration::from_micros((self.next_ms * spread * 1000.0) as u64);
        self.next_ms = (self.next_ms * FACTOR).min(LONGEST_MS);
        asked.map_or(wait, |asked| wait.max(asked))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_up_to_a_minute() {
        let mut backoff = Backoff::new(7);
        let mut middle_ms = 500.0;
        for _ in 0..40 {
            let wait_ms = backoff.next_wait(None).as_secs_f64() * 1000.0;
            assert!((0.499..=1.5).contains(&(wait_ms / middle_ms)), "{wait_ms}");
            middle_ms = f64::min(middle_ms * 1.5, 60_000.0);
        }
        let asked = Duration::from_secs(600);
        assert_eq!(backoff.next_wait(Some(asked)), asked);
    }
}
