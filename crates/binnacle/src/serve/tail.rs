//! Following files and the journal, from the start to the end of the process.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use anyhow::{Context, Result};
use binnacle::config::Settings;
use binnacle_collect::stages::StageMetrics;
use binnacle_collect::tail::journal::Journal;
use binnacle_collect::tail::{Followed, TailCounters, Tailer};
use binnacle_stdx::clock::Clock;
use parking_lot::Mutex;

use super::logs::Logs;

/// What those who look at it see.
#[derive(Clone)]
pub(super) struct Shown {
    pub(super) counters: Arc<TailCounters>,
    pub(super) files: Arc<Mutex<Vec<Followed>>>,
    pub(super) stages: Arc<StageMetrics>,
    pub(super) clock: Arc<dyn Clock>,
}

/// A thread that follows something until it is stopped.
struct Thread {
    stopping: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl Thread {
    fn start(name: &str, run: impl FnOnce(&AtomicBool) + Send + 'static) -> Result<Self> {
        let stopping = Arc::new(AtomicBool::new(false));
        let own = stopping.clone();
        let thread = std::thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || run(&own))
            .with_context(|| format!("start the thread {name}"))?;
        Ok(Self { stopping, thread })
    }

    fn ask_to_stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
        self.thread.thread().unpark();
    }

    /// Whether it ended without a panic.
    fn join(self) -> bool {
        self.ask_to_stop();
        self.thread.join().is_ok()
    }
}

/// The threads that follow.
pub(super) struct Tailing {
    journals: Vec<Thread>,
    files: Thread,
    pub(super) shown: Shown,
}

/// Starts following what the settings name.
///
/// # Errors
/// When a pattern or a stage is none, or the system gives no thread.
pub(super) fn start(settings: &Settings, logs: &Logs, clock: Arc<dyn Clock>) -> Result<Tailing> {
    let mut own = settings.logs.tail.clone();
    own.files_max = own.files_max.min(open_files_max() / 2);
    let stages = Arc::new(StageMetrics::default());
    let tailer = Tailer::new(own.clone(), logs.guard.clone(), clock.clone(), &stages)
        .context("following files")?;
    let mut journals = Vec::new();
    for job in &own.jobs {
        let journal = Journal::new(
            job,
            &own.external_labels,
            logs.guard.clone(),
            clock.clone(),
            tailer.cursors(),
            &stages,
        )
        .context("following the journal")?;
        if let Some(journal) = journal {
            let run = move |stopping: &AtomicBool| journal.run(stopping);
            journals.push(Thread::start("journal", run)?);
        }
    }
    let shown = Shown {
        counters: tailer.counters(),
        files: tailer.shown(),
        stages,
        clock,
    };
    let files = Thread::start("tail", move |stopping| tailer.run(stopping))?;
    Ok(Tailing {
        journals,
        files,
        shown,
    })
}

/// How many files this process may have open, after asking for as many as the system lets
/// it. Half of them are left for connections and for the storage.
fn open_files_max() -> usize {
    let mut limit = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // SAFETY: both calls read or write only the struct that is handed in.
    let is_known = unsafe {
        let is_known = libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) == 0;
        let more = libc::rlimit {
            rlim_cur: limit.rlim_max,
            ..limit
        };
        if is_known && libc::setrlimit(libc::RLIMIT_NOFILE, &raw const more) == 0 {
            limit = more;
        }
        is_known
    };
    if !is_known {
        return 1_024;
    }
    usize::try_from(limit.rlim_cur).unwrap_or(usize::MAX)
}

impl Tailing {
    /// Stops, and saves the places.
    pub(super) async fn stop(self) {
        let stopped = tokio::task::spawn_blocking(move || {
            // Journals first, so that their last cursors are saved with the files' places.
            for journal in &self.journals {
                journal.ask_to_stop();
            }
            let journals = self.journals.into_iter().map(Thread::join);
            let ended = journals.fold(true, |all, ended| all & ended);
            self.files.join() && ended
        })
        .await;
        if !matches!(stopped, Ok(true)) {
            tracing::error!("a thread that followed lines ended by a panic");
        }
    }
}
