//! Numbers as Prometheus prints them.

/// A float with the fewest digits that read back as the same, never with an
/// exponent; `+Inf`, `-Inf`, `NaN`.
pub fn number(value: f64) -> String {
    if value.is_nan() {
        "NaN".to_owned()
    } else if value.is_infinite() {
        if value > 0.0 {
            "+Inf".to_owned()
        } else {
            "-Inf".to_owned()
        }
    } else {
        value.to_string()
    }
}

/// As [`number`], but very large and very small numbers with an exponent of at
/// least two digits, as Go's `%v` writes them.
pub(super) fn short_number(value: f64) -> String {
    let size = value.abs();
    if !size.is_finite() || size == 0.0 || (1e-4..1e21).contains(&size) {
        return number(value);
    }
    let text = format!("{value:e}");
    let Some((mantissa, exponent)) = text.split_once('e') else {
        return text;
    };
    let (sign, digits) = match exponent.strip_prefix('-') {
        Some(digits) => ('-', digits),
        None => ('+', exponent),
    };
    format!("{mantissa}e{sign}{digits:0>2}")
}
