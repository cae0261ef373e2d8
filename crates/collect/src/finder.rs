//! Servers that are found like targets and are not scraped, such as the
//! Alertmanagers that alerts are sent to.

use std::collections::BTreeMap;
use std::sync::Arc;

use binnacle_client::HttpError;
use binnacle_model::labels::Labels;
use binnacle_model::relabel::{RelabelRule, relabel};
use parking_lot::RwLock;
use tokio::sync::mpsc;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::discovery::{self, Teller};
use crate::scrape::ScrapeMetrics;
use crate::settings::{DiscoverySettings, TargetGroup};

/// Updates of all discoveries that wait to be taken, at most.
const UPDATES_MAX: usize = 16;

/// Finds servers until it is dropped.
#[derive(Debug)]
pub struct Finder {
    groups: Arc<RwLock<BTreeMap<u64, Vec<TargetGroup>>>>,
    labels: Vec<(String, String)>,
    relabel: Vec<RelabelRule>,
    _stop: DropGuard,
}

/// What was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// Labels of each server after relabelling, without repetition.
    pub active: Vec<Labels>,
    /// Labels before relabelling of those that it dropped.
    pub dropped: Vec<Labels>,
}

impl Finder {
    /// Starts to find. `labels` are given to each server beside its own; `name` is
    /// for the log.
    ///
    /// # Errors
    /// When the settings of a discovery cannot be used.
    pub fn start(
        name: &str,
        discoveries: &[DiscoverySettings],
        labels: Vec<(String, String)>,
        relabel: Vec<RelabelRule>,
    ) -> Result<Self, HttpError> {
        let groups = Arc::new(RwLock::new(BTreeMap::new()));
        let (updates, mut told) = mpsc::channel::<discovery::Update>(UPDATES_MAX);
        let stop = CancellationToken::new();
        let metrics = Arc::new(ScrapeMetrics::default());
        for (id, settings) in discoveries.iter().enumerate() {
            let id = id as u64;
            // Static servers are there at once.
            if let DiscoverySettings::Static(fixed) = settings {
                groups.write().insert(id, fixed.clone());
                continue;
            }
            let teller = Teller {
                id,
                updates: updates.clone(),
                metrics: metrics.clone(),
                pool: name.to_owned(),
            };
            discovery::start(discovery::make(settings)?, teller, stop.clone());
        }
        drop(updates);
        let into = groups.clone();
        tokio::spawn(async move {
            while let Some(update) = told.recv().await {
                into.write().insert(update.id, update.groups);
            }
        });
        Ok(Self {
            groups,
            labels,
            relabel,
            _stop: stop.drop_guard(),
        })
    }

    /// The servers that are known now.
    #[must_use]
    pub fn found(&self) -> Found {
        let mut found = Found::default();
        for group in self.groups.read().values().flatten() {
            for own in &group.targets {
                let mut builder = group.labels.to_builder();
                for (name, value) in &self.labels {
                    if builder.get(name).is_empty() {
                        builder.set(name, value);
                    }
                }
                for (name, value) in own {
                    builder.set(name, value);
                }
                let before = builder.clone().build();
                if relabel(&self.relabel, &mut builder) {
                    let labels = builder.build();
                    if !found.active.contains(&labels) {
                        found.active.push(labels);
                    }
                } else {
                    found.dropped.push(before);
                }
            }
        }
        found
    }
}
