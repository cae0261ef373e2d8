//! `binnacle alerts`: what fires, what would become of an alert, silences, and what
//! has been.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anyhow::{Context, Result, bail};
use binnacle_alerting::matchers;
use binnacle_model::duration;
use serde_json::{Value, json};

use super::remote::Client;
use super::time::{ago, since, stamp};
use crate::cli::{Alerts, AlertsAction};

const OWN: &str = "/api/binnacle/v1/alerts";

/// Does it and prints.
///
/// # Errors
/// Those of the server and of the way to it, and arguments that are wrong.
pub async fn run(alerts: &Alerts) -> Result<()> {
    let client = Client::new(&alerts.remote)?;
    let data = act(&client, &alerts.action).await?;
    if alerts.remote.json {
        println!("{data:#}");
    } else {
        print!("{}", text(&alerts.action, &data));
    }
    Ok(())
}

async fn act(client: &Client, action: &AlertsAction) -> Result<Value> {
    match action {
        AlertsAction::List { matchers } => Ok(client.get(OWN, &filters(matchers)).await?.data),
        AlertsAction::Test {
            labels,
            annotations,
        } => {
            let body = json!({ "labels": pairs(labels)?, "annotations": pairs(annotations)? });
            let answer = client
                .json("POST", &format!("{OWN}/explain"), &body)
                .await?;
            Ok(answer["data"].clone())
        }
        AlertsAction::Silence { preview, .. } => silence(client, action, *preview).await,
        AlertsAction::Unsilence { id, by } => {
            let by: String = url::form_urlencoded::byte_serialize(by.as_bytes()).collect();
            let path = format!("/api/v2/silence/{id}?by={by}");
            client.json("DELETE", &path, &Value::Null).await
        }
        AlertsAction::Silences { expired } => {
            let query = [("expired", expired.to_string())];
            client.plain("/api/v2/silences", &query).await
        }
        AlertsAction::Acknowledge {
            fingerprint,
            comment,
            duration,
            by,
        } => {
            let mut body = json!({ "by": named(by)?, "comment": comment, "via": "command line" });
            if let Some(text) = duration {
                body["forSeconds"] = json!(milliseconds(text)? as f64 / 1000.0);
            }
            let path = format!("{OWN}/{fingerprint}/acknowledgement");
            client.json("PUT", &path, &body).await
        }
        AlertsAction::History {
            matchers,
            start,
            limit,
        } => {
            let mut query = filters(matchers);
            query.extend([("from", since(start)), ("limit", limit.to_string())]);
            Ok(client.get(&format!("{OWN}/history"), &query).await?.data)
        }
        AlertsAction::Notifications {
            receiver,
            failed,
            start,
            limit,
        } => {
            let mut query = vec![
                ("from", since(start)),
                ("limit", limit.to_string()),
                ("failed", failed.to_string()),
            ];
            query.extend(receiver.clone().map(|r| ("receiver", r)));
            let path = format!("{OWN}/notifications");
            Ok(client.get(&path, &query).await?.data)
        }
    }
}

fn filters(matchers: &[String]) -> Vec<(&'static str, String)> {
    matchers.iter().map(|m| ("filter", m.clone())).collect()
}

/// `name=value`s.
fn pairs(texts: &[String]) -> Result<BTreeMap<&str, &str>> {
    texts
        .iter()
        .map(|text| {
            let (name, value) = text
                .split_once('=')
                .with_context(|| format!("{text:?} is not NAME=VALUE"))?;
            // As amtool takes them, in quotes or without.
            Ok((name.trim(), value.trim().trim_matches('"')))
        })
        .collect()
}

fn named(by: &str) -> Result<&str> {
    if by.trim().is_empty() {
        bail!("say who does this: --by NAME");
    }
    Ok(by)
}

fn milliseconds(text: &str) -> Result<i64> {
    duration::parse_param(text).map_err(|e| anyhow::anyhow!("--for {text}: {e}"))
}

async fn silence(client: &Client, action: &AlertsAction, preview: bool) -> Result<Value> {
    let AlertsAction::Silence {
        matchers: texts,
        duration,
        comment,
        by,
        until_resolved,
        ..
    } = action
    else {
        bail!("not a silence");
    };
    let matchers = texts
        .iter()
        .map(|text| {
            let matcher = matchers::parse_one(text).map_err(|e| anyhow::anyhow!("{text}: {e}"))?;
            Ok(matchers::to_json(&matcher))
        })
        .collect::<Result<Vec<_>>>()?;
    let now_ms = super::time::now_ms();
    let body = json!({
        "matchers": matchers,
        "startsAt": stamp(now_ms),
        "endsAt": stamp(now_ms + milliseconds(duration)?),
        "createdBy": named(by)?,
        "comment": comment,
        "untilResolved": until_resolved,
    });
    if preview {
        let path = "/api/binnacle/v1/silences/preview";
        let answer = client.json("POST", path, &body).await?;
        return Ok(answer["data"].clone());
    }
    client.json("POST", "/api/v2/silences", &body).await
}

fn text(action: &AlertsAction, data: &Value) -> String {
    match action {
        AlertsAction::List { .. } => list(data),
        AlertsAction::Test { .. } => explanation(data),
        AlertsAction::Silence { preview: true, .. } => preview_text(data),
        AlertsAction::Silence { .. } => {
            format!("{}\n", data["silenceID"].as_str().unwrap_or_default())
        }
        AlertsAction::Unsilence { .. } | AlertsAction::Acknowledge { .. } => String::new(),
        AlertsAction::Silences { .. } => silences(data),
        AlertsAction::History { .. } => history(data),
        AlertsAction::Notifications { .. } => notifications(data),
    }
}

fn items<'a>(data: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    data[key].as_array().into_iter().flatten()
}

fn word<'a>(data: &'a Value, key: &str) -> &'a str {
    data[key].as_str().unwrap_or_default()
}

/// Labels as `{a="b"}`, without the alert's name.
fn labels(data: &Value) -> String {
    let pairs: Vec<String> = data
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(name, _)| *name != "alertname")
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    format!("{{{}}}", pairs.join(", "))
}

fn list(data: &Value) -> String {
    let mut out = String::new();
    for alert in items(data, "alerts") {
        // Writing to a string never fails.
        let _ = writeln!(
            out,
            "{}  {:<11} {:<10} {} {}",
            word(alert, "fingerprint"),
            word(&alert["status"], "state"),
            ago(word(alert, "startsAt")),
            word(&alert["labels"], "alertname"),
            labels(&alert["labels"])
        );
        if let Some(by) = alert["acknowledged"]["by"].as_str() {
            let _ = writeln!(out, "{:<18}acknowledged by {by}", "");
        }
    }
    or(out, "no alerts")
}

fn explanation(data: &Value) -> String {
    let mut out = String::new();
    for route in items(data, "routes") {
        let _ = writeln!(out, "route     {}", word(route, "route"));
        let _ = writeln!(out, "receiver  {}", word(route, "receiver"));
        let _ = writeln!(
            out,
            "group     {} ({} alerts now)",
            labels(&route["groupLabels"]),
            route["groupSize"]
        );
        for name in items(route, "mutedBy") {
            let _ = writeln!(out, "muted by  {}", name.as_str().unwrap_or_default());
        }
        for text in items(route, "texts") {
            let _ = writeln!(out, "{}", word(text, "integration"));
            for (field, value) in text["fields"].as_object().into_iter().flatten() {
                let value = value
                    .as_str()
                    .unwrap_or_default()
                    .replace('\n', "\n            ");
                let _ = writeln!(out, "  {field}: {value}");
            }
        }
        out.push('\n');
    }
    for (key, what) in [
        ("silencedBy", "silenced by"),
        ("inhibitedBy", "inhibited by"),
    ] {
        for by in items(&data["suppression"], key) {
            let _ = writeln!(out, "{what} {}", by.as_str().unwrap_or_default());
        }
    }
    out
}

fn preview_text(data: &Value) -> String {
    let now = items(data, "now").count();
    let mut out = format!("hides {now} alerts now\n");
    for alert in items(data, "now") {
        let name = word(&alert["labels"], "alertname");
        let _ = writeln!(out, "  {name} {}", labels(&alert["labels"]));
    }
    let _ = writeln!(
        out,
        "would have kept back {} notifications of the last {:.0} days",
        data["pastNotifications"],
        data["pastSeconds"].as_f64().unwrap_or_default() / 86_400.0
    );
    for past in items(data, "past") {
        let _ = writeln!(
            out,
            "  {:>6}  {}",
            past["count"].to_string(),
            word(past, "name")
        );
    }
    out
}

fn silences(data: &Value) -> String {
    let mut out = String::new();
    for silence in data.as_array().into_iter().flatten() {
        let matchers: Vec<String> = items(silence, "matchers")
            .filter_map(|m| matchers::from_json(m).ok())
            .map(|m| matchers::print(&m))
            .collect();
        let _ = writeln!(
            out,
            "{}  {:<8} until {}  {}  {}: {}",
            word(silence, "id"),
            word(&silence["status"], "state"),
            word(silence, "endsAt"),
            matchers.join(" "),
            word(silence, "createdBy"),
            word(silence, "comment")
        );
    }
    or(out, "no silences")
}

fn history(data: &Value) -> String {
    let mut out = String::new();
    for episode in items(data, "episodes") {
        let _ = writeln!(
            out,
            "{}  {:<20}  {} {}",
            word(episode, "startedAt"),
            episode["resolvedAt"].as_str().unwrap_or("fires"),
            word(&episode["labels"], "alertname"),
            labels(&episode["labels"])
        );
    }
    or(out, "no alerts in that time")
}

fn notifications(data: &Value) -> String {
    let mut out = String::new();
    for n in items(data, "notifications") {
        let _ = writeln!(
            out,
            "{}  {:<9} {}/{}  {}",
            word(n, "at"),
            word(n, "outcome"),
            word(n, "receiver"),
            word(n, "integration"),
            word(n, "title")
        );
        if !word(n, "detail").is_empty() {
            let _ = writeln!(out, "{:<26}{}", "", word(n, "detail"));
        }
    }
    or(out, "no notifications in that time")
}

fn or(out: String, otherwise: &str) -> String {
    if out.is_empty() {
        format!("{otherwise}\n")
    } else {
        out
    }
}
