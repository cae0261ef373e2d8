//! Which rules are evaluated, when, and in which order.

use std::collections::BTreeSet;

use binnacle_model::Matcher;
use binnacle_model::alert::ReplayQuery;
use binnacle_model::labels::METRIC_NAME;
use binnacle_model::query::QueryError;
use binnacle_promql::ast::{Duration, VectorSelector};

use super::{Settings, bad};
use crate::file::{Language, RuleFile};
use crate::rule::{ALERTNAME, ALERTS, ALERTS_FOR_STATE, Rule};

/// More steps than a replay can mean: a month, every second.
const STEPS_MAX: i64 = 2_700_000;

/// Why a rule over lines is left out where there are none.
const OVER_LINES: &str =
    "it is over lines (LogQL), and there are no lines here: ask a server that runs";

/// The rules of a replay, in the order in which they are evaluated at one time.
pub(super) struct Plan {
    pub(super) rules: Vec<Planned>,
    pub(super) start_ms: i64,
    pub(super) end_ms: i64,
    /// Whether a rule reads what a later one gives, so that all go step by step.
    pub(super) lockstep: bool,
    /// What is not played as it would run: rule and why.
    pub(super) left_out: Vec<(String, String)>,
}

/// One rule.
pub(super) struct Planned {
    pub(super) rule: Rule,
    pub(super) steps: Steps,
    /// At most that many series or alerts; 0: no limit.
    pub(super) limit: u64,
    /// Whether it was asked for; others are there because these read them.
    pub(super) wanted: bool,
    /// Which rules it may read.
    pub(super) reads: BTreeSet<usize>,
    /// Whether a rule may read it.
    pub(super) is_read: bool,
}

/// When a group is evaluated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Steps {
    pub(super) start_ms: i64,
    pub(super) step_ms: i64,
    pub(super) count: usize,
    /// The data are of that much earlier.
    pub(super) offset_ms: i64,
}

impl Steps {
    /// The time of step `i`.
    pub(super) fn at(&self, i: usize) -> i64 {
        self.start_ms + self.step_ms * i as i64
    }

    /// The time of the data of step `i`.
    pub(super) fn data_at(&self, i: usize) -> i64 {
        self.at(i) - self.offset_ms
    }

    /// The step whose data are of `data_ms`.
    pub(super) fn of_data(&self, data_ms: i64) -> Option<usize> {
        let since = data_ms.checked_sub(self.data_at(0))?;
        let i = usize::try_from(since / self.step_ms).ok()?;
        (since % self.step_ms == 0 && i < self.count).then_some(i)
    }
}

impl Plan {
    pub(super) fn new(
        file: &RuleFile,
        query: &ReplayQuery,
        settings: &Settings,
        has_lines: bool,
    ) -> Result<Self, QueryError> {
        if query.end_ms < query.start_ms {
            return Err(bad("the end is before the start"));
        }
        if query.step_ms < 0 {
            return Err(bad("the step must be more than 0"));
        }
        let (mut rules, mut over_lines) = (Vec::new(), Vec::new());
        let mut left_out = Vec::new();
        for group in &file.groups {
            let interval_ms = group.interval_ms.unwrap_or(settings.interval_ms).max(1);
            let step_ms = if query.step_ms > 0 {
                query.step_ms
            } else {
                interval_ms
            };
            let steps = (query.end_ms - query.start_ms) / step_ms + 1;
            if steps > STEPS_MAX {
                return Err(bad(format!(
                    "{steps} evaluations of the group {} are more than {STEPS_MAX}: choose a longer step or a shorter time",
                    group.name
                )));
            }
            for spec in &group.rules {
                let wanted = query.group.as_ref().is_none_or(|name| *name == group.name)
                    && query.rule.as_ref().is_none_or(|name| *name == spec.name);
                if spec.expr.language == Language::Logql && !has_lines {
                    if wanted {
                        left_out.push((spec.name.clone(), OVER_LINES.to_owned()));
                    }
                    over_lines.push(Rule::new(group, spec, false));
                    continue;
                }
                rules.push(Planned {
                    rule: Rule::new(group, spec, false),
                    steps: Steps {
                        start_ms: query.start_ms,
                        step_ms,
                        count: usize::try_from(steps).unwrap_or(0),
                        offset_ms: group.query_offset_ms.unwrap_or(settings.query_offset_ms),
                    },
                    limit: group.limit,
                    wanted,
                    reads: BTreeSet::new(),
                    is_read: false,
                });
            }
        }
        let mut plan = Self {
            rules,
            start_ms: query.start_ms,
            end_ms: query.end_ms,
            lockstep: false,
            left_out,
        };
        plan.connect();
        plan.keep_needed();
        if plan.rules.is_empty() {
            return Err(match plan.left_out.first() {
                Some((rule, why)) => bad(format!("{rule}: {why}")),
                None => bad("no rule of that group and name"),
            });
        }
        plan.tell_readers_of(&over_lines);
        Ok(plan)
    }

    /// Notes which rules read what rules over lines recorded.
    fn tell_readers_of(&mut self, over_lines: &[Rule]) {
        for planned in &self.rules {
            let mut read: BTreeSet<&str> = BTreeSet::new();
            planned.rule.expr.tree.selectors(&mut |selector| {
                let writers = over_lines.iter().filter(|r| may_read(selector, r));
                read.extend(writers.map(|r| r.name.as_str()));
            });
            self.left_out.extend(read.into_iter().map(|writer| {
                let why = format!(
                    "reads {writer}, a rule over lines, of which only what is stored is seen"
                );
                (planned.rule.name.clone(), why)
            }));
        }
    }

    /// Finds out who reads whom.
    fn connect(&mut self) {
        for reader in 0..self.rules.len() {
            let mut reads = BTreeSet::new();
            let mut ahead = false;
            self.rules[reader]
                .rule
                .expr
                .tree
                .selectors(&mut |selector| {
                    for (writer, other) in self.rules.iter().enumerate() {
                        if may_read(selector, &other.rule) {
                            reads.insert(writer);
                            ahead |= !matches!(selector.offset, Duration::Fixed(ms) if ms >= 0);
                        }
                    }
                });
            for writer in &reads {
                self.rules[*writer].is_read = true;
            }
            self.lockstep |= ahead || reads.iter().any(|writer| *writer >= reader);
            self.rules[reader].reads = reads;
        }
    }

    /// Leaves out what was not asked for and nobody who was reads.
    fn keep_needed(&mut self) {
        let mut needed: BTreeSet<usize> = (0..self.rules.len())
            .filter(|i| self.rules[*i].wanted)
            .collect();
        let mut open: Vec<usize> = needed.iter().copied().collect();
        while let Some(i) = open.pop() {
            for &writer in &self.rules[i].reads {
                if needed.insert(writer) {
                    open.push(writer);
                }
            }
        }
        if needed.len() == self.rules.len() {
            return;
        }
        let mut i = 0;
        self.rules.retain(|_| {
            i += 1;
            needed.contains(&(i - 1))
        });
        self.lockstep = false;
        for rule in &mut self.rules {
            rule.is_read = false;
        }
        self.connect();
    }

    /// Whether a rule of the plan writes the series.
    pub(super) fn writes(&self, labels: &binnacle_model::Labels) -> bool {
        let name = labels.metric_name().unwrap_or_default();
        let of_alerts = matches!(name, ALERTS | ALERTS_FOR_STATE);
        self.rules.iter().any(|planned| {
            if planned.rule.alerting().is_some() {
                of_alerts && labels.get(ALERTNAME) == Some(planned.rule.name.as_str())
            } else {
                planned.rule.name == name
            }
        })
    }

    /// Whether a selector may read what a rule of the plan gives.
    pub(super) fn may_read(&self, selector: &VectorSelector) -> bool {
        self.rules
            .iter()
            .any(|planned| may_read(selector, &planned.rule))
    }
}

/// Whether a selector may match what a rule gives.
fn may_read(selector: &VectorSelector, rule: &Rule) -> bool {
    let of = |label: &str, value: &str| {
        let mut matchers = selector.matchers.iter().filter(|m| m.name == label);
        matchers.all(|m: &Matcher| m.matches(value))
    };
    if rule.alerting().is_none() {
        return of(METRIC_NAME, &rule.name);
    }
    (of(METRIC_NAME, ALERTS) || of(METRIC_NAME, ALERTS_FOR_STATE)) && of(ALERTNAME, &rule.name)
}
