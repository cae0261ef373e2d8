//! Records of the log, see `docs/formats/event-wal-records.md`.
//!
//! A batch is one record. Streams stand in it by their labels: a record makes sense by
//! itself, wherever the log begins.

use std::ops::Range;

use binnacle_model::event::EventBatch;
use binnacle_model::event::append::{BatchStream, StoredField, StoredValue};
use binnacle_model::labels::iter_canonical;
use binnacle_stdx::bits::{Bytes, put_varint, put_varint_signed};

/// The kind of a record that holds a batch.
pub(crate) const BATCH: u8 = 1;

/// Appends a batch, only the rows that `keep` says.
pub(crate) fn encode(batch: &EventBatch, out: &mut Vec<u8>) {
    put_varint(out, batch.streams.len() as u64);
    for (i, stream) in batch.streams.iter().enumerate() {
        put_bytes(out, batch.stream_labels(i));
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

fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
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

/// Reads a batch; `None` when the bytes are none.
pub(crate) fn decode(payload: &[u8]) -> Option<EventBatch> {
    let mut bytes = Bytes::new(payload);
    let mut batch = EventBatch::default();
    let streams = bytes.varint()?;
    let mut row = 0_u32;
    for _ in 0..streams {
        let labels = read_bytes(&mut bytes)?;
        iter_canonical(labels).ok()?;
        let from = batch.label_bytes.len() as u32;
        batch.label_bytes.extend_from_slice(labels);
        let rows = u32::try_from(bytes.varint()?).ok()?;
        let end = row.checked_add(rows)?;
        batch.streams.push(BatchStream {
            labels: from..batch.label_bytes.len() as u32,
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
        let line = read_bytes(&mut bytes)?;
        batch.times_ns.push(before);
        let range = put(&mut batch.bytes, line)?;
        batch.lines.push(range);
        let fields = bytes.varint()?;
        for _ in 0..fields {
            let name = read_bytes(&mut bytes)?;
            std::str::from_utf8(name).ok()?;
            let name = put(&mut batch.bytes, name)?;
            let value = read_value(&mut bytes, &mut batch.bytes)?;
            batch.fields.push(StoredField { name, value });
        }
        batch
            .field_ends
            .push(u32::try_from(batch.fields.len()).ok()?);
    }
    bytes.rest().is_empty().then_some(batch)
}

fn read_bytes<'a>(bytes: &mut Bytes<'a>) -> Option<&'a [u8]> {
    let len = usize::try_from(bytes.varint()?).ok()?;
    bytes.take(len)
}

fn put(arena: &mut Vec<u8>, bytes: &[u8]) -> Option<Range<u32>> {
    let from = u32::try_from(arena.len()).ok()?;
    arena.extend_from_slice(bytes);
    Some(from..u32::try_from(arena.len()).ok()?)
}

fn read_value(bytes: &mut Bytes<'_>, arena: &mut Vec<u8>) -> Option<StoredValue> {
    Some(match bytes.u8()? {
        0 => {
            let text = read_bytes(bytes)?;
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
    use binnacle_model::Labels;
    use binnacle_model::event::FieldValue;

    fn batch() -> EventBatch {
        let mut batch = EventBatch::default();
        batch.begin_stream(&Labels::from_pairs([("app", "a")]));
        batch.push_row(5, b"one\xff\0");
        batch.push_field("k", FieldValue::Text(b"v"));
        batch.push_field("i", FieldValue::Int(-7));
        batch.push_row(i64::MIN, b"");
        batch.push_field("f", FieldValue::Float(0.5));
        batch.begin_stream(&Labels::from_pairs([("app", "b")]));
        batch.push_row(i64::MAX, b"three");
        batch.push_field("b", FieldValue::Bool(true));
        batch
    }

    #[test]
    fn a_batch_comes_back() {
        let batch = batch();
        let mut out = Vec::new();
        encode(&batch, &mut out);
        let back = decode(&out).expect("a batch");
        assert_eq!(back.times_ns, batch.times_ns);
        for row in 0..batch.len() {
            assert_eq!(back.line(row), batch.line(row));
            let fields: Vec<_> = back.fields(row).collect();
            assert_eq!(fields, batch.fields(row).collect::<Vec<_>>());
        }
        assert_eq!(back.stream_labels(1), batch.stream_labels(1));
    }

    #[test]
    fn cut_or_flipped_bytes_do_no_harm() {
        let mut out = Vec::new();
        encode(&batch(), &mut out);
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
