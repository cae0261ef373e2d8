//! From sorted rows to blocks: where a block ends, and what came twice.

use binnacle_model::event::FieldValue;
use binnacle_stdx::hash::HashKey;
use binnacle_store::Error;

use crate::block::{self, BYTES_MAX, Effort, RowSource};
use crate::error::EngineError;
use crate::part::{PartRun, PartWriter};
use crate::twins::Twins;

/// Only finds twins; what it hashes is compared.
const HASH: HashKey = HashKey::new(0x7477_696e);

/// Rows sorted by the part's number of their stream, time and arrival.
pub(super) trait SortedRows {
    fn len(&self) -> usize;

    /// The stream's number in the part.
    fn stream(&self, row: usize) -> u32;

    fn time_ns(&self, row: usize) -> i64;

    fn line(&self, row: usize) -> &[u8];

    /// Calls `see` for each field.
    fn fields(&self, row: usize, see: &mut dyn FnMut(&str, FieldValue<'_>));

    /// Bytes of line and fields.
    fn bytes(&self, row: usize) -> usize;

    /// Whether two rows have the same line and fields.
    fn is_same(&self, a: usize, b: usize) -> bool;
}

/// Whether a block is so large that a merge copies it as it is.
pub(super) fn is_large(rows: usize, bytes: usize, rows_max: usize) -> bool {
    rows.saturating_mul(2) >= rows_max || bytes.saturating_mul(2) >= BYTES_MAX
}

/// A block is filled to so many hundredths when rows are cut by time, so that a slice with
/// some more rows or bytes than the others still fits.
const FILL_PERCENT: usize = 85;

/// Rows of a stream in a slice of time: with fewer, the lists of what streams lie in which
/// block would grow more than the blocks shrink.
const SLICE_ROWS_MIN: usize = 32;

/// Writes all rows as blocks of `rows_max` rows at most. Rows that are there twice are
/// written once; answers how many were left out for that. `between` is called now and
/// then.
///
/// What does not fit one block is cut by time: lines of one request, in many streams, are
/// then in one block, which has their id once and is the only one to be opened for it.
/// Where streams have few rows each, it is cut by stream instead, and a block ends early
/// where a stream begins and it is large enough already.
pub(super) fn pack(
    rows: &dyn SortedRows,
    rows_max: usize,
    part: &mut PartWriter,
    between: &mut dyn FnMut() -> Result<(), EngineError>,
) -> Result<u64, EngineError> {
    let slices = slices(rows, rows_max);
    let mut chunk = Chunk {
        rows,
        order: Vec::new(),
        streams: Vec::new(),
        in_block: Vec::new(),
        bytes: 0,
        is_slice: slices.len() > 1,
    };
    let mut twins = Twins::default();
    let mut again = 0;
    let mut out = Vec::new();
    for slice in slices {
        for row in slice {
            let row = row as usize;
            let key = (rows.stream(row), rows.time_ns(row));
            let hash = |row: u32| hash(rows, row as usize);
            let same = |a: u32, b: u32| rows.is_same(a as usize, b as usize);
            if twins.is_again(row as u32, key, hash, same) {
                again += 1;
                continue;
            }
            let bytes = rows.bytes(row);
            if chunk.ends_before(key.0, bytes, rows_max) {
                chunk.write(rows_max, part, &mut out)?;
                between()?;
            }
            chunk.push(row, key.0, bytes);
        }
        if !chunk.order.is_empty() {
            chunk.write(rows_max, part, &mut out)?;
            between()?;
        }
    }
    Ok(again)
}

/// The rows by slices of time, each in the order of all.
fn slices(rows: &dyn SortedRows, rows_max: usize) -> Vec<Vec<u32>> {
    let count = rows.len();
    let bytes: usize = (0..count).map(|row| rows.bytes(row)).sum();
    let filled = |max: usize| (max / 100).saturating_mul(FILL_PERCENT).max(1);
    let is_one = count <= rows_max && bytes <= BYTES_MAX;
    let slices = match is_one {
        true => 1,
        false => (count.div_ceil(filled(rows_max))).max(bytes.div_ceil(filled(BYTES_MAX))),
    };
    let streams = 1
        + (1..count)
            .filter(|row| rows.stream(*row) != rows.stream(*row - 1))
            .count();
    if slices < 2 || count / slices / streams < SLICE_ROWS_MIN {
        return vec![(0..count as u32).collect()];
    }
    let mut times: Vec<i64> = (0..count).map(|row| rows.time_ns(row)).collect();
    times.sort_unstable();
    let mut starts: Vec<i64> = (1..slices).map(|n| times[n * count / slices]).collect();
    starts.dedup();
    let mut out = vec![Vec::with_capacity(count / slices + 1); starts.len() + 1];
    for row in 0..count {
        let t_ns = rows.time_ns(row);
        out[starts.partition_point(|start| *start <= t_ns)].push(row as u32);
    }
    out
}

fn hash(rows: &dyn SortedRows, row: usize) -> u64 {
    let mut sum = HASH.hash64(rows.line(row));
    rows.fields(row, &mut |name, value| {
        let of_value = match value {
            FieldValue::Text(text) => HASH.hash64(text),
            FieldValue::Int(v) => v.cast_unsigned(),
            FieldValue::Float(v) => v.to_bits(),
            FieldValue::Bool(v) => u64::from(v),
        };
        sum = sum.rotate_left(7) ^ HASH.hash64(name.as_bytes()) ^ of_value.rotate_left(1);
    });
    sum
}

/// Rows that become one block.
struct Chunk<'r> {
    rows: &'r dyn SortedRows,
    /// Places in `rows`.
    order: Vec<u32>,
    /// The part's number of each stream of the block.
    streams: Vec<u32>,
    /// For each row the place of its stream in `streams`.
    in_block: Vec<u32>,
    bytes: usize,
    /// The rows are a slice of time, which ends where it ends.
    is_slice: bool,
}

impl Chunk<'_> {
    fn ends_before(&self, stream: u32, bytes: usize, rows_max: usize) -> bool {
        let rows = self.order.len();
        let is_new = self.streams.last() != Some(&stream);
        rows > 0
            && (rows >= rows_max
                || self.bytes.saturating_add(bytes) > BYTES_MAX
                || (is_new && !self.is_slice && is_large(rows, self.bytes, rows_max)))
    }

    fn push(&mut self, row: usize, stream: u32, bytes: usize) {
        if self.streams.last() != Some(&stream) {
            self.streams.push(stream);
        }
        self.order.push(row as u32);
        self.in_block.push((self.streams.len() - 1) as u32);
        self.bytes += bytes;
    }

    /// Writes the block and begins the next.
    fn write(
        &mut self,
        rows_max: usize,
        part: &mut PartWriter,
        out: &mut Vec<u8>,
    ) -> Result<(), EngineError> {
        // What is small is merged soon; what is large stays as it is.
        let effort = if is_large(self.order.len(), self.bytes, rows_max) {
            Effort::Thorough
        } else {
            Effort::Quick
        };
        out.clear();
        let summary = block::encode(self, effort, out).map_err(|e| Error::Limit {
            what: "block",
            value: e.bytes as u64,
            limit: block::BYTES_REFUSED as u64,
        })?;
        let runs: Vec<PartRun> = summary
            .runs
            .iter()
            .map(|run| PartRun {
                stream: self.streams[run.stream as usize],
                block: 0,
                in_block: run.stream,
                rows: run.rows,
                line_bytes: run.line_bytes,
                bytes: run.bytes,
                min_ns: run.min_ns,
                max_ns: run.max_ns,
            })
            .collect();
        part.block(out, &runs)?;
        self.order.clear();
        self.streams.clear();
        self.in_block.clear();
        self.bytes = 0;
        Ok(())
    }
}

impl RowSource for Chunk<'_> {
    fn len(&self) -> usize {
        self.order.len()
    }

    fn stream(&self, row: usize) -> u32 {
        self.in_block[row]
    }

    fn time_ns(&self, row: usize) -> i64 {
        self.rows.time_ns(self.order[row] as usize)
    }

    fn line(&self, row: usize) -> &[u8] {
        self.rows.line(self.order[row] as usize)
    }

    fn fields(&self, row: usize, see: &mut dyn FnMut(&str, FieldValue<'_>)) {
        self.rows.fields(self.order[row] as usize, see);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Streams and times.
    struct Plain(Vec<(u32, i64)>);

    impl SortedRows for Plain {
        fn len(&self) -> usize {
            self.0.len()
        }

        fn stream(&self, row: usize) -> u32 {
            self.0[row].0
        }

        fn time_ns(&self, row: usize) -> i64 {
            self.0[row].1
        }

        fn line(&self, _row: usize) -> &[u8] {
            b""
        }

        fn fields(&self, _row: usize, _see: &mut dyn FnMut(&str, FieldValue<'_>)) {}

        fn bytes(&self, _row: usize) -> usize {
            100
        }

        fn is_same(&self, _a: usize, _b: usize) -> bool {
            false
        }
    }

    fn check(streams: u32, rows_each: i64, rows_max: usize, want: usize) {
        let all = (0..streams).flat_map(|s| (0..rows_each).map(move |t| (s, t)));
        let rows = Plain(all.collect());
        let slices = slices(&rows, rows_max);
        assert_eq!(slices.len(), want, "{streams} streams");
        let mut newest = i64::MIN;
        for slice in &slices {
            assert!(slice.is_sorted());
            let times = || slice.iter().map(|row| rows.time_ns(*row as usize));
            assert!(want == 1 || times().min() > Some(newest));
            newest = times().max().unwrap_or(newest);
            assert!(want == 1 || slice.len() <= rows_max);
        }
        let mut all: Vec<u32> = slices.concat();
        all.sort_unstable();
        assert_eq!(all, (0..rows.len() as u32).collect::<Vec<_>>());
    }

    #[test]
    fn rows_are_cut_by_time_where_streams_have_many() {
        check(1, 0, 100, 1);
        check(4, 250, 1_000, 1);
        check(4, 1_000, 1_000, 5);
        check(100, 10, 100, 1);
        check(1, 10_000, 1_000, 12);
    }
}
