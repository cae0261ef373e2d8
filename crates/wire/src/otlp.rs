//! OpenTelemetry's protocol (OTLP) for logs.
//!
//! * [`decode_protobuf`], [`decode_json`]: an `ExportLogsServiceRequest`.
//! * [`LogMapping`]: which attributes become labels of a stream and which are left out;
//!   everything else becomes fields, under the names that Loki gives them.
//! * [`Answer`]: what the sender is told, in either encoding.
//! * [`grpc`]: messages in frames.
//!
//! Both encodings are read record by record into one small [`Record`](record::Record), and
//! that into the batch, so memory holds one record beside the batch.

mod answer;
mod attributes;
mod decode_json;
mod decode_protobuf;
pub mod grpc;
mod mapping;
mod record;
mod value;

pub use answer::Answer;
pub use attributes::{AttributeAction, AttributeRule};
pub use decode_json::decode_json;
pub use decode_protobuf::decode_protobuf;
pub use mapping::LogMapping;
