//! `label_replace` and `label_join`.

use binnacle_model::labels::METRIC_NAME;
use binnacle_model::pattern::Pattern;

use super::super::context::Context;
use super::super::error::EvalError;
use super::super::vector::Vector;

/// `label_replace(vector, target, replacement, source, pattern)`.
pub(crate) fn replace(
    cx: &Context<'_>,
    mut vector: Vector,
    target: &str,
    replacement: &str,
    source: &str,
    pattern: &str,
) -> Result<Vector, EvalError> {
    let pattern = compile(pattern)?;
    check_target("label_replace", target)?;
    for series in &mut vector.series {
        let source = series.labels.get(source).unwrap_or_default();
        let Some(value) = pattern.replace_template(source, replacement) else {
            continue;
        };
        let mut labels = series.labels.to_builder();
        labels.set(target, &value);
        series.labels = labels.build();
        if target == METRIC_NAME {
            series.drop_name = false;
        }
    }
    vector.merge_same_labels(cx)
}

/// The pattern, anchored, with `.` for line ends too.
pub(crate) fn compile(pattern: &str) -> Result<Pattern, EvalError> {
    Pattern::new(pattern).map_err(|_| {
        EvalError::execution(format!(
            "invalid regular expression in label_replace(): {pattern}"
        ))
    })
}

/// `label_join(vector, target, separator, sources…)`.
pub(crate) fn join(
    cx: &Context<'_>,
    mut vector: Vector,
    target: &str,
    separator: &str,
    sources: &[&str],
) -> Result<Vector, EvalError> {
    if let Some(bad) = sources.iter().find(|source| source.is_empty()) {
        return Err(EvalError::execution(format!(
            "invalid source label name in label_join(): {bad}"
        )));
    }
    check_target("label_join", target)?;
    for series in &mut vector.series {
        let values: Vec<&str> = sources
            .iter()
            .map(|source| series.labels.get(source).unwrap_or_default())
            .collect();
        let mut labels = series.labels.to_builder();
        labels.set(target, &values.join(separator));
        series.labels = labels.build();
        if target == METRIC_NAME {
            series.drop_name = false;
        }
    }
    vector.merge_same_labels(cx)
}

fn check_target(function: &str, target: &str) -> Result<(), EvalError> {
    if target.is_empty() {
        return Err(EvalError::execution(format!(
            "invalid destination label name in {function}(): {target}"
        )));
    }
    Ok(())
}
