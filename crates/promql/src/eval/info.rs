//! `info`: labels from info metrics (`target_info` and the like), joined on
//! `instance` and `job`.

use std::collections::{BTreeSet, HashMap};

use binnacle_model::Labels;
use binnacle_model::labels::METRIC_NAME;
use binnacle_model::matcher::{MatchOp, Matcher};
use binnacle_model::select::Hints;

use super::column::{ABSENT, is_absent};
use super::context::{Context, Tally};
use super::duration;
use super::error::EvalError;
use super::invariant::unparen;
use super::node;
use super::selector::{Instant, Selected, Shift, Wanted};
use super::steps::Steps;
use super::stream::{Make, Stream};
use super::vector::{Series, Vector};
use crate::ast::{Call, Expr, ExprKind, RangeMode, VectorSelector};

/// The metric that is meant when none is named.
const TARGET_INFO: &str = "target_info";

/// The labels that say which target a series is of.
const IDENTIFYING: [&str; 2] = ["instance", "job"];

/// What the second argument says.
struct Wish {
    /// Which info metrics.
    names: Vec<Matcher>,
    /// Which of their labels; all when empty.
    labels: Vec<Matcher>,
}

/// Evaluates `info(vector, {selector})`.
pub(crate) fn evaluate(
    cx: &Context<'_>,
    call: &Call,
    steps: Steps,
    tally: &mut Tally,
) -> Result<Vector, EvalError> {
    let Some(first) = call.args.first().map(unparen) else {
        return Ok(Vector::new(cx));
    };
    let shift = reference(cx, first)?;
    let base = node::vector(cx, first, steps, tally)?;
    let selector = call.args.get(1).map(|arg| &unparen(arg).kind);
    let wish = Wish::of(match selector {
        Some(ExprKind::Vector(selector)) => Some(selector),
        _ => None,
    })?;
    let infos = infos(cx, first, &base, &wish, shift, steps, tally)?;
    combine(cx, base, &infos, &wish, steps)
}

impl Wish {
    fn of(selector: Option<&VectorSelector>) -> Result<Self, EvalError> {
        let all = selector.map(|s| s.matchers.as_slice()).unwrap_or_default();
        let (mut names, labels): (Vec<Matcher>, Vec<Matcher>) =
            all.iter().cloned().partition(|m| m.name == METRIC_NAME);
        let positive = names
            .iter()
            .any(|m| matches!(m.op, MatchOp::Equal | MatchOp::Regex));
        if names.is_empty() {
            names.push(Matcher::equal(METRIC_NAME, TARGET_INFO));
        } else if !positive {
            names.insert(0, matcher(METRIC_NAME, ".+_info")?);
        }
        Ok(Self { names, labels })
    }

    /// Whether a series is an info metric itself, which is left as it is.
    fn is_info(&self, labels: &Labels) -> bool {
        let name = labels.metric_name().unwrap_or_default();
        self.names.iter().all(|m| m.matches(name))
    }

    /// Whether this label of an info metric is asked for.
    fn wants(&self, label: &str) -> bool {
        self.labels.is_empty() || self.labels.iter().any(|m| m.name == label)
    }
}

fn matcher(name: &str, pattern: &str) -> Result<Matcher, EvalError> {
    Matcher::new(name, MatchOp::Regex, pattern)
        .map_err(|error| EvalError::execution(error.to_string()))
}

/// The time that the first selector looks at: info metrics are those of that time.
fn reference(cx: &Context<'_>, expr: &Expr) -> Result<Shift, EvalError> {
    fn find(cx: &Context<'_>, expr: &Expr) -> Result<Option<Shift>, EvalError> {
        Ok(match &expr.kind {
            ExprKind::Number(_) | ExprKind::String(_) => None,
            ExprKind::Paren(inner) | ExprKind::Unary(_, inner) => find(cx, inner)?,
            ExprKind::Binary(binary) => match find(cx, &binary.lhs)? {
                Some(shift) => Some(shift),
                None => find(cx, &binary.rhs)?,
            },
            ExprKind::Aggregate(aggregate) => find(cx, &aggregate.expr)?,
            ExprKind::Call(call) => {
                for arg in &call.args {
                    if let Some(shift) = find(cx, arg)? {
                        return Ok(Some(shift));
                    }
                }
                None
            }
            ExprKind::Vector(selector) => Some(Shift::of(cx, selector.at, &selector.offset)?),
            ExprKind::Matrix(matrix) => {
                Some(Shift::of(cx, matrix.vector.at, &matrix.vector.offset)?)
            }
            ExprKind::Subquery(subquery) => match find(cx, &subquery.expr)? {
                // An `@` further in makes what is further out irrelevant.
                Some(shift) if shift.at_ms.is_none() => {
                    let outer = Shift::of(cx, subquery.at, &subquery.offset)?;
                    let offset_ms =
                        shift.offset_ms + duration::offset_ms(&subquery.offset, cx.query)?;
                    Some(Shift {
                        at_ms: outer.at_ms,
                        offset_ms,
                    })
                }
                other => other,
            },
        })
    }
    Ok(find(cx, expr)?.unwrap_or(Shift {
        at_ms: None,
        offset_ms: 0,
    }))
}

/// The info series that may belong to `base`; their values are the times of their
/// samples, in milliseconds.
fn infos(
    cx: &Context<'_>,
    first: &Expr,
    base: &Vector,
    wish: &Wish,
    shift: Shift,
    steps: Steps,
    tally: &mut Tally,
) -> Result<Vector, EvalError> {
    let mut matchers = Vec::new();
    for name in IDENTIFYING {
        let values: BTreeSet<&str> = base
            .series
            .iter()
            .filter(|series| !wish.is_info(&series.labels))
            .filter_map(|series| series.labels.get(name))
            .collect();
        if !values.is_empty() {
            let values: Vec<String> = values.into_iter().map(regex::escape).collect();
            matchers.push(matcher(name, &values.join("|"))?);
        }
    }
    if matchers.is_empty() {
        return Ok(Vector::new(cx));
    }
    matchers.extend(wish.labels.iter().cloned());
    matchers.extend(wish.names.iter().cloned());
    let instant = Instant {
        steps,
        shift,
        lookback_ms: cx.options.lookback_ms,
        mode: RangeMode::Plain,
        wanted: Wanted::TimeMs,
    };
    let span_ms = instant.span();
    let hints = Hints {
        step_ms: steps.step_ms,
        func: "info".to_owned(),
        ..Hints::default()
    };
    let selection = binnacle_model::select::Selection {
        matchers,
        start_ms: span_ms.0,
        end_ms: span_ms.1,
        hints,
    };
    let set = cx.source.select(&selection, true, cx.meter)?;
    let selected = Selected {
        set,
        span_ms,
        name: None,
        at: first.span,
    };
    Stream::lazy(selected, Make::Instant(instant), steps, false).collect(cx, tally)
}

/// An info metric's series by target.
type ByTarget<'v> = HashMap<Vec<&'v str>, Vec<&'v Series>>;

fn target(labels: &Labels) -> Vec<&str> {
    IDENTIFYING
        .iter()
        .map(|name| labels.get(name).unwrap_or_default())
        .collect()
}

fn combine(
    cx: &Context<'_>,
    base: Vector,
    infos: &Vector,
    wish: &Wish,
    steps: Steps,
) -> Result<Vector, EvalError> {
    let mut metrics: Vec<(&str, ByTarget<'_>)> = Vec::new();
    for info in &infos.series {
        let name = info.labels.metric_name().unwrap_or_default();
        let at = metrics
            .iter()
            .position(|(n, _)| *n == name)
            .unwrap_or_else(|| {
                metrics.push((name, ByTarget::new()));
                metrics.len() - 1
            });
        metrics[at]
            .1
            .entry(target(&info.labels))
            .or_default()
            .push(info);
    }
    check_conflicts(&metrics, steps)?;
    let needs_info = wish.labels.iter().any(|m| !m.matches_empty());
    let mut out = Vector::new(cx);
    for series in base.series {
        cx.meter.check()?;
        if wish.is_info(&series.labels) {
            out.push(series.labels, series.drop_name, series.values)?;
            continue;
        }
        let key = target(&series.labels);
        let candidates: Vec<&[&Series]> = metrics
            .iter()
            .filter_map(|(_, by)| by.get(&key))
            .map(Vec::as_slice)
            .collect();
        // Which info series were met, and the series that comes of it.
        let mut parts: Vec<(Vec<*const Series>, Labels, Vec<f64>)> = Vec::new();
        for (step, value) in series.values.iter().enumerate() {
            if is_absent(*value) {
                continue;
            }
            let met: Vec<&Series> = candidates
                .iter()
                .filter_map(|of_metric| latest(of_metric, step))
                .collect();
            if met.is_empty() && needs_info {
                continue;
            }
            let key: Vec<*const Series> = met.iter().map(|s| std::ptr::from_ref(*s)).collect();
            let at = match parts.iter().position(|(k, _, _)| *k == key) {
                Some(at) => at,
                None => {
                    let labels = enriched(&series.labels, &met, wish)?;
                    parts.push((key, labels, vec![ABSENT; steps.count]));
                    parts.len() - 1
                }
            };
            parts[at].2[step] = *value;
        }
        for (_, labels, column) in parts {
            out.push(labels, series.drop_name, column)?;
        }
    }
    out.merge_same_labels(cx)
}

/// The info series whose sample is the newest at a step.
fn latest<'v>(series: &[&'v Series], step: usize) -> Option<&'v Series> {
    series
        .iter()
        .filter(|s| !is_absent(s.values[step]))
        .max_by(|a, b| a.values[step].total_cmp(&b.values[step]))
        .copied()
}

/// # Errors
/// When two series of an info metric are of the same target and time.
fn check_conflicts(metrics: &[(&str, ByTarget<'_>)], steps: Steps) -> Result<(), EvalError> {
    let shared = metrics
        .iter()
        .flat_map(|(_, by)| by.values())
        .filter(|series| series.len() > 1);
    for series in shared {
        for step in 0..steps.count {
            let Some(newest) = latest(series, step) else {
                continue;
            };
            let time = newest.values[step];
            let mut same = series.iter().filter(|s| s.values[step] == time);
            if let (Some(a), Some(b)) = (same.next(), same.next()) {
                return Err(EvalError::execution(format!(
                    "found duplicate series for info metric: existing {} @ {time}, new {} @ {time}",
                    a.labels, b.labels
                )));
            }
        }
    }
    Ok(())
}

/// The labels of a series with those of the info series it met.
fn enriched(labels: &Labels, met: &[&Series], wish: &Wish) -> Result<Labels, EvalError> {
    let mut added = Labels::empty().to_builder();
    for info in met {
        for (name, value) in &info.labels {
            if name == METRIC_NAME || !wish.wants(name) {
                continue;
            }
            let seen = added.get(name);
            if !seen.is_empty() && seen != value {
                return Err(EvalError::execution(format!("conflicting label: {name}")));
            }
            if labels.get(name).is_none() {
                added.set(name, value);
            }
        }
    }
    let mut all = labels.to_builder();
    for (name, value) in added.pairs() {
        all.set(name, value);
    }
    Ok(all.build())
}
