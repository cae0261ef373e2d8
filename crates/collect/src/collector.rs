//! The collector: all pools of the process.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use binnacle_model::append::Append;
use binnacle_stdx::clock::Clock;
use parking_lot::RwLock;
use tokio_util::sync::CancellationToken;

use crate::discovery;
use crate::internal::InternalTarget;
use crate::pool::{FailureLog, Pool, PoolParts, PoolSnapshot};
use crate::scrape::{ScrapeMetrics, Shared, Workspaces, stable_hash};
use crate::settings::{CollectSettings, RelabelRule, ScrapeSettings};
use binnacle_client::{Client, HttpError};

/// Why settings were not taken; what ran before goes on.
#[derive(Debug, thiserror::Error)]
pub enum CollectError {
    /// Something that the settings name cannot be used.
    #[error("scrape pool {pool:?}: {source}")]
    Pool {
        /// Which pool.
        pool: String,
        /// What cannot be used.
        source: HttpError,
    },
    /// Two pools have one name.
    #[error("found multiple scrape configs with job name {pool:?}")]
    Twice {
        /// The name.
        pool: String,
    },
    /// The file for failed scrapes cannot be opened.
    #[error("scrape pool {pool:?}: opening {path}: {source}")]
    FailureLog {
        /// Which pool.
        pool: String,
        /// Which file.
        path: std::path::PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

/// All scrape pools of the process. Must be made and used within a tokio runtime.
pub struct Collector {
    shared: Shared,
    pools: RwLock<BTreeMap<String, Arc<Pool>>>,
    shutdown: CancellationToken,
    /// Reloads come one after the other.
    reloading: tokio::sync::Mutex<()>,
}

impl std::fmt::Debug for Collector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let pools: Vec<String> = self.pools.read().keys().cloned().collect();
        f.debug_struct("Collector")
            .field("pools", &pools)
            .finish_non_exhaustive()
    }
}

impl Collector {
    /// Starts collecting into `append`. `internals` are the targets within this
    /// process, by the name that
    /// [`DiscoverySettings::Internal`](crate::settings::DiscoverySettings::Internal)
    /// uses.
    ///
    /// # Errors
    /// When the settings cannot be used; then nothing was started.
    pub async fn start(
        settings: &CollectSettings,
        append: Arc<dyn Append>,
        clock: Arc<dyn Clock>,
        internals: Vec<(String, Arc<dyn InternalTarget>)>,
    ) -> Result<Self, CollectError> {
        let collector = Self {
            shared: Shared {
                append,
                clock,
                internals: Arc::new(internals.into_iter().collect()),
                metrics: Arc::default(),
                workspaces: Workspaces::default(),
                seed: Arc::default(),
            },
            pools: RwLock::default(),
            shutdown: CancellationToken::new(),
            reloading: tokio::sync::Mutex::default(),
        };
        collector.reload(settings).await?;
        Ok(collector)
    }

    /// Changes to other settings, all or nothing. Pools whose settings are the same
    /// are not touched; in others, targets that stay keep what is known of them.
    ///
    /// # Errors
    /// When the settings cannot be used; then everything goes on as before.
    pub async fn reload(&self, settings: &CollectSettings) -> Result<(), CollectError> {
        let _one = self.reloading.lock().await;
        let mut plan: BTreeMap<String, Option<PoolParts>> = BTreeMap::new();
        for wanted in &settings.scrapes {
            let same = self
                .pools
                .read()
                .get(&wanted.job_name)
                .is_some_and(|pool| *pool.settings() == *wanted);
            let parts = if same {
                None
            } else {
                Some(make_parts(wanted)?)
            };
            if plan.insert(wanted.job_name.clone(), parts).is_some() {
                return Err(CollectError::Twice {
                    pool: wanted.job_name.clone(),
                });
            }
        }
        // From here on nothing can fail.
        let labels = settings.global.external_labels.as_bytes();
        self.shared.seed.store(
            stable_hash([hostname().as_bytes(), labels]),
            Ordering::Relaxed,
        );
        let gone: Vec<Arc<Pool>> = {
            let mut pools = self.pools.write();
            let names: Vec<String> = pools
                .keys()
                .filter(|n| !plan.contains_key(*n))
                .cloned()
                .collect();
            names.iter().filter_map(|n| pools.remove(n)).collect()
        };
        for pool in gone {
            pool.stop().await;
        }
        for (name, parts) in plan {
            let running = self.pools.read().get(&name).cloned();
            match (running, parts) {
                (Some(pool), Some(parts)) => pool.reload(parts).await,
                (Some(pool), None) => pool.enable_targets(),
                (None, None) => {}
                (None, Some(parts)) => {
                    let pool = Pool::start(parts, self.shared.clone(), &self.shutdown);
                    self.pools.write().insert(name, Arc::new(pool));
                }
            }
        }
        Ok(())
    }

    /// Ends all loops. Series are not ended: after a restart they go on.
    pub async fn stop(&self) {
        let _one = self.reloading.lock().await;
        self.shutdown.cancel();
        let pools = std::mem::take(&mut *self.pools.write());
        for pool in pools.into_values() {
            pool.stop().await;
        }
    }

    /// Names of all pools, ascending.
    #[must_use]
    pub fn pool_names(&self) -> Vec<String> {
        self.pools.read().keys().cloned().collect()
    }

    /// The relabelling rules of pool `name`; `None` when there is no such pool.
    #[must_use]
    pub fn relabel_rules(&self, name: &str) -> Option<Vec<RelabelRule>> {
        self.pools
            .read()
            .get(name)
            .map(|pool| pool.settings().relabel.clone())
    }

    /// What the pools have, by name; of one pool only when `name` is given.
    #[must_use]
    pub fn pools(&self, name: Option<&str>) -> Vec<PoolSnapshot> {
        let pools = self.pools.read();
        let wanted = |n: &str| name.is_none_or(|name| name == n);
        pools
            .iter()
            .filter(|(n, _)| wanted(n))
            .map(|(_, pool)| pool.snapshot())
            .collect()
    }

    /// Counters of what was done since the start.
    #[must_use]
    pub fn metrics(&self) -> &ScrapeMetrics {
        &self.shared.metrics
    }
}

impl Drop for Collector {
    /// Loops do not outlive the collector that they belong to.
    fn drop(&mut self) {
        self.shutdown.cancel();
    }
}

fn make_parts(settings: &ScrapeSettings) -> Result<PoolParts, CollectError> {
    let pool = || settings.job_name.clone();
    let failed = |source| CollectError::Pool {
        pool: pool(),
        source,
    };
    let failure_log = match &settings.failure_log {
        None => None,
        Some(path) => Some(Arc::new(FailureLog::open(path).map_err(|source| {
            CollectError::FailureLog {
                pool: pool(),
                path: path.clone(),
                source,
            }
        })?)),
    };
    Ok(PoolParts {
        settings: Arc::new(settings.clone()),
        client: Arc::new(Client::new(&settings.http).map_err(failed)?),
        failure_log,
        discoveries: settings
            .discovery
            .iter()
            .map(discovery::make)
            .collect::<Result<_, _>>()
            .map_err(failed)?,
    })
}

/// This host's name, or the empty text.
#[must_use]
pub fn hostname() -> String {
    let mut buf = [0u8; 256];
    // SAFETY: the pointer and the length are those of a live buffer.
    if unsafe { libc::gethostname(buf.as_mut_ptr().cast(), buf.len()) } != 0 {
        return String::new();
    }
    let len = buf.iter().position(|b| *b == 0).unwrap_or(buf.len());
    String::from_utf8_lossy(&buf[..len]).into_owned()
}
