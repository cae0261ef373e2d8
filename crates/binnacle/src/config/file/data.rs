//! `data`: where samples are kept, how long, and how safely.

use std::path::{Path, PathBuf};
use std::time::Duration;

use binnacle_metrics::{EngineOptions, SyncPolicy};

use crate::config::prometheus::Storage;
use binnacle_config::reader::Reader;

/// Where and how data are kept.
#[derive(Debug, Clone, PartialEq)]
pub struct DataSettings {
    /// The data directory.
    pub directory: PathBuf,
    /// How the metrics engine keeps them.
    pub engine: EngineOptions,
}

/// The section as it was typed. What is `None` may be set by a `prometheus.yml`.
pub(super) struct Data {
    directory: PathBuf,
    retention_time: Option<Duration>,
    retention_bytes: Option<u64>,
    out_of_order_window: Option<Duration>,
    exemplars_max: Option<u64>,
    future_max: Duration,
    sync: SyncPolicy,
    reserve_bytes: u64,
    head_samples_max: u64,
}

/// Reads the section.
pub(super) fn read(r: &mut Reader<'_>) -> Data {
    let default = EngineOptions::default();
    let directory = r.text_or("directory", "data");
    if directory.is_empty() {
        r.refuse("directory", "the data directory must be named");
    }
    let retention_time = given(r, "retention_time", Reader::duration);
    let retention_bytes = given(r, "retention_size", |r, key| size(r, key, 0));
    let out_of_order_window = given(r, "out_of_order_window", Reader::duration);
    let exemplars_max = given(r, "exemplars_max", Reader::uint);
    Data {
        directory: r.resolve_path(&directory),
        retention_time,
        retention_bytes,
        out_of_order_window,
        exemplars_max,
        future_max: r.duration_or("future_max", ms(default.future_max_ms)),
        sync: read_sync(r),
        reserve_bytes: size(r, "disk_reserve", default.reserve_bytes),
        head_samples_max: r.uint_or("head_samples_max", default.head_samples_max),
    }
}

/// The value of `key` when it is set, be it to zero.
fn given<'a, T>(
    r: &mut Reader<'a>,
    key: &'static str,
    read: impl FnOnce(&mut Reader<'a>, &'static str) -> T,
) -> Option<T> {
    let value = read(r, key);
    r.has(key).then_some(value)
}

fn size(r: &mut Reader<'_>, key: &'static str, default: u64) -> u64 {
    let size = r.size_or(key, i64::try_from(default).unwrap_or(i64::MAX));
    u64::try_from(size).unwrap_or_else(|_| {
        r.refuse(key, format!("{key:?} must not be negative"));
        default
    })
}

fn read_sync(r: &mut Reader<'_>) -> SyncPolicy {
    let policy = r.text_or("sync", "interval");
    let interval = r.duration_or("sync_interval", Duration::from_secs(1));
    if interval.is_zero() {
        r.refuse(
            "sync_interval",
            "\"sync_interval\" must not be zero, set \"sync\" to always for that",
        );
    }
    match policy.as_str() {
        "always" => SyncPolicy::Always,
        "never" => SyncPolicy::Never,
        other => {
            if other != "interval" {
                r.refuse(
                    "sync",
                    format!("sync must be always, interval or never, got {other:?}"),
                );
            }
            SyncPolicy::Interval(interval)
        }
    }
}

fn ms(ms: i64) -> Duration {
    Duration::from_millis(ms.unsigned_abs())
}

fn to_ms(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

impl Data {
    /// Where data are kept: the command line wins.
    pub(super) fn directory(&self, given: Option<&Path>) -> PathBuf {
        given.unwrap_or(&self.directory).to_owned()
    }

    /// What to do: the command line wins over this file, this file over the
    /// `prometheus.yml` that it names.
    pub(super) fn resolve(
        &self,
        directory: Option<&Path>,
        storage: &Storage,
        series_max: u32,
    ) -> DataSettings {
        let default = EngineOptions::default();
        let retention = self.retention_time.or(storage.retention_time);
        let window = self.out_of_order_window.or(storage.out_of_order_window);
        let exemplars = self.exemplars_max.or(storage.exemplars_max);
        let engine = EngineOptions {
            retention_ms: retention.map_or(default.retention_ms, to_ms),
            retention_bytes: self
                .retention_bytes
                .or(storage.retention_bytes)
                .unwrap_or(default.retention_bytes),
            out_of_order_window_ms: window.map_or(default.out_of_order_window_ms, to_ms),
            exemplars_max: exemplars.map_or(default.exemplars_max, |n| {
                usize::try_from(n).unwrap_or(usize::MAX)
            }),
            future_max_ms: to_ms(self.future_max),
            sync: self.sync,
            reserve_bytes: self.reserve_bytes,
            head_samples_max: self.head_samples_max,
            series_max,
            ..default
        };
        DataSettings {
            directory: self.directory(directory),
            engine,
        }
    }
}
