//! `/status` and `/receivers`

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;

use super::{Refusal, filter, json_of};
use crate::http::json::{push_array, push_labels, push_string};
use crate::http::params::Params;
use crate::http::time::push_nanos;
use crate::state::App;

/// The version of Alertmanager whose API is spoken: clients decide by it.
const VERSION: &str = "0.34.0";

/// `GET /status`
pub(super) async fn status(State(app): State<Arc<App>>) -> Response {
    let status = app.alerting.status();
    let build = app.process.build();
    let mut out = Vec::with_capacity(status.config.len() + 512);
    // There is no cluster: state is shared through a database where two servers run.
    out.extend_from_slice(
        b"{\"cluster\":{\"peers\":[],\"status\":\"disabled\"},\"config\":{\"original\":",
    );
    push_string(&mut out, &status.config);
    out.extend_from_slice(b"},\"uptime\":\"");
    push_nanos(&mut out, status.started_ms * 1_000_000);
    out.extend_from_slice(b"\",\"versionInfo\":{\"branch\":\"HEAD\",\"buildDate\":\"\",\"buildUser\":\"\",\"goVersion\":\"\",\"revision\":");
    push_string(&mut out, build.revision);
    out.extend_from_slice(b",\"version\":");
    push_string(&mut out, VERSION);
    out.extend_from_slice(b",\"binnacle\":");
    push_string(&mut out, build.version);
    out.extend_from_slice(b"}}");
    json_of(out)
}

/// `GET /receivers`
pub(super) async fn receivers(
    State(app): State<Arc<App>>,
    params: Params,
) -> Result<Response, Refusal> {
    let matchers = filter::receiver_matchers(app.alerting.as_ref(), &params)?;
    let receivers = app.alerting.receivers(&matchers);
    let mut out = Vec::with_capacity(256);
    push_array(&mut out, &receivers, |out, receiver| {
        out.extend_from_slice(b"{\"labels\":");
        push_labels(out, &receiver.labels);
        out.extend_from_slice(b",\"name\":");
        push_string(out, &receiver.name);
        out.push(b'}');
    });
    Ok(json_of(out))
}
