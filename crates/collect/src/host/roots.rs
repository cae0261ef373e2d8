//! Where the kernel tells things, and how they are read cheaply.
//!
//! Everything the host collectors read goes through [`Roots`], so that a
//! container can look at its host (`/host/proc`) and a test at a tree of fixtures.
//! A file that is read at every scrape is a [`Held`]: it stays open, and is read
//! from its start each time, which saves the path walk and the open.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use super::{HostError, HostSettings};

/// Bytes read of one file, at most: the largest (`/proc/mountinfo` with thousands
/// of mounts, `/proc/stat` with its interrupts) stay far below.
const FILE_BYTES_MAX: usize = 16 << 20;

/// The directories that stand for the kernel's view of the host.
#[derive(Debug, Clone)]
pub(crate) struct Roots {
    pub(crate) proc: PathBuf,
    pub(crate) sys: PathBuf,
    pub(crate) root: PathBuf,
    pub(crate) udev: PathBuf,
}

impl Roots {
    pub(crate) fn new(settings: &HostSettings) -> Self {
        Self {
            proc: settings.proc_path.clone(),
            sys: settings.sys_path.clone(),
            root: settings.root_path.clone(),
            udev: settings.udev_path.clone(),
        }
    }

    /// A file below `proc` that is read again and again.
    pub(crate) fn proc_file(&self, path: &str) -> Held {
        Held::new(self.proc.join(path))
    }

    /// A path below `sys`.
    pub(crate) fn sys_path(&self, path: &str) -> PathBuf {
        self.sys.join(path)
    }
}

/// A file that stays open between scrapes.
#[derive(Debug)]
pub(crate) struct Held {
    path: PathBuf,
    file: Option<File>,
    buf: Vec<u8>,
}

impl Held {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self {
            path,
            file: None,
            buf: Vec::new(),
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The whole file as it is now.
    pub(crate) fn read(&mut self) -> Result<&str, HostError> {
        if self.file.is_some() && self.fill().is_err() {
            // The file was replaced or its mount went away: look again by name.
            self.file = None;
        }
        if self.file.is_none() {
            self.file = Some(File::open(&self.path).map_err(|e| HostError::io(&self.path, e))?);
            self.fill().map_err(|e| HostError::io(&self.path, e))?;
        }
        std::str::from_utf8(&self.buf)
            .map_err(|_| HostError::bad(&self.path, "text that is not UTF-8"))
    }

    fn fill(&mut self) -> io::Result<()> {
        let Some(file) = &self.file else {
            return Err(io::ErrorKind::NotFound.into());
        };
        let mut len = 0;
        loop {
            if self.buf.len() - len < 1024 {
                let grown = (self.buf.len() * 2).clamp(4096, FILE_BYTES_MAX);
                if grown == self.buf.len() {
                    break;
                }
                self.buf.resize(grown, 0);
            }
            // The kernel makes the text anew when it is read from the start, and
            // gives it out in pieces of up to a page.
            let n = file.read_at(&mut self.buf[len..], len as u64)?;
            if n == 0 {
                break;
            }
            len += n;
        }
        self.buf.truncate(len);
        Ok(())
    }
}

/// The trimmed text of a small file, or `None` when it cannot be read: many
/// attributes exist only on some hardware or answer with an error.
pub(crate) fn attribute(path: &Path) -> Option<String> {
    let mut text = fs::read_to_string(path).ok()?;
    text.truncate(text.trim_end().len());
    if text.starts_with(char::is_whitespace) {
        text = text.trim_start().to_owned();
    }
    Some(text)
}

/// The number in a small file: decimal, or hexadecimal after `0x`.
pub(crate) fn number(path: &Path) -> Option<f64> {
    let mut buf = [0u8; 64];
    let n = File::open(path).ok()?.read_at(&mut buf, 0).ok()?;
    parse_number(std::str::from_utf8(&buf[..n]).ok()?.trim())
}

/// A number as the kernel writes it.
pub(crate) fn parse_number(text: &str) -> Option<f64> {
    if let Some(hex) = text.strip_prefix("0x") {
        return u64::from_str_radix(hex, 16).ok().map(|v| v as f64);
    }
    text.parse().ok()
}

/// Names in a directory, ascending; none when there is no such directory.
pub(crate) fn names_in(dir: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(dir) else {
        return Vec::new();
    };
    let mut names: Vec<String> = entries
        .flatten()
        .filter_map(|e| e.file_name().into_string().ok())
        .collect();
    names.sort_unstable();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_held_file_shows_what_was_written_last() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("loadavg");
        let mut held = Held::new(path.clone());
        assert!(held.read().is_err());
        fs::write(&path, "one").unwrap();
        assert_eq!(held.read().unwrap(), "one");
        fs::write(&path, "x".repeat(10_000)).unwrap();
        assert_eq!(held.read().unwrap().len(), 10_000);
        fs::write(&path, "two").unwrap();
        assert_eq!(held.read().unwrap(), "two");
    }

    #[test]
    fn numbers_of_the_kernel() {
        let check = |text: &str, want: Option<f64>| assert_eq!(parse_number(text), want, "{text}");
        check("0x1003", Some(4099.0));
        check("-1", Some(-1.0));
        check("12.5", Some(12.5));
        check("", None);
        check("0xzz", None);
    }
}
