//! Deletion by query.

use std::sync::Arc;

use binnacle_model::Matcher;
use binnacle_model::event::Condition;

use binnacle_store::Error;

use super::Maintenance;
use crate::engine::Inner;
use crate::error::EngineError;
use crate::part::Part;
use crate::select::join;
use crate::tombstones::{self, Tombstone, WAITING_MAX};

impl Inner {
    /// See [`crate::Engine::delete`].
    pub(crate) fn delete(
        &self,
        text: &str,
        matchers: &[Matcher],
        (start_ns, end_ns): (i64, i64),
        conditions: &[Condition],
    ) -> Result<(), EngineError> {
        if !tombstones::can_delete_by(conditions) {
            return Err(EngineError::NotDeletable);
        }
        let mut maintenance = self.maintenance.lock();
        let mut list = self.tombstones();
        let waiting = list.iter().filter(|t| !t.done).count();
        if waiting >= WAITING_MAX {
            let limit = WAITING_MAX;
            return Err(EngineError::TooManyDeletions { waiting, limit });
        }
        // From here on all that is to go is in parts.
        self.flush(&mut maintenance)?;
        list.push(Tombstone {
            id: list.iter().map(|t| t.id).max().unwrap_or(0) + 1,
            text: text.to_owned(),
            matchers: matchers.to_vec(),
            conditions: conditions.to_vec(),
            start_ns,
            end_ns,
            created_ms: self.clock.now_ms(),
            before_part: maintenance.manifest.next_block_id,
            done: false,
        });
        self.set_tombstones(list)?;
        self.bell.ring();
        Ok(())
    }

    fn tombstones(&self) -> Vec<Tombstone> {
        let tombstones = self.state.read().tombstones.clone();
        tombstones.iter().map(|t| (**t).clone()).collect()
    }

    fn set_tombstones(&self, mut list: Vec<Tombstone>) -> Result<(), EngineError> {
        tombstones::forget(&mut list);
        tombstones::save(&*self.files, &self.dir, &list)?;
        let list = list.into_iter().map(Arc::new).collect();
        self.state.write().tombstones = Arc::new(list);
        Ok(())
    }

    /// Tombstones whose rows may be in no part any more are done.
    pub(super) fn settle_tombstones(&self) -> Result<bool, EngineError> {
        let mut list = self.tombstones();
        let mut any = false;
        for tombstone in list.iter_mut().filter(|t| !t.done) {
            tombstone.done = self.touched(tombstone, |_| true).is_none();
            any |= tombstone.done;
        }
        if any {
            self.set_tombstones(list)?;
        }
        Ok(any)
    }

    /// A part that has rows to be taken out.
    pub(super) fn part_with_deleted(&self, maintenance: &Maintenance) -> Option<Arc<Part>> {
        let tombstones = self.state.read().tombstones.clone();
        let waiting = tombstones.iter().filter(|t| !t.done);
        let is_whole = |part: &Part| !maintenance.is_damaged(part);
        waiting.map(|t| self.touched(t, is_whole)).find_map(|p| p)
    }

    /// A part with streams and times of a tombstone, among those that count. One whose
    /// index cannot be read may have some: whoever writes it anew will tell.
    fn touched(&self, tombstone: &Tombstone, counts: impl Fn(&Part) -> bool) -> Option<Arc<Part>> {
        let parts = self.state.read().parts.clone();
        let mut applying = parts
            .iter()
            .filter(|p| tombstone.applies(p.meta.id, p.min_ns, p.max_ns) && counts(p))
            .peekable();
        applying.peek()?;
        let ids = self.registry.read().select(&tombstone.matchers);
        applying
            .find(|part| is_touched(part, &ids, tombstone).unwrap_or(true))
            .cloned()
    }
}

/// Whether a part has rows of these streams at these times.
fn is_touched(part: &Part, ids: &[u32], tombstone: &Tombstone) -> Result<bool, Error> {
    let runs = part.runs()?;
    let mut answer = Ok(false);
    join(ids, &part.streams, |_, local| {
        for run in runs.of_stream(local) {
            match runs.get(run) {
                Ok(run) if tombstone.overlaps(run.min_ns, run.max_ns) => answer = Ok(true),
                Ok(_) => {}
                Err(error) => answer = Err(error),
            }
        }
    });
    answer
}
