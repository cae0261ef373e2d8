//! `binnacle logs`: lines of a server as text, or as JSON, and lines as they come.

use std::fmt::Write;
use std::time::Duration;

use anyhow::{Result, bail};
use serde_json::Value;

use super::remote::Client;
use super::time::{now_ms, since, stamp};
use crate::cli::Logs;

/// Time between two questions of `--follow`.
const FOLLOW_INTERVAL: Duration = Duration::from_secs(1);

/// Lines of one question of `--follow`.
const FOLLOW_LINES: u64 = 5_000;

/// Asks and prints.
///
/// # Errors
/// Those of the server and of the way to it.
pub async fn run(logs: &Logs) -> Result<()> {
    let client = Client::new(&logs.remote)?;
    if logs.follow {
        return follow(&client, logs).await;
    }
    let direction = if logs.forward { "forward" } else { "backward" };
    let data = ask(
        &client,
        logs,
        &since(&logs.start),
        &since(&logs.end),
        logs.limit,
        direction,
    )
    .await?;
    if logs.remote.json {
        println!("{data:#}");
        return Ok(());
    }
    if data["resultType"] == "streams" {
        let mut lines = lines_of(&data["result"]);
        // The newest are asked for, and read from the top as in a file.
        lines.sort_by_key(|line| line.t_ns);
        print!("{}", text(&lines, logs.labels));
    } else {
        print!("{}", super::query::text(&data));
    }
    Ok(())
}

async fn ask(
    client: &Client,
    logs: &Logs,
    start: &str,
    end: &str,
    limit: u64,
    direction: &str,
) -> Result<Value> {
    let form = [
        ("query", logs.query.clone()),
        ("start", start.to_owned()),
        ("end", end.to_owned()),
        ("limit", limit.to_string()),
        ("direction", direction.to_owned()),
    ];
    Ok(client.form("/loki/api/v1/query_range", &form).await?.data)
}

/// Asks again and again for what is newer. A line that arrives late, behind one that was
/// shown already, is not shown.
async fn follow(client: &Client, logs: &Logs) -> Result<()> {
    let mut from_ns = now_ms().saturating_mul(1_000_000);
    loop {
        let end_ns = now_ms().saturating_mul(1_000_000);
        let data = ask(
            client,
            logs,
            &from_ns.to_string(),
            &end_ns.to_string(),
            FOLLOW_LINES,
            "forward",
        )
        .await?;
        if data["resultType"] != "streams" {
            bail!(
                "--follow takes a query for lines, and {:?} gives numbers",
                logs.query
            );
        }
        let mut lines = lines_of(&data["result"]);
        lines.sort_by_key(|line| line.t_ns);
        print!("{}", text(&lines, logs.labels));
        from_ns = match lines.last() {
            Some(last) if lines.len() as u64 >= FOLLOW_LINES => last.t_ns + 1,
            _ => end_ns,
        };
        tokio::select! {
            () = tokio::time::sleep(FOLLOW_INTERVAL) => {}
            _ = tokio::signal::ctrl_c() => return Ok(()),
        }
    }
}

struct Line {
    t_ns: i64,
    labels: String,
    text: String,
}

fn lines_of(result: &Value) -> Vec<Line> {
    let mut lines = Vec::new();
    for stream in result.as_array().into_iter().flatten() {
        let labels = super::query::series_text(&stream["stream"]);
        for value in stream["values"].as_array().into_iter().flatten() {
            lines.push(Line {
                t_ns: value[0].as_str().and_then(|t| t.parse().ok()).unwrap_or(0),
                labels: labels.clone(),
                text: value[1].as_str().unwrap_or_default().to_owned(),
            });
        }
    }
    lines
}

fn text(lines: &[Line], labels: bool) -> String {
    let mut out = String::new();
    for line in lines {
        let time = stamp(line.t_ns.div_euclid(1_000_000));
        // Writing to a string never fails.
        let _ = if labels {
            writeln!(out, "{time} {} {}", line.labels, line.text)
        } else {
            writeln!(out, "{time} {}", line.text)
        };
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn lines_for_people() {
        let result = json!([{"stream": {"app": "a"}, "values": [["1700000000000000000", "one"]]}]);
        let lines = lines_of(&result);
        assert_eq!(text(&lines, false), "2023-11-14T22:13:20Z one\n");
        assert_eq!(text(&lines, true), "2023-11-14T22:13:20Z {app=\"a\"} one\n");
    }
}
