//! Requests as all ways in need them: the body, whole and decompressed, and who sent it.

use std::net::SocketAddr;

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::extract::connect_info::ConnectInfo;
use binnacle_model::event::Source;
use binnacle_wire::WireError;
use binnacle_wire::compress::decompress;
use http::request::Parts;
use http::{HeaderMap, HeaderName, header};

use super::Intake;
use crate::counters::Counters;
use crate::http::body;
use crate::receive::PushError;

/// Whose data these are, for Loki and whatever copies it. There is one tenant here; the
/// header tells senders apart.
static TENANT: HeaderName = HeaderName::from_static("x-scope-orgid");

/// Longest name of a sender, in bytes.
const SENDER_BYTES_MAX: usize = 256;

/// A request whose body was read.
pub(super) struct Pushed {
    pub(super) parts: Parts,
    pub(super) body: Bytes,
    pub(super) source: Source,
}

impl Pushed {
    /// Reads the body whole, within the limit, and counts it.
    pub(super) async fn read(
        intake: &Intake,
        protocol: &'static str,
        request: Request<Body>,
    ) -> Result<Self, PushError> {
        let way = intake.way(protocol);
        Counters::count(&way.requests);
        let (parts, body) = request.into_parts();
        let body = body::whole(body, intake.limits.body_bytes_max)
            .await
            .map_err(|error| {
                way.refuse_request(match error {
                    body::BodyError::TooLarge { .. } => "too_large",
                    body::BodyError::Broken(_) => "broken",
                });
                PushError::new(error.status(), error.to_string())
            })?;
        Counters::add(&way.bytes, body.len() as u64);
        let source = Source {
            protocol,
            sender: sender(&parts),
        };
        Ok(Self {
            parts,
            body,
            source,
        })
    }

    /// The body without its `Content-Encoding`.
    pub(super) fn decoded(&self, intake: &Intake) -> Result<std::borrow::Cow<'_, [u8]>, WireError> {
        let encoding = header_text(&self.parts.headers, header::CONTENT_ENCODING);
        decompress(encoding, &self.body, intake.limits.decoded_bytes_max)
    }

    /// A header's text, empty when there is none.
    pub(super) fn header(&self, name: HeaderName) -> &str {
        header_text(&self.parts.headers, name)
    }

    /// The essence of the media type, in lower case.
    pub(super) fn media_type(&self) -> String {
        let text = self.header(header::CONTENT_TYPE);
        let essence = text.split(';').next().unwrap_or_default();
        essence.trim().to_ascii_lowercase()
    }
}

fn header_text(headers: &HeaderMap, name: HeaderName) -> &str {
    headers
        .get(name)
        .and_then(|v| v.to_str().ok())
        .unwrap_or_default()
}

/// The tenant, else the address.
pub(super) fn sender(parts: &Parts) -> String {
    let tenant = header_text(&parts.headers, TENANT.clone());
    if !tenant.is_empty() && tenant.len() <= SENDER_BYTES_MAX {
        return tenant.to_owned();
    }
    parts
        .extensions
        .get::<ConnectInfo<SocketAddr>>()
        .map(|ConnectInfo(address)| address.ip().to_string())
        .unwrap_or_default()
}
