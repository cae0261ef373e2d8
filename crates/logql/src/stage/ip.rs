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
            let address: IpAddr = address.parse().map_err(|_| wrong())?;
            let is_number = !bits.is_empty() && bits.bytes().all(|b| b.is_ascii_digit());
            let bits = bits.parse().ok().filter(|_| is_number);
            return network(address, bits.ok_or_else(wrong)?).ok_or_else(wrong);
        }
        if let Some((from, to)) = text.split_once('-') {
            let from: IpAddr = from.parse().map_err(|_| wrong())?;
            let to: IpAddr = to.parse().map_err(|_| wrong())?;
            if from.is_ipv4() != to.is_ipv4() || from > to {
                return Err(wrong());
            }
            return Ok(Self { from, to });
        }
        let address: IpAddr = text.parse().map_err(|_| wrong())?;
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

    /// Whether such an address stands somewhere in the line. As Loki finds them: a digit
    /// with a point within the next three bytes begins one of version 4, up to four
    /// hexadecimal digits and a colon, or two colons, one of version 6; all characters that
    /// may be in one belong to it. `10.0.0.1.` at the end of a sentence is none.
    #[must_use]
    pub fn is_in(&self, line: &[u8]) -> bool {
        let mut at = 0;
        while at < line.len() {
            let rest = &line[at..];
            let is_part: fn(&u8) -> bool = if begins_v4(rest) {
                |b| b.is_ascii_digit() || *b == b'.'
            } else if begins_v6(rest) {
                |b| b.is_ascii_hexdigit() || matches!(b, b':' | b'.')
            } else {
                at += 1;
                continue;
            };
            let length = rest.iter().take_while(|b| is_part(b)).count();
            let address = std::str::from_utf8(&rest[..length]).ok();
            if let Some(Ok(address)) = address.map(str::parse)
                && self.has(address)
            {
                return true;
            }
            at += length + 1;
        }
        false
    }
}

fn begins_v4(rest: &[u8]) -> bool {
    matches!(rest, [digit, next @ .., ] if digit.is_ascii_digit()
        && next.len() >= 3 && next[..3].contains(&b'.'))
}

fn begins_v6(rest: &[u8]) -> bool {
    if let [b':', b':', next, ..] = rest {
        return next.is_ascii_hexdigit();
    }
    let digits = rest.iter().take_while(|b| b.is_ascii_hexdigit()).count();
    (1..=4).contains(&digits) && rest.get(digits) == Some(&b':')
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

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pattern: &str, line: &str, want: bool) {
        let pattern = IpPattern::new(pattern).expect(pattern);
        assert_eq!(
            pattern.is_in(line.as_bytes()),
            want,
            "{pattern:?} in {line}"
        );
    }

    #[test]
    fn addresses_in_lines() {
        check("10.0.0.0/8", "from 10.2.3.4:80 to", true);
        check("10.0.0.1-10.0.0.9", "[10.0.0.5]", true);
        check("10.0.0.1-10.0.0.9", "10.0.0.10", false);
        check("10.0.0.1", "at 10.0.0.1.", false);
        check("::1", "x ::1", true);
        check("2001:db8::/32", "[2001:db8::5]:443", true);
        check("2001:db8::/32", "deadbeef:2001:db8::5", false);
        check("1.1.1.1", "1.1.1.1", true);
        check("0.0.0.0/0", "::1", false);
    }

    #[test]
    fn patterns_that_are_none() {
        for text in [
            "",
            "10.0.0",
            "10.0.0.0/33",
            "10.0.0.0/+8",
            "2.0.0.0-1.0.0.0",
            " ::1",
            "1.1.1.1-::1",
        ] {
            assert!(IpPattern::new(text).is_err(), "{text}");
        }
    }
}
