//! `| decolorize`: takes ANSI escape sequences out.

/// The line without them; `None` when there is none.
pub(super) fn run(line: &[u8]) -> Option<Vec<u8>> {
    memchr::memchr(0x1b, line)?;
    let mut out = Vec::with_capacity(line.len());
    let mut at = 0;
    while at < line.len() {
        if line[at] == 0x1b && line.get(at + 1) == Some(&b'[') {
            let body = &line[at + 2..];
            let end = body
                .iter()
                .position(|b| !(b.is_ascii_digit() || matches!(b, b';' | b'?' | b':' | b' ')));
            if let Some(end) = end
                && (0x40..=0x7e).contains(&body[end])
            {
                at += 2 + end + 1;
                continue;
            }
        }
        out.push(line[at]);
        at += 1;
    }
    Some(out)
}
