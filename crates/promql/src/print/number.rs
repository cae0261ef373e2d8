//! Numbers as Prometheus prints them in expressions.

use binnacle_model::number::{text, write_default, write_plain};

/// Never with an exponent; `+Inf`, `-Inf`, `NaN`.
pub fn number(value: f64) -> String {
    text(write_plain, value)
}

/// Very large and very small numbers with an exponent, as Go's `%v` writes them.
pub(super) fn short_number(value: f64) -> String {
    text(write_default, value)
}
