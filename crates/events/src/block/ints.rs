//! Columns of whole numbers: constant, packed in bits, or by pco, whichever is smallest.
//!
//! Numbers are kept as `base + scale * n`. Both packed forms come in pages of [`PAGE`]
//! numbers, so that one number costs one page and not the column.

use std::ops::Range;

use binnacle_stdx::bits::{BitWriter, put_varint, put_varint_signed, width};
use binnacle_store::Malformed;
use pco::data_types::Number;
use pco::wrapped::{ChunkDecompressor, FileCompressor, FileDecompressor};
use pco::{ChunkConfig, DeltaSpec, ModeSpec, PagingSpec};

use super::Effort;
use super::piece::{Blob, Pieces, Reader};

/// Numbers of a page.
pub(super) const PAGE: usize = 1024;

/// Fewer numbers than this are packed in bits: the tables of pco cost more.
const ENTROPY_MIN: usize = 192;

const CONSTANT: u8 = 0;
const PACKED: u8 = 1;
const ENTROPY_32: u8 = 2;
const ENTROPY_64: u8 = 3;

/// Whether neighbours are expected to be near each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// No: they are names of things.
    Names,
    /// It is to be found out.
    Unknown,
    /// Yes: they are times.
    Rising,
}

/// Writes numbers; how many is for the caller to keep.
pub(super) fn write(values: &[i64], order: Order, effort: Effort, out: &mut Pieces) {
    let (Some(&min), Some(&max)) = (values.iter().min(), values.iter().max()) else {
        out.directory.push(CONSTANT);
        put_varint_signed(&mut out.directory, 0);
        return;
    };
    if min == max {
        out.directory.push(CONSTANT);
        put_varint_signed(&mut out.directory, min);
        return;
    }
    let range = max.wrapping_sub(min) as u64;
    let scale = scale_of(values, min, range);
    let bits = width(range / scale);
    let packed_bytes = (values.len() as u64 * u64::from(bits)).div_ceil(8);
    if values.len() >= ENTROPY_MIN && bits > 0 {
        let offsets = values.iter().map(|v| v.wrapping_sub(min) as u64 / scale);
        let config = config(values, range, order, effort);
        let (tag, encoded) = if range / scale <= u64::from(u32::MAX) {
            let offsets: Vec<u32> = offsets.map(|v| v as u32).collect();
            (ENTROPY_32, encode(&offsets, &config))
        } else {
            let offsets: Vec<u64> = offsets.collect();
            (ENTROPY_64, encode(&offsets, &config))
        };
        if let Some(encoded) = encoded
            && (encoded.len() as u64) < packed_bytes - packed_bytes / 32
        {
            head(tag, min, scale, out);
            put_varint(&mut out.directory, encoded.pages.len() as u64);
            for page in &encoded.pages {
                put_varint(&mut out.directory, *page as u64);
            }
            out.blob(&encoded.meta);
            out.blob(&encoded.bytes);
            return;
        }
    }
    head(PACKED, min, scale, out);
    out.directory.push(bits as u8);
    let mut bytes = Vec::with_capacity(packed_bytes as usize);
    let mut writer = BitWriter::new(&mut bytes);
    for v in values {
        writer.put(v.wrapping_sub(min) as u64 / scale, bits);
    }
    writer.finish();
    out.blob(&bytes);
}

fn head(tag: u8, base: i64, scale: u64, out: &mut Pieces) {
    out.directory.push(tag);
    put_varint_signed(&mut out.directory, base);
    put_varint(&mut out.directory, scale);
}

/// A power of a thousand that divides all: times are often coarser than their unit.
fn scale_of(values: &[i64], min: i64, range: u64) -> u64 {
    let mut scale = 1;
    while range / scale >= 1 << 20 {
        let next = scale * 1_000;
        let divides = |v: &i64| (v.wrapping_sub(min) as u64).is_multiple_of(next);
        if !values.iter().all(divides) {
            break;
        }
        scale = next;
    }
    scale
}

fn config(values: &[i64], range: u64, order: Order, effort: Effort) -> ChunkConfig {
    let deltas = match order {
        Order::Names => false,
        Order::Rising => true,
        Order::Unknown => neighbours_are_near(values, range),
    };
    let mut pages = vec![PAGE; values.len() / PAGE];
    if !values.len().is_multiple_of(PAGE) {
        pages.push(values.len() % PAGE);
    }
    ChunkConfig::default()
        .with_compression_level(match effort {
            Effort::Quick => 6,
            Effort::Thorough => 8,
        })
        .with_mode_spec(ModeSpec::Classic)
        .with_delta_spec(if deltas {
            DeltaSpec::TryConsecutive(1)
        } else {
            DeltaSpec::NoOp
        })
        .with_paging_spec(PagingSpec::Exact(pages))
}

/// Whether differences need clearly fewer bits than the numbers, by a sample.
fn neighbours_are_near(values: &[i64], range: u64) -> bool {
    let step = (values.len() / 256).max(1);
    let (mut bits, mut count) = (0, 0);
    for pair in values.windows(2).step_by(step) {
        bits += u64::from(width(pair[1].wrapping_sub(pair[0]).unsigned_abs()));
        count += 1;
    }
    // A difference has a sign, and two independent numbers of uniform distribution differ
    // by a third of the range.
    (bits + count * 3) < count * u64::from(width(range))
}

struct Encoded {
    meta: Vec<u8>,
    bytes: Vec<u8>,
    pages: Vec<usize>,
}

impl Encoded {
    fn len(&self) -> usize {
        self.meta.len() + self.bytes.len() + 2 * self.pages.len() + 8
    }
}

fn encode<T: Number>(values: &[T], config: &ChunkConfig) -> Option<Encoded> {
    let mut all = Encoded {
        meta: Vec::new(),
        bytes: Vec::new(),
        pages: Vec::new(),
    };
    let file = FileCompressor::default();
    file.write_header(&mut all.meta).ok()?;
    let mut chunk = file.chunk_compressor(values, config).ok()?;
    chunk.write_meta(&mut all.meta).ok()?;
    for page in 0..chunk.n_per_page().len() {
        let before = all.bytes.len();
        chunk.write_page(page, &mut all.bytes).ok()?;
        all.pages.push(all.bytes.len() - before);
    }
    Some(all)
}

/// Numbers that were found, not decoded yet.
#[derive(Debug, Clone)]
pub(super) struct Ints<'a> {
    count: usize,
    base: i64,
    scale: u64,
    kind: Kind<'a>,
}

#[derive(Debug, Clone)]
enum Kind<'a> {
    Constant,
    Packed {
        bits: u32,
        bytes: Blob<'a>,
    },
    Entropy {
        wide: bool,
        meta: Blob<'a>,
        bytes: Blob<'a>,
        ends: Vec<usize>,
    },
}

impl<'a> Ints<'a> {
    pub(super) fn read(reader: &mut Reader<'a>, count: usize) -> Result<Self, Malformed> {
        let tag = reader.u8()?;
        let base = reader.varint_signed()?;
        if tag == CONSTANT {
            return Ok(Self {
                count,
                base,
                scale: 1,
                kind: Kind::Constant,
            });
        }
        let scale = reader.varint()?;
        let kind = match tag {
            PACKED => {
                let bits = u32::from(reader.u8()?);
                let bytes = reader.blob()?;
                let needed = (count as u64 * u64::from(bits)).div_ceil(8);
                if bits > 64 || bytes.len() as u64 != needed {
                    return Err(Malformed("packed numbers of a block have a wrong length"));
                }
                Kind::Packed { bits, bytes }
            }
            ENTROPY_32 | ENTROPY_64 => {
                if reader.varint()? != count.div_ceil(PAGE) as u64 {
                    return Err(Malformed("numbers of a block have a wrong number of pages"));
                }
                let mut ends = Vec::new();
                let mut end = 0_usize;
                for _ in 0..count.div_ceil(PAGE) {
                    end = end.saturating_add(reader.count(usize::MAX)?);
                    ends.push(end);
                }
                let (meta, bytes) = (reader.blob()?, reader.blob()?);
                if end != bytes.len() {
                    return Err(Malformed("pages of numbers of a block have wrong lengths"));
                }
                Kind::Entropy {
                    wide: tag == ENTROPY_64,
                    meta,
                    bytes,
                    ends,
                }
            }
            _ => return Err(Malformed("a block has numbers of an unknown kind")),
        };
        Ok(Self {
            count,
            base,
            scale,
            kind,
        })
    }

    /// How many numbers.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// Bytes that they take, but for what the directory says of them.
    pub(super) fn len(&self) -> usize {
        match &self.kind {
            Kind::Constant => 0,
            Kind::Packed { bytes, .. } => bytes.len(),
            Kind::Entropy { meta, bytes, .. } => meta.len() + bytes.len(),
        }
    }

    /// The only number there is.
    pub(super) fn constant(&self) -> Option<i64> {
        matches!(self.kind, Kind::Constant).then_some(self.base)
    }

    /// All numbers.
    pub(super) fn all(&self) -> Result<Vec<i64>, Malformed> {
        let mut cursor = self.cursor()?;
        let mut out = Vec::with_capacity(self.count);
        for page in 0..self.count.div_ceil(PAGE) {
            cursor.load(page)?;
            out.extend_from_slice(&cursor.page);
        }
        Ok(out)
    }

    /// For reading some.
    pub(super) fn cursor(&self) -> Result<Cursor<'a>, Malformed> {
        let source = match &self.kind {
            Kind::Constant => Source::Constant,
            Kind::Packed { bits, bytes } => Source::Packed {
                bits: *bits,
                bytes: bytes.open()?,
            },
            Kind::Entropy {
                wide,
                meta,
                bytes,
                ends,
            } => {
                let corrupt = |_| Malformed("numbers of a block cannot be decoded");
                let (file, meta) = FileDecompressor::new(meta.open()?).map_err(corrupt)?;
                let bytes = bytes.open()?;
                let ends = ends.clone();
                if *wide {
                    let (chunk, _) = file.chunk_decompressor::<u64, _>(meta).map_err(corrupt)?;
                    Source::Wide { chunk, bytes, ends }
                } else {
                    let (chunk, _) = file.chunk_decompressor::<u32, _>(meta).map_err(corrupt)?;
                    Source::Narrow {
                        chunk,
                        bytes,
                        ends,
                        raw: Vec::new(),
                    }
                }
            }
        };
        Ok(Cursor {
            count: self.count,
            base: self.base,
            scale: self.scale,
            source,
            page: Vec::new(),
            loaded: 0..0,
        })
    }
}

/// Reads numbers in any order, best in rising order.
pub(super) struct Cursor<'a> {
    count: usize,
    base: i64,
    scale: u64,
    source: Source<'a>,
    page: Vec<i64>,
    loaded: Range<usize>,
}

enum Source<'a> {
    Constant,
    Packed {
        bits: u32,
        bytes: &'a [u8],
    },
    Narrow {
        chunk: ChunkDecompressor<u32>,
        bytes: &'a [u8],
        ends: Vec<usize>,
        raw: Vec<u32>,
    },
    Wide {
        chunk: ChunkDecompressor<u64>,
        bytes: &'a [u8],
        ends: Vec<usize>,
    },
}

impl Cursor<'_> {
    /// Number `i`.
    #[inline]
    pub(super) fn get(&mut self, i: usize) -> Result<i64, Malformed> {
        if !self.loaded.contains(&i) {
            self.seek(i)?;
        }
        self.page
            .get(i - self.loaded.start)
            .copied()
            .ok_or(Malformed("a block has too few numbers"))
    }

    /// Loads the page of `i`.
    #[cold]
    fn seek(&mut self, i: usize) -> Result<(), Malformed> {
        if i >= self.count {
            return Err(Malformed("a block has too few numbers"));
        }
        self.load(i / PAGE)
    }

    /// Calls `see` with the numbers from number `from` on, page by page.
    pub(super) fn each_page(
        &mut self,
        from: usize,
        to: usize,
        see: &mut dyn FnMut(&[i64]),
    ) -> Result<(), Malformed> {
        let mut at = from;
        while at < to {
            self.get(at)?;
            let end = self.loaded.end.min(to);
            let own = at - self.loaded.start..end - self.loaded.start;
            see(self.page.get(own).unwrap_or_default());
            at = end;
        }
        Ok(())
    }

    fn load(&mut self, page: usize) -> Result<(), Malformed> {
        let from = page * PAGE;
        let len = PAGE.min(self.count.saturating_sub(from));
        let (base, scale) = (self.base, self.scale);
        let number = |n: u64| base.wrapping_add(n.wrapping_mul(scale) as i64);
        self.loaded = 0..0;
        self.page.clear();
        match &mut self.source {
            Source::Constant => self.page.resize(len, base),
            Source::Packed { bits, bytes } => {
                unpack(bytes, from, len, *bits, &mut self.page, number);
            }
            Source::Narrow {
                chunk,
                bytes,
                ends,
                raw,
            } => {
                raw.clear();
                raw.resize(len, 0);
                decode(chunk, of_page(bytes, ends, page)?, raw)?;
                self.page.extend(raw.iter().map(|v| number(u64::from(*v))));
            }
            Source::Wide { chunk, bytes, ends } => {
                let mut raw = vec![0_u64; len];
                decode(chunk, of_page(bytes, ends, page)?, &mut raw)?;
                self.page.extend(raw.iter().map(|v| number(*v)));
            }
        }
        self.loaded = from..from + len;
        Ok(())
    }
}

fn of_page<'a>(bytes: &'a [u8], ends: &[usize], page: usize) -> Result<&'a [u8], Malformed> {
    let from = page
        .checked_sub(1)
        .map_or(Some(0), |p| ends.get(p).copied());
    let range = from.zip(ends.get(page).copied());
    range
        .and_then(|(from, to)| bytes.get(from..to))
        .ok_or(Malformed("a page of numbers of a block is missing"))
}

fn decode<T: Number>(
    chunk: &mut ChunkDecompressor<T>,
    bytes: &[u8],
    out: &mut [T],
) -> Result<(), Malformed> {
    let corrupt = |_| Malformed("numbers of a block cannot be decoded");
    let count = out.len();
    let mut page = chunk.page_decompressor(bytes, count).map_err(corrupt)?;
    let progress = page.read(out).map_err(corrupt)?;
    if progress.n_processed == count {
        Ok(())
    } else {
        Err(Malformed("a page of numbers of a block is too short"))
    }
}

/// Unpacks `len` numbers from number `from` on. The length was checked before.
fn unpack(
    bytes: &[u8],
    from: usize,
    len: usize,
    bits: u32,
    out: &mut Vec<i64>,
    number: impl Fn(u64) -> i64,
) {
    let mask = if bits == 64 {
        u64::MAX
    } else {
        (1 << bits) - 1
    };
    out.extend((from..from + len).map(|i| {
        let at = i * bits as usize;
        let window = bytes.get(at / 8..).unwrap_or_default();
        let shift = (at % 8) as u32;
        let word = match window.first_chunk::<8>() {
            Some(chunk) => u64::from_le_bytes(*chunk),
            None => {
                let mut chunk = [0; 8];
                chunk[..window.len()].copy_from_slice(window);
                u64::from_le_bytes(chunk)
            }
        };
        let mut v = word >> shift;
        if shift + bits > 64 {
            v |= u64::from(window.get(8).copied().unwrap_or(0)) << (64 - shift);
        }
        number(v & mask)
    }));
}

#[cfg(test)]
mod tests {
    use super::*;
    use binnacle_stdx::random::Random;

    fn check(values: &[i64], order: Order) {
        let mut pieces = Pieces::default();
        write(values, order, Effort::Quick, &mut pieces);
        let mut reader = Reader::new(&pieces.directory, &pieces.data);
        let ints = Ints::read(&mut reader, values.len()).expect("just written");
        assert_eq!(ints.all().expect("just written"), values);
        let mut cursor = ints.cursor().expect("just written");
        for i in (0..values.len()).rev().step_by(7) {
            assert_eq!(cursor.get(i), Ok(values[i]));
        }
        assert!(cursor.get(values.len()).is_err());
    }

    #[test]
    fn numbers_come_back() {
        let mut random = Random::new(1);
        for count in [0, 1, 2, 100, 191, 192, 4096, 4097, 10_000] {
            for bits in [0, 1, 7, 20, 33, 63, 64] {
                let values: Vec<i64> = (0..count)
                    .map(|_| {
                        let v = random.next_u64();
                        (if bits == 0 { 5 } else { v >> (64 - bits) }) as i64
                    })
                    .collect();
                check(&values, Order::Unknown);
            }
            let mut t = 1_796_000_000_000_000_000_i64;
            let times: Vec<i64> = (0..count)
                .map(|_| {
                    t += random.below(1_000) as i64 * 1_000_000;
                    t
                })
                .collect();
            check(&times, Order::Rising);
        }
        check(&[i64::MIN, i64::MAX, 0, -1], Order::Rising);
        check(&[i64::MIN, i64::MAX].repeat(200), Order::Rising);
    }
}
