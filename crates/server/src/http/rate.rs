//! The `rate_limit` of `web.yml`: a token bucket over all requests.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use parking_lot::Mutex;

use crate::counters::Counters;
use crate::settings::RateLimit;
use crate::state::App;

/// A token bucket that refills with time.
pub struct Bucket {
    limit: RateLimit,
    state: Mutex<(f64, Instant)>,
}

impl Bucket {
    /// A full bucket.
    #[must_use]
    pub fn new(limit: RateLimit, now: Instant) -> Self {
        Self {
            limit,
            state: Mutex::new((f64::from(limit.burst), now)),
        }
    }

    /// Takes one token at `now`, if there is one.
    pub fn take(&self, now: Instant) -> bool {
        if self.limit.interval_ms <= 0.0 {
            return true;
        }
        let mut state = self.state.lock();
        let elapsed_ms = now.saturating_duration_since(state.1).as_secs_f64() * 1000.0;
        let tokens =
            (state.0 + elapsed_ms / self.limit.interval_ms).min(f64::from(self.limit.burst));
        let taken = tokens >= 1.0;
        *state = (if taken { tokens - 1.0 } else { tokens }, now);
        taken
    }
}

/// Middleware that answers 429 when the bucket is empty.
pub async fn limit(
    State((app, bucket)): State<(Arc<App>, Option<Arc<Bucket>>)>,
    request: Request,
    next: Next,
) -> Response {
    if bucket.is_some_and(|b| !b.take(Instant::now())) {
        Counters::count(&app.counters.rate_limited);
        return (
            StatusCode::TOO_MANY_REQUESTS,
            "Too many requests: see rate_limit in the web configuration\n",
        )
            .into_response();
    }
    next.run(request).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_burst_and_then_one_for_each_interval() {
        let start = Instant::now();
        let bucket = Bucket::new(
            RateLimit {
                interval_ms: 100.0,
                burst: 2,
            },
            start,
        );
        assert!(bucket.take(start));
        assert!(bucket.take(start));
        assert!(!bucket.take(start));
        assert!(!bucket.take(start + Duration::from_millis(99)));
        assert!(bucket.take(start + Duration::from_millis(201)));
    }
}
