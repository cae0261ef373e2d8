//! Answers that the reference engine gave, and what it counted on the way.

use std::time::Duration;

use binnacle_model::limits::{Meter, QueryLimits};
use binnacle_model::query::{MatrixSeries, QueryValue, Value as Sampled, VectorElement};
use binnacle_model::{Labels, Sample};
use binnacle_promql::eval::{EvalOptions, TimeRange, evaluate};
use binnacle_promql::parse::parse;
use serde_json::Value;

use crate::compare::almost_equal;
use crate::conformance::{same, suite};
use crate::runner::{meter, options};
use crate::storage::Storage;

fn answer(text: &str, range: TimeRange, storage: &Storage) -> Result<QueryValue, String> {
    let expr = parse(text).map_err(|errors| errors.to_string())?;
    let meter = Meter::new(QueryLimits {
        timeout: Duration::from_secs(100),
        ..QueryLimits::default()
    });
    evaluate(
        &expr,
        range,
        storage,
        None,
        &EvalOptions::default(),
        &meter.into(),
    )
    .map(|evaluation| evaluation.value)
    .map_err(|error| error.to_string())
}

fn instant(at_ms: i64) -> TimeRange {
    TimeRange {
        start_ms: at_ms,
        end_ms: at_ms,
        step_ms: 0,
    }
}

#[test]
fn compliance() {
    let Some(suite) = suite("compliance/promql_results_a") else {
        return;
    };
    let storage = Storage::loaded(suite.text("load"));
    let steps = TimeRange {
        start_ms: 1_500_000,
        end_ms: 3_000_000,
        step_ms: 300_000,
    };
    suite.run(|case| {
        let text = case["query"].as_str().unwrap_or_default();
        for (name, range) in [("instant", instant(2_400_000)), ("range", steps)] {
            let want = &case[name];
            let got = answer(text, range, &storage);
            match (got, want["error"].as_str()) {
                (Err(_), Some(_)) => {}
                (Err(error), None) => return Err(format!("{name} {text}: fails: {error}")),
                (Ok(got), Some(error)) => {
                    return Err(format!("{name} {text}: answers {got:?} instead of {error}"));
                }
                (Ok(got), None) => {
                    let ordered = text.starts_with("sort");
                    same_answer(&got, want, ordered)
                        .map_err(|why| format!("{name} {text}: {why}"))?;
                }
            }
        }
        Ok(())
    });
}

/// Compares with an answer of the HTTP API.
fn same_answer(got: &QueryValue, want: &Value, ordered: bool) -> Result<(), String> {
    let result = &want["result"];
    let kind = want["resultType"].as_str().unwrap_or_default();
    match (got, kind) {
        (QueryValue::Scalar(sample), "scalar") => close(sample.value, &result[1]),
        (QueryValue::String { value, .. }, "string") => {
            same(value, &result[1].as_str().unwrap_or_default().to_owned())
        }
        (QueryValue::Vector(elements), "vector") => {
            let list = result.as_array().map(Vec::as_slice).unwrap_or_default();
            same(&elements.len(), &list.len())?;
            for (i, want) in list.iter().enumerate() {
                let labels = labels(&want["metric"]);
                let at = elements.iter().position(|element| element.labels == labels);
                let Some(at) = at else {
                    return Err(format!("{labels} is missing: {elements:?}"));
                };
                if ordered && at != i {
                    return Err(format!("{labels} is at {at} instead of {i}"));
                }
                let VectorElement {
                    value: Sampled::Float(value),
                    ..
                } = &elements[at]
                else {
                    return Err("a histogram".to_owned());
                };
                close(*value, &want["value"][1]).map_err(|why| format!("{labels}: {why}"))?;
            }
            Ok(())
        }
        (QueryValue::Matrix(series), "matrix") => {
            let list = result.as_array().map(Vec::as_slice).unwrap_or_default();
            same(&series.len(), &list.len())?;
            for want in list {
                let labels = labels(&want["metric"]);
                let Some(got) = series.iter().find(|series| series.labels == labels) else {
                    return Err(format!("{labels} is missing"));
                };
                same_points(got, &want["values"]).map_err(|why| format!("{labels}: {why}"))?;
            }
            Ok(())
        }
        (got, kind) => Err(format!("{got:?} is no {kind}")),
    }
}

fn same_points(got: &MatrixSeries, want: &Value) -> Result<(), String> {
    let want = want.as_array().map(Vec::as_slice).unwrap_or_default();
    same(&got.floats.len(), &want.len())?;
    for (Sample { t_ms, value }, want) in got.floats.iter().zip(want) {
        let want_ms = (want[0].as_f64().unwrap_or_default() * 1000.0).round() as i64;
        same(t_ms, &want_ms)?;
        close(*value, &want[1]).map_err(|why| format!("at {t_ms} ms: {why}"))?;
    }
    Ok(())
}

fn close(got: f64, want: &Value) -> Result<(), String> {
    let text = want.as_str().unwrap_or_default();
    let want: f64 = text.parse().map_err(|_| format!("{text:?} is no number"))?;
    if almost_equal(got, want, 1e-9) {
        Ok(())
    } else {
        Err(format!("{got} instead of {want}"))
    }
}

fn labels(metric: &Value) -> Labels {
    let pairs = metric.as_object().into_iter().flatten();
    Labels::from_pairs(pairs.map(|(name, value)| (name, value.as_str().unwrap_or_default())))
}

fn milliseconds(value: &Value) -> Option<i64> {
    value["$unix_ns"].as_i64().map(|ns| ns / 1_000_000)
}

fn times(case: &Value) -> TimeRange {
    let start_ms = milliseconds(&case["Start"]).unwrap_or_default();
    match case["Interval"].as_i64() {
        Some(step) if step > 0 => TimeRange {
            start_ms,
            end_ms: milliseconds(&case["End"]).unwrap_or_default(),
            step_ms: step / 1_000_000,
        },
        _ => instant(start_ms),
    }
}

#[test]
fn times_of_samples() {
    let Some(suite) = suite("prometheus/promql_eval_timestamps") else {
        return;
    };
    let storage = Storage::loaded("load 10s\n  metric 1 2\n");
    suite.run(|case| {
        let text = case["Query"].as_str().unwrap_or_default();
        let got = answer(text, times(case), &storage);
        if case["ShouldError"] == true {
            return match got {
                Err(_) => Ok(()),
                Ok(got) => Err(format!("answers {got:?}")),
            };
        }
        same(&ours(&got?), &theirs(&case["Result"]))
    });
}

fn ours(value: &QueryValue) -> String {
    match value {
        QueryValue::Scalar(sample) => format!("{} @{}", sample.value, sample.t_ms),
        QueryValue::String { value, t_ms } => format!("{value:?} @{t_ms}"),
        QueryValue::Vector(elements) => elements
            .iter()
            .map(|element| format!("{} {:?} @{};", element.labels, element.value, element.t_ms))
            .collect(),
        QueryValue::Matrix(series) => series
            .iter()
            .map(|series| {
                let points: Vec<(f64, i64)> = series
                    .floats
                    .iter()
                    .map(|sample| (sample.value, sample.t_ms))
                    .collect();
                format!("{} {points:?};", series.labels)
            })
            .collect(),
    }
}

fn theirs(value: &Value) -> String {
    let float = |value: &Value| value.as_f64().unwrap_or_default();
    let Some(list) = value.as_array() else {
        return format!("{} @{}", float(&value["V"]), value["T"]);
    };
    list.iter()
        .map(|item| match item["Floats"].as_array() {
            Some(points) => {
                let points: Vec<(f64, i64)> = points
                    .iter()
                    .map(|point| (float(&point["F"]), point["T"].as_i64().unwrap_or_default()))
                    .collect();
                format!("{} {points:?};", labels(&item["Metric"]))
            }
            None => format!(
                "{} {:?} @{};",
                labels(&item["Metric"]),
                Sampled::Float(float(&item["F"])),
                item["T"]
            ),
        })
        .collect()
}

#[test]
fn counted_samples() {
    let Some(suite) = suite("prometheus/promql_query_statistics") else {
        return;
    };
    let storage = Storage::loaded(concat!(
        "load 10s\n",
        "  metricWith1SampleEvery10Seconds 1+1x100\n",
        "  metricWith3SampleEvery10Seconds{a=\"1\",b=\"1\"} 1+1x100\n",
        "  metricWith3SampleEvery10Seconds{a=\"2\",b=\"2\"} 1+1x100\n",
        "  metricWith3SampleEvery10Seconds{a=\"3\",b=\"2\"} 1+1x100\n",
        "  metricWith1HistogramEvery10Seconds {{schema:1 count:5 sum:20 buckets:[1 2 1 1]}}",
        "+{{schema:1 count:10 sum:5 buckets:[1 2 3 4]}}x100\n",
    ));
    suite.run(|case| {
        let text = case["Query"].as_str().unwrap_or_default();
        let expr = parse(text).map_err(|errors| errors.to_string())?;
        let options = EvalOptions {
            per_step_statistics: true,
            ..options()
        };
        let got = evaluate(&expr, times(case), &storage, None, &options, &meter());
        if storage.took_histograms() {
            println!("skipped: native histograms: {}: {text}", case["id"]);
            return Ok(());
        }
        let got = got.map_err(|error| error.to_string())?;
        let steps: Vec<String> = got
            .samples_per_step
            .unwrap_or_default()
            .iter()
            .map(|(t_ms, count)| format!("{t_ms}: {count}"))
            .collect();
        let mut want: Vec<(i64, &Value)> = case["TotalSamplesPerStep"]
            .as_object()
            .into_iter()
            .flatten()
            .map(|(t_ms, count)| (t_ms.parse().unwrap_or_default(), count))
            .collect();
        want.sort_by_key(|(t_ms, _)| *t_ms);
        let want: Vec<String> = want
            .iter()
            .map(|(t_ms, count)| format!("{t_ms}: {count}"))
            .collect();
        same(&steps.join(", "), &want.join(", ")).map_err(|why| format!("{text}: {why}"))?;
        let total = case["TotalSamples"].as_u64().unwrap_or_default();
        same(&got.samples_total, &total).map_err(|why| format!("{text}: {why}"))
    });
}

/// What is read for each selector: no more than upstream reads, and all that its
/// steps look at.
#[test]
fn ranges_of_selectors() {
    let Some(suite) = suite("prometheus/promql_select_hints") else {
        return;
    };
    let storage = Storage::default();
    suite.run(|case| {
        let text = case["query"].as_str().unwrap_or_default();
        let expr = parse(text).map_err(|errors| errors.to_string())?;
        let start_ms = case["start_ms"].as_i64().unwrap_or_default();
        let range = match case["end_ms"].as_i64() {
            Some(end_ms) => TimeRange {
                start_ms,
                end_ms,
                step_ms: 1000,
            },
            None => instant(start_ms),
        };
        let options = EvalOptions {
            lookback_ms: 5000,
            ..EvalOptions::default()
        };
        evaluate(&expr, range, &storage, None, &options, &meter())
            .map_err(|error| error.to_string())?;
        let number = |value: &Value| value.as_i64().unwrap_or_default();
        let mut want: Vec<[i64; 4]> = case["hints"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|hints| ["Start", "End", "Range", "Step"].map(|field| number(&hints[field])))
            .collect();
        let mut got: Vec<[i64; 3]> = storage
            .took_selections()
            .iter()
            .map(|selection| {
                [
                    selection.start_ms,
                    selection.end_ms,
                    selection.hints.range_ms,
                ]
            })
            .collect();
        // Selectors may be read in any order.
        want.sort_unstable();
        got.sort_unstable();
        same(&got.len(), &want.len()).map_err(|why| format!("{text}: {why}"))?;
        for ([start, end, range], [want_start, want_end, want_range, step]) in got.iter().zip(&want)
        {
            // Upstream starts a subquery's range one step early.
            let slack = if text.contains(':') { *step } else { 0 };
            let starts = (*want_start..=want_start + slack).contains(start);
            if !starts || end != want_end || range != want_range {
                return Err(format!("{text}: got {got:?}, want {want:?}"));
            }
        }
        Ok(())
    });
}

/// Duration expressions, by the value of a query whose window shows their length.
#[test]
fn duration_expressions() {
    let Some(suite) = suite("prometheus/promql_duration_expr") else {
        return;
    };
    // A sample every second, up to the time of the query and beyond.
    let storage = Storage::loaded("load 1s\n  m 0+1x1000\n");
    suite.run(|case| {
        let written = written(&case["expr"]);
        let negative = case["allowedNegative"] == true;
        let text = if negative {
            format!("m offset ({written})")
        } else {
            format!("count_over_time(m[{written}])")
        };
        // The suite's step is a second and its range five minutes.
        let range = TimeRange {
            start_ms: 500_000,
            end_ms: 800_000,
            step_ms: 1000,
        };
        let got = answer(&text, range, &storage);
        if case["errorMessage"].is_string() {
            return match got {
                Err(_) => Ok(()),
                Ok(got) => Err(format!("{text}: answers {}", ours(&got))),
            };
        }
        let seconds = case["expected"].as_i64().unwrap_or_default() / 1_000_000_000;
        let want = if negative { 500 - seconds } else { seconds };
        match got.map_err(|why| format!("{text}: {why}"))? {
            QueryValue::Matrix(series) if series.len() == 1 => {
                same(&series[0].floats[0].value, &(want as f64))
                    .map_err(|why| format!("{text}: {why}"))
            }
            other => Err(format!("{text}: {}", ours(&other))),
        }
    });
}

fn written(expr: &Value) -> String {
    if let Some(value) = expr["Val"].as_f64() {
        return format!("({value})");
    }
    let op = expr["Op"].as_str().unwrap_or_default().to_lowercase();
    if op == "step" || op == "range" {
        return format!("{op}()");
    }
    if expr["LHS"].is_null() {
        return format!("({op}{})", written(&expr["RHS"]));
    }
    format!("({} {op} {})", written(&expr["LHS"]), written(&expr["RHS"]))
}

/// Which steps a subquery is evaluated at, seen from what it reads.
#[test]
fn steps_of_subqueries() {
    let Some(suite) = suite("prometheus/promql_subquery_range") else {
        return;
    };
    let storage = Storage::default();
    const LOOKBACK_MS: i64 = 5000;
    suite.run(|case| {
        let number = |field: &str| case[field].as_i64().unwrap_or_default();
        let text = format!(
            "max_over_time({})",
            case["query"].as_str().unwrap_or_default()
        );
        let expr = parse(&text).map_err(|errors| errors.to_string())?;
        let range = TimeRange {
            start_ms: number("parentStart"),
            end_ms: number("parentEnd"),
            step_ms: number("parentInterval"),
        };
        let options = EvalOptions {
            lookback_ms: LOOKBACK_MS,
            ..EvalOptions::default()
        };
        evaluate(&expr, range, &storage, None, &options, &meter())
            .map_err(|error| error.to_string())?;
        let selections = storage.took_selections();
        let Some(selection) = selections.first() else {
            return Err("nothing is read".to_owned());
        };
        let (first, step) = (number("wantStart"), number("wantInterval"));
        let last = number("wantEnd").div_euclid(step) * step;
        // Upstream starts up to one step early, and so may we.
        let start = first - LOOKBACK_MS + 1;
        if !(start - step..=start).contains(&selection.start_ms) {
            return Err(format!(
                "{text}: starts at {} instead of {start}",
                selection.start_ms
            ));
        }
        // What lies behind the last step is not looked at, but may be asked for.
        if !(last..=number("parentEnd")).contains(&selection.end_ms) {
            return Err(format!(
                "{text}: ends at {} instead of {last}",
                selection.end_ms
            ));
        }
        same(&selection.hints.step_ms, &step)?;
        Ok(())
    });
}
