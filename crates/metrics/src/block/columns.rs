//! Time columns: each distinct run of times is stored once in a block.
//!
//! The series of one target are scraped at the same times, so thousands of chunks
//! share one column, and a sample's time costs next to nothing.

use binnacle_stdx::bits::{Bytes, put_varint, put_varint_signed};
use binnacle_stdx::hash::HashKey;
use hashbrown::HashMap;

use crate::chunk;

/// zstd's level for the table of columns.
const LEVEL: i32 = 3;

/// A table that unpacks to more than this is damaged.
const RAW_BYTES_MAX: usize = 1 << 30;

/// One column: where it is and what it spans.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Column {
    /// Where its bytes begin in the section of times.
    pub(crate) at: u64,
    /// How many bytes.
    pub(crate) len: u32,
    /// How many times.
    pub(crate) count: u32,
    pub(crate) first_ms: i64,
    pub(crate) last_ms: i64,
}

/// Collects columns and finds those that it has.
#[derive(Debug)]
pub(crate) struct ColumnWriter {
    hash: HashKey,
    known: HashMap<u128, u32>,
    columns: Vec<Column>,
    times: Vec<u8>,
    scratch: Vec<u8>,
    /// The times that were added last: those of the next series are mostly the same.
    last: Vec<i64>,
    last_column: u32,
}

impl ColumnWriter {
    pub(crate) fn new() -> Self {
        Self {
            hash: HashKey::random(),
            known: HashMap::new(),
            columns: Vec::new(),
            times: Vec::new(),
            scratch: Vec::new(),
            last: Vec::new(),
            last_column: 0,
        }
    }

    /// The number of the column of these times, of which there is at least one.
    pub(crate) fn add(&mut self, times_ms: &[i64]) -> u32 {
        if self.last == times_ms {
            return self.last_column;
        }
        self.scratch.clear();
        for t_ms in times_ms {
            self.scratch.extend_from_slice(&t_ms.to_le_bytes());
        }
        let next = self.columns.len() as u32;
        let column = *self
            .known
            .entry(self.hash.hash128(&self.scratch))
            .or_insert(next);
        if column == next {
            let at = self.times.len() as u64;
            chunk::encode_times(times_ms, &mut self.times);
            self.columns.push(Column {
                at,
                len: (self.times.len() as u64 - at) as u32,
                count: times_ms.len() as u32,
                first_ms: times_ms.first().copied().unwrap_or(0),
                last_ms: times_ms.last().copied().unwrap_or(0),
            });
        }
        self.last.clear();
        self.last.extend_from_slice(times_ms);
        self.last_column = column;
        column
    }

    /// All times, encoded.
    pub(crate) fn times(&self) -> &[u8] {
        &self.times
    }

    /// How many columns there are.
    pub(crate) fn len(&self) -> usize {
        self.columns.len()
    }

    /// The table of columns, compressed.
    pub(crate) fn table(&self) -> std::io::Result<Vec<u8>> {
        let mut raw = Vec::new();
        let mut before_ms = 0i64;
        for column in &self.columns {
            put_varint(&mut raw, u64::from(column.len));
            put_varint(&mut raw, u64::from(column.count));
            put_varint_signed(&mut raw, column.first_ms.wrapping_sub(before_ms));
            put_varint_signed(&mut raw, column.last_ms.wrapping_sub(column.first_ms));
            before_ms = column.first_ms;
        }
        let mut out = Vec::new();
        put_varint(&mut out, raw.len() as u64);
        out.extend_from_slice(&zstd::bulk::compress(&raw, LEVEL)?);
        Ok(out)
    }
}

/// Reads the table of `count` columns whose bytes lie within `times` bytes.
pub(crate) fn decode_table(bytes: &[u8], count: usize, times: u64) -> Option<Vec<Column>> {
    let mut packed = Bytes::new(bytes);
    let len = usize::try_from(packed.varint()?)
        .ok()
        .filter(|&n| n <= RAW_BYTES_MAX)?;
    let raw = zstd::bulk::decompress(packed.rest(), len).ok()?;
    if count > raw.len() / 4 {
        return None;
    }
    let mut raw = Bytes::new(&raw);
    let mut columns = Vec::with_capacity(count);
    let (mut at, mut before_ms) = (0u64, 0i64);
    for _ in 0..count {
        let len = u32::try_from(raw.varint()?).ok()?;
        let count = u32::try_from(raw.varint()?).ok().filter(|&n| n > 0)?;
        let first_ms = before_ms.wrapping_add(raw.varint_signed()?);
        let last_ms = first_ms.wrapping_add(raw.varint_signed()?);
        columns.push(Column {
            at,
            len,
            count,
            first_ms,
            last_ms,
        });
        at = at.checked_add(u64::from(len)).filter(|&end| end <= times)?;
        before_ms = first_ms;
    }
    raw.rest().is_empty().then_some(columns)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_columns_are_stored_once_and_the_table_comes_back() {
        let mut writer = ColumnWriter::new();
        let a: Vec<i64> = (0..100).map(|i| i * 15_000).collect();
        let b: Vec<i64> = (0..100).map(|i| i * 15_000 + i % 3).collect();
        assert_eq!(writer.add(&a), 0);
        assert_eq!(writer.add(&b), 1);
        assert_eq!(writer.add(&a), 0);
        assert_eq!(writer.add(&a[1..]), 2);
        let table = writer.table().expect("packed");
        let times = writer.times().len() as u64;
        let columns = decode_table(&table, 3, times).expect("decoded");
        assert_eq!(columns, writer.columns);
        assert_eq!(decode_table(&table, 3, times - 1), None);
        assert_eq!(decode_table(&table, 2, times), None);
        let c = columns[1];
        let mut got = Vec::new();
        let bytes = &writer.times()[c.at as usize..][..c.len as usize];
        chunk::decode_times(bytes, c.count as usize, &mut got).expect("times");
        assert_eq!(got, b);
    }
}
