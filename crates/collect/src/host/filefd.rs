//! Open files of the whole host (`/proc/sys/fs/file-nr`).

use super::families::Families;
use super::roots::{Held, Roots};
use super::{Collect, HostError};

pub(super) struct FileFd(Held);

impl FileFd {
    pub(super) fn new(roots: &Roots) -> Self {
        Self(roots.proc_file("sys/fs/file-nr"))
    }
}

impl Collect for FileFd {
    fn collect(&mut self, out: &mut Families<'_>) -> Result<(), HostError> {
        let numbers: Vec<f64> = self
            .0
            .read()?
            .split_ascii_whitespace()
            .filter_map(|f| f.parse().ok())
            .collect();
        let &[allocated, _, maximum] = numbers.as_slice() else {
            return Err(HostError::bad(self.0.path(), "not three numbers"));
        };
        out.gauge(
            "node_filefd_allocated",
            "File descriptors in use.",
            allocated,
        );
        out.gauge("node_filefd_maximum", "Most file descriptors.", maximum);
        Ok(())
    }
}
