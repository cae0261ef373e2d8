//! Where targets come from: one file for each mechanism, and [`start`], which is
//! the table of them.
//!
//! A discovery runs on its own, and tells *all* of its target groups whenever they
//! may have changed. One that fails keeps quiet, so the groups it told last stay in
//! force; it counts the failure, logs it, and tries again.

mod dns;
mod file;
mod glob;
mod groups;
mod http;

use std::sync::Arc;
use std::time::Duration;

use binnacle_model::labels::Labels;
use futures::future::BoxFuture;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::scrape::{ScrapeMetrics, bump};
use crate::settings::{DiscoverySettings, TargetGroup};
use binnacle_client::HttpError;

/// Servers are not asked more often, whatever the settings say.
const REFRESH_MIN: Duration = Duration::from_secs(1);

/// A mechanism that finds targets.
pub(crate) trait Discovery: Send {
    /// Runs until it is dropped. May return early when nothing will ever change.
    fn run(self: Box<Self>, teller: Teller) -> BoxFuture<'static, ()>;
}

/// Where a discovery tells what it found.
#[derive(Debug, Clone)]
pub(crate) struct Teller {
    pub(crate) id: u64,
    pub(crate) updates: mpsc::Sender<Update>,
    pub(crate) metrics: Arc<ScrapeMetrics>,
    pub(crate) pool: String,
}

/// All groups of one discovery.
#[derive(Debug)]
pub(crate) struct Update {
    /// Which discovery.
    pub(crate) id: u64,
    /// Its groups.
    pub(crate) groups: Vec<TargetGroup>,
}

impl Teller {
    /// Tells all groups that there are now.
    pub(crate) async fn tell(&self, groups: Vec<TargetGroup>) {
        // Nobody listens any more when the pool is being stopped.
        let _ = self
            .updates
            .send(Update {
                id: self.id,
                groups,
            })
            .await;
    }

    /// Says that a refresh failed.
    pub(crate) fn failed(&self, what: &str, error: &dyn std::fmt::Display) {
        bump(&self.metrics.discovery_failed, 1);
        tracing::warn!(pool = self.pool, source = what, %error, "discovery failed; keeping the last targets");
    }
}

/// Makes the discovery that the settings name.
pub(crate) fn make(settings: &DiscoverySettings) -> Result<Box<dyn Discovery>, HttpError> {
    Ok(match settings {
        DiscoverySettings::Static(groups) => Box::new(Fixed(groups.clone())),
        DiscoverySettings::Internal {
            address, labels, ..
        } => Box::new(Fixed(vec![TargetGroup {
            source: "internal".into(),
            targets: vec![Labels::from_pairs([("__address__", address)])],
            labels: labels.clone(),
        }])),
        DiscoverySettings::File(file) => Box::new(file::FileTargets::new(file)),
        DiscoverySettings::Http(http) => Box::new(http::HttpTargets::new(http)?),
        DiscoverySettings::Dns(dns) => Box::new(dns::DnsTargets::new(dns)),
    })
}

/// Starts a discovery; it ends with `stop`.
pub(crate) fn start(discovery: Box<dyn Discovery>, teller: Teller, stop: CancellationToken) {
    tokio::spawn(async move {
        stop.run_until_cancelled(discovery.run(teller)).await;
    });
}

/// Groups that never change.
struct Fixed(Vec<TargetGroup>);

impl Discovery for Fixed {
    fn run(self: Box<Self>, teller: Teller) -> BoxFuture<'static, ()> {
        Box::pin(async move { teller.tell(self.0).await })
    }
}
