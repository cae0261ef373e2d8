//! What the sender is told.

use crate::json::push_text;
use crate::proto::{push_bytes, push_integer};

/// What became of a request's records.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answer {
    /// Records (spans, points) that were refused.
    pub rejected: u64,
    /// Why, in words.
    pub message: String,
}

impl Answer {
    fn is_whole(&self) -> bool {
        self.rejected == 0 && self.message.is_empty()
    }

    /// An `ExportLogsServiceResponse`, with `partial_success` when something was refused.
    #[must_use]
    pub fn to_protobuf(&self) -> Vec<u8> {
        let mut out = Vec::new();
        if self.is_whole() {
            return out;
        }
        let mut partial = Vec::new();
        if self.rejected > 0 {
            push_integer(&mut partial, 1, self.rejected);
        }
        push_bytes(&mut partial, 2, self.message.as_bytes());
        push_bytes(&mut out, 1, &partial);
        out
    }

    /// The same as JSON.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        if self.is_whole() {
            return b"{\"partialSuccess\":{}}".to_vec();
        }
        let mut out = format!(
            "{{\"partialSuccess\":{{\"rejectedLogRecords\":\"{}\",\"errorMessage\":",
            self.rejected
        )
        .into_bytes();
        push_text(&mut out, self.message.as_bytes());
        out.extend_from_slice(b"}}");
        out
    }

    /// A `google.rpc.Status` for a request that failed: `code` as in gRPC.
    #[must_use]
    pub fn status_protobuf(code: u32, message: &str) -> Vec<u8> {
        let mut out = Vec::new();
        push_integer(&mut out, 1, u64::from(code));
        push_bytes(&mut out, 2, message.as_bytes());
        out
    }

    /// The same as JSON.
    #[must_use]
    pub fn status_json(code: u32, message: &str) -> Vec<u8> {
        let mut out = format!("{{\"code\":{code},\"message\":").into_bytes();
        push_text(&mut out, message.as_bytes());
        out.push(b'}');
        out
    }
}
