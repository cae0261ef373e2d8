//! `tracing`: where a server sends traces of itself: the fields that Prometheus and
//! Alertmanager share. Checked; nothing is sent yet.

use super::tls;
use crate::reader::Reader;

/// Takes the fields of the section; `headers` takes those of its headers, which differ.
pub fn read(r: &mut Reader<'_>, headers: impl FnOnce(&mut Reader<'_>)) {
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
    headers(r);
    let compression = r.text("compression");
    if !matches!(compression.as_str(), "" | "gzip") {
        let message =
            format!("invalid compression type {compression} provided, valid options: gzip");
        r.refuse("compression", message);
    }
    r.duration("timeout");
}
