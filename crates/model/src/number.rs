//! Floats as text, as Go prints them, because Prometheus' formats, messages and
//! labels hold what Go prints. The digits are the fewest that read back as the same
//! float; Rust's are the same as Go's, and only their form differs.

use std::fmt::{self, Write};

/// Writes `value` as Go's `strconv.FormatFloat(value, 'f', -1, 64)`: never an
/// exponent; `NaN`, `+Inf`, `-Inf`.
///
/// # Errors
/// Those of the writer.
pub fn write_plain(out: &mut impl Write, value: f64) -> fmt::Result {
    if value.is_nan() {
        out.write_str("NaN")
    } else if value.is_infinite() {
        out.write_str(if value > 0.0 { "+Inf" } else { "-Inf" })
    } else {
        write!(out, "{value}")
    }
}

/// Writes `value` as [`write_plain`] where its magnitude is 0 or in `plain`, and
/// else with an exponent of a sign and two digits at least.
fn write_within(out: &mut impl Write, value: f64, plain: std::ops::Range<f64>) -> fmt::Result {
    let magnitude = value.abs();
    if !magnitude.is_finite() || magnitude == 0.0 || plain.contains(&magnitude) {
        return write_plain(out, value);
    }
    let text = format!("{value:e}");
    let (digits, power) = text.split_once('e').unwrap_or((&text, "0"));
    let (sign, power) = power.strip_prefix('-').map_or(('+', power), |p| ('-', p));
    write!(out, "{digits}e{sign}{power:0>2}")
}

/// Writes `value` as the JSON of Prometheus' HTTP API has sample values: with an
/// exponent below 1e-6 and from 1e21 on.
///
/// # Errors
/// Those of the writer.
pub fn write_json(out: &mut impl Write, value: f64) -> fmt::Result {
    write_within(out, value, 1e-6..1e21)
}

/// Writes `value` as Go's `strconv.FormatFloat(value, 'g', -1, 64)`, the form of
/// values in expositions: with an exponent below 1e-4 and from 1e6 on.
///
/// # Errors
/// Those of the writer.
pub fn write_general(out: &mut impl Write, value: f64) -> fmt::Result {
    write_within(out, value, 1e-4..1e6)
}

/// Writes `value` as Go's `%v`: with an exponent below 1e-4 and from 1e21 on.
///
/// # Errors
/// Those of the writer.
pub fn write_default(out: &mut impl Write, value: f64) -> fmt::Result {
    write_within(out, value, 1e-4..1e21)
}

/// Writes `value` as Go's `strconv.FormatFloat(value, 'e', -1, 64)`: always with an
/// exponent, the form of values of alerts in Prometheus' API.
///
/// # Errors
/// Those of the writer.
pub fn write_exponent(out: &mut impl Write, value: f64) -> fmt::Result {
    if value == 0.0 {
        return out.write_str(if value.is_sign_negative() {
            "-0e+00"
        } else {
            "0e+00"
        });
    }
    write_within(out, value, 1.0..1.0)
}

/// What one of the functions here writes, as a text.
///
/// # Examples
/// ```
/// use binnacle_model::number::{text, write_general};
/// assert_eq!(text(write_general, 1_500_000.0), "1.5e+06");
/// ```
pub fn text(write: impl FnOnce(&mut String, f64) -> fmt::Result, value: f64) -> String {
    let mut out = String::new();
    // Writing to a string does not fail.
    let _ = write(&mut out, value);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exponents_are_printed_as_go_does() {
        let check = |value: f64, want: &str| assert_eq!(text(write_exponent, value), want);
        check(0.0, "0e+00");
        check(1.0, "1e+00");
        check(-12.5, "-1.25e+01");
        check(f64::NAN, "NaN");
    }

    #[test]
    fn numbers_are_printed_as_go_does() {
        let check = |value: f64, want: [&str; 4]| {
            let got = [
                text(write_plain, value),
                text(write_json, value),
                text(write_general, value),
                text(write_default, value),
            ];
            assert_eq!(got, want);
        };
        check(0.0, ["0", "0", "0", "0"]);
        check(-0.0, ["-0", "-0", "-0", "-0"]);
        check(1.5, ["1.5", "1.5", "1.5", "1.5"]);
        check(-1.1, ["-1.1", "-1.1", "-1.1", "-1.1"]);
        check(999_999.0, ["999999", "999999", "999999", "999999"]);
        check(
            0.000_083_835,
            ["0.000083835", "0.000083835", "8.3835e-05", "8.3835e-05"],
        );
        check(
            1_756_047.3,
            ["1756047.3", "1756047.3", "1.7560473e+06", "1756047.3"],
        );
        check(1e6, ["1000000", "1000000", "1e+06", "1000000"]);
        check(1e21, ["1000000000000000000000", "1e+21", "1e+21", "1e+21"]);
        check(1e-5, ["0.00001", "0.00001", "1e-05", "1e-05"]);
        check(1.5e-7, ["0.00000015", "1.5e-07", "1.5e-07", "1.5e-07"]);
        check(f64::NAN, ["NaN", "NaN", "NaN", "NaN"]);
        check(f64::INFINITY, ["+Inf", "+Inf", "+Inf", "+Inf"]);
        check(f64::NEG_INFINITY, ["-Inf", "-Inf", "-Inf", "-Inf"]);
    }
}
