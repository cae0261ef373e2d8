//! State against plain maps, against crashes, against full disks and strange files.

mod concurrency;
mod crash;
mod digests;
mod full;
mod migrations;
mod model;
mod open;
mod quality;
mod retention;
mod runs;
mod search;

use std::path::Path;
use std::sync::Arc;

use binnacle_model::Labels;
use binnacle_model::alert::{Episode, Fingerprint, NotificationOutcome, NotificationRecord};
use binnacle_state::{NewNotification, Settings, State};
use binnacle_stdx::clock::ManualClock;

/// State in `dir`, at 1,000,000 ms.
async fn open(dir: &Path) -> State {
    open_with(dir, Settings::default()).await
}

async fn open_with(dir: &Path, settings: Settings) -> State {
    State::open(dir, settings, Arc::new(ManualClock::new(1_000_000)))
        .await
        .expect("state opens")
}

fn labels(pairs: &[(&str, &str)]) -> Labels {
    Labels::from_pairs(pairs.iter().copied())
}

fn episode(labels: Labels, started_ms: i64, resolved_ms: Option<i64>) -> Episode {
    Episode {
        fingerprint: Fingerprint::of(&labels),
        labels,
        started_ms,
        received_ms: started_ms,
        resolved_ms,
        ..Episode::default()
    }
}

fn notification(at_ms: i64, firing: Vec<Fingerprint>, team: &str) -> NewNotification {
    NewNotification {
        record: NotificationRecord {
            id: 0,
            at_ms,
            receiver: "ops".to_owned(),
            integration: "slack".to_owned(),
            index: 0,
            group_key: "{}:{}".to_owned(),
            group_labels: Labels::empty(),
            reason: "first notification".to_owned(),
            firing,
            resolved: Vec::new(),
            title: "title".to_owned(),
            text: "text".to_owned(),
            outcome: NotificationOutcome::Delivered,
            attempts: 1,
            duration_ms: 5,
            test: false,
        },
        team: team.to_owned(),
        exempt: false,
    }
}
