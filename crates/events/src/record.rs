//! Records of the log, see `docs/formats/event-wal-records.md`.
//!
//! A batch is one record. Streams stand in it by number. What a number stands for is said
//! by the first record of the epoch that uses it; an epoch begins when the process starts
//! and when the head is frozen, so that the log makes sense from any place where it is cut
//! off, and needs no checkpoint.

use std::ops::Range;

use binnacle_model::Labels;
use binnacle_model::event::EventBatch;
use binnacle_model::event::append::{BatchStream, StoredField, StoredValue};
use binnacle_stdx::bits::{Bytes, put_varint, put_varint_signed};

/// The kind of a record that holds a batch.
pub(crate) const BATCH: u8 = 1;

/// Appends a batch. `ids` are the numbers of its streams, `news` the streams whose labels
/// the epoch does not have yet.
pub(crate) fn encode(
    epoch: u32,
    news: &[(u32, Labels)],
    ids: &[u32],
    batch: &EventBatch,
    out: &mut Vec<u8>,
) {
    out.extend_from_slice(&epoch.to_le_bytes());
    put_varint(out, news.len() as u64);
    for (id, labels) in news {
        put_varint(out, u64::from(*id));
        put_bytes(out, labels.as_bytes());
    }
    put_varint(out, ids.len() as u64);
    for (id, stream) in ids.iter().zip(&batch.streams) {
        put_varint(out, u64::from(*id));
        put_varint(out, u64::from(stream.rows.end - stream.rows.start));
    }
    let mut before = 0_i64;
    for row in 0..batch.len() {
        let t_ns = batch.times_ns[row];
        put_varint_signed(out, t_ns.wrapping_sub(before));
        before = t_ns;
        put_bytes(out, batch.line(row));
        let fields = &batch.fields[batch.field_range(row)];
        put_varint(out, fields.len() as u64);
        for field in fields {
            put_bytes(out, slice(batch, &field.name));
            put_value(out, batch, &field.value);
        }
    }
}

fn slice<'a>(batch: &'a EventBatch, range: &Range<u32>) -> &'a [u8] {
    &batch.bytes[range.start as usize..range.end as usize]
}

/// Appends bytes behind their length.
pub(crate) fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// Reads what [`put_bytes`] wrote.
pub(crate) fn take_bytes<'a>(bytes: &mut Bytes<'a>) -> Option<&'a [u8]> {
    let len = usize::try_from(bytes.varint()?).ok()?;
    bytes.take(len)
}

fn put_value(out: &mut Vec<u8>, batch: &EventBatch, value: &StoredValue) {
    match value {
        StoredValue::Text(range) => {
            out.push(0);
            put_bytes(out, slice(batch, range));
        }
        StoredValue::Int(v) => {
            out.push(1);
            put_varint_signed(out, *v);
        }
        StoredValue::Float(v) => {
            out.push(2);
            out.extend_from_slice(&v.to_bits().to_le_bytes());
        }
        StoredValue::Bool(v) => out.push(3 + u8::from(*v)),
    }
}

/// A record that was read.
#[derive(Debug, Default)]
pub(crate) struct Read {
    pub(crate) epoch: u32,
    /// Numbers that are defined here, with their labels.
    pub(crate) news: Vec<(u32, Labels)>,
    /// Number of each stream of the batch.
    pub(crate) ids: Vec<u32>,
    /// The rows; its streams have no labels.
    pub(crate) batch: EventBatch,
}

/// Reads a record; `None` when the bytes are none.
pub(crate) fn decode(payload: &[u8]) -> Option<Read> {
    let mut bytes = Bytes::new(payload);
    let mut read = Read {
        epoch: bytes.u32()?,
        ..Read::default()
    };
    for _ in 0..bytes.varint()? {
        let id = u32::try_from(bytes.varint()?).ok()?;
        let labels = Labels::from_canonical(take_bytes(&mut bytes)?).ok()?;
        read.news.push((id, labels));
    }
    let mut row = 0_u32;
    for _ in 0..bytes.varint()? {
        read.ids.push(u32::try_from(bytes.varint()?).ok()?);
        let end = row.checked_add(u32::try_from(bytes.varint()?).ok()?)?;
        read.batch.streams.push(BatchStream {
            labels: 0..0,
            rows: row..end,
        });
        row = end;
    }
    // A row takes three bytes at least: no count makes memory out of nothing.
    if row as usize > payload.len() {
        return None;
    }
    let mut before = 0_i64;
    for _ in 0..row {
        before = before.wrapping_add(bytes.varint_signed()?);
        read.batch.times_ns.push(before);
        read_row(&mut bytes, &mut read.batch)?;
    }
    bytes.rest().is_empty().then_some(read)
}

fn read_row(bytes: &mut Bytes<'_>, batch: &mut EventBatch) -> Option<()> {
    let line = take_bytes(bytes)?;
    let range = put(&mut batch.bytes, line)?;
    batch.lines.push(range);
    for _ in 0..bytes.varint()? {
        let name = take_bytes(bytes)?;
        std::str::from_utf8(name).ok()?;
        let name = put(&mut batch.bytes, name)?;
        let value = read_value(bytes, &mut batch.bytes)?;
        batch.fields.push(StoredField { name, value });
    }
    let end = u32::try_from(batch.fields.len()).ok()?;
    batch.field_ends.push(end);
    Some(())
}

fn put(arena: &mut Vec<u8>, bytes: &[u8]) -> Option<Range<u32>> {
    let from = u32::try_from(arena.len()).ok()?;
    arena.extend_from_slice(bytes);
    Some(from..u32::try_from(arena.len()).ok()?)
}

fn read_value(bytes: &mut Bytes<'_>, arena: &mut Vec<u8>) -> Option<StoredValue> {
    Some(match bytes.u8()? {
        0 => {
            let text = take_bytes(bytes)?;
            StoredValue::Text(put(arena, text)?)
        }
        1 => StoredValue::Int(bytes.varint_signed()?),
        2 => StoredValue::Float(f64::from_bits(bytes.u64()?)),
        3 => StoredValue::Bool(false),
        4 => StoredValue::Bool(true),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use binnacle_model::event::FieldValue;

    fn record() -> (EventBatch, Vec<u8>) {
        let mut batch = EventBatch::default();
        let labels = Labels::from_pairs([("app", "a")]);
        batch.begin_stream(&labels);
        batch.push_row(5, b"one\xff\0");
        batch.push_field("k", FieldValue::Text(b"v"));
        batch.push_field("i", FieldValue::Int(-7));
        batch.push_row(i64::MIN, b"");
        batch.push_field("f", FieldValue::Float(0.5));
        batch.begin_stream(&Labels::from_pairs([("app", "b")]));
        batch.push_row(i64::MAX, b"three");
        batch.push_field("b", FieldValue::Bool(true));
        let mut out = Vec::new();
        encode(7, &[(3, labels)], &[3, 300], &batch, &mut out);
        (batch, out)
    }

    #[test]
    fn a_batch_comes_back() {
        let (batch, out) = record();
        let back = decode(&out).expect("a record");
        assert_eq!((back.epoch, back.ids), (7, vec![3, 300]));
        assert_eq!(back.news, [(3, Labels::from_pairs([("app", "a")]))]);
        assert_eq!(back.batch.times_ns, batch.times_ns);
        assert_eq!(back.batch.streams[1].rows, batch.streams[1].rows);
        for row in 0..batch.len() {
            assert_eq!(back.batch.line(row), batch.line(row));
            let fields: Vec<_> = back.batch.fields(row).collect();
            assert_eq!(fields, batch.fields(row).collect::<Vec<_>>());
        }
    }

    #[test]
    fn cut_or_flipped_bytes_do_no_harm() {
        let (_, out) = record();
        for cut in 0..out.len() {
            assert!(decode(&out[..cut]).is_none(), "cut at {cut}");
        }
        for at in 0..out.len() {
            for bit in 0..8 {
                let mut bad = out.clone();
                bad[at] ^= 1 << bit;
                // Any answer is right but a panic.
                let _ = decode(&bad);
            }
        }
    }
}
