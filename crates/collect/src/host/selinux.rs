//! Whether SELinux is on, and how (`/sys/fs/selinux`).

use std::path::PathBuf;

use super::families::Families;
use super::roots::{Roots, attribute, number};
use super::{Collect, HostError};

pub(super) struct Selinux {
    fs: PathBuf,
    config: PathBuf,
}

impl Selinux {
    pub(super) fn new(roots: &Roots) -> Self {
        Self {
            fs: roots.sys_path("fs/selinux"),
            config: roots.root.join("etc/selinux/config"),
        }
    }
}

impl Collect for Selinux {
    fn collect(&mut self, out: &mut Families<'_>) -> Result<(), HostError> {
        let current = number(&self.fs.join("enforce"));
        let enabled = f64::from(u8::from(current.is_some()));
        out.gauge("node_selinux_enabled", "Whether SELinux is on.", enabled);
        if let Some(current) = current {
            let config = attribute(&self.config).unwrap_or_default();
            let wanted = config
                .lines()
                .find_map(|l| l.trim().strip_prefix("SELINUX="));
            let mode = match wanted {
                Some("enforcing") => 1.0,
                Some("permissive") => 0.0,
                _ => -1.0,
            };
            out.gauge(
                "node_selinux_config_mode",
                "Mode in the configuration: 1 enforcing, 0 permissive, -1 off.",
                mode,
            );
            out.gauge(
                "node_selinux_current_mode",
                "Mode now: 1 enforcing, 0 permissive.",
                current,
            );
        }
        Ok(())
    }
}
