//! Speaking HTTP to others: targets, discovery servers, receivers of alerts.
//!
//! Two ways, for one reason. [`Connection`] is HTTP/1.1 over TCP with buffers that are
//! lent for the time of one exchange: what most targets need, at the least cost in
//! CPU, and without memory that stays with an idle connection (a general client
//! keeps up to some 400 KB of read buffer for each, which for 500 targets is more
//! than their series take). [`Client`] is the general client, for TLS, proxies,
//! redirects and HTTP/2.
//!
//! Secrets and certificates in files are read again when they are needed, so a
//! rotated one is taken up without a reload.

mod auth;
mod client;
mod oauth2;
mod plain;
pub mod settings;
mod tls;

use std::path::PathBuf;

pub use auth::{authorization, extra_headers};
pub use client::{Client, Request};
pub use plain::{Connection, Origin, Reply};
pub use reqwest::{Method, Response};
pub use tls::tls_config;

use crate::settings::Source;

/// Why an exchange failed.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// The settings cannot be used: a file is missing, a certificate is bad.
    #[error("{0}")]
    Settings(String),
    /// A secret or certificate could not be read.
    #[error("reading {path}: {source}")]
    Secret {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The server could not be reached, or the connection broke.
    #[error("{0}")]
    Connection(String),
    /// The answer is not HTTP.
    #[error("malformed HTTP response: {0}")]
    Malformed(String),
    /// The answer is larger than allowed.
    #[error("body is larger than {limit} bytes")]
    TooLarge {
        /// The limit.
        limit: u64,
    },
}

impl Source {
    /// The text as it is now.
    ///
    /// # Errors
    /// [`HttpError::Secret`] when the file cannot be read.
    pub fn read(&self) -> Result<String, HttpError> {
        match self {
            Self::Text(text) => Ok(text.reveal().to_owned()),
            Self::File(path) => match std::fs::read_to_string(path) {
                Ok(text) => Ok(text.trim().to_owned()),
                Err(source) => Err(HttpError::Secret {
                    path: path.clone(),
                    source,
                }),
            },
        }
    }
}

/// What this program calls itself to others.
pub const USER_AGENT: &str = concat!("Binnacle/", env!("CARGO_PKG_VERSION"));

/// Makes sure that there is a provider of cryptography. The binary installs one;
/// tests and other users of this crate may not have.
pub fn install_crypto() {
    // An error says that there is one already.
    let _ = rustls::crypto::ring::default_provider().install_default();
}
