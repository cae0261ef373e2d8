//! Which rules of a group read what others of it write, and the order that leaves.
//!
//! A rule depends on an earlier one when one of its selectors may match the series
//! that the earlier one writes, which for alerting rules are `ALERTS` and
//! `ALERTS_FOR_STATE`. A selector without a metric's name may match anything: then
//! all rules of the group run one after the other.

use binnacle_model::Matcher;
use binnacle_model::labels::METRIC_NAME;
use binnacle_promql::ast::VectorSelector;

use crate::rule::{ALERTNAME, ALERTS, ALERTS_FOR_STATE, Rule};

/// Stages by index of the rule: those of a stage may run at once, and stages run one
/// after the other. As in Prometheus: first what depends on nothing, then one by one
/// what lies between, then what nothing depends on.
pub(super) fn stages(rules: &[Rule]) -> Vec<Vec<usize>> {
    let one_by_one = || (0..rules.len()).map(|i| vec![i]).collect();
    let Some(edges) = edges(rules) else {
        return one_by_one();
    };
    let depends = |i: usize| edges.iter().any(|(_, reader)| *reader == i);
    let is_read = |i: usize| edges.iter().any(|(writer, _)| *writer == i);
    let (first, rest): (Vec<_>, Vec<_>) = (0..rules.len()).partition(|i| !depends(*i));
    let (between, last): (Vec<_>, Vec<_>) = rest.into_iter().partition(|i| is_read(*i));
    let mut stages = Vec::new();
    stages.extend((!first.is_empty()).then_some(first));
    stages.extend(between.into_iter().map(|i| vec![i]));
    stages.extend((!last.is_empty()).then_some(last));
    stages
}

/// Pairs of a writer and a later reader; `None` when that cannot be known.
fn edges(rules: &[Rule]) -> Option<Vec<(usize, usize)>> {
    let mut edges = Vec::new();
    let mut known = true;
    for (reader, rule) in rules.iter().enumerate() {
        rule.expr.tree.selectors(&mut |selector| {
            let Some(name) = name_matcher(selector) else {
                known = false;
                return;
            };
            for (writer, other) in rules[..reader].iter().enumerate() {
                if reads(selector, &name, other) && !edges.contains(&(writer, reader)) {
                    edges.push((writer, reader));
                }
            }
        });
    }
    (known || rules.len() <= 1).then_some(edges)
}

fn name_matcher(selector: &VectorSelector) -> Option<Matcher> {
    match &selector.name {
        Some(name) => Some(Matcher::equal(METRIC_NAME, name)),
        None => matcher(selector, METRIC_NAME).cloned(),
    }
}

fn matcher<'a>(selector: &'a VectorSelector, label: &str) -> Option<&'a Matcher> {
    selector.matchers.iter().find(|m| m.name == label)
}

fn reads(selector: &VectorSelector, name: &Matcher, writer: &Rule) -> bool {
    if name.matches(&writer.name) {
        return true;
    }
    let of_alerts = name.matches(ALERTS) || name.matches(ALERTS_FOR_STATE);
    of_alerts
        && writer.alerting().is_some()
        && matcher(selector, ALERTNAME).is_none_or(|m| m.matches(&writer.name))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::file::{FileOptions, parse};

    #[test]
    fn what_does_not_depend_runs_at_once() {
        let check = |rules: &str, want: &[&[usize]]| {
            let text = format!("groups: [{{name: g, rules: [{rules}]}}]");
            let file = parse(Path::new("r.yml"), &text, FileOptions::default());
            let group = file.expect("a good file").groups.remove(0);
            let rules: Vec<Rule> = group
                .rules
                .iter()
                .map(|rule| Rule::new(&group, rule, false))
                .collect();
            assert_eq!(stages(&rules), want, "{text}");
        };
        check("", &[]);
        check("{record: a, expr: x}, {record: b, expr: y}", &[&[0, 1]]);
        check(
            "{record: a, expr: x}, {record: b, expr: a}, {record: c, expr: b}, {record: d, expr: y}, {record: e, expr: a}",
            &[&[0, 3], &[1], &[2, 4]],
        );
        // A reader before its writer reads what was written last time.
        check("{record: a, expr: b}, {record: b, expr: y}", &[&[0, 1]]);
        check(
            "{alert: A, expr: x}, {alert: B, expr: 'ALERTS{alertname=\"A\"}'}, {alert: C, expr: 'ALERTS{alertname=\"D\"}'}",
            &[&[0, 2], &[1]],
        );
        check(
            "{alert: A, expr: x}, {record: b, expr: 'ALERTS_FOR_STATE > 1'}",
            &[&[0], &[1]],
        );
        check(
            "{record: a, expr: x}, {record: b, expr: '{__name__=~\"a.*\"}'}",
            &[&[0], &[1]],
        );
        // Nobody knows what this reads.
        check(
            "{record: a, expr: x}, {record: b, expr: '{job=\"x\"}'}, {record: c, expr: y}",
            &[&[0], &[1], &[2]],
        );
    }
}
