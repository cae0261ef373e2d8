//! `/rules`: Loki's ruler API, for reading. Rules are files here; what changes them is
//! their editor and a reload.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use binnacle_model::alert::{RuleGroup, RuleKind, RuleStatus};
use binnacle_model::duration;
use http::{StatusCode, header};

use crate::http::json::push_string;
use crate::state::App;

const LOGQL: &str = "logql";

/// The groups with rules over lines by file, under what Loki calls a namespace: the name of
/// the file, or its path where another file has that name.
fn namespaces(app: &App) -> Vec<(String, Vec<RuleGroup>)> {
    let mut by_file: BTreeMap<String, Vec<RuleGroup>> = BTreeMap::new();
    for group in app.rules.groups() {
        let mut group = RuleGroup::clone(&group);
        group.rules.retain(|rule| rule.language == LOGQL);
        if !group.rules.is_empty() {
            by_file.entry(group.file.clone()).or_default().push(group);
        }
    }
    named(by_file)
}

fn named<G>(by_file: BTreeMap<String, G>) -> Vec<(String, G)> {
    let name = |path: &str| path.rsplit('/').next().unwrap_or_default().to_owned();
    let mut files: BTreeMap<String, usize> = BTreeMap::new();
    for path in by_file.keys() {
        *files.entry(name(path)).or_default() += 1;
    }
    let shown = |path: String| match name(&path) {
        name if files.get(&name) == Some(&1) => name,
        _ => path,
    };
    by_file
        .into_iter()
        .map(|(path, groups)| (shown(path), groups))
        .collect()
}

/// `/rules`
pub(super) async fn all(State(app): State<Arc<App>>) -> Response {
    respond(&namespaces(&app))
}

/// `/rules/{namespace}`
pub(super) async fn namespace(
    State(app): State<Arc<App>>,
    Path(namespace): Path<String>,
) -> Response {
    let mut found = namespaces(&app);
    found.retain(|(name, _)| *name == namespace);
    respond(&found)
}

/// `/rules/{namespace}/{group}`
pub(super) async fn group(
    State(app): State<Arc<App>>,
    Path((namespace, group)): Path<(String, String)>,
) -> Response {
    let found = namespaces(&app)
        .into_iter()
        .filter(|(name, _)| *name == namespace)
        .flat_map(|(_, groups)| groups)
        .find(|g| g.name == group);
    match found {
        None => (StatusCode::NOT_FOUND, "group does not exist\n").into_response(),
        Some(found) => {
            let mut out = Vec::new();
            push_group(&mut out, &found, "");
            yaml(out)
        }
    }
}

fn respond(namespaces: &[(String, Vec<RuleGroup>)]) -> Response {
    if namespaces.is_empty() {
        return (StatusCode::NOT_FOUND, "no rule groups found\n").into_response();
    }
    let mut out = Vec::new();
    for (name, groups) in namespaces {
        push_string(&mut out, name);
        out.extend_from_slice(b":\n");
        for group in groups {
            out.extend_from_slice(b"    - ");
            push_group(&mut out, group, "      ");
        }
    }
    yaml(out)
}

fn yaml(body: Vec<u8>) -> Response {
    ([(header::CONTENT_TYPE, "application/yaml")], body).into_response()
}

/// A key and a text, quoted as JSON, which is YAML too.
fn push_text(out: &mut Vec<u8>, indent: &str, key: &str, value: &str) {
    out.extend_from_slice(format!("{indent}{key}: ").as_bytes());
    push_string(out, value);
    out.push(b'\n');
}

fn push_map<'a>(
    out: &mut Vec<u8>,
    indent: &str,
    key: &str,
    pairs: impl Iterator<Item = (&'a str, &'a str)>,
) {
    let mut pairs = pairs.peekable();
    if pairs.peek().is_none() {
        return;
    }
    out.extend_from_slice(format!("{indent}{key}:\n").as_bytes());
    for (name, value) in pairs {
        push_text(out, &format!("{indent}  "), name, value);
    }
}

/// A group; its first key stands where the cursor is.
fn push_group(out: &mut Vec<u8>, group: &RuleGroup, indent: &str) {
    push_text(out, "", "name", &group.name);
    push_text(out, indent, "interval", &duration::print(group.interval_ms));
    if group.limit > 0 {
        out.extend_from_slice(format!("{indent}limit: {}\n", group.limit).as_bytes());
    }
    out.extend_from_slice(format!("{indent}rules:\n").as_bytes());
    for rule in &group.rules {
        push_rule(out, rule, indent);
    }
}

fn push_rule(out: &mut Vec<u8>, rule: &RuleStatus, indent: &str) {
    let inner = format!("{indent}    ");
    let key = match rule.kind {
        RuleKind::Recording => "record",
        RuleKind::Alerting { .. } => "alert",
    };
    push_text(out, &format!("{indent}  - "), key, &rule.name);
    push_text(out, &inner, "expr", &rule.expr);
    if let RuleKind::Alerting {
        hold_ms,
        keep_firing_for_ms,
        annotations,
        ..
    } = &rule.kind
    {
        for (key, ms) in [("for", hold_ms), ("keep_firing_for", keep_firing_for_ms)] {
            if *ms > 0 {
                push_text(out, &inner, key, &duration::print(*ms));
            }
        }
        let pairs = annotations.iter().map(|(n, v)| (n.as_str(), v.as_str()));
        push_map(out, &inner, "annotations", pairs);
    }
    push_map(out, &inner, "labels", rule.labels.iter());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_one_name_stay_apart() {
        let files = ["/rules/a/x.yml", "/rules/b/x.yml", "/rules/b/y.yml"];
        let by_file = files.map(|f| (f.to_owned(), ())).into();
        let names: Vec<String> = named(by_file).into_iter().map(|(name, ())| name).collect();
        assert_eq!(names, ["/rules/a/x.yml", "/rules/b/x.yml", "y.yml"]);
    }
}
