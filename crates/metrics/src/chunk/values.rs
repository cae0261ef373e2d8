//! Columns of values: the choice of a codec, and the way back.

use binnacle_stdx::bits::{Bytes, put_varint_signed};

use super::decimal::{self, Decimals, EXPONENT_MAX};
use super::{CHUNK_SAMPLES_MAX, ChunkError, Effort, check_count, entropy, packed, xor};

/// How a chunk of values is stored: the lower three bits of its first byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Codec {
    /// Eight bytes each.
    Raw = 0,
    /// One value for all.
    Constant = 1,
    /// Decimals as packed integers.
    Packed = 2,
    /// The same under zstd.
    PackedZstd = 3,
    /// Decimals as integers under pco.
    Pco = 4,
    /// By the bits that differ (Gorilla).
    Xor = 5,
    /// The bits of floats as packed integers.
    PackedBits = 6,
    /// Floats under pco.
    PcoFloats = 7,
}

/// In the first byte of the decimal codecs: exceptions follow.
const HAS_EXCEPTIONS: u8 = 1 << 7;
/// In the first byte of a constant: its bits follow, not a decimal.
const CONSTANT_BITS: u8 = 31;
/// An entropy coder must save one part in this many: it takes four times as long to
/// read as packed integers (175 against 850 million values a second on one core), and
/// on counters it saves but 6 %.
const ENTROPY_GAIN: usize = 10;
/// Under this many bytes a value, a column of decimals is not likely to be better
/// off as floats.
const FLOATS_WORTH_TRYING: usize = 5;

impl Codec {
    fn of(head: u8) -> Self {
        match head & 7 {
            0 => Self::Raw,
            1 => Self::Constant,
            2 => Self::Packed,
            3 => Self::PackedZstd,
            4 => Self::Pco,
            5 => Self::Xor,
            6 => Self::PackedBits,
            _ => Self::PcoFloats,
        }
    }

    fn head(self, exponent: u8, exceptions: bool) -> u8 {
        self as u8 | exponent << 3 | if exceptions { HAS_EXCEPTIONS } else { 0 }
    }
}

/// The codec of a chunk of values; `None` for an empty one.
#[must_use]
pub fn codec_of(bytes: &[u8]) -> Option<Codec> {
    bytes.first().map(|&head| Codec::of(head))
}

/// Appends a chunk of `values` to `out`; nothing when there are none.
///
/// # Panics
/// With more than [`CHUNK_SAMPLES_MAX`] values: nobody could read them again.
pub fn encode_values(values: &[f64], effort: Effort, out: &mut Vec<u8>) {
    assert!(
        values.len() <= CHUNK_SAMPLES_MAX,
        "a chunk of {} values",
        values.len()
    );
    let Some(&first) = values.first() else {
        return;
    };
    if values.iter().all(|v| v.to_bits() == first.to_bits()) {
        encode_constant(first, out);
        return;
    }
    let from = out.len();
    let decimals = Decimals::of(values);
    if let Some(decimals) = &decimals {
        encode_packed(decimals, out);
        if effort == Effort::Thorough {
            encode_entropy(decimals, from, out);
        }
    }
    let smallest = out.len() - from;
    if decimals.is_none() || smallest > values.len() * FLOATS_WORTH_TRYING {
        encode_floats(values, effort, decimals.is_some(), from, out);
    }
}

fn encode_constant(value: f64, out: &mut Vec<u8>) {
    match Decimals::of(&[value]) {
        Some(d) if d.exceptions.is_empty() => {
            out.push(Codec::Constant.head(d.exponent, false));
            put_varint_signed(out, d.integers[0]);
        }
        _ => {
            out.push(Codec::Constant.head(CONSTANT_BITS, false));
            out.extend_from_slice(&value.to_bits().to_le_bytes());
        }
    }
}

fn encode_packed(decimals: &Decimals, out: &mut Vec<u8>) {
    put_decimal_head(Codec::Packed, decimals, out);
    packed::encode(&decimals.integers, out);
}

fn put_decimal_head(codec: Codec, decimals: &Decimals, out: &mut Vec<u8>) {
    out.push(codec.head(decimals.exponent, !decimals.exceptions.is_empty()));
    if !decimals.exceptions.is_empty() {
        decimal::encode_exceptions(&decimals.exceptions, out);
    }
}

/// Replaces the packed chunk that begins at `from` by a smaller one, if there is one.
fn encode_entropy(decimals: &Decimals, from: usize, out: &mut Vec<u8>) {
    let gain_min = (out.len() - from) / ENTROPY_GAIN;
    let mut with_pco = Vec::new();
    put_decimal_head(Codec::Pco, decimals, &mut with_pco);
    let with_pco = entropy::pco_encode(&decimals.integers, &mut with_pco).then_some(with_pco);
    let mut with_zstd = vec![Codec::PackedZstd.head(decimals.exponent, false)];
    with_zstd[0] |= out[from] & HAS_EXCEPTIONS;
    let with_zstd = entropy::zstd_encode(&out[from + 1..], &mut with_zstd).then_some(with_zstd);
    let smallest = with_pco.into_iter().chain(with_zstd).min_by_key(Vec::len);
    if let Some(other) = smallest.filter(|o| o.len() + gain_min < out.len() - from) {
        keep_smaller(&other, true, from, out);
    }
}

/// Writes the chunk as floats; replaces what begins at `from`, if there is anything,
/// only by something smaller.
fn encode_floats(values: &[f64], effort: Effort, keep: bool, from: usize, out: &mut Vec<u8>) {
    let ordered: Vec<i64> = values.iter().map(|v| order(v.to_bits())).collect();
    let mut other = vec![Codec::PackedBits.head(0, false)];
    packed::encode(&ordered, &mut other);
    keep_smaller(&other, keep, from, out);
    other.clear();
    other.push(Codec::Xor.head(0, false));
    xor::encode(values, &mut other);
    keep_smaller(&other, true, from, out);
    if effort == Effort::Thorough {
        other.clear();
        other.push(Codec::PcoFloats.head(0, false));
        let gain_min = (out.len() - from) / ENTROPY_GAIN;
        if entropy::pco_encode(values, &mut other) && other.len() + gain_min < out.len() - from {
            keep_smaller(&other, true, from, out);
        }
    }
    if out.len() - from > 1 + values.len() * 8 {
        out.truncate(from);
        out.push(Codec::Raw.head(0, false));
        out.extend(values.iter().flat_map(|v| v.to_bits().to_le_bytes()));
    }
}

fn keep_smaller(other: &[u8], keep: bool, from: usize, out: &mut Vec<u8>) {
    if !keep || other.len() < out.len() - from {
        out.truncate(from);
        out.extend_from_slice(other);
    }
}

/// The bits of a float as an integer that sorts as the float does; its own inverse.
fn order(bits: u64) -> i64 {
    let bits = bits as i64;
    bits ^ ((bits >> 63) & i64::MAX)
}

/// Reads a chunk of `count` values and appends them to `out`.
///
/// # Errors
/// When the bytes are not such a chunk, exactly; `out` is as before then.
pub fn decode_values(bytes: &[u8], count: usize, out: &mut Vec<f64>) -> Result<(), ChunkError> {
    check_count(count)?;
    let from = out.len();
    let result = decode_into(bytes, count, out);
    if result.is_err() {
        out.truncate(from);
    }
    result
}

fn decode_into(bytes: &[u8], count: usize, out: &mut Vec<f64>) -> Result<(), ChunkError> {
    let mut rest = Bytes::new(bytes);
    if count == 0 {
        return end(rest.rest());
    }
    let head = rest.u8().ok_or(ChunkError::Truncated)?;
    let codec = Codec::of(head);
    match codec {
        Codec::Constant => decode_constant(head, &mut rest, count, out)?,
        Codec::Packed | Codec::PackedZstd | Codec::Pco => {
            return decode_decimals(codec, head, rest, count, out);
        }
        _ if head >> 3 != 0 => return Err(ChunkError::UnknownCodec(head)),
        Codec::Raw => {
            let raw = rest.take(count * 8).ok_or(ChunkError::Truncated)?;
            out.extend(
                raw.as_chunks::<8>()
                    .0
                    .iter()
                    .map(|&b| f64::from_le_bytes(b)),
            );
        }
        Codec::Xor => {
            let read = xor::decode(rest.rest(), count, out)?;
            rest.take(read).ok_or(ChunkError::Truncated)?;
        }
        Codec::PackedBits => packed::decode(&mut rest, count, |integers| {
            out.extend(
                integers
                    .iter()
                    .map(|&i| f64::from_bits(order(i as u64) as u64)),
            );
        })?,
        Codec::PcoFloats => return end(entropy::pco_decode(rest.rest(), count, out)?),
    }
    end(rest.rest())
}

fn decode_constant(
    head: u8,
    rest: &mut Bytes<'_>,
    count: usize,
    out: &mut Vec<f64>,
) -> Result<(), ChunkError> {
    let exponent = head >> 3;
    let from = out.len();
    if exponent == CONSTANT_BITS {
        out.push(f64::from_bits(rest.u64().ok_or(ChunkError::Truncated)?));
    } else if exponent <= EXPONENT_MAX {
        let integer = rest.varint_signed().ok_or(ChunkError::Truncated)?;
        decimal::unscale(&[integer], exponent, out);
    } else {
        return Err(ChunkError::UnknownCodec(head));
    }
    out.resize(from + count, out[from]);
    Ok(())
}

fn decode_decimals(
    codec: Codec,
    head: u8,
    rest: Bytes<'_>,
    count: usize,
    out: &mut Vec<f64>,
) -> Result<(), ChunkError> {
    let from = out.len();
    let opened;
    let mut rest = rest;
    if codec == Codec::PackedZstd {
        opened = entropy::zstd_decode(rest.rest(), packed_bytes_max(count))?;
        rest = Bytes::new(&opened);
    }
    let exceptions = match head & HAS_EXCEPTIONS {
        0 => None,
        _ => Some(decimal::skip_exceptions(&mut rest, count)?),
    };
    let exponent = head >> 3 & 15;
    out.reserve(count);
    if codec == Codec::Pco {
        let mut integers: Vec<i64> = Vec::new();
        let behind = entropy::pco_decode(rest.rest(), count, &mut integers)?;
        end(behind)?;
        decimal::unscale(&integers, exponent, out);
    } else {
        packed::decode(&mut rest, count, |integers| {
            decimal::unscale(integers, exponent, out);
        })?;
        end(rest.rest())?;
    }
    match exceptions {
        Some(exceptions) => decimal::patch(exceptions, &mut out[from..]),
        None => Ok(()),
    }
}

/// More than `count` packed integers with an exception each could ever take.
fn packed_bytes_max(count: usize) -> usize {
    count * 40 + 64
}

fn end(rest: &[u8]) -> Result<(), ChunkError> {
    if rest.is_empty() {
        Ok(())
    } else {
        Err(ChunkError::Corrupt("bytes behind the last value"))
    }
}
