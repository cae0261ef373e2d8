//! Answers of the reference engine on one set of lines.

use std::collections::BTreeSet;
use std::sync::Arc;

use binnacle_logql::eval::{EvalOptions, evaluate};
use binnacle_logql::parse::parse;
use binnacle_model::Labels;
use binnacle_model::event::LogLabels;
use binnacle_model::event::logs::{Direction, LogsTime, LogsValue};
use binnacle_model::limits::{Meter, QueryLimits};
use serde_json::Value;

use crate::memory::{Event, Memory};
use crate::suites::{run, suite};

const START_NS: i64 = 1_700_000_000_000_000_000;
/// The reference's source in memory puts rows whose labels have become the same one stream
/// behind the other and merges that as if it were sorted, so that under its limit newer
/// rows are lost. A server with stored streams has no such order; ours answers the newest.
const JOINED_BY_KEEP: &str = "behind keep, which joins two streams, the reference's source in memory is out of order and loses newer rows under its limit";
const SECOND_NS: i64 = 1_000_000_000;

fn load(push: &Value) -> Memory {
    let mut memory = Memory::default();
    let pairs = |value: &Value| -> Vec<(String, String)> {
        let object = value.as_object().into_iter().flatten();
        object
            .map(|(n, v)| (n.clone(), v.as_str().expect("text").to_owned()))
            .collect()
    };
    for stream in push["streams"].as_array().expect("streams") {
        let labels = Labels::from_pairs(pairs(&stream["stream"]));
        for value in stream["values"].as_array().expect("values") {
            memory.0.push(Event {
                labels: labels.clone(),
                t_ns: value[0].as_str().expect("a time").parse().expect("a time"),
                line: value[1].as_str().expect("a line").as_bytes().to_vec(),
                metadata: LogLabels::from_pairs(pairs(&value[2])),
            });
        }
    }
    memory
}

/// A line of text for each point, so that the order of series does not count.
fn points(value: &LogsValue) -> BTreeSet<(String, String, String)> {
    let mut all = BTreeSet::new();
    match value {
        LogsValue::Streams(streams) => {
            for stream in streams {
                for entry in &stream.entries {
                    let line = String::from_utf8_lossy(&entry.line).into_owned();
                    all.insert((key(&stream.labels), entry.t_ns.to_string(), line));
                }
            }
        }
        LogsValue::Vector(elements) => {
            for (labels, (t_ms, v)) in elements {
                all.insert((key(labels), (t_ms / 1000).to_string(), number(*v)));
            }
        }
        LogsValue::Matrix(series) => {
            for (labels, points) in series {
                for (t_ms, v) in points {
                    all.insert((key(labels), (t_ms / 1000).to_string(), number(*v)));
                }
            }
        }
        LogsValue::Scalar((t_ms, v)) => {
            all.insert((String::new(), (t_ms / 1000).to_string(), number(*v)));
        }
    }
    all
}

fn key(labels: &LogLabels) -> String {
    let pairs: Vec<String> = labels.iter().map(|(n, v)| format!("{n}={v:?}")).collect();
    pairs.join(",")
}

/// To nine digits.
fn number(value: f64) -> String {
    format!("{value:.9e}")
}

fn wanted(result: &Value) -> BTreeSet<(String, String, String)> {
    let mut all = BTreeSet::new();
    let as_number = |v: &Value| number(v.as_str().expect("a value").parse().expect("a number"));
    let seconds = |v: &Value| (v.as_f64().expect("a time") as i64).to_string();
    if result["resultType"] == "scalar" {
        let point = &result["result"];
        all.insert((String::new(), seconds(&point[0]), as_number(&point[1])));
        return all;
    }
    for series in result["result"].as_array().expect("a result") {
        let labels = series.get("stream").or(series.get("metric"));
        let labels = labels.and_then(Value::as_object).expect("labels");
        let labels = LogLabels::from_pairs(
            labels
                .iter()
                .map(|(n, v)| (n.as_str(), v.as_str().expect("text"))),
        );
        let labels = key(&labels);
        let one = series.get("value").into_iter();
        let many = series.get("values").and_then(Value::as_array);
        for point in one.chain(many.into_iter().flatten()) {
            all.insert(match point[0].as_str() {
                Some(t_ns) => {
                    let line = point[1].as_str().expect("a line").to_owned();
                    (labels.clone(), t_ns.to_owned(), line)
                }
                None => (labels.clone(), seconds(&point[0]), as_number(&point[1])),
            });
        }
    }
    all
}

fn check(
    memory: &Memory,
    query: &str,
    time: LogsTime,
    direction: Direction,
    want: &Value,
) -> Result<(), String> {
    let options = EvalOptions {
        threads: 2,
        ..EvalOptions::default()
    };
    let meter = Arc::new(Meter::new(QueryLimits::default()));
    let got = parse(query).map_err(|e| e.to_string()).and_then(|expr| {
        evaluate(&expr, time, 30, direction, memory, &options, &meter)
            .map(|(value, ..)| value)
            .map_err(|e| e.to_string())
    });
    let got = match (got, want.get("error")) {
        (Err(_), Some(_)) => return Ok(()),
        (Ok(_), Some(error)) => return Err(format!("{query}: it should fail: {error}")),
        (Err(error), None) => return Err(format!("{query}: {error}")),
        (Ok(value), None) => points(&value),
    };
    let want = wanted(want);
    if got == want {
        return Ok(());
    }
    let more: Vec<_> = got.difference(&want).take(3).collect();
    let less: Vec<_> = want.difference(&got).take(3).collect();
    Err(format!(
        "{query}\n    too much {more:?}\n    missing  {less:?}"
    ))
}

#[test]
fn answers() {
    let Some(data) = suite("logql_results_a") else {
        return;
    };
    let memory = load(&data["push"]);
    let range = LogsTime::Range {
        start_ns: START_NS,
        end_ns: START_NS + 600 * SECOND_NS,
        step_ns: 120 * SECOND_NS,
        interval_ns: 0,
    };
    let instant = LogsTime::Instant {
        at_ns: START_NS + 360 * SECOND_NS,
    };
    let deviations = ["0025", "0028"].map(|number| (number, JOINED_BY_KEEP));
    run("logql_results_a", &deviations, |case| {
        let query = case["query"].as_str().expect("a query");
        for (name, time, direction) in [
            ("range", range, Direction::Backward),
            ("range_forward_limit30", range, Direction::Forward),
            ("instant", instant, Direction::Backward),
        ] {
            if let Some(want) = case.get(name) {
                check(&memory, query, time, direction, want).map_err(|e| format!("{name}: {e}"))?;
            }
        }
        Ok(())
    });
}
