//! All routes, and what every request passes on its way to them.

use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};

use axum::routing::get;
use http::{Method, StatusCode};

use crate::counters::Counters;
use crate::http::{auth, compress, headers, origin, rate};
use crate::state::App;
use crate::{alertmanager, lifecycle, loki, own, prometheus, receive, ui};

/// What a listener answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Face {
    /// Everything.
    Whole,
    /// What a Loki answers at its port: pushes, questions, and how it is.
    Loki,
    /// What shippers ask an Elasticsearch for.
    Elasticsearch,
}

/// The application as a listener shows it. From the outside in: security headers, rate
/// limit, authentication, origin, compression, handler. Each listener counts its own
/// requests against the rate limit.
pub fn router(app: &Arc<App>, face: Face) -> Router {
    let authenticator = Arc::new(auth::Authenticator::new(
        app.settings.web.basic_auth_users.clone(),
    ));
    let bucket = app
        .settings
        .web
        .rate_limit
        .map(|r| Arc::new(rate::Bucket::new(r, Instant::now())));
    let intake = receive::logs::Intake::of(app);
    let routes = match face {
        Face::Whole => whole(&intake),
        Face::Loki => loki::port(&intake),
        Face::Elasticsearch => receive::logs::elastic_routes(&intake),
    };
    routes
        .layer(middleware::from_fn(compress::gzip))
        .layer(middleware::from_fn_with_state(app.clone(), origin::guard))
        .layer(middleware::from_fn_with_state(
            (app.clone(), authenticator),
            auth::require,
        ))
        .layer(middleware::from_fn_with_state(
            (app.clone(), bucket),
            rate::limit,
        ))
        .layer(middleware::from_fn_with_state(app.clone(), count))
        .layer(middleware::from_fn_with_state(app.clone(), headers::set))
        .with_state(app.clone())
}

fn whole(intake: &Arc<receive::logs::Intake>) -> Router<Arc<App>> {
    Router::new()
        .nest("/api/v1", prometheus::routes().merge(receive::routes()))
        .nest("/api/v2", alertmanager::routes())
        .nest("/loki/api/v1", loki::routes())
        .nest("/prometheus/api/v1", loki::ruler_routes())
        .nest("/api/binnacle/v1", own::routes())
        .route("/federate", get(prometheus::federate::federate))
        .merge(receive::logs::routes(intake))
        .merge(lifecycle::routes())
        .fallback(ui::serve)
}

/// Counts answers, and answers `OPTIONS` for browsers of other origins.
async fn count(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    Counters::count(&app.counters.requests);
    if request.method() == Method::OPTIONS {
        return StatusCode::NO_CONTENT.into_response();
    }
    let response = next.run(request).await;
    if response.status().is_client_error() {
        Counters::count(&app.counters.responses_4xx);
    } else if response.status().is_server_error() {
        Counters::count(&app.counters.responses_5xx);
    }
    response
}
