//! Reading a page.

use binnacle_model::event::select::{Fields, Lines, ValueTest, Wanted};
use binnacle_model::event::{
    Column, ColumnValues, Condition, EventSelection, FieldValue, Rows, Texts,
};
use binnacle_stdx::bits::Bytes;
use binnacle_store::Malformed;

use super::fields::{ColumnWriter, FieldRows};
use super::filter::{Filter, Words};
use super::search::keep_lines;
use super::{Packed, PageMeta};

/// A page that is looked into.
pub struct Page<'a> {
    meta: &'a PageMeta,
    filter: Filter<'a>,
    times: Packed<'a>,
    lines: Packed<'a>,
    fields: Packed<'a>,
}

/// Rows that are still in question: number in the page, number of the stream in the set.
type Candidates = Vec<(u32, u32)>;

impl<'a> Page<'a> {
    /// Finds the pieces; opens none.
    ///
    /// # Errors
    /// When the bytes are no page.
    pub fn open(meta: &'a PageMeta, bytes: &'a [u8]) -> Result<Self, Malformed> {
        let mut bytes = Bytes::new(bytes);
        Ok(Self {
            meta,
            filter: Filter::find(&mut bytes)?,
            times: Packed::find(&mut bytes)?,
            lines: Packed::find(&mut bytes)?,
            fields: Packed::find(&mut bytes)?,
        })
    }

    /// Whether rows may pass all conditions, by the filter alone.
    pub(crate) fn may_match(&self, needed: &[Vec<Words>]) -> bool {
        needed
            .iter()
            .all(|any| any.iter().any(|words| self.filter.may_have(words)))
    }

    /// Reads rows that pass into `out`, which is empty. `stream_of` says which number a
    /// stream of the part has in the set, if it is in it.
    ///
    /// # Errors
    /// When the bytes are no page.
    pub fn read(
        &self,
        stream_of: impl Fn(u32) -> Option<u32>,
        start_ns: i64,
        end_ns: i64,
        selection: &EventSelection,
        out: &mut Rows,
    ) -> Result<(), Malformed> {
        self.read_range(stream_of, start_ns, Some(end_ns), selection, out)
    }

    fn read_range(
        &self,
        stream_of: impl Fn(u32) -> Option<u32>,
        start_ns: i64,
        end_ns: Option<i64>,
        selection: &EventSelection,
        out: &mut Rows,
    ) -> Result<(), Malformed> {
        let (times, ends) = self.open_times()?;
        let mut candidates = self.candidates(stream_of, start_ns, end_ns, &times);
        let conditions = &selection.conditions;
        let wanted = &selection.wanted;
        let tests_lines = conditions.iter().any(|c| matches!(c, Condition::Line(_)));
        let wants_lines = wanted.lines == Lines::All
            || (wanted.lines == Lines::WhereUnknown && !wanted.extracts.is_empty());
        let mut lines = Vec::new();
        if !candidates.is_empty() && (tests_lines || wants_lines) {
            lines = self.lines.open()?;
            if ends.last().copied().unwrap_or(0) != lines.len() {
                return Err(Malformed("the lines of a page are not as long as they say"));
            }
        }
        for condition in conditions {
            if let Condition::Line(test) = condition {
                keep_lines(test, &lines, &ends, &mut candidates);
            }
        }
        let tests_fields = conditions
            .iter()
            .any(|c| matches!(c, Condition::Field { .. }));
        let mut fields = None;
        if !candidates.is_empty() && (tests_fields || wanted.fields != Fields::None) {
            let decoded = FieldRows::decode(self.fields.open()?, times.len())?;
            candidates.retain(|&(row, _)| {
                conditions.iter().all(|condition| match condition {
                    Condition::Field { name, test } => {
                        field_passes(&decoded, row as usize, name, test)
                    }
                    _ => true,
                })
            });
            fields = Some(decoded);
        }
        let opened = Opened {
            times: &times,
            ends: &ends,
            lines: wants_lines.then_some(lines.as_slice()),
            fields: fields.as_ref(),
        };
        write_rows(&opened, &candidates, wanted, out);
        Ok(())
    }

    /// Reads all rows of all streams, whatever their time.
    ///
    /// # Errors
    /// When the bytes are no page.
    pub(crate) fn read_all(
        &self,
        stream_of: impl Fn(u32) -> Option<u32>,
        selection: &EventSelection,
        out: &mut Rows,
    ) -> Result<(), Malformed> {
        // The end is exclusive, and there may be a row at the very end of time.
        self.read_range(stream_of, i64::MIN, None, selection, out)
    }

    /// Times of all rows and where their lines end.
    fn open_times(&self) -> Result<(Vec<i64>, Vec<usize>), Malformed> {
        let raw = self.times.open()?;
        let rows = usize::try_from(self.meta.rows()).unwrap_or(usize::MAX);
        let mut bytes = Bytes::new(&raw);
        let parts = (|| {
            let mut times = Vec::with_capacity(rows.min(raw.len()));
            let mut before = 0_i64;
            for _ in 0..rows {
                before = before.wrapping_add(bytes.varint_signed()?);
                times.push(before);
            }
            let mut ends = Vec::with_capacity(rows.min(raw.len()));
            let mut end = 0_usize;
            for _ in 0..rows {
                end = end.checked_add(usize::try_from(bytes.varint()?).ok()?)?;
                ends.push(end);
            }
            bytes.rest().is_empty().then_some((times, ends))
        })();
        parts.ok_or(Malformed("the times of a page make no sense"))
    }

    fn candidates(
        &self,
        stream_of: impl Fn(u32) -> Option<u32>,
        start_ns: i64,
        end_ns: Option<i64>,
        times: &[i64],
    ) -> Candidates {
        let mut candidates = Vec::new();
        let mut from = 0_usize;
        for run in &self.meta.runs {
            let to = (from + run.rows as usize).min(times.len());
            if let Some(stream) = stream_of(run.stream) {
                let own = &times[from..to];
                let first = from + own.partition_point(|t| *t < start_ns);
                let last = from + own.partition_point(|t| end_ns.is_none_or(|end| *t < end));
                candidates.extend((first..last).map(|row| (row as u32, stream)));
            }
            from = to;
        }
        candidates
    }
}

/// What of a page is open.
struct Opened<'o> {
    times: &'o [i64],
    ends: &'o [usize],
    lines: Option<&'o [u8]>,
    fields: Option<&'o FieldRows>,
}

fn write_rows(opened: &Opened<'_>, candidates: &Candidates, wanted: &Wanted, out: &mut Rows) {
    let mut columns = ColumnWriter::new(&wanted.fields);
    for &(row, stream) in candidates {
        let row = row as usize;
        out.times_ns.push(opened.times[row]);
        out.streams.push(stream);
        let from = row.checked_sub(1).map_or(0, |r| opened.ends[r]);
        if let Some(lines) = opened.lines {
            out.lines.push(&lines[from..opened.ends[row]]);
        }
        if wanted.line_bytes {
            let len = opened.ends[row] - from;
            out.line_bytes.push(u32::try_from(len).unwrap_or(u32::MAX));
        }
        columns.next_row();
        if wanted.fields != Fields::None
            && let Some(fields) = opened.fields
        {
            fields.each(row, |name, value| columns.push(name, value));
        }
    }
    out.fields = columns.finish();
    out.extracted = unknown(wanted, candidates.len());
}

/// Extracted values are not kept apart: the language parses the lines.
pub(crate) fn unknown(wanted: &Wanted, rows: usize) -> Vec<Column> {
    wanted
        .extracts
        .iter()
        .map(|extract| Column {
            name: extract.label.clone(),
            values: ColumnValues::Text {
                entries: Texts::default(),
                of_row: vec![binnacle_model::event::column::UNKNOWN; rows],
            },
        })
        .collect()
}

fn field_passes(fields: &FieldRows, row: usize, name: &str, test: &ValueTest) -> bool {
    let mut found = None;
    fields.each(row, |n, value| {
        if n == name {
            found = Some(value);
        }
    });
    value_passes(found, test)
}

/// Whether a field's value passes; no value is the empty text.
pub(crate) fn value_passes(value: Option<FieldValue<'_>>, test: &ValueTest) -> bool {
    match test {
        ValueTest::Text(matcher) => match value {
            None => matcher.matches(""),
            Some(value) => matcher.matches(&text_of(value)),
        },
        ValueTest::Number { op, value: with } => match value {
            None => false,
            Some(FieldValue::Int(v)) => op.holds(v as f64, *with),
            Some(FieldValue::Float(v)) => op.holds(v, *with),
            Some(other) => match text_of(other).parse::<f64>() {
                Ok(v) => op.holds(v, *with),
                Err(_) => true,
            },
        },
    }
}

fn text_of(value: FieldValue<'_>) -> std::borrow::Cow<'_, str> {
    use binnacle_model::number::{text, write_default};
    match value {
        FieldValue::Text(text) => String::from_utf8_lossy(text),
        FieldValue::Int(v) => v.to_string().into(),
        FieldValue::Float(v) => text(write_default, v).into(),
        FieldValue::Bool(v) => v.to_string().into(),
    }
}
