//! How fast the evaluator is by itself: queries over series in memory.
//!
//! `cargo run --profile fast -p binnacle-promql --example eval_speed [query]`

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use binnacle_model::limits::{Meter, QueryLimits};
use binnacle_model::select::{Latest, SelectError, Selection};
use binnacle_model::{Labels, Matcher, Sample, Samples, Select, SeriesSet};
use binnacle_promql::eval::{EvalOptions, TimeRange, evaluate};
use binnacle_promql::parse::parse;

type Series = (Labels, Arc<Vec<f64>>);

/// Series of several metrics with samples every 15 s, at the same times.
struct Memory {
    times_ms: Arc<Vec<i64>>,
    /// By metric.
    series: HashMap<String, Vec<Series>>,
}

struct Found {
    times_ms: Arc<Vec<i64>>,
    series: Vec<Series>,
}

impl Select for Memory {
    fn select(
        &self,
        selection: &Selection,
        _sorted: bool,
        _meter: &Arc<Meter>,
    ) -> Result<Box<dyn SeriesSet>, SelectError> {
        let name = selection.matchers.iter().find(|m| m.name == "__name__");
        let of_metric = name.and_then(|name| self.series.get(&name.value));
        Ok(Box::new(Found {
            times_ms: Arc::clone(&self.times_ms),
            series: of_metric.cloned().unwrap_or_default(),
        }))
    }

    fn label_names(
        &self,
        _matchers: &[Matcher],
        _start_ms: i64,
        _end_ms: i64,
        _meter: &Meter,
    ) -> Result<Vec<String>, SelectError> {
        Ok(Vec::new())
    }

    fn label_values(
        &self,
        _name: &str,
        _matchers: &[Matcher],
        _start_ms: i64,
        _end_ms: i64,
        _meter: &Meter,
    ) -> Result<Vec<String>, SelectError> {
        Ok(Vec::new())
    }
}

impl SeriesSet for Found {
    fn len(&self) -> usize {
        self.series.len()
    }

    fn labels(&self, i: usize) -> Labels {
        self.series[i].0.clone()
    }

    fn read(
        &self,
        i: usize,
        start_ms: i64,
        end_ms: i64,
        out: &mut Samples,
    ) -> Result<(), SelectError> {
        let from = self.times_ms.partition_point(|t| *t < start_ms);
        let to = self.times_ms.partition_point(|t| *t <= end_ms);
        out.times_ms.extend_from_slice(&self.times_ms[from..to]);
        out.values.extend_from_slice(&self.series[i].1[from..to]);
        Ok(())
    }

    fn latest(&self, i: usize, after_ms: i64, at_ms: i64) -> Result<Option<Latest>, SelectError> {
        let to = self.times_ms.partition_point(|t| *t <= at_ms);
        let last = to
            .checked_sub(1)
            .filter(|last| self.times_ms[*last] > after_ms);
        let sample = |at: usize| Sample {
            t_ms: self.times_ms[at],
            value: self.series[i].1[at],
        };
        Ok(last.map(|at| Latest::Float(sample(at))))
    }
}

fn memory() -> Memory {
    const SAMPLES: i64 = 260;
    let mut series: HashMap<String, Vec<_>> = HashMap::new();
    for (metric, count) in [("requests_total", 5000), ("errors_total", 5000)] {
        for i in 0..count {
            let (instance, path) = (format!("host-{:03}.example:9100", i / 100), i % 100);
            let labels = Labels::from_pairs([
                ("__name__", metric.to_owned()),
                ("cluster", "production-eu-1".to_owned()),
                ("environment", "production".to_owned()),
                ("instance", instance),
                ("job", format!("service-{}", i % 10)),
                ("method", "GET".to_owned()),
                ("path", format!("/api/v1/resource/{path}")),
                ("region", "eu-central-1".to_owned()),
            ]);
            let values = (0..SAMPLES)
                .map(|k| (k * (i % 37 + 1) + k * k % 7) as f64)
                .collect();
            series
                .entry(metric.to_owned())
                .or_default()
                .push((labels, Arc::new(values)));
        }
    }
    for i in 0..5000 {
        let bound = [
            0.1,
            0.25,
            0.5,
            1.0,
            2.5,
            5.0,
            10.0,
            30.0,
            60.0,
            f64::INFINITY,
        ][i % 10];
        let labels = Labels::from_pairs([
            ("__name__", "latency_seconds_bucket".to_owned()),
            ("instance", format!("host-{:03}.example:9100", i / 10)),
            (
                "le",
                if bound.is_finite() {
                    bound.to_string()
                } else {
                    "+Inf".to_owned()
                },
            ),
        ]);
        let values = (0..SAMPLES)
            .map(|k| (k * (i as i64 % 10 + 1)) as f64)
            .collect();
        let of_metric = series
            .entry("latency_seconds_bucket".to_owned())
            .or_default();
        of_metric.push((labels, Arc::new(values)));
    }
    Memory {
        times_ms: Arc::new((0..SAMPLES).map(|k| k * 15_000).collect()),
        series,
    }
}

/// A hundred series over a week, a sample every 30 s.
fn week() -> Memory {
    const SAMPLES: i64 = 20_160;
    let of_metric = (0..100i64)
        .map(|i| {
            let instance = format!("host-{i:03}.example:9100");
            let labels = Labels::from_pairs([("__name__", "load_total"), ("instance", &instance)]);
            let value = |k: i64| (k * (i + 8) + k * k % 7) as f64 / 4.0;
            (labels, Arc::new((0..SAMPLES).map(value).collect()))
        })
        .collect();
    Memory {
        times_ms: Arc::new((0..SAMPLES).map(|k| k * 30_000).collect()),
        series: HashMap::from([("load_total".to_owned(), of_metric)]),
    }
}

fn main() {
    let hour = [
        "requests_total",
        "count(requests_total)",
        "sum(rate(requests_total[5m]))",
        "sum by (instance) (rate(requests_total[5m]))",
        "rate(requests_total[5m])",
        "max_over_time(requests_total[5m])",
        "sum(max_over_time(requests_total[5m]))",
        "sum(avg_over_time(requests_total[5m]))",
        "sum(quantile_over_time(0.9, requests_total[5m]))",
        "quantile by (job) (0.9, requests_total)",
        "topk(10, rate(requests_total[5m]))",
        "requests_total / ignoring(nothing) errors_total",
        "sum(rate(errors_total[5m])) / sum(rate(requests_total[5m]))",
        "histogram_quantile(0.9, rate(latency_seconds_bucket[5m]))",
    ];
    let days = [
        "sum(rate(load_total[5m]))",
        "sum(avg_over_time(load_total[1h]))",
        "sum(max_over_time(load_total[1d]))",
        "sum(quantile_over_time(0.9, load_total[1d]))",
    ];
    let chosen: Vec<String> = std::env::args().skip(1).collect();
    let at = |end_ms: i64, length_ms: i64, step_ms: i64| TimeRange {
        start_ms: end_ms - length_ms,
        end_ms,
        step_ms,
    };
    let end_ms = 255 * 15_000;
    println!("5,000 series, milliseconds, best of 9: instant, 1 h by 60 s, 1 h by 15 s");
    let ranges = [
        at(end_ms, 0, 0),
        at(end_ms, 3_600_000, 60_000),
        at(end_ms, 3_600_000, 15_000),
    ];
    table(&memory(), &hour, &ranges, &chosen);
    println!("100 series, milliseconds, best of 9: instant, 6 d by 1 h, 6 d by 5 m");
    let end_ms = 20_159 * 30_000;
    let ranges = [
        at(end_ms, 0, 0),
        at(end_ms, 6 * 86_400_000, 3_600_000),
        at(end_ms, 6 * 86_400_000, 300_000),
    ];
    table(&week(), &days, &ranges, &chosen);
}

fn table(memory: &Memory, queries: &[&str], ranges: &[TimeRange], chosen: &[String]) {
    for query in queries {
        if !chosen.is_empty() && !chosen.iter().any(|c| c == query) {
            continue;
        }
        let expr = parse(query).expect("a query");
        let mut line = format!("{query:<64}");
        for range in ranges {
            let best = (0..9)
                .map(|_| once(memory, &expr, *range))
                .min()
                .unwrap_or_default();
            line.push_str(&format!("{:>10.2}", best.as_secs_f64() * 1000.0));
        }
        println!("{line}");
    }
}

fn once(memory: &Memory, expr: &binnacle_promql::ast::Expr, range: TimeRange) -> Duration {
    let meter = Arc::new(Meter::new(QueryLimits::default()));
    let start = Instant::now();
    let got = evaluate(expr, range, memory, None, &EvalOptions::default(), &meter);
    let took = start.elapsed();
    assert!(got.is_ok(), "{got:?}");
    took
}
