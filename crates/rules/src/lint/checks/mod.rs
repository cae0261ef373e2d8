//! The checks: one file for each thing that can be doubtful.

mod absent;
mod aggregate;
mod burn_rate;
mod comparison;
mod conflict;
mod count;
mod counter;
mod dependency;
mod duplicate;
mod fragile;
mod hold;
mod impossible;
mod interval;
mod quantile;
mod range;
mod rate;
mod regexp;
mod runbook;
mod series;
mod template;
mod vector_matching;

use super::{About, Finding, Report, Settings, Subject};
use crate::file::{Language, RuleFile};

pub(super) use aggregate::{CHECK as AGGREGATE, add as no_label};
pub(super) use series::CHECK as SERIES;

/// The checks that look at no series, and so at rules over lines as well.
const OVER_LINES: [&str; 6] = [
    conflict::CHECK,
    conflict::EXTERNAL,
    duplicate::CHECK,
    hold::CHECK,
    runbook::CHECK,
    template::CHECK,
];

type Check = fn(&Subject<'_>, &mut Report<'_>);

/// All checks: name, what it looks for, and what looks at one rule.
const TABLE: &[(&str, &str, Check)] = &[
    (
        absent::CHECK,
        "absent() without for: fires at every restart",
        absent::check,
    ),
    (
        comparison::CHECK,
        "alerts without a condition: any series fires",
        comparison::check,
    ),
    (
        conflict::EXTERNAL,
        "external labels in templates that there are not",
        conflict::templates,
    ),
    (
        count::CHECK,
        "the text says a count, the expression gives a rate per second",
        count::check,
    ),
    (
        count::HUMANIZE,
        "rates and quantiles printed with all their digits",
        count::humanize,
    ),
    (
        hold::CHECK,
        "for and keep_firing_for that do not do what they say",
        hold::check,
    ),
    (
        runbook::CHECK,
        "alerts that do not say what to do",
        runbook::check,
    ),
    (
        template::CHECK,
        "templates that fail, or read what is not there",
        template::check,
    ),
    (
        conflict::CHECK,
        "labels of rules that external labels have too",
        conflict::check,
    ),
    (
        aggregate::CHECK,
        "aggregation by labels that no target gives",
        aggregate::check,
    ),
    (
        burn_rate::CHECK,
        "burn rates with one window, or factors of another period",
        burn_rate::check,
    ),
    (
        counter::CHECK,
        "counters that are compared or summed as they are",
        counter::check,
    ),
    (
        fragile::CHECK,
        "alerts whose series come and go by themselves",
        fragile::check,
    ),
    (
        impossible::CHECK,
        "grouping and joining by labels that are gone",
        impossible::check,
    ),
    (
        quantile::CHECK,
        "histogram_quantile without le, without rate, or of averages",
        quantile::check,
    ),
    (
        range::CHECK,
        "windows and offsets longer than samples are kept",
        range::check,
    ),
    (
        rate::CHECK,
        "rates over too few samples, or over sums",
        rate::check,
    ),
    (
        regexp::CHECK,
        "regular expressions that need none, or are anchored twice",
        regexp::check,
    ),
    (series::CHECK, "metrics that do not exist", series::check),
    (
        vector_matching::CHECK,
        "sides of an operator that can never meet",
        vector_matching::check,
    ),
    (
        dependency::CHECK,
        "rules that read what a rule gives later or elsewhere",
        dependency::check,
    ),
    (
        duplicate::CHECK,
        "rules that give the same series or alert",
        duplicate::check,
    ),
];

/// All checks, by name.
pub const CHECKS: &[About] = &{
    let mut all = [About {
        name: interval::CHECK,
        about: "groups that are evaluated more rarely than series go stale",
    }; TABLE.len() + 1];
    let mut i = 0;
    while i < TABLE.len() {
        all[i + 1] = About {
            name: TABLE[i].0,
            about: TABLE[i].1,
        };
        i += 1;
    }
    all
};

/// Runs all checks over one rule.
pub(super) fn run(subject: &Subject<'_>, report: &mut Report<'_>) {
    let is_over_lines = subject.rule.expr.language == Language::Logql;
    for (name, _, check) in TABLE {
        if !is_over_lines || OVER_LINES.contains(name) {
            check(subject, report);
        }
    }
}

/// Runs the checks over the groups of a file.
pub(super) fn groups(file: &RuleFile, settings: &Settings) -> Vec<Finding> {
    file.groups
        .iter()
        .filter_map(|group| interval::check(file, group, settings))
        .collect()
}
