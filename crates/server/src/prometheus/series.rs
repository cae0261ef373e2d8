//! `/series`, `/labels`, `/label/{name}/values`, `/metadata`.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use binnacle_model::annotation::Annotations;
use binnacle_model::matcher::Matcher;
use binnacle_model::query::SeriesQuery;

use crate::http::error::ApiError;
use crate::http::json::{push_array, push_key, push_labels, push_string};
use crate::http::params::Params;
use crate::http::time::{MAX_TIME_MS, MIN_TIME_MS};
use crate::prometheus::answer;
use crate::prometheus::query::truncated;
use crate::state::App;

/// `/series`
///
/// # Errors
/// Those of the parameters and of the engine.
pub async fn series(State(app): State<Arc<App>>, params: Params) -> Result<Response, ApiError> {
    if params.all("match[]").next().is_none() {
        return Err(ApiError::bad_data("no match[] parameter provided"));
    }
    let (query, limit) = series_query(&app, &params)?;
    let (mut all, mut annotations) = app.metrics.series(query).await?;
    cut(&mut all, &mut annotations, limit);
    Ok(answer::success_with(&annotations, "", |out| {
        push_array(out, &all, push_labels);
    }))
}

/// `/labels`
///
/// # Errors
/// Those of the parameters and of the engine.
pub async fn label_names(
    State(app): State<Arc<App>>,
    params: Params,
) -> Result<Response, ApiError> {
    let (query, limit) = series_query(&app, &params)?;
    let (names, annotations) = app.metrics.label_names(query).await?;
    Ok(strings(names, annotations, limit))
}

/// `/label/{name}/values`
///
/// # Errors
/// Those of the parameters and of the engine.
pub async fn label_values(
    State(app): State<Arc<App>>,
    Path(name): Path<String>,
    params: Params,
) -> Result<Response, ApiError> {
    let name = name
        .strip_prefix("U__")
        .map_or_else(|| name.clone(), unescape_values);
    if name.is_empty() {
        return Err(ApiError::bad_data("invalid label name: \"\""));
    }
    let (query, limit) = series_query(&app, &params)?;
    let (values, annotations) = app.metrics.label_values(name, query).await?;
    Ok(strings(values, annotations, limit))
}

/// Undoes the escaping of names in which `_` is doubled and any other character is
/// `_<hex>_`, which clients use for names that do not fit into a path.
fn unescape_values(escaped: &str) -> String {
    let whole = || format!("U__{escaped}");
    let mut out = String::with_capacity(escaped.len());
    let mut rest = escaped;
    while let Some(at) = rest.find('_') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(behind) = rest.strip_prefix('_') {
            out.push('_');
            rest = behind;
            continue;
        }
        let Some((hex, behind)) = rest.split_once('_') else {
            return whole();
        };
        let Some(c) = u32::from_str_radix(hex, 16).ok().and_then(char::from_u32) else {
            return whole();
        };
        out.push(c);
        rest = behind;
    }
    out.push_str(rest);
    out
}

fn strings(mut all: Vec<String>, mut annotations: Annotations, limit: usize) -> Response {
    cut(&mut all, &mut annotations, limit);
    answer::success_with(&annotations, "", |out| {
        push_array(out, &all, |out, text| push_string(out, text));
    })
}

fn cut<T>(all: &mut Vec<T>, annotations: &mut Annotations, limit: usize) {
    if limit > 0 && all.len() > limit {
        all.truncate(limit);
        annotations.add(truncated());
    }
}

/// The question, which asks for one more than the limit so that a cut shows, and
/// the limit.
fn series_query(app: &App, params: &Params) -> Result<(SeriesQuery, usize), ApiError> {
    let limit = params.limit("limit")?;
    let start_ms = params.time("start", MIN_TIME_MS)?;
    let end_ms = params.time("end", MAX_TIME_MS)?;
    let selectors = selectors(app, params)?;
    let limit_asked = if limit == 0 {
        0
    } else {
        limit.saturating_add(1)
    };
    Ok((
        SeriesQuery {
            selectors,
            start_ms,
            end_ms,
            limit: limit_asked,
        },
        limit,
    ))
}

/// The selectors of all `match[]`.
///
/// # Errors
/// When one does not parse, or would select everything.
pub(crate) fn selectors(app: &App, params: &Params) -> Result<Vec<Vec<Matcher>>, ApiError> {
    params
        .all("match[]")
        .map(|text| {
            let matchers = app
                .metrics
                .selector(text)
                .map_err(|e| ApiError::from(e).of_parameter("match[]"))?;
            if matchers.iter().all(Matcher::matches_empty) {
                return Err(ApiError::parameter(
                    "match[]",
                    "match[] must contain at least one non-empty matcher",
                ));
            }
            Ok(matchers)
        })
        .collect()
}

/// `/metadata`
///
/// # Errors
/// Those of the parameters and of the engine.
pub async fn metadata(State(app): State<Arc<App>>, params: Params) -> Result<Response, ApiError> {
    let number = |name: &str| -> Result<i64, ApiError> {
        params.some(name).map_or(Ok(-1), |text| {
            text.parse()
                .map_err(|_| ApiError::bad_data(format!("{name} must be a number")))
        })
    };
    let limit = number("limit")?;
    let limit_per_metric = number("limit_per_metric")?;
    let metric = params.some("metric").map(str::to_owned);
    let hint = usize::try_from(limit).unwrap_or(0);
    let mut all = app.metrics.metadata(metric, hint).await?;
    if let Ok(limit) = usize::try_from(limit) {
        all.truncate(limit);
    }
    Ok(answer::success(|out| {
        out.push(b'{');
        for (i, (name, entries)) in all.iter().enumerate() {
            if i > 0 {
                out.push(b',');
            }
            push_key(out, name);
            let shown = match usize::try_from(limit_per_metric) {
                Ok(n) if n > 0 => n,
                _ => usize::MAX,
            };
            push_array(out, entries.iter().take(shown), |out, entry| {
                out.push(b'{');
                push_key(out, "type");
                push_string(out, entry.kind.as_str());
                out.push(b',');
                push_key(out, "help");
                push_string(out, &entry.help);
                out.push(b',');
                push_key(out, "unit");
                push_string(out, &entry.unit);
                out.push(b'}');
            });
        }
        out.push(b'}');
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escaped_label_names() {
        let check = |escaped: &str, want: &str| assert_eq!(unescape_values(escaped), want);
        check("host_2e_name", "host.name");
        check("a__b", "a_b");
        check("plain", "plain");
        check("bad_zz_x", "U__bad_zz_x");
        check("cut_2e", "U__cut_2e");
    }
}
