//! Between two vectors: one to one, many to one, with values filled in for
//! missing partners.
//!
//! The rules hold at each step: two series of the "one" side may share a match
//! group as long as they never have a value at the same step.

use binnacle_model::Labels;

use super::super::column::{ABSENT, is_absent};
use super::super::context::Context;
use super::super::error::EvalError;
use super::super::steps::Steps;
use super::super::vector::{Series, Vector, is_metadata_label};
use super::arithmetic::{apply, changes_metric};
use super::signature::{self, match_labels};
use crate::ast::{BinaryExpr, BinaryOp, Cardinality, VectorMatching};

/// No series of the "one" side: its value is filled in.
const FILLED: u32 = u32::MAX;

/// The "one" side of a match group at each step.
struct One<'a> {
    values: &'a [f64],
    /// Whose value it is; empty when all are the only member's.
    owners: &'a [u32],
    only: u32,
}

impl One<'_> {
    fn owner(&self, step: usize) -> u32 {
        self.owners.get(step).copied().unwrap_or(self.only)
    }
}

struct Matching<'a, 'c> {
    cx: &'a Context<'c>,
    op: BinaryOp,
    return_bool: bool,
    rules: &'a VectorMatching,
    /// Whether the "one" side stands on the left.
    swapped: bool,
    /// Value for a missing member of the "one" side.
    fill_one: Option<f64>,
    /// Value for a missing member of the "many" side.
    fill_many: Option<f64>,
    steps: usize,
    out: Vector,
}

pub(super) fn evaluate(
    cx: &Context<'_>,
    binary: &BinaryExpr,
    rules: &VectorMatching,
    lhs: Vector,
    rhs: Vector,
    steps: Steps,
) -> Result<Vector, EvalError> {
    let groups = signature::groups(cx, rules, &lhs, &rhs);
    let swapped = rules.card == Cardinality::OneToMany;
    let mut matching = Matching {
        cx,
        op: binary.op,
        return_bool: binary.return_bool,
        rules,
        swapped,
        fill_one: rules.fill_right,
        fill_many: rules.fill_left,
        steps: steps.count,
        out: Vector::new(cx),
    };
    let (mut many, one) = if swapped { (rhs, lhs) } else { (lhs, rhs) };
    let mut active: Option<Vec<bool>> = None;
    for (done, group) in groups.iter().enumerate() {
        if done % 256 == 255 {
            cx.meter.check()?;
        }
        let (of_many, of_one) = if swapped {
            (&group.rhs, &group.lhs)
        } else {
            (&group.lhs, &group.rhs)
        };
        if of_one.len() > 1 {
            let active = active.get_or_insert_with(|| matching.active(&many, &one));
            let (values, owners) = matching.merge_one(&one.series, of_one, active)?;
            let one_side = One {
                values: &values,
                owners: &owners,
                only: FILLED,
            };
            matching.group(&mut many.series, of_many, &one.series, of_one, &one_side)?;
        } else {
            let only = of_one.first().copied();
            let values = only.map_or(&[][..], |i| &one.series[i as usize].values);
            let one_side = One {
                values,
                owners: &[],
                only: only.unwrap_or(FILLED),
            };
            matching.group(&mut many.series, of_many, &one.series, of_one, &one_side)?;
        }
    }
    drop((many, one));
    matching.out.merge_same_labels(cx)
}

impl Matching<'_, '_> {
    /// The steps at which anything can match at all.
    fn active(&self, many: &Vector, one: &Vector) -> Vec<bool> {
        let any = |vector: &Vector| {
            let mut any = vec![false; self.steps];
            for series in &vector.series {
                for (any, value) in any.iter_mut().zip(&series.values) {
                    *any |= !is_absent(*value);
                }
            }
            any
        };
        let filled = self.fill_one.is_some() || self.fill_many.is_some();
        any(many)
            .into_iter()
            .zip(any(one))
            .map(|(m, o)| if filled { m || o } else { m && o })
            .collect()
    }

    /// The one value of each step, and whose it is.
    fn merge_one(
        &self,
        series: &[Series],
        members: &[u32],
        active: &[bool],
    ) -> Result<(Vec<f64>, Vec<u32>), EvalError> {
        let mut values = vec![ABSENT; self.steps];
        let mut owners = vec![FILLED; self.steps];
        for member in members {
            for (step, value) in series[*member as usize].values.iter().enumerate() {
                if is_absent(*value) {
                    continue;
                }
                if !is_absent(values[step]) && active[step] {
                    let (a, b) = (&series[owners[step] as usize], &series[*member as usize]);
                    return Err(self.duplicates(&a.labels, &b.labels));
                }
                values[step] = *value;
                owners[step] = *member;
            }
        }
        Ok((values, owners))
    }

    fn duplicates(&self, a: &Labels, b: &Labels) -> EvalError {
        let group = match_labels(b, self.rules);
        let side = if self.swapped { "left" } else { "right" };
        let mut both = [a.to_string(), b.to_string()];
        both.sort();
        let [a, b] = both;
        EvalError::execution(format!(
            "found duplicate series for the match group {group} on the {side} hand-side of the operation: [{a}, {b}];many-to-many matching not allowed: matching labels must be unique on one side"
        ))
    }

    /// Works out one match group.
    fn group(
        &mut self,
        many: &mut [Series],
        of_many: &[u32],
        ones: &[Series],
        of_one: &[u32],
        one: &One<'_>,
    ) -> Result<(), EvalError> {
        let may_match = !of_one.is_empty() || self.fill_one.is_some();
        // Who matched matters when several might, or when the rest is filled in.
        let watch = of_many.len() > 1 || self.fill_many.is_some();
        let mut matched = if watch {
            vec![false; self.steps]
        } else {
            Vec::new()
        };
        let mut seen = self.cx.label_index(if watch { of_many.len() } else { 0 });
        let mut seen_at: Vec<Vec<bool>> = Vec::new();
        if may_match {
            for member in of_many {
                let series = &mut many[*member as usize];
                let mut column = std::mem::take(&mut series.values);
                if !watch && one.owners.is_empty() && self.fill_one.is_none() {
                    self.zip(&mut column, one.values);
                    self.push(&series.labels, &ones[one.only as usize].labels, column)?;
                    continue;
                }
                self.member(&series.labels, &mut column, ones, one, &mut |step, labels| {
                    if self.rules.card == Cardinality::OneToOne {
                        if !watch {
                            return Ok(());
                        }
                        if matched[step] {
                            return Err(EvalError::execution(
                                "multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)",
                            ));
                        }
                    } else if of_many.len() > 1 {
                        let (number, new) = seen.of(labels);
                        if new {
                            seen_at.push(vec![false; self.steps]);
                        }
                        if std::mem::replace(&mut seen_at[number][step], true) {
                            return Err(EvalError::execution(
                                "multiple matches for labels: grouping labels must ensure unique matches",
                            ));
                        }
                    }
                    if let Some(matched) = matched.get_mut(step) {
                        *matched = true;
                    }
                    Ok(())
                })?
                .into_iter()
                .try_for_each(|(labels, column)| self.out.push(labels, self.return_bool, column))?;
            }
        }
        if let Some(fill) = self.fill_many {
            for member in of_one {
                self.fill(fill, &ones[*member as usize], &matched)?;
            }
        }
        Ok(())
    }

    /// Works out one series of the "many" side, telling `note` each step at which
    /// it has a partner and the result's labels.
    fn member(
        &self,
        labels: &Labels,
        column: &mut [f64],
        ones: &[Series],
        one: &One<'_>,
        note: &mut dyn FnMut(usize, &Labels) -> Result<(), EvalError>,
    ) -> Result<Vec<(Labels, Vec<f64>)>, EvalError> {
        let mut results: Vec<(u32, Labels, Vec<f64>)> = Vec::new();
        let mut at = 0;
        for step in 0..self.steps {
            let value = column[step];
            if is_absent(value) {
                continue;
            }
            let (partner, mut owner) = match one.values.get(step) {
                Some(partner) if !is_absent(*partner) => (*partner, one.owner(step)),
                _ => match self.fill_one {
                    Some(fill) => (fill, FILLED),
                    None => continue,
                },
            };
            if self.rules.include.is_empty() {
                // The result's labels do not depend on the partner.
                owner = 0;
            }
            if results.get(at).is_none_or(|(o, _, _)| *o != owner) {
                at = match results.iter().position(|(o, _, _)| *o == owner) {
                    Some(at) => at,
                    None => {
                        let result = match ones.get(owner as usize) {
                            Some(one) => self.result(labels, &one.labels),
                            None => self.result(labels, &match_labels(labels, self.rules)),
                        };
                        results.push((owner, result, vec![ABSENT; self.steps]));
                        results.len() - 1
                    }
                };
            }
            let (_, result, out) = &mut results[at];
            note(step, result)?;
            out[step] = self.value(value, partner);
        }
        Ok(results
            .into_iter()
            .map(|(_, labels, column)| (labels, column))
            .collect())
    }

    /// A series of the "one" side at the steps at which nobody matched it.
    fn fill(&mut self, fill: f64, one: &Series, matched: &[bool]) -> Result<(), EvalError> {
        let mut column = vec![ABSENT; self.steps];
        for (step, partner) in one.values.iter().enumerate() {
            if !is_absent(*partner) && !matched[step] {
                column[step] = self.value(fill, *partner);
            }
        }
        let labels = match_labels(&one.labels, self.rules);
        self.push(&labels, &one.labels, column)
    }

    fn push(&mut self, many: &Labels, one: &Labels, column: Vec<f64>) -> Result<(), EvalError> {
        if super::super::column::is_empty(&column) {
            return Ok(());
        }
        let labels = self.result(many, one);
        self.out.push(labels, self.return_bool, column)
    }

    #[inline]
    fn value(&self, many: f64, one: f64) -> f64 {
        let (value, holds) = if self.swapped {
            apply(self.op, one, many)
        } else {
            apply(self.op, many, one)
        };
        if self.return_bool {
            f64::from(u8::from(holds))
        } else if holds {
            value
        } else {
            ABSENT
        }
    }

    /// The plain case: both columns, step by step.
    fn zip(&self, many: &mut [f64], one: &[f64]) {
        let (swapped, return_bool) = (self.swapped, self.return_bool);
        // The operator is looked at once for each column, not for each value.
        macro_rules! zipped {
            ($($op:ident),*) => {
                match self.op {
                    $(BinaryOp::$op => zip(many, one, |m, o| {
                        let (value, holds) = if swapped {
                            apply(BinaryOp::$op, o, m)
                        } else {
                            apply(BinaryOp::$op, m, o)
                        };
                        let kept = if holds { value } else { ABSENT };
                        if return_bool { f64::from(u8::from(holds)) } else { kept }
                    }),)*
                }
            };
        }
        zipped!(
            Add,
            Sub,
            Mul,
            Div,
            Mod,
            Pow,
            Atan2,
            Equal,
            NotEqual,
            Less,
            LessOrEqual,
            Greater,
            GreaterOrEqual,
            TrimUpper,
            TrimLower,
            And,
            Or,
            Unless
        );
    }

    /// The labels of a result.
    fn result(&self, many: &Labels, one: &Labels) -> Labels {
        let changes = changes_metric(self.op);
        let drops_name = changes || (self.return_bool && !self.cx.delayed());
        let listed = |name: &str| self.rules.labels.iter().any(|l| l == name);
        let one_to_one = self.rules.card == Cardinality::OneToOne;
        let kept = many.filter(|name| {
            (!drops_name || !is_metadata_label(name))
                && (!one_to_one || listed(name) == self.rules.on)
        });
        if self.rules.include.is_empty() {
            return kept;
        }
        let mut builder = kept.to_builder();
        for name in &self.rules.include {
            builder.set(name, one.get(name).unwrap_or_default());
        }
        builder.build()
    }
}

#[inline(always)]
fn zip(many: &mut [f64], one: &[f64], f: impl Fn(f64, f64) -> f64) {
    for (m, o) in many.iter_mut().zip(one) {
        let value = f(*m, *o);
        *m = if is_absent(*m) || is_absent(*o) {
            ABSENT
        } else {
            value
        };
    }
}
