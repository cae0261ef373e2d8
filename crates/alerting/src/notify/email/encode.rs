//! Text for mail: quoted-printable bodies (RFC 2045, 6.7) and header values
//! (RFC 2047, Q encoding).

const HEX: &[u8; 16] = b"0123456789ABCDEF";
/// Characters of a line of quoted-printable, at most, without the soft break's `=`.
const LINE_MAX: usize = 75;
/// Characters within an encoded word, at most: 75 without what stands around them.
const WORD_MAX: usize = 75 - "=?utf-8?q?".len() - "?=".len();

/// Appends `text` as quoted-printable; line ends become CRLF.
pub(super) fn push_quoted_printable(out: &mut Vec<u8>, text: &str) {
    let mut lines = text.split('\n').peekable();
    while let Some(line) = lines.next() {
        let line = match lines.peek() {
            Some(_) => line.strip_suffix('\r').unwrap_or(line),
            None => line,
        };
        push_line(out, line.as_bytes());
        if lines.peek().is_some() {
            out.extend_from_slice(b"\r\n");
        }
    }
}

fn push_line(out: &mut Vec<u8>, line: &[u8]) {
    let mut column = 0;
    for (i, &byte) in line.iter().enumerate() {
        let last = i + 1 == line.len();
        let plain = match byte {
            b' ' | b'\t' => !last,
            b'=' => false,
            byte => byte.is_ascii_graphic(),
        };
        let width = if plain { 1 } else { 3 };
        if column + width > LINE_MAX {
            out.extend_from_slice(b"=\r\n");
            column = 0;
        }
        if plain {
            out.push(byte);
        } else {
            out.extend([
                b'=',
                HEX[usize::from(byte >> 4)],
                HEX[usize::from(byte & 15)],
            ]);
        }
        column += width;
    }
}

/// The value of a header: as it is when it is printable ASCII, else in encoded words
/// on lines of their own. A value cannot start another header.
pub(super) fn header_value(text: &str) -> String {
    if text.bytes().all(|b| matches!(b, b' '..=b'~' | b'\t')) {
        return text.to_owned();
    }
    let mut out = String::from("=?utf-8?q?");
    let mut width = 0;
    for c in text.chars() {
        let plain = matches!(c, ' '..='~') && !matches!(c, '=' | '?' | '_');
        let needed = if plain { 1 } else { 3 * c.len_utf8() };
        if width + needed > WORD_MAX {
            out.push_str("?=\r\n =?utf-8?q?");
            width = 0;
        }
        width += needed;
        if c == ' ' {
            out.push('_');
        } else if plain {
            out.push(c);
        } else {
            let mut buf = [0; 4];
            for byte in c.encode_utf8(&mut buf).bytes() {
                out.push('=');
                out.push(char::from(HEX[usize::from(byte >> 4)]));
                out.push(char::from(HEX[usize::from(byte & 15)]));
            }
        }
    }
    out.push_str("?=");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies() {
        let check = |text: &str, want: &str| {
            let mut out = Vec::new();
            push_quoted_printable(&mut out, text);
            assert_eq!(String::from_utf8_lossy(&out), want, "{text:?}");
        };
        check("", "");
        check("a=b", "a=3Db");
        check("a\nb\r\nc\n", "a\r\nb\r\nc\r\n");
        check("end \nend\t", "end=20\r\nend=09");
        check("é", "=C3=A9");
        check("\u{1}", "=01");
        check(".\n..", ".\r\n..");
        check(
            &"x".repeat(80),
            &format!("{}=\r\n{}", "x".repeat(75), "x".repeat(5)),
        );
        check(
            &format!("{}=", "x".repeat(74)),
            &format!("{}=\r\n=3D", "x".repeat(74)),
        );
    }

    #[test]
    fn headers() {
        let check = |text: &str, want: &str| assert_eq!(header_value(text), want, "{text:?}");
        check("[FIRING:1] x", "[FIRING:1] x");
        check("é a?", "=?utf-8?q?=C3=A9_a=3F?=");
        check("a\r\nBcc: x", "=?utf-8?q?a=0D=0ABcc:_x?=");
        let long = header_value(&"é".repeat(12));
        assert_eq!(
            long,
            format!(
                "=?utf-8?q?{}?=\r\n =?utf-8?q?{}?=",
                "=C3=A9".repeat(10),
                "=C3=A9".repeat(2)
            )
        );
    }
}
