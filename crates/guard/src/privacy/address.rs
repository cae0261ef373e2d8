//! E-mail and IP addresses.

use std::net::Ipv6Addr;

/// Longest local part and domain (RFC 5321).
const LOCAL_MAX: usize = 64;
const DOMAIN_MAX: usize = 255;

fn is_local(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'%' | b'+' | b'-')
}

/// Last parts of names that look like addresses and are none: units of systemd, files.
const NOT_TOP_LEVEL: [&str; 20] = [
    "service", "socket", "timer", "mount", "target", "slice", "scope", "device", "swap", "path",
    "png", "jpg", "jpeg", "gif", "svg", "webp", "css", "js", "ts", "json",
];

/// The address around the `@` at `at`.
pub(super) fn email(text: &[u8], at: usize) -> Option<(usize, usize)> {
    let low = at.saturating_sub(LOCAL_MAX + 1);
    let before = &text[low..at];
    let mut start = low
        + before
            .iter()
            .rposition(|&b| !is_local(b))
            .map_or(0, |i| i + 1);
    while start < at && !text[start].is_ascii_alphanumeric() {
        start += 1;
    }
    if start == at || at - start > LOCAL_MAX || text[at - 1] == b'.' || &text[start..at] == b"git" {
        return None;
    }
    let high = text.len().min(at + 1 + DOMAIN_MAX);
    let rest = &text[at + 1..high];
    let len = rest
        .iter()
        .position(|&b| !(b.is_ascii_alphanumeric() || b == b'.' || b == b'-'))
        .unwrap_or(rest.len());
    let domain = rest[..len].trim_ascii_end();
    let domain = &domain[..domain
        .iter()
        .rposition(u8::is_ascii_alphanumeric)
        .map_or(0, |i| i + 1)];
    let dot = domain.iter().rposition(|&b| b == b'.')?;
    let top = &domain[dot + 1..];
    let is_top = top.len() >= 2 && top.iter().all(u8::is_ascii_alphabetic);
    let is_other = NOT_TOP_LEVEL
        .iter()
        .any(|n| top.eq_ignore_ascii_case(n.as_bytes()));
    let is_domain = domain
        .split(|&b| b == b'.')
        .all(|part| !part.is_empty() && part[0] != b'-' && part[part.len() - 1] != b'-');
    (is_top && !is_other && is_domain).then_some((start, at + 1 + domain.len()))
}

/// The address whose first dot is at `at`.
pub(super) fn ipv4(text: &[u8], at: usize) -> Option<(usize, usize)> {
    if !text.get(at + 1)?.is_ascii_digit() {
        return None;
    }
    let mut start = at;
    while start > 0 && at - start < 4 && text[start - 1].is_ascii_digit() {
        start -= 1;
    }
    octet(text, start).filter(|&end| end == at)?;
    if let Some(&before) = start.checked_sub(1).and_then(|i| text.get(i))
        && (before.is_ascii_alphanumeric() || before == b'.' || before == b'_')
    {
        return None;
    }
    let mut end = at;
    for _ in 0..3 {
        if text.get(end) != Some(&b'.') {
            return None;
        }
        end = octet(text, end + 1)?;
    }
    let goes_on = match text.get(end) {
        Some(b'.') => text.get(end + 1).is_some_and(u8::is_ascii_digit),
        Some(&b) => b.is_ascii_alphanumeric() || b == b'_',
        None => false,
    };
    (!goes_on && !is_version(text, start, end)).then_some((start, end))
}

/// The end of a number up to 255 without leading zeros.
fn octet(text: &[u8], from: usize) -> Option<usize> {
    let rest = text.get(from..)?;
    let len = rest
        .iter()
        .take(4)
        .take_while(|b| b.is_ascii_digit())
        .count();
    let digits = &rest[..len];
    let is_right = match len {
        1 => true,
        2 => digits[0] != b'0',
        3 => digits[0] != b'0' && digits <= b"255",
        _ => false,
    };
    is_right.then_some(from + len)
}

/// Four numbers that are a version: behind the word, or a product's (`Chrome/120.0.0.0`).
fn is_version(text: &[u8], start: usize, end: usize) -> bool {
    let before = &text[start.saturating_sub(16)..start];
    let is_product = before.last() == Some(&b'/')
        && before.len() > 1
        && before[before.len() - 2].is_ascii_alphanumeric()
        && text[start..end].ends_with(b".0.0");
    let word = before
        .iter()
        .rposition(|b| !matches!(b, b' ' | b'=' | b':' | b'"' | b'\'' | b'-' | b'/'))
        .map_or(&[][..], |i| &before[..=i]);
    let ends = |w: &[u8]| {
        word.len()
            .checked_sub(w.len())
            .is_some_and(|from| word[from..].eq_ignore_ascii_case(w))
    };
    is_product || ends(b"version") || ends(b"release")
}

/// What stands around a colon.
pub(super) enum Ipv6 {
    /// Nothing of the kind.
    No,
    /// Numbers with colons up to there, but no address.
    Skip(usize),
    /// An address.
    Found((usize, usize)),
}

/// Longest text of an address: eight groups, or six and an IPv4 address.
const IPV6_MAX: usize = 45;

fn is_ipv6_byte(b: u8) -> bool {
    b.is_ascii_hexdigit() || b == b':'
}

/// The address around the first colon of a run, at `at`.
pub(super) fn ipv6(text: &[u8], at: usize) -> Ipv6 {
    let is_around = |b: Option<&u8>| b.is_some_and(|&b| is_ipv6_byte(b));
    if !is_around(text.get(at + 1)) {
        return Ipv6::No;
    }
    let before = at.checked_sub(1).map(|i| text[i]);
    if text[at + 1] != b':' && !before.is_some_and(|b| b.is_ascii_hexdigit()) {
        return Ipv6::No;
    }
    let low = at.saturating_sub(5);
    let start = low
        + text[low..at]
            .iter()
            .rposition(|&b| !is_ipv6_byte(b))
            .map_or(0, |i| i + 1);
    let mut end = at;
    let mut colons = 0;
    let mut is_short = false;
    while let Some(&b) = text.get(end).filter(|&&b| is_ipv6_byte(b)) {
        if b == b':' {
            colons += 1;
            is_short |= text.get(end + 1) == Some(&b':');
        }
        end += 1;
        if end - start > IPV6_MAX {
            return Ipv6::Skip(end);
        }
    }
    if colons < 2 {
        return Ipv6::No;
    }
    if !is_short && colons != 7 && colons != 6 {
        // Only a time or a hardware address; what is behind may still be a key.
        return Ipv6::Skip(end.saturating_sub(usize::from(text[end - 1] == b':')));
    }
    // The last groups may be an IPv4 address.
    if text.get(end) == Some(&b'.') {
        while end - start < IPV6_MAX
            && text
                .get(end)
                .is_some_and(|&b| b == b'.' || b.is_ascii_digit())
        {
            end += 1;
        }
    }
    while end > start && matches!(text[end - 1], b'.' | b':') && !text[start..end].ends_with(b"::")
    {
        end -= 1;
    }
    let is_word = |b: Option<&u8>| b.is_some_and(|&b| b.is_ascii_alphanumeric() || b == b'_');
    let has_digit = text[start..end].iter().any(u8::is_ascii_digit);
    let parsed = std::str::from_utf8(&text[start..end])
        .ok()
        .and_then(|t| t.parse::<Ipv6Addr>().ok());
    let stands_alone =
        !is_word(start.checked_sub(1).and_then(|i| text.get(i))) && !is_word(text.get(end));
    match parsed {
        Some(_) if has_digit && stands_alone => Ipv6::Found((start, end)),
        _ if is_short => Ipv6::No,
        _ => Ipv6::Skip(end),
    }
}
