//! Following all files.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use binnacle_model::event::EventBatch;
use binnacle_model::event::sink::{LogSink, SinkError, Source};
use binnacle_stdx::clock::Clock;
use parking_lot::Mutex;

use super::checkpoint::{Checkpoint, GONE_MAX, Place};
use super::file::OpenFile;
use super::finder::Pattern;
use super::follower::{Follower, batch_of, copy, stream_labels, take};
use super::labels::labels_of;
use super::settings::{FileTarget, TailError, TailSettings};
use crate::stages::{Pipeline, StageMetrics};

/// How long a file that no pattern finds any more is still read, milliseconds.
const GONE_MS: i64 = 10_000;

/// Looks without news after which files are looked at less often.
const QUIET_TICKS: u32 = 40;

/// How many times as long a look, and a search for new files, is waited for then.
const QUIET_NAPS: u32 = 4;

/// Time between two savings of places, milliseconds.
const SAVED_EVERY_MS: i64 = 1_000;

/// How long places of files that are gone are remembered, milliseconds.
const REMEMBERED_MS: i64 = 7 * 86_400_000;

/// How long the sink is left alone when it refused, milliseconds.
const REFUSED_MS: i64 = 500;

/// Counts since the start, under Promtail's names where it has them.
#[derive(Debug, Default)]
#[allow(missing_docs)]
pub struct TailCounters {
    pub read_bytes: AtomicU64,
    pub read_lines: AtomicU64,
    pub cut_lines: AtomicU64,
    pub sent_rows: AtomicU64,
    pub refused_rows: AtomicU64,
    pub retries: AtomicU64,
    pub truncations: AtomicU64,
    pub errors: AtomicU64,
    pub files_active: AtomicU64,
}

fn add(counter: &AtomicU64, n: u64) {
    counter.fetch_add(n, Ordering::Relaxed);
}

/// A file as it is followed, for those who look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Followed {
    /// Which job.
    pub job: String,
    /// Which file.
    pub path: PathBuf,
    /// Labels of its lines before stages.
    pub labels: Vec<(String, String)>,
    /// Bytes that were read and accepted.
    pub offset: u64,
    /// Bytes that it has.
    pub size: u64,
}

struct Target {
    job: usize,
    include: Vec<(String, Pattern)>,
    exclude: Vec<Pattern>,
    settings: FileTarget,
}

/// Follows files. See the room's text.
pub struct Tailer {
    pub(super) settings: TailSettings,
    targets: Vec<Target>,
    pipelines: Vec<Pipeline>,
    sink: Arc<dyn LogSink>,
    clock: Arc<dyn Clock>,
    counters: Arc<TailCounters>,
    pub(super) followers: Vec<Follower>,
    /// Places of files that are not followed now.
    pub(super) gone: Vec<Place>,
    /// Offsets of Promtail.
    pub(super) by_path: HashMap<PathBuf, u64>,
    /// Cursors of journals, by job; whoever follows them writes them.
    cursors: Arc<Mutex<HashMap<String, String>>>,
    saved_cursors: HashMap<String, String>,
    shown: Arc<Mutex<Vec<Followed>>>,
    last_ns: i64,
    next_find_ms: i64,
    /// Looks without news.
    quiet: u32,
    next_save_ms: i64,
    refused_until_ms: i64,
    pub(super) has_found: bool,
    /// The sink has refused, and that was told.
    has_told: bool,
    is_dirty: bool,
    warned: BTreeSet<PathBuf>,
    /// Files that may still be written: their size, and since when it is that.
    pub(super) unsettled: HashMap<PathBuf, (u64, i64)>,
    /// Room to read into, for the rows of a turn, and for what a sink may change.
    buffer: Vec<u8>,
    spare: EventBatch,
    handed: EventBatch,
}

impl Tailer {
    /// Compiles what is to be followed and reads the checkpoint.
    ///
    /// # Errors
    /// [`TailError`]
    pub fn new(
        settings: TailSettings,
        sink: Arc<dyn LogSink>,
        clock: Arc<dyn Clock>,
        metrics: &Arc<StageMetrics>,
    ) -> Result<Self, TailError> {
        let (mut targets, mut pipelines) = (Vec::new(), Vec::new());
        for (job, own) in settings.jobs.iter().enumerate() {
            let pipeline =
                Pipeline::new(&own.stages, metrics).map_err(|error| TailError::Stage {
                    job: own.name.clone(),
                    error,
                })?;
            pipelines.push(pipeline);
            for target in &own.targets {
                targets.push(compile(job, &own.name, target)?);
            }
        }
        let (mut checkpoint, told) = Checkpoint::load(&settings.checkpoint);
        let is_new = checkpoint == Checkpoint::default();
        if let Some(told) = told {
            tracing::error!("{told}");
        }
        if let Some(positions) = settings.positions.as_ref().filter(|_| is_new) {
            let taken = checkpoint.import(positions);
            tracing::info!(file = %positions.display(), taken, "positions of Promtail");
        }
        Ok(Self {
            settings,
            targets,
            pipelines,
            sink,
            clock,
            counters: Arc::default(),
            followers: Vec::new(),
            gone: checkpoint.places,
            by_path: checkpoint.by_path,
            saved_cursors: checkpoint.cursors.clone(),
            cursors: Arc::new(Mutex::new(checkpoint.cursors)),
            shown: Arc::default(),
            last_ns: i64::MIN,
            next_find_ms: i64::MIN,
            quiet: 0,
            next_save_ms: i64::MIN,
            refused_until_ms: i64::MIN,
            has_found: false,
            has_told: false,
            is_dirty: false,
            warned: BTreeSet::new(),
            unsettled: HashMap::new(),
            buffer: Vec::new(),
            spare: EventBatch::default(),
            handed: EventBatch::default(),
        })
    }

    /// Counts since the start.
    #[must_use]
    pub fn counters(&self) -> Arc<TailCounters> {
        self.counters.clone()
    }

    /// What is followed, kept up to date.
    #[must_use]
    pub fn shown(&self) -> Arc<Mutex<Vec<Followed>>> {
        self.shown.clone()
    }

    /// Cursors of journals, by job.
    #[must_use]
    pub fn cursors(&self) -> Arc<Mutex<HashMap<String, String>>> {
        self.cursors.clone()
    }

    /// Follows until `stopping`, and saves the places. Blocks; `unpark` the thread for it to
    /// look at `stopping`.
    pub fn run(mut self, stopping: &AtomicBool) {
        while !stopping.load(Ordering::Relaxed) {
            if self.tick() {
                continue;
            }
            std::thread::park_timeout(self.settings.poll_every * self.naps());
        }
        self.stop();
    }

    /// Lets go what stages hold back, hands it in and saves the places.
    pub fn stop(&mut self) {
        let now_ns = self.clock.now_ms().saturating_mul(1_000_000);
        for n in 0..self.followers.len() {
            let follower = &mut self.followers[n];
            follower.pipeline.flush(now_ns, &mut follower.entries);
            self.hand_in(n);
        }
        self.save();
    }

    /// How many times as long everything is waited for.
    fn naps(&self) -> u32 {
        if self.quiet > QUIET_TICKS {
            QUIET_NAPS
        } else {
            1
        }
    }

    /// Looks at all files once; answers whether there was anything new.
    pub fn tick(&mut self) -> bool {
        let read = self.counters.read_bytes.load(Ordering::Relaxed);
        let is_busy = self.look();
        if self.counters.read_bytes.load(Ordering::Relaxed) == read {
            self.quiet = self.quiet.saturating_add(1);
            return is_busy;
        }
        if self.naps() > 1 {
            // Who writes again may begin another file, too.
            self.next_find_ms = i64::MIN;
        }
        self.quiet = 0;
        is_busy
    }

    /// Looks for new files, reads all, and saves places, each when it is due.
    fn look(&mut self) -> bool {
        let now_ms = self.clock.now_ms();
        if now_ms >= self.next_find_ms {
            let began = Instant::now();
            self.find(now_ms);
            // New files are waited for by nobody for long, and looking for them takes no more
            // than a hundredth of a processor.
            let every = self.settings.find_every * self.naps();
            let every = every.max(began.elapsed() * 100);
            let every_ms = i64::try_from(every.as_millis()).unwrap_or(i64::MAX);
            self.next_find_ms = now_ms.saturating_add(every_ms);
        }
        let mut is_busy = false;
        if now_ms >= self.refused_until_ms {
            for n in 0..self.followers.len() {
                is_busy |= self.follow(n, now_ms);
                if self.clock.now_ms() < self.refused_until_ms {
                    is_busy = false;
                    break;
                }
            }
        }
        // While the sink refuses nothing is read, so nothing was read to its end.
        if now_ms >= self.refused_until_ms && self.clock.now_ms() >= self.refused_until_ms {
            self.close_gone(now_ms);
        }
        if now_ms >= self.next_save_ms {
            self.next_save_ms = now_ms.saturating_add(SAVED_EVERY_MS);
            if self.is_dirty || *self.cursors.lock() != self.saved_cursors {
                self.save();
            }
        }
        is_busy
    }

    /// Looks for files.
    fn find(&mut self, now_ms: i64) {
        let mut found: BTreeMap<PathBuf, (usize, BTreeMap<String, String>)> = BTreeMap::new();
        for n in 0..self.targets.len() {
            for (path, labels) in self.find_target(n) {
                let job = self.targets[n].job;
                found.entry(path).or_insert((job, labels));
            }
        }
        self.unsettled.retain(|path, _| found.contains_key(path));
        let followed = self.followers.iter().enumerate();
        let known: HashMap<(u64, u64), usize> = followed.map(|(n, f)| (f.file.inode, n)).collect();
        let mut present = BTreeSet::new();
        for (path, (job, labels)) in found {
            match inode(&path) {
                Some(inode) if !present.insert(inode) => {} // a link to another one
                Some(inode) => match known.get(&inode) {
                    Some(&n) => self.followers[n].file.path = path,
                    None => self.see(&path, job, labels, now_ms),
                },
                None => {}
            }
        }
        for follower in &mut self.followers {
            if present.contains(&follower.file.inode) {
                follower.gone_ms = None;
            } else if follower.gone_ms.is_none() {
                follower.gone_ms = Some(now_ms);
            }
        }
        self.has_found = true;
        let oldest_ms = now_ms.saturating_sub(REMEMBERED_MS);
        self.gone.retain(|place| place.seen_ms >= oldest_ms);
        let over = self.gone.len().saturating_sub(GONE_MAX);
        self.gone.drain(..over);
        let active = self.followers.len() as u64;
        self.counters.files_active.store(active, Ordering::Relaxed);
        self.show();
    }

    fn find_target(&mut self, n: usize) -> Vec<(PathBuf, BTreeMap<String, String>)> {
        let mut all = Vec::new();
        let mut unreadable = Vec::new();
        let target = &self.targets[n];
        let rules = &self.settings.jobs[target.job].relabel;
        for (text, pattern) in &target.include {
            let mut paths = BTreeSet::new();
            pattern.find(&mut paths, &mut |folder, error| {
                unreadable.push((folder.to_owned(), error.to_string()));
            });
            for path in paths {
                if target.exclude.iter().any(|p| p.matches(&path)) {
                    continue;
                }
                if let Some(labels) = labels_of(&target.settings, text, &path, rules) {
                    all.push((path, labels));
                }
            }
        }
        for (folder, error) in unreadable {
            self.warn_once(&folder, &error);
        }
        all
    }

    fn warn_once(&mut self, path: &Path, error: &str) {
        if self.warned.len() < 10_000 && self.warned.insert(path.to_owned()) {
            tracing::warn!(path = %path.display(), "cannot be followed: {error}");
        }
    }

    /// A file was found that is not followed.
    fn see(&mut self, path: &Path, job: usize, labels: BTreeMap<String, String>, now_ms: i64) {
        if self.followers.len() >= self.settings.files_max {
            let most = self.settings.files_max;
            self.warn_once(path, &format!("{most} files are open already (files_max)"));
            return;
        }
        let mut file = match OpenFile::open(path) {
            Ok(file) => file,
            Err(error) => {
                add(&self.counters.errors, 1);
                self.warn_once(path, &error.to_string());
                return;
            }
        };
        let Some(offset) = self.place_of(&mut file, path, job, now_ms) else {
            return;
        };
        self.unsettled.remove(path);
        if let Err(error) = file.skip_to(offset) {
            self.warn_once(path, &error.to_string());
            return;
        }
        tracing::debug!(path = %path.display(), offset, "followed");
        self.followers.push(Follower {
            job,
            accepted: offset,
            file,
            stream: stream_labels(&labels, &self.settings.external_labels),
            labels,
            pipeline: self.pipelines[job].fresh(),
            entries: Vec::new(),
            rows: EventBatch::default(),
            at_end: false,
            gone_ms: None,
            has_failed: false,
        });
        self.is_dirty = true;
    }

    /// Gives a file its turn; answers whether there may be more.
    fn follow(&mut self, n: usize, now_ms: i64) -> bool {
        self.followers[n].at_end = false;
        if self.followers[n].is_waiting() && !self.hand_in(n) {
            return false;
        }
        let now_ns = now_ms.saturating_mul(1_000_000);
        let follower = &mut self.followers[n];
        if follower.pipeline.pause_ns(now_ns) > 0 {
            return false;
        }
        let mut clock_ns = self.last_ns.max(now_ns.saturating_sub(1));
        let mut lines = 0;
        let (labels, stream) = (&follower.labels, &follower.stream);
        let (pipeline, entries) = (&mut follower.pipeline, &mut follower.entries);
        let rows = &mut self.spare;
        let mut see = |from: u64, line: &[u8]| {
            // Each line has a time of its own, so that equal lines stay apart.
            clock_ns += 1;
            lines += 1;
            take(
                labels,
                stream,
                pipeline,
                rows,
                entries,
                (from, clock_ns, line),
            );
        };
        let line_max = self.settings.line_bytes_max;
        let place = (follower.accepted, now_ms);
        let turn = follower
            .file
            .turn(line_max, place, &mut self.buffer, &mut see);
        self.last_ns = clock_ns;
        follower.pipeline.tick(now_ns, &mut follower.entries);
        if !self.spare.is_empty() {
            follower.rows = std::mem::take(&mut self.spare);
        }
        let counters = &self.counters;
        add(&counters.read_lines, lines);
        match turn {
            Ok(turn) => {
                add(&counters.read_bytes, turn.bytes);
                add(&counters.cut_lines, turn.cut);
                if let Some(before) = turn.cut_off {
                    add(&counters.truncations, 1);
                    self.gone.push(before);
                }
                follower.at_end = turn.at_end;
            }
            Err(error) => {
                if !std::mem::replace(&mut follower.has_failed, true) {
                    add(&counters.errors, 1);
                    let path = follower.file.path.display();
                    tracing::warn!(%path, "cannot be read on: {error}");
                }
                follower.at_end = true;
            }
        }
        let is_more = !follower.at_end;
        self.hand_in(n) && is_more
    }

    /// Hands in what waits; answers whether it was accepted.
    fn hand_in(&mut self, n: usize) -> bool {
        let follower = &mut self.followers[n];
        if follower.is_waiting() {
            if follower.entries.is_empty() {
                copy(&follower.rows, &mut self.handed);
            } else {
                self.handed = batch_of(&follower.entries, &self.settings.external_labels);
            }
            let source = Source {
                protocol: "file",
                sender: self.settings.jobs[follower.job].name.clone(),
            };
            match self.sink.push(&source, &mut self.handed) {
                Ok(taken) => {
                    self.has_told = false;
                    let refused: u64 = taken.refused.iter().map(|r| r.1).sum();
                    add(&self.counters.sent_rows, taken.rows);
                    add(&self.counters.refused_rows, refused);
                    for message in taken.messages {
                        tracing::debug!("lines refused: {message}");
                    }
                    follower.entries.clear();
                    // The next file has its memory.
                    self.spare = std::mem::take(&mut follower.rows);
                    self.spare.clear();
                }
                Err(error) => {
                    add(&self.counters.retries, 1);
                    self.refused_until_ms = self.clock.now_ms().saturating_add(REFUSED_MS);
                    let is_rate = matches!(error, SinkError::RateLimited(_));
                    if !is_rate && !std::mem::replace(&mut self.has_told, true) {
                        tracing::warn!("lines of files wait until they are taken: {error}");
                    }
                    return false;
                }
            }
        }
        let offset = follower.file.offset();
        let accepted = follower
            .pipeline
            .held_from()
            .map_or(offset, |h| h.min(offset));
        self.is_dirty |= accepted != follower.accepted;
        follower.accepted = accepted;
        true
    }

    /// Lets files go that are gone and read to their end.
    fn close_gone(&mut self, now_ms: i64) {
        for n in (0..self.followers.len()).rev() {
            let follower = &mut self.followers[n];
            let is_over = follower
                .gone_ms
                .is_some_and(|since| now_ms.saturating_sub(since) >= GONE_MS);
            if !is_over || !follower.at_end || follower.is_waiting() {
                continue;
            }
            // No more comes: what is held back, and a last line without its end, go.
            let now_ns = now_ms.saturating_mul(1_000_000);
            let mut last = None;
            follower
                .file
                .end_line(&mut |from, line| last = Some((from, line.to_vec())));
            if let Some((from, line)) = last {
                self.last_ns = self.last_ns.max(now_ns) + 1;
                follower.take(from, self.last_ns, &line);
            }
            follower.pipeline.flush(now_ns, &mut follower.entries);
            if self.hand_in(n) {
                let follower = self.followers.swap_remove(n);
                self.gone
                    .push(follower.file.place(follower.accepted, now_ms));
                self.is_dirty = true;
            }
        }
    }

    fn show(&self) {
        let mut shown = self.shown.lock();
        shown.clear();
        shown.extend(self.followers.iter().map(|f| Followed {
            job: self.settings.jobs[f.job].name.clone(),
            path: f.file.path.clone(),
            labels: f.labels.clone().into_iter().collect(),
            offset: f.accepted,
            size: f.file.size(),
        }));
    }

    /// Saves the places.
    fn save(&mut self) {
        let now_ms = self.clock.now_ms();
        let followed = self.followers.iter();
        let cursors = self.cursors.lock().clone();
        let checkpoint = Checkpoint {
            places: self
                .gone
                .iter()
                .cloned()
                .chain(followed.map(|f| f.file.place(f.accepted, now_ms)))
                .collect(),
            cursors: cursors.clone(),
            by_path: HashMap::new(),
        };
        match checkpoint.save(&self.settings.checkpoint) {
            Ok(()) => {
                self.is_dirty = false;
                self.saved_cursors = cursors;
            }
            Err(error) => {
                add(&self.counters.errors, 1);
                let path = self.settings.checkpoint.display();
                tracing::warn!(%path, "the places in files cannot be saved: {error}");
            }
        }
        self.show();
    }

    /// How long a thread may sleep between two ticks without news.
    #[must_use]
    pub fn poll_every(&self) -> Duration {
        self.settings.poll_every
    }
}

fn compile(job: usize, name: &str, target: &FileTarget) -> Result<Target, TailError> {
    let pattern = |text: &String| {
        Pattern::new(text).map_err(|why| TailError::Pattern {
            job: name.to_owned(),
            pattern: text.clone(),
            why,
        })
    };
    Ok(Target {
        job,
        include: target
            .paths
            .iter()
            .map(|text| Ok((text.clone(), pattern(text)?)))
            .collect::<Result<_, TailError>>()?,
        exclude: target
            .exclude
            .iter()
            .map(pattern)
            .collect::<Result<_, _>>()?,
        settings: target.clone(),
    })
}

fn inode(path: &Path) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt as _;
    let metadata = std::fs::metadata(path).ok()?;
    Some((metadata.dev(), metadata.ino()))
}
