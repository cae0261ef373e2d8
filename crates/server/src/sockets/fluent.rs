//! Fluentd's forward protocol.
//!
//! A chunk is acknowledged when it is stored. When it is not, the connection is closed: the
//! sender keeps the chunk and comes again.

use std::fmt::Write as _;
use std::sync::Arc;

use binnacle_model::event::{EventBatch, Source};
use binnacle_wire::fluent::{Scanner, decode, handshake, push_ack};
use sha2::{Digest, Sha512};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};

use super::Connection;
use crate::counters::Counters;
use crate::receive::logs::Intake;

pub(super) const PROTOCOL: &str = "fluent";

/// How we call ourselves in the handshake.
const HOSTNAME: &str = "binnacle";

pub(super) async fn stream<S: AsyncRead + AsyncWrite + Unpin>(
    connection: Connection,
    stream: S,
    shared_key: Option<Arc<str>>,
) -> Result<(), String> {
    let source = Source {
        protocol: PROTOCOL,
        sender: connection.client.ip().to_string(),
    };
    let mut messages = Messages {
        connection,
        stream,
        buffer: Vec::new(),
        scanner: Scanner::default(),
    };
    if let Some(key) = shared_key {
        messages.shake_hands(&key).await?;
    }
    let mut batch = EventBatch::default();
    while let Some(end) = messages.next().await? {
        let intake = messages.connection.intake.clone();
        batch.clear();
        // The sink may wait for the disk.
        let chunk = tokio::task::block_in_place(|| {
            store(&intake, &source, &messages.buffer[..end], &mut batch)
        })?;
        messages.buffer.drain(..end);
        if let Some(chunk) = chunk {
            let mut answer = Vec::new();
            push_ack(&mut answer, &chunk);
            messages.write(&answer).await?;
        }
    }
    Ok(())
}

fn store(
    intake: &Intake,
    source: &Source,
    message: &[u8],
    batch: &mut EventBatch,
) -> Result<Option<Vec<u8>>, String> {
    Counters::count(&intake.way(PROTOCOL).requests);
    // Some senders keep a connection alive with an empty value.
    if message == [0xc0] {
        return Ok(None);
    }
    let decoded = decode(
        message,
        intake.limits.decoded_bytes_max,
        (intake.now_ns)(),
        batch,
    )
    .map_err(|error| intake.refuse_body(PROTOCOL, &error).message)?;
    intake
        .hand_over(source, batch)
        .map_err(|error| error.message)?;
    Ok(decoded.chunk)
}

/// The messages of a stream.
struct Messages<S> {
    connection: Connection,
    stream: S,
    buffer: Vec<u8>,
    scanner: Scanner,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Messages<S> {
    /// Where the message at the start of the buffer ends; `None` at the end of the stream.
    async fn next(&mut self) -> Result<Option<usize>, String> {
        loop {
            let intake = &self.connection.intake;
            let refuse = |error| intake.refuse_body(PROTOCOL, &error).message;
            if let Some(end) = self.scanner.scan(&self.buffer).map_err(refuse)? {
                return Ok(Some(end));
            }
            let limit = intake.limits.body_bytes_max;
            if self.buffer.len() > limit {
                intake.way(PROTOCOL).refuse_request("too_large");
                return Err(format!(
                    "a message is larger than the limit of {limit} bytes"
                ));
            }
            if !self
                .connection
                .read(&mut self.stream, &mut self.buffer)
                .await?
            {
                return Ok(None);
            }
        }
    }

    async fn write(&mut self, bytes: &[u8]) -> Result<(), String> {
        self.stream
            .write_all(bytes)
            .await
            .map_err(|e| e.to_string())?;
        self.stream.flush().await.map_err(|e| e.to_string())
    }

    async fn shake_hands(&mut self, key: &str) -> Result<(), String> {
        let mut nonce = [0; 16];
        rustls::crypto::ring::default_provider()
            .secure_random
            .fill(&mut nonce)
            .map_err(|_| "there are no random numbers".to_owned())?;
        let mut hello = Vec::new();
        handshake::push_hello(&mut hello, &nonce);
        self.write(&hello).await?;
        let Some(end) = self.next().await? else {
            return Ok(());
        };
        let intake = self.connection.intake.clone();
        let ping = handshake::decode_ping(&self.buffer[..end])
            .map_err(|error| intake.refuse_body(PROTOCOL, &error).message)?;
        let want = digest(&[ping.salt, ping.hostname, &nonce, key.as_bytes()]);
        let accepted = is_same(ping.digest, want.as_bytes());
        let own = digest(&[ping.salt, HOSTNAME.as_bytes(), &nonce, key.as_bytes()]);
        let (reason, own) = if accepted {
            ("", &*own)
        } else {
            ("shared_key mismatch", "")
        };
        let mut pong = Vec::new();
        handshake::push_pong(&mut pong, accepted, reason, HOSTNAME, own);
        self.buffer.drain(..end);
        self.write(&pong).await?;
        if accepted {
            return Ok(());
        }
        intake.way(PROTOCOL).refuse_request("shared_key");
        Err("the shared key is wrong".to_owned())
    }
}

pub(super) fn digest(parts: &[&[u8]]) -> String {
    let mut hash = Sha512::new();
    for part in parts {
        hash.update(part);
    }
    let mut out = String::new();
    for byte in hash.finalize() {
        let _ = write!(out, "{byte:02x}");
    }
    out
}

/// Compares in a time that does not depend on where the difference is.
fn is_same(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0, |seen, (x, y)| seen | (x ^ y)) == 0
}
