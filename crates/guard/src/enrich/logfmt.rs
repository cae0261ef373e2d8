//! Finding one value in a line of logfmt, without reading lines that cannot have it.

use memchr::memchr;

/// The value of the first of `keys` (an earlier one wins, case does not count) in a line of
/// `key=value` and `key="value"`; `None` when there is none of them or nothing behind it.
pub(super) fn find<'a>(line: &'a [u8], keys: &[String]) -> Option<&'a [u8]> {
    memchr(b'=', line)?;
    let mut best: Option<(usize, &[u8])> = None;
    let mut at = 0;
    while at < line.len() {
        // Between words.
        if line[at] <= b' ' {
            at += 1;
            continue;
        }
        let key_from = at;
        while at < line.len() && line[at] > b' ' && line[at] != b'=' && line[at] != b'"' {
            at += 1;
        }
        let key = &line[key_from..at];
        if line.get(at) == Some(&b'"') {
            // A quote where a key should be: logfmt ends here.
            break;
        }
        if line.get(at) != Some(&b'=') {
            continue;
        }
        at += 1;
        let value_from = at;
        let value = if line.get(at) == Some(&b'"') {
            let Some(end) = quote_end(line, at + 1) else {
                break;
            };
            at = end + 1;
            &line[value_from + 1..end]
        } else {
            let rest = &line[at..];
            let end = rest
                .iter()
                .position(|&b| b <= b' ' || b == b'"')
                .unwrap_or(rest.len());
            at += end;
            if line.get(at) == Some(&b'"') {
                break;
            }
            &rest[..end]
        };
        let place = keys
            .iter()
            .position(|k| k.len() == key.len() && key.eq_ignore_ascii_case(k.as_bytes()));
        if let Some(place) = place
            && best.is_none_or(|(b, _)| place < b)
        {
            if place == 0 {
                return Some(value);
            }
            best = Some((place, value));
        }
    }
    best.map(|(_, value)| value)
}

/// The place of the quote that ends a value.
fn quote_end(line: &[u8], mut at: usize) -> Option<usize> {
    loop {
        at += memchr::memchr2(b'"', b'\\', line.get(at..)?)?;
        if line[at] == b'"' {
            return Some(at);
        }
        at += 2;
    }
}
