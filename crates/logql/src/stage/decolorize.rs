//! `| decolorize`: takes escape sequences of terminals out, by the grammar of ECMA-48 and
//! ECMA-35: a control sequence (`ESC [` or U+009B, parameters, intermediates, a final
//! byte), a string (`ESC ]` and its like, up to a bell or `ESC \`), or an escape of its
//! own (intermediates and a final byte). What is none, or not whole, stands as it is.

const ESC: u8 = 0x1b;
const BELL: u8 = 0x07;

/// The control sequence introducer of one character, U+009B, as UTF-8.
const CSI: &[u8] = &[0xc2, 0x9b];

/// The line without them; `None` when there is none.
pub(super) fn run(line: &[u8]) -> Option<Vec<u8>> {
    let mut at = memchr::memchr2(ESC, CSI[0], line)?;
    let mut out: Option<Vec<u8>> = None;
    let mut kept = 0;
    loop {
        match sequence(&line[at..]) {
            Some(length) => {
                let out = out.get_or_insert_with(|| Vec::with_capacity(line.len()));
                out.extend_from_slice(&line[kept..at]);
                at += length;
                kept = at;
            }
            None => at += 1,
        }
        match memchr::memchr2(ESC, CSI[0], &line[at..]) {
            Some(ahead) => at += ahead,
            None => break,
        }
    }
    let mut out = out?;
    out.extend_from_slice(&line[kept..]);
    Some(out)
}

/// Bytes of the sequence that the text begins with.
fn sequence(text: &[u8]) -> Option<usize> {
    if let Some(rest) = text.strip_prefix(CSI) {
        return Some(CSI.len() + control(rest)?);
    }
    let rest = text.strip_prefix(&[ESC])?;
    let behind = match rest.first()? {
        b'[' => 1 + control(&rest[1..])?,
        b']' | b'P' | b'X' | b'^' | b'_' => 1 + string(&rest[1..])?,
        _ => escape(rest)?,
    };
    Some(1 + behind)
}

fn run_of(text: &[u8], is_one: impl Fn(&u8) -> bool) -> usize {
    text.iter().take_while(|b| is_one(b)).count()
}

/// Parameters (0x30 to 0x3f), intermediates (0x20 to 0x2f), a final byte (0x40 to 0x7e).
fn control(text: &[u8]) -> Option<usize> {
    let parameters = run_of(text, |b| (0x30..=0x3f).contains(b));
    let intermediates = run_of(&text[parameters..], |b| (0x20..=0x2f).contains(b));
    let end = parameters + intermediates;
    (0x40..=0x7e).contains(text.get(end)?).then_some(end + 1)
}

/// Anything up to a bell or `ESC \`.
fn string(text: &[u8]) -> Option<usize> {
    let end = memchr::memchr2(BELL, ESC, text)?;
    if text[end] == BELL {
        return Some(end + 1);
    }
    (text.get(end + 1) == Some(&b'\\')).then_some(end + 2)
}

/// Intermediates and a final byte (0x30 to 0x7e). A space opens none: in a log it is a space.
fn escape(text: &[u8]) -> Option<usize> {
    let end = run_of(text, |b| (0x21..=0x2f).contains(b));
    (0x30..=0x7e).contains(text.get(end)?).then_some(end + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, want: &str) {
        let got = run(line.as_bytes()).unwrap_or_else(|| line.as_bytes().to_vec());
        assert_eq!(String::from_utf8_lossy(&got), want);
    }

    #[test]
    fn sequences_go() {
        check("plain", "plain");
        check("\x1b[31mred\x1b[0m \x1b[1;38;5;12mblue\x1b[m", "red blue");
        check("\u{9b}4mline\x1b[K", "line");
        check("\x1b]0;title\x07text", "text");
        check("\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "link");
        check("\x1b(Bascii\x1bM", "ascii");
    }

    #[test]
    fn what_is_none_stays() {
        check("a \x1b", "a \x1b");
        check("a \x1b b", "a \x1b b");
        check("cut \x1b[31", "cut \x1b[31");
        check("open \x1b]0;title", "open \x1b]0;title");
        check("price \u{a3}5 £", "price £5 £");
        assert_eq!(run(b"\xc2"), None);
    }
}
