//! Floats by the bits that differ from the value before (Gorilla: Pelkonen et al.,
//! "Gorilla: A Fast, Scalable, In-Memory Time Series Database", VLDB 2015, 4.1.2).
//!
//! A 0 bit: the same value. 1 0: the differing bits lie in the window of before. 1 1:
//! five bits of leading zeros, six bits of window length less one, the bits.

use binnacle_stdx::bits::{BitReader, BitWriter};

use super::ChunkError;

/// Leading zeros are written in five bits.
const LEADING_MAX: u32 = 31;

#[derive(Clone, Copy)]
struct Window {
    leading: u32,
    len: u32,
}

/// Appends `values` to `out`.
pub(super) fn encode(values: &[f64], out: &mut Vec<u8>) {
    let mut bits = BitWriter::new(out);
    let mut last = 0;
    let mut window: Option<Window> = None;
    for (i, value) in values.iter().enumerate() {
        let now = value.to_bits();
        let xor = now ^ last;
        last = now;
        if i == 0 {
            bits.put(now, 64);
            continue;
        }
        if xor == 0 {
            bits.put(0, 1);
            continue;
        }
        let leading = xor.leading_zeros().min(LEADING_MAX);
        let trailing = xor.trailing_zeros();
        match window {
            Some(w) if leading >= w.leading && trailing >= 64 - w.leading - w.len => {
                bits.put(0b01, 2);
                bits.put(xor >> (64 - w.leading - w.len), w.len);
            }
            _ => {
                let len = 64 - leading - trailing;
                bits.put(0b11, 2);
                bits.put(u64::from(leading), 5);
                bits.put(u64::from(len - 1), 6);
                bits.put(xor >> trailing, len);
                window = Some(Window { leading, len });
            }
        }
    }
    bits.finish();
}

/// Reads `count` values, appends them to `out`, and returns how many bytes they took.
pub(super) fn decode(bytes: &[u8], count: usize, out: &mut Vec<f64>) -> Result<usize, ChunkError> {
    let mut bits = BitReader::new(bytes);
    let mut last = 0;
    let mut window: Option<Window> = None;
    for i in 0..count {
        if i == 0 {
            last = bits.get(64).ok_or(ChunkError::Truncated)?;
        } else if bits.bit().ok_or(ChunkError::Truncated)? {
            if bits.bit().ok_or(ChunkError::Truncated)? {
                let leading = bits.get(5).ok_or(ChunkError::Truncated)? as u32;
                let len = bits.get(6).ok_or(ChunkError::Truncated)? as u32 + 1;
                window = Some(Window { leading, len });
            }
            let w = window.ok_or(ChunkError::Corrupt("no window to use again"))?;
            let trailing = 64u32
                .checked_sub(w.leading + w.len)
                .ok_or(ChunkError::Corrupt("window over 64 bits"))?;
            last ^= bits.get(w.len).ok_or(ChunkError::Truncated)? << trailing;
        }
        out.push(f64::from_bits(last));
    }
    Ok(bits.bytes_read())
}
