//! What the headers of a remote write request must say.

use crate::negotiate::MediaType;

/// The message of remote write 1.0.
const MESSAGE_V1: &str = "prometheus.WriteRequest";

/// Why a request is refused by its headers alone.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct HeaderError {
    /// The HTTP status code to answer with.
    pub status: u16,
    /// What is wrong.
    pub message: String,
}

/// Checks the headers of a request, each `None` when it is not there. As in
/// Prometheus, a sender that says nothing speaks 1.0 with snappy, and the version
/// header is not looked at: the content type decides.
///
/// # Errors
/// With the status code to answer.
pub fn check_headers(
    content_type: Option<&str>,
    content_encoding: Option<&str>,
) -> Result<(), HeaderError> {
    let refuse = |message: String| {
        Err(HeaderError {
            status: 415,
            message,
        })
    };
    let content_type = content_type.unwrap_or_default().trim();
    if !content_type.is_empty() {
        let media = MediaType::parse(content_type);
        let Some(media) = media.filter(|m| m.essence == "application/x-protobuf") else {
            return refuse(format!(
                "expected application/x-protobuf as the content type, got {content_type:?}"
            ));
        };
        match media.param("proto") {
            None | Some(MESSAGE_V1) => {}
            Some(other) => {
                return refuse(format!(
                    "protobuf message {other:?} is not accepted, only {MESSAGE_V1}"
                ));
            }
        }
    }
    match content_encoding.map(str::trim) {
        None | Some("" | "snappy") => Ok(()),
        Some(other) => refuse(format!(
            "content encoding {other:?} is not accepted, only snappy"
        )),
    }
}
