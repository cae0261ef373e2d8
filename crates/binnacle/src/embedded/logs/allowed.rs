//! What queries may ask, in Loki's words for what they may not.

use std::time::Duration;

use binnacle_logql::eval::EvalOptions;
use binnacle_model::duration;
use binnacle_model::event::logs::{LogsRequest, LogsTime};
use binnacle_model::query::QueryError;

use super::EmbeddedLogs;

fn ns(duration: Duration) -> i64 {
    i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)
}

fn bad(message: String) -> QueryError {
    QueryError::BadData {
        message,
        span: None,
    }
}

impl EmbeddedLogs {
    /// Refuses what asks for too much, and fills in how many lines come when the asker does
    /// not say.
    pub(super) fn check_allowed(&self, request: &mut LogsRequest) -> Result<(), QueryError> {
        let lines_max = self.allowed.lines_max;
        if request.limit > lines_max {
            return Err(bad(format!(
                "max entries limit per query exceeded, limit > max_entries_limit ({} > \
                 {lines_max}): ask for less at once and go on from the last line's time",
                request.limit
            )));
        }
        if request.limit == 0 {
            request.limit = lines_max;
        }
        let length_max = ns(self.allowed.length_max);
        let LogsTime::Range {
            start_ns, end_ns, ..
        } = request.time
        else {
            return Ok(());
        };
        let length_ns = end_ns.saturating_sub(start_ns);
        if length_max > 0 && length_ns > length_max {
            let print = |ns: i64| duration::print(ns / 1_000_000);
            return Err(bad(format!(
                "the query time range exceeds the limit (query length: {}, limit: {})",
                print(length_ns),
                print(length_max)
            )));
        }
        Ok(())
    }

    /// The request without what lies further back than queries may look.
    pub(super) fn within_lookback(&self, mut request: LogsRequest) -> LogsRequest {
        let lookback = ns(self.allowed.lookback_max);
        if lookback == 0 {
            return request;
        }
        let now_ns = self.clock.now_ms().saturating_mul(1_000_000);
        let oldest = now_ns.saturating_sub(lookback);
        if let LogsTime::Range {
            start_ns, end_ns, ..
        } = &mut request.time
        {
            *start_ns = (*start_ns).max(oldest);
            *end_ns = (*end_ns).max(*start_ns);
        }
        request
    }

    /// How queries are evaluated.
    pub(super) fn eval_options(&self) -> EvalOptions {
        let default = EvalOptions::default();
        match self.allowed.series_max {
            0 => default,
            series_max => EvalOptions {
                series_max,
                ..default
            },
        }
    }
}
