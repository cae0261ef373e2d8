//! The journal: an alert that was taken survives the process.
//!
//! One record in a write-ahead log for each batch that was posted, as it was posted;
//! reading it back merges again, and merging is a function of the alerts alone. An alert
//! that was posted before and brings nothing but times is written as its number and the
//! times. Further records say of which alerts everyone was told the end, so that it is
//! not told again (`docs/formats/alert-journal.md`).
//!
//! The log stays bounded: when it has grown, all alerts are written anew into a new
//! segment, some at a time between the batches that come in, and the older segments go. A
//! crash in the midst of that leaves the old segments, and reading both is harmless.

mod record;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use binnacle_model::alert::{Alert, Fingerprint};
use binnacle_stdx::files::Files;
use binnacle_store::wal::{SyncPolicy, Wal, WalOptions, WalStats};

pub use record::{Batch, Entry, RecordError};

/// Kinds of records in the log.
const KIND_POSTED: u8 = 1;
const KIND_SETTLED: u8 = 2;
const KIND_SNAPSHOT: u8 = 3;

/// A log smaller than this is not written anew.
const REWRITE_BYTES_MIN: u64 = 32 << 20;

/// A log that has grown to this many times what the alerts alone take is written anew.
const REWRITE_FACTOR: u64 = 4;

/// How the journal is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JournalOptions {
    /// When records are made safe from a power cut. A killed process loses nothing under
    /// any policy.
    pub sync: SyncPolicy,
    /// Bytes of one segment.
    pub segment_bytes_max: u64,
    /// With less free space on the disk than this, alerts are refused.
    pub reserve_bytes: u64,
}

impl Default for JournalOptions {
    fn default() -> Self {
        Self {
            sync: SyncPolicy::Interval(Duration::from_secs(1)),
            segment_bytes_max: 16 << 20,
            reserve_bytes: 8 << 20,
        }
    }
}

/// What a journal said when it was opened.
pub trait Replay {
    /// An alert was posted.
    fn posted(&mut self, fingerprint: Fingerprint, entry: Entry);
    /// An alert stood so when the log was written anew.
    fn stood(&mut self, fingerprint: Fingerprint, alert: Alert, settled: bool);
    /// Everyone was told the end of an alert.
    fn settled(&mut self, fingerprint: Fingerprint);
}

/// The journal of alerts. Callers append one at a time.
pub struct Journal {
    wal: Wal,
    /// What all alerts took when they were written anew last.
    alerts_bytes: AtomicU64,
}

impl Journal {
    /// Opens the journal in `dir`, and tells `replay` what is in it. Answers what could
    /// not be read, in words.
    ///
    /// # Errors
    /// When the folder cannot be read or written.
    pub fn open(
        files: Arc<dyn Files>,
        dir: &Path,
        options: JournalOptions,
        replay: &mut dyn Replay,
    ) -> Result<(Self, Vec<String>), binnacle_store::Error> {
        let wal_options = WalOptions {
            sync: options.sync,
            segment_bytes_max: options.segment_bytes_max,
            reserve_bytes: options.reserve_bytes,
        };
        let (wal, recovery) = Wal::open(files, dir, wal_options)?;
        let mut lost: Vec<String> = recovery.dropped.iter().map(ToString::to_string).collect();
        let mut records = recovery.replay();
        while let Some(record) = records.next_record()? {
            let read = match record.kind {
                KIND_POSTED => record::read_posted(record.payload, replay),
                KIND_SETTLED => record::read_settled(record.payload, replay),
                KIND_SNAPSHOT => record::read_snapshot(record.payload, replay),
                kind => Err(RecordError::UnknownKind(kind)),
            };
            if let Err(error) = read {
                lost.push(format!("alert journal at {:?}: {error}", record.at));
            }
        }
        lost.extend(records.dropped().iter().map(ToString::to_string));
        let journal = Self {
            wal,
            alerts_bytes: AtomicU64::new(0),
        };
        Ok((journal, lost))
    }

    /// Appends a batch of posted alerts. When it returns `Ok` they survive the process.
    ///
    /// # Errors
    /// When the disk is full or failed.
    pub fn posted(&self, batch: &Batch) -> Result<(), binnacle_store::Error> {
        self.wal.append_one(KIND_POSTED, batch.bytes())?;
        Ok(())
    }

    /// Notes that everyone was told the end of these alerts.
    ///
    /// # Errors
    /// When the disk is full or failed.
    pub fn settled(&self, alerts: &[Fingerprint]) -> Result<(), binnacle_store::Error> {
        if alerts.is_empty() {
            return Ok(());
        }
        self.wal
            .append_one(KIND_SETTLED, &record::write_settled(alerts))?;
        Ok(())
    }

    /// Whether the log has grown so that it is worth while to write it anew.
    #[must_use]
    pub fn has_grown(&self) -> bool {
        let alerts = self.alerts_bytes.load(Relaxed);
        let bytes = self.wal.stats().segment_bytes;
        bytes > REWRITE_BYTES_MIN.max(alerts.saturating_mul(REWRITE_FACTOR))
    }

    /// Begins to write the log anew.
    ///
    /// # Errors
    /// When the disk is full or failed.
    pub fn begin_rewrite(&self) -> Result<Rewrite, binnacle_store::Error> {
        let segment = self.wal.rotate()?;
        Ok(Rewrite { segment, bytes: 0 })
    }

    /// Writes some alerts as they stand, with whether everyone was told their end.
    ///
    /// # Errors
    /// When the disk is full or failed: nothing of the old log is lost.
    pub fn rewrite(&self, part: Rewrite, batch: &Batch) -> Result<Rewrite, binnacle_store::Error> {
        if !batch.is_empty() {
            self.wal.append_one(KIND_SNAPSHOT, batch.bytes())?;
        }
        Ok(Rewrite {
            segment: part.segment,
            bytes: part.bytes + batch.bytes().len() as u64,
        })
    }

    /// All alerts were written: the older segments go.
    ///
    /// # Errors
    /// When the disk failed.
    pub fn finish_rewrite(&self, part: Rewrite) -> Result<(), binnacle_store::Error> {
        self.wal.sync()?;
        self.wal.truncate_before(part.segment)?;
        self.alerts_bytes.store(part.bytes, Relaxed);
        Ok(())
    }

    /// Figures for telemetry.
    #[must_use]
    pub fn stats(&self) -> WalStats {
        self.wal.stats()
    }

    /// Syncs what is there and takes no more.
    ///
    /// # Errors
    /// When the disk failed.
    pub fn close(&self) -> Result<(), binnacle_store::Error> {
        self.wal.close()
    }
}

/// How far the log is written anew.
#[must_use]
#[derive(Debug, Clone, Copy)]
pub struct Rewrite {
    segment: u64,
    bytes: u64,
}
