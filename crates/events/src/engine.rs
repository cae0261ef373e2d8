//! The engine: opening, appending, and what everything else hangs on.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use binnacle_model::append::AppendError;
use binnacle_model::event::append::{EventRefusal, EventsAppended};
use binnacle_model::event::logs::DeleteRequest;
use binnacle_model::event::select::StreamVolume;
use binnacle_model::event::{
    AppendEvents, Condition, EventBatch, EventSelection, EventSet, FieldValue, SelectEvents,
};
use binnacle_model::labels::iter_canonical;
use binnacle_model::limits::Meter;
use binnacle_model::select::SelectError;
use binnacle_model::{Labels, Matcher};
use binnacle_stdx::clock::Clock;
use binnacle_stdx::files::Files;
use binnacle_store::Error;
use binnacle_store::blockfile::TEMPORARY_SUFFIX;
use binnacle_store::manifest::Manifest;
use binnacle_store::wal::{RecordRef, Recovery, Wal, WalOptions, WalStats};
use parking_lot::{Mutex, RwLock};

use crate::background::{Background, Bell};
use crate::error::EngineError;
use crate::head::{Head, Piece};
use crate::lock::DirLock;
use crate::options::EngineOptions;
use crate::part::{Part, id_of, path_of};
use crate::record;
use crate::registry::Registry;
use crate::tombstones::{self, Tombstone};

/// What changes while the engine runs.
pub(crate) struct State {
    pub(crate) registry: Registry,
    pub(crate) head: Head,
    /// What is being written out.
    pub(crate) frozen: Vec<Arc<Piece>>,
    pub(crate) parts: Vec<Arc<Part>>,
    pub(crate) tombstones: Vec<Arc<Tombstone>>,
}

/// A consistent state to read.
pub(crate) struct View {
    pub(crate) parts: Vec<Arc<Part>>,
    pub(crate) tombstones: Vec<Arc<Tombstone>>,
    frozen: Vec<Arc<Piece>>,
    head: Vec<Arc<Piece>>,
}

impl View {
    /// Pieces in memory, the oldest first.
    pub(crate) fn pieces(&self) -> impl Iterator<Item = &Arc<Piece>> {
        self.frozen.iter().chain(&self.head)
    }
}

impl State {
    pub(crate) fn view(&self) -> View {
        View {
            parts: self.parts.clone(),
            tombstones: self.tombstones.clone(),
            frozen: self.frozen.clone(),
            head: self.head.pieces.clone(),
        }
    }
}

/// Counts since opening.
#[derive(Default)]
pub(crate) struct Counters {
    pub(crate) rows: AtomicU64,
    pub(crate) flushes: AtomicU64,
    pub(crate) merges: AtomicU64,
    pub(crate) parts_dropped: AtomicU64,
    pub(crate) duplicates: AtomicU64,
}

pub(crate) struct Inner {
    pub(crate) files: Arc<dyn Files>,
    pub(crate) dir: PathBuf,
    pub(crate) options: EngineOptions,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) wal: Wal,
    /// Appends hold it for reading from the log to the head; a flush holds it for writing
    /// while it ends the log's segment, so that what is in older segments is in the head.
    pub(crate) gate: RwLock<()>,
    pub(crate) state: RwLock<State>,
    pub(crate) maintenance: Mutex<Manifest>,
    pub(crate) counters: Counters,
    pub(crate) bell: Arc<Bell>,
    pub(crate) stopping: AtomicBool,
    quarantined: u64,
    _lock: DirLock,
}

/// What opening found.
#[derive(Debug, Clone, Default)]
pub struct OpenReport {
    /// Parts that are open.
    pub parts: usize,
    /// Rows read from the log.
    pub rows: u64,
    /// What was left out of the log, in words.
    pub dropped: Vec<String>,
    /// Files that were moved aside because they are damaged, in words.
    pub quarantined: Vec<String>,
}

/// Figures for telemetry.
#[derive(Debug, Clone, Default)]
pub struct Stats {
    /// Streams known.
    pub streams: u64,
    /// Rows in memory.
    pub head_rows: u64,
    /// Bytes in memory.
    pub head_bytes: u64,
    /// Parts.
    pub parts: u64,
    /// Rows in parts.
    pub part_rows: u64,
    /// Bytes of parts on disk.
    pub part_bytes: u64,
    /// Bytes of lines and fields in parts, before compression.
    pub part_raw_bytes: u64,
    /// Rows appended since opening.
    pub rows_appended: u64,
    /// Heads written out since opening.
    pub flushes: u64,
    /// Merges since opening.
    pub merges: u64,
    /// Parts dropped by retention since opening.
    pub parts_dropped: u64,
    /// Rows that were there twice and stored once, since opening.
    pub duplicates: u64,
    /// Parts moved aside at opening because they are damaged.
    pub quarantined: u64,
    /// The log.
    pub wal: WalStats,
}

/// An engine that is open. See the crate's text.
pub struct Engine {
    inner: Arc<Inner>,
    background: Mutex<Option<Background>>,
}

impl Engine {
    /// Opens the engine in `dir`, makes it when there is none, and reads the log.
    ///
    /// # Errors
    /// When the directory is in use or cannot be read or written.
    pub fn open(
        files: Arc<dyn Files>,
        dir: &Path,
        options: EngineOptions,
        clock: Arc<dyn Clock>,
    ) -> Result<(Self, OpenReport), EngineError> {
        files
            .create_dir_all(dir)
            .map_err(Error::io("create", dir))?;
        let lock = if dir.is_dir() {
            DirLock::take(dir)?
        } else {
            DirLock::none()
        };
        let mut report = OpenReport::default();
        let mut manifest = Manifest::load(&*files, dir)?.unwrap_or_default();
        let mut state = State {
            registry: Registry::default(),
            head: Head::default(),
            frozen: Vec::new(),
            parts: Vec::new(),
            tombstones: tombstones::load(&*files, dir)?
                .into_iter()
                .map(Arc::new)
                .collect(),
        };
        remove_leftovers(&*files, dir, &manifest)?;
        open_parts(&files, dir, &mut manifest, &mut state, &mut report)?;
        let wal_options = WalOptions {
            sync: options.sync,
            reserve_bytes: options.reserve_bytes,
            ..WalOptions::default()
        };
        let (wal, recovery) = Wal::open(files.clone(), &dir.join("wal"), wal_options)?;
        wal.truncate_before(manifest.log_from_segment)?;
        replay(
            &recovery,
            &manifest,
            &mut state,
            clock.now_ms(),
            &mut report,
        )?;
        let inner = Arc::new(Inner {
            files,
            dir: dir.to_owned(),
            options,
            clock,
            wal,
            gate: RwLock::new(()),
            state: RwLock::new(state),
            maintenance: Mutex::new(manifest),
            counters: Counters::default(),
            bell: Arc::default(),
            stopping: AtomicBool::new(false),
            quarantined: report.quarantined.len() as u64,
            _lock: lock,
        });
        Ok((
            Self {
                inner,
                background: Mutex::new(None),
            },
            report,
        ))
    }

    /// Starts the thread that writes out, merges and drops.
    ///
    /// # Errors
    /// When there can be no thread.
    pub fn start_background(&self) -> std::io::Result<()> {
        let mut background = self.background.lock();
        if background.is_none() {
            *background = Some(Background::start(
                Arc::downgrade(&self.inner),
                self.inner.bell.clone(),
                self.inner.options.tick,
            )?);
        }
        Ok(())
    }

    /// Does at once what the background does now and then: for tests and for those who
    /// run no background.
    ///
    /// # Errors
    /// Those of writing; it is tried again the next time.
    pub fn tick(&self) -> Result<(), EngineError> {
        self.inner.tick()
    }

    /// Writes the head out as parts.
    ///
    /// # Errors
    /// Those of writing; the head stays as it is.
    pub fn flush(&self) -> Result<(), EngineError> {
        let mut manifest = self.inner.maintenance.lock();
        self.inner.flush(&mut manifest)
    }

    /// Hides the rows that match for good, and takes them out of the files at the next
    /// merge. `text` is kept for [`Self::deletions`]. Conditions other than on lines are
    /// refused. Both times are inclusive, nanoseconds.
    ///
    /// # Errors
    /// Those of writing.
    pub fn delete(
        &self,
        text: &str,
        matchers: &[Matcher],
        start_ns: i64,
        end_ns: i64,
        conditions: &[Condition],
    ) -> Result<(), EngineError> {
        let tests = tombstones::tests_of(conditions).ok_or(Error::Limit {
            what: "conditions that are not on lines",
            value: 1,
            limit: 0,
        })?;
        let inner = &self.inner;
        let mut manifest = inner.maintenance.lock();
        inner.flush(&mut manifest)?;
        let mut list: Vec<Tombstone> = {
            let state = inner.state.read();
            state.tombstones.iter().map(|t| (**t).clone()).collect()
        };
        list.push(Tombstone {
            id: list.iter().map(|t| t.id).max().unwrap_or(0) + 1,
            text: text.to_owned(),
            matchers: matchers.to_vec(),
            tests,
            start_ns,
            end_ns,
            created_ms: inner.clock.now_ms(),
            before_part: manifest.next_block_id,
            done: false,
        });
        inner.set_tombstones(list)?;
        inner.bell.ring();
        Ok(())
    }

    /// What was asked to be deleted, the oldest first.
    #[must_use]
    pub fn deletions(&self) -> Vec<DeleteRequest> {
        let state = self.inner.state.read();
        state
            .tombstones
            .iter()
            .map(|t| DeleteRequest {
                id: format!("{:08x}", t.id),
                query: t.text.clone(),
                start_ns: t.start_ns,
                end_ns: t.end_ns,
                status: if t.done { "processed" } else { "received" },
                created_ns: t.created_ms.saturating_mul(1_000_000),
            })
            .collect()
    }

    /// Ends the background, writes the head out and closes the log.
    ///
    /// # Errors
    /// When the log cannot be synced.
    pub fn close(&self) -> Result<(), EngineError> {
        self.inner.stopping.store(true, Ordering::Relaxed);
        if let Some(background) = self.background.lock().take() {
            background.stop();
        }
        if let Err(error) = self.flush() {
            // Everything is in the log.
            tracing::warn!(%error, "the newest events could not be written out at the stop; they are read from the log at the next start");
        }
        Ok(self.inner.wal.close()?)
    }

    /// Figures.
    #[must_use]
    pub fn stats(&self) -> Stats {
        let inner = &self.inner;
        let state = inner.state.read();
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let runs = state
            .parts
            .iter()
            .flat_map(|part| &part.pages)
            .flat_map(|page| &page.runs);
        Stats {
            streams: state.registry.len() as u64,
            head_rows: state.head.rows,
            head_bytes: state.head.bytes as u64,
            parts: state.parts.len() as u64,
            part_rows: state.parts.iter().map(|p| p.meta.samples).sum(),
            part_bytes: state.parts.iter().map(|p| p.meta.bytes).sum(),
            part_raw_bytes: runs.map(|run| run.bytes).sum(),
            rows_appended: get(&inner.counters.rows),
            flushes: get(&inner.counters.flushes),
            merges: get(&inner.counters.merges),
            parts_dropped: get(&inner.counters.parts_dropped),
            duplicates: get(&inner.counters.duplicates),
            quarantined: inner.quarantined,
            wal: inner.wal.stats(),
        }
    }

    /// Where it lies.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.inner.dir
    }

    /// Its settings.
    #[must_use]
    pub fn options(&self) -> &EngineOptions {
        &self.inner.options
    }
}

impl Inner {
    pub(crate) fn set_tombstones(&self, list: Vec<Tombstone>) -> Result<(), Error> {
        tombstones::save(&*self.files, &self.dir, &list)?;
        self.state.write().tombstones = list.into_iter().map(Arc::new).collect();
        Ok(())
    }

    /// Numbers of the batch's streams; `None` where the rows are refused.
    fn resolve(&self, batch: &EventBatch, answer: &mut EventsAppended) -> Vec<Option<u32>> {
        let mut ids = Vec::with_capacity(batch.streams.len());
        let mut missing = false;
        {
            let state = self.state.read();
            for i in 0..batch.streams.len() {
                let id = state.registry.find(batch.stream_labels(i));
                missing |= id.is_none();
                ids.push(id);
            }
        }
        if !missing {
            return ids;
        }
        let mut state = self.state.write();
        for (i, id) in ids.iter_mut().enumerate().filter(|(_, id)| id.is_none()) {
            let canonical = batch.stream_labels(i);
            let refusal = match Labels::from_canonical(canonical) {
                Ok(labels) if !labels.is_empty() => {
                    if let Some(known) = state.registry.find(canonical) {
                        *id = Some(known);
                        continue;
                    }
                    if state.registry.len() < self.options.streams_max {
                        *id = Some(state.registry.add(labels));
                        answer.streams_created += 1;
                        continue;
                    }
                    EventRefusal::TooManyStreams
                }
                _ => EventRefusal::BadLabels,
            };
            let rows = batch.streams[i].rows.clone();
            answer.refused.extend(rows.map(|row| (row, refusal)));
        }
        ids
    }
}

/// The rows of streams that have a number, and those numbers.
fn accepted(batch: &EventBatch, ids: &[Option<u32>]) -> (EventBatch, Vec<u32>) {
    let mut kept = EventBatch::default();
    let mut streams = Vec::new();
    for (i, id) in ids.iter().enumerate() {
        let Some(id) = id else { continue };
        streams.push(*id);
        kept.begin_stream_bytes(batch.stream_labels(i));
        for row in batch.streams[i].rows.clone() {
            let row = row as usize;
            kept.push_row(batch.times_ns[row], batch.line(row));
            for (name, value) in batch.fields(row) {
                let value: FieldValue<'_> = value;
                kept.push_field(name, value);
            }
        }
    }
    (kept, streams)
}

impl AppendEvents for Engine {
    fn append(&self, batch: &EventBatch) -> Result<EventsAppended, AppendError> {
        let inner = &self.inner;
        let mut answer = EventsAppended::default();
        let ids = inner.resolve(batch, &mut answer);
        let filtered;
        let whole: Vec<u32> = ids.iter().flatten().copied().collect();
        let (batch, streams) = if whole.len() == ids.len() {
            (batch, whole)
        } else {
            let (kept, streams) = accepted(batch, &ids);
            filtered = kept;
            (&filtered, streams)
        };
        if batch.is_empty() {
            return Ok(answer);
        }
        let mut payload = Vec::with_capacity(batch.content_bytes() + 16 * batch.len());
        record::encode(batch, &mut payload);
        let is_due = {
            let _open = inner.gate.read();
            inner.wal.append(&[RecordRef {
                kind: record::BATCH,
                parts: &[&payload],
            }])?;
            let mut state = inner.state.write();
            state.head.push(batch, &streams, inner.clock.now_ms());
            state.head.bytes >= inner.options.head_bytes_max
        };
        if is_due {
            inner.bell.ring();
        }
        answer.rows = batch.len() as u64;
        inner
            .counters
            .rows
            .fetch_add(answer.rows, Ordering::Relaxed);
        Ok(answer)
    }
}

impl SelectEvents for Engine {
    fn select(
        &self,
        selection: &EventSelection,
        meter: &Arc<Meter>,
    ) -> Result<Box<dyn EventSet>, SelectError> {
        Ok(Box::new(self.inner.select_set(selection, meter)?))
    }

    fn volumes(
        &self,
        matchers: &[Matcher],
        start_ns: i64,
        end_ns: i64,
        meter: &Meter,
    ) -> Result<Vec<StreamVolume>, SelectError> {
        self.inner.volumes_of(matchers, start_ns, end_ns, meter)
    }
}

/// Removes files that a crash left behind.
fn remove_leftovers(files: &dyn Files, dir: &Path, manifest: &Manifest) -> Result<(), Error> {
    for path in files.list(dir).map_err(Error::io("list", dir))? {
        let is_temporary = path
            .as_os_str()
            .as_encoded_bytes()
            .ends_with(TEMPORARY_SUFFIX.as_bytes());
        let is_unknown = id_of(&path).is_some_and(|id| manifest.blocks.iter().all(|b| b.id != id));
        if is_temporary || is_unknown {
            files.remove(&path).map_err(Error::io("remove", &path))?;
        }
    }
    Ok(())
}

fn open_parts(
    files: &Arc<dyn Files>,
    dir: &Path,
    manifest: &mut Manifest,
    state: &mut State,
    report: &mut OpenReport,
) -> Result<(), EngineError> {
    let mut damaged = Vec::new();
    for meta in manifest.blocks.clone() {
        match Part::open(&**files, dir, meta, |labels| state.registry.intern(labels)) {
            Ok(part) => state.parts.push(Arc::new(part)),
            Err(error @ Error::NewerVersion { .. }) => return Err(error.into()),
            Err(error) => {
                let path = path_of(dir, meta.id);
                let mut aside = path.as_os_str().to_owned();
                aside.push(".damaged");
                // It may not be there at all.
                let _ = files.rename(&path, Path::new(&aside));
                report.quarantined.push(format!(
                    "{} with {} rows was moved aside: {error}",
                    path.display(),
                    meta.samples
                ));
                damaged.push(meta.id);
            }
        }
    }
    if !damaged.is_empty() {
        manifest.replace(&damaged, None);
        manifest.save(&**files, dir)?;
    }
    report.parts = state.parts.len();
    Ok(())
}

fn replay(
    recovery: &Recovery,
    manifest: &Manifest,
    state: &mut State,
    now_ms: i64,
    report: &mut OpenReport,
) -> Result<(), Error> {
    let mut replay = recovery.replay();
    while let Some(found) = replay.next_record()? {
        if found.at.segment < manifest.log_from_segment {
            continue;
        }
        let decoded = (found.kind == record::BATCH)
            .then(|| record::decode(found.payload))
            .flatten();
        let Some(batch) = decoded else {
            report.dropped.push(format!(
                "log segment {} at {}: a record of {} bytes makes no sense",
                found.at.segment,
                found.at.offset,
                found.payload.len()
            ));
            continue;
        };
        let mut streams = Vec::with_capacity(batch.streams.len());
        for i in 0..batch.streams.len() {
            let canonical = batch.stream_labels(i);
            // The record was checked when it was decoded.
            debug_assert!(iter_canonical(canonical).is_ok());
            let labels = Labels::from_canonical(canonical).unwrap_or_else(|_| Labels::empty());
            streams.push(state.registry.intern(&labels));
        }
        report.rows += batch.len() as u64;
        state.head.push(&batch, &streams, now_ms);
    }
    let dropped = recovery.dropped.iter().chain(replay.dropped());
    report.dropped.extend(dropped.map(ToString::to_string));
    Ok(())
}
