//! Fluentd's forward protocol (version 1), as Fluentd and Fluent Bit speak it: msgpack
//! messages on a stream.
//!
//! * [`Scanner`]: where a message on the stream ends.
//! * [`decode`]: a message of any mode (Message, Forward, PackedForward,
//!   CompressedPackedForward) into a batch.
//! * [`push_ack`], [`handshake`]: what is sent back.
//!
//! The tag becomes the label `tag`. The member `log` or `message` of a record is the line,
//! the others are fields; a record without either is a line of JSON.

mod decode;
pub mod handshake;
mod msgpack;

pub use decode::{Decoded, decode, push_ack};
pub use msgpack::Scanner;
