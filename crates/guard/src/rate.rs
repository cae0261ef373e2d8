//! A token bucket over an injected clock.

/// Bytes that may still be sent. Not synchronised; the owner holds a lock.
#[derive(Debug, Clone)]
pub struct TokenBucket {
    rate_per_s: f64,
    burst: f64,
    tokens: f64,
    at_ms: i64,
}

impl TokenBucket {
    /// A full bucket. `rate_per_s` bytes flow in each second, up to `burst` bytes.
    #[must_use]
    pub fn new(rate_per_s: u64, burst: u64, now_ms: i64) -> Self {
        Self {
            rate_per_s: rate_per_s as f64,
            burst: burst as f64,
            tokens: burst as f64,
            at_ms: now_ms,
        }
    }

    /// Takes `bytes` when they are there; else takes nothing and says no. A clock that
    /// goes back gives nothing and costs nothing.
    pub fn take(&mut self, bytes: u64, now_ms: i64) -> bool {
        let passed_ms = now_ms.saturating_sub(self.at_ms);
        if passed_ms > 0 {
            let earned = self.rate_per_s * (passed_ms as f64) / 1000.0;
            self.tokens = (self.tokens + earned).min(self.burst);
        }
        self.at_ms = now_ms;
        let wanted = bytes as f64;
        if wanted > self.tokens {
            return false;
        }
        self.tokens -= wanted;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fills_with_time_up_to_the_burst() {
        let mut bucket = TokenBucket::new(10, 20, 0);
        assert!(bucket.take(20, 0));
        assert!(!bucket.take(1, 0));
        assert!(bucket.take(10, 1000));
        assert!(!bucket.take(1, 1050));
        assert!(bucket.take(1, 1100));
        assert!(!bucket.take(21, 100_000));
        assert!(bucket.take(20, 100_000));
        assert!(!bucket.take(1, 0), "a clock that goes back earns nothing");
    }
}
