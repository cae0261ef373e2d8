//! What a query may know of a chunk without opening it.

use binnacle_model::is_stale;
use binnacle_stdx::bits::{Bytes, put_varint};

use super::{ChunkError, Effort, decode_values, encode_values};

/// Figures of a chunk of values, stale markers left out.
///
/// They cost some 10 to 40 bytes: worth it for chunks of a thousand samples, not for
/// those of the head.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Statistics {
    /// Samples that are not stale markers.
    pub count: u32,
    /// Drops from one sample to the next, as `resets` counts them.
    pub resets: u32,
    /// The first of them; 0 when there is none, as are all below.
    pub first: f64,
    /// The last of them.
    pub last: f64,
    /// The smallest, NaNs left out unless there is nothing else.
    pub min: f64,
    /// The largest, NaNs left out unless there is nothing else.
    pub max: f64,
    /// The sum, with Neumaier's compensation taken in.
    pub sum: f64,
}

impl Statistics {
    /// The figures of `values`.
    #[must_use]
    pub fn of(values: &[f64]) -> Self {
        let mut s = Self {
            count: 0,
            resets: 0,
            first: 0.0,
            last: 0.0,
            min: 0.0,
            max: 0.0,
            sum: 0.0,
        };
        let mut compensation = 0.0;
        for &v in values.iter().filter(|v| !is_stale(**v)) {
            if s.count == 0 {
                s.first = v;
                s.min = v;
                s.max = v;
            } else {
                s.resets += u32::from(v < s.last);
                s.min = if v < s.min || s.min.is_nan() {
                    v
                } else {
                    s.min
                };
                s.max = if v > s.max || s.max.is_nan() {
                    v
                } else {
                    s.max
                };
            }
            let sum = s.sum + v;
            compensation += if s.sum.abs() >= v.abs() {
                (s.sum - sum) + v
            } else {
                (v - sum) + s.sum
            };
            s.sum = sum;
            s.last = v;
            s.count += 1;
        }
        if s.sum.is_finite() {
            s.sum += compensation;
        }
        s
    }

    /// Appends the figures to `out`.
    pub fn encode(&self, out: &mut Vec<u8>) {
        put_varint(out, u64::from(self.count));
        put_varint(out, u64::from(self.resets));
        for value in [self.first, self.last, self.min, self.max, self.sum] {
            encode_values(&[value], Effort::Quick, out);
        }
    }

    /// Reads figures from the front of `bytes`; returns them and how many bytes they
    /// took.
    ///
    /// # Errors
    /// When there are none.
    pub fn decode(bytes: &[u8]) -> Result<(Self, usize), ChunkError> {
        let mut rest = Bytes::new(bytes);
        let mut number = || {
            let v = rest.varint().ok_or(ChunkError::Truncated)?;
            u32::try_from(v).map_err(|_| ChunkError::Corrupt("count over 32 bits"))
        };
        let (count, resets) = (number()?, number()?);
        let mut values = Vec::with_capacity(5);
        for _ in 0..5 {
            let value = one_value(&mut rest)?;
            decode_values(value, 1, &mut values)?;
        }
        let [first, last, min, max, sum] = values[..] else {
            return Err(ChunkError::Truncated);
        };
        let s = Self {
            count,
            resets,
            first,
            last,
            min,
            max,
            sum,
        };
        Ok((s, bytes.len() - rest.rest().len()))
    }
}

/// The bytes of one value, a chunk of constants, at the front of `bytes`.
fn one_value<'a>(bytes: &mut Bytes<'a>) -> Result<&'a [u8], ChunkError> {
    let start = bytes.rest();
    let mut inside = *bytes;
    let head = inside.u8().ok_or(ChunkError::Truncated)?;
    if head >> 3 == 31 {
        inside.u64().map(|_| ())
    } else {
        inside.varint().map(|_| ())
    }
    .ok_or(ChunkError::Truncated)?;
    let len = start.len() - inside.rest().len();
    bytes.take(len).ok_or(ChunkError::Truncated)
}
