//! Numbers as Go reads and prints them.
//!
//! Reading is bit-exact: a short decimal, whose digits fit into 53 bits and whose
//! power of ten is exact, takes one multiplication or division (Clinger's fast
//! path); everything else goes to `fast-float2`. Printing reshapes Rust's shortest
//! digits, which are the same as Go's.

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

/// Appends `value` as Go's `strconv.FormatFloat(value, 'f', -1, 64)`, the form of
/// sample values in the HTTP API: shortest digits, never an exponent.
pub fn push_plain(out: &mut String, value: f64) {
    if push_special(out, value) {
        return;
    }
    use std::fmt::Write as _;
    // Rust prints the shortest digits without an exponent, as 'f' does; writing
    // to a string does not fail.
    let _ = write!(out, "{value}");
}

/// Appends `value` as the JSON of the HTTP API has sample values: as
/// [`push_plain`], but with an exponent below 1e-6 and from 1e21 on.
pub fn push_json(out: &mut String, value: f64) {
    let size = value.abs();
    if size.is_finite() && size != 0.0 && !(1e-6..1e21).contains(&size) {
        push_exponent(out, value);
    } else {
        push_plain(out, value);
    }
}

/// Appends `value` as Go's `strconv.FormatFloat(value, 'g', -1, 64)`, the form of
/// values in expositions: shortest digits, with an exponent below 1e-4 and from
/// 1e6 on.
pub fn push_general(out: &mut String, value: f64) {
    let size = value.abs();
    if size.is_finite() && size != 0.0 && !(1e-4..1e6).contains(&size) {
        push_exponent(out, value);
    } else {
        push_plain(out, value);
    }
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

/// Shortest digits with an exponent that has a sign and two digits at least.
fn push_exponent(out: &mut String, value: f64) {
    use std::fmt::Write as _;
    let mut text = String::new();
    // Writing to a string does not fail.
    let _ = write!(text, "{value:e}");
    let (digits, power) = text.split_once('e').unwrap_or((&text, "0"));
    let (sign, power) = power.strip_prefix('-').map_or(('+', power), |p| ('-', p));
    let _ = write!(out, "{digits}e{sign}{power:0>2}");
}

fn push_special(out: &mut String, value: f64) -> bool {
    let word = if value.is_nan() {
        "NaN"
    } else if value.is_infinite() {
        if value > 0.0 { "+Inf" } else { "-Inf" }
    } else {
        return false;
    };
    out.push_str(word);
    true
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
        let check = |value: f64, plain: &str, general: &str, open_metrics: &str| {
            for (push, want) in [
                (push_plain as fn(&mut String, f64), plain),
                (push_general, general),
                (push_open_metrics, open_metrics),
            ] {
                let mut text = String::new();
                push(&mut text, value);
                assert_eq!(text, want);
            }
        };
        check(0.0, "0", "0", "0.0");
        check(-0.0, "-0", "-0", "0.0");
        check(1.5, "1.5", "1.5", "1.5");
        check(999_999.0, "999999", "999999", "999999.0");
        check(1e6, "1000000", "1e+06", "1e+06");
        check(1e21, "1000000000000000000000", "1e+21", "1e+21");
        check(1_756_047.3, "1756047.3", "1.7560473e+06", "1.7560473e+06");
        check(0.0001, "0.0001", "0.0001", "0.0001");
        check(0.000_083_835, "0.000083835", "8.3835e-05", "8.3835e-05");
        check(
            1e-300,
            &format!("0.{}1", "0".repeat(299)),
            "1e-300",
            "1e-300",
        );
        check(f64::INFINITY, "+Inf", "+Inf", "+Inf");
        check(f64::NAN, "NaN", "NaN", "NaN");
    }

    #[test]
    fn json_has_exponents_far_out_only() {
        for (value, want) in [
            (1e-6, "0.000001"),
            (1e-7, "1e-07"),
            (-1e20, "-100000000000000000000"),
            (1e21, "1e+21"),
            (0.0, "0"),
        ] {
            let mut text = String::new();
            push_json(&mut text, value);
            assert_eq!(text, want);
        }
    }
}
