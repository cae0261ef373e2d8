//! `ip("…")`: an address, a range of addresses or a network.

use std::net::IpAddr;

/// What is looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IpPattern {
    from: IpAddr,
    to: IpAddr,
}

impl IpPattern {
    /// Reads `192.168.0.1`, `192.168.0.1-192.168.0.23` or `192.168.0.0/16`.
    ///
    /// # Errors
    /// When it is none of them.
    pub fn new(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "ip: invalid pattern {text:?}: there are an address, a range such as \
                 10.0.0.1-10.0.0.9 and a network such as 10.0.0.0/8"
            )
        };
        if let Some((address, bits)) = text.split_once('/') {
            let address: IpAddr = address.trim().parse().map_err(|_| wrong())?;
            let bits: u32 = bits.trim().parse().map_err(|_| wrong())?;
            return network(address, bits).ok_or_else(wrong);
        }
        if let Some((from, to)) = text.split_once('-') {
            let from: IpAddr = from.trim().parse().map_err(|_| wrong())?;
            let to: IpAddr = to.trim().parse().map_err(|_| wrong())?;
            if from.is_ipv4() != to.is_ipv4() || from > to {
                return Err(wrong());
            }
            return Ok(Self { from, to });
        }
        let address: IpAddr = text.trim().parse().map_err(|_| wrong())?;
        Ok(Self {
            from: address,
            to: address,
        })
    }

    /// Whether an address is meant.
    #[must_use]
    pub fn has(&self, address: IpAddr) -> bool {
        address.is_ipv4() == self.from.is_ipv4() && address >= self.from && address <= self.to
    }

    /// Whether such an address stands somewhere in the line.
    #[must_use]
    pub fn is_in(&self, line: &[u8]) -> bool {
        let is_part = |b: u8| b.is_ascii_hexdigit() || b == b'.' || b == b':';
        let mut at = 0;
        while at < line.len() {
            if !is_part(line[at]) {
                at += 1;
                continue;
            }
            let from = at;
            while at < line.len() && is_part(line[at]) {
                at += 1;
            }
            if candidates(&line[from..at]).any(|address| self.has(address)) {
                return true;
            }
        }
        false
    }
}

fn network(address: IpAddr, bits: u32) -> Option<IpPattern> {
    match address {
        IpAddr::V4(v4) if bits <= 32 => {
            let mask = u32::MAX.checked_shl(32 - bits).unwrap_or(0);
            let from = u32::from(v4) & mask;
            Some(IpPattern {
                from: IpAddr::V4(from.into()),
                to: IpAddr::V4((from | !mask).into()),
            })
        }
        IpAddr::V6(v6) if bits <= 128 => {
            let mask = u128::MAX.checked_shl(128 - bits).unwrap_or(0);
            let from = u128::from(v6) & mask;
            Some(IpPattern {
                from: IpAddr::V6(from.into()),
                to: IpAddr::V6((from | !mask).into()),
            })
        }
        _ => None,
    }
}

/// Addresses that a run of their characters may be: the whole, and what is left without a
/// port behind or punctuation around.
fn candidates(run: &[u8]) -> impl Iterator<Item = IpAddr> {
    let text = std::str::from_utf8(run).unwrap_or("");
    let bare = text.trim_matches(['.', ':']);
    let without_port = bare.rsplit_once(':').map_or("", |(address, _)| address);
    let first = bare.split(':').next().unwrap_or("");
    [text, bare, without_port, first]
        .into_iter()
        .filter_map(|t| t.parse().ok())
        .collect::<Vec<_>>()
        .into_iter()
}
