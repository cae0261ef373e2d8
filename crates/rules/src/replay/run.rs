//! Runs a plan: fetches, evaluates, plays, and sums up.

use std::collections::BTreeMap;
use std::sync::Arc;

use binnacle_model::alert::{Replay, ReplayedAlert};
use binnacle_model::query::{InstantQuery, MetricsQuery, QueryError, QueryOptions, QueryValue};
use binnacle_model::{Append, Labels, duration};
use binnacle_promql::ast::Expr;
use binnacle_promql::eval::EvalOptions;

use super::backfill::Writer;
use super::fetch::{CLIENT, Matrix, Source, fetch};
use super::layer::Layer;
use super::plan::{Plan, Planned, Steps};
use super::play::Played;
use super::split::{Raw, split};
use super::{Settings, Sources};
use crate::file::Language;

const DAY_MS: f64 = 86_400_000.0;

/// How much of the past is fetched sample by sample at once, milliseconds.
const RAW_MS: i64 = 6 * 3_600_000;

/// What a rule has done, and what an engine said of it.
pub(super) struct Ran<'a> {
    pub(super) played: Played<'a>,
    pub(super) writer: Writer,
}

/// What a rule is evaluated from.
enum Prepared {
    /// All its values, step by step.
    Values(ByStep),
    /// To be evaluated here.
    Here {
        tree: Expr,
        failed: BTreeMap<usize, Arc<str>>,
    },
}

/// Evaluates all rules of the plan at all their steps.
pub(super) async fn run<'a>(
    plan: &'a Plan,
    sources: Sources<'a>,
    settings: &'a Settings,
    into: Option<&dyn Append>,
) -> Result<Vec<Ran<'a>>, QueryError> {
    let metrics = sources.metrics;
    let mut layer = Layer::default();
    let mut prepared = Vec::with_capacity(plan.rules.len());
    let mut raw = Vec::new();
    for planned in &plan.rules {
        prepared.push(prepare(plan, planned, &mut layer, &mut raw, sources, settings).await?);
    }
    load(plan, &raw, &layer, metrics).await?;
    let mut ran: Vec<Ran<'a>> = plan
        .rules
        .iter()
        .map(|planned| Ran {
            played: Played::new(planned, metrics, settings),
            writer: Writer::default(),
        })
        .collect();
    let stage = Stage {
        plan,
        layer: &layer,
        options: EvalOptions {
            lookback_ms: settings.lookback_ms,
            default_step_ms: settings.interval_ms.max(1),
            ..EvalOptions::default()
        },
        settings,
        into,
    };
    if plan.lockstep {
        stage.together(&mut prepared, &mut ran).await?;
    } else {
        for (i, (prepared, ran)) in prepared.into_iter().zip(&mut ran).enumerate() {
            stage.alone(i, prepared, ran).await?;
        }
    }
    if let Some(into) = into {
        for ran in &mut ran {
            ran.writer.flush(&mut ran.played, into)?;
        }
    }
    Ok(ran)
}

async fn prepare(
    plan: &Plan,
    planned: &Planned,
    layer: &mut Layer,
    raw: &mut Vec<Raw>,
    sources: Sources<'_>,
    settings: &Settings,
) -> Result<Prepared, QueryError> {
    let expr = &planned.rule.expr;
    let tree = &expr.tree;
    if let (Language::Logql, Some(logs)) = (expr.language, sources.logs) {
        let text = expr.text.clone();
        let matrix = fetch(&Source::Lines { logs, text }, tree, planned.steps, settings).await?;
        return Ok(Prepared::Values(ByStep::new(matrix, planned.steps)));
    }
    let from_store = |tree: &Expr| Source::Store {
        metrics: sources.metrics,
        text: tree.to_string(),
    };
    if planned.reads.is_empty() {
        let matrix = fetch(&from_store(tree), tree, planned.steps, settings).await?;
        return Ok(Prepared::Values(ByStep::new(matrix, planned.steps)));
    }
    let split = split(tree, plan, layer.parts.len(), settings.lookback_ms);
    raw.extend(split.raw);
    let mut failed = BTreeMap::new();
    for part in &split.parts {
        let matrix = fetch(&from_store(part), part, planned.steps, settings).await?;
        layer.add_part(&matrix.series, planned.steps);
        failed.extend(matrix.failed);
    }
    let tree = split.tree;
    Ok(Prepared::Here { tree, failed })
}

/// Brings into memory what rules read of the store sample by sample: of series that
/// rules give, what was before the start; of others, all.
async fn load(
    plan: &Plan,
    raw: &[Raw],
    layer: &Layer,
    metrics: &dyn MetricsQuery,
) -> Result<(), QueryError> {
    let mut found: BTreeMap<Labels, BTreeMap<i64, f64>> = BTreeMap::new();
    let offset_ms = plan
        .rules
        .iter()
        .map(|p| p.steps.offset_ms)
        .max()
        .unwrap_or(0);
    let first_ms = plan.start_ms - offset_ms;
    for Raw {
        matchers,
        reach_ms,
        given,
    } in raw
    {
        let matchers: Vec<String> = matchers.iter().map(ToString::to_string).collect();
        let mut from_ms = first_ms.saturating_sub(*reach_ms);
        let end_ms = if *given { first_ms - 1 } else { plan.end_ms };
        while from_ms < end_ms {
            let to_ms = from_ms.saturating_add(RAW_MS).min(end_ms);
            let window = duration::print(to_ms - from_ms);
            let query = InstantQuery {
                text: format!("{{{}}}[{window}]", matchers.join(",")),
                at_ms: to_ms,
                options: QueryOptions {
                    client: CLIENT.to_owned(),
                    ..QueryOptions::default()
                },
            };
            if let QueryValue::Matrix(series) = metrics.instant(query).await?.value {
                for series in series {
                    let hidden = plan.writes(&series.labels);
                    let samples = series
                        .floats
                        .iter()
                        .filter(|s| !hidden || s.t_ms < first_ms);
                    let known = found.entry(series.labels.clone()).or_default();
                    known.extend(samples.map(|s| (s.t_ms, s.value)));
                }
            }
            from_ms = to_ms;
        }
    }
    for (labels, samples) in found {
        for (t_ms, value) in samples {
            // Each time once and ascending: nothing is refused.
            let _ = layer.memory.add(&labels, t_ms, value);
        }
    }
    Ok(())
}

/// What all rules are evaluated with.
struct Stage<'s> {
    plan: &'s Plan,
    layer: &'s Layer,
    options: EvalOptions,
    settings: &'s Settings,
    into: Option<&'s dyn Append>,
}

impl Stage<'_> {
    /// All steps of one rule.
    async fn alone(
        &self,
        i: usize,
        prepared: Prepared,
        ran: &mut Ran<'_>,
    ) -> Result<(), QueryError> {
        let steps = self.plan.rules[i].steps;
        let mut values = match prepared {
            Prepared::Values(values) => values,
            Prepared::Here { tree, failed } => {
                let source = Source::Here {
                    tree: &tree,
                    layer: self.layer,
                    options: self.options.clone(),
                };
                let mut matrix = fetch(&source, &tree, steps, self.settings).await?;
                matrix.failed.extend(failed);
                ByStep::new(matrix, steps)
            }
        };
        for step in 0..steps.count {
            let results = values.at(step);
            self.play(i, step, results, ran).await?;
        }
        Ok(())
    }

    /// All steps of all rules, in the order of time and then of the file.
    async fn together(
        &self,
        prepared: &mut [Prepared],
        ran: &mut [Ran<'_>],
    ) -> Result<(), QueryError> {
        let rules = &self.plan.rules;
        let mut next = vec![0_usize; rules.len()];
        loop {
            let due = (0..rules.len()).filter(|i| next[*i] < rules[*i].steps.count);
            let Some(now_ms) = due.map(|i| rules[i].steps.at(next[i])).min() else {
                return Ok(());
            };
            for i in 0..rules.len() {
                let steps = rules[i].steps;
                let step = next[i];
                if step >= steps.count || steps.at(step) != now_ms {
                    continue;
                }
                next[i] += 1;
                let results = match &mut prepared[i] {
                    Prepared::Values(values) => values.at(step),
                    Prepared::Here { tree, failed } => match failed.get(&step) {
                        Some(error) => Err(Arc::clone(error)),
                        None => self.now(tree, steps.data_at(step)).await,
                    },
                };
                self.play(i, step, results, &mut ran[i]).await?;
            }
        }
    }

    /// The value of an expression at one time.
    async fn now(&self, tree: &Expr, data_ms: i64) -> Result<Vec<(Labels, f64)>, Arc<str>> {
        let source = Source::Here {
            tree,
            layer: self.layer,
            options: self.options.clone(),
        };
        let found = source.ask(data_ms, data_ms, 1).await;
        let found = found.map_err(|error| Arc::from(error.to_string()))?;
        let value = |series: binnacle_model::query::MatrixSeries| {
            let last = series.floats.last()?.value;
            Some((series.labels, last))
        };
        Ok(found.into_iter().filter_map(value).collect())
    }

    async fn play(
        &self,
        i: usize,
        step: usize,
        results: Result<Vec<(Labels, f64)>, Arc<str>>,
        ran: &mut Ran<'_>,
    ) -> Result<(), QueryError> {
        let planned = &self.plan.rules[i];
        let results = match results {
            Ok(results) => results,
            Err(error) => {
                ran.played.fail(error);
                return Ok(());
            }
        };
        let memory = planned.is_read.then_some(&*self.layer.memory);
        let keep = self.into.is_some() && planned.wanted && planned.rule.alerting().is_none();
        let (at_ms, data_ms) = (planned.steps.at(step), planned.steps.data_at(step));
        ran.played
            .step(at_ms, data_ms, &results, memory, keep)
            .await;
        match self.into {
            Some(into) => ran.writer.flush_when_full(&mut ran.played, into),
            None => Ok(()),
        }
    }
}

/// A matrix turned round: the values of each step.
struct ByStep {
    labels: Vec<Labels>,
    /// Step, series, value; by step.
    values: Vec<(u32, u32, f64)>,
    next: usize,
    failed: BTreeMap<usize, Arc<str>>,
}

impl ByStep {
    fn new(matrix: Matrix, steps: Steps) -> Self {
        let mut labels = Vec::with_capacity(matrix.series.len());
        let mut values = Vec::new();
        for (series, (of, samples)) in (0_u32..).zip(matrix.series) {
            labels.push(of);
            for sample in samples {
                let step = steps
                    .of_data(sample.t_ms)
                    .and_then(|i| u32::try_from(i).ok());
                values.extend(step.map(|step| (step, series, sample.value)));
            }
        }
        values.sort_unstable_by_key(|(step, series, _)| (*step, *series));
        Self {
            labels,
            values,
            next: 0,
            failed: matrix.failed,
        }
    }

    /// The values of step `i`; steps are asked for in order.
    fn at(&mut self, i: usize) -> Result<Vec<(Labels, f64)>, Arc<str>> {
        let rest = &self.values[self.next..];
        let count = rest
            .iter()
            .take_while(|(step, ..)| *step as usize <= i)
            .count();
        let of_step = &rest[..count];
        self.next += count;
        if let Some(error) = self.failed.get(&i) {
            return Err(Arc::clone(error));
        }
        let result =
            |(_, series, value): &(u32, u32, f64)| (self.labels[*series as usize].clone(), *value);
        Ok(of_step.iter().map(result).collect())
    }
}

/// The answer of a replay.
pub(super) fn summed_up(plan: &Plan, ran: Vec<Ran<'_>>, settings: &Settings) -> Replay {
    let mut replay = Replay {
        errors: plan.left_out.clone(),
        ..Replay::default()
    };
    for (planned, ran) in plan.rules.iter().zip(ran) {
        if !planned.wanted {
            continue;
        }
        let Ran { played, .. } = ran;
        let name = &planned.rule.name;
        replay.steps += played.steps;
        replay.errors.extend(error_of(planned, &played));
        if planned.rule.alerting().is_some() {
            let span_ms = (plan.end_ms - plan.start_ms).max(planned.steps.step_ms);
            let a_day = played.firings as f64 / (span_ms as f64 / DAY_MS);
            replay.firings.push((name.clone(), played.firings, a_day));
            replay.alerts.extend(played.replayed);
        } else {
            let series = played.outputs().len() as u64;
            replay.recorded.push((name.clone(), series, played.samples));
        }
    }
    let by_time = |a: &ReplayedAlert, b: &ReplayedAlert| {
        (a.pending_ms, &a.rule, &a.labels).cmp(&(b.pending_ms, &b.rule, &b.labels))
    };
    replay.alerts.sort_by(by_time);
    if replay.alerts.len() > settings.alerts_max {
        let left_out = replay.alerts.len() - settings.alerts_max;
        replay.alerts.truncate(settings.alerts_max);
        let message = format!("{left_out} more alerts are counted and not listed");
        replay.errors.push((String::new(), message));
    }
    replay
}

/// What went wrong with a rule.
pub(super) fn error_of(planned: &Planned, played: &Played<'_>) -> Vec<(String, String)> {
    let name = || planned.rule.name.clone();
    let mut errors = Vec::new();
    if let Some(error) = &played.error {
        let Played { failed, steps, .. } = played;
        errors.push((
            name(),
            format!("{failed} of {steps} evaluations failed: {error}"),
        ));
    }
    if played.left_out > 0 {
        let message = format!("{} more alerts are counted and not listed", played.left_out);
        errors.push((name(), message));
    }
    errors
}
