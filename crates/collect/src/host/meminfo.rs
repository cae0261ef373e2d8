//! Memory (`/proc/meminfo`): each line is a family.

use std::fmt::Write as _;

use super::families::Families;
use super::roots::{Held, Roots};
use super::{Collect, HostError};

pub(super) struct MemInfo {
    file: Held,
    name: String,
}

impl MemInfo {
    pub(super) fn new(roots: &Roots) -> Self {
        Self {
            file: roots.proc_file("meminfo"),
            name: String::new(),
        }
    }
}

impl Collect for MemInfo {
    fn collect(&mut self, out: &mut Families<'_>) -> Result<(), HostError> {
        for line in self.file.read()?.lines() {
            let mut fields = line.split_ascii_whitespace();
            let (Some(key), Some(value)) = (fields.next(), fields.next()) else {
                continue;
            };
            let Ok(value) = value.parse::<f64>() else {
                continue;
            };
            let kilobytes = fields.next() == Some("kB");
            self.name.clear();
            self.name.push_str("node_memory_");
            // `Active(anon):` becomes `Active_anon`.
            for c in key.trim_end_matches(':').chars() {
                match c {
                    '(' => self.name.push('_'),
                    ')' => {}
                    c => self.name.push(c),
                }
            }
            if kilobytes {
                self.name.push_str("_bytes");
            }
            let mut help = String::with_capacity(48);
            // Writing to a string cannot fail.
            let _ = write!(help, "Field {} of meminfo.", key.trim_end_matches(':'));
            out.gauge(
                &self.name,
                &help,
                if kilobytes { value * 1024.0 } else { value },
            );
        }
        Ok(())
    }
}
