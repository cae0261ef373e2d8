//! `/silences` and `/silence/{id}`

use std::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use binnacle_model::Matcher;
use binnacle_model::alert::{Silence, SilenceState};
use http::StatusCode;

use super::encode::push_silence;
use super::{Refusal, decode, filter, json_of, whole};
use crate::http::auth::User;
use crate::http::json::{push_array, push_string};
use crate::http::params::Params;
use crate::state::App;

/// `GET /silences`
pub(super) async fn list(State(app): State<Arc<App>>, params: Params) -> Result<Response, Refusal> {
    let matchers = filter::matchers(app.alerting.as_ref(), &params, "filter")?;
    let (active, pending, expired) = (
        filter::truth(&params, "active")?,
        filter::truth(&params, "pending")?,
        filter::truth(&params, "expired")?,
    );
    let now_ns = app.process.now_ms() * 1_000_000;
    let silences: Vec<(Silence, SilenceState)> = app
        .alerting
        .silences()
        .into_iter()
        .map(|s| {
            let state = s.state_at(now_ns);
            (s, state)
        })
        .filter(|(silence, state)| {
            let wanted = match state {
                SilenceState::Active => active,
                SilenceState::Pending => pending,
                SilenceState::Expired => expired,
            };
            wanted && has_matchers(silence, &matchers)
        })
        .collect();
    let mut out = Vec::with_capacity(silences.len() * 400 + 2);
    push_array(&mut out, &silences, |out, (silence, state)| {
        push_silence(out, silence, *state);
    });
    Ok(json_of(out))
}

/// Whether any set of the silence holds all of these matchers, literally.
fn has_matchers(silence: &Silence, wanted: &[Matcher]) -> bool {
    silence
        .matcher_sets
        .iter()
        .any(|set| wanted.iter().all(|m| set.contains(m)))
}

/// `GET /silence/{id}`
pub(super) async fn one(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    uuid(&id)?;
    let silences = app.alerting.silences();
    let Some(silence) = silences.iter().find(|s| s.id == id) else {
        return Ok(StatusCode::NOT_FOUND.into_response());
    };
    let mut out = Vec::with_capacity(400);
    let state = silence.state_at(app.process.now_ms() * 1_000_000);
    push_silence(&mut out, silence, state);
    Ok(json_of(out))
}

/// `DELETE /silence/{id}?by=`
///
/// The parameter is ours: Alertmanager's clients say nothing, and then it is whoever is
/// logged in.
pub(super) async fn expire(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    user: Option<Extension<User>>,
    params: Params,
) -> Result<Response, Refusal> {
    uuid(&id)?;
    let by = match (params.some("by"), user) {
        (Some(by), _) => by.to_owned(),
        (None, Some(Extension(User(name)))) => name,
        (None, None) => String::new(),
    };
    app.alerting.expire_silence(id, by).await?;
    Ok(StatusCode::OK.into_response())
}

/// Refuses what is no UUID, with the status that clients of Alertmanager know.
fn uuid(id: &str) -> Result<(), Refusal> {
    let ok = id.len() == 36
        && id.bytes().enumerate().all(|(i, b)| match i {
            8 | 13 | 18 | 23 => b == b'-',
            _ => b.is_ascii_hexdigit(),
        });
    if ok {
        return Ok(());
    }
    Err(Refusal {
        status: StatusCode::UNPROCESSABLE_ENTITY,
        message: format!("silenceID in path must be of type uuid: {id:?}"),
    })
}

/// `POST /silences`
pub(super) async fn set(State(app): State<Arc<App>>, body: Body) -> Result<Response, Refusal> {
    let body = whole(&app, body).await?;
    let silence = decode::silence(&body).map_err(Refusal::bad)?;
    check_times(&silence, app.process.now_ms() * 1_000_000)?;
    let id = app.alerting.set_silence(silence).await?;
    let mut out = b"{\"silenceID\":".to_vec();
    push_string(&mut out, &id);
    out.push(b'}');
    Ok(json_of(out))
}

fn check_times(silence: &Silence, now_ns: i64) -> Result<(), Refusal> {
    if silence.starts_at_ns >= silence.ends_at_ns {
        let message = "Failed to create silence: start time must be before end time";
        return Err(Refusal::bad(message));
    }
    if silence.ends_at_ns < now_ns {
        let message = "Failed to create silence: end time can't be in the past";
        return Err(Refusal::bad(message));
    }
    Ok(())
}
