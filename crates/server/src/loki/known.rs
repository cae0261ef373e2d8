//! `/api/binnacle/v1/logs/patterns`: the patterns that are remembered of each service.
//!
//! `state` (`new`, `vanished` or `known`) and `service` narrow the answer.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;

use crate::http::error::ApiError;
use crate::http::json::{push_array, push_key, push_string};
use crate::http::number::push_time;
use crate::http::params::Params;
use crate::prometheus::answer;
use crate::state::App;

const STATES: [&str; 3] = ["new", "vanished", "known"];

/// `/logs/patterns`
pub(crate) async fn patterns(
    State(app): State<Arc<App>>,
    params: Params,
) -> Result<Response, ApiError> {
    let (state, service) = (params.get("state"), params.get("service"));
    if !state.is_empty() && !STATES.contains(&state) {
        let message = format!(
            "{state:?} is no state of a pattern: there are {}",
            STATES.join(", ")
        );
        return Err(ApiError::parameter("state", message));
    }
    let mut known = app.logs.known_patterns();
    known.retain(|p| {
        (state.is_empty() || p.state == state) && (service.is_empty() || p.service == service)
    });
    known.sort_by(|a, b| {
        b.first_ms
            .cmp(&a.first_ms)
            .then_with(|| b.lines.cmp(&a.lines))
    });
    Ok(answer::success(|out| {
        push_array(out, &known, |out, p| {
            out.push(b'{');
            let texts = [
                ("service_name", p.service.as_str()),
                ("pattern", &p.pattern),
                ("level", &p.level),
                ("state", p.state),
            ];
            for (key, value) in texts {
                push_key(out, key);
                push_string(out, value);
                out.push(b',');
            }
            push_key(out, "firstSeen");
            push_time(out, p.first_ms);
            out.push(b',');
            push_key(out, "lastSeen");
            push_time(out, p.last_ms);
            out.push(b',');
            push_key(out, "lines");
            out.extend_from_slice(p.lines.to_string().as_bytes());
            out.push(b'}');
        });
    }))
}
