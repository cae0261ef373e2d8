//! What rules cost: 1,000 recording rules of 10 to 50 series each, at 5 seconds over
//! 100,000 series in the real engine (bar A1).
//!
//! `cargo run --profile fast -p binnacle-rules --example rules_cost [-- <rounds>]`
//!
//! Prints the CPU time of the whole process for each rule and round, and how much of
//! that the queries take by themselves.

use std::sync::Arc;
use std::time::Instant;

use binnacle_metrics::{Engine, EngineOptions};
use binnacle_model::alert::RuleHealth;
use binnacle_model::annotation::Annotations;
use binnacle_model::append::{AppendOptions, SeriesRef};
use binnacle_model::limits::{Meter, QueryLimits};
use binnacle_model::metadata::Metadata;
use binnacle_model::query::{
    Answer, Cardinality, InstantQuery, MetricsQuery, QueryAnswer, QueryError, QueryStatistics,
    RangeQuery, ReplayState, RunningQuery, SeriesExemplars, SeriesQuery,
};
use binnacle_model::{Append, Batch, Labels, Matcher, Sample};
use binnacle_promql::eval::{EvalOptions, TimeRange, evaluate};
use binnacle_promql::parse::parse;
use binnacle_rules::file::{self, FileOptions};
use binnacle_rules::scheduler::Scheduler;
use binnacle_rules::settings::Settings;
use binnacle_stdx::clock::ManualClock;

const START_MS: i64 = 1_760_000_000_000;
const RULES: usize = 1_000;
const SERIES_PER_METRIC: usize = 100;
const STEP_MS: i64 = 5_000;
const STEPS_BEFORE: i64 = 60;

/// The engine and the language as the server puts them together.
struct Whole(Arc<Engine>);

fn not_here<T>() -> Result<T, QueryError> {
    Err(QueryError::Unavailable {
        message: "rules do not ask this".to_owned(),
    })
}

impl MetricsQuery for Whole {
    fn instant(&self, query: InstantQuery) -> Answer<'_, QueryAnswer> {
        let engine = Arc::clone(&self.0);
        let work = move || {
            let expr = parse(&query.text)?;
            let range = TimeRange {
                start_ms: query.at_ms,
                end_ms: query.at_ms,
                step_ms: 0,
            };
            let meter = Arc::new(Meter::new(QueryLimits::default()));
            let done = evaluate(
                &expr,
                range,
                &*engine,
                None,
                &EvalOptions::default(),
                &meter,
            )
            .map_err(|error| QueryError::Internal {
                message: error.to_string(),
            })?;
            Ok(QueryAnswer {
                value: done.value,
                annotations: done.annotations,
                statistics: QueryStatistics {
                    samples_total: done.samples_total,
                    ..QueryStatistics::default()
                },
            })
        };
        Box::pin(async move {
            match tokio::task::spawn_blocking(work).await {
                Ok(answer) => answer,
                Err(_) => not_here(),
            }
        })
    }

    fn range(&self, _: RangeQuery) -> Answer<'_, QueryAnswer> {
        Box::pin(async { not_here() })
    }

    fn series(&self, _: SeriesQuery) -> Answer<'_, (Vec<Labels>, Annotations)> {
        Box::pin(async { not_here() })
    }

    fn label_names(&self, _: SeriesQuery) -> Answer<'_, (Vec<String>, Annotations)> {
        Box::pin(async { not_here() })
    }

    fn label_values(&self, _: String, _: SeriesQuery) -> Answer<'_, (Vec<String>, Annotations)> {
        Box::pin(async { not_here() })
    }

    fn latest(&self, _: SeriesQuery, _: i64) -> Answer<'_, Vec<(Labels, Sample)>> {
        Box::pin(async { not_here() })
    }

    fn exemplars(&self, _: String, _: i64, _: i64) -> Answer<'_, Vec<SeriesExemplars>> {
        Box::pin(async { not_here() })
    }

    fn metadata(&self, _: Option<String>, _: usize) -> Answer<'_, Vec<(String, Vec<Metadata>)>> {
        Box::pin(async { not_here() })
    }

    fn format(&self, _: &str) -> Result<String, QueryError> {
        not_here()
    }

    fn syntax_tree(&self, _: &str) -> Result<String, QueryError> {
        not_here()
    }

    fn selector(&self, _: &str) -> Result<Vec<Matcher>, QueryError> {
        not_here()
    }

    fn running(&self) -> Vec<RunningQuery> {
        Vec::new()
    }

    fn kill(&self, _: u64) -> bool {
        false
    }

    fn cardinality(&self, _: usize) -> Answer<'_, Cardinality> {
        Box::pin(async { not_here() })
    }

    fn replay(&self) -> ReplayState {
        self.0.replay()
    }

    fn delete_series(&self, _: SeriesQuery) -> Answer<'_, ()> {
        Box::pin(async { not_here() })
    }

    fn clean_tombstones(&self) -> Answer<'_, ()> {
        Box::pin(async { not_here() })
    }

    fn snapshot(&self, _: bool) -> Answer<'_, String> {
        Box::pin(async { not_here() })
    }

    fn appender(&self) -> Arc<dyn Append> {
        Arc::clone(&self.0) as Arc<dyn Append>
    }
}

/// 100,000 counters that were scraped for five minutes.
struct Fleet {
    refs: Vec<SeriesRef>,
}

impl Fleet {
    fn new(engine: &Engine) -> Self {
        let mut batch = Batch::default();
        for metric in 0..RULES {
            let instances = 10 + metric % 41;
            for i in 0..SERIES_PER_METRIC {
                let labels = Labels::from_pairs([
                    ("__name__", format!("requests_{metric}_total")),
                    ("instance", format!("10.0.0.{}:9100", i % instances)),
                    ("job", "node".to_owned()),
                    ("code", format!("{}", 200 + i / instances)),
                ]);
                batch.push(&labels, &[(START_MS, 0.0)]);
            }
        }
        let options = AppendOptions {
            want_refs: true,
            ..AppendOptions::default()
        };
        let refs = engine.append(&batch, options).expect("appended").refs;
        Self { refs }
    }

    fn scrape(&self, engine: &Engine, step: i64) {
        let mut batch = Batch::default();
        for (i, series) in (0i64..).zip(&self.refs) {
            let t_ms = START_MS + step * STEP_MS;
            batch.push_ref(*series, &[(t_ms, (step * (1 + i % 7)) as f64)]);
        }
        engine
            .append(&batch, AppendOptions::default())
            .expect("appended");
    }
}

fn rules() -> String {
    let mut text = "groups:\n".to_owned();
    for group in 0..RULES / 20 {
        text += &format!("- name: g{group}\n  interval: 5s\n  rules:\n");
        for i in 0..20 {
            let metric = group * 20 + i;
            let expr = if i % 2 == 0 {
                format!("sum by (instance) (rate(requests_{metric}_total[1m]))")
            } else {
                format!("sum by (instance) (requests_{metric}_total)")
            };
            text += &format!("  - {{record: 'r:{metric}', expr: '{expr}'}}\n");
        }
    }
    text
}

/// CPU seconds of this process so far.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after = stat.rsplit(')').next().unwrap_or_default();
    let ticks = |i: usize| -> f64 {
        let field = after.split_whitespace().nth(i).unwrap_or("0");
        field.parse().unwrap_or(0.0)
    };
    // User and system time, in hundredths of a second on every Linux.
    (ticks(11) + ticks(12)) / 100.0
}

#[tokio::main]
async fn main() {
    let rounds: i64 = std::env::args()
        .nth(1)
        .and_then(|a| a.parse().ok())
        .unwrap_or(20);
    let dir = tempfile::tempdir().expect("a directory");
    let clock = Arc::new(ManualClock::new(START_MS));
    let files = binnacle_store::disk::files();
    let options = EngineOptions::default();
    let (engine, _) = Engine::open(files, dir.path(), options, clock.clone()).expect("opened");
    let engine = Arc::new(engine);
    let fleet = Fleet::new(&engine);
    for step in 1..=STEPS_BEFORE {
        fleet.scrape(&engine, step);
    }
    let whole: Arc<dyn MetricsQuery> = Arc::new(Whole(Arc::clone(&engine)));
    let scheduler = Scheduler::new(whole, clock.clone(), Vec::new());
    let path = std::path::Path::new("rules.yml");
    let file = file::parse(path, &rules(), FileOptions::default()).expect("good rules");
    clock.set(START_MS + STEPS_BEFORE * STEP_MS);
    scheduler.reload(vec![file], Settings::default()).await;
    let (mut cpu, mut wall) = (0.0, 0.0);
    let before = scheduler.counters();
    for round in 1..=rounds {
        let step = STEPS_BEFORE + round;
        fleet.scrape(&engine, step);
        clock.set(START_MS + step * STEP_MS);
        let (from, begun) = (cpu_seconds(), Instant::now());
        scheduler.step(START_MS + step * STEP_MS).await;
        // The first round makes the series.
        if round > 1 {
            cpu += cpu_seconds() - from;
            wall += begun.elapsed().as_secs_f64();
        }
    }
    let after = scheduler.counters();
    let evaluations: u64 = after.groups.iter().map(|g| g.evaluations).sum();
    let failures: u64 = after.groups.iter().map(|g| g.failures).sum();
    let healthy = scheduler
        .groups()
        .iter()
        .flat_map(|g| &g.rules)
        .filter(|r| r.health == RuleHealth::Ok && (10..=50).contains(&r.series))
        .count();
    let of = (rounds - 1) as f64 * RULES as f64;
    println!(
        "rules with 10 to 50 results: {healthy}, evaluations: {evaluations}, failures: {failures}"
    );
    println!(
        "CPU {:.4} ms a rule, wall {:.4} ms a rule",
        cpu * 1e3 / of,
        wall * 1e3 / of
    );
    let spent = after.evaluation.sum_seconds - before.evaluation.sum_seconds;
    println!(
        "of which evaluations by the wall: {:.4} ms",
        spent * 1e3 / evaluations as f64
    );
}
