//! Tokens for client credentials (RFC 6749, section 4.4), kept until they expire.

use std::time::{Duration, Instant};

use tokio::sync::Mutex;

use crate::HttpError;
use crate::client::build;
use crate::settings::{HttpSettings, OAuth2Settings};

/// A token is fetched anew this long before it expires.
const EARLY: Duration = Duration::from_secs(10);
/// How long a token without an expiry is used.
const UNTOLD: Duration = Duration::from_secs(300);
/// Bytes of a token server's answer, at most.
const ANSWER_BYTES_MAX: usize = 1 << 20;

/// The token in use.
#[derive(Debug, Default)]
pub struct TokenCache(Mutex<Option<(String, Instant)>>);

impl TokenCache {
    /// The header's value; asks the token server when the last token is used up.
    pub(crate) async fn get(&self, settings: &OAuth2Settings) -> Result<String, HttpError> {
        let mut held = self.0.lock().await;
        if let Some((header, until)) = &*held
            && Instant::now() < *until
        {
            return Ok(header.clone());
        }
        let (header, lives) = fetch(settings).await?;
        *held = Some((header.clone(), Instant::now() + lives.saturating_sub(EARLY)));
        Ok(header)
    }
}

async fn fetch(settings: &OAuth2Settings) -> Result<(String, Duration), HttpError> {
    let http = HttpSettings {
        tls: settings.tls.clone(),
        proxy: settings.proxy.clone(),
        ..HttpSettings::default()
    };
    let failed = |e: String| HttpError::Connection(format!("fetching an OAuth 2 token: {e}"));
    let secret = settings.client_secret.read()?;
    let answer = build(&http)?
        .post(&settings.token_url)
        .basic_auth(&settings.client_id, Some(secret))
        .header("Content-Type", "application/x-www-form-urlencoded")
        .body(form(settings))
        .send()
        .await
        .map_err(|e| failed(e.to_string()))?;
    let status = answer.status();
    let body = answer.bytes().await.map_err(|e| failed(e.to_string()))?;
    if !status.is_success() || body.len() > ANSWER_BYTES_MAX {
        return Err(failed(format!("server returned HTTP status {status}")));
    }
    let json: serde_json::Value =
        serde_json::from_slice(&body).map_err(|e| failed(e.to_string()))?;
    let token = json["access_token"]
        .as_str()
        .ok_or_else(|| failed("no access_token".into()))?;
    let kind = match json["token_type"].as_str() {
        Some(kind) if !kind.eq_ignore_ascii_case("bearer") => kind,
        _ => "Bearer",
    };
    let lives = json["expires_in"]
        .as_u64()
        .map_or(UNTOLD, Duration::from_secs);
    Ok((format!("{kind} {token}"), lives))
}

fn form(settings: &OAuth2Settings) -> String {
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    form.append_pair("grant_type", "client_credentials");
    if !settings.scopes.is_empty() {
        form.append_pair("scope", &settings.scopes.join(" "));
    }
    for (name, value) in &settings.endpoint_params {
        form.append_pair(name, value);
    }
    form.finish()
}
