//! `tracing`: where traces of this server are sent. Checked; none are sent yet.

use binnacle_config::reader::Reader;

use super::{headers, tls};

/// Reads the section.
pub fn read(r: &mut Reader<'_>) {
    let kind = r.text_or("client_type", "grpc");
    if !matches!(kind.as_str(), "http" | "grpc") {
        let message =
            format!("expected tracing client type to be to be http or grpc, but got {kind}");
        r.refuse("client_type", message);
    }
    if r.text("endpoint").is_empty() {
        r.refuse("endpoint", "tracing endpoint must be set");
    }
    r.float("sampling_fraction");
    r.bool("insecure");
    tls::section(r);
    headers::plain_headers(
        r,
        "custom authorization header configuration is not yet supported",
    );
    let compression = r.text("compression");
    if !matches!(compression.as_str(), "" | "gzip") {
        let message =
            format!("invalid compression type {compression} provided, valid options: gzip");
        r.refuse("compression", message);
    }
    r.duration("timeout");
}
