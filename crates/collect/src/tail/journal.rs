//! Following the journal of systemd.
//!
//! `journalctl` reads it: the journal's files have no other reader that is as old and as
//! well tried, and its library is under a licence that this program does not link. What
//! it prints is its export format, which loses no byte. The cursor moves when the sink
//! has accepted an entry, and is kept in the checkpoint of the files.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, TryRecvError, sync_channel};
use std::time::{Duration, Instant};

use binnacle_model::Labels;
use binnacle_model::event::sink::{LogSink, Source};
use binnacle_model::relabel;
use binnacle_stdx::clock::Clock;
use binnacle_wire::journald::{LABELS, each_entry, whole_entries};
use binnacle_wire::syslog::LEVELS;
use parking_lot::Mutex;

use super::follower::batch_of;
use super::settings::{JournalSettings, TailError, TailJob};
use crate::stages::{Entry, Pipeline, StageMetrics};

/// How long to wait before `journalctl` is started again.
const AGAIN: Duration = Duration::from_secs(5);

/// How long to wait for entries before what stages hold back is looked at, or the sink is
/// asked again.
const WAIT: Duration = Duration::from_millis(250);

/// How long to wait for entries when nothing is held back.
const IDLE: Duration = Duration::from_secs(10);

/// Bytes of one entry, at most.
const ENTRY_BYTES_MAX: usize = 64 << 20;

/// Names of priorities, from 0: the keywords of journald.
const PRIORITIES: [&str; 8] = [
    "emerg", "alert", "crit", "error", "warning", "notice", "info", "debug",
];

/// Follows one journal.
pub struct Journal {
    job: TailJob,
    settings: JournalSettings,
    external: BTreeMap<String, String>,
    pipeline: Pipeline,
    sink: Arc<dyn LogSink>,
    clock: Arc<dyn Clock>,
    cursors: Arc<Mutex<HashMap<String, String>>>,
    pending: Vec<Entry>,
    /// The cursor of the newest entry that was read.
    cursor: Option<String>,
}

impl Journal {
    /// For a job that follows a journal; `None` for one that does not.
    ///
    /// # Errors
    /// [`TailError`] for a stage that cannot be compiled.
    pub fn new(
        job: &TailJob,
        external: &BTreeMap<String, String>,
        sink: Arc<dyn LogSink>,
        clock: Arc<dyn Clock>,
        cursors: Arc<Mutex<HashMap<String, String>>>,
        metrics: &Arc<StageMetrics>,
    ) -> Result<Option<Self>, TailError> {
        let Some(settings) = job.journal.clone() else {
            return Ok(None);
        };
        let pipeline = Pipeline::new(&job.stages, metrics).map_err(|error| TailError::Stage {
            job: job.name.clone(),
            error,
        })?;
        Ok(Some(Self {
            job: job.clone(),
            settings,
            external: external.clone(),
            pipeline,
            sink,
            clock,
            cursors,
            pending: Vec::new(),
            cursor: None,
        }))
    }

    fn start(&self) -> std::io::Result<Child> {
        let mut command = Command::new("journalctl");
        command.args([
            "--output=export",
            "--follow",
            "--all",
            "--quiet",
            "--no-tail",
        ]);
        if let Some(path) = &self.settings.path {
            command.arg("--directory").arg(path);
        }
        match self.cursors.lock().get(&self.job.name) {
            Some(cursor) => command.arg(format!("--after-cursor={cursor}")),
            None => command.arg(format!("--since=-{}s", self.settings.max_age.as_secs())),
        };
        command.args(&self.settings.matches);
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
    }

    /// Follows until `stopping`. Blocks; `unpark` the thread for it to look at `stopping`.
    pub fn run(mut self, stopping: &AtomicBool) {
        let mut has_told = false;
        while !stopping.load(Ordering::Relaxed) {
            match self.start() {
                Ok(mut child) => {
                    has_told = false;
                    self.follow(&mut child, stopping);
                    // It may have ended by itself.
                    let _ = child.kill();
                    let _ = child.wait();
                }
                Err(error) if !std::mem::replace(&mut has_told, true) => {
                    tracing::warn!(job = %self.job.name, "the journal is not followed: journalctl: {error}");
                }
                Err(_) => {}
            }
            let begun = Instant::now();
            while begun.elapsed() < AGAIN && !stopping.load(Ordering::Relaxed) {
                std::thread::park_timeout(AGAIN);
            }
        }
    }

    fn follow(&mut self, child: &mut Child, stopping: &AtomicBool) {
        let Some(mut out) = child.stdout.take() else {
            return;
        };
        let (sender, receiver) = sync_channel::<Vec<u8>>(16);
        let taker = std::thread::current();
        std::thread::scope(|scope| {
            scope.spawn(move || {
                let mut buffer = vec![0; 64 << 10];
                while let Ok(n @ 1..) = out.read(&mut buffer) {
                    if sender.send(buffer[..n].to_vec()).is_err() {
                        return;
                    }
                    taker.unpark();
                }
                drop(sender);
                taker.unpark();
            });
            self.take_all(&receiver, stopping);
            drop(receiver);
            // The reader waits for the child's output: it ends with it.
            let _ = child.kill();
        });
        let now_ns = self.clock.now_ms().saturating_mul(1_000_000);
        let mut flushed = Vec::new();
        self.pipeline.flush(now_ns, &mut flushed);
        self.pending.append(&mut flushed);
        self.hand_in();
    }

    fn take_all(&mut self, receiver: &Receiver<Vec<u8>>, stopping: &AtomicBool) {
        let mut bytes = Vec::new();
        while !stopping.load(Ordering::Relaxed) {
            if !self.hand_in() {
                std::thread::park_timeout(WAIT);
                continue;
            }
            match receiver.try_recv() {
                Ok(more) => bytes.extend_from_slice(&more),
                Err(TryRecvError::Empty) => {
                    let is_held = self.pipeline.held_from().is_some();
                    std::thread::park_timeout(if is_held { WAIT } else { IDLE });
                    let now_ns = self.clock.now_ms().saturating_mul(1_000_000);
                    self.pipeline.tick(now_ns, &mut self.pending);
                    continue;
                }
                Err(TryRecvError::Disconnected) => return,
            }
            let whole = whole_entries(&bytes);
            if whole == 0 && bytes.len() > ENTRY_BYTES_MAX {
                tracing::warn!(job = %self.job.name, "an entry of the journal is too large");
                return;
            }
            let body: Vec<u8> = bytes.drain(..whole).collect();
            self.take(&body);
        }
    }

    /// Takes whole entries.
    fn take(&mut self, body: &[u8]) {
        let now_ns = self.clock.now_ms().saturating_mul(1_000_000);
        let mut entries = Vec::new();
        let read = each_entry(body, |fields| {
            let cursor = fields.iter().find(|(name, _)| name == "__CURSOR");
            if let Some((_, cursor)) = cursor {
                self.cursor = Some(String::from_utf8_lossy(cursor).into_owned());
            }
            entries.extend(entry_of(&self.job, &self.settings, fields, now_ns));
        });
        if let Err(error) = read {
            tracing::warn!(job = %self.job.name, "the journal: {error}");
        }
        for entry in entries {
            self.pipeline.run(entry, now_ns, &mut self.pending);
        }
    }

    /// Hands in what waits; answers whether it was accepted.
    fn hand_in(&mut self) -> bool {
        if !self.pending.is_empty() {
            let mut batch = batch_of(&self.pending, &self.external);
            let source = Source {
                protocol: "journald",
                sender: self.job.name.clone(),
            };
            if let Err(error) = self.sink.push(&source, &mut batch) {
                tracing::debug!("entries of the journal wait: {error}");
                return false;
            }
            self.pending.clear();
        }
        if self.pipeline.held_from().is_none()
            && let Some(cursor) = self.cursor.take()
        {
            self.cursors.lock().insert(self.job.name.clone(), cursor);
        }
        true
    }
}

type Field<'a> = (Cow<'a, str>, Cow<'a, [u8]>);

fn value<'a>(fields: &'a [Field<'_>], name: &str) -> Option<Cow<'a, str>> {
    let found = fields.iter().find(|(n, _)| n == name)?;
    Some(String::from_utf8_lossy(&found.1))
}

fn entry_of(
    job: &TailJob,
    settings: &JournalSettings,
    fields: &[Field<'_>],
    now_ns: i64,
) -> Option<Entry> {
    let mut entry = Entry {
        labels: labels_of(job, settings, fields)?,
        t_ns: value(fields, "__REALTIME_TIMESTAMP")
            .and_then(|t| t.parse::<i64>().ok()?.checked_mul(1_000))
            .unwrap_or(now_ns),
        ..Entry::default()
    };
    if settings.json {
        let all = fields.iter().map(|(name, bytes)| {
            let text = String::from_utf8_lossy(bytes).into_owned();
            (name.clone().into_owned(), serde_json::Value::String(text))
        });
        entry.line = serde_json::Value::Object(all.collect()).to_string().into();
    } else {
        let message = fields.iter().find(|(name, _)| name == "MESSAGE")?;
        entry.line = message.1.to_vec();
    }
    Some(entry)
}

/// The name of the entry's priority in `names`.
fn priority(fields: &[Field<'_>], names: &[&'static str; 8]) -> Option<&'static str> {
    let number: usize = value(fields, "PRIORITY")?.parse().ok()?;
    names.get(number).copied()
}

/// Labels of an entry; `None` when rules drop it.
fn labels_of(
    job: &TailJob,
    settings: &JournalSettings,
    fields: &[Field<'_>],
) -> Option<BTreeMap<String, String>> {
    let mut labels = settings.labels.clone();
    labels
        .entry("job".to_owned())
        .or_insert_with(|| job.name.clone());
    if job.relabel.is_empty() {
        for (field, label) in LABELS {
            if let Some(value) = value(fields, field) {
                labels.insert(label.to_owned(), value.into_owned());
            }
        }
        if let Some(level) = priority(fields, &LEVELS) {
            labels.insert("level".to_owned(), level.to_owned());
        }
        return Some(labels);
    }
    for (name, bytes) in fields {
        let name = format!("__journal_{}", name.to_ascii_lowercase());
        labels.insert(name, String::from_utf8_lossy(bytes).into_owned());
    }
    if let Some(level) = priority(fields, &PRIORITIES) {
        labels.insert("__journal_priority_keyword".to_owned(), level.to_owned());
    }
    let mut builder = Labels::from_pairs(&labels).to_builder();
    if !relabel::relabel(&job.relabel, &mut builder) {
        return None;
    }
    let after = builder.build();
    let kept = after.iter().filter(|(name, _)| !name.starts_with("__"));
    Some(kept.map(|(n, v)| (n.to_owned(), v.to_owned())).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields() -> Vec<Field<'static>> {
        [
            ("__CURSOR", "s=1"),
            ("__REALTIME_TIMESTAMP", "1796112000000001"),
            ("_SYSTEMD_UNIT", "ssh.service"),
            ("_HOSTNAME", "h"),
            ("PRIORITY", "3"),
            ("MESSAGE", "refused"),
        ]
        .map(|(n, v)| (Cow::Borrowed(n), Cow::Borrowed(v.as_bytes())))
        .into()
    }

    fn job(json: bool) -> (TailJob, JournalSettings) {
        let settings = JournalSettings {
            max_age: Duration::from_secs(60),
            path: None,
            labels: [("env".to_owned(), "prod".to_owned())].into(),
            matches: Vec::new(),
            json,
        };
        let job = TailJob {
            name: "journal".into(),
            targets: Vec::new(),
            journal: Some(settings.clone()),
            relabel: Vec::new(),
            stages: Vec::new(),
            start: super::super::StartAt::Beginning,
        };
        (job, settings)
    }

    #[test]
    fn an_entry_becomes_a_line() {
        let (job, settings) = job(false);
        let entry = entry_of(&job, &settings, &fields(), 0).expect("an entry");
        assert_eq!(entry.line, b"refused");
        assert_eq!(entry.t_ns, 1_796_112_000_000_001_000);
        let labels: Vec<String> = entry
            .labels
            .iter()
            .map(|(n, v)| format!("{n}={v}"))
            .collect();
        assert_eq!(
            labels,
            [
                "env=prod",
                "host=h",
                "job=journal",
                "level=error",
                "unit=ssh.service"
            ]
        );
    }

    /// Without rules levels are those of all other sources; rules see journald's keyword.
    #[test]
    fn priorities_have_two_names() {
        for (number, level, keyword) in [
            ("0", Some("critical"), Some("emerg")),
            ("4", Some("warn"), Some("warning")),
            ("5", Some("info"), Some("notice")),
            ("8", None, None),
        ] {
            let fields = [(Cow::Borrowed("PRIORITY"), Cow::Borrowed(number.as_bytes()))];
            assert_eq!(priority(&fields, &LEVELS), level);
            assert_eq!(priority(&fields, &PRIORITIES), keyword);
        }
    }

    #[test]
    fn an_entry_becomes_json() {
        let (job, settings) = self::job(true);
        let entry = entry_of(&job, &settings, &fields(), 0).expect("an entry");
        let line: serde_json::Value = serde_json::from_slice(&entry.line).expect("JSON");
        assert_eq!(line["MESSAGE"], "refused");
    }

    /// Takes all.
    struct Taker;

    impl LogSink for Taker {
        fn push(
            &self,
            _: &Source,
            batch: &mut binnacle_model::event::EventBatch,
        ) -> Result<binnacle_model::event::sink::Taken, binnacle_model::event::sink::SinkError>
        {
            Ok(binnacle_model::event::sink::Taken {
                rows: batch.len() as u64,
                ..Default::default()
            })
        }
    }

    #[test]
    fn the_cursor_waits_for_entries_that_are_held_back() {
        let (mut job, _) = job(false);
        job.stages = vec![crate::stages::StageSettings::Multiline(
            crate::stages::MultilineSettings {
                firstline: Some("^first".into()),
                ..Default::default()
            },
        )];
        let cursors = Arc::new(Mutex::new(HashMap::new()));
        let clock = Arc::new(binnacle_stdx::clock::ManualClock::new(1_796_112_000_000));
        let journal = Journal::new(
            &job,
            &BTreeMap::new(),
            Arc::new(Taker),
            clock,
            cursors.clone(),
            &Arc::default(),
        );
        let mut journal = journal.expect("stages").expect("a journal");
        let entry = |cursor: &str, line: &str| format!("__CURSOR={cursor}\nMESSAGE={line}\n\n");
        journal.take(entry("s=1", "before").as_bytes());
        assert!(journal.hand_in());
        assert_eq!(cursors.lock()["journal"], "s=1");
        journal.take(entry("s=2", "first one").as_bytes());
        assert!(journal.hand_in());
        assert_eq!(cursors.lock()["journal"], "s=1", "the line is held back");
        let mut out = Vec::new();
        journal.pipeline.flush(0, &mut out);
        journal.pending.append(&mut out);
        assert!(journal.hand_in());
        assert_eq!(cursors.lock()["journal"], "s=2");
    }
}
