//! How long lines are kept: `compactor`, `table_manager` and `chunk_store_config`, with the
//! periods of `limits_config`.
//!
//! As in Loki, the periods act only where something is told to delete: with
//! `compactor.retention_enabled`, or `table_manager.retention_deletes_enabled`.

use std::time::Duration;

use binnacle_config::error::ConfigError;
use binnacle_config::reader::Reader;

use super::given;
use super::limits::{Limits, deletion_mode};
use super::unused::{self, Unused};

/// What is kept how long.
#[derive(Debug, Default)]
pub(super) struct Retention {
    /// Of all lines.
    pub(super) period: Option<Duration>,
    /// Of some streams, by falling priority.
    pub(super) streams: Vec<(String, Duration)>,
    /// How far back queries look.
    pub(super) lookback: Option<Duration>,
    /// Whether deletions are answered.
    pub(super) deletion: Option<bool>,
}

/// Reads the three sections at the top of the file.
pub(super) fn read(r: &mut Reader<'_>, limits: &Limits, unused: &mut Unused) -> Retention {
    let compactor = r.section("compactor", |r| {
        let is_enabled = r.bool("retention_enabled");
        let deletion = deletion_mode(r);
        unused.take_all(r, unused::COMPACTOR);
        (is_enabled, deletion)
    });
    let tables = r.section("table_manager", |r| {
        let is_enabled = r.bool("retention_deletes_enabled");
        let period = given(r, "retention_period", Reader::duration);
        unused.take_all(r, unused::TABLE_MANAGER);
        period.filter(|_| is_enabled)
    });
    let lookback = r.section("chunk_store_config", |r| {
        let period = given(r, "max_look_back_period", Reader::duration);
        unused.take_all(r, unused::CHUNK_STORE);
        period
    });
    let (is_compacted, deletion) = compactor.unwrap_or_default();
    let has_periods = limits.retention.is_some_and(|period| !period.is_zero())
        || !limits.stream_retention.is_empty();
    if has_periods && !is_compacted {
        r.context().warn(ConfigError::new(
            r.context().file(),
            r.at("limits_config"),
            "retention_period and retention_stream act with compactor.retention_enabled: true \
             only, as in Loki",
        ));
    }
    let mut streams = Vec::new();
    if is_compacted {
        let mut own = limits.stream_retention.clone();
        own.sort_by_key(|(priority, ..)| std::cmp::Reverse(*priority));
        streams.extend(
            own.into_iter()
                .map(|(_, selector, period)| (selector, period)),
        );
    }
    Retention {
        period: limits
            .retention
            .filter(|_| is_compacted)
            .or(tables.flatten()),
        streams,
        lookback: lookback.flatten(),
        deletion: limits.deletion_mode.or(deletion),
    }
}
