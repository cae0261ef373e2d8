//! Label names and values of matching series.

use std::collections::BTreeSet;

use binnacle_model::limits::Meter;
use binnacle_model::matcher::Matcher;
use roaring::RoaringBitmap;

use super::index::{LabelIndex, find};
use super::{CHECK_EVERY, heads};
use crate::engine::Inner;
use crate::error::EngineError;

impl Inner {
    pub(super) fn label_names(
        &self,
        matchers: &[Matcher],
        start_ms: i64,
        end_ms: i64,
        meter: &Meter,
    ) -> Result<Vec<String>, EngineError> {
        let mut names = BTreeSet::new();
        self.visit_sources(matchers, start_ms, end_ms, meter, |index, ids| {
            let Some(ids) = ids else {
                return index.visit_names(&mut |name| {
                    names.insert(name.to_owned());
                });
            };
            for pair in &pairs_of(index, ids, meter)? {
                index.visit_text(pair, &mut |name, _| {
                    if !names.contains(name) {
                        names.insert(name.to_owned());
                    }
                })?;
            }
            Ok(())
        })?;
        Ok(names.into_iter().collect())
    }

    pub(super) fn label_values(
        &self,
        name: &str,
        matchers: &[Matcher],
        start_ms: i64,
        end_ms: i64,
        meter: &Meter,
    ) -> Result<Vec<String>, EngineError> {
        let mut values = BTreeSet::new();
        self.visit_sources(matchers, start_ms, end_ms, meter, |index, ids| {
            let pairs = match ids {
                Some(ids) => Some(pairs_of(index, ids, meter)?),
                None => None,
            };
            index.visit_values(name, "", &mut |pair, value| {
                if pairs.as_ref().is_none_or(|p| p.contains(pair)) && !values.contains(value) {
                    values.insert(value.to_owned());
                }
                Ok(())
            })
        })?;
        Ok(values.into_iter().collect())
    }

    /// Calls `visit` with each source of the range and its matching series; `None`
    /// stands for all of them.
    fn visit_sources(
        &self,
        matchers: &[Matcher],
        start_ms: i64,
        end_ms: i64,
        meter: &Meter,
        mut visit: impl FnMut(&dyn LabelIndex, Option<&RoaringBitmap>) -> Result<(), EngineError>,
    ) -> Result<(), EngineError> {
        let state = self.state();
        for block in state
            .blocks
            .iter()
            .filter(|b| b.meta().overlaps(start_ms, end_ms))
        {
            meter.check()?;
            if matchers.is_empty() && !block.has_tombstones() {
                visit(block.as_ref(), None)?;
                continue;
            }
            let mut ids = RoaringBitmap::new();
            for id in &find(block.as_ref(), matchers, meter)? {
                if block.series_overlaps(id, start_ms, end_ms)? {
                    ids.insert(id);
                }
            }
            visit(block.as_ref(), Some(&ids))?;
        }
        for head in heads(&state) {
            if !head.generation.read().overlaps(start_ms, end_ms) {
                continue;
            }
            let registry = head.registry.read();
            let mut ids = find(&*registry, matchers, meter)?;
            {
                let generation = head.generation.read();
                let gone: RoaringBitmap = ids
                    .iter()
                    .filter(|&id| {
                        generation
                            .tail(id)
                            .is_none_or(|t| !t.overlaps(start_ms, end_ms))
                    })
                    .collect();
                ids -= gone;
            }
            let all = ids.len() as usize == registry.len();
            visit(&*registry, Some(&ids).filter(|_| !all))?;
        }
        Ok(())
    }
}

/// The pairs that these series carry.
fn pairs_of(
    index: &dyn LabelIndex,
    ids: &RoaringBitmap,
    meter: &Meter,
) -> Result<RoaringBitmap, EngineError> {
    let mut pairs = RoaringBitmap::new();
    for (i, id) in ids.iter().enumerate() {
        if i % CHECK_EVERY == 0 {
            meter.check()?;
        }
        index.visit_row(id, &mut |pair| {
            pairs.insert(pair);
        })?;
    }
    Ok(pairs)
}
