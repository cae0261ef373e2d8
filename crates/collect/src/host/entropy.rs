//! The kernel's pool of random bits (`/proc/sys/kernel/random`).

use super::conntrack::single;
use super::families::Families;
use super::roots::{Held, Roots};
use super::{Collect, HostError};

pub(super) struct Entropy {
    available: Held,
    size: Held,
}

impl Entropy {
    pub(super) fn new(roots: &Roots) -> Self {
        Self {
            available: roots.proc_file("sys/kernel/random/entropy_avail"),
            size: roots.proc_file("sys/kernel/random/poolsize"),
        }
    }
}

impl Collect for Entropy {
    fn collect(&mut self, out: &mut Families<'_>) -> Result<(), HostError> {
        let available = single(&mut self.available)?;
        out.gauge(
            "node_entropy_available_bits",
            "Bits of available entropy.",
            available,
        );
        let size = single(&mut self.size)?;
        out.gauge(
            "node_entropy_pool_size_bits",
            "Bits of the entropy pool.",
            size,
        );
        Ok(())
    }
}
