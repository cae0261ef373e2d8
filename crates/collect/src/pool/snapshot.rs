//! What a pool has, for whoever asks.

use std::sync::Arc;

use binnacle_model::labels::Labels;

use crate::scrape::Target;

/// A pool at one moment.
#[derive(Debug, Clone, Default)]
pub struct PoolSnapshot {
    /// The pool's name.
    pub name: String,
    /// Targets that are scraped, by URL.
    pub active: Vec<Arc<Target>>,
    /// Targets that are not, as far as they are remembered
    /// (`keep_dropped_targets`).
    pub dropped: Vec<DroppedTarget>,
    /// How many are not, remembered or not.
    pub dropped_count: u64,
}

/// A target that is not scraped.
#[derive(Debug, Clone, PartialEq)]
pub struct DroppedTarget {
    /// Its labels before relabelling.
    pub discovered: Labels,
    /// Why it cannot be scraped; `None`: relabelling dropped it.
    pub refused: Option<String>,
}
