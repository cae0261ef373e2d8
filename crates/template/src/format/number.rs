//! Numbers in the verbs of `fmt`.

use std::fmt::Write;

use binnacle_model::number::{text, write_general};

/// `%.{precision}g`: the shorter of `%e` and `%f`, without zeros at the end.
#[must_use]
pub(crate) fn general(value: f64, precision: usize) -> String {
    if !value.is_finite() {
        return text(write_general, value);
    }
    let precision = precision.max(1);
    let scientific = format!("{value:.*e}", precision - 1);
    let (digits, power) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let power: i32 = power.parse().unwrap_or(0);
    let digits = trim_zeros(digits);
    let count = digits.bytes().filter(u8::is_ascii_digit).count();
    // A number of fewer digits than places before the point stays plain up to the
    // precision; one whose digits reach behind the point counts its digits.
    let places = i32::try_from(count).unwrap_or(i32::MAX);
    let mut limit = i32::try_from(precision).unwrap_or(i32::MAX);
    if limit > places && places > power {
        limit = places;
    }
    if power < -4 || power >= limit {
        return format!("{digits}{}", exponent(power));
    }
    let decimals = usize::try_from(places - 1 - power).unwrap_or(0);
    format!("{value:.decimals$}")
}

fn trim_zeros(digits: &str) -> &str {
    if digits.contains('.') {
        digits.trim_end_matches('0').trim_end_matches('.')
    } else {
        digits
    }
}

/// A sign and two digits at least.
fn exponent(power: i32) -> String {
    let sign = if power < 0 { '-' } else { '+' };
    format!("e{sign}{:02}", power.abs())
}

/// A float in `verb` (`e`, `f`, `g`, and `v`, which is `g`), with a sign where it is
/// negative or infinite.
pub(super) fn float(value: f64, verb: char, precision: Option<usize>) -> String {
    if !value.is_finite() {
        return text(write_general, value);
    }
    let plain = match verb.to_ascii_lowercase() {
        'e' => {
            let scientific = format!("{value:.*e}", precision.unwrap_or(6));
            let (digits, power) = scientific.split_once('e').unwrap_or((&scientific, "0"));
            format!("{digits}{}", exponent(power.parse().unwrap_or(0)))
        }
        'f' => format!("{value:.*}", precision.unwrap_or(6)),
        'b' => binary(value),
        'x' => hex(value, precision),
        _ => precision.map_or_else(|| shortest(value), |p| general(value, p)),
    };
    if matches!(verb, 'E' | 'G' | 'X') {
        return plain.to_uppercase();
    }
    plain
}

/// The fewest digits that read back as the same number.
fn shortest(value: f64) -> String {
    text(write_general, value)
}

/// The mantissa as a whole number, and its power of two.
fn binary(value: f64) -> String {
    let bits = value.to_bits();
    let sign = if bits >> 63 == 1 { "-" } else { "" };
    let exponent = ((bits >> 52) & 0x7ff) as i64;
    let fraction = bits & ((1 << 52) - 1);
    let mantissa = if exponent == 0 {
        fraction
    } else {
        fraction | (1 << 52)
    };
    format!("{sign}{mantissa}p{:+}", exponent.max(1) - 1075)
}

/// Hexadecimal with a binary exponent.
fn hex(value: f64, precision: Option<usize>) -> String {
    let bits = value.to_bits();
    let sign = if bits >> 63 == 1 { "-" } else { "" };
    let mut power = ((bits >> 52) & 0x7ff) as i64 - 1023;
    let mut mantissa = bits & ((1 << 52) - 1);
    if power == -1023 {
        if mantissa == 0 {
            power = 0;
        } else {
            // Subnormal: Go shows it with a leading one.
            let shift = u64::from(mantissa.leading_zeros() - 11);
            mantissa = (mantissa << shift) & ((1 << 52) - 1);
            power = -1022 - shift as i64;
        }
    }
    let mut lead = u64::from(value != 0.0);
    let digits = match precision {
        None => format!("{mantissa:013x}").trim_end_matches('0').to_owned(),
        Some(precision) if precision < 13 => {
            let shift = 4 * (13 - precision) as u32;
            let whole = (lead << 52) | mantissa;
            let half = 1u64 << (shift - 1);
            let rest = whole & ((1 << shift) - 1);
            let mut kept = whole >> shift;
            if rest > half || (rest == half && kept & 1 == 1) {
                kept += 1;
            }
            let width = 4 * precision as u32;
            lead = kept >> width;
            if lead > 1 {
                lead = 1;
                power += 1;
                String::from("0").repeat(precision)
            } else if precision == 0 {
                String::new()
            } else {
                format!("{:0precision$x}", kept & ((1u64 << width) - 1))
            }
        }
        Some(precision) => format!("{mantissa:013x}{}", "0".repeat(precision - 13)),
    };
    let point = if digits.is_empty() { "" } else { "." };
    let way = if power < 0 { '-' } else { '+' };
    format!("{sign}0x{lead}{point}{digits}p{way}{:02}", power.abs())
}

/// The digits of a whole number to a base, without sign.
pub(super) fn digits(magnitude: u64, verb: char) -> String {
    let mut out = String::new();
    // Writing to a string does not fail.
    let _ = match verb {
        'b' => write!(out, "{magnitude:b}"),
        'o' | 'O' => write!(out, "{magnitude:o}"),
        'x' => write!(out, "{magnitude:x}"),
        'X' => write!(out, "{magnitude:X}"),
        _ => write!(out, "{magnitude}"),
    };
    out
}
