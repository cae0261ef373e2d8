//! Writing a block file.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use binnacle_stdx::files::{File, Files};

use super::format::{ALIGN, Entry, HEADER_BYTES, PAGE_BYTES, header, put_footer};
use crate::Error;

/// What the name of a block ends in while it is being written; at the start, an
/// engine removes what an earlier process left of these.
pub const TEMPORARY_SUFFIX: &str = ".tmp";

/// Bytes that are gathered before they go to the file.
const BUFFER_BYTES: usize = 1 << 20;

/// Writes one block file, section by section.
///
/// The file has its name only after [`Self::finish`]; dropped before that, it is
/// removed. After an error, drop it.
pub struct BlockWriter {
    files: Arc<dyn Files>,
    path: PathBuf,
    temporary: PathBuf,
    file: Arc<dyn File>,
    header: [u8; HEADER_BYTES],
    buffer: Vec<u8>,
    /// Bytes of the file so far, those in the buffer included.
    len: u64,
    entries: Vec<Entry>,
    page: Page,
    finished: bool,
}

/// The page that is being filled.
#[derive(Default)]
struct Page {
    hasher: crc32fast::Hasher,
    len: usize,
}

impl BlockWriter {
    /// Begins the block `path`. `kind` is the engine's own number for what the block
    /// holds and how; see [`super::BlockFile::kind`].
    ///
    /// # Errors
    /// [`Error::Full`], [`Error::Io`].
    pub fn create(files: Arc<dyn Files>, path: &Path, kind: u32) -> Result<Self, Error> {
        let mut name = path.as_os_str().to_owned();
        name.push(TEMPORARY_SUFFIX);
        let temporary = PathBuf::from(name);
        let file = files
            .create(&temporary)
            .map_err(Error::io("create", &temporary))?;
        let header = header(kind);
        Ok(Self {
            files,
            path: path.to_path_buf(),
            temporary,
            file,
            header,
            buffer: header.to_vec(),
            len: HEADER_BYTES as u64,
            entries: Vec::new(),
            page: Page::default(),
            finished: false,
        })
    }

    /// Begins a section; [`Self::write`] fills it until the next one begins.
    pub fn section(&mut self, name: &str) {
        self.end_page();
        let padding = self.len.next_multiple_of(ALIGN as u64) - self.len;
        self.buffer
            .extend_from_slice(&[0; ALIGN][..padding as usize]);
        self.len += padding;
        self.entries.push(Entry {
            name: name.to_string(),
            offset: self.len,
            len: 0,
            page_crcs: Vec::new(),
        });
    }

    /// Appends to the current section.
    ///
    /// # Errors
    /// [`Error::Full`], [`Error::Io`].
    ///
    /// # Panics
    /// Before the first section.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let mut rest = bytes;
        while !rest.is_empty() {
            let (now, later) = rest.split_at(rest.len().min(PAGE_BYTES - self.page.len));
            self.page.hasher.update(now);
            self.page.len += now.len();
            if self.page.len == PAGE_BYTES {
                self.end_page();
            }
            rest = later;
        }
        let entry = self.entries.last_mut().expect("a section was begun");
        entry.len += bytes.len() as u64;
        self.len += bytes.len() as u64;
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= BUFFER_BYTES {
            self.flush()
        } else {
            Ok(())
        }
    }

    /// Where the next byte of the current section will stand, from its beginning.
    #[must_use]
    pub fn section_len(&self) -> u64 {
        self.entries.last().map_or(0, |e| e.len)
    }

    /// Ends the block: writes the footer, syncs, and gives the file its name. Returns
    /// the length of the file.
    ///
    /// # Errors
    /// [`Error::Full`], [`Error::Io`]; then there is no block.
    pub fn finish(mut self) -> Result<u64, Error> {
        self.end_page();
        put_footer(&self.header, &self.entries, self.len, &mut self.buffer);
        self.flush()?;
        let bytes = self
            .file
            .len()
            .map_err(Error::io("stat", &self.temporary))?;
        self.file
            .sync_data()
            .map_err(Error::io("sync", &self.temporary))?;
        self.files
            .rename(&self.temporary, &self.path)
            .map_err(Error::io("rename", &self.path))?;
        self.finished = true;
        let dir = self.path.parent().unwrap_or(Path::new("."));
        self.files.sync_dir(dir).map_err(Error::io("sync", dir))?;
        Ok(bytes)
    }

    fn end_page(&mut self) {
        let page = std::mem::take(&mut self.page);
        if page.len > 0
            && let Some(entry) = self.entries.last_mut()
        {
            entry.page_crcs.push(page.hasher.finalize());
        }
    }

    fn flush(&mut self) -> Result<(), Error> {
        self.file
            .write_all(&self.buffer)
            .map_err(Error::io("write", &self.temporary))?;
        self.buffer.clear();
        Ok(())
    }
}

impl Drop for BlockWriter {
    fn drop(&mut self) {
        if !self.finished {
            // What cannot be removed now is removed at the next start.
            let _ = self.files.remove(&self.temporary);
        }
    }
}
