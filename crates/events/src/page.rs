//! A page: rows of one or more streams, compressed together, and read back bit for bit.
//!
//! Rows are sorted by stream and time. Times and lengths, lines, and fields are three
//! pieces of zstd, so that counting opens the first alone. A filter of the words of all
//! lines and field values stands in front. See `docs/formats/event-part.md`.

mod build;
mod fields;
mod filter;
mod read;
mod search;

pub use build::PageBuilder;
pub(crate) use fields::ColumnWriter;
pub(crate) use filter::Words;
pub use read::Page;
pub(crate) use read::{unknown, value_passes};

use binnacle_stdx::bits::{Bytes, put_varint, put_varint_signed};
use binnacle_store::Malformed;

/// Rows of a page at most.
pub const ROWS_MAX: usize = 65_536;

/// Bytes of lines and fields of a page, about: one that has more takes no further row.
/// Large pages compress better, small ones cost less when one row of them is wanted.
pub const BYTES_MAX: usize = 4 << 20;

/// Rows of one stream in a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageRun {
    /// The stream's number in the part.
    pub stream: u32,
    /// How many rows.
    pub rows: u32,
    /// Bytes of their lines.
    pub line_bytes: u64,
    /// Bytes of their lines and fields.
    pub bytes: u64,
    /// The oldest, nanoseconds.
    pub min_ns: i64,
    /// The newest, nanoseconds.
    pub max_ns: i64,
}

/// What is known of a page without opening it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PageMeta {
    /// Where it begins in the section of pages.
    pub offset: u64,
    /// How long it is.
    pub len: u64,
    /// Its streams, ascending.
    pub runs: Vec<PageRun>,
}

impl PageMeta {
    /// Rows.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.runs.iter().map(|r| u64::from(r.rows)).sum()
    }

    /// The oldest row, nanoseconds.
    #[must_use]
    pub fn min_ns(&self) -> i64 {
        self.runs.iter().map(|r| r.min_ns).min().unwrap_or(0)
    }

    /// The newest row, nanoseconds.
    #[must_use]
    pub fn max_ns(&self) -> i64 {
        self.runs.iter().map(|r| r.max_ns).max().unwrap_or(0)
    }

    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        put_varint(out, self.offset);
        put_varint(out, self.len);
        put_varint(out, self.runs.len() as u64);
        for run in &self.runs {
            put_varint(out, u64::from(run.stream));
            put_varint(out, u64::from(run.rows));
            put_varint(out, run.line_bytes);
            put_varint(out, run.bytes);
            put_varint_signed(out, run.min_ns);
            put_varint_signed(out, run.max_ns);
        }
    }

    pub(crate) fn decode(bytes: &mut Bytes<'_>) -> Option<Self> {
        let (offset, len, count) = (bytes.varint()?, bytes.varint()?, bytes.varint()?);
        let mut runs = Vec::new();
        let mut rows = 0_u64;
        for _ in 0..count {
            let run = PageRun {
                stream: u32::try_from(bytes.varint()?).ok()?,
                rows: u32::try_from(bytes.varint()?).ok()?,
                line_bytes: bytes.varint()?,
                bytes: bytes.varint()?,
                min_ns: bytes.varint_signed()?,
                max_ns: bytes.varint_signed()?,
            };
            rows += u64::from(run.rows);
            runs.push(run);
        }
        (rows <= ROWS_MAX as u64).then_some(Self { offset, len, runs })
    }
}

/// Compresses `raw` behind its two lengths.
fn put_compressed(out: &mut Vec<u8>, raw: &[u8], level: i32) {
    let packed = zstd::bulk::compress(raw, level).unwrap_or_default();
    put_varint(out, raw.len() as u64);
    // Compression into memory of its own size does not fail; if it did, the bytes stand
    // as they are, which their equal lengths say.
    let as_they_are = packed.is_empty() || packed.len() >= raw.len();
    let stored: &[u8] = if as_they_are { raw } else { &packed };
    put_varint(out, stored.len() as u64);
    out.extend_from_slice(stored);
}

/// A compressed piece that was found, not opened yet.
#[derive(Debug, Clone, Copy)]
struct Packed<'a> {
    raw_len: usize,
    bytes: &'a [u8],
}

/// No piece of a page is larger than this when it is opened: a page takes no row beyond
/// [`BYTES_MAX`], and one row is a record of the log at most.
const RAW_BYTES_MAX: u64 = 1 << 30;

impl<'a> Packed<'a> {
    fn find(bytes: &mut Bytes<'a>) -> Result<Self, Malformed> {
        let found = (|| {
            let raw_len = bytes.varint().filter(|len| *len <= RAW_BYTES_MAX)?;
            let len = usize::try_from(bytes.varint()?).ok()?;
            Some(Self {
                raw_len: raw_len as usize,
                bytes: bytes.take(len)?,
            })
        })();
        found.ok_or(Malformed("a piece of a page runs past its end"))
    }

    fn open(self) -> Result<Vec<u8>, Malformed> {
        if self.bytes.len() == self.raw_len {
            return Ok(self.bytes.to_vec());
        }
        let raw = zstd::bulk::decompress(self.bytes, self.raw_len)
            .map_err(|_| Malformed("a piece of a page cannot be decompressed"))?;
        if raw.len() == self.raw_len {
            Ok(raw)
        } else {
            Err(Malformed(
                "a piece of a page has another length than it says",
            ))
        }
    }
}
