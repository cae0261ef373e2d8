//! Texts that are numbers, kept as whole numbers: `-17`, `0.250`, `00042`. Only texts that
//! come back from the number as they were.

use binnacle_store::Malformed;

use super::piece::Reader;

/// Digits of a number at most: any such number fits 64 bits.
const DIGITS_MAX: usize = 18;

/// How the numbers of a column are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NumberFormat {
    /// Bytes of every number, filled with zeros in front; 0: as many as it needs.
    digits: u8,
    /// Digits behind the point.
    decimals: u8,
}

impl NumberFormat {
    /// How a text is written, if it is a number.
    pub(super) fn of(text: &[u8]) -> Option<Self> {
        let behind = memchr::memchr(b'.', text).map_or(0, |at| text.len() - at - 1);
        let is_padded = text.len() > 1 && text[0] == b'0' && text[1].is_ascii_digit();
        let format = Self {
            digits: if is_padded {
                u8::try_from(text.len()).ok()?
            } else {
                0
            },
            decimals: u8::try_from(behind).ok()?,
        };
        format.parse(text).map(|_| format)
    }

    /// The same format for numbers of that many digits each.
    pub(super) fn padded(len: usize) -> Option<Self> {
        (len <= DIGITS_MAX).then_some(Self {
            digits: len as u8,
            decimals: 0,
        })
    }

    /// The number, when the text is written just so.
    #[inline]
    pub(super) fn parse(self, text: &[u8]) -> Option<i64> {
        let (is_negative, digits) = match text.split_first() {
            Some((b'-', rest)) if self.digits == 0 => (true, rest),
            _ => (false, text),
        };
        let decimals = usize::from(self.decimals);
        let whole = if decimals == 0 {
            digits.len()
        } else {
            let at = digits.len().checked_sub(decimals + 1)?;
            if digits[at] != b'.' {
                return None;
            }
            at
        };
        if whole == 0 || digits.len() > DIGITS_MAX {
            return None;
        }
        if self.digits > 0 {
            if digits.len() != usize::from(self.digits) {
                return None;
            }
        } else if digits[0] == b'0' && whole > 1 {
            return None;
        }
        let mut value = 0_i64;
        for (i, &byte) in digits.iter().enumerate() {
            if i == whole {
                continue;
            }
            let digit = byte.wrapping_sub(b'0');
            if digit > 9 {
                return None;
            }
            value = value * 10 + i64::from(digit);
        }
        match (is_negative, value) {
            (true, 0) => None,
            (true, value) => Some(-value),
            (false, value) => Some(value),
        }
    }

    /// Appends the text.
    #[inline]
    pub(super) fn print(self, value: i64, out: &mut Vec<u8>) {
        let mut buffer = [b'0'; 24];
        let mut at = buffer.len();
        let mut rest = value.unsigned_abs();
        let decimals = usize::from(self.decimals);
        if decimals > 0 {
            for _ in 0..decimals.min(DIGITS_MAX) {
                at -= 1;
                buffer[at] = b'0' + (rest % 10) as u8;
                rest /= 10;
            }
            at -= 1;
            buffer[at] = b'.';
        }
        while rest >= 100 && at >= 2 {
            let pair = (rest % 100) as usize * 2;
            rest /= 100;
            at -= 2;
            buffer[at..at + 2].copy_from_slice(&PAIRS[pair..pair + 2]);
        }
        while at > 0 {
            at -= 1;
            buffer[at] = b'0' + (rest % 10) as u8;
            rest /= 10;
            if rest == 0 {
                break;
            }
        }
        let least = buffer.len() - usize::from(self.digits).min(DIGITS_MAX);
        at = at.min(least);
        if value < 0 && at > 0 {
            at -= 1;
            buffer[at] = b'-';
        }
        out.extend_from_slice(&buffer[at..]);
    }

    pub(super) fn write(self, out: &mut Vec<u8>) {
        out.extend_from_slice(&[self.digits, self.decimals]);
    }

    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        let (digits, decimals) = (reader.u8()?, reader.u8()?);
        if usize::from(digits) > DIGITS_MAX || usize::from(decimals) >= DIGITS_MAX {
            return Err(Malformed("numbers of a block have too many digits"));
        }
        Ok(Self { digits, decimals })
    }

    /// Whether a text with this byte can be in a number.
    pub(super) fn may_have(byte: u8) -> bool {
        byte.is_ascii_digit() || byte == b'-' || byte == b'.'
    }
}

/// `00` to `99`.
pub(super) const PAIRS: &[u8; 200] = b"\
0001020304050607080910111213141516171819\
2021222324252627282930313233343536373839\
4041424344454647484950515253545556575859\
6061626364656667686970717273747576777879\
8081828384858687888990919293949596979899";

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, is_number: bool) {
        let format = NumberFormat::of(text.as_bytes());
        assert_eq!(format.is_some(), is_number, "{text:?}");
        if let Some(format) = format {
            let value = format.parse(text.as_bytes()).expect("it was parsed");
            let mut out = Vec::new();
            format.print(value, &mut out);
            assert_eq!(String::from_utf8_lossy(&out), text);
        }
    }

    #[test]
    fn numbers_that_come_back() {
        for text in [
            "0",
            "7",
            "-7",
            "10",
            "100",
            "101",
            "9999999999999999",
            "0.5",
            "-0.05",
            "12.50",
            "007",
            "00",
            "00.5",
            "0.000",
            "123456789.123",
            "999999999999999999",
            "000000000000000001",
        ] {
            check(text, true);
        }
        for text in [
            "",
            "-",
            "-0",
            "+1",
            "1e5",
            ".5",
            "5.",
            "-0.0",
            "1.2.3",
            "1-2",
            "0x1",
            "12345678901234567890",
            "-007",
            "1 ",
            "--1",
            ".",
            "1234567890123456789",
        ] {
            check(text, false);
        }
    }

    #[test]
    fn one_format_refuses_texts_of_another() {
        let plain = NumberFormat::of(b"5").expect("a number");
        assert_eq!(plain.parse(b"05"), None);
        assert_eq!(plain.parse(b"5.0"), None);
        let padded = NumberFormat::of(b"05").expect("a number");
        assert_eq!(padded.parse(b"5"), None);
        assert_eq!(padded.parse(b"-5"), None);
        assert_eq!(padded.parse(b"17"), Some(17));
    }
}
