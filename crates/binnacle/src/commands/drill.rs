//! `binnacle drill`: tries the way of an alert before it is needed.

use std::fmt::Write as _;

use anyhow::Result;
use serde_json::{Value, json};

use super::remote::Client;
use crate::cli::Drill;

/// Drills and prints; whether all was well.
///
/// # Errors
/// Those of the server and of the way to it.
pub async fn run(drill: &Drill) -> Result<bool> {
    let client = Client::new(&drill.remote)?;
    let body = json!({ "receivers": drill.receivers, "send": !drill.dry_run });
    let path = "/api/binnacle/v1/alerts/drill";
    let report = client.json("POST", path, &body).await?["data"].take();
    if drill.remote.json {
        println!("{report:#}");
    } else {
        print!("{}", text(&report));
    }
    Ok(report["passed"].as_bool().unwrap_or(false))
}

fn items<'a>(data: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    data[key].as_array().into_iter().flatten()
}

fn word<'a>(data: &'a Value, key: &str) -> &'a str {
    data[key].as_str().unwrap_or_default()
}

fn text(report: &Value) -> String {
    let mut out = String::from("routes\n");
    // Writing to a string never fails.
    for route in items(report, "routes") {
        let problem = route["problem"].as_str();
        let mark = if problem.is_some() { "FAIL" } else { "ok" };
        let _ = writeln!(
            out,
            "  {mark:<4} {} -> {}",
            word(route, "id"),
            word(route, "receiver")
        );
        if let Some(problem) = problem {
            let _ = writeln!(out, "       {problem}");
        }
    }
    out.push_str("receivers\n");
    for outcome in items(report, "receivers") {
        let error = outcome["error"].as_str();
        let mark = if error.is_some() { "FAIL" } else { "ok" };
        let _ = writeln!(
            out,
            "  {mark:<4} {}/{}[{}] {:.0} ms",
            word(outcome, "receiver"),
            word(outcome, "integration"),
            outcome["index"],
            outcome["durationSeconds"].as_f64().unwrap_or_default() * 1000.0
        );
        if let Some(error) = error {
            let _ = writeln!(out, "       {error}");
        }
    }
    let _ = writeln!(
        out,
        "templates\n  {} texts for {} alerts",
        report["rendered"], report["renderedAlerts"]
    );
    for failed in items(report, "templates") {
        let _ = writeln!(
            out,
            "  FAIL {}/{} {}: {}\n       with {}",
            word(failed, "receiver"),
            word(failed, "integration"),
            word(failed, "field"),
            word(failed, "error"),
            failed["alert"]
        );
    }
    out
}
