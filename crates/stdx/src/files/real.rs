//! The operating system's files.

use std::fs;
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{File, FileBytes, Files};

/// What the standard library cannot do. This crate depends on nothing, so memory
/// maps and `statvfs` are handed in by a room that may have `memmap2` and `libc`.
#[derive(Clone, Copy)]
pub struct Hooks {
    /// Maps a file for reading.
    pub map: fn(&fs::File) -> io::Result<FileBytes>,
    /// Bytes that may still be written on the disk of this folder.
    pub free_space: fn(&Path) -> io::Result<u64>,
}

/// The operating system's files.
#[derive(Clone, Copy, Default)]
pub struct RealFiles {
    hooks: Option<Hooks>,
}

impl RealFiles {
    /// With the means of the standard library alone: maps are copies, and the free
    /// space is not known.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// With memory maps and free space.
    #[must_use]
    pub fn with_hooks(hooks: Hooks) -> Self {
        Self { hooks: Some(hooks) }
    }
}

impl Files for RealFiles {
    fn create(&self, path: &Path) -> io::Result<Arc<dyn File>> {
        // Append mode, so that writes go to the end also after a cut.
        let file = fs::OpenOptions::new()
            .create(true)
            .append(true)
            .read(true)
            .open(path)?;
        file.set_len(0)?;
        Ok(Arc::new(RealFile(file)))
    }

    fn open(&self, path: &Path) -> io::Result<Arc<dyn File>> {
        Ok(Arc::new(RealFile(fs::File::open(path)?)))
    }

    fn append(&self, path: &Path) -> io::Result<Arc<dyn File>> {
        let file = fs::OpenOptions::new()
            .create(true)
            .append(true)
            .read(true)
            .open(path)?;
        Ok(Arc::new(RealFile(file)))
    }

    fn map(&self, path: &Path) -> io::Result<FileBytes> {
        let mut file = fs::File::open(path)?;
        let len = file.metadata()?.len();
        match self.hooks {
            Some(hooks) if len > 0 => (hooks.map)(&file),
            _ => {
                let mut bytes = Vec::new();
                file.read_to_end(&mut bytes)?;
                Ok(FileBytes::new(bytes))
            }
        }
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        fs::read(path)
    }

    fn create_dir_all(&self, path: &Path) -> io::Result<()> {
        fs::create_dir_all(path)
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<PathBuf>> {
        let mut paths = Vec::new();
        for entry in fs::read_dir(dir)? {
            paths.push(entry?.path());
        }
        paths.sort();
        Ok(paths)
    }

    fn len(&self, path: &Path) -> io::Result<u64> {
        Ok(fs::metadata(path)?.len())
    }

    fn exists(&self, path: &Path) -> bool {
        path.exists()
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn remove_dir_all(&self, path: &Path) -> io::Result<()> {
        fs::remove_dir_all(path)
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        fs::File::open(dir)?.sync_all()
    }

    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        match fs::hard_link(from, to) {
            Err(e)
                if matches!(
                    e.kind(),
                    io::ErrorKind::CrossesDevices | io::ErrorKind::Unsupported
                ) =>
            {
                fs::copy(from, to).map(|_| ())
            }
            other => other,
        }
    }

    fn free_space(&self, dir: &Path) -> io::Result<u64> {
        match self.hooks {
            Some(hooks) => (hooks.free_space)(dir),
            None => Err(io::ErrorKind::Unsupported.into()),
        }
    }
}

struct RealFile(fs::File);

impl File for RealFile {
    fn read_exact_at(&self, buf: &mut [u8], offset: u64) -> io::Result<()> {
        self.0.read_exact_at(buf, offset)
    }

    fn write_all(&self, bytes: &[u8]) -> io::Result<()> {
        (&self.0).write_all(bytes)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.0.sync_data()
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.0.set_len(len)
    }

    fn len(&self) -> io::Result<u64> {
        Ok(self.0.metadata()?.len())
    }
}
