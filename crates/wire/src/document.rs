//! A JSON object as an event: which member is its time, which its line, which its labels;
//! all others are fields.

use std::borrow::Cow;

use binnacle_model::event::{EventBatch, FieldValue};
use binnacle_model::labels::{Labels, LabelsBuilder};

use crate::error::WireError;
use crate::json::{Json, Kind, lossy};
use crate::moment::{parse_any, parse_number};
use crate::names::{field_name, label_name};

/// Objects nested deeper are kept as their JSON text.
const DEPTH_MAX: usize = 16;

/// Which members mean what. Names of nested members are joined by points.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DocumentRules {
    /// The time: the first of these that is one. Without any, the time of arrival.
    pub time: Vec<String>,
    /// The line: the first of these that is there. Without any, the line is the whole
    /// document as it stands, and no fields are made of it.
    pub message: Vec<String>,
    /// Members that become labels of the stream.
    pub stream: Vec<String>,
}

/// A member that is no object.
struct Member<'a> {
    path: Cow<'a, str>,
    value: Scalar<'a>,
}

enum Scalar<'a> {
    Text(Cow<'a, [u8]>),
    Number(&'a str),
    Bool(bool),
    /// A list, or what is nested too deeply: as it stands.
    Raw(&'a [u8]),
}

impl Scalar<'_> {
    fn text(&self) -> &[u8] {
        match self {
            Self::Text(text) => text,
            Self::Number(text) => text.as_bytes(),
            Self::Bool(true) => b"true",
            Self::Bool(false) => b"false",
            Self::Raw(text) => text,
        }
    }

    fn field(&self) -> FieldValue<'_> {
        match self {
            // Numbers stay as they are written unless they come back the same.
            Self::Number(text) => match text.parse::<i64>() {
                Ok(number) if *text != "-0" => FieldValue::Int(number),
                _ => FieldValue::Text(text.as_bytes()),
            },
            Self::Bool(v) => FieldValue::Bool(*v),
            other => FieldValue::Text(other.text()),
        }
    }

    fn time_ns(&self) -> Option<i64> {
        match self {
            Self::Text(text) => parse_any(std::str::from_utf8(text).ok()?),
            Self::Number(text) => parse_number(text),
            _ => None,
        }
    }
}

/// Adds a document (a JSON object) as a row. Labels are `base` and what the rules say.
///
/// # Errors
/// [`WireError::Malformed`]; the batch is as it was.
pub(crate) fn push_document(
    document: &[u8],
    rules: &DocumentRules,
    base: &[(&str, &str)],
    now_ns: i64,
    batch: &mut EventBatch,
) -> Result<(), WireError> {
    let mut members = Vec::new();
    let mut json = Json::new(document);
    flatten(&mut json, "", 0, &mut members)?;
    json.end()?;
    let find = |names: &[String]| {
        let mut found = names
            .iter()
            .filter_map(|n| members.iter().position(|m| m.path == *n));
        found.next()
    };
    let time = rules.time.iter().find_map(|name| {
        let at = members.iter().position(|m| m.path == *name)?;
        Some((at, members[at].value.time_ns()?))
    });
    let message = find(&rules.message);
    let mut builder = LabelsBuilder::default();
    for (name, value) in base {
        builder.set(name, value);
    }
    let is_label = |member: &Member<'_>| rules.stream.iter().any(|n| *n == member.path);
    for member in members.iter().filter(|m| is_label(m)) {
        let value = String::from_utf8_lossy(member.value.text());
        builder.set(&label_name(&member.path), &value);
    }
    continue_stream(batch, &builder.build());
    let t_ns = time.map_or(now_ns, |(_, t)| t);
    let Some(message) = message else {
        batch.push_row(t_ns, document.trim_ascii());
        return Ok(());
    };
    batch.push_row(t_ns, members[message].value.text());
    for (at, member) in members.iter().enumerate() {
        if at != message && time.is_none_or(|(t, _)| t != at) && !is_label(member) {
            batch.push_field(&field_name(&member.path), member.value.field());
        }
    }
    Ok(())
}

/// Begins a stream unless the last one has these labels.
pub(crate) fn continue_stream(batch: &mut EventBatch, labels: &Labels) {
    let last = batch.streams.len().checked_sub(1);
    if last.is_none_or(|last| batch.stream_labels(last) != labels.as_bytes()) {
        batch.begin_stream(labels);
    }
}

fn flatten<'a>(
    json: &mut Json<'a>,
    prefix: &str,
    depth: usize,
    out: &mut Vec<Member<'a>>,
) -> Result<(), WireError> {
    json.object(|json, key| {
        let key = lossy(key);
        let path = if prefix.is_empty() {
            key
        } else {
            Cow::Owned(format!("{prefix}.{key}"))
        };
        let value = match json.kind()? {
            Kind::Object if depth < DEPTH_MAX => return flatten(json, &path, depth + 1, out),
            Kind::Object | Kind::Array => Scalar::Raw(json.raw()?),
            Kind::Text => Scalar::Text(json.text()?),
            Kind::Number => Scalar::Number(json.number()?),
            Kind::Bool => Scalar::Bool(json.bool()?),
            Kind::Null => return json.null(),
        };
        out.push(Member { path, value });
        Ok(())
    })
}
