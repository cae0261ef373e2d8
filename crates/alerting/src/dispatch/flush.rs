//! What comes out of the dispatcher.

use std::sync::Arc;

use binnacle_model::Labels;
use binnacle_model::alert::{Alert, Fingerprint};

use super::GroupId;
use crate::route::RouteId;

/// An alert as it stood when its group was flushed.
#[derive(Debug, Clone)]
pub struct Told {
    /// Its number.
    pub fingerprint: Fingerprint,
    /// The alert.
    pub alert: Arc<Alert>,
    /// Whether it had ended by then.
    pub resolved: bool,
}

/// A group whose time has come.
#[derive(Debug, Clone)]
pub struct Flush {
    /// Which group.
    pub group: GroupId,
    /// Its route.
    pub route: RouteId,
    /// Key of the group.
    pub key: Arc<str>,
    /// Labels of the group.
    pub labels: Labels,
    /// When it was flushed, milliseconds.
    pub at_ms: i64,
    /// Its alerts, in the order of notifications.
    pub alerts: Vec<Told>,
}

/// Alerts of a flush that everyone was told of.
#[derive(Debug, Clone)]
pub struct Settled {
    /// Which group.
    pub group: GroupId,
    /// Ended alerts of the flush.
    pub resolved: Vec<(Fingerprint, Arc<Alert>)>,
}

impl Flush {
    /// What is settled once everyone was told.
    #[must_use]
    pub fn settled(&self) -> Settled {
        Settled {
            group: self.group,
            resolved: self
                .alerts
                .iter()
                .filter(|told| told.resolved)
                .map(|told| (told.fingerprint, Arc::clone(&told.alert)))
                .collect(),
        }
    }
}
