//! Aggregations over series, and `label_replace`.

use std::cmp::Ordering;
use std::collections::HashMap;

use binnacle_model::event::LogLabels;
use binnacle_model::pattern::Pattern;

use super::grouped::Grouped;
use super::{Context, EvalError, Series};
use crate::ast::{Grouping, LabelReplace, RangeOp, SampleExpr, VectorAggregation, VectorOp};

/// The labels of a group.
fn group(labels: &LogLabels, grouping: &Grouping) -> LogLabels {
    let mut kept = labels.clone();
    kept.retain(|name, _| grouping.labels.iter().any(|l| l == name) != grouping.without);
    kept
}

impl Context<'_> {
    /// `groups_max` is how many groups of rows there may be, when they are the answer.
    pub(super) fn vector(
        &self,
        vector: &VectorAggregation,
        groups_max: usize,
    ) -> Result<Vec<Series>, EvalError> {
        if let Some(grouped) = self.sum_of_rows(vector, groups_max)? {
            return grouped.into_series(self.meter);
        }
        if vector.op == VectorOp::ApproxTopk && self.steps.count > 1 {
            return Err(EvalError::BadData {
                message: "approx_topk is only supported on instant queries: use topk".to_owned(),
                span: Some(vector.span),
            });
        }
        let is_in_one = vector
            .grouping
            .as_ref()
            .is_none_or(|g| !g.without && g.labels.is_empty());
        let is_sorted = matches!(vector.op, VectorOp::Sort | VectorOp::SortDesc);
        if is_in_one
            && !is_sorted
            && let Some(grouped) = self.grouped(&vector.expr)?
        {
            if is_ranking(vector.op) {
                let mut best = grouped.best(vector.op, count_of(vector));
                self.in_order_of_rank(vector.op, &mut best);
                return Ok(best);
            }
            let values = grouped.reduced(vector.op);
            let is_there = grouped.len() > 0;
            let labels = LogLabels::default();
            return Ok(is_there
                .then_some(Series { labels, values })
                .into_iter()
                .collect());
        }
        let series = self.series(&vector.expr)?;
        if is_sorted {
            return Ok(self.sorted(vector.op, series));
        }
        if is_ranking(vector.op) {
            return Ok(self.best(vector, &series));
        }
        Ok(self.aggregate(vector, &series))
    }

    /// The series of an expression as groups of rows, when they are that.
    fn grouped(&self, expr: &SampleExpr) -> Result<Option<Grouped>, EvalError> {
        match expr {
            SampleExpr::Range(range) if range.op != RangeOp::AbsentOverTime => self
                .range(range, range.grouping.as_ref(), usize::MAX)
                .map(Some),
            SampleExpr::Vector(vector) => self.sum_of_rows(vector, usize::MAX),
            _ => Ok(None),
        }
    }

    /// `sum by (…)` of counts: rows are put to their group at once, and labels that do not
    /// count are never built.
    fn sum_of_rows(
        &self,
        vector: &VectorAggregation,
        groups_max: usize,
    ) -> Result<Option<Grouped>, EvalError> {
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
        let all_in_one = Grouping::all_in_one();
        let grouping = vector.grouping.as_ref().unwrap_or(&all_in_one);
        self.range(range, Some(grouping), groups_max).map(Some)
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
        // What is made of groups in turn has the order of their labels.
        groups.sort_by(|a, b| a.0.cmp(&b.0));
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

    fn best(&self, vector: &VectorAggregation, series: &[Series]) -> Vec<Series> {
        let k = count_of(vector);
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
                ranked.sort_by(|a, b| {
                    rank(vector.op, a.1, b.1)
                        .then_with(|| members[a.0].labels.cmp(&members[b.0].labels))
                });
                for (m, value) in ranked.into_iter().take(k) {
                    own[m].values[i] = Some(value);
                }
            }
            own.retain(|s| s.values.iter().any(Option::is_some));
            self.in_order_of_rank(vector.op, &mut own);
            kept.append(&mut own);
        }
        kept
    }

    /// At one time, the best come first.
    fn in_order_of_rank(&self, op: VectorOp, series: &mut [Series]) {
        if self.steps.count == 1 {
            let first = |s: &Series| s.values[0].unwrap_or(f64::NAN);
            series.sort_by(|a, b| {
                let order = first(a).total_cmp(&first(b));
                if op == VectorOp::Bottomk {
                    order
                } else {
                    order.reverse()
                }
            });
        }
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

fn is_ranking(op: VectorOp) -> bool {
    matches!(
        op,
        VectorOp::Topk | VectorOp::Bottomk | VectorOp::ApproxTopk
    )
}

fn count_of(vector: &VectorAggregation) -> usize {
    usize::try_from(vector.parameter.unwrap_or(1)).unwrap_or(1)
}

/// Which of two values comes first among the best: what is no number comes last.
pub(super) fn rank(op: VectorOp, a: f64, b: f64) -> Ordering {
    let order = if op == VectorOp::Bottomk {
        a.partial_cmp(&b)
    } else {
        b.partial_cmp(&a)
    };
    order.unwrap_or_else(|| a.is_nan().cmp(&b.is_nan()))
}

/// The value of an aggregation over values, whose order may count.
pub(super) fn reduce(op: VectorOp, values: &[f64]) -> Option<f64> {
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
