//! Numbers as text, as Go prints them; labels and messages hold such texts.

use binnacle_model::number::{text, write_general, write_plain};

/// Never an exponent.
pub(crate) fn decimal(value: f64) -> String {
    text(write_plain, value)
}

/// As Go's `%g`: with an exponent when it is below -4 or above 5.
pub(crate) fn shortest(value: f64) -> String {
    text(write_general, value)
}

/// As Go's `%.2g`: two significant digits.
pub(crate) fn two_digits(value: f64) -> String {
    if !value.is_finite() {
        return decimal(value);
    }
    let text = format!("{value:.1e}");
    let Some((mantissa, exponent)) = text.split_once('e') else {
        return text;
    };
    let mantissa = mantissa.strip_suffix(".0").unwrap_or(mantissa);
    exponent_or(value, format!("{mantissa}e{exponent}"), 2)
}

/// `scientific` as Go writes exponents, or without one when it is in `-4..limit`.
fn exponent_or(value: f64, scientific: String, limit: i32) -> String {
    let Some((mantissa, exponent)) = scientific.split_once('e') else {
        return scientific;
    };
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-4..limit).contains(&exponent) {
        // Read back, so that the digits are those of the mantissa.
        let rounded: f64 = scientific.parse().unwrap_or(value);
        return format!("{rounded}");
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{mantissa}e{sign}{:02}", exponent.abs())
}

/// As OpenMetrics writes the values of `le` and `quantile`: always with a point.
pub(crate) fn openmetrics(value: f64) -> String {
    let text = shortest(value);
    if !value.is_finite() || text.contains(['e', '.']) {
        text
    } else {
        format!("{text}.0")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_printed_as_go_does() {
        let check = |value: f64, want: [&str; 3]| {
            assert_eq!([decimal(value), shortest(value), openmetrics(value)], want);
        };
        check(1.0, ["1", "1", "1.0"]);
        check(0.5, ["0.5", "0.5", "0.5"]);
        check(-1.1, ["-1.1", "-1.1", "-1.1"]);
        check(1e-7, ["0.0000001", "1e-07", "1e-07"]);
        check(f64::INFINITY, ["+Inf", "+Inf", "+Inf"]);
        check(f64::NAN, ["NaN", "NaN", "NaN"]);
        check(-0.0, ["-0", "-0", "-0.0"]);
    }

    #[test]
    fn two_significant_digits() {
        let check = |value: f64, want: &str| assert_eq!(two_digits(value), want);
        check(0.0, "0");
        check(1.0, "1");
        check(12.34, "12");
        check(123.4, "1.2e+02");
        check(0.000_012_34, "1.2e-05");
        check(0.1, "0.1");
    }
}
