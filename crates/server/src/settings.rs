//! What the server needs to know; resolved, with defaults, no file format.

use std::net::SocketAddr;
use std::path::PathBuf;

use binnacle_wire::otlp::LogMapping;

/// Everything about listening and answering.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where to listen.
    pub address: SocketAddr,
    /// Listen beyond loopback without authentication.
    pub insecure: bool,
    /// TLS and authentication, as in Prometheus' `web.yml`.
    pub web: WebSettings,
    /// URL under which people reach this server; used in links.
    pub external_url: Option<String>,
    /// Origin that may call the API from a browser page of another origin; none by default.
    pub cors_origin: Option<String>,
    /// Whether `/api/v1/admin/*` answers.
    pub admin_api: bool,
    /// Whether `/-/reload` answers.
    pub lifecycle: bool,
    /// Largest body of a push, in bytes, as it comes over the wire.
    pub push_bytes_max: usize,
    /// Largest body of a push after decompression, in bytes.
    pub push_decoded_bytes_max: usize,
    /// Largest form of a query, in bytes.
    pub form_bytes_max: usize,
    /// Connections at the same time; further ones wait in the listen queue.
    pub connections_max: usize,
    /// Steps of a range query at most.
    pub range_steps_max: u64,
    /// Who may say back what became of an alert.
    pub callbacks: Callbacks,
    /// Which attributes of OpenTelemetry's logs become labels, and which are left out.
    pub otlp: LogMapping,
    /// Whether requests to the listener of Loki must name their tenant.
    pub tenant_required: bool,
    /// Whether questions of the volume of logs are answered.
    pub logs_volume: bool,
    /// Whether deletions of logs are answered.
    pub logs_deletion: bool,
}

/// Secrets of those who sign what they send to `/api/binnacle/v1/alerts/callbacks/*`.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Callbacks {
    /// Slack's signing secret.
    pub slack_signing_secret: Option<String>,
    /// The secret of PagerDuty's webhook subscription.
    pub pagerduty_secret: Option<String>,
}

impl std::fmt::Debug for Callbacks {
    /// Whether there are secrets, and not which.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Callbacks")
            .field("slack", &self.slack_signing_secret.is_some())
            .field("pagerduty", &self.pagerduty_secret.is_some())
            .finish()
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            address: SocketAddr::from(([127, 0, 0, 1], 9090)),
            insecure: false,
            web: WebSettings::default(),
            external_url: None,
            cors_origin: None,
            admin_api: true,
            lifecycle: true,
            push_bytes_max: 32 << 20,
            push_decoded_bytes_max: 128 << 20,
            form_bytes_max: 4 << 20,
            connections_max: 2_048,
            range_steps_max: 11_000,
            callbacks: Callbacks::default(),
            otlp: LogMapping::default(),
            tenant_required: false,
            logs_volume: true,
            logs_deletion: true,
        }
    }
}

/// The contents of a `web.yml`.
#[derive(Debug, Clone)]
pub struct WebSettings {
    /// TLS; plain HTTP when there is none.
    pub tls: Option<TlsSettings>,
    /// Whether HTTP/2 is offered (over TLS).
    pub http2: bool,
    /// Headers on every response, by name.
    pub headers: Vec<(String, String)>,
    /// User names and their bcrypt hashes; no password is asked for when empty.
    pub basic_auth_users: Vec<(String, String)>,
    /// Requests at most, over all clients.
    pub rate_limit: Option<RateLimit>,
}

impl Default for WebSettings {
    fn default() -> Self {
        Self {
            tls: None,
            http2: true,
            headers: Vec::new(),
            basic_auth_users: Vec::new(),
            rate_limit: None,
        }
    }
}

impl WebSettings {
    /// Whether a client must show who it is, by password or by certificate.
    #[must_use]
    pub fn authenticates(&self) -> bool {
        !self.basic_auth_users.is_empty()
            || self
                .tls
                .as_ref()
                .is_some_and(|t| t.client_auth == ClientAuth::RequireAndVerify)
    }
}

/// A token bucket.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RateLimit {
    /// Milliseconds between two requests in the long run.
    pub interval_ms: f64,
    /// Requests at once.
    pub burst: u32,
}

/// A PEM text or a file that holds one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pem {
    /// The text itself.
    Text(String),
    /// Read at start, and again when it changes.
    File(PathBuf),
}

/// TLS of the listener.
#[derive(Debug, Clone)]
pub struct TlsSettings {
    /// Certificate chain.
    pub certificate: Pem,
    /// Private key.
    pub key: Pem,
    /// What clients must present.
    pub client_auth: ClientAuth,
    /// Authorities that client certificates are checked against.
    pub client_ca: Option<Pem>,
    /// Names (SAN) one of which a client certificate must carry; any when empty.
    pub client_allowed_sans: Vec<String>,
    /// Oldest protocol version: `TLS12` or `TLS13`.
    pub min_version: TlsVersion,
    /// Newest protocol version.
    pub max_version: TlsVersion,
    /// Names of TLS 1.2 cipher suites as Go names them; all safe ones when empty.
    pub cipher_suites: Vec<String>,
}

/// Protocol versions that are still safe.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum TlsVersion {
    Tls12,
    Tls13,
}

/// Go's `tls.ClientAuthType`, as `web.yml` names them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ClientAuth {
    /// `NoClientCert`
    #[default]
    None,
    /// `RequestClientCert`: asked for, not needed, not checked.
    Request,
    /// `RequireAnyClientCert`: needed, not checked.
    RequireAny,
    /// `VerifyClientCertIfGiven`
    VerifyIfGiven,
    /// `RequireAndVerifyClientCert`
    RequireAndVerify,
}
