//! Series of test scripts.

use binnacle_model::Labels;
use binnacle_model::histogram::{CounterReset, Histogram, Span};
use binnacle_promql::parse::{SeriesValue, parse_metric, parse_series_description};
use serde_json::Value;

use crate::conformance::{same, suite};

#[test]
fn upstream_floats() {
    let Some(suite) = suite("prometheus/promql_series_desc") else {
        return;
    };
    suite.run(|case| {
        let text = case["input"].as_str().unwrap_or_default();
        let got = parse_series_description(text);
        if case["fail"] == true {
            let Err(errors) = got else {
                return Err(format!("{text:?} is accepted"));
            };
            let part = case["error_contains"].as_str().unwrap_or_default();
            return if errors.to_string().contains(part) {
                Ok(())
            } else {
                Err(format!("{errors} does not say {part:?}"))
            };
        }
        let got = got.map_err(|errors| format!("{text:?}: {errors}"))?;
        let labels = case["labels"].as_object().into_iter().flatten();
        let want = Labels::from_pairs(labels.map(|(n, v)| (n, v.as_str().unwrap_or_default())));
        same(&got.labels, &want)?;
        let want: Vec<String> = case["values"]
            .as_array()
            .into_iter()
            .flatten()
            .map(value)
            .collect();
        let got: Vec<String> = got
            .values
            .iter()
            .map(|value| match value {
                SeriesValue::Omitted => "_".to_owned(),
                SeriesValue::Float(float) if binnacle_model::is_stale(*float) => "stale".to_owned(),
                SeriesValue::Float(float) => float.to_string(),
                SeriesValue::Histogram { .. } => "histogram".to_owned(),
            })
            .collect();
        same(&got.join(" "), &want.join(" ")).map_err(|why| format!("{text:?}: {why}"))
    });
}

fn value(value: &Value) -> String {
    // The suite writes the smallest number for what was left out.
    match value["value"].as_f64() {
        Some(5e-324) => "_".to_owned(),
        Some(float) => float.to_string(),
        None => match value["value"].as_str() {
            Some(_) => "stale".to_owned(),
            None => "_".to_owned(),
        },
    }
}

#[test]
fn upstream_histograms() {
    let Some(suite) = suite("prometheus/promql_histogram_series") else {
        return;
    };
    suite.run(|case| {
        let text = case["input"].as_str().unwrap_or_default();
        let got = parse_series_description(text);
        if case["error"].is_string() {
            // Positions and words differ; that it is refused must not.
            return match got {
                Err(_) => Ok(()),
                Ok(got) => Err(format!("{text:?} is accepted as {got:?}")),
            };
        }
        let got = got.map_err(|errors| format!("{text:?}: {errors}"))?;
        let got: Vec<&Histogram> = got
            .values
            .iter()
            .filter_map(|value| match value {
                SeriesValue::Histogram { histogram, .. } => Some(&**histogram),
                _ => None,
            })
            .collect();
        let want: Vec<Histogram> = case["histograms"]
            .as_array()
            .into_iter()
            .flatten()
            .map(histogram)
            .collect();
        same(&format!("{got:?}"), &format!("{want:?}"))
    });
}

fn histogram(value: &Value) -> Histogram {
    let float = |field: &str| value[field].as_f64().unwrap_or_default();
    let floats = |field: &str| {
        value[field]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_f64)
            .collect()
    };
    let spans = |field: &str| {
        let span = |span: &Value| Span {
            offset: span["Offset"].as_i64().unwrap_or_default() as i32,
            length: span["Length"].as_u64().unwrap_or_default() as u32,
        };
        value[field]
            .as_array()
            .into_iter()
            .flatten()
            .map(span)
            .collect()
    };
    Histogram {
        schema: value["Schema"].as_i64().unwrap_or_default() as i32,
        reset: match value["CounterResetHint"].as_str() {
            Some("reset") => CounterReset::Reset,
            Some("not_reset") => CounterReset::NotReset,
            Some("gauge") => CounterReset::Gauge,
            _ => CounterReset::Unknown,
        },
        zero_threshold: float("ZeroThreshold"),
        zero_count: float("ZeroCount"),
        count: float("Count"),
        sum: float("Sum"),
        positive_spans: spans("PositiveSpans"),
        positive_buckets: floats("PositiveBuckets"),
        negative_spans: spans("NegativeSpans"),
        negative_buckets: floats("NegativeBuckets"),
        custom_bounds: floats("CustomValues"),
    }
}

#[test]
fn endless_repetition_is_refused() {
    assert!(parse_series_description("a 1x99999999999").is_err());
    assert!(parse_series_description("a _x99999999999999999999999").is_err());
    assert!(parse_series_description("a {{}}x99999999999").is_err());
}

#[test]
fn metrics() {
    let labels = parse_metric("a{b=\"c\", \"d e\"='f',}").expect("a metric");
    assert_eq!(
        labels.to_string(),
        "{__name__=\"a\", b=\"c\", \"d e\"=\"f\"}"
    );
    assert_eq!(
        parse_metric("{\"a b\"}").expect("a metric").metric_name(),
        Some("a b")
    );
    assert!(parse_metric("a{b=~\"c\"}").is_err());
    assert!(parse_metric("a{b=\"c\"} 1").is_err());
}
