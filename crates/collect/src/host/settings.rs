//! What the host collectors read, and which of them run.

use std::path::PathBuf;

/// Settings of the built-in host metrics.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostSettings {
    /// Where the kernel's `proc` is mounted; in a container often `/host/proc`.
    pub proc_path: PathBuf,
    /// Where the kernel's `sys` is mounted.
    pub sys_path: PathBuf,
    /// The host's root directory; mount points are told relative to it.
    pub root_path: PathBuf,
    /// Where udev keeps what it knows of devices.
    pub udev_path: PathBuf,
    /// Directory whose `*.prom` files are exposed too.
    pub textfile_directory: Option<PathBuf>,
    /// Collectors that do not run, by name (see [`crate::host::names`]).
    pub disabled: Vec<String>,
    /// Groups of processes that are told, at most; 0: none.
    pub process_groups_max: usize,
}

impl Default for HostSettings {
    fn default() -> Self {
        Self {
            proc_path: "/proc".into(),
            sys_path: "/sys".into(),
            root_path: "/".into(),
            udev_path: "/run/udev/data".into(),
            textfile_directory: None,
            disabled: Vec::new(),
            process_groups_max: 20,
        }
    }
}
