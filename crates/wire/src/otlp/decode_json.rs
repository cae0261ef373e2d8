//! `ExportLogsServiceRequest` as JSON: names in lower camel case (those of the schema are
//! taken too), ids in hexadecimal, 64-bit numbers as strings or numbers, bytes in base 64.

use std::borrow::Cow;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use binnacle_model::event::EventBatch;

use super::mapping::{LogMapping, Shared};
use super::record::{Record, Resource, Scope};
use super::value::{AnyValue, Attribute, DEPTH_MAX};
use crate::error::WireError;
use crate::json::{Json, Kind, lossy};

/// Appends a JSON body to `batch`; how many records it held. Records without a time get
/// `now_ns`. On an error `batch` may hold a part of it: clear it.
///
/// # Errors
/// [`WireError::Malformed`].
pub fn decode_json(
    body: &[u8],
    mapping: &LogMapping,
    now_ns: i64,
    batch: &mut EventBatch,
) -> Result<u64, WireError> {
    let mut records = 0;
    let mut json = Json::new(body);
    members(&mut json, |json, key| {
        if key != b"resourceLogs" && key != b"resource_logs" {
            return json.raw().map(|_| ());
        }
        json.array(|json| {
            records += resource_logs(json, mapping, now_ns, batch)?;
            Ok(())
        })
    })?;
    json.end()?;
    Ok(records)
}

/// Reads an object; members that are null are as if they were not there.
fn members<'a>(
    json: &mut Json<'a>,
    mut take: impl FnMut(&mut Json<'a>, &[u8]) -> Result<(), WireError>,
) -> Result<(), WireError> {
    json.object(|json, key| match json.kind()? {
        Kind::Null => json.null(),
        _ => take(json, &key),
    })
}

fn resource_logs(
    json: &mut Json<'_>,
    mapping: &LogMapping,
    now_ns: i64,
    batch: &mut EventBatch,
) -> Result<u64, WireError> {
    let mut resource = Resource::default();
    let mut scopes = Vec::new();
    members(json, |json, key| {
        match key {
            b"resource" => read_resource(json, &mut resource)?,
            b"scopeLogs" | b"scope_logs" => scopes.push(json.raw()?),
            _ => {
                json.raw()?;
            }
        }
        Ok(())
    })?;
    let shared = mapping.begin(&resource, batch);
    let mut records = 0;
    for raw in scopes {
        Json::new(raw).array(|json| {
            records += scope_logs(json, &shared, now_ns, batch)?;
            Ok(())
        })?;
    }
    Ok(records)
}

fn read_resource<'a>(json: &mut Json<'a>, resource: &mut Resource<'a>) -> Result<(), WireError> {
    members(json, |json, key| {
        match key {
            b"attributes" => resource.attributes = attributes(json, 0)?,
            b"droppedAttributesCount" | b"dropped_attributes_count" => {
                resource.dropped_attributes = unsigned(json)?;
            }
            _ => {
                json.raw()?;
            }
        }
        Ok(())
    })
}

fn scope_logs(
    json: &mut Json<'_>,
    shared: &Shared<'_>,
    now_ns: i64,
    batch: &mut EventBatch,
) -> Result<u64, WireError> {
    let mut scope = Scope::default();
    let mut logs = Vec::new();
    members(json, |json, key| {
        match key {
            b"scope" => read_scope(json, &mut scope)?,
            b"logRecords" | b"log_records" => logs.push(json.raw()?),
            _ => {
                json.raw()?;
            }
        }
        Ok(())
    })?;
    let shared = shared.with_scope(&scope);
    let mut records = 0;
    for raw in logs {
        Json::new(raw).array(|json| {
            shared.push(&record(json)?, now_ns, batch);
            records += 1;
            Ok(())
        })?;
    }
    Ok(records)
}

fn read_scope<'a>(json: &mut Json<'a>, scope: &mut Scope<'a>) -> Result<(), WireError> {
    members(json, |json, key| {
        match key {
            b"name" => scope.name = lossy(json.text()?),
            b"version" => scope.version = lossy(json.text()?),
            b"attributes" => scope.attributes = attributes(json, 0)?,
            b"droppedAttributesCount" | b"dropped_attributes_count" => {
                scope.dropped_attributes = unsigned(json)?;
            }
            _ => {
                json.raw()?;
            }
        }
        Ok(())
    })
}

fn record<'a>(json: &mut Json<'a>) -> Result<Record<'a>, WireError> {
    let mut record = Record::default();
    members(json, |json, key| {
        match key {
            b"timeUnixNano" | b"time_unix_nano" => record.time_ns = unsigned(json)?,
            b"observedTimeUnixNano" | b"observed_time_unix_nano" => {
                record.observed_ns = unsigned(json)?;
            }
            b"severityNumber" | b"severity_number" => record.severity_number = severity(json)?,
            b"severityText" | b"severity_text" => record.severity_text = lossy(json.text()?),
            b"body" => record.body = any_value(json, 0)?,
            b"attributes" => record.attributes = attributes(json, 0)?,
            b"droppedAttributesCount" | b"dropped_attributes_count" => {
                record.dropped_attributes = unsigned(json)?;
            }
            b"flags" => record.flags = unsigned(json)?,
            b"traceId" | b"trace_id" => record.trace_id = id(json)?,
            b"spanId" | b"span_id" => record.span_id = id(json)?,
            b"eventName" | b"event_name" => record.event_name = lossy(json.text()?),
            _ => {
                json.raw()?;
            }
        }
        Ok(())
    })?;
    Ok(record)
}

/// A number, or its text in quotes.
fn number_text<'a>(json: &mut Json<'a>) -> Result<Cow<'a, str>, WireError> {
    match json.kind()? {
        Kind::Text => Ok(lossy(json.text()?)),
        _ => json.number().map(Cow::Borrowed),
    }
}

fn unsigned(json: &mut Json<'_>) -> Result<u64, WireError> {
    let text = number_text(json)?;
    text.parse()
        .map_err(|_| json.error("a whole number from 0 on was expected before here"))
}

/// A number, or the name of one (`SEVERITY_NUMBER_WARN2`).
fn severity(json: &mut Json<'_>) -> Result<i64, WireError> {
    let text = number_text(json)?;
    if let Ok(number) = text.parse::<i32>() {
        return Ok(i64::from(number));
    }
    let name = text.trim_start_matches("SEVERITY_NUMBER_");
    let letters = name.trim_end_matches(|c: char| c.is_ascii_digit());
    let step = name[letters.len()..].parse().unwrap_or(1i64);
    let classes = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"];
    let class = classes.iter().position(|c| *c == letters);
    Ok(class.map_or(0, |c| c as i64 * 4 + step.clamp(1, 4)))
}

/// An id in hexadecimal; one of zeros only is none.
fn id(json: &mut Json<'_>) -> Result<String, WireError> {
    let text = lossy(json.text()?);
    if !text.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err(json.error("an id in hexadecimal was expected before here"));
    }
    if text.bytes().all(|b| b == b'0') {
        return Ok(String::new());
    }
    Ok(text.to_ascii_lowercase())
}

fn attributes<'a>(json: &mut Json<'a>, depth: usize) -> Result<Vec<Attribute<'a>>, WireError> {
    let mut out = Vec::new();
    json.array(|json| {
        let mut attribute = Attribute {
            key: Cow::Borrowed(""),
            value: AnyValue::Empty,
        };
        members(json, |json, key| {
            match key {
                b"key" => attribute.key = lossy(json.text()?),
                b"value" => attribute.value = any_value(json, depth)?,
                _ => {
                    json.raw()?;
                }
            }
            Ok(())
        })?;
        out.push(attribute);
        Ok(())
    })?;
    Ok(out)
}

fn any_value<'a>(json: &mut Json<'a>, depth: usize) -> Result<AnyValue<'a>, WireError> {
    if depth > DEPTH_MAX {
        return Err(json.error("a value is nested too deeply"));
    }
    let mut any = AnyValue::Empty;
    members(json, |json, key| {
        match key {
            b"stringValue" | b"string_value" => any = AnyValue::Text(json.text()?),
            b"boolValue" | b"bool_value" => any = AnyValue::Bool(json.bool()?),
            b"intValue" | b"int_value" => {
                let text = number_text(json)?;
                any = AnyValue::Int(
                    text.parse()
                        .map_err(|_| json.error("a whole number was expected before here"))?,
                );
            }
            b"doubleValue" | b"double_value" => {
                let text = number_text(json)?;
                any = AnyValue::Double(
                    text.replace("Infinity", "inf")
                        .parse()
                        .map_err(|_| json.error("a number was expected before here"))?,
                );
            }
            b"arrayValue" | b"array_value" => {
                let mut values = Vec::new();
                members(json, |json, key| {
                    if key != b"values" {
                        return json.raw().map(|_| ());
                    }
                    json.array(|json| {
                        values.push(any_value(json, depth + 1)?);
                        Ok(())
                    })
                })?;
                any = AnyValue::Array(values);
            }
            b"kvlistValue" | b"kvlist_value" => {
                let mut pairs = Vec::new();
                members(json, |json, key| {
                    if key == b"values" {
                        pairs = attributes(json, depth + 1)?;
                        return Ok(());
                    }
                    json.raw().map(|_| ())
                })?;
                any = AnyValue::Map(pairs);
            }
            b"bytesValue" | b"bytes_value" => {
                let bytes = BASE64_STANDARD
                    .decode(json.text()?)
                    .map_err(|_| json.error("base 64 was expected before here"))?;
                any = AnyValue::Bytes(Cow::Owned(bytes));
            }
            _ => {
                json.raw()?;
            }
        }
        Ok(())
    })?;
    Ok(any)
}
