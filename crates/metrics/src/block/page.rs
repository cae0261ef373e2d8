//! Pages of series: the labels and chunks of 1,024 neighbours, packed together.
//!
//! Neighbours share most label pairs, so a row is written as differences to the row
//! before it, place by place, and the page is then compressed; chunks of series that
//! are scraped together share their time column, so its number hardly ever changes.
//! A page is decoded as a whole when one of its series is first needed, and kept.
//! `docs/formats/metrics-block.md` has the boxes.

use binnacle_stdx::bits::{Bytes, put_varint, put_varint_signed};

/// Series in a page. Few enough that reading one series decodes little, enough for
/// the compression to see repetition.
pub(crate) const PAGE_SERIES: usize = 1024;

/// zstd's level: pages are small and written once; 3 is the knee.
const LEVEL: i32 = 3;

/// A page that decodes to more than this is damaged.
const RAW_BYTES_MAX: usize = 256 << 20;

/// One chunk of a series.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ChunkRef {
    /// Where its bytes begin in the data section.
    pub(crate) at: u64,
    /// How many bytes.
    pub(crate) len: u32,
    /// Its time column.
    pub(crate) column: u32,
}

/// Rows and chunks of up to [`PAGE_SERIES`] series.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Page {
    rows: Vec<u32>,
    row_ends: Vec<u32>,
    chunks: Vec<ChunkRef>,
    chunk_ends: Vec<u32>,
}

impl Page {
    /// How many series there are.
    pub(crate) fn len(&self) -> usize {
        self.row_ends.len()
    }

    /// Adds a series: its pairs in order of the names, its chunks in order of time.
    pub(crate) fn push(&mut self, row: impl Iterator<Item = u32>, chunks: &[ChunkRef]) {
        self.rows.extend(row);
        self.row_ends.push(self.rows.len() as u32);
        self.chunks.extend_from_slice(chunks);
        self.chunk_ends.push(self.chunks.len() as u32);
    }

    /// The pairs of series `i` of the page.
    pub(crate) fn row(&self, i: usize) -> &[u32] {
        &self.rows[range(&self.row_ends, i)]
    }

    /// The chunks of series `i` of the page.
    pub(crate) fn chunks(&self, i: usize) -> &[ChunkRef] {
        &self.chunks[range(&self.chunk_ends, i)]
    }

    /// All pairs of all rows.
    pub(crate) fn rows(&self) -> &[u32] {
        &self.rows
    }

    /// The page with other numbers for its pairs.
    pub(crate) fn renumbered(&self, of: &[u32]) -> Self {
        Self {
            rows: self.rows.iter().map(|&p| of[p as usize]).collect(),
            row_ends: self.row_ends.clone(),
            chunks: self.chunks.clone(),
            chunk_ends: self.chunk_ends.clone(),
        }
    }

    /// Appends the compressed page.
    pub(crate) fn encode(&self, out: &mut Vec<u8>) -> std::io::Result<()> {
        let mut raw = Vec::new();
        put_varint(&mut raw, self.len() as u64);
        self.encode_rows(&mut raw);
        self.encode_chunks(&mut raw);
        let packed = zstd::bulk::compress(&raw, LEVEL)?;
        put_varint(out, raw.len() as u64);
        out.extend_from_slice(&packed);
        Ok(())
    }

    fn encode_rows(&self, raw: &mut Vec<u8>) {
        let mut before: &[u32] = &[];
        for i in 0..self.len() {
            let row = self.row(i);
            put_varint(raw, row.len() as u64);
            for (k, &pair) in row.iter().enumerate() {
                let above = before.get(k).copied().unwrap_or(0);
                put_varint_signed(raw, i64::from(pair) - i64::from(above));
            }
            before = row;
        }
    }

    fn encode_chunks(&self, raw: &mut Vec<u8>) {
        for i in 0..self.len() {
            put_varint(raw, self.chunks(i).len() as u64);
        }
        put_varint(raw, self.chunks.first().map_or(0, |c| c.at));
        for chunk in &self.chunks {
            put_varint(raw, u64::from(chunk.len));
        }
        // Chunk k of a series most often has the column of chunk k of its neighbour.
        let mut before: &[ChunkRef] = &[];
        for i in 0..self.len() {
            let chunks = self.chunks(i);
            for (k, chunk) in chunks.iter().enumerate() {
                let above = before.get(k).map_or(0, |c| c.column);
                put_varint_signed(raw, i64::from(chunk.column) - i64::from(above));
            }
            before = chunks;
        }
    }

    /// Reads a page of `series` series whose pairs are below `pairs`, columns below
    /// `columns` and chunks within `data` bytes. `None` when it is not one.
    pub(crate) fn decode(
        bytes: &[u8],
        series: usize,
        pairs: u32,
        columns: u32,
        data: u64,
    ) -> Option<Self> {
        let mut packed = Bytes::new(bytes);
        let len = usize::try_from(packed.varint()?)
            .ok()
            .filter(|&n| n <= RAW_BYTES_MAX)?;
        let raw = zstd::bulk::decompress(packed.rest(), len).ok()?;
        let mut raw = Bytes::new(&raw);
        if raw.varint()? != series as u64 {
            return None;
        }
        let mut page = Self::default();
        page.decode_rows(&mut raw, series, pairs)?;
        page.decode_chunks(&mut raw, series, columns, data)?;
        raw.rest().is_empty().then_some(page)
    }

    fn decode_rows(&mut self, raw: &mut Bytes<'_>, series: usize, pairs: u32) -> Option<()> {
        let mut before = 0..0;
        for _ in 0..series {
            let start = self.rows.len();
            let len = usize::try_from(raw.varint()?).ok()?;
            for k in 0..len {
                let above = if k < before.len() {
                    self.rows[before.start + k]
                } else {
                    0
                };
                let pair = i64::from(above).checked_add(raw.varint_signed()?)?;
                self.rows
                    .push(u32::try_from(pair).ok().filter(|&p| p < pairs)?);
            }
            before = start..self.rows.len();
            self.row_ends.push(self.rows.len() as u32);
        }
        Some(())
    }

    fn decode_chunks(
        &mut self,
        raw: &mut Bytes<'_>,
        series: usize,
        columns: u32,
        data: u64,
    ) -> Option<()> {
        let mut end = 0u32;
        for _ in 0..series {
            end = end.checked_add(u32::try_from(raw.varint()?).ok()?)?;
            self.chunk_ends.push(end);
        }
        // Each chunk takes at least two bytes here.
        if end as usize > raw.rest().len() {
            return None;
        }
        let mut at = raw.varint()?;
        for _ in 0..end {
            let len = u32::try_from(raw.varint()?).ok()?;
            self.chunks.push(ChunkRef { at, len, column: 0 });
            at = at.checked_add(u64::from(len)).filter(|&at| at <= data)?;
        }
        let mut before = 0..0;
        for i in 0..series {
            let here = range(&self.chunk_ends, i);
            for (k, c) in here.clone().enumerate() {
                let above = if k < before.len() {
                    self.chunks[before.start + k].column
                } else {
                    0
                };
                let column = i64::from(above).checked_add(raw.varint_signed()?)?;
                self.chunks[c].column = u32::try_from(column).ok().filter(|&c| c < columns)?;
            }
            before = here;
        }
        Some(())
    }
}

fn range(ends: &[u32], i: usize) -> std::ops::Range<usize> {
    let start = if i == 0 { 0 } else { ends[i - 1] as usize };
    start..ends[i] as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page() -> Page {
        let mut page = Page::default();
        let mut at = 77;
        for i in 0..1000u32 {
            let row = [i / 100, 50 + i % 20, 900 + i];
            let chunks: Vec<ChunkRef> = (0..1 + i % 3)
                .map(|k| {
                    let chunk = ChunkRef {
                        at,
                        len: 10 + i % 7,
                        column: k + i / 500,
                    };
                    at += u64::from(chunk.len);
                    chunk
                })
                .collect();
            page.push(row.into_iter().take(2 + i as usize % 2), &chunks);
        }
        page
    }

    #[test]
    fn a_page_comes_back_as_it_was() {
        let page = page();
        let mut bytes = Vec::new();
        page.encode(&mut bytes).expect("encoded");
        assert_eq!(Page::decode(&bytes, 1000, 2000, 5, 1 << 20), Some(page));
    }

    #[test]
    fn numbers_out_of_bounds_and_damage_are_refused() {
        let mut bytes = Vec::new();
        page().encode(&mut bytes).expect("encoded");
        assert_eq!(Page::decode(&bytes, 999, 2000, 5, 1 << 20), None);
        assert_eq!(Page::decode(&bytes, 1000, 1899, 5, 1 << 20), None);
        assert_eq!(Page::decode(&bytes, 1000, 2000, 3, 1 << 20), None);
        assert_eq!(Page::decode(&bytes, 1000, 2000, 5, 1000), None);
        for len in 0..bytes.len() {
            assert_eq!(Page::decode(&bytes[..len], 1000, 2000, 5, 1 << 20), None);
        }
    }
}
