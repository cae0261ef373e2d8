//! TLS of the listener, as `web.yml` describes it. Certificates are read again
//! when their files change, so a renewed certificate needs no restart.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use arc_swap::ArcSwap;
use parking_lot::Mutex;
use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::server::{ClientHello, ResolvesServerCert, WebPkiClientVerifier};
use rustls::sign::CertifiedKey;
use rustls::{
    DigitallySignedStruct, DistinguishedName, RootCertStore, ServerConfig, SignatureScheme,
    SupportedProtocolVersion,
};
use tokio_rustls::TlsAcceptor;

use crate::settings::{ClientAuth, Pem, TlsSettings, TlsVersion};

/// Files are looked at no more often than this.
const RELOAD_INTERVAL: Duration = Duration::from_secs(5);

/// Builds what turns a connection into a TLS connection.
pub(crate) fn acceptor(settings: &TlsSettings, http2: bool) -> Result<TlsAcceptor, String> {
    let provider = Arc::new(provider(&settings.cipher_suites)?);
    let versions: Vec<&'static SupportedProtocolVersion> = [
        (TlsVersion::Tls12, &rustls::version::TLS12),
        (TlsVersion::Tls13, &rustls::version::TLS13),
    ]
    .into_iter()
    .filter(|(v, _)| (settings.min_version..=settings.max_version).contains(v))
    .map(|(_, version)| version)
    .collect();
    let builder = ServerConfig::builder_with_provider(provider.clone())
        .with_protocol_versions(&versions)
        .map_err(|e| format!("no protocol version between min_version and max_version: {e}"))?;
    let builder = match verifier(settings, &provider)? {
        None => builder.with_no_client_auth(),
        Some(verifier) => builder.with_client_cert_verifier(verifier),
    };
    let mut config = builder.with_cert_resolver(Arc::new(Reloading::new(settings, provider)?));
    config.alpn_protocols = if http2 {
        vec![b"h2".to_vec(), b"http/1.1".to_vec()]
    } else {
        vec![b"http/1.1".to_vec()]
    };
    Ok(TlsAcceptor::from(Arc::new(config)))
}

fn provider(suites: &[String]) -> Result<CryptoProvider, String> {
    let mut provider = ring::default_provider();
    if suites.is_empty() {
        return Ok(provider);
    }
    // Go's names and rustls' are the same but for the prefix of TLS 1.3 suites,
    // which `web.yml` cannot choose between anyway.
    provider.cipher_suites.retain(|suite| {
        let name = format!("{:?}", suite.suite());
        name.starts_with("TLS13_") || suites.contains(&name)
    });
    if provider
        .cipher_suites
        .iter()
        .all(|s| format!("{:?}", s.suite()).starts_with("TLS13_"))
        && !suites
            .iter()
            .any(|s| s.contains("TLS_AES") || s.contains("TLS_CHACHA20"))
    {
        return Err(format!(
            "none of cipher_suites is supported: {}",
            suites.join(", ")
        ));
    }
    Ok(provider)
}

fn read(pem: &Pem) -> Result<Vec<u8>, String> {
    match pem {
        Pem::Text(text) => Ok(text.clone().into_bytes()),
        Pem::File(path) => fs::read(path).map_err(|e| format!("{}: {e}", path.display())),
    }
}

fn name(pem: &Pem) -> String {
    match pem {
        Pem::Text(_) => "the text in the web configuration".to_owned(),
        Pem::File(path) => path.display().to_string(),
    }
}

fn certificates(pem: &Pem) -> Result<Vec<CertificateDer<'static>>, String> {
    let certificates = CertificateDer::pem_slice_iter(&read(pem)?)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|e| format!("{}: not a PEM certificate: {e}", name(pem)))?;
    if certificates.is_empty() {
        return Err(format!("{}: holds no certificate", name(pem)));
    }
    Ok(certificates)
}

fn certified_key(
    settings: &TlsSettings,
    provider: &CryptoProvider,
) -> Result<CertifiedKey, String> {
    let chain = certificates(&settings.certificate)?;
    let key = PrivateKeyDer::from_pem_slice(&read(&settings.key)?)
        .map_err(|e| format!("{}: not a PEM private key: {e}", name(&settings.key)))?;
    CertifiedKey::from_der(chain, key, provider).map_err(|e| {
        format!(
            "{} and {} do not go together: {e}",
            name(&settings.certificate),
            name(&settings.key)
        )
    })
}

/// The certificate in force; replaced when its files change.
#[derive(Debug)]
struct Reloading {
    settings: TlsSettings,
    provider: Arc<CryptoProvider>,
    current: ArcSwap<CertifiedKey>,
    seen: Mutex<(Instant, Vec<Option<SystemTime>>)>,
}

impl Reloading {
    fn new(settings: &TlsSettings, provider: Arc<CryptoProvider>) -> Result<Self, String> {
        let current = certified_key(settings, &provider)?;
        Ok(Self {
            settings: settings.clone(),
            provider,
            current: ArcSwap::from_pointee(current),
            seen: Mutex::new((Instant::now(), modified(settings))),
        })
    }

    fn refresh(&self) {
        let mut seen = self.seen.lock();
        if seen.0.elapsed() < RELOAD_INTERVAL {
            return;
        }
        let now = modified(&self.settings);
        if now != seen.1 {
            match certified_key(&self.settings, &self.provider) {
                Ok(key) => self.current.store(Arc::new(key)),
                Err(error) => {
                    tracing::error!(error, "the listener keeps its old certificate");
                }
            }
        }
        *seen = (Instant::now(), now);
    }
}

fn modified(settings: &TlsSettings) -> Vec<Option<SystemTime>> {
    let file = |pem: &Pem| -> Option<PathBuf> {
        match pem {
            Pem::File(path) => Some(path.clone()),
            Pem::Text(_) => None,
        }
    };
    [file(&settings.certificate), file(&settings.key)]
        .into_iter()
        .map(|path| fs::metadata(path?).ok()?.modified().ok())
        .collect()
}

impl ResolvesServerCert for Reloading {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.refresh();
        Some(self.current.load_full())
    }
}

fn verifier(
    settings: &TlsSettings,
    provider: &Arc<CryptoProvider>,
) -> Result<Option<Arc<dyn ClientCertVerifier>>, String> {
    let verified = || -> Result<_, String> {
        let ca = settings
            .client_ca
            .as_ref()
            .ok_or("client_auth_type needs client_ca_file to check certificates against")?;
        let mut roots = RootCertStore::empty();
        for certificate in certificates(ca)? {
            roots
                .add(certificate)
                .map_err(|e| format!("{}: {e}", name(ca)))?;
        }
        Ok(WebPkiClientVerifier::builder_with_provider(
            Arc::new(roots),
            provider.clone(),
        ))
    };
    let fail = |e| format!("client_ca_file: {e}");
    let inner: Arc<dyn ClientCertVerifier> = match settings.client_auth {
        ClientAuth::None => return Ok(None),
        ClientAuth::Request => Arc::new(Unchecked {
            needed: false,
            provider: provider.clone(),
        }),
        ClientAuth::RequireAny => Arc::new(Unchecked {
            needed: true,
            provider: provider.clone(),
        }),
        ClientAuth::VerifyIfGiven => verified()?.allow_unauthenticated().build().map_err(fail)?,
        ClientAuth::RequireAndVerify => verified()?.build().map_err(fail)?,
    };
    if settings.client_allowed_sans.is_empty() {
        return Ok(Some(inner));
    }
    Ok(Some(Arc::new(NamedClients {
        inner,
        names: settings.client_allowed_sans.clone(),
    })))
}

/// Lets through certificates that carry one of the names.
#[derive(Debug)]
struct NamedClients {
    inner: Arc<dyn ClientCertVerifier>,
    names: Vec<String>,
}

impl ClientCertVerifier for NamedClients {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.inner.root_hint_subjects()
    }

    fn offer_client_auth(&self) -> bool {
        self.inner.offer_client_auth()
    }

    fn client_auth_mandatory(&self) -> bool {
        self.inner.client_auth_mandatory()
    }

    fn verify_client_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        let verified = self
            .inner
            .verify_client_cert(certificate, intermediates, now)?;
        let parsed = rustls::server::ParsedCertificate::try_from(certificate)?;
        let named = self.names.iter().any(|wanted| {
            ServerName::try_from(wanted.as_str())
                .is_ok_and(|wanted| rustls::client::verify_server_name(&parsed, &wanted).is_ok())
        });
        if named {
            return Ok(verified);
        }
        Err(rustls::Error::General(
            "the client's certificate carries none of client_allowed_sans".to_owned(),
        ))
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.inner
            .verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.inner
            .verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}

/// Asks for a certificate and believes any, as `RequestClientCert` and
/// `RequireAnyClientCert` say. The client must still prove that it has the key.
#[derive(Debug)]
struct Unchecked {
    needed: bool,
    provider: Arc<CryptoProvider>,
}

impl ClientCertVerifier for Unchecked {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn client_auth_mandatory(&self) -> bool {
        self.needed
    }

    fn verify_client_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}
