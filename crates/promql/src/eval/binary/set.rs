//! `and`, `or`, `unless`: which series there are, whatever their values.

use super::super::column::{ABSENT, is_absent};
use super::super::context::Context;
use super::super::error::EvalError;
use super::super::steps::Steps;
use super::super::vector::{Series, Vector};
use super::signature;
use crate::ast::{BinaryOp, VectorMatching};

pub(super) fn evaluate(
    cx: &Context<'_>,
    op: BinaryOp,
    matching: &VectorMatching,
    mut lhs: Vector,
    mut rhs: Vector,
    steps: Steps,
) -> Result<Vector, EvalError> {
    let groups = signature::groups(cx, matching, &lhs, &rhs);
    let mut present = vec![false; steps.count];
    let mut mark = |members: &[u32], series: &[Series]| {
        present.fill(false);
        for member in members {
            for (present, value) in present.iter_mut().zip(&series[*member as usize].values) {
                *present |= !is_absent(*value);
            }
        }
        present.clone()
    };
    for group in &groups {
        if op == BinaryOp::Or {
            if !group.lhs.is_empty() && !group.rhs.is_empty() {
                let on_left = mark(&group.lhs, &lhs.series);
                keep(&mut rhs.series, &group.rhs, |step| !on_left[step]);
            }
            continue;
        }
        let wanted = op == BinaryOp::And;
        if group.rhs.is_empty() && !wanted {
            continue;
        }
        let on_right = mark(&group.rhs, &rhs.series);
        keep(&mut lhs.series, &group.lhs, |step| on_right[step] == wanted);
    }
    if op == BinaryOp::Or {
        lhs.series.append(&mut rhs.series);
        lhs.held.absorb(rhs.held);
    }
    lhs.drop_empty();
    if op == BinaryOp::Or {
        return lhs.merge_same_labels(cx);
    }
    Ok(lhs)
}

fn keep(series: &mut [Series], members: &[u32], at: impl Fn(usize) -> bool) {
    for member in members {
        for (step, value) in series[*member as usize].values.iter_mut().enumerate() {
            if !at(step) {
                *value = ABSENT;
            }
        }
    }
}
