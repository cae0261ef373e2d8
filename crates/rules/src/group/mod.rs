//! A group of rules, evaluated together at one time.
//!
//! ```text
//! for each stage:  rules that do not depend on each other, some at once
//!   ask the expression at slot - query_offset
//!   recording: name and labels over the result     alerting: alerts go on, are sent
//!   write results and the staleness markers of what has vanished
//! last: staleness markers of rules that a reload took away
//! ```
//!
//! All methods take `&self`, so that a group can be shown while it is evaluated;
//! evaluations themselves wait for each other.

mod dependencies;
mod evaluate;
mod restore;
mod slot;
mod surroundings;
mod transfer;
mod write;

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use binnacle_model::alert::RuleGroup;
use binnacle_model::append::{AppendError, AppendOptions};
use binnacle_model::{Batch, Labels, STALE_NAN};
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use parking_lot::Mutex;

use crate::file::GroupSpec;
use crate::rule::Rule;
use evaluate::Turn;

pub use crate::settings::Settings;
pub(crate) use slot::Slots;
pub use surroundings::{Send, Surroundings};

/// See the module's text.
pub struct Group {
    name: String,
    file: String,
    interval_ms: i64,
    limit: u64,
    query_offset_ms: Option<i64>,
    rules: Vec<Rule>,
    /// Rules by index: those of a stage do not depend on each other.
    stages: Vec<Vec<usize>>,
    /// Who asks, for the list of running queries.
    client: String,
    /// Held while the group is evaluated.
    running: tokio::sync::Mutex<()>,
    /// Whether its state has been taken from it, so that it must not run again.
    closed: AtomicBool,
    history: Mutex<History>,
    /// Series of rules that are not here any more and still want their end.
    orphans: Mutex<Vec<Labels>>,
}

/// What there is to say of the evaluations so far.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct History {
    /// Wall clock, milliseconds; 0: never.
    pub(crate) last_evaluation_ms: i64,
    /// The slot evaluated last, milliseconds.
    pub(crate) last_slot_ms: i64,
    pub(crate) evaluation_seconds: f64,
    pub(crate) restore_seconds: Option<f64>,
    pub(crate) iterations: u64,
    pub(crate) missed: u64,
    pub(crate) rules_evaluated: u64,
    pub(crate) rules_failed: u64,
    pub(crate) samples: u64,
}

impl Group {
    /// The group `spec` of `file`. `restore`: whether `for` states of an earlier run
    /// are to be taken over ([`Self::restore_for_state`]); until then no `ALERTS` are
    /// written.
    #[must_use]
    pub fn new(file: &str, spec: &GroupSpec, default_interval_ms: i64, restore: bool) -> Self {
        let rules: Vec<Rule> = spec
            .rules
            .iter()
            .map(|rule| Rule::new(spec, rule, restore))
            .collect();
        Self {
            name: spec.name.clone(),
            file: file.to_owned(),
            interval_ms: spec.interval_ms.unwrap_or(default_interval_ms).max(1),
            limit: spec.limit,
            query_offset_ms: spec.query_offset_ms,
            stages: dependencies::stages(&rules),
            rules,
            client: format!("rules of {file};{}", spec.name),
            running: tokio::sync::Mutex::new(()),
            closed: AtomicBool::new(false),
            history: Mutex::default(),
            orphans: Mutex::default(),
        }
    }

    /// Unique within its file.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its file.
    #[must_use]
    pub fn file(&self) -> &str {
        &self.file
    }

    /// Milliseconds between evaluations.
    #[must_use]
    pub fn interval_ms(&self) -> i64 {
        self.interval_ms
    }

    /// At most that many series or alerts of a rule; 0: no limit.
    #[must_use]
    pub fn limit(&self) -> u64 {
        self.limit
    }

    pub(crate) fn client(&self) -> &str {
        &self.client
    }

    pub(crate) fn slots(&self) -> Slots {
        Slots::new(&self.file, &self.name, self.interval_ms)
    }

    pub(crate) fn has_alerting_rules(&self) -> bool {
        self.rules.iter().any(|rule| rule.alerting().is_some())
    }

    /// Evaluates all rules at the slot `ts_ms`. Rules that fail say so in
    /// [`Self::status`]; the others go on.
    pub async fn evaluate(&self, ts_ms: i64, around: &Surroundings) {
        let _running = self.running.lock().await;
        if self.is_closed() {
            return;
        }
        let begun = Instant::now();
        let begun_ms = around.clock.now_ms();
        let turn = Turn {
            group: self,
            around,
            ts_ms,
            data_ms: ts_ms - self.offset_ms(around),
        };
        let mut samples = 0;
        for stage in &self.stages {
            samples += run_stage(turn, stage).await;
        }
        self.end_orphans(turn.data_ms, around).await;
        let seconds = begun.elapsed().as_secs_f64();
        around.timings.group(seconds);
        let mut history = self.history.lock();
        history.last_evaluation_ms = begun_ms;
        history.last_slot_ms = ts_ms;
        history.evaluation_seconds = seconds;
        history.samples = samples;
        history.iterations += 1;
    }

    /// The group as it stands.
    #[must_use]
    pub fn status(&self) -> RuleGroup {
        let history = self.history();
        RuleGroup {
            name: self.name.clone(),
            file: self.file.clone(),
            interval_ms: self.interval_ms,
            limit: self.limit,
            query_offset_ms: self.query_offset_ms.unwrap_or(0),
            rules: self.rules.iter().map(Rule::status).collect(),
            last_evaluation_ms: history.last_evaluation_ms,
            evaluation_seconds: history.evaluation_seconds,
            iterations: history.iterations,
            missed: history.missed,
        }
    }

    pub(crate) fn history(&self) -> History {
        self.history.lock().clone()
    }

    /// Seconds that the last evaluations of all rules took, one after the other.
    pub(crate) fn rule_seconds(&self) -> f64 {
        let seconds = |rule: &Rule| rule.state.lock().evaluation_seconds;
        self.rules.iter().map(seconds).sum()
    }

    /// Whether all its rules were evaluated quickly last time.
    pub(crate) fn is_quick(&self) -> bool {
        self.rules.iter().all(Rule::is_quick)
    }

    pub(crate) fn rule_count(&self) -> usize {
        self.rules.len()
    }

    /// Notes slots that passed without an evaluation.
    pub(crate) fn miss(&self, slots: u64) {
        self.history.lock().missed += slots;
    }

    /// Notes an evaluation of a rule.
    pub(crate) fn count(&self, failed: bool) {
        let mut history = self.history.lock();
        history.rules_evaluated += 1;
        history.rules_failed += u64::from(failed);
    }

    /// Puts what the linter says beside the rules: a line of the file, and what. A line
    /// belongs to the last rule that starts at or before it.
    pub fn set_findings(&self, findings: &[(u32, String)]) {
        let mut of_rules = vec![Vec::new(); self.rules.len()];
        for (line, what) in findings {
            let rule = self.rules.iter().rposition(|rule| rule.line() <= *line);
            if let Some(i) = rule {
                of_rules[i].push(what.clone());
            }
        }
        for (rule, findings) in self.rules.iter().zip(of_rules) {
            rule.set_findings(findings);
        }
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Relaxed)
    }

    /// How far in the past it is evaluated.
    pub(crate) fn offset_ms(&self, around: &Surroundings) -> i64 {
        self.query_offset_ms
            .unwrap_or(around.settings.query_offset_ms)
    }

    /// Ends the series of rules that are not here any more.
    async fn end_orphans(&self, t_ms: i64, around: &Surroundings) {
        let orphans = std::mem::take(&mut *self.orphans.lock());
        if let Err((orphans, error)) = end_series(orphans, t_ms, around).await {
            tracing::warn!(
                file = self.file, group = self.name, %error,
                "ending the series of rules that were taken away failed"
            );
            self.orphans.lock().extend(orphans);
        }
    }
}

/// Runs the rules of a stage: one, and others beside it as far as there are slots.
/// Gives the number of their results.
async fn run_stage(turn: Turn<'_>, stage: &[usize]) -> u64 {
    let mut samples = 0;
    let mut running = FuturesUnordered::new();
    for &i in stage {
        if turn.around.stop.is_cancelled() {
            break;
        }
        let rule = &turn.group.rules[i];
        // One rule of each group always runs, so that no group waits for others.
        let permit = loop {
            if running.is_empty() {
                break None;
            }
            match turn.around.slots.try_acquire() {
                Ok(permit) => break Some(permit),
                Err(_) => samples += running.next().await.unwrap_or(0),
            }
        };
        running.push(async move {
            let samples = turn.run(rule).await;
            drop(permit);
            samples
        });
    }
    while let Some(more) = running.next().await {
        samples += more;
    }
    samples
}

/// Appends a staleness marker to each of `series`, and gives them back with the error
/// when that cannot be done. Series that something else has written to since are
/// left alone.
pub(crate) async fn end_series(
    series: Vec<Labels>,
    t_ms: i64,
    around: &Surroundings,
) -> Result<(), (Vec<Labels>, AppendError)> {
    if series.is_empty() {
        return Ok(());
    }
    let appender = around.metrics.appender();
    let work = move || {
        let mut batch = Batch::default();
        for labels in &series {
            batch.push(labels, &[(t_ms, STALE_NAN)]);
        }
        let options = AppendOptions {
            in_order_only: true,
            ..AppendOptions::default()
        };
        match appender.append(&batch, options) {
            Ok(_) => Ok(()),
            Err(error) => Err((series, error)),
        }
    };
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        // The thread's panic has been told; the series are lost with it.
        Err(_) => Ok(()),
    }
}
