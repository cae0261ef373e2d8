//! Reading a block: what is not needed is not opened.

use std::cell::RefCell;

use binnacle_model::event::column::UNKNOWN;
use binnacle_model::event::select::{Fields, Lines, Wanted};
use binnacle_model::event::{
    Column as OutColumn, ColumnValues, Condition, EventSelection, LineMatch, LineTest, Rows,
};
use binnacle_stdx::bits::Bytes;
use binnacle_store::Malformed;

use super::bits::Bits;
use super::column::{Column, Form};
use super::cursor::Cursor;
use super::extract::{Extracted, extract};
use super::fields::FieldColumns;
use super::ids::Pools;
use super::ints::{self, Ints};
use super::patterns::{Patterns, patterns};
use super::piece::{Reader, VERIFIES};
use super::search::{self, Found, Place, Sought};
use super::shape::Shaped;
use super::sizes::{self, Size};
use super::strings::decompress;
use super::words::{Filter, Probe};
use super::{BYTES_REFUSED, BlockSummary, MAGIC, ROWS_MAX, Run};

/// Where a piece of a block lies.
#[derive(Debug, Clone, Copy)]
struct Piece {
    from: usize,
    len: usize,
    crc: u32,
}

/// A block that is looked into. `B` holds its bytes: a slice, an `Arc<[u8]>`, a range of a
/// mapped file.
#[derive(Debug)]
pub struct Block<B> {
    bytes: B,
    summary: BlockSummary,
    filter: Piece,
    directory: Piece,
    /// Bytes of the directory when it is decompressed.
    directory_raw: usize,
    data: usize,
}

const WRONG_HEAD: Malformed = Malformed("the head of a block makes no sense");

/// Whether [`Block::read`] leaves out all rows that fail the condition (for extracted
/// values: all rows whose value is known).
#[must_use]
pub fn applies(_condition: &Condition) -> bool {
    true
}

impl<B: AsRef<[u8]>> Block<B> {
    /// Reads the head; decompresses nothing.
    ///
    /// # Errors
    /// When the bytes are no block.
    pub fn open(bytes: B) -> Result<Self, Malformed> {
        let all = bytes.as_ref();
        let mut rest = Bytes::new(all);
        if rest.take(MAGIC.len()) != Some(MAGIC) {
            return Err(Malformed("it does not begin as a block does"));
        }
        let parts = (|| {
            let crc = rest.u32()?;
            let len = usize::try_from(rest.varint()?).ok()?;
            let head = rest.take(len)?;
            (!VERIFIES || crc32fast::hash(head) == crc).then_some(())?;
            Self::head(head, all.len() - rest.rest().len(), all.len())
        })();
        let (summary, filter, directory, directory_raw, data) = parts.ok_or(WRONG_HEAD)?;
        Ok(Self {
            summary,
            filter,
            directory,
            directory_raw,
            data,
            bytes,
        })
    }

    #[allow(clippy::type_complexity)]
    fn head(
        head: &[u8],
        behind: usize,
        len: usize,
    ) -> Option<(BlockSummary, Piece, Piece, usize, usize)> {
        let mut bytes = Bytes::new(head);
        let mut runs: Vec<Run> = Vec::new();
        let (mut rows, mut total) = (0_u32, 0_u64);
        for _ in 0..bytes.varint()? {
            let stream = u32::try_from(bytes.varint()?).ok()?;
            let own = u32::try_from(bytes.varint()?).ok()?;
            let line_bytes = bytes.varint()?;
            let all_bytes = line_bytes.checked_add(bytes.varint()?)?;
            let min_ns = bytes.varint_signed()?;
            let max_ns = min_ns.wrapping_add(bytes.varint()? as i64);
            if own == 0 || max_ns < min_ns || runs.last().is_some_and(|r| r.stream >= stream) {
                return None;
            }
            runs.push(Run {
                stream,
                first_row: rows,
                rows: own,
                line_bytes,
                bytes: all_bytes,
                min_ns,
                max_ns,
            });
            rows = rows.checked_add(own).filter(|r| *r as usize <= ROWS_MAX)?;
            total = total
                .checked_add(all_bytes)
                .filter(|t| *t <= BYTES_REFUSED as u64)?;
        }
        let directory_raw = usize::try_from(bytes.varint()?).ok()?;
        let mut at = behind;
        let mut piece = || {
            let len = usize::try_from(bytes.varint()?).ok()?;
            let from = at;
            at = at.checked_add(len)?;
            Some(Piece {
                from,
                len,
                crc: bytes.u32()?,
            })
        };
        let (filter, directory) = (piece()?, piece()?);
        let data = usize::try_from(bytes.varint()?).ok()?;
        let is_whole = at.checked_add(data) == Some(len) && directory_raw <= BYTES_REFUSED;
        is_whole.then(|| (BlockSummary::of(runs), filter, directory, directory_raw, at))
    }

    /// What was written.
    #[must_use]
    pub fn summary(&self) -> &BlockSummary {
        &self.summary
    }

    fn piece(&self, piece: Piece) -> Result<&[u8], Malformed> {
        let bytes = self.bytes.as_ref().get(piece.from..piece.from + piece.len);
        let bytes = bytes.ok_or(WRONG_HEAD)?;
        if !VERIFIES || crc32fast::hash(bytes) == piece.crc {
            Ok(bytes)
        } else {
            Err(Malformed("a piece of a block fails its checksum"))
        }
    }

    /// Where its bytes go: head, filter and directory, then each column.
    ///
    /// # Errors
    /// When the bytes are no block.
    pub fn sizes(&self) -> Result<Vec<Size>, Malformed> {
        let directory = decompress(self.piece(self.directory)?, self.directory_raw)?;
        let data = self.bytes.as_ref().get(self.data..).unwrap_or_default();
        let opened = Opened::read(&directory, data, self.summary.rows as usize)?;
        let mut out = Vec::new();
        for (what, bytes) in [
            ("head", self.filter.from),
            ("filter", self.filter.len),
            ("directory", self.directory.len),
        ] {
            out.push(Size {
                what: what.to_owned(),
                count: 1,
                bytes,
            });
        }
        out.extend(sizes::sizes(&opened)?);
        Ok(out)
    }

    /// Whether rows may pass all conditions, by the filter of words alone. A filter that
    /// cannot be read excludes nothing.
    #[must_use]
    pub fn may_match(&self, probe: &Probe) -> bool {
        if probe.is_empty() {
            return true;
        }
        let filter = self.piece(self.filter).and_then(Filter::read);
        filter.map_or(true, |filter| filter.may_match(probe))
    }

    /// Reads the rows that pass into `out`, which is cleared first. `stream_of` says which
    /// number a stream of the block has in the set, if it is in it. The selection's own
    /// range of time and its matchers are not looked at.
    ///
    /// # Errors
    /// When the bytes are no block; what is in `out` then has no meaning.
    pub fn read(
        &self,
        stream_of: &dyn Fn(u32) -> Option<u32>,
        start_ns: i64,
        end_ns: i64,
        selection: &EventSelection,
        out: &mut Rows,
    ) -> Result<(), Malformed> {
        self.read_range(stream_of, start_ns, Some(end_ns), selection, out)
    }

    /// As [`Self::read`], whatever the time of the rows: the end of a range is exclusive,
    /// and there may be a row at the very end of time.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn read_all(
        &self,
        stream_of: &dyn Fn(u32) -> Option<u32>,
        selection: &EventSelection,
        out: &mut Rows,
    ) -> Result<(), Malformed> {
        self.read_range(stream_of, i64::MIN, None, selection, out)
    }

    fn read_range(
        &self,
        stream_of: &dyn Fn(u32) -> Option<u32>,
        start_ns: i64,
        end_ns: Option<i64>,
        selection: &EventSelection,
        out: &mut Rows,
    ) -> Result<(), Malformed> {
        out.clear();
        let is_in_range =
            |run: &Run| run.max_ns >= start_ns && end_ns.is_none_or(|end| run.min_ns < end);
        let runs: Vec<(Run, u32)> = self
            .summary
            .runs
            .iter()
            .filter(|run| is_in_range(run))
            .filter_map(|run| stream_of(run.stream).map(|stream| (*run, stream)))
            .collect();
        let directory = match runs.is_empty() {
            true => Vec::new(),
            false => decompress(self.piece(self.directory)?, self.directory_raw)?,
        };
        if runs.is_empty() {
            out.extracted = no_rows(&selection.wanted);
            out.patterns = selection.wanted.patterns.then(no_texts);
            return Ok(());
        }
        let data = self.bytes.as_ref().get(self.data..).unwrap_or_default();
        let opened = Opened::read(&directory, data, self.summary.rows as usize)?;
        let mut candidates = opened.in_range(&runs, start_ns, end_ns)?;
        opened.apply(selection, &mut candidates)?;
        let limit = usize::try_from(self.summary.line_bytes).unwrap_or(usize::MAX);
        opened.write(&runs, &candidates, &selection.wanted, limit, out)
    }
}

fn no_texts() -> ColumnValues {
    ColumnValues::Text {
        entries: Default::default(),
        of_row: Vec::new(),
    }
}

fn no_rows(wanted: &Wanted) -> Vec<OutColumn> {
    let none = |label: &String| OutColumn {
        name: label.clone(),
        values: no_texts(),
    };
    wanted.extracts.iter().map(|e| none(&e.label)).collect()
}

/// The times of the rows, opened page by page.
pub(super) struct RowTimes<'a>(RefCell<ints::Cursor<'a>>);

impl RowTimes<'_> {
    pub(super) fn at(&self, row: usize) -> Result<i64, Malformed> {
        self.0.borrow_mut().get(row)
    }

    /// Appends the times of rows, which rise.
    fn append(&self, rows: &[u32], out: &mut Vec<i64>) -> Result<(), Malformed> {
        let mut times = self.0.borrow_mut();
        let (Some(first), Some(last)) = (rows.first(), rows.last()) else {
            return Ok(());
        };
        let (first, end) = (*first as usize, *last as usize + 1);
        if end - first == rows.len() {
            return times.each_page(first, end, &mut |page| out.extend_from_slice(page));
        }
        for row in rows {
            out.push(times.get(*row as usize)?);
        }
        Ok(())
    }
}

/// Literals that are looked for one by one; more cost more than they save.
const LITERALS_MAX: usize = 3;

/// The literals, or what all of them end or begin with; none when that says nothing.
fn few(literals: &[Vec<u8>]) -> Vec<&[u8]> {
    let mut all = literals.iter().map(Vec::as_slice);
    let Some(first) = all.next().filter(|_| literals.len() > LITERALS_MAX) else {
        return literals.iter().map(Vec::as_slice).collect();
    };
    let (mut head, mut tail) = (first, first);
    for other in all {
        let same = head.iter().zip(other).take_while(|(a, b)| a == b).count();
        head = &head[..same];
        let pairs = tail.iter().rev().zip(other.iter().rev());
        let same = pairs.take_while(|(a, b)| a == b).count();
        tail = &tail[tail.len() - same..];
    }
    let longest = if head.len() > tail.len() { head } else { tail };
    Some(longest).filter(|l| l.len() > 1).into_iter().collect()
}

/// The columns of a block, found and not decoded.
pub(super) struct Opened<'a> {
    pub(super) times: Ints<'a>,
    pub(super) pools: Pools<'a>,
    row_times: RowTimes<'a>,
    pub(super) lines: Column<'a>,
    pub(super) fields: FieldColumns<'a>,
}

impl<'a> Opened<'a> {
    fn read(directory: &'a [u8], data: &'a [u8], rows: usize) -> Result<Self, Malformed> {
        let mut reader = Reader::new(directory, data);
        let times = Ints::read(&mut reader, rows)?;
        reader.pools = Pools::read(&mut reader)?;
        let pools = reader.pools.clone();
        let lines = Column::read(&mut reader, rows, 0)?;
        let fields = FieldColumns::read(&mut reader, rows)?;
        Ok(Self {
            row_times: RowTimes(RefCell::new(times.cursor()?)),
            times,
            pools,
            lines,
            fields,
        })
    }

    fn shaped(&self) -> Result<&Shaped<'a>, Malformed> {
        match &self.lines.form {
            Form::Shaped(shaped) => Ok(shaped),
            _ => Err(Malformed("the lines of a block are no lines")),
        }
    }

    fn in_range(
        &self,
        runs: &[(Run, u32)],
        start_ns: i64,
        end_ns: Option<i64>,
    ) -> Result<Bits, Malformed> {
        let mut bits = Bits::none(self.lines.count);
        for (run, _) in runs {
            let (from, to) = (run.first_row as usize, (run.first_row + run.rows) as usize);
            let mut first = from;
            if run.min_ns < start_ns {
                first = self.first_where(from, to, |t| t >= start_ns)?;
            }
            let mut last = to;
            if let Some(end_ns) = end_ns.filter(|end| run.max_ns >= *end) {
                last = self.first_where(first, to, |t| t >= end_ns)?;
            }
            bits.add_range(first, last);
        }
        Ok(bits)
    }

    /// The first row from `from` on whose time is so; times rise.
    fn first_where(
        &self,
        mut from: usize,
        mut to: usize,
        is: impl Fn(i64) -> bool,
    ) -> Result<usize, Malformed> {
        while from < to {
            let middle = from + (to - from) / 2;
            if is(self.row_times.at(middle)?) {
                to = middle;
            } else {
                from = middle + 1;
            }
        }
        Ok(from)
    }

    /// Leaves the rows that pass all conditions.
    fn apply(&self, selection: &EventSelection, candidates: &mut Bits) -> Result<(), Malformed> {
        for condition in &selection.conditions {
            if candidates.is_empty() {
                return Ok(());
            }
            match condition {
                Condition::Line(test) => self.apply_line(test, candidates)?,
                Condition::Field { name, test } => {
                    *candidates = self
                        .fields
                        .passing(name, test, candidates, &self.row_times)?;
                }
                Condition::Extracted {
                    extract: which,
                    test,
                } => {
                    // One that is not there is unknown everywhere.
                    let Some(own) = selection.wanted.extracts.get(*which) else {
                        continue;
                    };
                    if self.fields.has(&own.label) {
                        continue;
                    }
                    let found = extract(self.shaped()?, own, candidates, &self.row_times)?;
                    let mut kept = Bits::none(candidates.len());
                    for (row, passes) in candidates.iter().zip(found.passes(test)) {
                        if passes {
                            kept.add(row);
                        }
                    }
                    *candidates = kept;
                }
            }
        }
        Ok(())
    }

    fn apply_line(&self, test: &LineTest, candidates: &mut Bits) -> Result<(), Malformed> {
        let mut passing = Bits::none(candidates.len());
        let mut uncertain = Bits::none(candidates.len());
        for one in &test.any {
            let (literals, is_whole): (Vec<&[u8]>, bool) = match one {
                LineMatch::Contains(text) => (vec![text], true),
                LineMatch::Regex(regex) => (few(regex.literals()), false),
                LineMatch::Pieces { pieces, .. } => {
                    let longest = pieces.iter().max_by_key(|p| p.len());
                    (longest.map(Vec::as_slice).into_iter().collect(), false)
                }
            };
            let found = if is_whole {
                &mut passing
            } else {
                &mut uncertain
            };
            if literals.is_empty() {
                found.or(candidates);
            }
            for literal in literals {
                match self.find(literal)? {
                    Found::Nowhere => {}
                    Found::Everywhere => found.or(candidates),
                    Found::At(bits) => found.or(&bits),
                }
            }
        }
        passing.and(candidates);
        uncertain.and(candidates);
        uncertain.and_not(&passing);
        if !uncertain.is_empty() {
            let mut matches = |line: &[u8]| test.any.iter().any(|m| m.is_match(line));
            passing.or(&self.look_at_each(&uncertain, &mut matches)?);
        }
        if test.negated {
            candidates.and_not(&passing);
        } else {
            *candidates = passing;
        }
        Ok(())
    }

    fn find(&self, literal: &[u8]) -> Result<Found, Malformed> {
        let times = || self.times.all();
        search::find(&self.lines, &Sought::new(literal, Place::Inside), &times)
    }

    /// Builds lines and looks at each.
    fn look_at_each(
        &self,
        rows: &Bits,
        matches: &mut dyn FnMut(&[u8]) -> bool,
    ) -> Result<Bits, Malformed> {
        let mut found = Bits::none(rows.len());
        self.shaped()?.all_shapes()?;
        let mut cursor = Cursor::new(&self.lines)?;
        let mut line = Vec::new();
        for row in rows.iter() {
            line.clear();
            cursor.append(row, self.row_times.at(row)?, &mut line)?;
            if matches(&line) {
                found.add(row);
            }
        }
        Ok(found)
    }

    fn write(
        &self,
        runs: &[(Run, u32)],
        candidates: &Bits,
        wanted: &Wanted,
        limit: usize,
        out: &mut Rows,
    ) -> Result<(), Malformed> {
        let rows: Vec<u32> = candidates.iter().map(|row| row as u32).collect();
        out.times_ns.reserve(rows.len());
        out.streams.reserve(rows.len());
        let mut run = runs.iter().peekable();
        for &row in &rows {
            while run.peek().is_some_and(|(r, _)| row >= r.first_row + r.rows) {
                run.next();
            }
            out.streams
                .push(run.peek().map_or(0, |(_, stream)| *stream));
        }
        self.row_times.append(&rows, &mut out.times_ns)?;
        if !wanted.extracts.is_empty() {
            let shaped = self.shaped()?;
            for own in &wanted.extracts {
                let found = extract(shaped, own, candidates, &self.row_times)?;
                let Extracted { entries, of_row } = found;
                out.extracted.push(OutColumn {
                    name: own.label.clone(),
                    values: ColumnValues::Text { entries, of_row },
                });
            }
        }
        if wanted.patterns {
            let Patterns { entries, of_row } = patterns(self.shaped()?, candidates)?;
            out.patterns = Some(ColumnValues::Text { entries, of_row });
        }
        if wanted.fields != Fields::None {
            self.fields
                .columns(&wanted.fields, &rows, &self.row_times, &mut out.fields)?;
        }
        self.write_lines(&rows, wanted, limit, out)
    }

    fn write_lines(
        &self,
        rows: &[u32],
        wanted: &Wanted,
        limit: usize,
        out: &mut Rows,
    ) -> Result<(), Malformed> {
        if wanted.lines == Lines::None && !wanted.line_bytes {
            return Ok(());
        }
        let is_unknown = |i: usize| {
            let columns = out.extracted.iter().map(|column| &column.values);
            columns.chain(&out.patterns).any(|values| match values {
                ColumnValues::Text { of_row, .. } => of_row[i] == UNKNOWN,
                _ => false,
            })
        };
        let is_wanted: Vec<bool> = match wanted.lines {
            Lines::None => vec![false; rows.len()],
            Lines::All => vec![true; rows.len()],
            Lines::WhereUnknown => (0..rows.len()).map(is_unknown).collect(),
        };
        if wanted.lines != Lines::None && rows.len() == self.lines.count {
            out.lines.bytes.reserve(limit);
        }
        // They are needed up to the last row anyway.
        self.shaped()?.all_shapes()?;
        let mut cursor = Cursor::new(&self.lines)?;
        let mut total = 0_usize;
        for (row, is_wanted) in rows.iter().zip(is_wanted) {
            let before = out.lines.bytes.len();
            if is_wanted || wanted.line_bytes {
                let t_ns = self.row_times.at(*row as usize)?;
                cursor.append(*row as usize, t_ns, &mut out.lines.bytes)?;
            }
            let len = out.lines.bytes.len() - before;
            total = total.saturating_add(len);
            if total > limit {
                return Err(Malformed("the lines of a block are longer than they say"));
            }
            if wanted.line_bytes {
                out.line_bytes.push(u32::try_from(len).unwrap_or(u32::MAX));
            }
            if !is_wanted {
                out.lines.bytes.truncate(before);
            }
            if wanted.lines != Lines::None {
                out.lines.end();
            }
        }
        Ok(())
    }
}
