//! What the scripts of the conformance suite do not say: threads, limits, names
//! that are removed at once, start timestamps, bad times.

use std::sync::Arc;
use std::time::Duration;

use binnacle_model::histogram::Histogram;
use binnacle_model::limits::{Meter, QueryLimits, Stopped};
use binnacle_model::matcher::all_match;
use binnacle_model::metadata::{Metadata, MetricType};
use binnacle_model::query::{QueryValue, Value};
use binnacle_model::sample::STALE_NAN;
use binnacle_model::select::{MetadataSource, SelectError, Selection};
use binnacle_model::{Labels, Matcher, Samples, Select, SeriesSet};

use binnacle_stdx::random::splitmix64;

use super::{EvalError, EvalOptions, Evaluation, TimeRange, evaluate};
use crate::parse::parse;

/// Series in memory.
#[derive(Clone, Default)]
struct Memory(Vec<(Labels, Samples)>);

impl Memory {
    /// A sample every ten seconds from zero on.
    fn with(mut self, labels: &[(&str, &str)], values: &[f64]) -> Self {
        let mut samples = Samples::default();
        for (i, value) in values.iter().enumerate() {
            samples.push(i as i64 * 10_000, *value);
        }
        self.0
            .push((Labels::from_pairs(labels.iter().copied()), samples));
        self
    }
}

impl Select for Memory {
    fn select(
        &self,
        selection: &Selection,
        _sorted: bool,
        _meter: &Arc<Meter>,
    ) -> Result<Box<dyn SeriesSet>, SelectError> {
        let found = |(labels, _): &&(Labels, Samples)| all_match(&selection.matchers, labels);
        Ok(Box::new(Self(
            self.0.iter().filter(found).cloned().collect(),
        )))
    }

    fn label_names(
        &self,
        _: &[Matcher],
        _: i64,
        _: i64,
        _: &Meter,
    ) -> Result<Vec<String>, SelectError> {
        Ok(Vec::new())
    }

    fn label_values(
        &self,
        _: &str,
        _: &[Matcher],
        _: i64,
        _: i64,
        _: &Meter,
    ) -> Result<Vec<String>, SelectError> {
        Ok(Vec::new())
    }
}

impl SeriesSet for Memory {
    fn len(&self) -> usize {
        self.0.len()
    }

    fn labels(&self, i: usize) -> Labels {
        self.0[i].0.clone()
    }

    fn read(&self, i: usize, from: i64, to: i64, out: &mut Samples) -> Result<(), SelectError> {
        let samples = &self.0[i].1;
        for (at, t_ms) in samples.times_ms.iter().enumerate() {
            if (from..=to).contains(t_ms) {
                let histogram = samples.histograms.iter().find(|(h, _)| *h as usize == at);
                if let Some((_, histogram)) = histogram {
                    out.histograms
                        .push((out.len() as u32, Arc::clone(histogram)));
                }
                out.push(*t_ms, samples.values[at]);
            }
        }
        Ok(())
    }
}

const RANGE: TimeRange = TimeRange {
    start_ms: 0,
    end_ms: 600_000,
    step_ms: 10_000,
};

fn run(
    text: &str,
    range: TimeRange,
    source: &Memory,
    options: &EvalOptions,
    limits: QueryLimits,
) -> Result<Evaluation, EvalError> {
    let expr = parse(text).expect("a query");
    let meter = Arc::new(Meter::new(limits));
    let got = evaluate(&expr, range, source, None, options, &meter);
    // Whatever comes of it, nothing may stay held.
    assert_eq!(meter.hold_samples(0), Ok(()));
    got
}

fn defaults(text: &str, range: TimeRange, source: &Memory) -> Result<Evaluation, EvalError> {
    run(
        text,
        range,
        source,
        &EvalOptions::default(),
        QueryLimits::default(),
    )
}

fn many(series: usize) -> Memory {
    (0..series).fold(Memory::default(), |memory, i| {
        let (id, group) = (i.to_string(), (i % 7).to_string());
        let values: Vec<f64> = (0..60).map(|k| (k * (i + 1)) as f64 * 0.1).collect();
        memory.with(
            &[("__name__", "m_total"), ("id", &id), ("group", &group)],
            &values,
        )
    })
}

#[test]
fn threads_do_not_change_the_answer() {
    // Enough series and steps that the work is split.
    let source = many(400);
    let range = TimeRange {
        start_ms: 0,
        end_ms: 600_000,
        step_ms: 100,
    };
    let threads = EvalOptions {
        threads: 3,
        per_step_statistics: true,
        ..EvalOptions::default()
    };
    let alone = EvalOptions {
        threads: 1,
        ..threads
    };
    for text in [
        "m_total",
        "rate(m_total[1m])",
        "sum by (group) (rate(m_total[1m]))",
        "avg by (group) (m_total)",
        "min(m_total) + max(m_total)",
        "stddev by (group) (m_total)",
        "quantile(0.5, m_total)",
        "count(m_total)",
        "scalar(m_total{id=\"1\"})",
        "absent(m_total{id=\"1\"})",
    ] {
        let of = |options| run(text, range, &source, options, QueryLimits::default()).unwrap();
        let (a, b) = (of(&threads), of(&alone));
        assert_eq!(a.samples_per_step, b.samples_per_step, "{text}");
        let (QueryValue::Matrix(a), QueryValue::Matrix(b)) = (a.value, b.value) else {
            panic!("{text} is no matrix")
        };
        assert_eq!(a.len(), b.len(), "{text}");
        for (a, b) in a.iter().zip(&b) {
            assert_eq!(
                (&a.labels, a.floats.len()),
                (&b.labels, b.floats.len()),
                "{text}"
            );
            for (x, y) in a.floats.iter().zip(&b.floats) {
                let close = (x.value - y.value).abs() <= y.value.abs() * 1e-12;
                assert!(
                    x.t_ms == y.t_ms && (close || x.value.is_nan() && y.value.is_nan()),
                    "{text}"
                );
            }
        }
    }
}

#[test]
fn limits_stop_a_query() {
    let source = many(100);
    let check = |text: &str, limits: QueryLimits, want: Stopped| {
        let got = run(text, RANGE, &source, &EvalOptions::default(), limits);
        assert_eq!(got.map(|_| ()), Err(EvalError::Stopped(want)), "{text}");
    };
    let limit = |what, limit| Stopped::Limit { what, limit };
    let samples = QueryLimits {
        samples_max: 1000,
        ..QueryLimits::default()
    };
    check("m_total", samples.clone(), limit("samples", 1000));
    check("m_total + m_total", samples, limit("samples", 1000));
    let bytes = QueryLimits {
        memory_bytes_max: 10_000,
        ..QueryLimits::default()
    };
    check("m_total", bytes.clone(), limit("bytes", 10_000));
    check("sum by (id) (m_total)", bytes, limit("bytes", 10_000));
    let series = QueryLimits {
        series_max: 10,
        ..QueryLimits::default()
    };
    check("sum(m_total)", series, limit("series", 10));
    let timeout = QueryLimits {
        timeout: Duration::ZERO,
        ..QueryLimits::default()
    };
    check("m_total", timeout, Stopped::Timeout(Duration::ZERO));
}

#[test]
fn a_fold_holds_few_samples() {
    // A hundred columns of 61 steps would be over the limit.
    let limits = QueryLimits {
        samples_max: 1000,
        ..QueryLimits::default()
    };
    let text = "sum by (group) (rate(m_total[1m]))";
    let got = run(text, RANGE, &many(100), &EvalOptions::default(), limits).unwrap();
    assert!(got.samples_peak < 1000, "{}", got.samples_peak);
}

#[test]
fn absurd_times_are_refused_before_anything_is_allocated() {
    let source = many(1);
    let check = |range: TimeRange| {
        let got = defaults("m_total[1d:1ms]", range, &source).map(|_| ());
        assert!(got.is_err(), "{range:?}");
        let got = defaults("vector(1)", range, &source).map(|_| ());
        assert!(got.is_err(), "{range:?}");
    };
    check(TimeRange {
        start_ms: i64::MIN,
        end_ms: i64::MAX,
        step_ms: 1,
    });
    check(TimeRange {
        start_ms: 0,
        end_ms: i64::MAX,
        step_ms: 1,
    });
    check(TimeRange {
        start_ms: 0,
        end_ms: 1000,
        step_ms: 0,
    });
    check(TimeRange {
        start_ms: 0,
        end_ms: 1000,
        step_ms: -1,
    });
    // An instant at the end of time is no error, and no panic.
    for at in [i64::MIN, i64::MAX] {
        let once = TimeRange {
            start_ms: at,
            end_ms: at,
            step_ms: 0,
        };
        for text in [
            "m_total",
            "rate(m_total[1h] offset 1h)",
            "max_over_time(m_total[1h:1m])",
        ] {
            let _ = defaults(text, once, &source);
        }
    }
}

#[test]
fn names_go_at_once_unless_they_go_late() {
    let source = Memory::default()
        .with(&[("__name__", "a_total"), ("x", "1")], &[1.0, 2.0])
        .with(&[("__name__", "b_total"), ("x", "1")], &[1.0, 3.0]);
    let late = EvalOptions {
        enable_delayed_name_removal: true,
        ..EvalOptions::default()
    };
    let once = TimeRange {
        start_ms: 10_000,
        end_ms: 10_000,
        step_ms: 0,
    };
    let check = |text: &str, options: &EvalOptions, want: Result<&str, &str>| {
        let got = match run(text, once, &source, options, QueryLimits::default()) {
            Ok(Evaluation {
                value: QueryValue::Vector(elements),
                ..
            }) => Ok(elements
                .iter()
                .map(|e| e.labels.to_string())
                .collect::<Vec<_>>()
                .join(" ")),
            Ok(other) => panic!("{text}: {other:?}"),
            Err(error) => Err(error.to_string()),
        };
        assert_eq!(got.as_deref().map_err(String::as_str), want, "{text}");
    };
    let same = Err("vector cannot contain metrics with the same labelset");
    let now = EvalOptions::default();
    for text in [
        "rate({x=\"1\"}[1m])",
        "sum(rate({x=\"1\"}[1m]))",
        "abs({x=\"1\"})",
    ] {
        check(text, &now, same);
    }
    check("sum(rate({x=\"1\"}[1m]))", &late, Ok("{}"));
    check("rate({x=\"1\"}[1m])", &late, same);
    check("-a_total", &now, Ok(r#"{x="1"}"#));
    check("a_total > 0", &now, Ok(r#"{__name__="a_total", x="1"}"#));
    check("a_total + on (x) b_total", &now, Ok(r#"{x="1"}"#));
}

#[test]
fn native_histograms_are_left_out_with_a_word() {
    let mut source = Memory::default().with(&[("__name__", "h")], &[0.0, 7.0]);
    source.0[0]
        .1
        .histograms
        .push((0, Arc::new(Histogram::default())));
    let once = |at_ms| TimeRange {
        start_ms: at_ms,
        end_ms: at_ms,
        step_ms: 0,
    };
    for (text, at_ms) in [
        ("h", 0),
        ("sum(h)", 0),
        ("sum_over_time(h[1m])", 10_000),
        ("h[1m]", 0),
    ] {
        let got = defaults(text, once(at_ms), &source).unwrap();
        let notes: Vec<String> = got.annotations.iter().map(|a| a.message.clone()).collect();
        assert_eq!(
            notes,
            [
                r#"PromQL warning: native histograms are not evaluated yet, their samples were left out for metric name "h""#
            ],
            "{text}"
        );
    }
    assert!(
        defaults("h", once(10_000), &source)
            .unwrap()
            .annotations
            .is_empty()
    );
}

struct Told;

impl MetadataSource for Told {
    fn metadata(&self, metric: Option<&str>, _limit: usize) -> Vec<(String, Vec<Metadata>)> {
        let metadata = Metadata {
            kind: MetricType::Counter,
            ..Metadata::default()
        };
        vec![(metric.unwrap_or_default().to_owned(), vec![metadata])]
    }
}

#[test]
fn a_known_counter_is_not_suspected() {
    let source = Memory::default().with(&[("__name__", "requests")], &[1.0, 2.0]);
    let expr = parse("rate(requests[1m])").unwrap();
    let once = TimeRange {
        start_ms: 10_000,
        end_ms: 10_000,
        step_ms: 0,
    };
    let of = |metadata: Option<&dyn MetadataSource>| {
        let meter = Arc::new(Meter::new(QueryLimits::default()));
        evaluate(
            &expr,
            once,
            &source,
            metadata,
            &EvalOptions::default(),
            &meter,
        )
        .unwrap()
    };
    let notes = of(None).annotations;
    let note = notes.iter().next().expect("a remark");
    assert_eq!(
        note.message,
        r#"PromQL info: metric might not be a counter, name does not end in _total/_sum/_count/_bucket: "requests""#
    );
    assert_eq!(note.span.map(|span| (span.start, span.end)), Some((5, 17)));
    assert!(of(Some(&Told)).annotations.is_empty());
}

#[test]
fn everything_held_is_given_back() {
    let source = many(50);
    let meter = Arc::new(Meter::new(QueryLimits {
        samples_max: 20_000,
        ..QueryLimits::default()
    }));
    for text in [
        "m_total",
        "m_total and m_total",
        "topk(3, m_total)",
        "sum(m_total) / 3",
        "quantile(0.5, m_total)",
        "label_replace(m_total, \"a\", \"b\", \"c\", \".*\")",
        "max_over_time(m_total[1m:10s])",
    ] {
        let expr = parse(text).unwrap();
        let got = evaluate(&expr, RANGE, &source, None, &EvalOptions::default(), &meter);
        assert!(got.is_ok(), "{text}: {got:?}");
        assert_eq!(meter.hold_samples(20_000), Ok(()), "{text}");
        meter.release_samples(20_000);
    }
}

/// Series with gaps, resets, markers, NaN and infinities, some at times of their own.
fn wild(seed: u64) -> Memory {
    let mut seed = seed;
    let mut random = move |below: u64| splitmix64(&mut seed) % below;
    let mut memory = Memory::default();
    for name in ["a_total", "b_total", "c_bucket"] {
        for i in 0..6u32 {
            let mut samples = Samples::default();
            let (mut t_ms, mut value) = (random(20_000) as i64, random(100) as f64);
            while t_ms < 600_000 {
                value = if random(25) == 0 {
                    0.0
                } else {
                    value + random(50) as f64 / 8.0
                };
                let sample = match random(40) {
                    0 => f64::NAN,
                    1 => STALE_NAN,
                    2 => f64::INFINITY,
                    _ => value,
                };
                samples.push(t_ms, sample);
                // The first two series have the same times but for gaps.
                let step = if i < 2 {
                    10_000
                } else {
                    5_000 + random(10_000) as i64
                };
                t_ms += if random(30) == 0 { 90_000 } else { step };
            }
            let le = ["0.1", "0.5", "1", "2.5", "x", "+Inf"][i as usize];
            let pairs = [
                ("__name__", name.to_owned()),
                ("id", i.to_string()),
                ("g", (i % 2).to_string()),
                (
                    "le",
                    if name == "c_bucket" {
                        le.to_owned()
                    } else {
                        String::new()
                    },
                ),
            ];
            memory.0.push((Labels::from_pairs(pairs), samples));
        }
    }
    memory
}

/// A range query is defined as an instant query at each step: sliding, sharing and
/// folding must not show.
#[test]
fn each_step_is_an_instant_query() {
    const QUERIES: [&str; 62] = [
        "a_total",
        "a_total offset 35s",
        "a_total @ 300",
        "a_total > 20",
        "a_total > bool 20",
        "20 < a_total",
        "-a_total",
        "a_total + b_total",
        "a_total / on (id) group_left b_total",
        "a_total > on (id, g) b_total",
        "a_total * on (g) group_left max by (g) (b_total)",
        "min by (g) (b_total) - on (g) group_right a_total",
        "a_total + fill(0) b_total",
        "a_total and b_total",
        "a_total and on (g) b_total{id=\"1\"}",
        "a_total unless b_total > 30",
        "{__name__=~\"a_total|b_total\", id=\"1\"} or a_total",
        "sum(a_total)",
        "sum by (g) (rate(a_total[1m]))",
        "sum without (id) (increase(a_total[2m]))",
        "avg by (g) (a_total)",
        "count by (g) (a_total)",
        "group by (g) (a_total)",
        "stddev by (g) (a_total)",
        "quantile by (g) (0.7, a_total)",
        "max by (g) (a_total) - min by (g) (a_total)",
        "topk(2, a_total)",
        "bottomk by (g) (1, a_total)",
        "limitk(2, a_total)",
        "limit_ratio(0.5, a_total)",
        "count_values(\"v\", round(a_total, 50))",
        "rate(a_total[1m])",
        "rate(a_total[1m] offset 15s)",
        "increase(a_total[5m])",
        "delta(a_total[2m])",
        "irate(a_total[1m])",
        "idelta(a_total[1m])",
        "rate(a_total[1m] anchored)",
        "increase(a_total[1m] smoothed)",
        "resets(a_total[5m])",
        "changes(a_total[5m] anchored)",
        "deriv(a_total[2m])",
        "predict_linear(a_total[2m], 60)",
        "double_exponential_smoothing(a_total[2m], 0.3, 0.6)",
        "sum_over_time(a_total[5m])",
        "avg_over_time(a_total[5m])",
        "max_over_time(a_total[5m]) - min_over_time(a_total[5m])",
        "quantile_over_time(0.4, a_total[5m])",
        "stddev_over_time(a_total[5m])",
        "mad_over_time(a_total[5m])",
        "last_over_time(a_total[1m]) - first_over_time(a_total[1m])",
        "ts_of_max_over_time(a_total[2m])",
        "absent(a_total{id=\"1\"})",
        "absent_over_time(a_total{id=\"1\"}[20s])",
        "timestamp(a_total)",
        "histogram_quantile(0.8, rate(c_bucket[2m]))",
        "histogram_fraction(0, 1, sum by (le) (rate(c_bucket[2m])))",
        "max_over_time(rate(a_total[1m])[3m:20s])",
        "sum_over_time(sum(a_total)[2m:])",
        "vector(scalar(a_total{id=\"1\"})) * minute()",
        "clamp(a_total, 10, time() / 10)",
        "label_replace(a_total, \"x\", \"$1\", \"id\", \"([0-3])\")",
    ];
    let late = EvalOptions {
        enable_delayed_name_removal: true,
        ..EvalOptions::default()
    };
    let range = TimeRange {
        start_ms: 30_000,
        end_ms: 640_000,
        step_ms: 17_000,
    };
    for seed in 0..6 {
        let source = wild(seed);
        for (text, options) in QUERIES
            .iter()
            .flat_map(|text| [(text, EvalOptions::default()), (text, late.clone())])
        {
            let expr = parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
            let of = |range| {
                let meter = Arc::new(Meter::new(QueryLimits::default()));
                evaluate(&expr, range, &source, None, &options, &meter)
            };
            let mut whole: Vec<(i64, String, f64)> = Vec::new();
            match of(range) {
                Ok(Evaluation {
                    value: QueryValue::Matrix(series),
                    ..
                }) => {
                    for series in series {
                        let labels = series.labels.to_string();
                        whole.extend(
                            series
                                .floats
                                .iter()
                                .map(|s| (s.t_ms, labels.clone(), s.value)),
                        );
                    }
                }
                other => panic!("{text}: {other:?}"),
            }
            whole.sort_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
            let mut single: Vec<(i64, String, f64)> = Vec::new();
            for t_ms in (range.start_ms..=range.end_ms).step_by(17_000) {
                let once = TimeRange {
                    start_ms: t_ms,
                    end_ms: t_ms,
                    step_ms: 0,
                };
                match of(once) {
                    Ok(Evaluation {
                        value: QueryValue::Vector(elements),
                        ..
                    }) => {
                        single.extend(elements.into_iter().map(|e| match e.value {
                            Value::Float(value) => (t_ms, e.labels.to_string(), value),
                            other => panic!("{text}: {other:?}"),
                        }));
                    }
                    other => panic!("{text} at {t_ms}: {other:?}"),
                }
            }
            single.sort_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
            assert_eq!(whole.len(), single.len(), "{text}, seed {seed}");
            for (w, s) in whole.iter().zip(&single) {
                let close = (w.2 - s.2).abs() <= s.2.abs() * 1e-11;
                let same = close || w.2 == s.2 || w.2.is_nan() && s.2.is_nan();
                assert!(
                    same && (w.0, &w.1) == (s.0, &s.1),
                    "{text}, seed {seed}: {w:?} {s:?}"
                );
            }
        }
    }
}
