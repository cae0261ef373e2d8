//! Files in memory that break on demand, always in the same way.
//!
//! Each file keeps two images: what the kernel would show, and what the disk would
//! hold after a power cut. A crash is a clone: the test goes on with the clone as
//! the restarted process would, and may crash the same moment again in another way.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{File, FileBytes, Files};

/// What goes wrong next; each fault happens once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// After this many more written bytes (of any file) a write stops half-way and
    /// fails.
    TornWrite {
        /// Bytes that still get through.
        after_bytes: u64,
    },
    /// After this many more successful syncs (of files or folders) one fails, and
    /// what it should have made safe is not.
    FailedSync {
        /// Syncs that still succeed.
        after_syncs: u64,
    },
    /// After this many more successful cuts one fails.
    FailedSetLen {
        /// Cuts that still succeed.
        after_cuts: u64,
    },
}

/// What is left on the disk after a crash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Crash {
    /// The process was killed: all that was written is there.
    Process,
    /// The power was cut: only what was synced is there.
    Power,
    /// The power was cut, and of each file's unsynced bytes this many reached the
    /// disk, as did all names.
    PowerTorn {
        /// Unsynced bytes of each file that survive.
        keep_bytes: usize,
    },
}

/// A file system in memory; clones share it. See [`SimulatedFiles::after`] for a
/// copy of its own.
#[derive(Clone, Default)]
pub struct SimulatedFiles {
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    nodes: Vec<Node>,
    names: BTreeMap<PathBuf, usize>,
    durable_names: BTreeMap<PathBuf, usize>,
    dirs: BTreeSet<PathBuf>,
    capacity_bytes: Option<u64>,
    faults: Vec<Fault>,
    bytes_written: u64,
    syncs: u64,
}

#[derive(Default, Clone)]
struct Node {
    live: Vec<u8>,
    durable: Vec<u8>,
    /// Everything before this offset is the same in both images.
    same_until: usize,
}

impl Node {
    fn set_len(&mut self, len: usize) {
        self.live.resize(len, 0);
        self.same_until = self.same_until.min(len);
    }

    fn sync(&mut self) {
        self.durable.truncate(self.same_until);
        self.durable
            .extend_from_slice(&self.live[self.same_until..]);
        self.same_until = self.live.len();
    }
}

impl SimulatedFiles {
    /// An empty disk without a limit.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Lets something go wrong later.
    pub fn inject(&self, fault: Fault) {
        self.lock().faults.push(fault);
    }

    /// Forgets all faults that have not happened yet.
    pub fn clear_faults(&self) {
        self.lock().faults.clear();
    }

    /// Sets how many bytes all files together may have; `None` for no limit.
    pub fn set_capacity(&self, bytes: Option<u64>) {
        self.lock().capacity_bytes = bytes;
    }

    /// Flips one bit of a file, on the disk as well as in the kernel.
    ///
    /// # Panics
    /// When there is no such file or byte: the test is wrong.
    pub fn flip_bit(&self, path: &Path, offset: usize, bit: u8) {
        let mut state = self.lock();
        let id = state.names[path];
        let node = &mut state.nodes[id];
        node.live[offset] ^= 1 << bit;
        if offset < node.durable.len() {
            node.durable[offset] ^= 1 << bit;
        }
    }

    /// Bytes written so far, of all files.
    #[must_use]
    pub fn bytes_written(&self) -> u64 {
        self.lock().bytes_written
    }

    /// Successful syncs so far, of files and folders.
    #[must_use]
    pub fn syncs(&self) -> u64 {
        self.lock().syncs
    }

    /// The disk as a process finds it that starts after `crash`: a copy, without
    /// limits and faults.
    #[must_use]
    pub fn after(&self, crash: Crash) -> Self {
        let old = self.lock();
        let names = if crash == Crash::Power {
            &old.durable_names
        } else {
            &old.names
        };
        let mut new = State {
            dirs: old.dirs.clone(),
            ..State::default()
        };
        let mut moved = BTreeMap::new();
        for (path, &id) in names {
            let node = &old.nodes[id];
            let bytes = match crash {
                Crash::Process => node.live.clone(),
                Crash::Power => node.durable.clone(),
                Crash::PowerTorn { keep_bytes } => {
                    let keep = (node.durable.len() + keep_bytes).min(node.live.len());
                    node.live[..keep].to_vec()
                }
            };
            let nodes = &mut new.nodes;
            let id = *moved.entry(id).or_insert_with(|| {
                nodes.push(Node {
                    same_until: bytes.len(),
                    durable: bytes.clone(),
                    live: bytes,
                });
                nodes.len() - 1
            });
            new.names.insert(path.clone(), id);
            new.durable_names.insert(path.clone(), id);
        }
        Self {
            state: Arc::new(Mutex::new(new)),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn handle(&self, id: usize) -> Arc<dyn File> {
        Arc::new(SimulatedFile {
            files: self.clone(),
            id,
        })
    }
}

impl State {
    fn find(&self, path: &Path) -> io::Result<usize> {
        self.names
            .get(path)
            .copied()
            .ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn make(&mut self, path: &Path) -> io::Result<usize> {
        let parent = path.parent().unwrap_or(Path::new(""));
        if !parent.as_os_str().is_empty() && !self.dirs.contains(parent) {
            return Err(io::ErrorKind::NotFound.into());
        }
        self.nodes.push(Node::default());
        let id = self.nodes.len() - 1;
        self.names.insert(path.to_path_buf(), id);
        Ok(id)
    }

    fn used_bytes(&self) -> u64 {
        let live: BTreeSet<usize> = self.names.values().copied().collect();
        live.into_iter()
            .map(|id| self.nodes[id].live.len() as u64)
            .sum()
    }

    fn free_bytes(&self) -> u64 {
        match self.capacity_bytes {
            Some(capacity) => capacity.saturating_sub(self.used_bytes()),
            None => u64::MAX,
        }
    }

    /// Whether a fault of this kind is due: counts it down, and takes it away when
    /// its time has come.
    fn due(&mut self, count: impl Fn(&mut Fault) -> Option<&mut u64>) -> bool {
        for i in 0..self.faults.len() {
            if let Some(left) = count(&mut self.faults[i]) {
                if *left == 0 {
                    self.faults.remove(i);
                    return true;
                }
                *left -= 1;
            }
        }
        false
    }

    /// How many bytes of a write of `len` get through before it tears.
    fn tear(&mut self, len: u64) -> Option<u64> {
        for i in 0..self.faults.len() {
            if let Fault::TornWrite { after_bytes } = &mut self.faults[i] {
                if *after_bytes < len {
                    let through = *after_bytes;
                    self.faults.remove(i);
                    return Some(through);
                }
                *after_bytes -= len;
            }
        }
        None
    }

    fn check_sync(&mut self) -> io::Result<()> {
        let failed = self.due(|f| match f {
            Fault::FailedSync { after_syncs } => Some(after_syncs),
            _ => None,
        });
        if failed {
            return Err(io::Error::other("simulated: sync failed"));
        }
        self.syncs += 1;
        Ok(())
    }
}

impl Files for SimulatedFiles {
    fn create(&self, path: &Path) -> io::Result<Arc<dyn File>> {
        let mut state = self.lock();
        let id = match state.find(path) {
            Ok(id) => {
                state.nodes[id].set_len(0);
                id
            }
            Err(_) => state.make(path)?,
        };
        Ok(self.handle(id))
    }

    fn open(&self, path: &Path) -> io::Result<Arc<dyn File>> {
        let id = self.lock().find(path)?;
        Ok(self.handle(id))
    }

    fn append(&self, path: &Path) -> io::Result<Arc<dyn File>> {
        let mut state = self.lock();
        let id = match state.find(path) {
            Ok(id) => id,
            Err(_) => state.make(path)?,
        };
        Ok(self.handle(id))
    }

    fn map(&self, path: &Path) -> io::Result<FileBytes> {
        self.read(path).map(FileBytes::new)
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let state = self.lock();
        let id = state.find(path)?;
        Ok(state.nodes[id].live.clone())
    }

    fn create_dir_all(&self, path: &Path) -> io::Result<()> {
        let mut state = self.lock();
        for dir in path.ancestors() {
            if !dir.as_os_str().is_empty() {
                state.dirs.insert(dir.to_path_buf());
            }
        }
        Ok(())
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<PathBuf>> {
        let state = self.lock();
        if !state.dirs.contains(dir) {
            return Err(io::ErrorKind::NotFound.into());
        }
        let mut paths: Vec<PathBuf> = state
            .names
            .keys()
            .chain(&state.dirs)
            .filter(|p| p.parent() == Some(dir))
            .cloned()
            .collect();
        paths.sort();
        Ok(paths)
    }

    fn len(&self, path: &Path) -> io::Result<u64> {
        let state = self.lock();
        let id = state.find(path)?;
        Ok(state.nodes[id].live.len() as u64)
    }

    fn exists(&self, path: &Path) -> bool {
        let state = self.lock();
        state.names.contains_key(path) || state.dirs.contains(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut state = self.lock();
        if state.dirs.contains(from) {
            return state.rename_dir(from, to);
        }
        let id = state.find(from)?;
        state.names.remove(from);
        state.names.insert(to.to_path_buf(), id);
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut state = self.lock();
        state.find(path)?;
        state.names.remove(path);
        Ok(())
    }

    fn remove_dir_all(&self, path: &Path) -> io::Result<()> {
        let mut state = self.lock();
        if !state.dirs.contains(path) {
            return Err(io::ErrorKind::NotFound.into());
        }
        state.names.retain(|p, _| !p.starts_with(path));
        state.durable_names.retain(|p, _| !p.starts_with(path));
        state.dirs.retain(|p| !p.starts_with(path));
        Ok(())
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        let mut state = self.lock();
        state.check_sync()?;
        let state = &mut *state;
        state.durable_names.retain(|p, _| p.parent() != Some(dir));
        for (path, &id) in state.names.iter().filter(|(p, _)| p.parent() == Some(dir)) {
            state.durable_names.insert(path.clone(), id);
        }
        Ok(())
    }

    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut state = self.lock();
        let id = state.find(from)?;
        if state.names.contains_key(to) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        state.names.insert(to.to_path_buf(), id);
        Ok(())
    }

    fn free_space(&self, _dir: &Path) -> io::Result<u64> {
        Ok(self.lock().free_bytes())
    }
}

impl State {
    /// Folders are durable as soon as they are made or moved: nothing here relies
    /// on a folder that a power cut took back.
    fn rename_dir(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        if self.dirs.contains(to) || self.names.contains_key(to) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let moved = |path: &Path| match path.strip_prefix(from) {
            Ok(rest) if rest.as_os_str().is_empty() => to.to_path_buf(),
            Ok(rest) => to.join(rest),
            Err(_) => path.to_path_buf(),
        };
        self.dirs = self.dirs.iter().map(|p| moved(p)).collect();
        self.names = self.names.iter().map(|(p, &id)| (moved(p), id)).collect();
        self.durable_names = self
            .durable_names
            .iter()
            .map(|(p, &id)| (moved(p), id))
            .collect();
        Ok(())
    }
}

struct SimulatedFile {
    files: SimulatedFiles,
    id: usize,
}

impl File for SimulatedFile {
    fn read_exact_at(&self, buf: &mut [u8], offset: u64) -> io::Result<()> {
        let state = self.files.lock();
        let live = &state.nodes[self.id].live;
        let from = usize::try_from(offset).unwrap_or(usize::MAX);
        let bytes = from
            .checked_add(buf.len())
            .and_then(|to| live.get(from..to));
        buf.copy_from_slice(bytes.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn write_all(&self, bytes: &[u8]) -> io::Result<()> {
        let mut state = self.files.lock();
        let mut through = bytes.len() as u64;
        let mut error = None;
        let free = state.free_bytes();
        if free < through {
            through = free;
            error = Some(io::Error::from(io::ErrorKind::StorageFull));
        }
        if let Some(torn) = state
            .tear(bytes.len() as u64)
            .filter(|&torn| torn < through)
        {
            through = torn;
            error = Some(io::Error::other("simulated: torn write"));
        }
        state.bytes_written += through;
        state.nodes[self.id]
            .live
            .extend_from_slice(&bytes[..through as usize]);
        error.map_or(Ok(()), Err)
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut state = self.files.lock();
        state.check_sync()?;
        state.nodes[self.id].sync();
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let mut state = self.files.lock();
        let failed = state.due(|f| match f {
            Fault::FailedSetLen { after_cuts } => Some(after_cuts),
            _ => None,
        });
        if failed {
            return Err(io::Error::other("simulated: cut failed"));
        }
        state.nodes[self.id].set_len(len as usize);
        Ok(())
    }

    fn len(&self) -> io::Result<u64> {
        Ok(self.files.lock().nodes[self.id].live.len() as u64)
    }
}
