//! The `Authorization` header, and further headers with secrets in them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::HttpError;
use crate::oauth2::TokenCache;
use crate::settings::{Auth, Source};

/// The value of the `Authorization` header, or `None`.
pub async fn authorization(auth: &Auth, tokens: &TokenCache) -> Result<Option<String>, HttpError> {
    Ok(match auth {
        Auth::None => None,
        Auth::Basic { username, password } => {
            let password = password
                .as_ref()
                .map(Source::read)
                .transpose()?
                .unwrap_or_default();
            let pair = format!("{}:{password}", username.read()?);
            Some(format!("Basic {}", STANDARD.encode(pair)))
        }
        Auth::Token { kind, credentials } => Some(format!("{kind} {}", credentials.read()?)),
        Auth::OAuth2(settings) => Some(tokens.get(settings).await?),
    })
}

/// Further headers, in order.
pub fn extra_headers(
    headers: &[(String, Vec<Source>)],
) -> Result<Vec<(String, String)>, HttpError> {
    let mut out = Vec::new();
    for (name, values) in headers {
        for value in values {
            out.push((name.clone(), value.read()?));
        }
    }
    Ok(out)
}
