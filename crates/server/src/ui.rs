//! The UI's files, and its pages: every path that is no file and no API is a page
//! of the single-page application.

use std::borrow::Cow;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode, Uri, header};

use crate::http::compress::accepts;
use crate::state::{App, Asset};

/// Answers a file or the application's page.
pub async fn serve(
    State(app): State<Arc<App>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let path = uri.path().trim_start_matches('/');
    if path.starts_with("api/") || path.starts_with("-/") {
        return (
            StatusCode::NOT_FOUND,
            format!("404: there is no {}\n", uri.path()),
        )
            .into_response();
    }
    if method != Method::GET && method != Method::HEAD {
        return StatusCode::METHOD_NOT_ALLOWED.into_response();
    }
    let (brotli, gzip) = (accepts(&headers, "br"), accepts(&headers, "gzip"));
    if !path.is_empty()
        && let Some(asset) = app.assets.get(path, brotli, gzip)
    {
        return file(asset);
    }
    // A path with an extension is a file that is not there, not a page.
    let is_page = !path.rsplit('/').next().unwrap_or("").contains('.');
    match app
        .assets
        .get("index.html", brotli, gzip)
        .filter(|_| is_page)
    {
        Some(page) => file(page),
        None if is_page => without_ui(),
        None => (StatusCode::NOT_FOUND, "404: no such file\n").into_response(),
    }
}

fn file(asset: Asset) -> Response {
    let body = match asset.bytes {
        Cow::Borrowed(bytes) => Body::from(Bytes::from_static(bytes)),
        Cow::Owned(bytes) => Body::from(bytes),
    };
    let caching = if asset.immutable {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    let mut response = (
        [
            (header::CONTENT_TYPE, asset.media_type),
            (header::CACHE_CONTROL, caching),
            (header::VARY, "Accept-Encoding"),
        ],
        body,
    )
        .into_response();
    if let Some(encoding) = asset.encoding {
        response.headers_mut().insert(
            header::CONTENT_ENCODING,
            http::HeaderValue::from_static(encoding),
        );
    }
    response
}

/// What is shown when the binary was built without the UI.
fn without_ui() -> Response {
    (
        [(header::CONTENT_TYPE, "text/html; charset=utf-8")],
        "<!doctype html><title>Binnacle</title><p>Binnacle is running, but this binary was built \
         without its web UI. Build it with <code>make ui</code> and build the binary again. The \
         API is at <code>/api/v1/</code>.",
    )
        .into_response()
}
