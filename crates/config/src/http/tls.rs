//! `tls_config`: how a server is trusted and how this client shows who it is.

use std::path::PathBuf;

use binnacle_client::settings::{SecretText, Source, TlsSettings, TlsVersion};

use crate::reader::{FileKind, Reader};

/// A `tls_config` as it was typed.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Tls {
    ca: Material,
    cert: Material,
    key: Material,
    server_name: String,
    insecure_skip_verify: bool,
    min_version: Option<TlsVersion>,
    max_version: Option<TlsVersion>,
}

/// A PEM text, or where it is.
#[derive(Debug, Clone, PartialEq, Default)]
struct Material {
    text: String,
    file: Option<PathBuf>,
    reference: String,
}

impl Material {
    fn is_set(&self) -> bool {
        self.count() > 0
    }

    fn count(&self) -> usize {
        usize::from(!self.text.is_empty())
            + usize::from(self.file.is_some())
            + usize::from(!self.reference.is_empty())
    }

    fn source(&self) -> Option<Source> {
        match &self.file {
            Some(file) => Some(Source::File(file.clone())),
            None if self.text.is_empty() => None,
            None => Some(Source::Text(SecretText::new(self.text.clone()))),
        }
    }
}

/// The versions by their names in `tls_config`.
const VERSIONS: [(&str, TlsVersion); 4] = [
    ("TLS10", TlsVersion::Tls10),
    ("TLS11", TlsVersion::Tls11),
    ("TLS12", TlsVersion::Tls12),
    ("TLS13", TlsVersion::Tls13),
];

/// The section `tls_config` of `r`, or the default of it.
pub fn section(r: &mut Reader<'_>) -> Tls {
    r.section("tls_config", read).unwrap_or_default()
}

/// A `tls_config`.
pub fn read(r: &mut Reader<'_>) -> Tls {
    let version = |name: &str| format!("unknown TLS version: {name}");
    let tls = Tls {
        ca: Material {
            text: r.text("ca"),
            file: r.file("ca_file", FileKind::Authorities),
            reference: reference(r, "ca_ref"),
        },
        cert: Material {
            text: r.text("cert"),
            file: r.file("cert_file", FileKind::ClientCertificate),
            reference: reference(r, "cert_ref"),
        },
        key: Material {
            text: r.secret("key").reveal().to_owned(),
            file: r.file("key_file", FileKind::ClientKey),
            reference: reference(r, "key_ref"),
        },
        server_name: r.text("server_name"),
        insecure_skip_verify: r.bool("insecure_skip_verify"),
        min_version: r.one_of("min_version", &VERSIONS, version),
        max_version: r.one_of("max_version", &VERSIONS, version),
    };
    if !r.texts("next_protos").is_empty() {
        r.inactive(
            "next_protos",
            "protocols are negotiated by the client itself",
        );
    }
    check(r, &tls);
    tls
}

fn check(r: &Reader<'_>, tls: &Tls) {
    if tls.ca.count() > 1 {
        r.refuse_all("at most one of ca, ca_file & ca_ref must be configured");
    }
    if tls.cert.count() > 1 {
        r.refuse_all("at most one of cert, cert_file & cert_ref must be configured");
    }
    if tls.key.count() > 1 {
        r.refuse_all("at most one of key and key_file must be configured");
    }
    if tls.cert.is_set() && !tls.key.is_set() {
        r.refuse_all(
            "exactly one of key or key_file must be configured when a client certificate is configured",
        );
    } else if tls.key.is_set() && !tls.cert.is_set() {
        r.refuse_all(
            "exactly one of cert or cert_file must be configured when a client key is configured",
        );
    }
    if let (Some(min), Some(max)) = (tls.min_version, tls.max_version)
        && max < min
    {
        r.refuse(
            "max_version",
            "tls_config.max_version must be greater than or equal to tls_config.min_version if both are specified",
        );
    }
}

/// A name in a secret manager, of which there is none.
pub fn reference(r: &mut Reader<'_>, key: &'static str) -> String {
    let name = r.text(key);
    if !name.is_empty() {
        r.inactive(
            key,
            "there is no secret manager to ask; requests go out without it",
        );
    }
    name
}

impl Tls {
    /// What to do.
    #[must_use]
    pub fn resolve(&self) -> TlsSettings {
        TlsSettings {
            ca: self.ca.source(),
            cert: self.cert.source(),
            key: self.key.source(),
            server_name: (!self.server_name.is_empty()).then(|| self.server_name.clone()),
            insecure_skip_verify: self.insecure_skip_verify,
            min_version: self.min_version,
            max_version: self.max_version,
        }
    }
}
