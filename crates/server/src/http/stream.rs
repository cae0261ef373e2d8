//! Bodies that are written piece by piece while they are sent, so that a large
//! answer is never held twice.

use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::header;
use http_body::Frame;

/// A piece is handed to the network when it has at least this many bytes.
pub const PIECE_BYTES: usize = 64 << 10;

/// Writes the next part of a body; answers whether there is more.
pub trait Pieces: Send + 'static {
    /// Appends at least one byte unless it is the end.
    fn write_next(&mut self, out: &mut Vec<u8>) -> bool;
}

impl<F: FnMut(&mut Vec<u8>) -> bool + Send + 'static> Pieces for F {
    fn write_next(&mut self, out: &mut Vec<u8>) -> bool {
        self(out)
    }
}

/// A body made of [`Pieces`].
struct Streamed<P> {
    pieces: Option<P>,
}

impl<P: Pieces + Unpin> http_body::Body for Streamed<P> {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let mut out = Vec::with_capacity(PIECE_BYTES + 4096);
        let Some(pieces) = &mut self.pieces else {
            return Poll::Ready(None);
        };
        if !fill(pieces, &mut out) {
            self.pieces = None;
        }
        if out.is_empty() {
            return Poll::Ready(None);
        }
        Poll::Ready(Some(Ok(Frame::data(out.into()))))
    }

    fn is_end_stream(&self) -> bool {
        self.pieces.is_none()
    }
}

/// Writes pieces until there is enough for one frame; whether there is more.
fn fill(pieces: &mut impl Pieces, out: &mut Vec<u8>) -> bool {
    while out.len() < PIECE_BYTES {
        if !pieces.write_next(out) {
            return false;
        }
    }
    true
}

/// An answer of JSON in pieces. One that fits into a single piece is sent with its
/// length.
pub fn json(mut pieces: impl Pieces + Unpin) -> Response {
    let mut first = Vec::new();
    let more = fill(&mut pieces, &mut first);
    let content_type = [(header::CONTENT_TYPE, "application/json")];
    if !more {
        return (content_type, first).into_response();
    }
    let mut first = Some(first);
    let rest = move |out: &mut Vec<u8>| match first.take() {
        Some(bytes) => {
            *out = bytes;
            true
        }
        None => pieces.write_next(out),
    };
    (content_type, Body::new(Streamed { pieces: Some(rest) })).into_response()
}
