//! `logproto.PushRequest`.

use binnacle_model::event::{EventBatch, FieldValue};

use super::{Decoded, drop_last_stream, parse_labels};
use crate::error::WireError;
use crate::names::field_name;
use crate::proto::{Reader, Value, malformed};

/// Appends a message that is not compressed to `batch`. On an error `batch` may hold a
/// part of it: clear it.
///
/// # Errors
/// [`WireError::Malformed`].
pub fn decode_protobuf(message: &[u8], batch: &mut EventBatch) -> Result<Decoded, WireError> {
    let mut decoded = Decoded::default();
    let mut reader = Reader(message);
    while let Some((field, value)) = reader.field()? {
        if field == 1 {
            stream(value.bytes()?, batch, &mut decoded)?;
        }
    }
    Ok(decoded)
}

fn stream(message: &[u8], batch: &mut EventBatch, decoded: &mut Decoded) -> Result<(), WireError> {
    // Labels come first as a rule, and may come last.
    let mut text = "";
    let mut reader = Reader(message);
    while let Some((field, value)) = reader.field()? {
        if field == 1 {
            text = value.text()?;
        }
    }
    let labels = parse_labels(text);
    match &labels {
        Ok(labels) => batch.begin_stream(labels),
        Err(_) => batch.begin_stream_bytes(&[]),
    }
    let mut reader = Reader(message);
    while let Some((field, value)) = reader.field()? {
        if field == 2 {
            entry(value.bytes()?, batch)?;
            decoded.lines += 1;
        }
    }
    if let Err(reason) = labels {
        let rows = drop_last_stream(batch);
        decoded.refuse(
            rows,
            format!("error parsing labels {text} with error: {reason}"),
        );
    }
    Ok(())
}

fn entry(message: &[u8], batch: &mut EventBatch) -> Result<(), WireError> {
    let (mut t_ns, mut line, mut has_fields) = (0, &b""[..], false);
    let mut reader = Reader(message);
    while let Some((field, value)) = reader.field()? {
        match field {
            1 => t_ns = timestamp(value.bytes()?)?,
            2 => line = value.bytes()?,
            3 => has_fields = true,
            _ => {}
        }
    }
    batch.push_row(t_ns, line);
    if !has_fields {
        return Ok(());
    }
    let mut reader = Reader(message);
    while let Some((field, value)) = reader.field()? {
        if field == 3 {
            let (name, value) = pair(value.bytes()?)?;
            batch.push_field(
                &field_name(&String::from_utf8_lossy(name)),
                FieldValue::Text(value),
            );
        }
    }
    Ok(())
}

/// `google.protobuf.Timestamp` in nanoseconds; what does not fit ends at the limits.
fn timestamp(message: &[u8]) -> Result<i64, WireError> {
    let (mut seconds, mut nanos) = (0i64, 0i64);
    let mut reader = Reader(message);
    while let Some((field, value)) = reader.field()? {
        match (field, value) {
            (1, Value::Varint(v)) => seconds = v as i64,
            (2, Value::Varint(v)) => nanos = v as i64,
            (1 | 2, _) => return Err(malformed("a timestamp has the wrong type")),
            _ => {}
        }
    }
    Ok(seconds.saturating_mul(1_000_000_000).saturating_add(nanos))
}

fn pair(message: &[u8]) -> Result<(&[u8], &[u8]), WireError> {
    let (mut name, mut text) = (&b""[..], &b""[..]);
    let mut reader = Reader(message);
    while let Some((field, value)) = reader.field()? {
        match field {
            1 => name = value.bytes()?,
            2 => text = value.bytes()?,
            _ => {}
        }
    }
    Ok((name, text))
}
