//! Asking filesystems for their size without waiting for those that do not answer.
//!
//! `statvfs(2)` on a network filesystem whose server is gone blocks for good and
//! cannot be interrupted. So a thread of its own asks, and a mount that keeps it
//! longer than [`PATIENCE`] is left to that thread: the next question goes to a new
//! one, and the mount is told as stuck until its thread comes back.

use std::ffi::CString;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::Duration;

/// How long a mount may take to answer; node_exporter's default.
const PATIENCE: Duration = Duration::from_secs(5);

/// Sizes of a filesystem, bytes and inodes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Usage {
    pub(super) size: f64,
    pub(super) free: f64,
    pub(super) available: f64,
    pub(super) files: f64,
    pub(super) files_free: f64,
    pub(super) read_only: bool,
}

/// Answers about filesystems.
pub(super) struct Asker {
    worker: Option<Worker>,
    stuck: Vec<(PathBuf, Worker)>,
}

struct Worker {
    questions: Sender<PathBuf>,
    answers: Receiver<Result<Usage, String>>,
}

impl Asker {
    pub(super) fn new() -> Self {
        Self {
            worker: None,
            stuck: Vec::new(),
        }
    }

    /// The usage of the filesystem that is mounted at `path`, or why it is not known.
    pub(super) fn ask(&mut self, path: &Path) -> Result<Usage, String> {
        if let Some(i) = self.stuck.iter().position(|(p, _)| p == path) {
            if self.stuck[i].1.answers.try_recv().is_err() {
                return Err("mountpoint timeout".into());
            }
            // It answered at last; that thread is as good as any.
            let (_, worker) = self.stuck.swap_remove(i);
            self.worker = Some(worker);
        }
        let worker = match self.worker.take() {
            Some(worker) => worker,
            None => Worker::start().map_err(|e| format!("starting a thread: {e}"))?,
        };
        if worker.questions.send(path.to_owned()).is_err() {
            return Err("the asking thread is gone".into());
        }
        match worker.answers.recv_timeout(PATIENCE) {
            Ok(answer) => {
                self.worker = Some(worker);
                answer
            }
            Err(_) => {
                self.stuck.push((path.to_owned(), worker));
                Err("mountpoint timeout".into())
            }
        }
    }
}

impl Worker {
    /// A thread that ends when its questions do.
    fn start() -> std::io::Result<Self> {
        let (questions, incoming) = mpsc::channel::<PathBuf>();
        let (outgoing, answers) = mpsc::channel();
        thread::Builder::new()
            .name("statfs".into())
            .stack_size(64 << 10)
            .spawn(move || {
                for path in incoming {
                    if outgoing.send(statvfs(&path)).is_err() {
                        return;
                    }
                }
            })?;
        Ok(Self { questions, answers })
    }
}

fn statvfs(path: &Path) -> Result<Usage, String> {
    let path = CString::new(path.as_os_str().as_bytes()).map_err(|_| "zero byte in the path")?;
    // SAFETY: all zeros is a valid `statvfs`, which holds only numbers.
    let mut vfs: libc::statvfs = unsafe { std::mem::zeroed() };
    // SAFETY: both pointers are to live values; the path ends with a zero byte.
    if unsafe { libc::statvfs(path.as_ptr(), &raw mut vfs) } != 0 {
        let error = std::io::Error::last_os_error();
        return Err(error.to_string());
    }
    let block = vfs.f_frsize as f64;
    Ok(Usage {
        size: vfs.f_blocks as f64 * block,
        free: vfs.f_bfree as f64 * block,
        available: vfs.f_bavail as f64 * block,
        files: vfs.f_files as f64,
        files_free: vfs.f_ffree as f64,
        read_only: vfs.f_flag & libc::ST_RDONLY != 0,
    })
}
