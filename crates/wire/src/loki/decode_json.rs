//! Push bodies as JSON.

use std::borrow::Cow;

use binnacle_model::event::{EventBatch, FieldValue};
use binnacle_model::labels::{Labels, LabelsBuilder, is_legacy_label_name};

use super::{Decoded, drop_last_stream, parse_labels};
use crate::error::WireError;
use crate::json::{Json, Kind, lossy};
use crate::moment::parse_rfc3339;
use crate::names::field_name;

/// Appends a JSON body to `batch`. On an error `batch` may hold a part of it: clear it.
///
/// # Errors
/// [`WireError::Malformed`].
pub fn decode_json(body: &[u8], batch: &mut EventBatch) -> Result<Decoded, WireError> {
    let mut decoded = Decoded::default();
    let mut json = Json::new(body);
    json.object(|json, key| {
        if &*key != b"streams" || json.kind()? == Kind::Null {
            return json.raw().map(|_| ());
        }
        json.array(|json| stream(json, batch, &mut decoded))
    })?;
    json.end()?;
    Ok(decoded)
}

/// One stream. Its labels may come behind its rows.
fn stream(
    json: &mut Json<'_>,
    batch: &mut EventBatch,
    decoded: &mut Decoded,
) -> Result<(), WireError> {
    let mut labels = Ok(Labels::empty());
    batch.begin_stream_bytes(&[]);
    json.object(|json, key| {
        if json.kind()? == Kind::Null {
            return json.null();
        }
        match &*key {
            b"stream" => labels = label_object(json)?,
            b"labels" => {
                let text = lossy(json.text()?);
                labels = parse_labels(&text)
                    .map_err(|reason| format!("error parsing labels {text} with error: {reason}"));
            }
            b"values" => json.array(|json| {
                decoded.lines += 1;
                entry_array(json, batch)
            })?,
            b"entries" => json.array(|json| {
                decoded.lines += 1;
                entry_object(json, batch)
            })?,
            _ => {
                json.raw()?;
            }
        }
        Ok(())
    })?;
    match labels {
        Ok(labels) => {
            let from = u32::try_from(batch.label_bytes.len()).unwrap_or(u32::MAX);
            batch.label_bytes.extend_from_slice(labels.as_bytes());
            let to = u32::try_from(batch.label_bytes.len()).unwrap_or(u32::MAX);
            if let Some(stream) = batch.streams.last_mut() {
                stream.labels = from..to;
            }
        }
        Err(message) => {
            let rows = drop_last_stream(batch);
            decoded.refuse(rows, message);
        }
    }
    Ok(())
}

/// Labels as an object. Values that are no strings are taken as they stand.
fn label_object(json: &mut Json<'_>) -> Result<Result<Labels, String>, WireError> {
    let mut builder = LabelsBuilder::default();
    let mut fault = None;
    json.object(|json, key| {
        let name = lossy(key);
        let value = match json.kind()? {
            Kind::Text => json.text()?,
            _ => Cow::Borrowed(json.raw()?),
        };
        if !is_legacy_label_name(&name) {
            fault.get_or_insert_with(|| {
                format!("error parsing labels: {name:?} is not a valid label name")
            });
        }
        builder.set(&name, &lossy(value));
        Ok(())
    })?;
    Ok(fault.map_or_else(|| Ok(builder.build()), Err))
}

/// `["<nanoseconds>", "<line>", {"<name>": "<value>"}]`
fn entry_array(json: &mut Json<'_>, batch: &mut EventBatch) -> Result<(), WireError> {
    let (mut at, mut t_ns) = (0, 0);
    json.array(|json| {
        match at {
            0 => {
                let text = json.text()?;
                t_ns = std::str::from_utf8(&text)
                    .ok()
                    .and_then(|t| t.parse().ok())
                    .ok_or_else(|| json.error("a time in nanoseconds was expected before here"))?;
            }
            1 => {
                let line = json.text()?;
                batch.push_row(t_ns, &line);
            }
            2 => fields(json, batch)?,
            _ => {
                json.raw()?;
            }
        }
        at += 1;
        Ok(())
    })?;
    if at < 2 {
        return Err(json.error("a time and a line were expected before here"));
    }
    Ok(())
}

/// Structured metadata. Only strings are taken.
fn fields(json: &mut Json<'_>, batch: &mut EventBatch) -> Result<(), WireError> {
    json.object(|json, key| {
        let value = json.text()?;
        batch.push_field(&field_name(&lossy(key)), FieldValue::Text(&value));
        Ok(())
    })
}

/// `{"ts": "<RFC 3339>", "line": "<line>"}`, with `structuredMetadata` perhaps.
fn entry_object(json: &mut Json<'_>, batch: &mut EventBatch) -> Result<(), WireError> {
    let (mut t_ns, mut line, mut metadata) = (0, Cow::Borrowed(&b""[..]), None);
    json.object(|json, key| {
        match &*key {
            b"ts" | b"timestamp" => {
                let text = lossy(json.text()?);
                t_ns = parse_rfc3339(&text)
                    .ok_or_else(|| json.error("a time as RFC 3339 was expected before here"))?;
            }
            b"line" => line = json.text()?,
            b"structuredMetadata" if json.kind()? == Kind::Object => metadata = Some(json.raw()?),
            _ => {
                json.raw()?;
            }
        }
        Ok(())
    })?;
    batch.push_row(t_ns, &line);
    metadata.map_or(Ok(()), |raw| fields(&mut Json::new(raw), batch))
}
