//! One test: series and lines in, steps, and looking at what came of them.

use std::path::Path;
use std::sync::Arc;

use binnacle_model::event::EvaluateLogs;
use binnacle_model::query::MetricsQuery;
use binnacle_model::{Labels, duration};
use binnacle_promql::parse::SeriesValue;
use binnacle_stdx::clock::ManualClock;

use super::file::{self, InputSeries, TestFile, TestGroup};
use super::lines::Lines;
use super::query::Simulated;
use super::storage::Storage;
use super::{CaseReport, FileReport, Options, alerts, expressions};
use crate::file::{FileOptions, RuleFile};
use crate::group::{Group, Settings, Surroundings};

/// More evaluations than a test can mean.
const STEPS_MAX: i64 = 10_000_000;

/// Runs all tests of a file that were asked for.
pub(super) async fn run_file(
    path: &Path,
    options: &Options,
    report: &mut FileReport,
) -> Result<(), String> {
    let file = file::read(path).map_err(|errors| errors.to_string())?;
    report.warnings.clone_from(&file.warnings);
    let rules = rules(&file, options)?;
    for (i, test) in file.tests.iter().enumerate() {
        if options
            .run
            .as_ref()
            .is_some_and(|run| !run.is_match(&test.name))
        {
            continue;
        }
        let name = if test.name.is_empty() {
            format!("unnamed#{i}")
        } else {
            test.name.clone()
        };
        let failures = match Test::new(test, &file, &rules) {
            Ok(test) => test.run(options).await,
            Err(error) => vec![error],
        };
        report.cases.push(CaseReport { name, failures });
    }
    Ok(())
}

fn rules(file: &TestFile, options: &Options) -> Result<Vec<RuleFile>, String> {
    let asked = FileOptions {
        ignore_unknown_fields: options.ignore_unknown_fields,
        ..FileOptions::default()
    };
    let mut all = Vec::new();
    let mut errors = Vec::new();
    for path in &file.rule_files {
        match crate::file::read(path, asked) {
            Ok(rules) => all.push(rules),
            Err(error) => errors.push(error.to_string()),
        }
    }
    if errors.is_empty() {
        Ok(all)
    } else {
        Err(errors.join("\n"))
    }
}

/// What one test works with.
pub(super) struct Test<'a> {
    pub(super) spec: &'a TestGroup,
    pub(super) file: &'a TestFile,
    pub(super) metrics: Arc<Simulated>,
    pub(super) lines: Arc<Lines>,
    storage: Arc<Storage>,
    clock: Arc<ManualClock>,
    groups: Vec<Group>,
    around: Surroundings,
}

impl<'a> Test<'a> {
    fn new(spec: &'a TestGroup, file: &'a TestFile, rules: &[RuleFile]) -> Result<Self, String> {
        let lines = Lines::read(&spec.input_logs, spec.start_ms, spec.interval_ms)?;
        let lines = Arc::new(lines);
        let storage = Arc::new(Storage::default());
        let metrics = Arc::new(Simulated::new(
            Arc::clone(&storage),
            file.evaluation_interval_ms,
        ));
        let clock = Arc::new(ManualClock::new(spec.start_ms));
        let settings = Arc::new(Settings {
            interval_ms: spec.interval_ms,
            external_labels: spec.external_labels.clone(),
            external_url: spec.external_url.clone(),
            // One rule after the other, so that each run is like the one before.
            concurrency: 1,
            ..Settings::default()
        });
        let mut around = Surroundings::new(
            Arc::clone(&metrics) as Arc<dyn MetricsQuery>,
            Arc::clone(&clock) as Arc<dyn binnacle_stdx::clock::Clock>,
            settings,
            Arc::new(|_alerts| {}),
        );
        around.logs = Some(Arc::clone(&lines) as Arc<dyn EvaluateLogs>);
        Ok(Self {
            spec,
            file,
            metrics,
            lines,
            storage,
            clock,
            groups: ordered(rules, file, spec.interval_ms),
            around,
        })
    }

    /// What is not as it should be.
    async fn run(self, options: &Options) -> Vec<String> {
        let mut inputs = match read_inputs(self.spec) {
            Ok(inputs) => inputs,
            Err(error) => return vec![error],
        };
        let mut failures = Vec::new();
        let mut pending = self.alert_times();
        let interval_ms = self.file.evaluation_interval_ms;
        let end_ms = self.longest();
        if end_ms / interval_ms > STEPS_MAX {
            return vec![format!(
                "the test wants more than {STEPS_MAX} evaluations: raise evaluation_interval"
            )];
        }
        let mut at_ms = 0;
        while at_ms <= end_ms {
            if let Err(error) = self.load_until(&mut inputs, at_ms) {
                failures.push(error);
            }
            let errors = self.evaluate(at_ms).await;
            if !errors.is_empty() {
                failures.extend(errors);
                return failures;
            }
            // What is asked for between this evaluation and the next is as it is now.
            while let Some(t_ms) = pending
                .first()
                .copied()
                .filter(|t| *t < at_ms + interval_ms)
            {
                pending.remove(0);
                failures.extend(alerts::check(&self, t_ms, options.diff));
            }
            at_ms += interval_ms;
        }
        self.lines.come_until(self.spec.start_ms + end_ms);
        failures.extend(expressions::check(&self, options.diff).await);
        failures
    }

    async fn evaluate(&self, at_ms: i64) -> Vec<String> {
        let t_ms = self.spec.start_ms + at_ms;
        self.clock.set(t_ms);
        self.lines.come_until(t_ms);
        let mut errors = Vec::new();
        for group in &self.groups {
            let failed = group.history().rules_failed;
            group.evaluate(t_ms, &self.around).await;
            if group.history().rules_failed == failed {
                continue;
            }
            for rule in group.status().rules {
                if !rule.last_error.is_empty() {
                    errors.push(format!(
                        "    rule: {}, time: {}, err: {}",
                        rule.name,
                        duration::print(at_ms),
                        rule.last_error
                    ));
                }
            }
        }
        errors
    }

    /// Writes input up to `at_ms`.
    fn load_until(&self, inputs: &mut [Input], at_ms: i64) -> Result<(), String> {
        let wrong = |labels: &Labels, why: binnacle_model::append::Refusal| {
            format!("input series {labels}: {}", why.as_str())
        };
        for input in inputs {
            while let Some(value) = input.values.get(input.next) {
                let value_at_ms = self.spec.interval_ms.saturating_mul(input.next as i64);
                if value_at_ms > at_ms {
                    break;
                }
                input.next += 1;
                let t_ms = self.spec.start_ms + value_at_ms;
                match value {
                    SeriesValue::Omitted => Ok(()),
                    SeriesValue::Float(value) => self.storage.add(&input.labels, t_ms, *value),
                    SeriesValue::Histogram { histogram, .. } => {
                        self.storage.add_histogram(&input.labels, t_ms, histogram)
                    }
                }
                .map_err(|why| wrong(&input.labels, why))?;
            }
        }
        Ok(())
    }

    /// The times at which alerts are looked at, ascending, each once.
    fn alert_times(&self) -> Vec<i64> {
        let mut times: Vec<i64> = self.spec.alerts.iter().map(|a| a.eval_time_ms).collect();
        times.sort_unstable();
        times.dedup();
        times
    }

    fn longest(&self) -> i64 {
        let alerts = self.spec.alerts.iter().map(|a| a.eval_time_ms);
        let expressions = self.spec.expressions.iter().map(|e| e.eval_time_ms);
        alerts.chain(expressions).max().unwrap_or(0)
    }

    /// The groups as they stand.
    pub(super) fn groups(&self) -> &[Group] {
        &self.groups
    }
}

/// The groups of all files, those named in `group_eval_order` as it says.
fn ordered(rules: &[RuleFile], file: &TestFile, interval_ms: i64) -> Vec<Group> {
    let place = |name: &str| {
        let found = file.group_eval_order.iter().position(|n| n == name);
        found.unwrap_or(0)
    };
    let mut groups: Vec<(usize, Group)> = rules
        .iter()
        .flat_map(|rules| {
            let path = rules.path.display().to_string();
            rules.groups.iter().map(move |spec| (path.clone(), spec))
        })
        .map(|(path, spec)| {
            let group = Group::new(&path, spec, interval_ms, false);
            (place(&spec.name), group)
        })
        .collect();
    groups.sort_by_key(|(place, _)| *place);
    groups.into_iter().map(|(_, group)| group).collect()
}

/// A series that is being written.
struct Input {
    labels: Labels,
    values: Vec<SeriesValue>,
    next: usize,
}

/// Reads the input; of two series with the same labels the later one counts.
fn read_inputs(test: &TestGroup) -> Result<Vec<Input>, String> {
    let mut inputs: Vec<Input> = Vec::with_capacity(test.input_series.len());
    let mut places = std::collections::HashMap::new();
    for series in &test.input_series {
        let read = InputSeries::read(series)?;
        let input = Input {
            labels: read.labels,
            values: read.values,
            next: 0,
        };
        match places.entry(input.labels.clone()) {
            std::collections::hash_map::Entry::Occupied(place) => inputs[*place.get()] = input,
            std::collections::hash_map::Entry::Vacant(place) => {
                place.insert(inputs.len());
                inputs.push(input);
            }
        }
    }
    Ok(inputs)
}
