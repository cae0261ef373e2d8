//! The handshake with a shared key: HELO, PING, PONG. Digests are computed by the caller.

use super::msgpack::{Head, Reader, malformed, push_text};
use crate::error::WireError;

/// What the sender says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ping<'a> {
    /// The sender's name of itself.
    pub hostname: &'a [u8],
    /// Its salt.
    pub salt: &'a [u8],
    /// SHA-512 over salt, its name, our nonce and the key, in hexadecimal.
    pub digest: &'a [u8],
}

/// Appends the greeting: no user is asked for, connections stay.
pub fn push_hello(out: &mut Vec<u8>, nonce: &[u8]) {
    out.push(0x92);
    push_text(out, b"HELO");
    out.push(0x83);
    push_text(out, b"nonce");
    push_text(out, nonce);
    push_text(out, b"auth");
    push_text(out, b"");
    push_text(out, b"keepalive");
    out.push(0xc3);
}

/// Reads the sender's answer.
///
/// # Errors
/// [`WireError::Malformed`].
pub fn decode_ping(message: &[u8]) -> Result<Ping<'_>, WireError> {
    let mut reader = Reader(message);
    let Head::Array(4..) = reader.value()? else {
        return Err(malformed("PING was expected"));
    };
    let mut text = || match reader.value()? {
        Head::Bytes(text) => Ok(text),
        _ => Err(malformed("PING holds texts")),
    };
    if text()? != b"PING" {
        return Err(malformed("PING was expected"));
    }
    Ok(Ping {
        hostname: text()?,
        salt: text()?,
        digest: text()?,
    })
}

/// Appends the end of the handshake. `digest`: SHA-512 over the sender's salt, our name, the
/// nonce and the key, in hexadecimal.
pub fn push_pong(out: &mut Vec<u8>, accepted: bool, reason: &str, hostname: &str, digest: &str) {
    out.push(0x95);
    push_text(out, b"PONG");
    out.push(if accepted { 0xc3 } else { 0xc2 });
    push_text(out, reason.as_bytes());
    push_text(out, hostname.as_bytes());
    push_text(out, digest.as_bytes());
}
