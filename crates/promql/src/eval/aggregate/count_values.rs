//! `count_values`: one series for each group and value.

use std::collections::HashMap;

use super::super::annotations::quoted;
use super::super::column::{ABSENT, is_absent};
use super::super::context::{Context, Tally};
use super::super::error::EvalError;
use super::super::invariant::unparen;
use super::super::node;
use super::super::number::decimal;
use super::super::steps::Steps;
use super::super::stream::Stream;
use super::super::vector::Vector;
use super::text_of;
use crate::ast::AggregateExpr;

pub(super) fn evaluate(
    cx: &Context<'_>,
    aggregate: &AggregateExpr,
    steps: Steps,
    tally: &mut Tally,
) -> Result<Vector, EvalError> {
    let label = text_of(aggregate);
    if label.is_empty() {
        return Err(EvalError::execution(format!(
            "invalid label name {}",
            quoted(label)
        )));
    }
    let vector = node::vector(cx, unparen(&aggregate.expr), steps, tally)?;
    // The value's label is set before grouping, so what was there does not count.
    let mut names = aggregate.grouping.clone();
    let keeps_label = !aggregate.without || !names.iter().any(|name| name == label);
    names.retain(|name| name != label);
    if aggregate.without {
        names.push(label.to_owned());
    }
    let stream = Stream::Ready(vector);
    let (of_series, labels) = stream.groups(cx, &names, !aggregate.without);
    let Stream::Ready(vector) = stream else {
        return Ok(Vector::new(cx));
    };

    let mut counts: HashMap<(u32, u64), usize> = HashMap::new();
    let mut columns: Vec<(u32, f64, Vec<f64>)> = Vec::new();
    for (series, group) in vector.series.iter().zip(of_series) {
        cx.meter.check()?;
        for (step, value) in series.values.iter().enumerate() {
            if is_absent(*value) {
                continue;
            }
            // All NaNs are written alike.
            let bits = if value.is_nan() {
                f64::NAN.to_bits()
            } else {
                value.to_bits()
            };
            let key = (group, if keeps_label { bits } else { 0 });
            let at = *counts.entry(key).or_insert_with(|| {
                columns.push((group, *value, vec![ABSENT; steps.count]));
                columns.len() - 1
            });
            let count = &mut columns[at].2[step];
            *count = if is_absent(*count) { 1.0 } else { *count + 1.0 };
        }
    }
    let mut out = Vector::new(cx);
    for (group, value, column) in columns {
        let mut builder = labels[group as usize].to_builder();
        if keeps_label {
            builder.set(label, &decimal(value));
        }
        out.push(builder.build(), false, column)?;
    }
    Ok(out)
}
