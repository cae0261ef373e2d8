//! Bulk bodies.

use binnacle_model::event::EventBatch;

use crate::document::{DocumentRules, push_document};
use crate::error::WireError;
use crate::json::{Json, Kind, lossy};

/// Why an item was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Status as of HTTP: 4xx means "do not send this again", 429 and 5xx the contrary.
    pub status: u16,
    /// Elasticsearch's name of the error.
    pub kind: &'static str,
    /// In words.
    pub reason: String,
}

/// One action of a bulk request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// `index`, `create`, `update` or `delete`.
    pub action: &'static str,
    /// The index as the sender named it.
    pub index: String,
    /// The document's id, if the sender gave one.
    pub id: Option<String>,
    /// Why its document is not in the batch.
    pub fault: Option<Fault>,
}

/// Where shippers put the time and the line.
#[must_use]
pub fn default_rules() -> DocumentRules {
    let owned = |names: &[&str]| names.iter().map(|&n| n.to_owned()).collect();
    DocumentRules {
        time: owned(&["@timestamp", "timestamp", "time", "_time"]),
        message: owned(&["message", "log", "msg", "MESSAGE", "event.original"]),
        stream: Vec::new(),
    }
}

/// Appends the documents of a bulk body to `batch`; the actions in order. The k-th item
/// without a fault is the k-th row that was added.
///
/// # Errors
/// When a line of action is none: nothing behind it can be read. `batch` may hold a part:
/// clear it.
pub fn decode_bulk(
    body: &[u8],
    default_index: Option<&str>,
    rules: &DocumentRules,
    now_ns: i64,
    batch: &mut EventBatch,
) -> Result<Vec<Item>, WireError> {
    let mut items = Vec::new();
    let mut lines = body.split(|b| *b == b'\n').enumerate();
    while let Some((at, line)) = lines.next() {
        if line.trim_ascii().is_empty() {
            continue;
        }
        let mut item = action(line, default_index).map_err(|error| WireError::Syntax {
            line: u32::try_from(at + 1).unwrap_or(u32::MAX),
            message: format!("malformed action/metadata line: {error}"),
        })?;
        if item.action != "delete" {
            let document = lines.next().map_or(&b""[..], |(_, line)| line);
            if item.action != "update" && item.fault.is_none() {
                item.fault = decode_document(document, &item.index, rules, now_ns, batch).err();
            }
        }
        if matches!(item.action, "update" | "delete") {
            item.fault = Some(Fault {
                status: 400,
                kind: "illegal_argument_exception",
                reason: format!(
                    "logs are append-only: {} is not supported, use create",
                    item.action
                ),
            });
        }
        items.push(item);
    }
    Ok(items)
}

/// Adds one document.
///
/// # Errors
/// Why it was refused; the batch is as it was.
pub fn decode_document(
    document: &[u8],
    index: &str,
    rules: &DocumentRules,
    now_ns: i64,
    batch: &mut EventBatch,
) -> Result<(), Fault> {
    let base = [("index", index_label(index))];
    push_document(document, rules, &base, now_ns, batch).map_err(|error| Fault {
        status: 400,
        kind: "document_parsing_exception",
        reason: format!("failed to parse: {error}"),
    })
}

/// `{"create": {"_index": "x", "_id": "1"}}`
fn action(line: &[u8], default_index: Option<&str>) -> Result<Item, WireError> {
    let mut item = Item {
        action: "",
        index: default_index.unwrap_or_default().to_owned(),
        id: None,
        fault: None,
    };
    let mut json = Json::new(line);
    json.object(|json, key| {
        item.action = match &*key {
            b"index" => "index",
            b"create" => "create",
            b"update" => "update",
            b"delete" => "delete",
            _ => return Err(json.error("index, create, update or delete was expected before here")),
        };
        json.object(|json, key| {
            match (&*key, json.kind()?) {
                (b"_index", Kind::Text) => item.index = lossy(json.text()?).into_owned(),
                (b"_id", Kind::Text) => item.id = Some(lossy(json.text()?).into_owned()),
                _ => {
                    json.raw()?;
                }
            }
            Ok(())
        })
    })?;
    json.end()?;
    if item.action.is_empty() {
        return Err(json.error("an action was expected before here"));
    }
    if item.index.is_empty() {
        item.fault = Some(Fault {
            status: 400,
            kind: "action_request_validation_exception",
            reason: "Validation Failed: 1: index is missing;".to_owned(),
        });
    }
    Ok(item)
}

/// An index's name without a date at its end: `kubernetes-2024.06.01` is `kubernetes`.
#[must_use]
pub fn index_label(index: &str) -> &str {
    let Some((name, date)) = index
        .len()
        .checked_sub(11)
        .and_then(|at| index.split_at_checked(at))
    else {
        return index;
    };
    let is_date = date.bytes().enumerate().all(|(at, b)| match at {
        0 => matches!(b, b'-' | b'_' | b'.'),
        5 | 8 => matches!(b, b'.' | b'-'),
        _ => b.is_ascii_digit(),
    });
    if is_date && !name.is_empty() {
        name
    } else {
        index
    }
}
