//! Aggregations: `sum`, `topk`, ….
//!
//! Most fold: each series' column goes into the cells of its group and is
//! forgotten. The group of each series is known beforehand. `topk` and the like
//! choose among series, and need them all.

mod average;
mod choose;
mod count_values;
mod extremum;
mod heap;
mod limit_ratio;
mod quantile;
mod sum;
mod tally;
mod variance;

use binnacle_model::Labels;

use super::context::{Around, Context, Tally};
use super::error::EvalError;
use super::invariant::unparen;
use super::node;
use super::scalar::Scalar;
use super::steps::Steps;
use super::stream::Stream;
use super::vector::{Held, Vector};
use crate::ast::{AggregateExpr, AggregateOp, ExprKind};

/// State of an aggregation that takes one series after the other: a cell for each
/// group and step.
trait Fold: Send + Sized {
    /// Cells for `groups` groups and `steps` steps.
    fn new(groups: usize, steps: usize) -> Self;

    /// Takes the column of a series of `group`.
    fn add(&mut self, group: usize, column: &[f64]);

    /// Takes all that `other` took, after what `self` took.
    fn merge(&mut self, other: Self);

    /// The column of `group`.
    fn column(&mut self, group: usize) -> Vec<f64>;

    /// Bytes for each cell.
    const CELL_BYTES: u64;
}

/// Evaluates an aggregation.
pub(crate) fn evaluate<'a>(
    cx: &Context<'a>,
    aggregate: &'a AggregateExpr,
    steps: Steps,
    tally: &mut Tally,
) -> Result<Vector, EvalError> {
    use AggregateOp as Op;
    let cx = &cx.within(Around {
        func: aggregate.op.as_str(),
        grouping: Some((&aggregate.grouping, !aggregate.without)),
    });
    if aggregate.op == Op::CountValues {
        return count_values::evaluate(cx, aggregate, steps, tally);
    }
    let param = match &aggregate.param {
        Some(param) => node::scalar(cx, param, steps, tally)?,
        None => Scalar::Constant(0.0),
    };
    let inner = unparen(&aggregate.expr);
    match aggregate.op {
        Op::Topk | Op::Bottomk | Op::Limitk | Op::LimitRatio => {
            let vector = node::vector(cx, inner, steps, tally)?;
            choose::evaluate(cx, aggregate, &param, vector, steps, tally)
        }
        op => {
            let stream = node::stream(cx, inner, steps, tally)?.checked(cx, tally)?;
            let groups = Groups::new(cx, aggregate, &stream);
            match op {
                Op::Sum => fold::<sum::Cells>(cx, stream, groups, steps, tally),
                Op::Avg => fold::<average::Cells>(cx, stream, groups, steps, tally),
                Op::Count => fold::<tally::Cells>(cx, stream, groups, steps, tally),
                Op::Group => {
                    let mut vector = fold::<tally::Cells>(cx, stream, groups, steps, tally)?;
                    for series in &mut vector.series {
                        super::column::map(&mut series.values, |_| 1.0);
                    }
                    Ok(vector)
                }
                Op::Min => fold::<extremum::Least>(cx, stream, groups, steps, tally),
                Op::Max => fold::<extremum::Greatest>(cx, stream, groups, steps, tally),
                Op::Stdvar => fold::<variance::Cells>(cx, stream, groups, steps, tally),
                Op::Stddev => {
                    let mut vector = fold::<variance::Cells>(cx, stream, groups, steps, tally)?;
                    for series in &mut vector.series {
                        super::column::map(&mut series.values, f64::sqrt);
                    }
                    Ok(vector)
                }
                _ => {
                    let span = aggregate
                        .param
                        .as_ref()
                        .map_or(aggregate.expr.span, |p| p.span);
                    quantile::evaluate(cx, stream, groups, &param, span, steps, tally)
                }
            }
        }
    }
}

/// The groups of an aggregation's series.
struct Groups {
    /// The group of each series.
    of_series: Vec<u32>,
    /// The labels of each group.
    labels: Vec<Labels>,
    /// Whether a group's name is marked for removal: when that of any member is.
    drop_name: Vec<bool>,
}

impl Groups {
    fn new(cx: &Context<'_>, aggregate: &AggregateExpr, stream: &Stream<'_>) -> Self {
        let (of_series, labels) = stream.groups(cx, &aggregate.grouping, !aggregate.without);
        let mut drop_name = vec![false; labels.len()];
        for (i, group) in of_series.iter().enumerate() {
            drop_name[*group as usize] |= stream.drops_name(i);
        }
        Self {
            of_series,
            labels,
            drop_name,
        }
    }
}

fn fold<F: Fold>(
    cx: &Context<'_>,
    stream: Stream<'_>,
    groups: Groups,
    steps: Steps,
    tally: &mut Tally,
) -> Result<Vector, EvalError> {
    let count = groups.labels.len();
    let mut held = Held::new(cx.meter);
    held.add(
        0,
        (count as u64)
            .saturating_mul(steps.count as u64)
            .saturating_mul(F::CELL_BYTES),
    )?;
    let mut cells = stream.fold(
        cx,
        tally,
        &|| F::new(count, steps.count),
        &|cells: &mut F, i, column| {
            cells.add(groups.of_series[i] as usize, column);
            Ok(())
        },
        &mut |all, part| all.merge(part),
    )?;
    let mut vector = Vector::new(cx);
    for (group, labels) in groups.labels.into_iter().enumerate() {
        vector.push(labels, groups.drop_name[group], cells.column(group))?;
    }
    Ok(vector)
}

/// The string that is an aggregation's parameter.
fn text_of(aggregate: &AggregateExpr) -> &str {
    match aggregate.param.as_ref().map(|param| &unparen(param).kind) {
        Some(ExprKind::String(text)) => text,
        _ => "",
    }
}
