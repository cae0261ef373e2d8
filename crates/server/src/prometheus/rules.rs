//! `/rules`, `/alerts`, `/alertmanagers`.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use binnacle_model::alert::{
    ActiveAlert, AlertState, Fingerprint, RuleGroup, RuleKind, RuleStatus, Texts,
};
use binnacle_model::matcher::all_match;
use binnacle_model::number::write_exponent;
use binnacle_model::{Labels, Matcher};

use crate::http::error::ApiError;
use crate::http::json::{push_array, push_key, push_labels, push_pairs, push_string};
use crate::http::number::push_json_float;
use crate::http::params::Params;
use crate::http::time::format_rfc3339;
use crate::prometheus::answer;
use crate::state::App;

/// The language of rules over lines.
const LOGQL: &str = "logql";

/// `/alerts`
pub async fn alerts(State(app): State<Arc<App>>) -> Response {
    active(&app, |_| true)
}

/// `/alerts` as Loki answers it: those of rules over lines.
pub async fn alerts_over_lines(State(app): State<Arc<App>>) -> Response {
    active(&app, |rule| rule.language == LOGQL)
}

fn active(app: &App, is_wanted: impl Fn(&RuleStatus) -> bool) -> Response {
    let groups = app.rules.groups();
    let active = groups
        .iter()
        .flat_map(|g| &g.rules)
        .filter(|rule| is_wanted(rule))
        .filter_map(|rule| match &rule.kind {
            RuleKind::Alerting { alerts, .. } => Some(alerts),
            RuleKind::Recording => None,
        })
        .flatten();
    answer::success(|out| {
        out.extend_from_slice(b"{\"alerts\":");
        push_array(out, active, push_alert);
        out.push(b'}');
    })
}

/// `/alertmanagers`
pub async fn alertmanagers(State(app): State<Arc<App>>) -> Response {
    answer::success(|out| {
        for (i, (key, urls)) in [
            ("activeAlertmanagers", app.alertmanagers.active()),
            ("droppedAlertmanagers", app.alertmanagers.dropped()),
        ]
        .iter()
        .enumerate()
        {
            out.push(if i == 0 { b'{' } else { b',' });
            push_key(out, key);
            push_array(out, urls, |out, url| {
                out.extend_from_slice(b"{\"url\":");
                push_string(out, url);
                out.push(b'}');
            });
        }
        out.push(b'}');
    })
}

/// What `/rules` is asked for.
struct Wanted {
    alerting: bool,
    recording: bool,
    names: Vec<String>,
    groups: Vec<String>,
    files: Vec<String>,
    selectors: Vec<Vec<Matcher>>,
    exclude_alerts: bool,
    group_limit: usize,
    next_token: String,
    /// Only rules in this language; empty: all.
    language: String,
}

impl Wanted {
    fn read(app: &App, params: &Params) -> Result<Self, ApiError> {
        let all = |name: &str| params.all(name).map(str::to_owned).collect::<Vec<_>>();
        let kind = params.get("type").to_ascii_lowercase();
        if !matches!(kind.as_str(), "" | "alert" | "record") {
            let message = format!("not supported value {kind:?}");
            return Err(ApiError::parameter("type", message));
        }
        let selectors = params
            .all("match[]")
            .map(|text| app.metrics.selector(text))
            .collect::<Result<Vec<_>, _>>()?;
        let (group_limit, next_token) = page(params)?;
        Ok(Self {
            alerting: kind != "record",
            recording: kind != "alert",
            names: all("rule_name[]"),
            groups: all("rule_group[]"),
            files: all("file[]"),
            selectors,
            exclude_alerts: params.boolean("exclude_alerts")?,
            group_limit,
            next_token,
            language: params.get("language").to_owned(),
        })
    }

    fn group(&self, group: &RuleGroup) -> bool {
        let among = |list: &[String], name: &str| list.is_empty() || list.iter().any(|n| n == name);
        among(&self.groups, &group.name) && among(&self.files, &group.file)
    }

    fn rule(&self, rule: &RuleStatus) -> bool {
        let kind = match rule.kind {
            RuleKind::Recording => self.recording,
            RuleKind::Alerting { .. } => self.alerting,
        };
        kind && (self.language.is_empty() || self.language == rule.language)
            && (self.names.is_empty() || self.names.contains(&rule.name))
            && (self.selectors.is_empty()
                || self.selectors.iter().any(|s| all_match(s, &rule.labels)))
    }
}

fn page(params: &Params) -> Result<(usize, String), ApiError> {
    let token = params.get("group_next_token").to_owned();
    let Some(limit) = params.some("group_limit") else {
        if token.is_empty() {
            return Ok((0, token));
        }
        let message = "group_limit needs to be present in order to paginate over the groups";
        return Err(ApiError::parameter("group_next_token", message));
    };
    let wrong = |message: &str| Err(ApiError::parameter("group_limit", message));
    match limit.parse::<i32>() {
        Ok(n) if n > 0 => Ok((usize::try_from(n).unwrap_or(usize::MAX), token)),
        Ok(_) => wrong("group_limit needs to be greater than 0"),
        Err(_) => wrong(&format!(
            "group_limit needs to be a valid number: {limit:?} is none"
        )),
    }
}

/// Names a group in a page's token: opaque to clients, and stable.
fn token_of(group: &RuleGroup) -> String {
    let labels = Labels::from_pairs([("file", &group.file), ("group", &group.name)]);
    Fingerprint::of(&labels).to_string()
}

/// `/rules`
pub async fn rules(State(app): State<Arc<App>>, params: Params) -> Result<Response, ApiError> {
    respond(&app, &Wanted::read(&app, &params)?)
}

/// `/rules` as Loki answers it: those over lines.
pub async fn rules_over_lines(
    State(app): State<Arc<App>>,
    params: Params,
) -> Result<Response, ApiError> {
    let mut wanted = Wanted::read(&app, &params)?;
    wanted.language = LOGQL.to_owned();
    respond(&app, &wanted)
}

fn respond(app: &App, wanted: &Wanted) -> Result<Response, ApiError> {
    let groups = app.rules.groups();
    let mut from = 0;
    if !wanted.next_token.is_empty() {
        from = groups
            .iter()
            .position(|g| token_of(g) == wanted.next_token)
            .ok_or_else(|| {
                let message = format!(
                    "invalid group_next_token '{}'. were rule groups changed?",
                    wanted.next_token
                );
                ApiError::parameter("group_next_token", message)
            })?;
    }
    let mut shown: Vec<(&RuleGroup, Vec<&RuleStatus>)> = Vec::new();
    let mut next = None;
    for group in groups[from..].iter().filter(|g| wanted.group(g)) {
        let rules: Vec<&RuleStatus> = group.rules.iter().filter(|r| wanted.rule(r)).collect();
        if rules.is_empty() {
            continue;
        }
        if wanted.group_limit > 0 && shown.len() == wanted.group_limit {
            next = Some(token_of(group));
            break;
        }
        shown.push((group, rules));
    }
    Ok(answer::success(|out| {
        out.extend_from_slice(b"{\"groups\":");
        push_array(out, &shown, |out, (group, rules)| {
            push_group(out, group, rules, wanted.exclude_alerts);
        });
        if let Some(token) = &next {
            out.extend_from_slice(b",\"groupNextToken\":");
            push_string(out, token);
        }
        out.push(b'}');
    }))
}

fn push_group(out: &mut Vec<u8>, group: &RuleGroup, rules: &[&RuleStatus], exclude_alerts: bool) {
    out.extend_from_slice(b"{\"name\":");
    push_string(out, &group.name);
    out.extend_from_slice(b",\"file\":");
    push_string(out, &group.file);
    out.extend_from_slice(b",\"rules\":");
    push_array(out, rules, |out, rule| push_rule(out, rule, exclude_alerts));
    out.extend_from_slice(b",\"interval\":");
    push_json_float(out, group.interval_ms as f64 / 1000.0);
    out.extend_from_slice(b",\"limit\":");
    out.extend_from_slice(group.limit.to_string().as_bytes());
    out.extend_from_slice(b",\"evaluationTime\":");
    push_json_float(out, group.evaluation_seconds);
    out.extend_from_slice(b",\"lastEvaluation\":");
    push_string(out, &format_rfc3339(group.last_evaluation_ms));
    // What only this server says of a group.
    out.extend_from_slice(b",\"queryOffset\":");
    push_json_float(out, group.query_offset_ms as f64 / 1000.0);
    out.extend_from_slice(b",\"iterations\":");
    out.extend_from_slice(group.iterations.to_string().as_bytes());
    out.extend_from_slice(b",\"missedIterations\":");
    out.extend_from_slice(group.missed.to_string().as_bytes());
    out.push(b'}');
}

fn push_rule(out: &mut Vec<u8>, rule: &RuleStatus, exclude_alerts: bool) {
    out.push(b'{');
    if let RuleKind::Alerting { state, .. } = &rule.kind {
        out.extend_from_slice(b"\"state\":");
        push_string(out, state.as_str());
        out.push(b',');
    }
    out.extend_from_slice(b"\"name\":");
    push_string(out, &rule.name);
    out.extend_from_slice(b",\"query\":");
    push_string(out, &rule.expr);
    out.extend_from_slice(b",\"language\":");
    push_string(out, rule.language);
    if let RuleKind::Alerting {
        hold_ms,
        keep_firing_for_ms,
        ..
    } = &rule.kind
    {
        out.extend_from_slice(b",\"duration\":");
        push_json_float(out, *hold_ms as f64 / 1000.0);
        out.extend_from_slice(b",\"keepFiringFor\":");
        push_json_float(out, *keep_firing_for_ms as f64 / 1000.0);
    }
    out.extend_from_slice(b",\"labels\":");
    push_labels(out, &rule.labels);
    if let RuleKind::Alerting {
        annotations,
        alerts,
        ..
    } = &rule.kind
    {
        out.extend_from_slice(b",\"annotations\":");
        push_texts(out, annotations);
        out.extend_from_slice(b",\"alerts\":");
        if exclude_alerts {
            out.extend_from_slice(b"null");
        } else {
            push_array(out, alerts, push_alert);
        }
    }
    out.extend_from_slice(b",\"health\":");
    push_string(out, rule.health.as_str());
    if !rule.last_error.is_empty() {
        out.extend_from_slice(b",\"lastError\":");
        push_string(out, &rule.last_error);
    }
    out.extend_from_slice(b",\"evaluationTime\":");
    push_json_float(out, rule.evaluation_seconds);
    out.extend_from_slice(b",\"lastEvaluation\":");
    push_string(out, &format_rfc3339(rule.last_evaluation_ms));
    out.extend_from_slice(match rule.kind {
        RuleKind::Recording => b",\"type\":\"recording\"".as_slice(),
        RuleKind::Alerting { .. } => b",\"type\":\"alerting\"",
    });
    // What only this server says of a rule: its cost, its place, what the linter says.
    out.extend_from_slice(b",\"series\":");
    out.extend_from_slice(rule.series.to_string().as_bytes());
    out.extend_from_slice(b",\"samples\":");
    out.extend_from_slice(rule.samples.to_string().as_bytes());
    out.extend_from_slice(b",\"line\":");
    out.extend_from_slice(rule.line.to_string().as_bytes());
    if !rule.findings.is_empty() {
        out.extend_from_slice(b",\"findings\":");
        push_array(out, &rule.findings, |out, text| push_string(out, text));
    }
    out.push(b'}');
}

fn push_alert(out: &mut Vec<u8>, alert: &ActiveAlert) {
    debug_assert!(alert.state >= AlertState::Inactive);
    out.extend_from_slice(b"{\"labels\":");
    push_labels(out, &alert.labels);
    out.extend_from_slice(b",\"annotations\":");
    push_texts(out, &alert.annotations);
    out.extend_from_slice(b",\"state\":");
    push_string(out, alert.state.as_str());
    out.extend_from_slice(b",\"activeAt\":");
    push_string(out, &format_rfc3339(alert.active_at_ms));
    if let Some(since) = alert.keep_firing_since_ms {
        out.extend_from_slice(b",\"keepFiringSince\":");
        push_string(out, &format_rfc3339(since));
    }
    out.extend_from_slice(b",\"value\":");
    let mut value = String::new();
    // Writing to a string never fails.
    let _ = write_exponent(&mut value, alert.value);
    push_string(out, &value);
    out.push(b'}');
}

/// Appends texts as an object.
pub fn push_texts(out: &mut Vec<u8>, texts: &Texts) {
    push_pairs(out, texts.iter().map(|(n, v)| (n.as_str(), v.as_str())));
}
