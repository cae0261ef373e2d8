//! `/status/*`: what the process, its configuration and its storage are like.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use binnacle_model::query::Count;

use crate::http::error::ApiError;
use crate::http::json::{push_array, push_key, push_pairs, push_string};
use crate::http::params::Params;
use crate::http::time::format_rfc3339;
use crate::prometheus::answer;
use crate::state::App;

/// Length of each list of `/status/tsdb` when none is asked for.
const TSDB_LIMIT: usize = 10;
/// The most that may be asked for.
const TSDB_LIMIT_MAX: usize = 10_000;

/// `/status/config`
pub async fn config(State(app): State<Arc<App>>) -> Response {
    let yaml = app.process.config_yaml();
    answer::success(|out| {
        out.push(b'{');
        push_key(out, "yaml");
        push_string(out, &yaml);
        out.push(b'}');
    })
}

/// `/status/flags`
pub async fn flags(State(app): State<Arc<App>>) -> Response {
    let flags = app.process.flags();
    answer::success(|out| {
        push_pairs(out, flags.iter().map(|(n, v)| (n.as_str(), v.as_str())));
    })
}

fn push_object(out: &mut Vec<u8>, fields: &[(&str, Field<'_>)]) {
    out.push(b'{');
    for (i, (key, field)) in fields.iter().enumerate() {
        if i > 0 {
            out.push(b',');
        }
        push_key(out, key);
        match field {
            Field::Text(text) => push_string(out, text),
            Field::Number(n) => out.extend_from_slice(n.to_string().as_bytes()),
            Field::Truth(b) => out.extend_from_slice(if *b { b"true" } else { b"false" }),
        }
    }
    out.push(b'}');
}

enum Field<'a> {
    Text(&'a str),
    Number(i64),
    Truth(bool),
}

fn number(n: u64) -> Field<'static> {
    Field::Number(i64::try_from(n).unwrap_or(i64::MAX))
}

/// `/status/runtimeinfo`. Fields that only a Go program has are there with the
/// nearest meaning, so that clients that expect them can read the answer.
pub async fn runtime(State(app): State<Arc<App>>) -> Response {
    let info = app.process.runtime();
    answer::success(|out| {
        push_object(
            out,
            &[
                ("startTime", Field::Text(&format_rfc3339(info.started_ms))),
                ("CWD", Field::Text(&info.working_directory)),
                ("hostname", Field::Text(&info.hostname)),
                (
                    "serverTime",
                    Field::Text(&format_rfc3339(app.process.now_ms())),
                ),
                ("reloadConfigSuccess", Field::Truth(info.reload_ok)),
                (
                    "lastConfigTime",
                    Field::Text(&format_rfc3339(info.config_loaded_ms)),
                ),
                ("corruptionCount", number(info.corruptions)),
                ("goroutineCount", number(info.threads)),
                ("GOMAXPROCS", number(info.processors)),
                ("GOMEMLIMIT", Field::Number(i64::MAX)),
                ("GOGC", Field::Text("")),
                ("GODEBUG", Field::Text("")),
                ("storageRetention", Field::Text(&info.retention)),
                ("threads", number(info.threads)),
                ("residentBytes", number(info.resident_bytes)),
                ("storageBytes", number(info.storage_bytes)),
            ],
        );
    })
}

/// `/status/buildinfo`. The version is that of the Prometheus API that is spoken,
/// because Grafana and others decide by it what they may ask for; our own is
/// beside it.
pub async fn build(State(app): State<Arc<App>>) -> Response {
    let build = app.process.build();
    answer::success(|out| {
        push_object(
            out,
            &[
                ("version", Field::Text(PROMETHEUS_API_VERSION)),
                ("revision", Field::Text(build.revision)),
                ("branch", Field::Text("")),
                ("buildUser", Field::Text("")),
                ("buildDate", Field::Text("")),
                ("goVersion", Field::Text("")),
                ("application", Field::Text("Binnacle")),
                ("applicationVersion", Field::Text(build.version)),
                ("rustcVersion", Field::Text(build.rustc)),
            ],
        );
    })
}

/// The Prometheus release whose API this is.
pub const PROMETHEUS_API_VERSION: &str = "3.5.0";

/// `/status/tsdb`
///
/// # Errors
/// Those of the parameters and of the engine.
pub async fn tsdb(State(app): State<Arc<App>>, params: Params) -> Result<Response, ApiError> {
    let limit = match params.some("limit") {
        None => TSDB_LIMIT,
        Some(text) => match text.parse::<usize>() {
            Ok(n) if (1..=TSDB_LIMIT_MAX).contains(&n) => n,
            Ok(_) => {
                return Err(ApiError::parameter(
                    "limit",
                    format!("limit must be between 1 and {TSDB_LIMIT_MAX}"),
                ));
            }
            Err(_) => {
                return Err(ApiError::parameter(
                    "limit",
                    "limit must be a positive number",
                ));
            }
        },
    };
    let c = app.metrics.cardinality(limit).await?;
    Ok(answer::success(|out| {
        out.push(b'{');
        push_key(out, "headStats");
        push_object(
            out,
            &[
                ("numSeries", number(c.head_series)),
                ("numLabelPairs", number(c.label_pairs)),
                ("chunkCount", number(c.head_chunks)),
                ("minTime", Field::Number(c.min_t_ms)),
                ("maxTime", Field::Number(c.max_t_ms)),
            ],
        );
        for (key, list) in [
            ("seriesCountByMetricName", &c.series_by_metric),
            ("labelValueCountByLabelName", &c.values_by_label),
            ("memoryInBytesByLabelName", &c.bytes_by_label),
            ("seriesCountByLabelValuePair", &c.series_by_pair),
        ] {
            out.push(b',');
            push_key(out, key);
            push_array(out, list.iter().take(limit), push_count);
        }
        out.push(b'}');
    }))
}

fn push_count(out: &mut Vec<u8>, count: &Count) {
    push_object(
        out,
        &[
            ("name", Field::Text(&count.name)),
            ("value", number(count.value)),
        ],
    );
}

/// `/status/walreplay`
pub async fn replay(State(app): State<Arc<App>>) -> Response {
    let state = app.metrics.replay();
    let word = if state.done { "done" } else { "in progress" };
    answer::success(|out| {
        push_object(
            out,
            &[
                ("min", number(state.min)),
                ("max", number(state.max)),
                ("current", number(state.current)),
                ("state", Field::Text(word)),
            ],
        );
    })
}
