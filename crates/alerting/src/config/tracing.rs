//! `tracing`: where Alertmanager sends traces of itself. Checked; nothing is sent.

use binnacle_config::http::tls;
use binnacle_config::reader::{FileKind, Reader};

/// Takes the fields of the section.
pub(super) fn read(r: &mut Reader<'_>) {
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
    r.section("headers", |r| {
        r.each_section(|r| {
            r.texts("values");
            r.secrets("secrets");
            r.files("files", FileKind::Credentials);
        })
    });
    let compression = r.text("compression");
    if !matches!(compression.as_str(), "" | "gzip") {
        let message =
            format!("invalid compression type {compression} provided, valid options: gzip");
        r.refuse("compression", message);
    }
    r.duration("timeout");
}
