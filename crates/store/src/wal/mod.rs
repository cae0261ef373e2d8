//! The write-ahead log: what is in it was accepted.
//!
//! A log is a folder of numbered segments; a segment is a header and records; a
//! record is a kind, a payload and a checksum (`docs/formats/wal.md`). Many threads
//! append. Their records meet in one buffer; the first thread to come writes the
//! buffer for all who came while the last write went on (group commit), so the
//! number of system calls and syncs falls as the load rises, and a lone thread
//! never waits for a timer.
//!
//! What can go wrong, and what happens then:
//! - the process is killed: the last record may be cut short; [`Wal::open`] cuts it
//!   off, says so, and appending goes on;
//! - a bit flips: the record is left out and reported, what is behind it is read;
//! - the disk is full: the half-written records are taken back, the append is
//!   refused with [`Error::Full`], and the next one is tried again;
//! - a write or a sync fails: nobody knows what is on the disk, so the log is
//!   poisoned; reads go on, appends are refused until the process starts again.
//!
//! It deliberately does not know what records mean, keeps no index (a log is read from
//! front to back), and does not compress: one core writes 50 to 60 million samples a
//! second of ids, times and floats into it; zstd-1 would halve their bytes, which live
//! for some hours at most, and do 13 million (`examples/wal_rate.rs`).

mod format;
mod options;
mod replay;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;

use binnacle_stdx::files::Files;

use crate::Error;
pub use format::RECORD_BYTES_MAX;
pub use options::{SyncPolicy, WalOptions};
pub use replay::{Dropped, Record, Replay};
use replay::{Tail, find_tail};
use writer::Writer;

/// A place in a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// The number of the segment.
    pub segment: u64,
    /// Bytes from the beginning of the segment.
    pub offset: u64,
}

/// One file of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SegmentInfo {
    /// Its number; numbers rise and are never used again.
    pub segment: u64,
    /// Where it is.
    pub path: PathBuf,
    /// How long it is.
    pub bytes: u64,
}

/// A record to append. The payload may come in parts, which saves the caller from
/// copying them together.
#[derive(Debug, Clone, Copy)]
pub struct RecordRef<'a> {
    /// What it is; the log does not look at it.
    pub kind: u8,
    /// What it carries: the parts, one behind the other.
    pub parts: &'a [&'a [u8]],
}

/// What was found when a log was opened.
pub struct Recovery {
    /// The segments, oldest first.
    pub segments: Vec<SegmentInfo>,
    /// What was cut off the end, if anything. Damage elsewhere shows during
    /// [`Self::replay`].
    pub dropped: Vec<Dropped>,
    files: Arc<dyn Files>,
}

impl Recovery {
    /// Walks over the records that were there at opening, oldest first; may be
    /// called again. Do it before [`Wal::truncate_before`].
    #[must_use]
    pub fn replay(&self) -> Replay {
        Replay::new(Arc::clone(&self.files), self.segments.clone())
    }
}

/// A log that is being written. Safe to use from many threads; dropping it syncs
/// (unless the policy is [`SyncPolicy::Never`]) and ends its thread.
pub struct Wal {
    writer: Arc<Writer>,
    syncer: Option<JoinHandle<()>>,
}

/// Figures of a log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WalStats {
    /// Records appended since opening.
    pub records: u64,
    /// Bytes appended since opening, record headers included.
    pub bytes: u64,
    /// Writes to the kernel since opening.
    pub writes: u64,
    /// Syncs since opening.
    pub syncs: u64,
    /// Appends refused because the disk was full.
    pub refused_full: u64,
    /// Segments now.
    pub segments: u64,
    /// Bytes of all segments now.
    pub segment_bytes: u64,
    /// Why no more is written, if so.
    pub poisoned: Option<String>,
}

impl Wal {
    /// Opens the log in `dir`, makes it when there is none, and cuts an unfinished
    /// record off its end.
    ///
    /// # Errors
    /// When the folder cannot be read or written, or a segment is from the future.
    pub fn open(
        files: Arc<dyn Files>,
        dir: &Path,
        options: WalOptions,
    ) -> Result<(Self, Recovery), Error> {
        files
            .create_dir_all(dir)
            .map_err(Error::io("create", dir))?;
        let mut segments = list_segments(&*files, dir)?;
        let mut dropped = Vec::new();
        let appendable = match segments.last_mut() {
            Some(last) => mend_tail(&*files, last, &mut dropped)?,
            None => false,
        };
        let writer = Writer::start(Arc::clone(&files), dir, options, &segments, appendable)?;
        let writer = Arc::new(writer);
        let syncer = match options.sync {
            SyncPolicy::Interval(interval) => Some(Writer::spawn_syncer(&writer, interval)?),
            SyncPolicy::Always | SyncPolicy::Never => None,
        };
        Ok((
            Self { writer, syncer },
            Recovery {
                segments,
                dropped,
                files,
            },
        ))
    }

    /// Appends records, all behind each other and in this order. When it returns
    /// `Ok` they are with the kernel, and on the disk if the policy says so. The
    /// position is that of the first record.
    ///
    /// # Errors
    /// [`Error::Full`] and [`Error::Limit`] (over [`RECORD_BYTES_MAX`]): nothing was
    /// appended, try again later or with less. [`Error::Poisoned`],
    /// [`Error::Closed`]: nothing will be appended any more; after a failed sync the
    /// records may or may not come back after a restart.
    pub fn append(&self, records: &[RecordRef<'_>]) -> Result<Position, Error> {
        self.writer.append(records)
    }

    /// Appends one record. See [`Self::append`].
    ///
    /// # Errors
    /// As [`Self::append`].
    pub fn append_one(&self, kind: u8, payload: &[u8]) -> Result<Position, Error> {
        self.append(&[RecordRef {
            kind,
            parts: &[payload],
        }])
    }

    /// Ends the current segment and begins a new one, whose number it returns:
    /// every record appended before the call is in a segment before it. An empty
    /// segment is not ended.
    ///
    /// # Errors
    /// As [`Self::append`].
    pub fn rotate(&self) -> Result<u64, Error> {
        self.writer.rotate()
    }

    /// Makes everything appended so far survive a power cut.
    ///
    /// # Errors
    /// [`Error::Poisoned`].
    pub fn sync(&self) -> Result<(), Error> {
        self.writer.sync()
    }

    /// Removes the segments before `segment`, and returns how many bytes that gave
    /// back. The current segment is never removed.
    ///
    /// # Errors
    /// [`Error::Io`]; segments not removed are removed the next time.
    pub fn truncate_before(&self, segment: u64) -> Result<u64, Error> {
        self.writer.truncate_before(segment)
    }

    /// The number of the segment that is being written.
    #[must_use]
    pub fn segment(&self) -> u64 {
        self.writer.segment()
    }

    /// The folder.
    #[must_use]
    pub fn dir(&self) -> &Path {
        self.writer.dir()
    }

    /// Figures for telemetry.
    #[must_use]
    pub fn stats(&self) -> WalStats {
        self.writer.stats()
    }

    /// Refuses further appends with [`Error::Closed`], and syncs what is there.
    ///
    /// # Errors
    /// As [`Self::sync`].
    pub fn close(&self) -> Result<(), Error> {
        self.writer.close()
    }
}

impl Drop for Wal {
    fn drop(&mut self) {
        if let Err(error) = self.writer.close() {
            tracing::error!(%error, "the log could not be synced when it was closed");
        }
        if let Some(syncer) = self.syncer.take() {
            // A panic there has already been reported by its thread.
            let _ = syncer.join();
        }
    }
}

fn list_segments(files: &dyn Files, dir: &Path) -> Result<Vec<SegmentInfo>, Error> {
    let mut segments = Vec::new();
    for path in files.list(dir).map_err(Error::io("list", dir))? {
        if let Some(segment) = format::segment_number(&path) {
            let bytes = files.len(&path).map_err(Error::io("stat", &path))?;
            segments.push(SegmentInfo {
                segment,
                path,
                bytes,
            });
        }
    }
    segments.sort_by_key(|s| s.segment);
    Ok(segments)
}

/// Cuts an unfinished record off the last segment; tells whether the segment may be
/// appended to.
fn mend_tail(
    files: &dyn Files,
    last: &mut SegmentInfo,
    dropped: &mut Vec<Dropped>,
) -> Result<bool, Error> {
    let bytes = files
        .map(&last.path)
        .map_err(Error::io("map", &last.path))?;
    let tail = match format::check_segment_header(&bytes, last.segment) {
        format::SegmentHeader::Good => find_tail(&bytes),
        format::SegmentHeader::Newer(found) => {
            return Err(Error::NewerVersion {
                path: last.path.clone(),
                found,
                supported: format::VERSION,
            });
        }
        // Killed while the segment was made: it holds nothing.
        format::SegmentHeader::Bad(why) if bytes.len() <= format::SEGMENT_HEADER_BYTES => {
            Tail::Torn { at: 0, why }
        }
        format::SegmentHeader::Bad(_) => Tail::Damaged,
    };
    let (at, why) = match tail {
        Tail::Whole => return Ok(true),
        Tail::Damaged => return Ok(false),
        Tail::Torn { at, why } => (at as u64, why),
    };
    drop(bytes);
    if last.bytes > at {
        dropped.push(Dropped {
            path: last.path.clone(),
            at: Position {
                segment: last.segment,
                offset: at,
            },
            bytes: last.bytes - at,
            why,
            torn_tail: true,
        });
    }
    let file = files
        .append(&last.path)
        .map_err(Error::io("open", &last.path))?;
    file.set_len(at)
        .map_err(Error::io("truncate", &last.path))?;
    file.sync_data().map_err(Error::io("sync", &last.path))?;
    last.bytes = at;
    Ok(true)
}
