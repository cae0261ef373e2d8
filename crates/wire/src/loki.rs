//! Loki's push format, protobuf and JSON.
//!
//! * [`decode_protobuf`]: a `logproto.PushRequest` that is not compressed (any more).
//! * [`decode_json`]: `{"streams": [{"stream": {…}, "values": [[ns, line, {…}]]}]}`, and
//!   the older form with `labels` and `entries` of `/api/prom/push`.
//! * [`parse_labels`]: `{app="x", env="y"}`, as it stands in protobuf.
//!
//! A stream whose labels are wrong is left out and told; the others are taken. Lines keep
//! their bytes, whatever they are. Parsed labels that Loki's own components send along
//! (`parsed`) are not kept.

mod decode_json;
mod decode_protobuf;
mod labels;

pub use decode_json::decode_json;
pub use decode_protobuf::decode_protobuf;
pub use labels::parse_labels;

use binnacle_model::event::EventBatch;

/// What was left out of a batch.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Decoded {
    /// Lines in the request, those that were left out included.
    pub lines: u64,
    /// Lines of streams whose labels are wrong.
    pub lines_refused: u64,
    /// The first of these streams, in words; at most [`MESSAGES_MAX`].
    pub messages: Vec<String>,
}

/// Refused streams that are told in words.
pub const MESSAGES_MAX: usize = 10;

impl Decoded {
    fn refuse(&mut self, rows: u64, message: String) {
        self.lines_refused += rows;
        if self.messages.len() < MESSAGES_MAX {
            self.messages.push(message);
        }
    }
}

/// Takes back the stream that was begun last, with its rows.
fn drop_last_stream(batch: &mut EventBatch) -> u64 {
    let Some(stream) = batch.streams.pop() else {
        return 0;
    };
    let row = stream.rows.start as usize;
    let rows = batch.len().saturating_sub(row);
    let fields = row.checked_sub(1).map_or(0, |r| batch.field_ends[r]) as usize;
    let bytes = batch
        .lines
        .get(row)
        .map_or(batch.bytes.len(), |l| l.start as usize);
    batch.label_bytes.truncate(stream.labels.start as usize);
    batch.times_ns.truncate(row);
    batch.lines.truncate(row);
    batch.field_ends.truncate(row);
    batch.fields.truncate(fields);
    batch.bytes.truncate(bytes);
    rows as u64
}
