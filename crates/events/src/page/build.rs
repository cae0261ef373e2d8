//! Writing a page.

use binnacle_model::event::FieldValue;
use binnacle_stdx::bits::{put_varint, put_varint_signed};

use super::fields::FieldWriter;
use super::filter::FilterBuilder;
use super::{BYTES_MAX, PageMeta, PageRun, ROWS_MAX, put_compressed};

/// Gathers rows, sorted by stream and time.
#[derive(Default)]
pub struct PageBuilder {
    runs: Vec<PageRun>,
    times: Vec<u8>,
    lengths: Vec<u8>,
    lines: Vec<u8>,
    fields: FieldWriter,
    filter: FilterBuilder,
    rows: usize,
    bytes: usize,
    before_ns: i64,
}

impl PageBuilder {
    /// Whether it takes no more rows.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.rows >= ROWS_MAX || self.bytes >= BYTES_MAX
    }

    /// Whether there is no row in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// Adds a row.
    pub fn push<'a>(
        &mut self,
        stream: u32,
        t_ns: i64,
        line: &[u8],
        fields: impl Iterator<Item = (&'a str, FieldValue<'a>)>,
    ) {
        if self.runs.last().is_none_or(|run| run.stream != stream) {
            self.runs.push(PageRun {
                stream,
                rows: 0,
                line_bytes: 0,
                bytes: 0,
                min_ns: t_ns,
                max_ns: t_ns,
            });
        }
        put_varint_signed(&mut self.times, t_ns.wrapping_sub(self.before_ns));
        self.before_ns = t_ns;
        put_varint(&mut self.lengths, line.len() as u64);
        self.lines.extend_from_slice(line);
        self.filter.add(line);
        let field_bytes = self.fields.row(fields, &mut self.filter);
        self.rows += 1;
        self.bytes += line.len() + field_bytes;
        if let Some(run) = self.runs.last_mut() {
            run.rows += 1;
            run.line_bytes += line.len() as u64;
            run.bytes += (line.len() + field_bytes) as u64;
            run.min_ns = run.min_ns.min(t_ns);
            run.max_ns = run.max_ns.max(t_ns);
        }
    }

    /// Appends the page to `out` and begins the next one. `level` is zstd's.
    pub fn finish(&mut self, level: i32, out: &mut Vec<u8>) -> PageMeta {
        let from = out.len();
        self.filter.encode(out);
        self.times.extend_from_slice(&self.lengths);
        put_compressed(out, &self.times, level);
        put_compressed(out, &self.lines, level);
        put_compressed(out, &self.fields.encode(), level);
        let meta = PageMeta {
            offset: from as u64,
            len: (out.len() - from) as u64,
            runs: std::mem::take(&mut self.runs),
        };
        self.times.clear();
        self.lengths.clear();
        self.lines.clear();
        self.fields.clear();
        self.filter.clear();
        (self.rows, self.bytes, self.before_ns) = (0, 0, 0);
        meta
    }
}
