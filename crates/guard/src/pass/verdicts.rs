//! What becomes of single rows: which were refused, and which a stream's own rate refuses.

use std::ops::Range;

use binnacle_model::Labels;
use binnacle_model::event::append::EventRefusal;

use super::Pass;
use crate::limits::stream_text;

impl Pass<'_> {
    /// The rows that were refused and why, ascending; `stored` are those that the engine
    /// refused, by their place in what was left of the batch.
    pub(crate) fn refused_rows(&self, stored: &[(u32, EventRefusal)]) -> Vec<(u32, EventRefusal)> {
        if self.refused.iter().all(|&n| n == 0) {
            return Vec::new();
        }
        let mut stored = stored.to_vec();
        stored.sort_unstable();
        let mut stored = stored.into_iter().peekable();
        let mut left = 0u32;
        let mut rows = Vec::new();
        for (row, verdict) in (0u32..).zip(&self.verdicts) {
            let reason = match *verdict {
                Some(reason) => Some(reason),
                None => {
                    let own = stored.next_if(|&(at, _)| at == left);
                    left += 1;
                    own.map(|(_, reason)| reason)
                }
            };
            rows.extend(reason.map(|reason| (row, reason)));
        }
        rows
    }

    /// Holds the rows of a stream against its own rate, each as it comes.
    pub(super) fn check_stream_rate(&mut self, hash: u128, labels: &Labels, rows: &Range<u32>) {
        if self.sizes.is_empty() {
            return;
        }
        let limits = &self.inner.settings.limits;
        let rows = rows.start as usize..rows.end as usize;
        let (verdicts, sizes, now_ms) = (&mut self.verdicts, &self.sizes, self.now_ms);
        let refused = self
            .state
            .with_stream_bucket(hash, limits, now_ms, |bucket| {
                let (mut refused, mut refused_bytes) = (0, 0);
                for (verdict, bytes) in verdicts[rows.clone()].iter_mut().zip(&sizes[rows]) {
                    let bytes = u64::from(*bytes);
                    if verdict.is_none() && !bucket.take(bytes, now_ms) {
                        *verdict = Some(EventRefusal::StreamRateLimited);
                        refused += 1;
                        refused_bytes += bytes;
                    }
                }
                (refused, refused_bytes)
            });
        let Some((count, bytes)) = refused.filter(|&(count, _)| count > 0) else {
            return;
        };
        let rate = limits.stream_rate_bytes_per_s;
        self.refuse(EventRefusal::StreamRateLimited, count, || {
            format!(
                "Per stream rate limit exceeded (limit: {rate}B/sec) while attempting to ingest \
                 for stream '{}' totaling {bytes}B, consider splitting a stream via additional \
                 labels or contact your Loki administrator to see if the limit can be increased",
                stream_text(labels)
            )
        });
    }
}
