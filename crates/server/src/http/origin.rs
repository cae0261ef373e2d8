//! Requests that change something are refused when a page of another site sends
//! them: a browser on this machine reaches loopback, and the pages it shows must
//! not be able to delete series through it. Programs send no `Origin` and are not
//! touched.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, Method, StatusCode, header};

use crate::state::App;

/// Middleware that refuses them.
pub async fn guard(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let reads = matches!(
        *request.method(),
        Method::GET | Method::HEAD | Method::OPTIONS
    );
    // HTTP/2 has the host in its target and no `Host` header.
    let authority = request.uri().authority().map(http::uri::Authority::as_str);
    if reads
        || is_own(
            request.headers(),
            authority,
            app.settings.cors_origin.as_deref(),
        )
    {
        return next.run(request).await;
    }
    (
        StatusCode::FORBIDDEN,
        "Forbidden: this request comes from a page of another site. If that page is yours, name its \
         origin in listen.cors_origin\n",
    )
        .into_response()
}

/// Whether the request comes from a program, from our own pages, or from the origin
/// that is allowed.
fn is_own(headers: &HeaderMap, authority: Option<&str>, allowed: Option<&str>) -> bool {
    let text = |name| headers.get(name).and_then(|v| v.to_str().ok());
    let Some(origin) = text(header::ORIGIN) else {
        return !headers.contains_key(header::ORIGIN);
    };
    if allowed.is_some_and(|allowed| allowed == "*" || allowed == origin) {
        return true;
    }
    let host = origin.split_once("://").map(|(_, host)| host);
    host.is_some() && host == text(header::HOST).or(authority)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_of_other_sites_are_told_from_our_own() {
        let check = |origin: Option<&str>, allowed: Option<&str>, want: bool| {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, "127.0.0.1:9090".parse().expect("header"));
            if let Some(origin) = origin {
                headers.insert(header::ORIGIN, origin.parse().expect("header"));
            }
            assert_eq!(
                is_own(&headers, None, allowed),
                want,
                "{origin:?} {allowed:?}"
            );
            let host = headers.remove(header::HOST).expect("set above");
            let authority = host.to_str().ok();
            assert_eq!(
                is_own(&headers, authority, allowed),
                want,
                "HTTP/2 {origin:?} {allowed:?}"
            );
        };
        check(None, None, true);
        check(Some("http://127.0.0.1:9090"), None, true);
        check(Some("https://127.0.0.1:9090"), None, true);
        check(Some("http://127.0.0.1:8000"), None, false);
        check(Some("https://evil.example"), None, false);
        check(Some("null"), None, false);
        check(
            Some("https://ours.example"),
            Some("https://ours.example"),
            true,
        );
        check(
            Some("https://evil.example"),
            Some("https://ours.example"),
            false,
        );
        check(Some("https://any.example"), Some("*"), true);
    }
}
