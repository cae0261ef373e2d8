//! Numbers as Go reads and prints them.
//!
//! Reading is bit-exact: a short decimal, whose digits fit into 53 bits and whose
//! power of ten is exact, takes one multiplication or division (Clinger's fast
//! path); everything else goes to `fast-float2`. Printing is
//! [`binnacle_model::number`]'s.

use binnacle_model::number::write_general;

/// Powers of ten that a float holds exactly.
const EXACT_POWERS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
    1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
];

/// The largest integer up to which all integers are floats.
const MANTISSA_MAX: u64 = 1 << 53;

/// Most digits that cannot overflow 64 bits.
const DIGITS_MAX: usize = 19;

/// Why a text is no number for Prometheus' parsers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FloatError {
    /// Not a number.
    #[error("invalid syntax")]
    Syntax,
    /// A hexadecimal number or one with underscores, which Go reads but
    /// Prometheus does not.
    #[error("unsupported character in float")]
    Unsupported,
    /// Larger than the largest float.
    #[error("value out of range")]
    OutOfRange,
}

/// Reads the number at the start of `text`, up to a blank, a line break or the
/// end, if it is a short decimal: the number and its length. `None` says nothing:
/// find the end and ask [`parse`].
#[inline]
#[must_use]
pub fn parse_short(text: &[u8]) -> Option<(f64, usize)> {
    let mut at = usize::from(text.first() == Some(&b'-'));
    let start = at;
    let mut mantissa = 0u64;
    at = digits(text, at, &mut mantissa);
    let mut count = at - start;
    let mut exponent = 0i32;
    if text.get(at) == Some(&b'.') {
        let from = at + 1;
        at = digits(text, from, &mut mantissa);
        count += at - from;
        exponent = -((at - from) as i32);
    }
    if count == 0 || count > DIGITS_MAX {
        return None;
    }
    if matches!(text.get(at), Some(b'e' | b'E')) {
        at += 1;
        let minus = text.get(at) == Some(&b'-');
        at += usize::from(minus || text.get(at) == Some(&b'+'));
        let from = at;
        let mut power = 0;
        at = digits(text, at, &mut power);
        if at == from || at - from > 4 {
            return None;
        }
        exponent += if minus { -(power as i32) } else { power as i32 };
    }
    if !matches!(text.get(at), None | Some(b' ' | b'\n' | b'\t')) || mantissa > MANTISSA_MAX {
        return None;
    }
    let power = *EXACT_POWERS.get(exponent.unsigned_abs() as usize)?;
    let size = if exponent < 0 {
        mantissa as f64 / power
    } else {
        mantissa as f64 * power
    };
    Some((if start == 1 { -size } else { size }, at))
}

/// Adds the digits from `at` on to `number`, wrapping; answers where they end.
#[inline]
fn digits(text: &[u8], mut at: usize, number: &mut u64) -> usize {
    while let Some(digit) = text
        .get(at)
        .map(|b| b.wrapping_sub(b'0'))
        .filter(|d| *d < 10)
    {
        *number = number.wrapping_mul(10).wrapping_add(u64::from(digit));
        at += 1;
    }
    at
}

/// Reads a number as Prometheus' exposition parsers do: what Go's `ParseFloat`
/// takes, without hexadecimal numbers and underscores.
///
/// # Errors
/// When `text` is none, or is out of range.
pub fn parse(text: &[u8]) -> Result<f64, FloatError> {
    if let Some((number, len)) = parse_short(text)
        && len == text.len()
    {
        return Ok(number);
    }
    if text.iter().any(|b| matches!(b, b'p' | b'P' | b'_')) {
        return Err(FloatError::Unsupported);
    }
    let unsigned = text
        .strip_prefix(b"+")
        .or(text.strip_prefix(b"-"))
        .unwrap_or(text);
    let is_word = unsigned.first().is_some_and(u8::is_ascii_alphabetic);
    if is_word && unsigned.eq_ignore_ascii_case(b"nan") && unsigned.len() < text.len() {
        return Err(FloatError::Syntax);
    }
    let number: f64 = fast_float2::parse(text).map_err(|_| FloatError::Syntax)?;
    if number.is_infinite() && !is_word {
        Err(FloatError::OutOfRange)
    } else {
        Ok(number)
    }
}

/// Appends `value` as [`write_general`] has it, the form of values in expositions.
pub fn push_general(out: &mut String, value: f64) {
    // Writing to a string does not fail.
    let _ = write_general(out, value);
}

/// Appends `value` as OpenMetrics wants `le`, `quantile` and values: as
/// [`push_general`], and `.0` after a whole number.
pub fn push_open_metrics(out: &mut String, value: f64) {
    let from = out.len();
    // No negative zero, which would be a bucket of its own.
    push_general(out, if value == 0.0 { 0.0 } else { value });
    if value.is_finite() && !out[from..].contains(['e', '.']) {
        out.push_str(".0");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_bit_for_bit() {
        let check = |text: &str| {
            let want: f64 = text.parse().unwrap_or_else(|e| panic!("{text}: {e}"));
            let got = parse(text.as_bytes()).unwrap_or_else(|e| panic!("{text}: {e}"));
            assert_eq!(got.to_bits(), want.to_bits(), "{text}");
        };
        for text in [
            "0",
            "-0",
            "1",
            "12.5",
            "7.424100000000001e-05",
            "9007199254740993",
            "1e22",
            "1e23",
            "1.7976931348623157e308",
            "5e-324",
            "0.1",
            ".5",
            "5.",
            "+3",
            "123456789012345678901",
            "1e-400",
            "0e999",
            "179769313486231580793e-289",
            "8.3835e-05",
            "1.7560473e+06",
        ] {
            check(text);
        }
        let mut seed = 1;
        for _ in 0..20_000 {
            let bits = binnacle_stdx::random::splitmix64(&mut seed);
            let value = f64::from_bits(bits);
            if value.is_finite() {
                check(&format!("{value:e}"));
                check(&format!("{}", (bits >> 40) as f64 / 128.0));
                check(&format!("{}", bits >> (bits & 63)));
            }
        }
    }

    #[test]
    fn words_and_refusals_are_those_of_prometheus() {
        for (text, want) in [
            ("+Inf", f64::INFINITY),
            ("-inf", f64::NEG_INFINITY),
            ("Infinity", f64::INFINITY),
        ] {
            assert_eq!(parse(text.as_bytes()), Ok(want), "{text}");
        }
        assert!(parse(b"NaN").is_ok_and(f64::is_nan));
        for text in [
            "", "true", "+NaN", "1e", "-", ".", "1 ", "0x10", "1\r", "--1", "1e5x", "infin",
        ] {
            assert_eq!(parse(text.as_bytes()), Err(FloatError::Syntax), "{text:?}");
        }
        assert_eq!(parse(b"1_2"), Err(FloatError::Unsupported));
        assert_eq!(parse(b"0x1p-3"), Err(FloatError::Unsupported));
        assert_eq!(parse(b"1e400"), Err(FloatError::OutOfRange));
    }

    #[test]
    fn numbers_are_printed_as_go_prints_them() {
        let check = |value: f64, general: &str, open_metrics: &str| {
            for (push, want) in [
                (push_general as fn(&mut String, f64), general),
                (push_open_metrics, open_metrics),
            ] {
                let mut text = String::new();
                push(&mut text, value);
                assert_eq!(text, want);
            }
        };
        check(0.0, "0", "0.0");
        check(-0.0, "-0", "0.0");
        check(1.5, "1.5", "1.5");
        check(999_999.0, "999999", "999999.0");
        check(1e6, "1e+06", "1e+06");
        check(1e21, "1e+21", "1e+21");
        check(1_756_047.3, "1.7560473e+06", "1.7560473e+06");
        check(0.0001, "0.0001", "0.0001");
        check(0.000_083_835, "8.3835e-05", "8.3835e-05");
        check(1e-300, "1e-300", "1e-300");
        check(f64::INFINITY, "+Inf", "+Inf");
        check(f64::NAN, "NaN", "NaN");
    }
}
