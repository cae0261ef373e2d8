//! One group of alerts.

use std::hash::BuildHasherDefault;
use std::sync::Arc;

use binnacle_model::Labels;
use binnacle_model::alert::Fingerprint;
use binnacle_model::labels::write_quoted;
use hashbrown::HashSet;

use crate::alerts::FingerprintHasher;
use crate::route::RouteId;

/// Number of a group; never used again for another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct GroupId(pub u64);

/// Alerts that are told together.
#[derive(Debug)]
pub struct Group {
    /// Its route.
    pub route: RouteId,
    /// Its labels.
    pub labels: Labels,
    /// Its key: the route's key and the labels.
    pub key: Arc<str>,
    /// Its alerts.
    pub alerts: HashSet<Fingerprint, BuildHasherDefault<FingerprintHasher>>,
    /// When it is flushed next, milliseconds.
    pub next_ms: i64,
    /// Names of the time intervals that muted it when it was flushed last.
    pub muted_by: Arc<[String]>,
}

/// Key of a group as Alertmanager writes it: names as they are, values quoted.
pub(super) fn key(route: &str, labels: &Labels) -> Arc<str> {
    let mut key = String::with_capacity(route.len() + labels.as_bytes().len() + 16);
    key.push_str(route);
    key.push_str(":{");
    for (i, (name, value)) in labels.iter().enumerate() {
        if i > 0 {
            key.push_str(", ");
        }
        key.push_str(name);
        key.push('=');
        // Writing to a text cannot fail.
        let _ = write_quoted(&mut key, value);
    }
    key.push('}');
    key.into()
}
