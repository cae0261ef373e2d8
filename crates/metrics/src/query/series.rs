//! Label sets of matching series.

use std::collections::BTreeSet;

use binnacle_model::labels::Labels;
use binnacle_model::limits::Meter;
use binnacle_model::query::SeriesQuery;
use binnacle_model::select::{SelectError, Selection, SeriesSet};

use super::CHECK_EVERY;

impl crate::Engine {
    /// Label sets of the series that match any of the selectors (none: all series)
    /// and have samples in the range: ascending, without repetition, at most
    /// [`SeriesQuery::limit`]. Tells whether the limit cut the answer short.
    ///
    /// # Errors
    /// See [`SelectError`].
    pub fn series(
        &self,
        query: &SeriesQuery,
        meter: &Meter,
    ) -> Result<(Vec<Labels>, bool), SelectError> {
        let all = [Vec::new()];
        let selectors = if query.selectors.is_empty() {
            &all[..]
        } else {
            &query.selectors
        };
        let mut found = BTreeSet::new();
        for matchers in selectors {
            let selection = Selection {
                matchers: matchers.clone(),
                start_ms: query.start_ms,
                end_ms: query.end_ms,
                ..Selection::default()
            };
            let set = self.inner.select(&selection, false, meter)?;
            for i in 0..set.len() {
                if i % CHECK_EVERY == 0 {
                    meter.check()?;
                }
                found.insert(set.try_labels(i)?);
            }
        }
        let cut = query.limit > 0 && found.len() > query.limit;
        let limit = if query.limit == 0 {
            usize::MAX
        } else {
            query.limit
        };
        Ok((found.into_iter().take(limit).collect(), cut))
    }
}
