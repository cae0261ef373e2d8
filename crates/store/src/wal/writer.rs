//! Group commit: one buffer, one leader at a time.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use binnacle_stdx::files::{File, Files, is_full};
use parking_lot::{Condvar, Mutex, MutexGuard};

use super::format::{
    RECORD_BYTES_MAX, SEGMENT_HEADER_BYTES, Salt, put_record, record_crc, segment_header,
    segment_path,
};
use super::{Position, RecordRef, SegmentInfo, SyncPolicy, WalOptions, WalStats};
use crate::Error;

/// How many bytes are written before the free space is looked at again.
const SPACE_CHECK_BYTES: u64 = 1 << 20;

/// A buffer that has grown over this is given back after its batch.
const SPARE_BYTES_MAX: usize = 4 << 20;

pub(super) struct Writer {
    files: Arc<dyn Files>,
    dir: PathBuf,
    options: WalOptions,
    /// The same for all segments of one writer, so that checksums can be computed
    /// before it is known into which segment a record goes.
    salt: Salt,
    state: Mutex<State>,
    /// A batch has its outcome, and nobody leads.
    done: Condvar,
    /// The syncer should look.
    tick: Condvar,
    /// One sync at a time: whoever returns from a sync knows that no other one is
    /// still busy with files that it took over.
    syncing: Mutex<()>,
}

struct State {
    pending: Vec<u8>,
    batch: Arc<Batch>,
    spare: Vec<u8>,
    leading: bool,
    current: Current,
    closed_segments: Vec<SegmentInfo>,
    unsynced: Vec<Current>,
    dirty: bool,
    poisoned: Option<String>,
    closed: bool,
    unchecked_bytes: u64,
    low_space: bool,
    stats: WalStats,
}

#[derive(Clone)]
struct Current {
    file: Arc<dyn File>,
    path: PathBuf,
    segment: u64,
    bytes: u64,
}

/// The records that are written together.
#[derive(Default)]
struct Batch {
    /// Where the first record stands, or why none does.
    outcome: OnceLock<Result<Position, Failure>>,
}

#[derive(Clone)]
enum Failure {
    Full(String),
    Poisoned(String),
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Full(message) => Self::Full { message },
            Failure::Poisoned(message) => Self::Poisoned { message },
        }
    }
}

impl Writer {
    /// Goes on with the last of `segments`, or begins a new one.
    pub(super) fn start(
        files: Arc<dyn Files>,
        dir: &Path,
        options: WalOptions,
        segments: &[SegmentInfo],
        appendable: bool,
    ) -> Result<Self, Error> {
        let mut closed_segments = segments.to_vec();
        let last = closed_segments.last().map_or(0, |s| s.segment);
        let mut salt = Salt::random();
        let reopened = if appendable {
            closed_segments.pop()
        } else {
            None
        };
        let current = match reopened {
            Some(info) if info.bytes > 0 => {
                let file = files
                    .append(&info.path)
                    .map_err(Error::io("open", &info.path))?;
                let mut header = [0; SEGMENT_HEADER_BYTES];
                file.read_exact_at(&mut header, 0)
                    .map_err(Error::io("read", &info.path))?;
                salt = Salt::of(&header);
                Current {
                    file,
                    path: info.path,
                    segment: info.segment,
                    bytes: info.bytes,
                }
            }
            Some(info) => create_segment(&*files, dir, info.segment, salt)?,
            None => create_segment(&*files, dir, last + 1, salt)?,
        };
        let state = State {
            pending: Vec::new(),
            batch: Arc::default(),
            spare: Vec::new(),
            leading: false,
            current,
            closed_segments,
            unsynced: Vec::new(),
            // What an earlier process left may be in the kernel only.
            dirty: true,
            poisoned: None,
            closed: false,
            unchecked_bytes: SPACE_CHECK_BYTES,
            low_space: false,
            stats: WalStats::default(),
        };
        Ok(Self {
            files,
            dir: dir.to_path_buf(),
            options,
            salt,
            state: Mutex::new(state),
            done: Condvar::new(),
            tick: Condvar::new(),
            syncing: Mutex::new(()),
        })
    }

    pub(super) fn append(&self, records: &[RecordRef<'_>]) -> Result<Position, Error> {
        let mut crcs = Vec::with_capacity(records.len());
        for record in records {
            let len: usize = record.parts.iter().map(|p| p.len()).sum();
            if len > RECORD_BYTES_MAX {
                return Err(Error::Limit {
                    what: "log record",
                    value: len as u64,
                    limit: RECORD_BYTES_MAX as u64,
                });
            }
            crcs.push(record_crc(self.salt, record.kind, record.parts));
        }
        let mut state = self.state.lock();
        state.admit()?;
        let before = state.pending.len() as u64;
        for (record, &crc) in records.iter().zip(&crcs) {
            put_record(&mut state.pending, record.kind, record.parts, crc);
        }
        let bytes = state.pending.len() as u64 - before;
        let batch = Arc::clone(&state.batch);
        loop {
            match batch.outcome.get() {
                Some(Ok(first)) => {
                    state.stats.records += records.len() as u64;
                    state.stats.bytes += bytes;
                    return Ok(Position {
                        segment: first.segment,
                        offset: first.offset + before,
                    });
                }
                Some(Err(failure)) => {
                    state.stats.refused_full += u64::from(matches!(failure, Failure::Full(_)));
                    return Err(failure.clone().into());
                }
                None if state.leading => self.done.wait(&mut state),
                None => self.lead(&mut state),
            }
        }
    }

    /// Writes what is pending for all who wait for it. The lock is open while the
    /// system works, and others fill the next buffer.
    fn lead(&self, state: &mut MutexGuard<'_, State>) {
        state.leading = true;
        let spare = std::mem::take(&mut state.spare);
        let mut bytes = std::mem::replace(&mut state.pending, spare);
        let batch = std::mem::take(&mut state.batch);
        let outcome = match state.poisoned.clone() {
            Some(message) => Err(Failure::Poisoned(message)),
            None => self.write(state, &bytes),
        };
        if let Err(Failure::Poisoned(message)) = &outcome {
            state.poison(message);
        }
        // `set` fails only when it was set before, and only the leader sets.
        let _ = batch.outcome.set(outcome);
        if bytes.capacity() <= SPARE_BYTES_MAX {
            bytes.clear();
            state.spare = bytes;
        }
        state.leading = false;
        self.done.notify_all();
    }

    fn write(&self, state: &mut MutexGuard<'_, State>, bytes: &[u8]) -> Result<Position, Failure> {
        let len = bytes.len() as u64;
        self.check_space(state, len)?;
        let full_segment = state.current.bytes + len > self.options.segment_bytes_max;
        if full_segment && state.current.bytes > SEGMENT_HEADER_BYTES as u64 {
            self.begin_segment(state)?;
        }
        let current = state.current.clone();
        let sync = self.options.sync == SyncPolicy::Always;
        let result = MutexGuard::unlocked(state, || {
            write_or_take_back(&current, bytes)?;
            if sync {
                sync_file(&current)?;
            }
            Ok(())
        });
        if matches!(result, Err(Failure::Full(_))) {
            state.low_space = true;
        }
        result?;
        state.current.bytes += len;
        if !sync && !state.dirty {
            state.dirty = true;
            self.tick.notify_all();
        }
        state.unchecked_bytes += len;
        state.stats.writes += 1;
        state.stats.syncs += u64::from(sync);
        Ok(Position {
            segment: current.segment,
            offset: current.bytes,
        })
    }

    /// Refuses when the write would eat into the reserve.
    fn check_space(&self, state: &mut State, len: u64) -> Result<(), Failure> {
        let reserve = self.options.reserve_bytes;
        if reserve == 0 || !(state.low_space || state.unchecked_bytes + len > SPACE_CHECK_BYTES) {
            return Ok(());
        }
        // Where nobody can tell, the full disk itself must say.
        let Ok(free) = self.files.free_space(&self.dir) else {
            return Ok(());
        };
        state.unchecked_bytes = 0;
        state.low_space = free < reserve.saturating_add(len);
        if state.low_space {
            return Err(Failure::Full(format!(
                "{} has {free} bytes left, and {reserve} are kept in reserve",
                self.dir.display()
            )));
        }
        Ok(())
    }

    /// Ends the current segment. To be called by the leader.
    fn begin_segment(&self, state: &mut MutexGuard<'_, State>) -> Result<(), Failure> {
        let segment = state.current.segment + 1;
        let created = MutexGuard::unlocked(state, || {
            create_segment(&*self.files, &self.dir, segment, self.salt)
        });
        let new = created.map_err(|error| match error {
            Error::Full { message } => Failure::Full(message),
            other => Failure::Poisoned(other.to_string()),
        })?;
        let old = std::mem::replace(&mut state.current, new);
        state.closed_segments.push(SegmentInfo {
            segment: old.segment,
            path: old.path.clone(),
            bytes: old.bytes,
        });
        if state.dirty {
            state.unsynced.push(old);
        }
        state.dirty = false;
        Ok(())
    }

    pub(super) fn rotate(&self) -> Result<u64, Error> {
        let mut state = self.state.lock();
        loop {
            state.admit()?;
            if state.leading {
                self.done.wait(&mut state);
            } else if state.pending.is_empty() {
                break;
            } else {
                self.lead(&mut state);
            }
        }
        if state.current.bytes <= SEGMENT_HEADER_BYTES as u64 {
            return Ok(state.current.segment);
        }
        state.leading = true;
        let result = self.begin_segment(&mut state);
        if let Err(Failure::Poisoned(message)) = &result {
            state.poison(message);
        }
        state.leading = false;
        self.done.notify_all();
        result?;
        Ok(state.current.segment)
    }

    pub(super) fn sync(&self) -> Result<(), Error> {
        let _one_at_a_time = self.syncing.lock();
        let mut state = self.state.lock();
        if let Some(message) = &state.poisoned {
            return Err(Error::Poisoned {
                message: message.clone(),
            });
        }
        let mut todo = std::mem::take(&mut state.unsynced);
        if std::mem::take(&mut state.dirty) {
            todo.push(state.current.clone());
        }
        let result = MutexGuard::unlocked(&mut state, || todo.iter().try_for_each(sync_file));
        state.stats.syncs += todo.len() as u64;
        if let Err(Failure::Poisoned(message)) = &result {
            state.poison(message);
        }
        Ok(result?)
    }

    pub(super) fn truncate_before(&self, segment: u64) -> Result<u64, Error> {
        let mut state = self.state.lock();
        let (old, kept) = std::mem::take(&mut state.closed_segments)
            .into_iter()
            .partition(|s| s.segment < segment);
        state.closed_segments = kept;
        state.unsynced.retain(|s| s.segment >= segment);
        let mut old: std::collections::VecDeque<SegmentInfo> = Vec::into(old);
        if old.is_empty() {
            return Ok(0);
        }
        let mut bytes = 0;
        let result = MutexGuard::unlocked(&mut state, || {
            while let Some(first) = old.front() {
                self.files
                    .remove(&first.path)
                    .map_err(Error::io("remove", &first.path))?;
                bytes += first.bytes;
                old.pop_front();
            }
            self.files
                .sync_dir(&self.dir)
                .map_err(Error::io("sync", &self.dir))
        });
        old.extend(std::mem::take(&mut state.closed_segments));
        state.closed_segments = old.into();
        state.closed_segments.sort_by_key(|s| s.segment);
        result.map(|()| bytes)
    }

    pub(super) fn close(&self) -> Result<(), Error> {
        let mut state = self.state.lock();
        state.closed = true;
        self.tick.notify_all();
        while state.leading || !state.pending.is_empty() {
            if state.leading {
                self.done.wait(&mut state);
            } else {
                self.lead(&mut state);
            }
        }
        drop(state);
        if self.options.sync == SyncPolicy::Never {
            Ok(())
        } else {
            self.sync()
        }
    }

    pub(super) fn segment(&self) -> u64 {
        self.state.lock().current.segment
    }

    pub(super) fn dir(&self) -> &Path {
        &self.dir
    }

    pub(super) fn stats(&self) -> WalStats {
        let state = self.state.lock();
        let closed: u64 = state.closed_segments.iter().map(|s| s.bytes).sum();
        WalStats {
            segments: state.closed_segments.len() as u64 + 1,
            segment_bytes: closed + state.current.bytes,
            poisoned: state.poisoned.clone(),
            ..state.stats.clone()
        }
    }

    /// The thread of [`SyncPolicy::Interval`]; ends when the log is closed.
    pub(super) fn spawn_syncer(
        this: &Arc<Self>,
        interval: Duration,
    ) -> Result<JoinHandle<()>, Error> {
        let writer = Arc::clone(this);
        std::thread::Builder::new()
            .name("wal-sync".into())
            .spawn(move || writer.sync_until_closed(interval))
            .map_err(Error::io("start the sync thread of", &this.dir))
    }

    fn sync_until_closed(&self, interval: Duration) {
        let mut state = self.state.lock();
        while !state.closed && state.poisoned.is_none() {
            // A log that nobody writes to wakes nobody.
            if !state.is_due() {
                self.tick.wait(&mut state);
                continue;
            }
            let until = Instant::now() + interval;
            while !state.closed && !self.tick.wait_until(&mut state, until).timed_out() {}
            if state.is_due() && !state.closed {
                let result = MutexGuard::unlocked(&mut state, || self.sync());
                if let Err(error) = result {
                    tracing::error!(%error, "the log takes no more writes");
                }
            }
        }
    }
}

impl State {
    /// Whether something is written and not synced.
    fn is_due(&self) -> bool {
        self.dirty || !self.unsynced.is_empty()
    }

    fn admit(&self) -> Result<(), Error> {
        if let Some(message) = &self.poisoned {
            return Err(Error::Poisoned {
                message: message.clone(),
            });
        }
        if self.closed {
            Err(Error::Closed)
        } else {
            Ok(())
        }
    }

    fn poison(&mut self, message: &str) {
        self.poisoned.get_or_insert_with(|| message.to_string());
    }
}

/// Writes all bytes or none: what a failed write left is cut off again.
fn write_or_take_back(current: &Current, bytes: &[u8]) -> Result<(), Failure> {
    let Err(error) = current.file.write_all(bytes) else {
        return Ok(());
    };
    let path = current.path.display();
    let message = format!("write {path}: {error}");
    match current.file.set_len(current.bytes) {
        Ok(()) if is_full(&error) => Err(Failure::Full(message)),
        Ok(()) => Err(Failure::Poisoned(message)),
        Err(cut) => Err(Failure::Poisoned(format!(
            "{message}; then truncate {path}: {cut}"
        ))),
    }
}

fn sync_file(current: &Current) -> Result<(), Failure> {
    let result = current.file.sync_data();
    result.map_err(|e| Failure::Poisoned(format!("sync {}: {e}", current.path.display())))
}

/// Makes a segment whose name and header survive a power cut.
fn create_segment(
    files: &dyn Files,
    dir: &Path,
    segment: u64,
    salt: Salt,
) -> Result<Current, Error> {
    let path = segment_path(dir, segment);
    let make = || {
        let file = files.create(&path).map_err(Error::io("create", &path))?;
        file.write_all(&segment_header(segment, salt))
            .map_err(Error::io("write", &path))?;
        file.sync_data().map_err(Error::io("sync", &path))?;
        files.sync_dir(dir).map_err(Error::io("sync", dir))?;
        Ok(file)
    };
    match make() {
        Ok(file) => Ok(Current {
            file,
            path,
            segment,
            bytes: SEGMENT_HEADER_BYTES as u64,
        }),
        Err(error) => {
            // A header without records does no harm where it cannot be removed.
            let _ = files.remove(&path);
            Err(error)
        }
    }
}
