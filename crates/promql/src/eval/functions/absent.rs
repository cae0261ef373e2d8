//! `absent` and `absent_over_time`: a series where there is none.

use binnacle_model::Labels;
use binnacle_model::labels::METRIC_NAME;
use binnacle_model::matcher::{MatchOp, Matcher};

use super::super::column::{ABSENT, is_absent};
use super::super::context::{Context, Tally};
use super::super::error::EvalError;
use super::super::invariant::unparen;
use super::super::steps::Steps;
use super::super::stream::Stream;
use super::super::vector::Vector;
use crate::ast::{Expr, ExprKind};

/// 1 at each step at which `stream` has no series; with the labels that the
/// selector in `arg` says the series would have.
pub(crate) fn evaluate(
    cx: &Context<'_>,
    arg: &Expr,
    stream: Stream<'_>,
    steps: Steps,
    drop_name: bool,
    tally: &mut Tally,
) -> Result<Vector, EvalError> {
    let steps = steps.count;
    let out = stream.fold(
        cx,
        tally,
        &|| vec![1.0; steps],
        &|out: &mut Vec<f64>, _, column| {
            for (out, value) in out.iter_mut().zip(column) {
                if !is_absent(*value) {
                    *out = ABSENT;
                }
            }
            Ok(())
        },
        &mut |all, part| {
            for (all, part) in all.iter_mut().zip(part) {
                if is_absent(part) {
                    *all = ABSENT;
                }
            }
        },
    )?;
    let labels = match &unparen(arg).kind {
        ExprKind::Vector(selector) => named_by(&selector.matchers),
        ExprKind::Matrix(selector) => named_by(&selector.vector.matchers),
        _ => Labels::empty(),
    };
    let mut vector = Vector::new(cx);
    vector.push(labels, drop_name, out)?;
    Ok(vector)
}

/// The labels that the matchers fix; one that is matched twice is left out.
fn named_by(matchers: &[Matcher]) -> Labels {
    let mut labels = Labels::empty().to_builder();
    let mut seen: Vec<&str> = Vec::new();
    for matcher in matchers.iter().filter(|m| m.name != METRIC_NAME) {
        if matcher.op == MatchOp::Equal && !seen.contains(&matcher.name.as_str()) {
            labels.set(&matcher.name, &matcher.value);
            seen.push(&matcher.name);
        } else {
            labels.remove(&matcher.name);
        }
    }
    labels.build()
}
