//! `quantile`: needs all values of a group at a step together.

use binnacle_model::annotation::Span;

use super::super::column::{ABSENT, is_absent, is_empty};
use super::super::context::{Context, Tally};
use super::super::error::EvalError;
use super::super::quantile::quantile;
use super::super::scalar::Scalar;
use super::super::steps::Steps;
use super::super::stream::Stream;
use super::super::vector::{Held, Vector};
use super::Groups;

/// As many steps are gathered at a time as share a cache line of a column.
const STEPS_AT_ONCE: usize = 8;

pub(super) fn evaluate(
    cx: &Context<'_>,
    stream: Stream<'_>,
    groups: Groups,
    q: &Scalar,
    span: Span,
    steps: Steps,
    tally: &mut Tally,
) -> Result<Vector, EvalError> {
    remark(q, span, steps, tally);
    let (columns, _held) = stream.fold(
        cx,
        tally,
        &|| (Vec::new(), Held::new(cx.meter)),
        &|(columns, held): &mut (Vec<(u32, Vec<f64>)>, Held), i, column| {
            if !is_empty(column) {
                held.add_column(column)?;
                columns.push((groups.of_series[i], std::mem::take(column)));
            }
            Ok(())
        },
        &mut |all, part| {
            all.0.extend(part.0);
            all.1.absorb(part.1);
        },
    )?;
    let mut members: Vec<Vec<Vec<f64>>> = vec![Vec::new(); groups.labels.len()];
    for (group, column) in columns {
        members[group as usize].push(column);
    }
    let mut vector = Vector::new(cx);
    for (group, labels) in groups.labels.into_iter().enumerate() {
        cx.meter.check()?;
        let column = of_group(&members[group], q, steps.count);
        vector.push(labels, groups.drop_name[group], column)?;
    }
    Ok(vector)
}

fn of_group(members: &[Vec<f64>], q: &Scalar, steps: usize) -> Vec<f64> {
    let mut out = vec![ABSENT; steps];
    let mut gathered: [Vec<f64>; STEPS_AT_ONCE] = std::array::from_fn(|_| Vec::new());
    for from in (0..steps).step_by(STEPS_AT_ONCE) {
        let to = (from + STEPS_AT_ONCE).min(steps);
        gathered.iter_mut().for_each(Vec::clear);
        for member in members {
            for (value, gathered) in member[from..to].iter().zip(&mut gathered) {
                if !is_absent(*value) {
                    gathered.push(*value);
                }
            }
        }
        for (step, values) in (from..to).zip(&mut gathered) {
            if !values.is_empty() {
                out[step] = quantile(q.at(step), values);
            }
        }
    }
    out
}

/// Remarks that `q` is no quantile, once for each way.
fn remark(q: &Scalar, span: Span, steps: Steps, tally: &mut Tally) {
    let (mut least, mut greatest, mut nan) = (f64::INFINITY, f64::NEG_INFINITY, false);
    for value in q.iter(steps.count) {
        nan |= value.is_nan();
        least = least.min(value);
        greatest = greatest.max(value);
    }
    if nan {
        tally.notes.invalid_quantile(f64::NAN, span);
    }
    if greatest > 1.0 {
        tally.notes.invalid_quantile(greatest, span);
    }
    if least < 0.0 {
        tally.notes.invalid_quantile(least, span);
    }
}
