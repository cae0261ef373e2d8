//! Reading: a consistent view of parts and head, block by block and piece by piece.
//!
//! The view is taken first and the streams are looked up behind it, so that a batch is
//! seen as a whole: every stream of the view is in the registry by then. Streams of a set
//! are numbered by ascending number in the registry, which makes finding them in a part or
//! a piece a join of two sorted lists.

pub(crate) mod columns;
mod hide;
mod memory;
mod set;
pub(crate) mod test;
mod volumes;

use std::sync::Arc;

use binnacle_model::event::select::StreamVolume;
use binnacle_model::event::{EventSelection, EventSet, SelectEvents};
use binnacle_model::limits::{Meter, Stopped};
use binnacle_model::select::SelectError;
use binnacle_model::{Labels, Matcher};

use crate::Engine;
use crate::engine::{Inner, View};
pub(crate) use hide::keep_rows;
use set::Set;
pub(crate) use volumes::width;

/// The view and the streams that match.
struct Found {
    view: View,
    /// Numbers in the registry, ascending.
    ids: Vec<u32>,
    /// Their labels.
    labels: Vec<Labels>,
}

impl Inner {
    fn find(&self, matchers: &[Matcher], meter: &Meter) -> Result<Found, SelectError> {
        let view = self.state.read().view();
        let registry = self.registry.read();
        let ids = registry.select(matchers);
        let limit = meter.limits().series_max;
        if ids.len() as u64 > limit {
            let what = "streams";
            return Err(Stopped::Limit { what, limit }.into());
        }
        let labels = ids.iter().map(|&id| registry.labels(id)).collect();
        drop(registry);
        meter.check()?;
        Ok(Found { view, ids, labels })
    }
}

/// What the store below says, for whoever asked.
fn storage(error: &binnacle_store::Error) -> SelectError {
    SelectError::Storage {
        message: error.to_string(),
    }
}

/// Calls `see` with the place in `ids` and the second half of each pair whose first half
/// is in `ids`. Both are ascending; `ids` has none twice.
pub(crate) fn join(ids: &[u32], pairs: &[(u32, u32)], mut see: impl FnMut(u32, u32)) {
    // Looking each one up is quicker when one list is much shorter.
    if ids.len() < pairs.len() / 8 {
        for (number, id) in ids.iter().enumerate() {
            let from = pairs.partition_point(|pair| pair.0 < *id);
            let own = pairs[from..].iter().take_while(|pair| pair.0 == *id);
            own.for_each(|pair| see(number as u32, pair.1));
        }
        return;
    }
    if pairs.len() < ids.len() / 8 {
        for pair in pairs {
            if let Ok(number) = ids.binary_search(&pair.0) {
                see(number as u32, pair.1);
            }
        }
        return;
    }
    let mut number = 0;
    for pair in pairs {
        while ids.get(number).is_some_and(|id| *id < pair.0) {
            number += 1;
        }
        if ids.get(number) == Some(&pair.0) {
            see(number as u32, pair.1);
        }
    }
}

impl SelectEvents for Engine {
    fn select(
        &self,
        selection: &EventSelection,
        meter: &Arc<Meter>,
    ) -> Result<Box<dyn EventSet>, SelectError> {
        let found = self.inner.find(&selection.matchers, meter)?;
        let set = Set::new(found, selection, meter, &self.inner.stats);
        let set = set.map_err(|error| self.inner.unreadable(&error))?;
        Ok(Box::new(set))
    }

    fn volumes(
        &self,
        matchers: &[Matcher],
        start_ns: i64,
        end_ns: i64,
        meter: &Meter,
    ) -> Result<Vec<StreamVolume>, SelectError> {
        let found = self.inner.find(matchers, meter)?;
        self.inner.volumes(found, start_ns, end_ns, meter)
    }
}

impl Inner {
    /// Counts a read that met damaged data.
    fn unreadable(&self, error: &binnacle_store::Error) -> SelectError {
        crate::stats::count(&self.stats.corrupt_reads, 1);
        storage(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_join_finds_the_same_whichever_list_is_longer() {
        let check = |ids: &[u32], pairs: &[(u32, u32)], want: &[(u32, u32)]| {
            let mut got = Vec::new();
            join(ids, pairs, |number, other| got.push((number, other)));
            assert_eq!(got, want);
        };
        let many: Vec<(u32, u32)> = (0..100).map(|n| (n / 2, n)).collect();
        check(&[3, 70], &many, &[(0, 6), (0, 7)]);
        check(&[], &many, &[]);
        let ids: Vec<u32> = (0..100).map(|n| n * 2).collect();
        check(&ids, &[(5, 1), (6, 2), (6, 3)], &[(3, 2), (3, 3)]);
        check(
            &[1, 2, 4],
            &[(0, 0), (2, 5), (2, 6), (4, 7), (9, 8)],
            &[(1, 5), (1, 6), (2, 7)],
        );
    }
}
