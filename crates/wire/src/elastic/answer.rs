//! The answer to a bulk request.

use super::decode::Item;
use crate::json::push_text;

/// Appends the answer. `first_id` is the number from which documents without an id are
/// counted.
pub fn push_answer(out: &mut Vec<u8>, items: &[Item], took_ms: u64, first_id: u64) {
    let errors = items.iter().any(|item| item.fault.is_some());
    out.extend_from_slice(
        format!("{{\"took\":{took_ms},\"errors\":{errors},\"items\":[").as_bytes(),
    );
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        push_item(out, item, first_id.wrapping_add(at as u64));
    }
    out.extend_from_slice(b"]}");
}

fn push_item(out: &mut Vec<u8>, item: &Item, number: u64) {
    out.extend_from_slice(format!("{{\"{}\":{{\"_index\":", item.action).as_bytes());
    push_text(out, item.index.as_bytes());
    out.extend_from_slice(b",\"_id\":");
    match &item.id {
        Some(id) => push_text(out, id.as_bytes()),
        None => push_text(out, format!("{number:020x}").as_bytes()),
    }
    match &item.fault {
        None => out.extend_from_slice(
            b",\"_version\":1,\"result\":\"created\",\"_shards\":{\"total\":1,\"successful\":1,\
              \"failed\":0},\"_seq_no\":0,\"_primary_term\":1,\"status\":201}}",
        ),
        Some(fault) => {
            out.extend_from_slice(
                format!(
                    ",\"status\":{},\"error\":{{\"type\":\"{}\",\"reason\":",
                    fault.status, fault.kind
                )
                .as_bytes(),
            );
            push_text(out, fault.reason.as_bytes());
            out.extend_from_slice(b"}}}");
        }
    }
}
