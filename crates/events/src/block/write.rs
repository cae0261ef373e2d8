//! Writing a block.

use binnacle_model::event::FieldValue;
use binnacle_stdx::bits::{put_varint, put_varint_signed};

use super::column::{self, Work};
use super::ints::{self, Order};
use super::json::has_replacement;
use super::piece::Pieces;
use super::{
    BYTES_REFUSED, BlockSummary, Effort, MAGIC, ROWS_MAX, RowSource, Run, TooLarge, fields,
};

/// Appends a block of all rows to `out`. Rows that are not sorted by stream and time are
/// sorted; rows of one stream and time stay in their order.
///
/// # Errors
/// When the rows are too many or too large; `out` is then as before.
pub fn encode(
    rows: &dyn RowSource,
    effort: Effort,
    out: &mut Vec<u8>,
) -> Result<BlockSummary, TooLarge> {
    let mut too_large = TooLarge {
        rows: rows.len(),
        bytes: 0,
    };
    if rows.len() > ROWS_MAX {
        return Err(too_large);
    }
    let order = order_of(rows);
    let runs = runs_of(rows, &order);
    let bytes: u64 = runs.iter().map(|r| r.bytes).sum();
    if bytes > BYTES_REFUSED as u64 {
        too_large.bytes = usize::try_from(bytes).unwrap_or(usize::MAX);
        return Err(too_large);
    }
    let summary = BlockSummary::of(runs);
    let (work, pieces) = pieces_of(rows, &order, effort);
    put_block(&summary, work, &pieces, out);
    Ok(summary)
}

/// All columns.
pub(super) fn pieces_of(rows: &dyn RowSource, order: &[u32], effort: Effort) -> (Work, Pieces) {
    let times: Vec<i64> = order.iter().map(|r| rows.time_ns(*r as usize)).collect();
    let lines: Vec<&[u8]> = order.iter().map(|r| rows.line(*r as usize)).collect();
    let mut work = Work::new(effort);
    let mut columns = Pieces::default();
    if lines.iter().any(|line| may_mean_other(line)) {
        work.words.saw_other();
    }
    column::write_lines(&lines, &times, &mut work, &mut columns);
    fields::write(rows, order, &times, &mut work, &mut columns);
    // What the columns gathered stands in front of them.
    let mut pieces = Pieces::default();
    ints::write(&times, Order::Rising, effort, &mut pieces);
    std::mem::take(&mut work.ids).write(&mut work, &mut pieces);
    pieces.append(&columns);
    (work, pieces)
}

/// Whether a parser may find other bytes in the line than are written there: escapes, and
/// what is no UTF-8 or was none, which is replaced.
fn may_mean_other(line: &[u8]) -> bool {
    memchr::memchr(b'\\', line).is_some()
        || (!line.is_ascii() && (std::str::from_utf8(line).is_err() || has_replacement(line)))
}

fn order_of(rows: &dyn RowSource) -> Vec<u32> {
    let mut order: Vec<u32> = (0..rows.len() as u32).collect();
    let key = |row: &u32| (rows.stream(*row as usize), rows.time_ns(*row as usize));
    if !order.is_sorted_by_key(key) {
        order.sort_by_key(key);
    }
    order
}

pub(super) fn runs_of(rows: &dyn RowSource, order: &[u32]) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for (at, row) in order.iter().enumerate() {
        let row = *row as usize;
        let (stream, t_ns) = (rows.stream(row), rows.time_ns(row));
        if runs.last().is_none_or(|run| run.stream != stream) {
            runs.push(Run {
                stream,
                first_row: at as u32,
                rows: 0,
                line_bytes: 0,
                bytes: 0,
                min_ns: t_ns,
                max_ns: t_ns,
            });
        }
        let line = rows.line(row).len() as u64;
        let mut field_bytes = 0;
        rows.fields(row, &mut |name, value| {
            field_bytes += name.len() as u64
                + match value {
                    FieldValue::Text(text) => text.len() as u64,
                    FieldValue::Int(_) | FieldValue::Float(_) => 8,
                    FieldValue::Bool(_) => 1,
                };
        });
        if let Some(run) = runs.last_mut() {
            run.rows += 1;
            run.line_bytes += line;
            run.bytes += line + field_bytes;
            run.max_ns = t_ns;
        }
    }
    runs
}

/// Puts the head in front of all pieces.
pub(super) fn put_block(summary: &BlockSummary, work: Work, pieces: &Pieces, out: &mut Vec<u8>) {
    let mut filter = Vec::new();
    let level = super::strings::level(work.effort);
    work.words.write(&mut filter);
    // Compression into memory of its own size does not fail.
    let directory = zstd::bulk::compress(&pieces.directory, level.max(3)).unwrap_or_default();
    let mut head = Vec::new();
    put_varint(&mut head, summary.runs.len() as u64);
    for run in &summary.runs {
        put_varint(&mut head, u64::from(run.stream));
        put_varint(&mut head, u64::from(run.rows));
        put_varint(&mut head, run.line_bytes);
        put_varint(&mut head, run.bytes - run.line_bytes);
        put_varint_signed(&mut head, run.min_ns);
        put_varint(&mut head, run.max_ns.wrapping_sub(run.min_ns) as u64);
    }
    put_varint(&mut head, pieces.directory.len() as u64);
    for piece in [&filter, &directory] {
        put_varint(&mut head, piece.len() as u64);
        head.extend_from_slice(&crc32fast::hash(piece).to_le_bytes());
    }
    put_varint(&mut head, pieces.data.len() as u64);
    out.extend_from_slice(MAGIC);
    out.extend_from_slice(&crc32fast::hash(&head).to_le_bytes());
    put_varint(out, head.len() as u64);
    for piece in [&head, &filter, &directory, &pieces.data] {
        out.extend_from_slice(piece);
    }
}
