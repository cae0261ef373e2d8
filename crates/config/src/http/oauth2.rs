//! `oauth2`: a token that is fetched before requests are made.

use std::path::PathBuf;

use binnacle_client::settings::{OAuth2Settings, SecretText, Source};

use crate::reader::{FileKind, Reader};

use super::proxy::{self, Proxy};
use super::tls::{self, Tls};

const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// An `oauth2` section as it was typed.
#[derive(Debug, Clone, PartialEq)]
pub struct OAuth2 {
    client_id: String,
    client_secret: SecretText,
    client_secret_file: Option<PathBuf>,
    grant_type: String,
    scopes: Vec<String>,
    token_url: String,
    endpoint_params: Vec<(String, String)>,
    tls: Tls,
    proxy: Proxy,
}

/// An `oauth2` section.
pub fn read(r: &mut Reader<'_>) -> OAuth2 {
    let oauth2 = OAuth2 {
        client_id: r.text("client_id"),
        client_secret: r.secret("client_secret"),
        client_secret_file: r.file("client_secret_file", FileKind::Credentials),
        grant_type: r.text("grant_type"),
        scopes: r.texts("scopes").into_iter().map(|s| s.value).collect(),
        token_url: r.text("token_url"),
        endpoint_params: r
            .text_map("endpoint_params")
            .into_iter()
            .map(|(name, value)| (name.value, value.value))
            .collect(),
        tls: tls::section(r),
        proxy: proxy::read(r),
    };
    let reference = tls::reference(r, "client_secret_ref");
    check_client(r, &oauth2, &reference);
    read_jwt(r, &oauth2);
    oauth2
}

fn check_client(r: &Reader<'_>, oauth2: &OAuth2, reference: &str) {
    if oauth2.client_id.is_empty() {
        r.refuse("client_id", "oauth2 client_id must be configured");
    }
    if oauth2.token_url.is_empty() {
        r.refuse("token_url", "oauth2 token_url must be configured");
    }
    let secrets = usize::from(!oauth2.client_secret.reveal().is_empty())
        + usize::from(oauth2.client_secret_file.is_some())
        + usize::from(!reference.is_empty());
    if secrets > 1 {
        r.refuse_all(
            "at most one of oauth2 client_secret, client_secret_file & client_secret_ref must be configured",
        );
    }
}

/// The fields of the grant of RFC 7523, which is checked but not spoken.
fn read_jwt(r: &mut Reader<'_>, oauth2: &OAuth2) {
    let key = r.secret("client_certificate_key");
    let file = r.file("client_certificate_key_file", FileKind::Credentials);
    let reference = tls::reference(r, "client_certificate_key_ref");
    for key in ["client_certificate_key_id", "iss", "audience"] {
        r.text(key);
    }
    r.text_map("claims");
    let algorithm = r.text("signature_algorithm");
    match oauth2.grant_type.as_str() {
        "" | "client_credentials" => return,
        JWT_BEARER => {}
        other => {
            let message =
                format!("oauth2 grant_type {other:?} must be client_credentials or {JWT_BEARER}");
            r.refuse("grant_type", message);
            return;
        }
    }
    let keys = usize::from(!key.reveal().is_empty())
        + usize::from(file.is_some())
        + usize::from(!reference.is_empty());
    if keys != 1 {
        r.refuse_all(
            "exactly one of oauth2 client_certificate_key, client_certificate_key_file & client_certificate_key_ref must be configured using grant-type=urn:ietf:params:oauth:grant-type:jwt-bearer",
        );
    }
    if !matches!(algorithm.as_str(), "" | "RS256" | "RS384" | "RS512") {
        r.refuse(
            "signature_algorithm",
            "valid signature algorithms are RS256, RS384 and RS512",
        );
    }
    r.inactive(
        "grant_type",
        "tokens are not fetched by signed assertions yet; requests go out without one",
    );
}

impl OAuth2 {
    /// What to do, or `None` when that grant is not spoken.
    #[must_use]
    pub fn resolve(&self) -> Option<OAuth2Settings> {
        if self.grant_type == JWT_BEARER {
            return None;
        }
        let client_secret = match &self.client_secret_file {
            Some(file) => Source::File(file.clone()),
            None => Source::Text(self.client_secret.clone()),
        };
        Some(OAuth2Settings {
            client_id: self.client_id.clone(),
            client_secret,
            scopes: self.scopes.clone(),
            token_url: self.token_url.clone(),
            endpoint_params: self.endpoint_params.clone(),
            tls: self.tls.resolve(),
            proxy: self.proxy.resolve(),
        })
    }
}
