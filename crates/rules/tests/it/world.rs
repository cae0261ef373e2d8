//! A storage in memory, a clock that is turned by hand, and who gets the alerts.

use std::path::Path;
use std::sync::{Arc, Mutex};

use binnacle_model::alert::{Accepted, Alert, AlertSink, AlertingError, BoxFuture, RuleStatus};
use binnacle_model::limits::{Meter, QueryLimits};
use binnacle_model::query::MetricsQuery;
use binnacle_model::select::Selection;
use binnacle_model::{MatchOp, Matcher, Samples, Select, is_stale};
use binnacle_promql::parse::SeriesValue;
use binnacle_promql::script::{Action, Script};
use binnacle_rules::file::{self, FileOptions, RuleFile};
use binnacle_rules::group::{Group, Surroundings};
use binnacle_rules::settings::Settings;
use binnacle_rules::unit_test::query::Simulated;
use binnacle_rules::unit_test::storage::Storage;
use binnacle_stdx::clock::ManualClock;

/// Alerts that arrived.
#[derive(Default)]
pub struct Inbox(Mutex<Vec<Alert>>);

impl Inbox {
    /// What has arrived since the last call.
    pub fn take(&self) -> Vec<Alert> {
        std::mem::take(&mut self.0.lock().expect("no panics"))
    }
}

impl AlertSink for Inbox {
    fn post(&self, alerts: Vec<Alert>) -> BoxFuture<'_, Result<Accepted, AlertingError>> {
        let taken = alerts.len();
        self.0.lock().expect("no panics").extend(alerts);
        let refused = Vec::new();
        Box::pin(async move { Ok(Accepted { taken, refused }) })
    }
}

/// See the module's text.
pub struct World {
    pub storage: Arc<Storage>,
    pub metrics: Arc<dyn MetricsQuery>,
    pub clock: Arc<ManualClock>,
    pub inbox: Arc<Inbox>,
    pub around: Surroundings,
}

impl World {
    pub fn new() -> Self {
        Self::with(Settings::default())
    }

    pub fn with(settings: Settings) -> Self {
        let storage = Arc::new(Storage::default());
        let metrics: Arc<dyn MetricsQuery> = Arc::new(Simulated::new(Arc::clone(&storage), 60_000));
        let clock = Arc::new(ManualClock::new(0));
        let inbox = Arc::new(Inbox::default());
        let to = Arc::clone(&inbox);
        let around = Surroundings::new(
            Arc::clone(&metrics),
            clock.clone(),
            settings,
            Arc::new(move |alerts| to.0.lock().expect("no panics").extend(alerts)),
        );
        Self {
            storage,
            metrics,
            clock,
            inbox,
            around,
        }
    }

    /// Adds the series of a `load` command of the language of test scripts.
    pub fn load(&self, script: &str) {
        for command in Script::parse(script).expect("a script").commands {
            let Action::Load(load) = command.action else {
                panic!("only load is used here");
            };
            for series in load.series {
                let labels = &series.description.labels;
                for (i, value) in (0i64..).zip(&series.description.values) {
                    if let SeriesValue::Float(value) = value {
                        let t_ms = i * load.interval_ms;
                        self.storage.add(labels, t_ms, *value).expect("in order");
                    }
                }
            }
        }
    }

    /// Evaluates at `s` seconds.
    pub async fn evaluate(&self, group: &Group, s: i64) {
        self.clock.set(s * 1000);
        group.evaluate(s * 1000, &self.around).await;
    }

    /// The samples of all series of this name, a line for each: labels without the
    /// name, then `value@seconds`.
    pub fn series(&self, name: &str) -> Vec<String> {
        let selection = Selection {
            matchers: vec![Matcher::new("__name__", MatchOp::Regex, name).expect("a pattern")],
            start_ms: i64::MIN,
            end_ms: i64::MAX,
            ..Selection::default()
        };
        let meter = Arc::new(Meter::new(QueryLimits::default()));
        let set = self
            .storage
            .select(&selection, true, &meter)
            .expect("found");
        let line = |i: usize| {
            let mut samples = Samples::default();
            set.read(i, i64::MIN, i64::MAX, &mut samples).expect("read");
            let mut line = set.labels(i).without_name().to_string();
            for (t_ms, value) in samples.times_ms.iter().zip(&samples.values) {
                let value = if is_stale(*value) {
                    "stale".to_owned()
                } else {
                    value.to_string()
                };
                line += &format!(" {value}@{}", t_ms / 1000);
            }
            line
        };
        (0..set.len()).map(line).collect()
    }

    /// What was sent since the last call: labels, start and end in seconds.
    pub fn sent(&self) -> Vec<String> {
        told(&self.inbox.take())
    }
}

/// Alerts as lines: labels, start and end in seconds.
pub fn told(alerts: &[Alert]) -> Vec<String> {
    let s = |ns: i64| ns / 1_000_000_000;
    alerts
        .iter()
        .map(|a| format!("{} {}-{}", a.labels, s(a.starts_at_ns), s(a.ends_at_ns)))
        .collect()
}

/// A rule file of this text.
pub fn rules(text: &str) -> RuleFile {
    match file::parse(Path::new("r.yml"), text, FileOptions::default()) {
        Ok(file) => file,
        Err(errors) => panic!("{errors}"),
    }
}

/// A group with these rules and what else `fields` says, at 1 m.
pub fn group(fields: &str, rules_text: &str) -> Group {
    let indented = rules_text.replace('\n', "\n  ");
    let text = format!("groups:\n- name: g\n  {fields}\n  rules:\n  {indented}\n");
    Group::new("r.yml", &rules(&text).groups[0], 60_000, false)
}

/// The rule `i` of a group as it stands.
pub fn rule(group: &Group, i: usize) -> RuleStatus {
    group.status().rules.swap_remove(i)
}
