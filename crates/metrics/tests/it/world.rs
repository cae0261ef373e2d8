//! An engine with its files and clock, and the small things every test does.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use binnacle_metrics::{Engine, EngineOptions, RecoveryReport, SyncPolicy};
use binnacle_model::append::{Append, AppendError, AppendOptions, Appended, Batch};
use binnacle_model::labels::Labels;
use binnacle_model::limits::{Meter, QueryLimits};
use binnacle_model::matcher::Matcher;
use binnacle_model::sample::Samples;
use binnacle_model::select::{Latest, Select, Selection};
use binnacle_stdx::clock::ManualClock;
use binnacle_stdx::files::{Crash, SimulatedFiles};

/// Where the clock begins.
pub const EPOCH: i64 = 1_700_000_000_000;

/// What a query finds: series and their samples as time and bits of the value.
pub type Found = BTreeMap<Labels, Vec<(i64, u64)>>;

pub struct World {
    pub files: SimulatedFiles,
    pub clock: Arc<ManualClock>,
    pub options: EngineOptions,
    pub engine: Engine,
}

/// Settings that make a test of minutes meet what production meets in weeks.
pub fn small() -> EngineOptions {
    EngineOptions {
        retention_ms: 0,
        block_ms: 600_000,
        head_age_ms: 300_000,
        head_samples: 100_000,
        out_of_order_window_ms: 180_000,
        future_max_ms: 60_000,
        sync: SyncPolicy::Always,
        reserve_bytes: 0,
        lock: false,
        ..EngineOptions::default()
    }
}

pub fn dir() -> &'static Path {
    Path::new("/data")
}

pub fn meter() -> Arc<Meter> {
    Arc::new(Meter::new(QueryLimits::default()))
}

pub fn labels(pairs: &[(&str, &str)]) -> Labels {
    Labels::from_pairs(pairs.iter().copied())
}

impl World {
    pub fn new(options: EngineOptions) -> Self {
        let files = SimulatedFiles::new();
        Self::open(files, Arc::new(ManualClock::new(EPOCH)), options).0
    }

    pub fn open(
        files: SimulatedFiles,
        clock: Arc<ManualClock>,
        options: EngineOptions,
    ) -> (Self, RecoveryReport) {
        let (engine, report) = Engine::open(
            Arc::new(files.clone()),
            dir(),
            options.clone(),
            clock.clone(),
        )
        .expect("opened");
        (
            Self {
                files,
                clock,
                options,
                engine,
            },
            report,
        )
    }

    /// The process ends without a word, and another one starts.
    pub fn crash(&mut self, crash: Crash) -> RecoveryReport {
        let files = self.files.after(crash);
        let (next, report) = Self::open(files, Arc::clone(&self.clock), self.options.clone());
        *self = next;
        report
    }

    pub fn append(&self, labels: &Labels, samples: &[(i64, f64)]) -> Result<Appended, AppendError> {
        let mut batch = Batch::default();
        batch.push(labels, samples);
        self.engine.append(&batch, AppendOptions::default())
    }

    /// All that matches, read series by series.
    pub fn select(&self, matchers: &[Matcher], start_ms: i64, end_ms: i64, sorted: bool) -> Found {
        let selection = Selection {
            matchers: matchers.to_vec(),
            start_ms,
            end_ms,
            ..Selection::default()
        };
        let set = self
            .engine
            .select(&selection, sorted, &meter())
            .expect("selected");
        let mut found = Found::new();
        let mut before: Option<Labels> = None;
        for i in 0..set.len() {
            let mut samples = Samples::default();
            set.read(i, start_ms, end_ms, &mut samples).expect("read");
            let labels = set.labels(i);
            if sorted {
                assert!(
                    before.as_ref().is_none_or(|b| *b < labels),
                    "sorted and without repetition"
                );
                before = Some(labels.clone());
            }
            let newest = samples
                .times_ms
                .last()
                .copied()
                .zip(samples.values.last().copied());
            let latest = set
                .latest(i, start_ms.saturating_sub(1), end_ms)
                .expect("latest");
            let latest = latest.map(|l| match l {
                Latest::Float(s) => (s.t_ms, s.value.to_bits()),
                Latest::Histogram => unreachable!("no histogram was stored"),
            });
            assert_eq!(
                latest,
                newest.map(|n| (n.0, n.1.to_bits())),
                "{labels}: latest and the last read"
            );
            if !samples.is_empty() {
                let all = samples
                    .times_ms
                    .iter()
                    .copied()
                    .zip(samples.values.iter().map(|v| v.to_bits()));
                assert!(
                    found.insert(labels, all.collect()).is_none(),
                    "a series comes once"
                );
            }
        }
        found
    }

    pub fn all(&self) -> Found {
        self.select(&[], i64::MIN, i64::MAX, false)
    }
}
