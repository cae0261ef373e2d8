//! Basic authentication with bcrypt, as Prometheus' `web.yml` sets it up.
//!
//! A bcrypt check takes tens of milliseconds of CPU by design, so results are
//! remembered: by a keyed hash of name, password and stored hash, never by the
//! password. An unknown name costs as much as a wrong password.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use http::{HeaderMap, StatusCode, header};
use parking_lot::Mutex;

use crate::counters::Counters;
use crate::state::App;

/// Remembered results at most; the memory is emptied when it is full.
const REMEMBERED_MAX: usize = 512;

/// Checked against when the name is unknown; the hash of nothing anyone knows,
/// with the cost that bcrypt tools use by default.
const UNKNOWN_USER_HASH: &str = "$2y$10$QOauhQNbBCuQDKes6eFzPeMqBSjb7Mr5DUmpZ/VcEd00UAV/LDeSi";

/// Paths whose handlers check a signature themselves, and those that hold a secret.
const OPEN: [&str; 2] = [
    "/api/binnacle/v1/alerts/callbacks/",
    "/api/binnacle/v1/alerts/graphs/",
];

/// Remembers which credentials were right.
pub struct Authenticator {
    users: Vec<(String, String)>,
    remembered: Mutex<HashMap<[u64; 2], bool>>,
    keys: [RandomState; 2],
}

impl Authenticator {
    /// For the users of a `web.yml`.
    #[must_use]
    pub fn new(users: Vec<(String, String)>) -> Self {
        Self {
            users,
            remembered: Mutex::default(),
            keys: [RandomState::new(), RandomState::new()],
        }
    }

    /// Whether a password is asked for at all.
    #[must_use]
    pub fn is_needed(&self) -> bool {
        !self.users.is_empty()
    }

    /// Whether the request carries a known name with its password. Slow when it is
    /// seen for the first time: call it where blocking is allowed.
    #[must_use]
    pub fn check(&self, name: &str, password: &str) -> bool {
        let known = self
            .users
            .iter()
            .find(|(n, _)| n == name)
            .map(|(_, hash)| hash.as_str());
        let hash = known.unwrap_or(UNKNOWN_USER_HASH);
        let key = [0, 1].map(|i| self.keys[i].hash_one((name, password, hash)));
        if let Some(&right) = self.remembered.lock().get(&key) {
            return right;
        }
        let right = bcrypt::verify(password, hash).unwrap_or(false) && known.is_some();
        let mut remembered = self.remembered.lock();
        if remembered.len() >= REMEMBERED_MAX {
            remembered.clear();
        }
        remembered.insert(key, right);
        right
    }
}

/// Name and password of an `Authorization: Basic` header.
fn credentials(headers: &HeaderMap) -> Option<(String, String)> {
    let text = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, encoded) = text.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let bytes = base64::engine::general_purpose::STANDARD
        .decode(encoded.trim())
        .ok()?;
    let text = String::from_utf8(bytes).ok()?;
    let (name, password) = text.split_once(':')?;
    Some((name.to_owned(), password.to_owned()))
}

/// Who sent a request, where users are asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User(pub String);

/// Middleware that lets only known users through, and notes on each request who it is.
pub async fn require(
    State((app, authenticator)): State<(Arc<App>, Arc<Authenticator>)>,
    mut request: Request<Body>,
    next: Next,
) -> Response {
    // Callbacks are signed, addresses of pictures cannot be guessed, and neither's
    // senders know a password.
    let path = request.uri().path();
    let is_open = OPEN.iter().any(|prefix| path.starts_with(prefix));
    if is_open || !authenticator.is_needed() {
        return next.run(request).await;
    }
    if let Some((name, password)) = credentials(request.headers()) {
        let user = User(name.clone());
        let right = tokio::task::spawn_blocking(move || authenticator.check(&name, &password));
        if right.await.unwrap_or(false) {
            request.extensions_mut().insert(user);
            return next.run(request).await;
        }
    }
    Counters::count(&app.counters.unauthorized);
    (
        StatusCode::UNAUTHORIZED,
        [(header::WWW_AUTHENTICATE, "Basic")],
        "Unauthorized\n",
    )
        .into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_right_password_of_a_known_name_opens() {
        let hash = bcrypt::hash("secret", 4).expect("bcrypt");
        let users = Authenticator::new(vec![("alice".to_owned(), hash)]);
        for _ in 0..2 {
            assert!(users.check("alice", "secret"));
            assert!(!users.check("alice", "Secret"));
            assert!(!users.check("bob", "secret"));
        }
    }

    #[test]
    fn headers_are_read() {
        let check = |value: &str, want: Option<(&str, &str)>| {
            let mut headers = HeaderMap::new();
            headers.insert(header::AUTHORIZATION, value.parse().expect("header"));
            let want = want.map(|(n, p)| (n.to_owned(), p.to_owned()));
            assert_eq!(credentials(&headers), want, "{value}");
        };
        check("Basic YTpiOmM=", Some(("a", "b:c")));
        check("basic YTpi", Some(("a", "b")));
        check("Bearer YTpi", None);
        check("Basic ???", None);
        check("Basic", None);
    }
}
