//! What came in by which way.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicU64;

use parking_lot::Mutex;

/// The ways in, as [`binnacle_model::event::Source::protocol`] names them.
pub const PROTOCOLS: [&str; 7] = [
    "loki",
    "otlp",
    "elasticsearch",
    "json",
    "syslog",
    "fluent",
    "journald",
];

/// Counts since start, by way in.
#[derive(Debug, Default)]
pub struct LogCounters([WayIn; PROTOCOLS.len()]);

/// Counts of one way in.
#[derive(Debug, Default)]
pub struct WayIn {
    /// Requests, or messages on sockets.
    pub requests: AtomicU64,
    /// Lines that were stored.
    pub lines: AtomicU64,
    /// Bytes as they came over the wire.
    pub bytes: AtomicU64,
    /// Connections of sockets that were turned away because there were too many.
    pub connections_refused: AtomicU64,
    /// Lines that were not stored, by reason. Few reasons, seldom counted.
    refused_lines: Mutex<BTreeMap<&'static str, u64>>,
    /// Requests of which nothing was taken, by reason.
    refused_requests: Mutex<BTreeMap<&'static str, u64>>,
}

impl LogCounters {
    /// The counters of a way in. An unknown name counts with the first.
    #[must_use]
    pub fn of(&self, protocol: &str) -> &WayIn {
        let at = PROTOCOLS.iter().position(|p| *p == protocol).unwrap_or(0);
        &self.0[at]
    }

    /// All of them, with their names.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &WayIn)> {
        PROTOCOLS.into_iter().zip(&self.0)
    }
}

impl WayIn {
    /// Counts lines that were not stored.
    pub fn refuse_lines(&self, reason: &'static str, lines: u64) {
        let mut all = self.refused_lines.lock();
        let count = all.entry(reason).or_default();
        *count = count.saturating_add(lines);
    }

    /// Counts a request of which nothing was taken.
    pub fn refuse_request(&self, reason: &'static str) {
        *self.refused_requests.lock().entry(reason).or_default() += 1;
    }

    /// Lines that were not stored, by reason.
    #[must_use]
    pub fn refused_lines(&self) -> Vec<(&'static str, u64)> {
        self.refused_lines
            .lock()
            .iter()
            .map(|(r, n)| (*r, *n))
            .collect()
    }

    /// Requests of which nothing was taken, by reason.
    #[must_use]
    pub fn refused_requests(&self) -> Vec<(&'static str, u64)> {
        self.refused_requests
            .lock()
            .iter()
            .map(|(r, n)| (*r, *n))
            .collect()
    }
}
