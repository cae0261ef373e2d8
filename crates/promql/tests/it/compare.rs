//! Whether an answer is the one that a script expects.

use binnacle_model::annotation::{Annotations, Severity};
use binnacle_model::query::{MatrixSeries, QueryValue, Value, VectorElement};
use binnacle_model::{Labels, is_stale};
use binnacle_promql::parse::SeriesValue;
use binnacle_promql::script::{AnnotationExpectation, Eval, EvalTimes, Steps};

/// Relative error of a value that still counts as right, as upstream has it.
const EPSILON: f64 = 1e-6;

/// Whether both are the same, or nearly.
pub fn almost_equal(a: f64, b: f64, epsilon: f64) -> bool {
    if is_stale(a) || is_stale(b) {
        return is_stale(a) && is_stale(b);
    }
    if a.is_nan() && b.is_nan() || a == b {
        return true;
    }
    let sum = a.abs() + b.abs();
    let difference = (a - b).abs();
    if a == 0.0 || b == 0.0 || sum < f64::MIN_POSITIVE {
        return difference < epsilon * f64::MIN_POSITIVE;
    }
    difference / sum.min(f64::MAX) < epsilon
}

/// The remarks as the API renders them, with their place in `query`.
pub fn rendered(annotations: &Annotations, query: &str, severity: Severity) -> Vec<String> {
    annotations
        .iter()
        .filter(|annotation| annotation.severity == severity)
        .map(|annotation| {
            let mut text = annotation.message.clone();
            if !text.starts_with("PromQL ") {
                let word = if severity == Severity::Info {
                    "info"
                } else {
                    "warning"
                };
                text = format!("PromQL {word}: {text}");
            }
            if let Some(span) = annotation.span {
                let before = &query.as_bytes()[..span.start.min(query.len())];
                let line = 1 + before.iter().filter(|&&b| b == b'\n').count();
                let column = 1 + before.iter().rev().take_while(|&&b| b != b'\n').count();
                text += &format!(" ({line}:{column})");
            }
            text
        })
        .collect()
}

/// Checks the remarks of one severity.
pub fn annotations(want: &AnnotationExpectation, got: &[String]) -> Result<(), String> {
    if want.none && !got.is_empty() {
        return Err(format!("unexpected annotations {got:?}"));
    }
    if want.some && got.is_empty() {
        return Err(format!(
            "expected an annotation {:?}, found none",
            want.patterns
        ));
    }
    if let Some(missing) = want
        .patterns
        .iter()
        .find(|pattern| !got.iter().any(|text| pattern.matches(text)))
    {
        return Err(format!("no annotation matches {missing:?}: {got:?}"));
    }
    let expected = |text: &&String| want.patterns.iter().any(|pattern| pattern.matches(text));
    if !want.patterns.is_empty()
        && let Some(unexpected) = got.iter().find(|text| !expected(text))
    {
        return Err(format!("unexpected annotation {unexpected:?}"));
    }
    Ok(())
}

/// Checks the value of a query against `eval`.
pub fn value(eval: &Eval, got: &QueryValue) -> Result<(), String> {
    match got {
        QueryValue::String { value, .. } => match &eval.string {
            Some(want) if want == value => Ok(()),
            want => Err(format!("expected string {want:?}, got {value:?}")),
        },
        QueryValue::Scalar(sample) => scalar(eval, sample.value),
        QueryValue::Vector(elements) => vector(eval, elements),
        QueryValue::Matrix(series) => matrix(eval, series),
    }
}

/// Checks a scalar.
pub fn scalar(eval: &Eval, got: f64) -> Result<(), String> {
    match eval.scalar {
        Some(want) if almost_equal(want, got, EPSILON) => Ok(()),
        Some(want) => Err(format!("expected scalar {want}, got {got}")),
        None => Err(format!("expected a vector or matrix, got scalar {got}")),
    }
}

/// Checks an instant vector.
pub fn vector(eval: &Eval, got: &[VectorElement]) -> Result<(), String> {
    if eval.scalar.is_some() {
        return Err(format!("expected a scalar, got vector {got:?}"));
    }
    let mut seen = vec![false; eval.series.len()];
    for (position, element) in got.iter().enumerate() {
        let labels = &element.labels;
        let Some(at) = expected(eval, labels) else {
            return Err(format!(
                "unexpected series {labels} with {:?}",
                element.value
            ));
        };
        if eval.ordered && at != position {
            return Err(format!(
                "expected {labels} at position {at}, it is at {position}"
            ));
        }
        seen[at] = true;
        let want = eval.series[at].values.first();
        match (want, &element.value) {
            (Some(SeriesValue::Float(want)), Value::Float(got))
                if almost_equal(*want, *got, EPSILON) => {}
            (
                Some(SeriesValue::Histogram {
                    histogram: want, ..
                }),
                Value::Histogram(got),
            ) if want == got => {}
            (want, got) => return Err(format!("expected {want:?} for {labels}, got {got:?}")),
        }
    }
    missing(eval, &seen)
}

fn matrix(eval: &Eval, got: &[MatrixSeries]) -> Result<(), String> {
    if eval.ordered || eval.scalar.is_some() {
        return Err(format!(
            "expected an ordered answer or a scalar, got matrix {got:?}"
        ));
    }
    sorted(got)?;
    let steps = match (eval.range_vector, eval.times) {
        (Some(steps), _) | (None, EvalTimes::Range(steps)) => steps,
        (None, EvalTimes::Instant { at_ms }) => Steps {
            start_ms: at_ms,
            end_ms: at_ms,
            step_ms: 1,
        },
    };
    let mut seen = vec![false; eval.series.len()];
    for series in got {
        let labels = &series.labels;
        let Some(at) = expected(eval, labels) else {
            return Err(format!(
                "unexpected series {labels} with {:?}",
                series.floats
            ));
        };
        seen[at] = true;
        let (mut floats, mut histograms) = (Vec::new(), Vec::new());
        for (i, value) in eval.series[at].values.iter().enumerate() {
            let t_ms = steps.start_ms + steps.step_ms * i as i64;
            if t_ms > steps.end_ms {
                return Err(format!(
                    "more points expected for {labels} than there are steps"
                ));
            }
            match value {
                SeriesValue::Omitted => {}
                SeriesValue::Float(value) => floats.push((t_ms, *value)),
                SeriesValue::Histogram { histogram, .. } => histograms.push((t_ms, histogram)),
            }
        }
        let same_floats = floats.len() == series.floats.len()
            && floats
                .iter()
                .zip(&series.floats)
                .all(|((t_ms, want), got)| {
                    *t_ms == got.t_ms && almost_equal(*want, got.value, EPSILON)
                });
        let same_histograms = histograms.len() == series.histograms.len()
            && histograms
                .iter()
                .zip(&series.histograms)
                .all(|((t_ms, want), (got_ms, got))| t_ms == got_ms && **want == *got);
        if !same_floats || !same_histograms {
            let got: Vec<(i64, f64)> = series.floats.iter().map(|s| (s.t_ms, s.value)).collect();
            return Err(format!(
                "for {labels}\n    expected {floats:?} {histograms:?}\n         got {got:?} {:?}",
                series.histograms
            ));
        }
    }
    missing(eval, &seen)
}

/// Checks that series come in ascending order of their labels, each once.
pub fn sorted(series: &[MatrixSeries]) -> Result<(), String> {
    match series
        .windows(2)
        .find(|pair| pair[0].labels >= pair[1].labels)
    {
        Some(pair) => Err(format!(
            "{} comes before {}",
            pair[0].labels, pair[1].labels
        )),
        None => Ok(()),
    }
}

fn expected(eval: &Eval, labels: &Labels) -> Option<usize> {
    // A line with the same labels as one before replaces it.
    eval.series
        .iter()
        .rposition(|series| series.labels == *labels)
}

fn missing(eval: &Eval, seen: &[bool]) -> Result<(), String> {
    for (series, _) in eval.series.iter().zip(seen).filter(|(_, seen)| !**seen) {
        if expected(eval, &series.labels).is_some_and(|at| !seen[at]) {
            return Err(format!("expected series {} is missing", series.labels));
        }
    }
    Ok(())
}
