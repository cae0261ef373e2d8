//! `/targets`, `/targets/metadata`, `/targets/relabel_steps`, `/scrape_pools`.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use binnacle_model::Labels;
use binnacle_model::matcher::all_match;

use crate::http::error::{ApiError, ErrorType};
use crate::http::json::{push_array, push_key, push_labels, push_pairs, push_string};
use crate::http::number::push_json_float;
use crate::http::params::Params;
use crate::http::time::format_rfc3339;
use crate::prometheus::answer;
use crate::state::{ActiveTarget, App};

/// `/scrape_pools`
pub async fn pools(State(app): State<Arc<App>>) -> Response {
    let pools = app.targets.pools();
    answer::success(|out| {
        out.push(b'{');
        push_key(out, "scrapePools");
        push_array(out, &pools, |out, pool| push_string(out, pool));
        out.push(b'}');
    })
}

/// `/targets`
pub async fn targets(State(app): State<Arc<App>>, params: Params) -> Response {
    let state = params.get("state").to_ascii_lowercase();
    let wants = |kind: &str| state.is_empty() || state == "any" || state == kind;
    let in_pool = |pool: &str| {
        params
            .some("scrapePool")
            .is_none_or(|wanted| wanted == pool)
    };
    let mut active = if wants("active") {
        app.targets.active()
    } else {
        Vec::new()
    };
    active.retain(|t| in_pool(&t.pool));
    let (mut dropped, counts) = if wants("dropped") {
        (app.targets.dropped(), Some(app.targets.dropped_counts()))
    } else {
        (Vec::new(), None)
    };
    dropped.retain(|t| in_pool(&t.pool));
    answer::success(|out| {
        out.push(b'{');
        push_key(out, "activeTargets");
        push_array(out, &active, push_active);
        out.push(b',');
        push_key(out, "droppedTargets");
        push_array(out, &dropped, |out, target| {
            out.extend_from_slice(b"{\"discoveredLabels\":");
            push_pairs(out, pairs(&target.discovered));
            out.extend_from_slice(b",\"scrapePool\":");
            push_string(out, &target.pool);
            out.push(b'}');
        });
        out.push(b',');
        push_key(out, "droppedTargetCounts");
        match counts {
            None => out.extend_from_slice(b"null"),
            Some(counts) => {
                out.push(b'{');
                for (i, (pool, count)) in counts.iter().enumerate() {
                    if i > 0 {
                        out.push(b',');
                    }
                    push_key(out, pool);
                    out.extend_from_slice(count.to_string().as_bytes());
                }
                out.push(b'}');
            }
        }
        out.push(b'}');
    })
}

fn pairs(pairs: &[(String, String)]) -> impl Iterator<Item = (&str, &str)> {
    pairs.iter().map(|(n, v)| (n.as_str(), v.as_str()))
}

fn push_active(out: &mut Vec<u8>, target: &ActiveTarget) {
    let text = |out: &mut Vec<u8>, key: &str, value: &str| {
        out.push(b',');
        push_key(out, key);
        push_string(out, value);
    };
    out.extend_from_slice(b"{\"discoveredLabels\":");
    push_pairs(out, pairs(&target.discovered));
    out.extend_from_slice(b",\"labels\":");
    push_labels(out, &target.labels);
    text(out, "scrapePool", &target.pool);
    text(out, "scrapeUrl", &target.url);
    text(out, "globalUrl", &target.global_url);
    text(out, "lastError", &target.last_error);
    text(out, "lastScrape", &format_rfc3339(target.last_scrape_ms));
    out.push(b',');
    push_key(out, "lastScrapeDuration");
    push_json_float(out, target.last_duration_seconds);
    text(out, "health", target.health.as_str());
    text(out, "scrapeInterval", &target.interval);
    text(out, "scrapeTimeout", &target.timeout);
    out.push(b'}');
}

/// `/targets/metadata`
///
/// # Errors
/// Those of the parameters.
pub async fn metadata(State(app): State<Arc<App>>, params: Params) -> Result<Response, ApiError> {
    let limit = match params.some("limit") {
        None => usize::MAX,
        Some(text) => {
            let limit: i64 = text
                .parse()
                .map_err(|_| ApiError::bad_data("limit must be a number"))?;
            usize::try_from(limit).unwrap_or(usize::MAX)
        }
    };
    let matchers = match params.some("match_target") {
        None => Vec::new(),
        Some(text) => app
            .metrics
            .selector(text)
            .map_err(|e| ApiError::from(e).of_parameter("match_target"))?,
    };
    let metric = params.some("metric");
    let all = app.targets.metadata(metric);
    let shown = all
        .iter()
        .filter(|m| all_match(&matchers, &m.target))
        .take(limit);
    Ok(answer::success(|out| {
        push_array(out, shown, |out, entry| {
            out.extend_from_slice(b"{\"target\":");
            push_labels(out, &entry.target);
            let fields = [
                ("metric", entry.metric.as_str()),
                ("type", entry.metadata.kind.as_str()),
                ("help", &entry.metadata.help),
                ("unit", &entry.metadata.unit),
            ];
            for (key, value) in fields {
                // The family's name is left out when it was asked for by name.
                if key == "metric" && metric.is_some() {
                    continue;
                }
                out.push(b',');
                push_key(out, key);
                push_string(out, value);
            }
            out.push(b'}');
        });
    }))
}

/// `/targets/relabel_steps`
///
/// # Errors
/// Those of the parameters, and when there is no such pool.
pub async fn relabel_steps(
    State(app): State<Arc<App>>,
    params: Params,
) -> Result<Response, ApiError> {
    let pool = params
        .some("scrapePool")
        .ok_or_else(|| ApiError::bad_data("no scrapePool parameter provided"))?;
    let text = params
        .some("labels")
        .ok_or_else(|| ApiError::bad_data("no labels parameter provided"))?;
    let labels: std::collections::BTreeMap<String, String> = serde_json::from_str(text)
        .map_err(|e| ApiError::parameter("labels", format!("not a JSON object of strings: {e}")))?;
    let discovered: Vec<(String, String)> = labels.into_iter().collect();
    let steps = app
        .targets
        .relabel_steps(pool, &discovered)
        .ok_or_else(|| ApiError {
            kind: ErrorType::BadData,
            message: format!("scrape pool not found: {pool:?}"),
        })?;
    Ok(answer::success(|out| {
        out.extend_from_slice(b"{\"steps\":");
        push_array(out, &steps, |out, step| {
            out.extend_from_slice(b"{\"rule\":");
            push_pairs(out, step.rule.iter().map(|(n, v)| (*n, v.as_str())));
            out.extend_from_slice(b",\"output\":");
            push_labels(
                out,
                &Labels::from_pairs(step.output.iter().map(|(n, v)| (n, v))),
            );
            out.extend_from_slice(b",\"keep\":");
            out.extend_from_slice(if step.keep { b"true" } else { b"false" });
            out.push(b'}');
        });
        out.push(b'}');
    }))
}
