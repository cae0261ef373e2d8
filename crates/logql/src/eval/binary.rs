//! Binary operations, by Prometheus' rules of matching.

use std::collections::HashMap;

use binnacle_model::event::LogLabels;

use super::{Context, EvalError, Evaluated, Series};
use crate::ast::{Binary, BinaryOp, Group, Matching};
use crate::parse::sample_tables::is_comparison;

/// The operation on two numbers; a comparison is 1 or 0.
pub(crate) fn of_numbers(op: BinaryOp, a: f64, b: f64) -> f64 {
    let truth = |holds: bool| f64::from(u8::from(holds));
    #[allow(clippy::float_cmp)] // the operator of the language
    match op {
        BinaryOp::Add => a + b,
        BinaryOp::Sub => a - b,
        BinaryOp::Mul => a * b,
        BinaryOp::Div => {
            if b == 0.0 {
                f64::NAN
            } else {
                a / b
            }
        }
        BinaryOp::Mod => {
            if b == 0.0 {
                f64::NAN
            } else {
                a % b
            }
        }
        BinaryOp::Pow => a.powf(b),
        BinaryOp::Equal => truth(a == b),
        BinaryOp::NotEqual => truth(a != b),
        BinaryOp::Greater => truth(a > b),
        BinaryOp::GreaterOrEqual => truth(a >= b),
        BinaryOp::Less => truth(a < b),
        BinaryOp::LessOrEqual => truth(a <= b),
        BinaryOp::And | BinaryOp::Or | BinaryOp::Unless => f64::NAN,
    }
}

/// The operation on values of series; `None` when a comparison filters the point out.
/// `kept` is the value that a filter keeps.
fn of_points(binary: &Binary, a: f64, b: f64, kept: f64) -> Option<f64> {
    let value = of_numbers(binary.op, a, b);
    if is_comparison(binary.op) && !binary.return_bool {
        return (value != 0.0).then_some(kept);
    }
    Some(value)
}

impl Context<'_> {
    pub(super) fn binary(&self, binary: &Binary) -> Result<Evaluated, EvalError> {
        let left = self.sample(&binary.left, usize::MAX)?;
        let right = self.sample(&binary.right, usize::MAX)?;
        Ok(match (left, right) {
            (Evaluated::Number(a), Evaluated::Number(b)) => {
                Evaluated::Number(of_numbers(binary.op, a, b))
            }
            (Evaluated::Series(series), Evaluated::Number(b)) => {
                Evaluated::Series(with_number(series, |a| of_points(binary, a, b, a)))
            }
            (Evaluated::Number(a), Evaluated::Series(series)) => {
                Evaluated::Series(with_number(series, |b| of_points(binary, a, b, b)))
            }
            (Evaluated::Series(a), Evaluated::Series(b)) => {
                Evaluated::Series(self.series_with_series(binary, a, b)?)
            }
        })
    }

    fn series_with_series(
        &self,
        binary: &Binary,
        left: Vec<Series>,
        right: Vec<Series>,
    ) -> Result<Vec<Series>, EvalError> {
        let matching = binary.matching.as_deref();
        match binary.op {
            BinaryOp::And | BinaryOp::Unless | BinaryOp::Or => {
                Ok(self.sets(binary.op, matching, left, right))
            }
            _ => self.joined(binary, matching, &left, &right),
        }
    }

    fn sets(
        &self,
        op: BinaryOp,
        matching: Option<&Matching>,
        left: Vec<Series>,
        right: Vec<Series>,
    ) -> Vec<Series> {
        let there = |series: &[Series]| {
            let mut there: HashMap<LogLabels, Vec<bool>> = HashMap::new();
            for one in series {
                let at = there
                    .entry(key(&one.labels, matching))
                    .or_insert_with(|| vec![false; self.steps.count]);
                for (seen, value) in at.iter_mut().zip(&one.values) {
                    *seen |= value.is_some();
                }
            }
            there
        };
        let masked = |mut series: Vec<Series>, mask: &HashMap<LogLabels, Vec<bool>>, keep: bool| {
            for one in &mut series {
                let seen = mask.get(&key(&one.labels, matching));
                for (i, value) in one.values.iter_mut().enumerate() {
                    if seen.is_some_and(|s| s[i]) != keep {
                        *value = None;
                    }
                }
            }
            series
        };
        match op {
            BinaryOp::And => masked(left, &there(&right), true),
            BinaryOp::Unless => masked(left, &there(&right), false),
            _ => {
                let mask = there(&left);
                let mut all = left;
                all.extend(masked(right, &mask, false));
                merge(all)
            }
        }
    }

    fn joined(
        &self,
        binary: &Binary,
        matching: Option<&Matching>,
        left: &[Series],
        right: &[Series],
    ) -> Result<Vec<Series>, EvalError> {
        let group = matching.and_then(|m| m.group);
        let swapped = group == Some(Group::Right);
        let (many, one) = if swapped {
            (right, left)
        } else {
            (left, right)
        };
        let mut ones: HashMap<LogLabels, Vec<&Series>> = HashMap::new();
        for series in one {
            ones.entry(key(&series.labels, matching))
                .or_default()
                .push(series);
        }
        let mut joined: HashMap<LogLabels, Series> = HashMap::new();
        let mut order = Vec::new();
        for series in many {
            let own = key(&series.labels, matching);
            let Some(partners) = ones.get(&own) else {
                continue;
            };
            for i in 0..self.steps.count {
                let Some(a) = series.values[i] else { continue };
                let mut found = partners.iter().filter_map(|p| Some((p, p.values[i]?)));
                let Some((partner, b)) = found.next() else {
                    continue;
                };
                if found.next().is_some() {
                    return Err(duplicate(if swapped { "left" } else { "right" }, &own));
                }
                let (l, r) = if swapped { (b, a) } else { (a, b) };
                let Some(value) = of_points(binary, l, r, l) else {
                    continue;
                };
                let labels = result_labels(matching, &series.labels, &partner.labels);
                let result = joined.entry(labels.clone()).or_insert_with(|| {
                    order.push(labels.clone());
                    Series {
                        labels,
                        values: vec![None; self.steps.count],
                    }
                });
                if result.values[i].is_some() {
                    let message = if group.is_some() {
                        "multiple matches for labels: grouping labels must ensure unique matches"
                    } else {
                        "multiple matches for labels: many-to-one matching must be explicit \
                         (group_left/group_right)"
                    };
                    return Err(EvalError::Execution {
                        message: message.to_owned(),
                    });
                }
                result.values[i] = Some(value);
            }
        }
        Ok(order
            .iter()
            .filter_map(|labels| joined.remove(labels))
            .collect())
    }
}

fn duplicate(side: &str, labels: &LogLabels) -> EvalError {
    EvalError::Execution {
        message: format!(
            "found duplicate series on the {side} hand-side for the match group {labels}: \
             many-to-many matching not allowed: matching labels must be unique on one side"
        ),
    }
}

fn with_number(series: Vec<Series>, of: impl Fn(f64) -> Option<f64>) -> Vec<Series> {
    series
        .into_iter()
        .map(|one| Series {
            labels: one.labels,
            values: one.values.into_iter().map(|v| v.and_then(&of)).collect(),
        })
        .collect()
}

/// Series with equal labels become one.
fn merge(series: Vec<Series>) -> Vec<Series> {
    let mut at: HashMap<LogLabels, usize> = HashMap::new();
    let mut merged: Vec<Series> = Vec::new();
    for one in series {
        match at.get(&one.labels) {
            None => {
                at.insert(one.labels.clone(), merged.len());
                merged.push(one);
            }
            Some(&known) => {
                for (own, other) in merged[known].values.iter_mut().zip(one.values) {
                    *own = own.or(other);
                }
            }
        }
    }
    merged
}

/// What two series must share.
fn key(labels: &LogLabels, matching: Option<&Matching>) -> LogLabels {
    let mut key = labels.clone();
    if let Some(matching) = matching {
        key.retain(|name, _| matching.labels.iter().any(|l| l == name) == matching.on);
    }
    key
}

fn result_labels(matching: Option<&Matching>, many: &LogLabels, one: &LogLabels) -> LogLabels {
    let Some(matching) = matching else {
        return many.clone();
    };
    if matching.group.is_none() {
        return key(many, Some(matching));
    }
    let mut labels = many.clone();
    for name in &matching.include {
        match one.get(name) {
            Some(value) if !value.is_empty() => labels.set(name.as_str(), value),
            _ => drop(labels.remove(name)),
        }
    }
    labels
}
