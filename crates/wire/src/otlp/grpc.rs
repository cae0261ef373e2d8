//! Messages in gRPC's frames: a byte that says whether the message is compressed, its
//! length in four bytes (big endian), and the message.

use std::borrow::Cow;

use crate::compress::decompress;
use crate::error::WireError;

/// The one message of a unary call, decompressed as `encoding` (`grpc-encoding`) says.
///
/// # Errors
/// As [`decompress`], and when the body is not one frame.
pub fn unframe<'a>(
    body: &'a [u8],
    encoding: &str,
    bytes_max: usize,
) -> Result<Cow<'a, [u8]>, WireError> {
    let bad = |what: &str| WireError::Malformed(format!("gRPC: {what}"));
    let [compressed, a, b, c, d, message @ ..] = body else {
        return Err(bad("the frame is cut short"));
    };
    let length = u32::from_be_bytes([*a, *b, *c, *d]) as usize;
    if length != message.len() {
        return Err(bad("the frame's length is not that of the message"));
    }
    match compressed {
        0 => decompress("", message, bytes_max),
        1 => decompress(encoding, message, bytes_max),
        _ => Err(bad("the frame has an unknown flag")),
    }
}

/// A message in a frame, not compressed.
#[must_use]
pub fn frame(message: &[u8]) -> Vec<u8> {
    let length = u32::try_from(message.len()).unwrap_or(u32::MAX);
    let mut out = Vec::with_capacity(5 + message.len());
    out.push(0);
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(message);
    out
}
