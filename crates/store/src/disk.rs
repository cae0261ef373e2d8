//! The operating system's files with memory maps and free space: the two things
//! that `stdx` leaves to a room with dependencies.

use std::ffi::CString;
use std::fs::File;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::sync::Arc;

use binnacle_stdx::files::{FileBytes, Files, Hooks, RealFiles};

/// The files that production code uses.
#[must_use]
pub fn files() -> Arc<dyn Files> {
    Arc::new(RealFiles::with_hooks(Hooks { map, free_space }))
}

fn map(file: &File) -> io::Result<FileBytes> {
    // SAFETY: a store maps only files that it wrote itself and that nothing changes
    // any more (blocks, closed log segments, the part of a log that was recovered).
    // They are removed by unlinking, which leaves the pages, and never cut short.
    // Whoever cuts a file of the data directory from outside gets a SIGBUS, as with
    // every store that maps its files.
    let map = unsafe { memmap2::Mmap::map(file)? };
    Ok(FileBytes::new(map))
}

fn free_space(dir: &Path) -> io::Result<u64> {
    let path = CString::new(dir.as_os_str().as_bytes())?;
    // SAFETY: `statvfs` is plain data, for which all zeros are a valid value.
    let mut stat: libc::statvfs = unsafe { std::mem::zeroed() };
    // SAFETY: `path` ends in a zero byte and `stat` is ours for the time of the call.
    if unsafe { libc::statvfs(path.as_ptr(), &raw mut stat) } != 0 {
        return Err(io::Error::last_os_error());
    }
    // Blocks for ordinary users, not those kept for root.
    Ok((stat.f_bavail as u64).saturating_mul(stat.f_frsize as u64))
}
