//! What is followed, resolved.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use binnacle_model::relabel::RelabelRule;

use crate::stages::{StageError, StageSettings};

/// Files with the same labels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileTarget {
    /// Patterns of paths, absolute: `*`, `?`, `[a-z]`, `{a,b}`, and `**` for any folders.
    pub paths: Vec<String>,
    /// Patterns of paths that are left out.
    pub exclude: Vec<String>,
    /// Labels of all lines.
    pub labels: BTreeMap<String, String>,
    /// Whether labels of the pod are taken from the path, as the kubelet writes it.
    pub kubernetes: bool,
}

/// Where a file is read from that is not known yet. One that appears while files are
/// followed is always read from its beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum StartAt {
    /// From its beginning.
    #[default]
    Beginning,
    /// Only so many bytes before its end, from the next line on; 0: from its end.
    BeforeEnd(u64),
}

/// What is followed under one name, and what is done to its lines.
#[derive(Debug, Clone, PartialEq)]
pub struct TailJob {
    /// Its name, as in `job_name`.
    pub name: String,
    /// Files.
    pub targets: Vec<FileTarget>,
    /// The journal of this machine, when it is followed.
    pub journal: Option<JournalSettings>,
    /// Rules for the labels of targets; a target that they drop is not followed.
    pub relabel: Vec<RelabelRule>,
    /// Stages for each line.
    pub stages: Vec<StageSettings>,
    /// Where files are read from that are not known yet.
    pub start: StartAt,
}

/// How the journal is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalSettings {
    /// Entries that are older are left out when there is no cursor.
    pub max_age: Duration,
    /// The folder of the journal; `None`: that of this machine.
    pub path: Option<PathBuf>,
    /// Labels of all entries.
    pub labels: BTreeMap<String, String>,
    /// Matches as `journalctl` takes them, such as `_TRANSPORT=kernel`.
    pub matches: Vec<String>,
    /// Whether the line is the whole entry as JSON instead of its message.
    pub json: bool,
}

/// What is followed, and how.
#[derive(Debug, Clone, PartialEq)]
pub struct TailSettings {
    /// What.
    pub jobs: Vec<TailJob>,
    /// Labels that all lines get unless they have them.
    pub external_labels: BTreeMap<String, String>,
    /// The file that remembers places.
    pub checkpoint: PathBuf,
    /// A `positions.yaml` of Promtail that is taken over when there is no checkpoint yet.
    pub positions: Option<PathBuf>,
    /// How often new files are looked for, at most.
    pub find_every: Duration,
    /// How often files are looked at that have nothing new; a quarter as often when there
    /// was nothing new for forty times as long.
    pub poll_every: Duration,
    /// Files that are open at the same time, at most.
    pub files_max: usize,
    /// Bytes of a line, at most; a longer one is cut into pieces.
    pub line_bytes_max: usize,
}

impl Default for TailSettings {
    /// Nothing; new files are found within a second, new lines within a quarter of one.
    fn default() -> Self {
        Self {
            jobs: Vec::new(),
            external_labels: BTreeMap::new(),
            checkpoint: PathBuf::new(),
            positions: None,
            find_every: Duration::from_secs(1),
            poll_every: Duration::from_millis(250),
            files_max: 10_000,
            line_bytes_max: 4 << 20,
        }
    }
}

/// Why nothing can be followed.
#[derive(Debug, thiserror::Error)]
pub enum TailError {
    /// A pattern is none.
    #[error("job {job:?}: {pattern:?} is no pattern of paths: {why}")]
    Pattern {
        /// Which job.
        job: String,
        /// The pattern.
        pattern: String,
        /// What is wrong with it.
        why: String,
    },
    /// A stage cannot be compiled.
    #[error("job {job:?}: {error}")]
    Stage {
        /// Which job.
        job: String,
        /// What is wrong with it.
        error: StageError,
    },
}
