//! gzip for answers, when the client takes it and it pays.

use std::io::Write;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::body::Body;
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::{HeaderMap, HeaderValue, header};
use http_body::{Body as _, Frame};

/// Answers shorter than this are sent as they are: the saving would be less than
/// one packet.
const COMPRESS_BYTES_MIN: u64 = 1024;

/// Whether an `Accept-Encoding` header allows `coding`.
#[must_use]
pub fn accepts(headers: &HeaderMap, coding: &str) -> bool {
    headers
        .get_all(header::ACCEPT_ENCODING)
        .iter()
        .filter_map(|v| v.to_str().ok())
        .flat_map(|v| v.split(','))
        .any(|item| {
            let mut parts = item.split(';').map(str::trim);
            parts
                .next()
                .is_some_and(|name| name.eq_ignore_ascii_case(coding))
                && !parts.any(|p| {
                    p.strip_prefix("q=")
                        .is_some_and(|q| q.parse::<f32>().is_ok_and(|q| q <= 0.0))
                })
        })
}

/// Middleware that compresses what is worth it.
pub async fn gzip(request: Request, next: Next) -> Response {
    let wanted = accepts(request.headers(), "gzip");
    let mut response = next.run(request).await;
    if !wanted || response.headers().contains_key(header::CONTENT_ENCODING) {
        return response;
    }
    let short = response
        .body()
        .size_hint()
        .exact()
        .is_some_and(|n| n < COMPRESS_BYTES_MIN);
    let compressible = response
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|v| v.to_str().ok())
        .is_some_and(|v| v.starts_with("application/json") || v.starts_with("text/"));
    if short || !compressible {
        return response;
    }
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    headers.append(header::VARY, HeaderValue::from_static("Accept-Encoding"));
    headers.remove(header::CONTENT_LENGTH);
    response.map(|body| {
        Body::new(Gzipped {
            body,
            encoder: Some(GzEncoder::new(Vec::new(), Compression::fast())),
        })
    })
}

struct Gzipped {
    body: Body,
    encoder: Option<GzEncoder<Vec<u8>>>,
}

impl http_body::Body for Gzipped {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        loop {
            if self.encoder.is_none() {
                return Poll::Ready(None);
            }
            let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
            let this = &mut *self;
            let out = match frame {
                Some(Err(e)) => return Poll::Ready(Some(Err(e))),
                Some(Ok(frame)) => {
                    let Some(encoder) = &mut this.encoder else {
                        return Poll::Ready(None);
                    };
                    if let Some(data) = frame.data_ref() {
                        encoder.write_all(data).map_err(axum::Error::new)?;
                    }
                    std::mem::take(encoder.get_mut())
                }
                None => match this.encoder.take().map(GzEncoder::finish) {
                    None => return Poll::Ready(None),
                    Some(finished) => finished.map_err(axum::Error::new)?,
                },
            };
            if !out.is_empty() {
                return Poll::Ready(Some(Ok(Frame::data(out.into()))));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accept_encoding() {
        let check = |value: &str, want: bool| {
            let mut headers = HeaderMap::new();
            headers.insert(
                header::ACCEPT_ENCODING,
                HeaderValue::from_str(value).expect("header"),
            );
            assert_eq!(accepts(&headers, "gzip"), want, "{value}");
        };
        check("gzip", true);
        check("deflate, GZIP;q=0.5", true);
        check("gzip;q=0", false);
        check("br", false);
        check("", false);
    }
}
