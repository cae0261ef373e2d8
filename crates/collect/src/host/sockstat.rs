//! Sockets by protocol and state (`/proc/net/sockstat`, `/proc/net/sockstat6`).

use super::families::Families;
use super::roots::{Held, Roots};
use super::{Collect, HostError};

pub(super) struct SockStat {
    v4: Held,
    v6: Held,
    page_bytes: f64,
}

impl SockStat {
    pub(super) fn new(roots: &Roots) -> Self {
        Self {
            v4: roots.proc_file("net/sockstat"),
            v6: roots.proc_file("net/sockstat6"),
            page_bytes: page_bytes(),
        }
    }
}

impl Collect for SockStat {
    fn collect(&mut self, out: &mut Families<'_>) -> Result<(), HostError> {
        write(self.v4.read()?, self.page_bytes, out);
        match self.v6.read() {
            Ok(text) => write(text, self.page_bytes, out),
            // Hosts without IPv6.
            Err(HostError::NoData) => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }
}

fn write(text: &str, page_bytes: f64, out: &mut Families<'_>) {
    for line in text.lines() {
        let Some((protocol, pairs)) = line.split_once(':') else {
            continue;
        };
        let mut fields = pairs.split_ascii_whitespace();
        while let (Some(key), Some(value)) = (fields.next(), fields.next()) {
            let Ok(value) = value.parse::<f64>() else {
                continue;
            };
            if protocol == "sockets" {
                out.gauge("node_sockstat_sockets_used", "Sockets in use.", value);
                continue;
            }
            let name = format!("node_sockstat_{protocol}_{key}");
            out.gauge(&name, &format!("{protocol} sockets: {key}."), value);
            if key == "mem" {
                // The kernel counts pages here.
                let help = format!("Memory of {protocol} sockets.");
                out.gauge(&format!("{name}_bytes"), &help, value * page_bytes);
            }
        }
    }
}

/// Bytes of a page of memory.
pub(super) fn page_bytes() -> f64 {
    // SAFETY: sysconf only reads its argument.
    let bytes = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    if bytes > 0 { bytes as f64 } else { 4096.0 }
}
