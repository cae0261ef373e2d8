//! TLS settings as a `rustls` configuration.

use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};

use crate::settings::{TlsSettings, TlsVersion};
use crate::{HttpError, install_crypto};

/// The configuration of connections with these settings.
pub(crate) fn config(settings: &TlsSettings, http2: bool) -> Result<ClientConfig, HttpError> {
    install_crypto();
    let builder = ClientConfig::builder_with_protocol_versions(&versions(settings)?);
    let provider = builder.crypto_provider().clone();
    let verifier: Arc<dyn ServerCertVerifier> = if settings.insecure_skip_verify {
        Arc::new(AnyServer(provider))
    } else {
        let roots = Arc::new(roots(settings)?);
        let inner = WebPkiServerVerifier::builder_with_provider(roots, provider)
            .build()
            .map_err(|e| HttpError::Settings(format!("certificates to trust: {e}")))?;
        match &settings.server_name {
            None => inner,
            Some(name) => {
                let name = ServerName::try_from(name.clone())
                    .map_err(|e| HttpError::Settings(format!("server name {name:?}: {e}")))?;
                Arc::new(NamedServer { inner, name })
            }
        }
    };
    let builder = builder
        .dangerous()
        .with_custom_certificate_verifier(verifier);
    let mut config = match (&settings.cert, &settings.key) {
        (Some(cert), Some(key)) => {
            let key = PrivateKeyDer::from_pem_slice(key.read()?.as_bytes())
                .map_err(|e| HttpError::Settings(format!("client key: {e}")))?;
            builder
                .with_client_auth_cert(certificates(&cert.read()?, "client certificate")?, key)
                .map_err(|e| HttpError::Settings(format!("client certificate: {e}")))?
        }
        _ => builder.with_no_client_auth(),
    };
    config.alpn_protocols = match http2 {
        true => vec![b"h2".to_vec(), b"http/1.1".to_vec()],
        false => vec![b"http/1.1".to_vec()],
    };
    Ok(config)
}

/// The configuration for protocols other than HTTP, such as mail.
///
/// # Errors
/// [`HttpError::Settings`] or [`HttpError::Secret`] when a file is missing or bad.
pub fn tls_config(settings: &TlsSettings) -> Result<ClientConfig, HttpError> {
    let mut config = config(settings, false)?;
    config.alpn_protocols.clear();
    Ok(config)
}

fn versions(
    settings: &TlsSettings,
) -> Result<Vec<&'static rustls::SupportedProtocolVersion>, HttpError> {
    let versions: Vec<_> = [
        (TlsVersion::Tls12, &rustls::version::TLS12),
        (TlsVersion::Tls13, &rustls::version::TLS13),
    ]
    .into_iter()
    .filter(|(v, _)| settings.min_version.is_none_or(|min| *v >= min))
    .filter(|(v, _)| settings.max_version.is_none_or(|max| *v <= max))
    .map(|(_, version)| version)
    .collect();
    if versions.is_empty() {
        return Err(HttpError::Settings(
            "no TLS version from 1.2 on is allowed".into(),
        ));
    }
    Ok(versions)
}

fn roots(settings: &TlsSettings) -> Result<RootCertStore, HttpError> {
    let mut roots = RootCertStore::empty();
    match &settings.ca {
        Some(ca) => {
            for certificate in certificates(&ca.read()?, "CA certificate")? {
                roots
                    .add(certificate)
                    .map_err(|e| HttpError::Settings(format!("CA certificate: {e}")))?;
            }
        }
        None => {
            // A system certificate that cannot be used is no reason to trust none.
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
    }
    Ok(roots)
}

fn certificates(pem: &str, what: &str) -> Result<Vec<CertificateDer<'static>>, HttpError> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem.as_bytes()).collect();
    match found {
        Ok(found) if !found.is_empty() => Ok(found),
        Ok(_) => Err(HttpError::Settings(format!(
            "{what}: no certificate in PEM form"
        ))),
        Err(e) => Err(HttpError::Settings(format!("{what}: {e}"))),
    }
}

/// Verifies a server under a given name, whatever host the URL has.
#[derive(Debug)]
struct NamedServer {
    inner: Arc<WebPkiServerVerifier>,
    name: ServerName<'static>,
}

impl ServerCertVerifier for NamedServer {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        self.inner
            .verify_server_cert(end_entity, intermediates, &self.name, ocsp_response, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.inner.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.inner.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}

/// Takes any certificate (`insecure_skip_verify`); signatures are still checked.
#[derive(Debug)]
struct AnyServer(Arc<rustls::crypto::CryptoProvider>);

impl ServerCertVerifier for AnyServer {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, cert, dss, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, cert, dss, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
