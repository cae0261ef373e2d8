//! One value for each step, or none.
//!
//! A column is a plain `[f64]`. A step without a value holds [`ABSENT`], the bits
//! of the staleness marker: by its definition that value is never seen by the
//! language, no arithmetic produces it (results are quiet NaNs, the marker is a
//! signalling one), so no bit pattern of real data is lost and no second array is
//! carried along.

use binnacle_model::sample::{STALE_NAN, STALE_NAN_BITS};

/// No value at this step.
pub(crate) const ABSENT: f64 = STALE_NAN;

/// Whether there is no value.
#[inline(always)]
pub(crate) fn is_absent(value: f64) -> bool {
    value.to_bits() == STALE_NAN_BITS
}

/// How many steps have a value.
pub(crate) fn count_present(column: &[f64]) -> usize {
    column.iter().filter(|v| !is_absent(**v)).count()
}

/// Whether no step has a value.
pub(crate) fn is_empty(column: &[f64]) -> bool {
    column.iter().all(|v| is_absent(*v))
}

/// Replaces each value by `f` of it.
#[inline]
pub(crate) fn map(column: &mut [f64], mut f: impl FnMut(f64) -> f64) {
    for value in column {
        if !is_absent(*value) {
            *value = f(*value);
        }
    }
}

/// Moves the values of `from` into the empty places of `to`; false when a step has
/// a value in both.
pub(crate) fn merge_into(to: &mut [f64], from: &[f64]) -> bool {
    for (to, from) in to.iter_mut().zip(from) {
        if !is_absent(*from) {
            if !is_absent(*to) {
                return false;
            }
            *to = *from;
        }
    }
    true
}
