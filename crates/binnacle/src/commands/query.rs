//! `binnacle query`: the answers of a server as text, or as its JSON.

use std::fmt::Write;

use anyhow::{Context, Result, anyhow};
use binnacle_model::duration;
use serde_json::Value;

use super::remote::{Answer, Client};
use super::time::now_ms;
use crate::cli::{Query, Question};

/// Points of a range when no step is given.
const POINTS: i64 = 250;

/// Asks and prints.
///
/// # Errors
/// Those of the server and of the way to it.
pub async fn run(query: &Query) -> Result<()> {
    let client = Client::new(&query.remote)?;
    let answer = ask(&client, &query.question).await?;
    for remark in &answer.remarks {
        eprintln!("{remark}");
    }
    if query.remote.json {
        println!("{:#}", answer.data);
    } else {
        print!("{}", text(&answer.data));
    }
    Ok(())
}

async fn ask(client: &Client, question: &Question) -> Result<Answer> {
    match question {
        Question::Instant { expression, time } => {
            let mut form = vec![("query", expression.clone())];
            form.extend(time.clone().map(|t| ("time", t)));
            client.form("/api/v1/query", &form).await
        }
        Question::Range {
            expression,
            start,
            end,
            step,
        } => {
            let now_ms = now_ms();
            let (start_ms, end_ms) = (moment(start, now_ms), moment(end, now_ms));
            let step = match (step, start_ms, end_ms) {
                (Some(step), ..) => step.clone(),
                (None, Some(start), Some(end)) => {
                    seconds(((end - start) / POINTS / 1000 * 1000).max(1000))
                }
                _ => "15".to_owned(),
            };
            let given = |ms: Option<i64>, text: &str| ms.map_or(text.to_owned(), seconds);
            let form = [
                ("query", expression.clone()),
                ("start", given(start_ms, start)),
                ("end", given(end_ms, end)),
                ("step", step),
            ];
            client.form("/api/v1/query_range", &form).await
        }
        Question::Series { selectors } => {
            let form: Vec<_> = selectors.iter().map(|s| ("match[]", s.clone())).collect();
            client.form("/api/v1/series", &form).await
        }
        Question::Labels { name, selectors } => {
            let form: Vec<_> = selectors.iter().map(|s| ("match[]", s.clone())).collect();
            match name {
                None => client.form("/api/v1/labels", &form).await,
                Some(name) => {
                    client
                        .get(&format!("/api/v1/label/{name}/values"), &form)
                        .await
                }
            }
        }
    }
}

/// A time given as `-1h` or in seconds; `None` for other forms, which the server reads.
fn moment(text: &str, now_ms: i64) -> Option<i64> {
    if let Some(back) = text.strip_prefix('-')
        && let Ok(ms) = duration::parse(back)
    {
        return Some(now_ms - ms);
    }
    text.parse::<f64>().ok().map(|s| (s * 1000.0) as i64)
}

fn seconds(ms: i64) -> String {
    format!("{}", ms as f64 / 1000.0)
}

/// The answer for people: one series or value a line.
pub(super) fn text(data: &Value) -> String {
    let mut out = String::new();
    // Writing to a string never fails.
    let _ = write_text(&mut out, data);
    out
}

fn write_text(out: &mut String, data: &Value) -> Result<()> {
    if let Some(list) = data.as_array() {
        for item in list {
            match item {
                Value::String(text) => writeln!(out, "{text}")?,
                labels => writeln!(out, "{}", series_text(labels))?,
            }
        }
        return Ok(());
    }
    let result = &data["result"];
    match data["resultType"].as_str() {
        Some("vector") => {
            for element in result.as_array().into_iter().flatten() {
                let value = element["value"][1].as_str().unwrap_or("(histogram)");
                writeln!(out, "{} => {value}", series_text(&element["metric"]))?;
            }
        }
        Some("matrix") => {
            for series in result.as_array().into_iter().flatten() {
                writeln!(out, "{} =>", series_text(&series["metric"]))?;
                for point in series["values"].as_array().into_iter().flatten() {
                    writeln!(out, "{} @[{}]", point[1].as_str().unwrap_or("?"), point[0])?;
                }
            }
        }
        Some("scalar" | "string") => {
            writeln!(out, "{}", result[1].as_str().unwrap_or_default())?;
        }
        _ => writeln!(out, "{data:#}")?,
    }
    Ok(())
}

/// `name{label="value"}`
pub(super) fn series_text(labels: &Value) -> String {
    series(labels).unwrap_or_else(|_| labels.to_string())
}

fn series(labels: &Value) -> Result<String> {
    let labels = labels.as_object().ok_or_else(|| anyhow!("not an object"))?;
    let mut out = labels
        .get("__name__")
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned();
    let mut others: Vec<_> = labels
        .iter()
        .filter(|(name, _)| *name != "__name__")
        .collect();
    others.sort_by_key(|(name, _)| name.as_str());
    if others.is_empty() && !out.is_empty() {
        return Ok(out);
    }
    out.push('{');
    for (i, (name, value)) in others.into_iter().enumerate() {
        if i > 0 {
            out.push_str(", ");
        }
        let value = value.as_str().context("a label's value is a string")?;
        write!(out, "{name}=")?;
        binnacle_model::labels::write_quoted(&mut out, value)?;
    }
    out.push('}');
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn answers_for_people() {
        let check = |data: Value, want: &str| assert_eq!(text(&data), want);
        check(json!(["a", "b"]), "a\nb\n");
        check(
            json!([{"__name__": "up", "job": "x\"y"}]),
            "up{job=\"x\\\"y\"}\n",
        );
        check(json!({"resultType": "scalar", "result": [1, "2"]}), "2\n");
        check(
            json!({"resultType": "vector", "result": [{"metric": {}, "value": [1, "3"]}]}),
            "{} => 3\n",
        );
        check(
            json!({"resultType": "matrix", "result": [
                {"metric": {"__name__": "up"}, "values": [[1, "3"], [2.5, "4"]]}]}),
            "up =>\n3 @[1]\n4 @[2.5]\n",
        );
    }

    #[test]
    fn moments() {
        assert_eq!(moment("-1h", 7_200_000), Some(3_600_000));
        assert_eq!(moment("-0s", 5), Some(5));
        assert_eq!(moment("12.5", 0), Some(12_500));
        assert_eq!(moment("2024-01-01T00:00:00Z", 0), None);
    }
}
