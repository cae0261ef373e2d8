//! Columns of times.
//!
//! The times of one scrape or one write are shared by its series, so a column of
//! times is stored once for many columns of values. A steady step takes a few bytes,
//! however many samples; anything else goes as packed integers.

use binnacle_stdx::bits::{Bytes, put_varint_signed};

use super::{CHUNK_SAMPLES_MAX, ChunkError, check_count, packed};

const PACKED: u8 = 0;
const STEADY: u8 = 1;

/// Appends a chunk of `times_ms` to `out`; nothing when there are none.
///
/// # Panics
/// With more than [`CHUNK_SAMPLES_MAX`] times: nobody could read them again.
pub fn encode_times(times_ms: &[i64], out: &mut Vec<u8>) {
    assert!(
        times_ms.len() <= CHUNK_SAMPLES_MAX,
        "a chunk of {} times",
        times_ms.len()
    );
    let Some(&first) = times_ms.first() else {
        return;
    };
    let step = times_ms
        .get(1)
        .map_or(0, |second| second.wrapping_sub(first));
    if times_ms.windows(2).all(|w| w[1].wrapping_sub(w[0]) == step) {
        out.push(STEADY);
        put_varint_signed(out, first);
        put_varint_signed(out, step);
    } else {
        out.push(PACKED);
        packed::encode(times_ms, out);
    }
}

/// Reads a chunk of `count` times and appends them to `out`.
///
/// # Errors
/// When the bytes are not such a chunk, exactly; `out` is as before then.
pub fn decode_times(bytes: &[u8], count: usize, out: &mut Vec<i64>) -> Result<(), ChunkError> {
    check_count(count)?;
    let from = out.len();
    let result = decode_into(bytes, count, out);
    if result.is_err() {
        out.truncate(from);
    }
    result
}

fn decode_into(bytes: &[u8], count: usize, out: &mut Vec<i64>) -> Result<(), ChunkError> {
    let mut rest = Bytes::new(bytes);
    if count > 0 {
        match rest.u8().ok_or(ChunkError::Truncated)? {
            PACKED => packed::decode(&mut rest, count, |times| out.extend_from_slice(times))?,
            STEADY => {
                let first = rest.varint_signed().ok_or(ChunkError::Truncated)?;
                let step = rest.varint_signed().ok_or(ChunkError::Truncated)?;
                out.extend((0..count as i64).map(|i| first.wrapping_add(step.wrapping_mul(i))));
            }
            other => return Err(ChunkError::UnknownCodec(other)),
        }
    }
    match rest.rest() {
        [] => Ok(()),
        _ => Err(ChunkError::Corrupt("bytes behind the last time")),
    }
}
