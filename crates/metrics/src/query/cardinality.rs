//! What fills the head: which metric, label and value to blame.

use binnacle_model::labels::METRIC_NAME;
use binnacle_model::query::{Cardinality, Count};

use crate::engine::Inner;

impl Inner {
    fn cardinality(&self, limit: usize) -> Cardinality {
        let state = self.state();
        let (head_chunks, range) = {
            let generation = state.active.generation.read();
            let filled = generation.tails().iter().filter(|t| t.len() > 0).count();
            (filled as u64, generation.time_range())
        };
        let registry = state.active.registry.read();
        let pairs = registry.pairs();
        let mut by_metric = Top::new(limit);
        let mut by_label = Top::new(limit);
        let mut bytes_by_label = Top::new(limit);
        let mut by_pair = Top::new(limit);
        for name in pairs.names() {
            by_label.add(name.pairs.len() as u64, || name.text.to_string());
            let mut bytes = 0;
            for &pair in &name.pairs {
                let value = pairs.text(pair).1;
                bytes += value.len() as u64;
                let series = registry.count(pair);
                by_pair.add(series, || format!("{}={value}", name.text));
                if &*name.text == METRIC_NAME {
                    by_metric.add(series, || value.to_owned());
                }
            }
            bytes_by_label.add(bytes, || name.text.to_string());
        }
        Cardinality {
            head_series: registry.len() as u64,
            head_chunks,
            label_pairs: pairs.len() as u64,
            min_t_ms: range.map_or(0, |r| r.0),
            max_t_ms: range.map_or(0, |r| r.1),
            series_by_metric: by_metric.finish(),
            values_by_label: by_label.finish(),
            bytes_by_label: bytes_by_label.finish(),
            series_by_pair: by_pair.finish(),
        }
    }
}

/// The largest few of many, without holding the many.
struct Top {
    limit: usize,
    kept: Vec<Count>,
}

impl Top {
    fn new(limit: usize) -> Self {
        Self {
            limit,
            kept: Vec::new(),
        }
    }

    fn add(&mut self, value: u64, name: impl FnOnce() -> String) {
        let least = self.kept.last().map_or(0, |c| c.value);
        if self.kept.len() >= self.limit && value <= least {
            return;
        }
        let at = self.kept.partition_point(|c| c.value >= value);
        self.kept.insert(
            at,
            Count {
                name: name(),
                value,
            },
        );
        self.kept.truncate(self.limit);
    }

    fn finish(self) -> Vec<Count> {
        self.kept
    }
}

impl crate::Engine {
    /// What fills the head, with the top `limit` of each list.
    #[must_use]
    pub fn cardinality(&self, limit: usize) -> Cardinality {
        self.inner.cardinality(limit)
    }
}
