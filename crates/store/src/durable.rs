//! Replacing small files so that a crash leaves the old one or the new one.

use std::path::Path;

use crate::Error;
use binnacle_stdx::files::Files;

/// What the name of a file ends in while it is being written.
pub const TEMPORARY_SUFFIX: &str = crate::blockfile::TEMPORARY_SUFFIX;

/// Puts `bytes` under the name `path`, atomically and safe from a power cut.
///
/// # Errors
/// Those of the disk; then the old file is there.
pub fn replace(files: &dyn Files, path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(TEMPORARY_SUFFIX);
    let temporary = std::path::PathBuf::from(temporary);
    let file = files
        .create(&temporary)
        .map_err(Error::io("create", &temporary))?;
    let written = file
        .write_all(bytes)
        .map_err(Error::io("write", &temporary))
        .and_then(|()| file.sync_data().map_err(Error::io("sync", &temporary)));
    if let Err(error) = written {
        // What cannot be removed now is removed at the next start.
        let _ = files.remove(&temporary);
        return Err(error);
    }
    files
        .rename(&temporary, path)
        .map_err(Error::io("rename", path))?;
    let dir = path.parent().unwrap_or(Path::new("."));
    files.sync_dir(dir).map_err(Error::io("sync", dir))
}
