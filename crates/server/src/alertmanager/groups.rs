//! `/alerts/groups`

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;

use super::encode::push_alert;
use super::{Refusal, filter, json_of};
use crate::http::json::{push_array, push_labels, push_string};
use crate::http::params::Params;
use crate::state::App;

/// `GET /alerts/groups`
pub(super) async fn list(State(app): State<Arc<App>>, params: Params) -> Result<Response, Refusal> {
    let filter = filter::read(app.alerting.as_ref(), &params)?;
    let groups = app.alerting.groups(&filter);
    let mut out = Vec::with_capacity(4096);
    push_array(&mut out, &groups, |out, group| {
        out.extend_from_slice(b"{\"alerts\":");
        push_array(out, &group.alerts, push_alert);
        out.extend_from_slice(b",\"labels\":");
        push_labels(out, &group.labels);
        out.extend_from_slice(b",\"receiver\":{\"name\":");
        push_string(out, &group.receiver);
        out.extend_from_slice(b"},\"routeLabels\":");
        push_labels(out, &group.route_labels);
        out.push(b'}');
    });
    Ok(json_of(out))
}
