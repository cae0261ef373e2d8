//! Floats that are decimals, as integers.
//!
//! Most values are written by people and programs with a few digits. If a float is
//! the one nearest to `m / 10^e` for a small integer `m`, then `m as f64 / 10^e`
//! gives it back bit for bit: both operands are exact and division rounds once.
//! Every value is checked that way; one that fails (a stale marker, a NaN, -0.0, an
//! infinity, a value with a full mantissa) is an exception that is stored as its
//! bits, and its integer repeats the one before.

use binnacle_stdx::bits::{Bytes, put_varint};

use super::ChunkError;

/// The largest power of ten: 15 digits are what every float can tell apart.
pub(super) const EXPONENT_MAX: u8 = 15;

/// Powers of ten, all exact.
const POWERS: [f64; EXPONENT_MAX as usize + 1] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
];

/// Scaled integers stay below this, where multiplying loses less than a half.
const SCALED_MAX: f64 = (1u64 << 51) as f64;
/// Unscaled ones may be as large as their differences bear.
const INTEGER_MAX: f64 = (1u64 << 62) as f64;
/// Adding and subtracting it rounds to the nearest integer, below 2^51.
const ROUND: f64 = 6_755_399_441_055_744.0;

/// A column of decimals.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Decimals {
    /// Values are `integers / 10^exponent`.
    pub exponent: u8,
    /// One for each value.
    pub integers: Vec<i64>,
    /// Positions, ascending, and bits of the values that are none.
    pub exceptions: Vec<(u32, u64)>,
}

impl Decimals {
    /// The values as decimals; `None` when too many of them are none.
    pub(super) fn of(values: &[f64]) -> Option<Self> {
        let exceptions_max = values.len() / 16 + 2;
        let exponent = find_exponent(values, exceptions_max)?;
        let mut exceptions = Vec::new();
        let mut integers = Vec::with_capacity(values.len());
        let mut last = 0;
        for (i, &value) in values.iter().enumerate() {
            if let Some(integer) = scale(value, exponent) {
                last = integer;
            } else {
                exceptions.push((i as u32, value.to_bits()));
                if exceptions.len() > exceptions_max {
                    return None;
                }
            }
            integers.push(last);
        }
        // Exceptions at the start repeat the first decimal, not 0.
        let leading = exceptions
            .iter()
            .enumerate()
            .take_while(|(i, e)| *i == e.0 as usize)
            .count();
        if let Some(&first) = integers.get(leading) {
            integers[..leading].fill(first);
        }
        Some(Self {
            exponent,
            integers,
            exceptions,
        })
    }
}

/// The smallest exponent that all values can live with, but for some exceptions.
fn find_exponent(values: &[f64], exceptions_max: usize) -> Option<u8> {
    let mut exponent = 0;
    let mut exceptions = 0;
    for &value in values {
        if scale(value, exponent).is_some() {
            continue;
        }
        let finite = value.is_finite() && value.to_bits() != NEGATIVE_ZERO;
        match (exponent + 1..=EXPONENT_MAX).find(|&e| finite && scale(value, e).is_some()) {
            Some(larger) => exponent = larger,
            None => exceptions += 1,
        }
        if exceptions > exceptions_max {
            return None;
        }
    }
    Some(exponent)
}

/// The integer that gives `value` back when it is divided by `10^exponent`.
#[inline]
fn scale(value: f64, exponent: u8) -> Option<i64> {
    if exponent == 0 {
        let integer = value as i64;
        let same = (integer as f64).to_bits() == value.to_bits();
        return (same && value.abs() < INTEGER_MAX).then_some(integer);
    }
    let power = POWERS[usize::from(exponent)];
    let scaled = value * power;
    // Not the other way round: a NaN is not below anything.
    if scaled.abs() < SCALED_MAX {
        let rounded = (scaled + ROUND) - ROUND;
        if (rounded / power).to_bits() == value.to_bits() {
            return Some(rounded as i64);
        }
    }
    None
}

/// Appends `integers / 10^exponent` to `out`.
#[inline]
pub(super) fn unscale(integers: &[i64], exponent: u8, out: &mut Vec<f64>) {
    if exponent == 0 {
        out.extend(integers.iter().map(|&m| m as f64));
    } else {
        let power = POWERS[usize::from(exponent)];
        out.extend(integers.iter().map(|&m| m as f64 / power));
    }
}

const NEGATIVE_ZERO: u64 = 1 << 63;

/// Bit patterns that have a number of their own; others are written out.
const KNOWN: [u64; 5] = [
    binnacle_model::sample::STALE_NAN_BITS,
    binnacle_model::sample::NORMAL_NAN_BITS,
    NEGATIVE_ZERO,
    f64::INFINITY.to_bits(),
    f64::NEG_INFINITY.to_bits(),
];
const OTHER: u8 = 0xff;

/// Appends the exceptions: how many, then gap to the one before, and the bits.
pub(super) fn encode_exceptions(exceptions: &[(u32, u64)], out: &mut Vec<u8>) {
    put_varint(out, exceptions.len() as u64);
    let mut next = 0;
    for &(at, bits) in exceptions {
        put_varint(out, u64::from(at - next));
        next = at + 1;
        match KNOWN.iter().position(|&known| known == bits) {
            Some(number) => out.push(number as u8),
            None => {
                out.push(OTHER);
                out.extend_from_slice(&bits.to_le_bytes());
            }
        }
    }
}

/// Reads past exceptions and returns them for [`patch`].
pub(super) fn skip_exceptions<'a>(
    bytes: &mut Bytes<'a>,
    count: usize,
) -> Result<Bytes<'a>, ChunkError> {
    let start = *bytes;
    let mut at = 0;
    each_exception(bytes, |gap, _| {
        at += gap;
        let inside = at < count as u64;
        at += 1;
        inside
    })?;
    Ok(start)
}

/// Puts exceptions into `values`, which are the values of this chunk alone.
pub(super) fn patch(mut exceptions: Bytes<'_>, values: &mut [f64]) -> Result<(), ChunkError> {
    let mut at = 0;
    each_exception(&mut exceptions, |gap, bits| {
        at += gap as usize;
        let Some(value) = values.get_mut(at) else {
            return false;
        };
        *value = f64::from_bits(bits);
        at += 1;
        true
    })
}

fn each_exception(
    bytes: &mut Bytes<'_>,
    mut each: impl FnMut(u64, u64) -> bool,
) -> Result<(), ChunkError> {
    let n = bytes.varint().ok_or(ChunkError::Truncated)?;
    for _ in 0..n {
        let gap = bytes.varint().ok_or(ChunkError::Truncated)?;
        let bits = match bytes.u8().ok_or(ChunkError::Truncated)? {
            OTHER => bytes.u64().ok_or(ChunkError::Truncated)?,
            number => *KNOWN
                .get(usize::from(number))
                .ok_or(ChunkError::Corrupt("unknown kind of exception"))?,
        };
        // A gap over any count would only make sums overflow.
        if gap > super::CHUNK_SAMPLES_MAX as u64 || !each(gap, bits) {
            return Err(ChunkError::Corrupt("exception outside of its chunk"));
        }
    }
    Ok(())
}
