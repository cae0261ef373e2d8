//! The dead-man's switch: somebody outside is told that this server lives, and this server
//! notices when a source that always sends an alert does not.

use std::sync::Arc;
use std::time::Duration;

use binnacle_client::{Client, settings::HttpSettings};
use binnacle_model::Labels;
use binnacle_model::alert::Alert;
use binnacle_model::matcher::all_match;

use super::Service;
use crate::alerts::NS_PER_MS;
use crate::dispatch::millis;
use crate::policy::Watchdog;

/// How long the heartbeat's receiver has to answer.
const TIMEOUT: Duration = Duration::from_secs(10);

/// No setting makes it beat without a pause.
const EVERY_MIN: Duration = Duration::from_millis(10);

/// How often the settings of the heartbeat are looked at while there is none.
const IDLE: Duration = Duration::from_secs(60);

/// What is known of an alert that must keep coming.
#[derive(Debug, Clone, Copy)]
pub(super) struct Watched {
    /// When it came last, or the watch began, milliseconds.
    seen_ms: i64,
    /// Whether its absence was told.
    is_missing: bool,
}

impl Service {
    /// Calls the heartbeat's address while all is well. Never ends.
    pub(super) async fn beat(self: Arc<Self>) {
        loop {
            let heartbeat = self.plan().policy.dead_man.heartbeat.clone();
            let Some(heartbeat) = heartbeat else {
                tokio::time::sleep(IDLE).await;
                continue;
            };
            if let Some(why) = self.is_unwell() {
                tracing::error!(%why, "no heartbeat is sent");
            } else if let Err(error) = call(&heartbeat.url).await {
                tracing::warn!(%error, "the heartbeat was not taken");
            }
            tokio::time::sleep(heartbeat.every.max(EVERY_MIN)).await;
        }
    }

    /// Why this server cannot do its work, or `None`.
    fn is_unwell(&self) -> Option<String> {
        self.journal.lock().stats().poisoned
    }

    /// Alerts about alerts that do not come any more.
    pub(super) fn look_for_watchdogs(&self, now_ms: i64) {
        let plan = self.plan();
        for watchdog in &plan.policy.dead_man.watchdogs {
            let last_ms = self.last_seen(watchdog, now_ms);
            let (is_missing, was_missing) = {
                let mut watchdogs = self.watchdogs.lock();
                let watched = watchdogs.entry_ref(&watchdog.name).or_insert(Watched {
                    seen_ms: now_ms,
                    is_missing: false,
                });
                watched.seen_ms = watched.seen_ms.max(last_ms.unwrap_or(i64::MIN));
                let was_missing = watched.is_missing;
                watched.is_missing = now_ms - watched.seen_ms > millis(watchdog.within);
                (watched.is_missing, was_missing)
            };
            if is_missing {
                self.post_own(missing_alert(watchdog, 0));
            } else if was_missing {
                self.post_own(missing_alert(watchdog, now_ms * NS_PER_MS));
            }
        }
    }

    /// When a watchdog's alert was posted last, if it fires.
    fn last_seen(&self, watchdog: &Watchdog, now_ms: i64) -> Option<i64> {
        let now_ns = now_ms * NS_PER_MS;
        let standing = self.standing.read();
        let alerts = standing.board.alerts().iter();
        alerts
            .map(|(_, slot)| &slot.alert)
            .filter(|a| !a.resolved_at(now_ns) && all_match(&watchdog.matchers, &a.labels))
            .map(|a| a.updated_at_ns / NS_PER_MS)
            .max()
    }
}

async fn call(url: &str) -> Result<(), String> {
    let client = Client::new(&HttpSettings::default()).map_err(|e| e.to_string())?;
    let parsed = url::Url::parse(url).map_err(|e| e.to_string())?;
    let answer = tokio::time::timeout(TIMEOUT, client.get(&parsed, &[])).await;
    let answer = answer.map_err(|_| "no answer in time".to_owned())?;
    let status = answer.map_err(|e| e.to_string())?.status();
    if status.is_success() {
        Ok(())
    } else {
        Err(format!("unexpected status code {status}"))
    }
}

fn missing_alert(watchdog: &Watchdog, ends_at_ns: i64) -> Alert {
    let fixed = [
        ("alertname", "BinnacleWatchdogMissing"),
        ("severity", "critical"),
        ("watchdog", watchdog.name.as_str()),
    ];
    let further = watchdog
        .labels
        .iter()
        .map(|(n, v)| (n.as_str(), v.as_str()));
    Alert {
        labels: Labels::from_pairs(fixed.into_iter().chain(further)),
        annotations: vec![(
            "summary".into(),
            format!(
                "the alert {:?} that always fires does not come any more",
                watchdog.name
            ),
        )],
        ends_at_ns,
        ..Alert::default()
    }
}
