//! Reading a block file.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use binnacle_stdx::files::{FileBytes, Files};

use super::format::{Entry, PAGE_BYTES, read_ends};
use crate::Error;

/// When checksums are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Verify {
    /// Each page before its first use.
    #[default]
    Lazily,
    /// All when the block is opened; reads the whole file.
    AtOpen,
}

/// An open block file. Cheap to clone; safe to use from many threads.
#[derive(Clone)]
pub struct BlockFile {
    shared: Arc<Shared>,
}

struct Shared {
    path: PathBuf,
    kind: u32,
    bytes: FileBytes,
    sections: Vec<Stored>,
}

struct Stored {
    entry: Entry,
    /// A bit for each page that was found good.
    verified: Vec<AtomicU64>,
}

/// A section of an open block.
#[derive(Clone, Copy)]
pub struct Section<'a> {
    path: &'a Path,
    stored: &'a Stored,
    bytes: &'a [u8],
}

impl BlockFile {
    /// Opens a block.
    ///
    /// # Errors
    /// [`Error::Corrupt`]: quarantine it. [`Error::NewerVersion`]: refuse to start.
    /// [`Error::Io`].
    pub fn open(files: &dyn Files, path: &Path, verify: Verify) -> Result<Self, Error> {
        let bytes = files.map(path).map_err(Error::io("map", path))?;
        let ends = read_ends(path, &bytes)?;
        let sections = ends.entries.into_iter().map(Stored::new).collect();
        let shared = Shared {
            path: path.to_path_buf(),
            kind: ends.kind,
            bytes,
            sections,
        };
        let block = Self {
            shared: Arc::new(shared),
        };
        if verify == Verify::AtOpen {
            block.verify_all()?;
        }
        Ok(block)
    }

    /// The engine's own number, as it was written.
    #[must_use]
    pub fn kind(&self) -> u32 {
        self.shared.kind
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.shared.path
    }

    /// Length of the file, bytes.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.shared.bytes.len() as u64
    }

    /// Never: a block has a header at least.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        false
    }

    /// Names of the sections, in the order of the file.
    pub fn section_names(&self) -> impl Iterator<Item = &str> {
        self.shared.sections.iter().map(|s| s.entry.name.as_str())
    }

    /// A section by its name; nothing of it is verified yet.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub fn section(&self, name: &str) -> Result<Section<'_>, Error> {
        let found = self.shared.sections.iter().find(|s| s.entry.name == name);
        let stored = found.ok_or_else(|| Error::NotFound {
            what: format!("section {name}"),
            path: self.shared.path.clone(),
        })?;
        Ok(self.shared.view(stored))
    }

    /// Compares all checksums, those of verified pages too.
    ///
    /// # Errors
    /// [`Error::Corrupt`] for the first bad page.
    pub fn verify_all(&self) -> Result<(), Error> {
        for stored in &self.shared.sections {
            let section = self.shared.view(stored);
            for page in 0..stored.entry.page_crcs.len() {
                section.verify_page(page)?;
            }
        }
        Ok(())
    }
}

impl Shared {
    fn view<'a>(&'a self, stored: &'a Stored) -> Section<'a> {
        // The footer was checked: each section lies within the file.
        let from = stored.entry.offset as usize;
        let bytes = &self.bytes[from..from + stored.entry.len as usize];
        Section {
            path: &self.path,
            stored,
            bytes,
        }
    }
}

impl Stored {
    fn new(entry: Entry) -> Self {
        let words = entry.page_crcs.len().div_ceil(64);
        Self {
            entry,
            verified: (0..words).map(|_| AtomicU64::new(0)).collect(),
        }
    }
}

impl<'a> Section<'a> {
    /// How long it is, bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether there is nothing in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// All of it, verified.
    ///
    /// # Errors
    /// [`Error::Corrupt`].
    pub fn bytes(&self) -> Result<&'a [u8], Error> {
        self.range(0, self.bytes.len())
    }

    /// `len` bytes from `offset` on, verified.
    ///
    /// # Errors
    /// [`Error::Corrupt`], also when they are not all in the section: then whatever
    /// named them is corrupt.
    pub fn range(&self, offset: usize, len: usize) -> Result<&'a [u8], Error> {
        let Some(bytes) = offset
            .checked_add(len)
            .and_then(|end| self.bytes.get(offset..end))
        else {
            let what = format!("{len} bytes at {offset} are wanted of {}", self.bytes.len());
            return Err(self.corrupt(self.bytes.len(), what));
        };
        if len > 0 {
            for page in offset / PAGE_BYTES..=(offset + len - 1) / PAGE_BYTES {
                let bit = 1 << (page % 64);
                let word = &self.stored.verified[page / 64];
                if word.load(Ordering::Relaxed) & bit == 0 {
                    self.verify_page(page)?;
                    word.fetch_or(bit, Ordering::Relaxed);
                }
            }
        }
        Ok(bytes)
    }

    /// An error for what only the reader of the section can see, at `offset` in it.
    #[must_use]
    pub fn corrupt(&self, offset: usize, what: impl Into<String>) -> Error {
        let at = self.stored.entry.offset + offset as u64;
        Error::corrupt(self.path, self.stored.entry.name.clone(), at, what)
    }

    fn verify_page(&self, page: usize) -> Result<(), Error> {
        let from = page * PAGE_BYTES;
        let to = (from + PAGE_BYTES).min(self.bytes.len());
        if crc32fast::hash(&self.bytes[from..to]) == self.stored.entry.page_crcs[page] {
            return Ok(());
        }
        Err(self.corrupt(from, "wrong checksum"))
    }
}
