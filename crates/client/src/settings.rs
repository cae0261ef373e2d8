//! How an HTTP server is spoken to, fully resolved: what `http_config` and its
//! siblings say. Nothing here knows of YAML.

use std::path::PathBuf;

/// A secret text; it never shows in logs.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct SecretText(String);

impl SecretText {
    /// Keeps `text` from being printed.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for SecretText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("<secret>")
    }
}

/// A text that is given, or is read from a file whenever it is needed (white
/// space around it is cut off).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// The text.
    Text(SecretText),
    /// A file that holds it.
    File(PathBuf),
}

/// How an HTTP server is spoken to (`http_config` and its siblings).
#[derive(Debug, Clone, PartialEq)]
pub struct HttpSettings {
    /// What goes into the `Authorization` header.
    pub auth: Auth,
    /// Transport security.
    pub tls: TlsSettings,
    /// Through which proxy.
    pub proxy: ProxySettings,
    /// Whether redirects are followed.
    pub follow_redirects: bool,
    /// Whether HTTP/2 may be used over TLS.
    pub enable_http2: bool,
    /// Further headers (`http_headers`): name, and values in order.
    pub headers: Vec<(String, Vec<Source>)>,
}

impl Default for HttpSettings {
    fn default() -> Self {
        Self {
            auth: Auth::None,
            tls: TlsSettings::default(),
            proxy: ProxySettings::None,
            follow_redirects: true,
            enable_http2: true,
            headers: Vec::new(),
        }
    }
}

/// What goes into the `Authorization` header.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Auth {
    /// Nothing.
    #[default]
    None,
    /// User and password.
    Basic {
        /// The user; may be empty.
        username: Source,
        /// The password, when there is one.
        password: Option<Source>,
    },
    /// `<kind> <credentials>`.
    Token {
        /// `Bearer`, unless told otherwise.
        kind: String,
        /// The credentials.
        credentials: Source,
    },
    /// A token that is fetched with client credentials (RFC 6749, 4.4).
    OAuth2(Box<OAuth2Settings>),
}

/// OAuth 2 client credentials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OAuth2Settings {
    /// The client.
    pub client_id: String,
    /// Its secret.
    pub client_secret: Source,
    /// What is asked for.
    pub scopes: Vec<String>,
    /// Where the token comes from.
    pub token_url: String,
    /// Further form parameters of the request for a token.
    pub endpoint_params: Vec<(String, String)>,
    /// Transport security towards `token_url`.
    pub tls: TlsSettings,
    /// Proxy towards `token_url`.
    pub proxy: ProxySettings,
}

/// Transport security.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TlsSettings {
    /// Certificates to trust instead of the system's, PEM.
    pub ca: Option<Source>,
    /// Client certificate, PEM.
    pub cert: Option<Source>,
    /// Its key, PEM.
    pub key: Option<Source>,
    /// The name to ask for and to verify instead of the URL's host.
    pub server_name: Option<String>,
    /// Whether any certificate will do.
    pub insecure_skip_verify: bool,
    /// Lowest version.
    pub min_version: Option<TlsVersion>,
    /// Highest version.
    pub max_version: Option<TlsVersion>,
}

/// A version of TLS. 1.0 and 1.1 can be written in the configuration, and mean
/// 1.2 where they are a lower bound; as an upper bound they are refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum TlsVersion {
    Tls10,
    Tls11,
    Tls12,
    Tls13,
}

/// Through which proxy.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum ProxySettings {
    /// None.
    #[default]
    None,
    /// As `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY` say.
    Environment,
    /// A given one.
    Url {
        /// The proxy.
        url: String,
        /// Hosts that are reached without it, separated by commas.
        no_proxy: String,
        /// Headers of a `CONNECT`.
        connect_headers: Vec<(String, Vec<Source>)>,
    },
}
