//! `topk`, `bottomk`, `limitk`, `limit_ratio`: some series of each group, as they
//! are.

use super::super::column::{ABSENT, is_absent};
use super::super::context::{Context, Tally};
use super::super::error::EvalError;
use super::super::number::shortest;
use super::super::scalar::Scalar;
use super::super::steps::Steps;
use super::super::stream::Stream;
use super::super::vector::Vector;
use super::limit_ratio::is_among;
use super::{Groups, heap};
use crate::ast::{AggregateExpr, AggregateOp};

/// A series chosen at a step.
#[derive(Debug, Clone, Copy)]
struct Chosen {
    series: u32,
    value: f64,
}

/// Whether `a` is what `topk` gives up first; NaN before anything else.
fn less(a: &Chosen, b: &Chosen) -> bool {
    a.value.is_nan() || a.value < b.value
}

/// Whether `a` is what `bottomk` gives up first.
fn more(a: &Chosen, b: &Chosen) -> bool {
    a.value.is_nan() || a.value > b.value
}

pub(super) fn evaluate(
    cx: &Context<'_>,
    aggregate: &AggregateExpr,
    param: &Scalar,
    vector: Vector,
    steps: Steps,
    tally: &mut Tally,
) -> Result<Vector, EvalError> {
    if !check(aggregate, param, steps, tally)? {
        return Ok(Vector::new(cx));
    }
    let stream = Stream::Ready(vector);
    let groups = Groups::new(cx, aggregate, &stream);
    let Stream::Ready(vector) = stream else {
        return Ok(Vector::new(cx));
    };
    let mut out = Vector::new(cx);
    // Columns of the series that are chosen at some step.
    let mut columns: Vec<Option<Vec<f64>>> = vec![None; vector.series.len()];
    let mut order = Vec::new();
    for step in 0..steps.count {
        cx.meter.check()?;
        let heaps = at_step(aggregate.op, param.at(step), &vector, &groups, step);
        for chosen in heaps.into_iter().flatten() {
            let column = columns[chosen.series as usize].get_or_insert_with(|| {
                order.push(chosen.series as usize);
                vec![ABSENT; steps.count]
            });
            column[step] = chosen.value;
        }
    }
    for series in order {
        let from = &vector.series[series];
        if let Some(values) = columns[series].take() {
            out.push(from.labels.clone(), from.drop_name, values)?;
        }
    }
    Ok(out)
}

/// Looks at the parameter; false when nothing can be chosen.
fn check(
    aggregate: &AggregateExpr,
    param: &Scalar,
    steps: Steps,
    tally: &mut Tally,
) -> Result<bool, EvalError> {
    let (mut least, mut greatest, mut nan) = (f64::INFINITY, f64::NEG_INFINITY, false);
    for value in param.iter(steps.count) {
        nan |= value.is_nan();
        least = least.min(value);
        greatest = greatest.max(value);
    }
    let span = aggregate
        .param
        .as_ref()
        .map_or(aggregate.expr.span, |p| p.span);
    if aggregate.op == AggregateOp::LimitRatio {
        if !nan && least == 0.0 && greatest == 0.0 {
            return Ok(false);
        }
        if nan {
            return Err(EvalError::execution("Ratio value is NaN"));
        }
        if greatest > 1.0 {
            tally.notes.invalid_ratio(greatest, 1.0, span);
        }
        if least < -1.0 {
            tally.notes.invalid_ratio(least, -1.0, span);
        }
        return Ok(true);
    }
    if !nan && greatest < 1.0 {
        return Ok(false);
    }
    if nan {
        return Err(EvalError::execution("Parameter value is NaN"));
    }
    if least <= i64::MIN as f64 {
        let least = shortest(least);
        return Err(EvalError::execution(format!(
            "Scalar value {least} underflows int64"
        )));
    }
    if greatest >= i64::MAX as f64 {
        let greatest = shortest(greatest);
        return Err(EvalError::execution(format!(
            "Scalar value {greatest} overflows int64"
        )));
    }
    Ok(true)
}

/// What each group chooses at a step, in the order of the answer.
fn at_step(
    op: AggregateOp,
    param: f64,
    vector: &Vector,
    groups: &Groups,
    step: usize,
) -> Vec<Vec<Chosen>> {
    let mut heaps: Vec<Vec<Chosen>> = vec![Vec::new(); groups.labels.len()];
    let k = (param.min(vector.series.len() as f64)).max(0.0) as usize;
    if op != AggregateOp::LimitRatio && k == 0 {
        return heaps;
    }
    for (i, series) in vector.series.iter().enumerate() {
        let value = series.values[step];
        if is_absent(value) {
            continue;
        }
        let chosen = Chosen {
            series: i as u32,
            value,
        };
        let heap = &mut heaps[groups.of_series[i] as usize];
        match op {
            AggregateOp::LimitRatio => {
                if param != 0.0 && is_among(param.clamp(-1.0, 1.0), &series.labels) {
                    heap::push(heap, chosen, less);
                }
            }
            AggregateOp::Limitk => {
                if heap.len() < k {
                    heap::push(heap, chosen, less);
                }
            }
            AggregateOp::Topk => offer(heap, chosen, k, less, |first| {
                first.value < value || (first.value.is_nan() && !value.is_nan())
            }),
            _ => offer(heap, chosen, k, more, |first| {
                first.value > value || (first.value.is_nan() && !value.is_nan())
            }),
        }
    }
    for heap in &mut heaps {
        // The best first; a NaN is the worst, and equal ones keep their order.
        match op {
            AggregateOp::Topk => sort_reverse(heap, less),
            AggregateOp::Bottomk => sort_reverse(heap, more),
            _ => {}
        }
    }
    heaps
}

fn offer(
    heap: &mut Vec<Chosen>,
    chosen: Chosen,
    k: usize,
    less: impl Fn(&Chosen, &Chosen) -> bool,
    beats: impl Fn(&Chosen) -> bool,
) {
    if heap.len() < k {
        heap::push(heap, chosen, less);
    } else if beats(&heap[0]) {
        heap[0] = chosen;
        heap::fix_first(heap, less);
    }
}

fn sort_reverse(heap: &mut [Chosen], less: impl Fn(&Chosen, &Chosen) -> bool) {
    heap.sort_by(|a, b| match (a.value.is_nan(), b.value.is_nan()) {
        (true, true) => std::cmp::Ordering::Equal,
        (true, false) => std::cmp::Ordering::Greater,
        (false, true) => std::cmp::Ordering::Less,
        (false, false) if less(b, a) => std::cmp::Ordering::Less,
        (false, false) if less(a, b) => std::cmp::Ordering::Greater,
        (false, false) => std::cmp::Ordering::Equal,
    });
}
