//! Aggregations over series, and `label_replace`.

use std::collections::HashMap;

use binnacle_model::event::LogLabels;
use binnacle_model::pattern::Pattern;

use super::{Context, EvalError, Series};
use crate::ast::{Grouping, LabelReplace, RangeOp, SampleExpr, VectorAggregation, VectorOp};

/// The labels of a group.
pub(super) fn group(labels: &LogLabels, grouping: &Grouping) -> LogLabels {
    let mut kept = labels.clone();
    kept.retain(|name, _| grouping.labels.iter().any(|l| l == name) != grouping.without);
    kept
}

impl Context<'_> {
    pub(super) fn vector(&self, vector: &VectorAggregation) -> Result<Vec<Series>, EvalError> {
        if let Some(series) = self.sum_of_rows(vector)? {
            return Ok(series);
        }
        let series = self.series(&vector.expr)?;
        match vector.op {
            VectorOp::Sort | VectorOp::SortDesc => Ok(self.sorted(vector.op, series)),
            VectorOp::Topk | VectorOp::Bottomk | VectorOp::ApproxTopk => {
                self.best_of(vector, &series)
            }
            _ => Ok(self.aggregate(vector, &series)),
        }
    }

    /// `sum by (…)` of counts: rows are put to their group at once, and labels that do not
    /// count are never built.
    fn sum_of_rows(&self, vector: &VectorAggregation) -> Result<Option<Vec<Series>>, EvalError> {
        let SampleExpr::Range(range) = &vector.expr else {
            return Ok(None);
        };
        let is_additive = matches!(
            range.op,
            RangeOp::CountOverTime
                | RangeOp::Rate
                | RangeOp::BytesOverTime
                | RangeOp::BytesRate
                | RangeOp::SumOverTime
        );
        if vector.op != VectorOp::Sum || !is_additive {
            return Ok(None);
        }
        let all_in_one = Grouping {
            without: false,
            labels: Vec::new(),
        };
        let grouping = vector.grouping.as_ref().unwrap_or(&all_in_one);
        self.range(range, Some(grouping)).map(Some)
    }

    fn groups<'s>(
        &self,
        vector: &VectorAggregation,
        series: &'s [Series],
    ) -> Vec<(LogLabels, Vec<&'s Series>)> {
        let mut at: HashMap<LogLabels, usize> = HashMap::new();
        let mut groups: Vec<(LogLabels, Vec<&Series>)> = Vec::new();
        for one in series {
            let labels = match &vector.grouping {
                None => LogLabels::default(),
                Some(grouping) => group(&one.labels, grouping),
            };
            let number = *at.entry(labels.clone()).or_insert_with(|| {
                groups.push((labels, Vec::new()));
                groups.len() - 1
            });
            groups[number].1.push(one);
        }
        groups
    }

    fn aggregate(&self, vector: &VectorAggregation, series: &[Series]) -> Vec<Series> {
        self.groups(vector, series)
            .into_iter()
            .map(|(labels, members)| Series {
                labels,
                values: (0..self.steps.count)
                    .map(|i| {
                        let values: Vec<f64> = members.iter().filter_map(|s| s.values[i]).collect();
                        reduce(vector.op, &values)
                    })
                    .collect(),
            })
            .collect()
    }

    /// By value, at one time alone: series over a range are in the order of their labels.
    fn sorted(&self, op: VectorOp, mut series: Vec<Series>) -> Vec<Series> {
        if self.steps.count == 1 {
            let first = |s: &Series| s.values[0].unwrap_or(f64::NAN);
            series.sort_by(|a, b| a.labels.cmp(&b.labels));
            series.sort_by(|a, b| {
                let order = first(a).total_cmp(&first(b));
                if op == VectorOp::SortDesc {
                    order.reverse()
                } else {
                    order
                }
            });
        }
        series
    }

    fn best_of(
        &self,
        vector: &VectorAggregation,
        series: &[Series],
    ) -> Result<Vec<Series>, EvalError> {
        if vector.op == VectorOp::ApproxTopk && self.steps.count > 1 {
            return Err(EvalError::BadData {
                message: "approx_topk is only supported on instant queries: use topk".to_owned(),
                span: Some(vector.span),
            });
        }
        Ok(self.best(vector, series))
    }

    fn best(&self, vector: &VectorAggregation, series: &[Series]) -> Vec<Series> {
        let k = usize::try_from(vector.parameter.unwrap_or(1)).unwrap_or(1);
        let mut kept: Vec<Series> = Vec::new();
        for (_, members) in self.groups(vector, series) {
            let mut own: Vec<Series> = members
                .iter()
                .map(|s| Series {
                    labels: s.labels.clone(),
                    values: vec![None; self.steps.count],
                })
                .collect();
            for i in 0..self.steps.count {
                let mut ranked: Vec<(usize, f64)> = members
                    .iter()
                    .enumerate()
                    .filter_map(|(m, s)| Some((m, s.values[i]?)))
                    .collect();
                // What is no number comes last.
                ranked.sort_by(|a, b| {
                    let order = if vector.op == VectorOp::Bottomk {
                        a.1.partial_cmp(&b.1)
                    } else {
                        b.1.partial_cmp(&a.1)
                    };
                    order
                        .unwrap_or_else(|| a.1.is_nan().cmp(&b.1.is_nan()))
                        .then_with(|| members[a.0].labels.cmp(&members[b.0].labels))
                });
                for (m, value) in ranked.into_iter().take(k) {
                    own[m].values[i] = Some(value);
                }
            }
            own.retain(|s| s.values.iter().any(Option::is_some));
            if self.steps.count == 1 {
                let first = |s: &Series| s.values[0].unwrap_or(f64::NAN);
                own.sort_by(|a, b| {
                    let order = first(a).total_cmp(&first(b));
                    if vector.op == VectorOp::Bottomk {
                        order
                    } else {
                        order.reverse()
                    }
                });
            }
            kept.append(&mut own);
        }
        kept
    }

    pub(super) fn label_replace(&self, replace: &LabelReplace) -> Result<Vec<Series>, EvalError> {
        let pattern = Pattern::new(&replace.regex).map_err(|e| EvalError::BadData {
            message: format!("invalid regex in label_replace: {e}"),
            span: None,
        })?;
        let mut series = self.series(&replace.expr)?;
        for one in &mut series {
            let value = one.labels.get(&replace.source).unwrap_or("").to_owned();
            let Some(text) = pattern.replace_template(&value, &replace.replacement) else {
                continue;
            };
            if text.is_empty() {
                one.labels.remove(&replace.destination);
            } else {
                one.labels.set(replace.destination.as_str(), text);
            }
        }
        Ok(series)
    }
}

fn reduce(op: VectorOp, values: &[f64]) -> Option<f64> {
    if values.is_empty() {
        return None;
    }
    let n = values.len() as f64;
    let mean = || super::aggregate::mean_of(values.iter().copied());
    let variance = || {
        let mean = mean();
        values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n
    };
    Some(match op {
        VectorOp::Sum => values.iter().sum(),
        VectorOp::Avg => mean(),
        VectorOp::Min => values
            .iter()
            .fold(f64::NAN, |m, v| if *v < m || m.is_nan() { *v } else { m }),
        VectorOp::Max => values
            .iter()
            .fold(f64::NAN, |m, v| if *v > m || m.is_nan() { *v } else { m }),
        VectorOp::Count => n,
        VectorOp::Stdvar => variance(),
        VectorOp::Stddev => variance().sqrt(),
        VectorOp::Topk
        | VectorOp::Bottomk
        | VectorOp::ApproxTopk
        | VectorOp::Sort
        | VectorOp::SortDesc => return None,
    })
}
