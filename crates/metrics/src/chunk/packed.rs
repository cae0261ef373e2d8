//! Integers, bit-packed: the core of most chunks.
//!
//! A column is stored in one of three shapes, whichever is estimated smallest:
//! distance from the first value (frame of reference), delta, or delta of delta.
//! What all deltas have as trailing zero bits (sizes in pages of 4096) is shifted
//! out. The residuals go in blocks of 128, each with its own base and bit width; a
//! residual that does not fit the width (a counter reset, a gap) is an outlier whose
//! upper bits stand beside the block, so that one of them does not widen 127 others.
//!
//! All arithmetic wraps, so every `i64` survives.

use binnacle_stdx::bits::{
    BitReader, BitWriter, Bytes, put_varint, put_varint_signed, varint_len, width, zigzag,
};

use super::ChunkError;

/// Residuals in a block. 128 positions fit a byte, and a chunk of the head is one.
const BLOCK: usize = 128;
/// Widths up to this one are read with one unaligned load.
const WIDTH_ONE_LOAD: u32 = 57;
/// In the width byte: outliers follow.
const HAS_OUTLIERS: u8 = 0x80;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    Reference = 0,
    Delta = 1,
    DeltaOfDelta = 2,
}

/// How one block is best stored.
struct Plan {
    base: i64,
    width: u32,
    outliers: usize,
    bytes: usize,
}

/// Appends `values` to `out`.
pub fn encode(values: &[i64], out: &mut Vec<u8>) {
    let Some((&first, _)) = values.split_first() else {
        return;
    };
    let changes = values
        .windows(2)
        .fold(0, |acc, w| acc | w[1].wrapping_sub(w[0]));
    let shift = if changes == 0 {
        0
    } else {
        changes.trailing_zeros()
    };
    let mut best = Residuals::new(Shape::Delta, values, shift);
    for shape in [Shape::Reference, Shape::DeltaOfDelta] {
        let other = Residuals::new(shape, values, shift);
        if other.bytes < best.bytes {
            best = other;
        }
    }
    out.push(best.shape as u8 | (shift as u8) << 2);
    put_varint_signed(out, first);
    if best.shape == Shape::DeltaOfDelta && values.len() > 1 {
        put_varint_signed(out, values[1].wrapping_sub(first) >> shift);
    }
    for (block, plan) in best.residuals.chunks(BLOCK).zip(&best.plans) {
        encode_block(block, plan, out);
    }
}

/// A column as residuals of one shape, with a plan for each block.
struct Residuals {
    shape: Shape,
    residuals: Vec<i64>,
    plans: Vec<Plan>,
    bytes: usize,
}

impl Residuals {
    fn new(shape: Shape, values: &[i64], shift: u32) -> Self {
        let first = values[0];
        let residuals: Vec<i64> = match shape {
            Shape::Reference => values[1..]
                .iter()
                .map(|v| v.wrapping_sub(first) >> shift)
                .collect(),
            Shape::Delta => values
                .windows(2)
                .map(|w| w[1].wrapping_sub(w[0]) >> shift)
                .collect(),
            Shape::DeltaOfDelta => values
                .windows(3)
                .map(|w| {
                    let (a, b) = (w[1].wrapping_sub(w[0]), w[2].wrapping_sub(w[1]));
                    (b >> shift).wrapping_sub(a >> shift)
                })
                .collect(),
        };
        let plans: Vec<Plan> = residuals.chunks(BLOCK).map(Plan::new).collect();
        let mut bytes = plans.iter().map(|p| p.bytes).sum();
        if shape == Shape::DeltaOfDelta && values.len() > 1 {
            bytes += varint_len(zigzag(values[1].wrapping_sub(first) >> shift));
        }
        Self {
            shape,
            residuals,
            plans,
            bytes,
        }
    }
}

impl Plan {
    fn new(block: &[i64]) -> Self {
        let (mut low, mut second, mut high) = (i64::MAX, i64::MAX, i64::MIN);
        for &v in block {
            second = second.min(v.max(low));
            low = low.min(v);
            high = high.max(v);
        }
        let plan = Self::with_base(block, low);
        // One residual far below all others (a counter reset) would be the base of
        // them all; then it is better an outlier itself, as distances wrap.
        if block.len() > 2 && second.wrapping_sub(low) as u64 > high.wrapping_sub(second) as u64 {
            let other = Self::with_base(block, second);
            if other.bytes < plan.bytes {
                return other;
            }
        }
        plan
    }

    fn with_base(block: &[i64], base: i64) -> Self {
        let mut widths = [0u8; 65];
        for &v in block {
            widths[width(v.wrapping_sub(base) as u64) as usize] += 1;
        }
        let widest = widths.iter().rposition(|&n| n > 0).unwrap_or(0) as u32;
        let header = varint_len(zigzag(base)) + 1;
        let mut best = Self {
            base,
            width: widest,
            outliers: 0,
            bytes: header + (block.len() * widest as usize).div_ceil(8),
        };
        let mut outliers = 0;
        for w in (0..widest).rev() {
            outliers += usize::from(widths[w as usize + 1]);
            // A position each, and upper bits that are estimated by the widest one.
            let beside = 1 + outliers * (1 + (widest - w).div_ceil(7) as usize);
            let bytes = header + beside + (block.len() * w as usize).div_ceil(8);
            if bytes < best.bytes {
                best = Self {
                    base,
                    width: w,
                    outliers,
                    bytes,
                };
            }
            if outliers * 4 > block.len() {
                break;
            }
        }
        best
    }
}

fn encode_block(block: &[i64], plan: &Plan, out: &mut Vec<u8>) {
    let w = plan.width;
    put_varint_signed(out, plan.base);
    out.push(w as u8 | if plan.outliers > 0 { HAS_OUTLIERS } else { 0 });
    if plan.outliers > 0 {
        out.push(plan.outliers as u8);
        for (i, &v) in block.iter().enumerate() {
            let u = v.wrapping_sub(plan.base) as u64;
            if width(u) > w {
                out.push(i as u8);
                put_varint(out, u >> w);
            }
        }
    }
    let mask = if w == 64 { u64::MAX } else { (1 << w) - 1 };
    let mut bits = BitWriter::new(out);
    for &v in block {
        bits.put(v.wrapping_sub(plan.base) as u64 & mask, w);
    }
    bits.finish();
}

/// Reads `count` integers and hands them to `sink` in order, some at a time.
///
/// # Errors
/// When the bytes are too few or make no sense; `sink` may have been called before.
#[inline]
pub fn decode(
    bytes: &mut Bytes<'_>,
    count: usize,
    mut sink: impl FnMut(&[i64]),
) -> Result<(), ChunkError> {
    if count == 0 {
        return Ok(());
    }
    let head = bytes.u8().ok_or(ChunkError::Truncated)?;
    let shift = u32::from(head >> 2);
    let first = bytes.varint_signed().ok_or(ChunkError::Truncated)?;
    sink(&[first]);
    let mut block = Block::new();
    let mut left = count - 1;
    match head & 3 {
        0 => {
            while left > 0 {
                let n = block.read(bytes, left)?;
                for v in &mut block.values[..n] {
                    *v = first.wrapping_add(*v << shift);
                }
                sink(&block.values[..n]);
                left -= n;
            }
        }
        1 => {
            let mut last = first;
            while left > 0 {
                let n = block.read(bytes, left)?;
                for v in &mut block.values[..n] {
                    last = last.wrapping_add(*v << shift);
                    *v = last;
                }
                sink(&block.values[..n]);
                left -= n;
            }
        }
        2 if left > 0 => {
            let mut delta = bytes.varint_signed().ok_or(ChunkError::Truncated)?;
            let mut last = first.wrapping_add(delta << shift);
            sink(&[last]);
            left -= 1;
            while left > 0 {
                let n = block.read(bytes, left)?;
                for v in &mut block.values[..n] {
                    delta = delta.wrapping_add(*v);
                    last = last.wrapping_add(delta << shift);
                    *v = last;
                }
                sink(&block.values[..n]);
                left -= n;
            }
        }
        2 => {}
        _ => return Err(ChunkError::Corrupt("unknown shape of packed integers")),
    }
    Ok(())
}

/// Room for one block while it is read.
struct Block {
    values: [i64; BLOCK],
    /// The packed bytes with room behind them, so that the last load may overshoot.
    padded: [u8; BLOCK * 8 + 8],
}

impl Block {
    fn new() -> Self {
        Self {
            values: [0; BLOCK],
            padded: [0; BLOCK * 8 + 8],
        }
    }

    /// Reads the next block's residuals into `values`; returns how many.
    fn read(&mut self, bytes: &mut Bytes<'_>, left: usize) -> Result<usize, ChunkError> {
        let n = left.min(BLOCK);
        let base = bytes.varint_signed().ok_or(ChunkError::Truncated)?;
        let head = bytes.u8().ok_or(ChunkError::Truncated)?;
        let w = u32::from(head & !HAS_OUTLIERS);
        if w > 64 {
            return Err(ChunkError::Corrupt("bit width over 64"));
        }
        let mut outliers = *bytes;
        let mut outlier_count = 0;
        if head & HAS_OUTLIERS != 0 {
            outlier_count = usize::from(bytes.u8().ok_or(ChunkError::Truncated)?);
            outliers = *bytes;
            for _ in 0..outlier_count {
                bytes
                    .u8()
                    .and_then(|_| bytes.varint())
                    .ok_or(ChunkError::Truncated)?;
            }
        }
        let packed = bytes
            .take((n * w as usize).div_ceil(8))
            .ok_or(ChunkError::Truncated)?;
        self.unpack(packed, w, n, base)?;
        for _ in 0..outlier_count {
            let at = usize::from(outliers.u8().ok_or(ChunkError::Truncated)?);
            let high = outliers.varint().ok_or(ChunkError::Truncated)?;
            if at >= n || w == 64 {
                return Err(ChunkError::Corrupt("outlier outside of its block"));
            }
            let low = self.values[at].wrapping_sub(base) as u64;
            self.values[at] = base.wrapping_add((low | high << w) as i64);
        }
        Ok(n)
    }

    fn unpack(&mut self, packed: &[u8], w: u32, n: usize, base: i64) -> Result<(), ChunkError> {
        if w > WIDTH_ONE_LOAD {
            let mut bits = BitReader::new(packed);
            for v in &mut self.values[..n] {
                *v = base.wrapping_add(bits.get(w).ok_or(ChunkError::Truncated)? as i64);
            }
            return Ok(());
        }
        self.padded[..packed.len()].copy_from_slice(packed);
        let groups = n.div_ceil(8);
        macro_rules! widths {
            ($($w:literal)*) => {
                match w {
                    $($w => unpack_groups::<$w>(&self.padded, groups, base, &mut self.values),)*
                    _ => return Err(ChunkError::Corrupt("bit width over 64")),
                }
            };
        }
        widths!(0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29
            30 31 32 33 34 35 36 37 38 39 40 41 42 43 44 45 46 47 48 49 50 51 52 53 54 55 56 57);
        Ok(())
    }
}

/// Eight values at a time, which are `W` bytes; a constant width makes all offsets
/// and shifts constants.
fn unpack_groups<const W: usize>(
    padded: &[u8; BLOCK * 8 + 8],
    groups: usize,
    base: i64,
    values: &mut [i64; BLOCK],
) {
    let mask = (1u64 << W) - 1;
    for (g, group) in values.as_chunks_mut::<8>().0[..groups]
        .iter_mut()
        .enumerate()
    {
        let Some(bytes) = padded.get(g * W..g * W + 7 * W / 8 + 8) else {
            return;
        };
        for (i, v) in group.iter_mut().enumerate() {
            let bit = i * W;
            let mut word = [0; 8];
            word.copy_from_slice(&bytes[bit / 8..bit / 8 + 8]);
            let u = (u64::from_le_bytes(word) >> (bit % 8)) & mask;
            *v = base.wrapping_add(u as i64);
        }
    }
}
