//! The engine against a plain map, for thousands of random steps.
//!
//! `BINNACLE_SEED=n` runs one seed; a failure prints its seed.

use std::collections::{BTreeMap, BTreeSet};

use binnacle_metrics::Engine;
use binnacle_model::append::{Append, AppendOptions, Batch, Refusal, SeriesKey, SeriesRef};
use binnacle_model::labels::Labels;
use binnacle_model::matcher::{MatchOp, Matcher, all_match};
use binnacle_model::sample::STALE_NAN;
use binnacle_model::select::Select;
use binnacle_stdx::files::{Crash, Fault};
use binnacle_stdx::random::Random;
use std::sync::Arc;

use crate::world::{Found, World, dir, meter, small};

const STEPS: usize = 400;
const SEEDS: u64 = 12;

/// What should be stored of a series.
#[derive(Default)]
struct Series {
    all: BTreeMap<i64, u64>,
    /// Times that were appended since the last flush.
    head: BTreeMap<i64, u64>,
    last: Option<(i64, u64)>,
    before: Option<(i64, u64)>,
}

struct Model {
    world: World,
    random: Random,
    series: BTreeMap<Labels, Series>,
    refs: BTreeMap<Labels, SeriesRef>,
    flushes: u64,
}

#[test]
fn the_engine_does_what_a_map_does() {
    let seeds = match std::env::var("BINNACLE_SEED") {
        Ok(seed) => vec![seed.parse().expect("a number")],
        Err(_) => (0..SEEDS).collect(),
    };
    for seed in seeds {
        println!("seed {seed}");
        let mut model = Model::new(seed);
        for _ in 0..STEPS {
            model.step();
        }
        model.check_all();
    }
}

impl Model {
    fn new(seed: u64) -> Self {
        Self {
            world: World::new(small()),
            random: Random::new(seed),
            series: BTreeMap::new(),
            refs: BTreeMap::new(),
            flushes: 0,
        }
    }

    fn now(&self) -> i64 {
        use binnacle_stdx::clock::Clock as _;
        self.world.clock.now_ms()
    }

    fn step(&mut self) {
        match self.random.below(100) {
            0..60 => self.append(),
            60..75 => self.query(),
            75..78 => self.label_queries(),
            78..80 => self.world.engine.flush().expect("flushed"),
            80..83 => self.world.engine.merge().expect("merged"),
            83..87 => {
                self.world.engine.tick().expect("ticked");
            }
            87..89 => self.delete(),
            89 => self.world.engine.clean_tombstones().expect("cleaned"),
            90 => self.snapshot(),
            91..94 => self.crash(),
            94..97 => self.fail_in_the_background(),
            97 => self.jump(),
            _ => self.close_and_open(),
        }
        self.notice_flush();
    }

    /// What the head knows of duplicates goes with a flush.
    fn notice_flush(&mut self) {
        let flushes = self.world.engine.stats().flushes;
        if flushes != self.flushes {
            self.flushes = flushes;
            for series in self.series.values_mut() {
                series.head.clear();
            }
        }
    }

    fn some_labels(&mut self) -> Labels {
        let mut pairs = vec![(
            "__name__",
            ["cpu", "mem", "up"][self.random.below(3) as usize].to_owned(),
        )];
        pairs.push(("instance", format!("host-{}", self.random.below(6))));
        if self.random.one_in(3) {
            pairs.push((
                "zone",
                ["east", "west", "ost\u{ff}"][self.random.below(3) as usize].to_owned(),
            ));
        }
        Labels::from_pairs(pairs)
    }

    fn some_value(&mut self) -> f64 {
        match self.random.below(12) {
            0 => STALE_NAN,
            1 => f64::INFINITY,
            2 => -0.0,
            3 => f64::from_bits(self.random.next_u64()),
            4..8 => self.random.below(1000) as f64,
            _ => self.random.below(100_000) as f64 / 100.0,
        }
    }

    fn some_time(&mut self, last: Option<i64>) -> i64 {
        let now = self.now();
        match (self.random.below(20), last) {
            (0..3, _) => now - self.random.below(300_000) as i64,
            (3, Some(last)) => last,
            (4, _) => now + self.random.below(120_000) as i64,
            (5, Some(last)) => last - self.random.below(30) as i64 * 1000,
            _ => now,
        }
    }

    fn append(&mut self) {
        self.world.clock.advance(self.random.below(20_000) as i64);
        let options = AppendOptions {
            want_refs: true,
            one_scrape: false,
            in_order_only: self.random.one_in(6),
        };
        let mut batch = Batch::default();
        let mut entries = Vec::new();
        for _ in 0..1 + self.random.below(25) {
            let labels = self.some_labels();
            let last = self.series.get(&labels).and_then(|s| s.last);
            let samples: Vec<(i64, f64)> = (0..1 + self.random.below(4))
                .map(|_| {
                    let t = self.some_time(last.map(|l| l.0));
                    let value = match last {
                        Some((at, bits)) if at == t && self.random.one_in(2) => {
                            f64::from_bits(bits)
                        }
                        _ => self.some_value(),
                    };
                    (t, value)
                })
                .collect();
            match self.refs.get(&labels) {
                Some(&known) if self.random.one_in(2) => batch.push_ref(known, &samples),
                _ => batch.push(&labels, &samples),
            }
            entries.push((labels, samples));
        }
        let want = self.expect(&entries, options);
        let got = self.world.engine.append(&batch, options).expect("appended");
        assert_eq!(got.refused, want);
        assert_eq!(got.refs.len(), entries.len());
        for ((labels, _), reference) in entries.into_iter().zip(got.refs) {
            assert_ne!(reference, SeriesRef(0));
            let known = *self.refs.entry(labels).or_insert(reference);
            assert_eq!(known, reference, "a series keeps its reference");
        }
        assert!(
            batch
                .series
                .iter()
                .all(|s| matches!(s.key, SeriesKey::Ref(_) | SeriesKey::Labels(_)))
        );
    }

    /// Stores what should be accepted and answers what should be refused.
    fn expect(
        &mut self,
        entries: &[(Labels, Vec<(i64, f64)>)],
        options: AppendOptions,
    ) -> Vec<(u32, u32, Refusal)> {
        let now = self.now();
        let window = if options.in_order_only {
            0
        } else {
            self.world.options.out_of_order_window_ms
        };
        let mut refused = Vec::new();
        // A batch is judged by what the engine knew when it came, too.
        for series in self.series.values_mut() {
            series.before = series.last;
        }
        for (i, (labels, samples)) in entries.iter().enumerate() {
            let series = self.series.entry(labels.clone()).or_default();
            for (k, &(t, value)) in samples.iter().enumerate() {
                let bits = value.to_bits();
                let stored = match series.last {
                    Some((at, bits)) if at == t => Some(bits),
                    _ => match series.before {
                        Some((at, bits)) if at == t => Some(bits),
                        _ => series.head.get(&t).copied(),
                    },
                };
                let why = if t > now + self.world.options.future_max_ms {
                    Some(Refusal::TooFarInFuture)
                } else if let Some(stored) = stored {
                    if stored == bits {
                        continue;
                    }
                    Some(Refusal::DuplicateTimestamp)
                } else {
                    match series.last {
                        Some((last, _)) if t < last && window == 0 => Some(Refusal::OutOfOrder),
                        Some((last, _)) if t < last - window => Some(Refusal::TooOld),
                        _ => None,
                    }
                };
                match why {
                    Some(why) => refused.push((i as u32, k as u32, why)),
                    None => {
                        series.all.insert(t, bits);
                        series.head.insert(t, bits);
                        if series.last.is_none_or(|l| t > l.0) {
                            series.last = Some((t, bits));
                        }
                    }
                }
            }
        }
        refused
    }

    fn some_matchers(&mut self) -> Vec<Matcher> {
        let pool = [
            ("__name__", MatchOp::Equal, "cpu"),
            ("__name__", MatchOp::Regex, "cpu|mem"),
            ("__name__", MatchOp::NotEqual, "up"),
            ("instance", MatchOp::Regex, "host-[1-3]"),
            ("instance", MatchOp::NotRegex, "host-1|host-2"),
            ("instance", MatchOp::Equal, "host-5"),
            ("zone", MatchOp::Equal, ""),
            ("zone", MatchOp::NotEqual, ""),
            ("zone", MatchOp::Regex, "e.*|w.*"),
            ("zone", MatchOp::NotRegex, "o.*"),
            ("zone", MatchOp::Regex, ".*"),
            ("none", MatchOp::Regex, "x|"),
        ];
        (0..self.random.below(4))
            .map(|_| {
                let (name, op, value) = *self.random.pick(&pool);
                Matcher::new(name, op, value).expect("valid")
            })
            .collect()
    }

    fn some_range(&mut self) -> (i64, i64) {
        let now = self.now();
        match self.random.below(4) {
            0 => (i64::MIN, i64::MAX),
            1 => (now - 300_000, now),
            _ => {
                let a = now - self.random.below(3_000_000) as i64;
                (a, a + self.random.below(1_500_000) as i64)
            }
        }
    }

    fn stored(&self, matchers: &[Matcher], start: i64, end: i64) -> Found {
        self.series
            .iter()
            .filter(|(labels, _)| all_match(matchers, labels))
            .map(|(labels, s)| {
                (
                    labels.clone(),
                    s.all.range(start..=end).map(|(&t, &v)| (t, v)).collect(),
                )
            })
            .filter(|(_, samples): &(_, Vec<_>)| !samples.is_empty())
            .collect()
    }

    fn query(&mut self) {
        let matchers = self.some_matchers();
        let (start, end) = self.some_range();
        let sorted = self.random.one_in(2);
        let got = self.world.select(&matchers, start, end, sorted);
        assert_eq!(
            got,
            self.stored(&matchers, start, end),
            "{matchers:?} {start} {end}"
        );
    }

    fn check_all(&mut self) {
        assert_eq!(self.world.all(), self.stored(&[], i64::MIN, i64::MAX));
    }

    /// What has samples in the range must be named; a series that has samples before
    /// and after it, and none in it, may be.
    fn label_queries(&mut self) {
        let matchers = [Matcher::new("instance", MatchOp::Regex, "host-[0-2]").expect("valid")];
        let (start, end) = self.some_range();
        let in_range = self.stored(&matchers, start, end);
        let ever = self.stored(&matchers, i64::MIN, i64::MAX);
        let values = |found: &Found, name: &str| -> BTreeSet<String> {
            found
                .keys()
                .filter_map(|l| l.get(name))
                .map(str::to_owned)
                .collect()
        };
        let check = |got: Vec<String>, must: BTreeSet<String>, may: BTreeSet<String>| {
            assert!(got.windows(2).all(|w| w[0] < w[1]), "ascending: {got:?}");
            let got: BTreeSet<String> = got.into_iter().collect();
            assert!(must.is_subset(&got), "{must:?} in {got:?}");
            assert!(got.is_subset(&may), "{got:?} in {may:?}");
        };
        let engine = &self.world.engine;
        for name in ["zone", "__name__", "nope"] {
            let got = engine
                .label_values(name, &matchers, start, end, &meter())
                .expect("values");
            check(got, values(&in_range, name), values(&ever, name));
        }
        let names = |found: &Found| -> BTreeSet<String> {
            found
                .keys()
                .flat_map(|l| l.iter().map(|p| p.0.to_owned()).collect::<Vec<_>>())
                .collect()
        };
        let got = engine
            .label_names(&matchers, start, end, &meter())
            .expect("names");
        check(got, names(&in_range), names(&ever));
    }

    fn delete(&mut self) {
        let matchers = self.some_matchers();
        let (start, end) = self.some_range();
        self.world
            .engine
            .delete_series(std::slice::from_ref(&matchers), start, end)
            .expect("deleted");
        for (labels, series) in &mut self.series {
            if all_match(&matchers, labels) {
                series.all.retain(|t, _| !(start..=end).contains(t));
            }
        }
        self.notice_flush();
        self.check_all();
    }

    fn snapshot(&mut self) {
        let name = self.world.engine.snapshot(false).expect("copied");
        let copy = dir().join("snapshots").join(name);
        let files = Arc::new(self.world.files.clone());
        let clock = self.world.clock.clone();
        let (engine, report) =
            Engine::open(files, &copy, self.world.options.clone(), clock).expect("opened");
        assert!(
            report.quarantined.is_empty() && report.dropped.is_empty(),
            "{report:?}"
        );
        let world = World {
            files: self.world.files.clone(),
            clock: self.world.clock.clone(),
            options: small(),
            engine,
        };
        assert_eq!(world.all(), self.stored(&[], i64::MIN, i64::MAX));
    }

    fn crash(&mut self) {
        let how = *self.random.pick(&[
            Crash::Process,
            Crash::Power,
            Crash::PowerTorn { keep_bytes: 7 },
        ]);
        let report = self.world.crash(how);
        assert!(report.quarantined.is_empty(), "{report:?}");
        self.reopened();
    }

    fn close_and_open(&mut self) {
        self.world.engine.close().expect("closed");
        let report = self.world.crash(Crash::Power);
        assert!(
            report.quarantined.is_empty() && report.dropped.is_empty(),
            "{report:?}"
        );
        self.reopened();
    }

    fn reopened(&mut self) {
        self.refs.clear();
        self.flushes = self.world.engine.stats().flushes;
        self.check_all();
    }

    /// A write or a sync fails somewhere in a flush, a merge or a copy; then the
    /// process dies.
    fn fail_in_the_background(&mut self) {
        let fault = if self.random.one_in(3) {
            Fault::FailedSync {
                after_syncs: self.random.below(12),
            }
        } else {
            Fault::TornWrite {
                after_bytes: self.random.below(20_000),
            }
        };
        self.world.files.inject(fault);
        let engine = &self.world.engine;
        let failed = match self.random.below(4) {
            0 => engine.flush().is_err(),
            1 => engine.flush().and_then(|()| engine.merge()).is_err(),
            2 => engine.clean_tombstones().is_err(),
            _ => engine.snapshot(false).is_err(),
        };
        self.world.files.clear_faults();
        self.check_all();
        if failed && self.random.one_in(2) && self.world.engine.poisoned().is_none() {
            // It works again once the disk does.
            self.world
                .engine
                .flush()
                .expect("flushed at the second try");
            self.check_all();
        }
        self.crash();
        // Whether the flush survived the crash only the engine knows; make it sure.
        self.world.engine.flush().expect("flushed");
        self.flushes = u64::MAX;
        self.notice_flush();
    }

    fn jump(&mut self) {
        let by = match self.random.below(3) {
            0 => -(self.random.below(3_600_000) as i64),
            1 => self.random.below(3_600_000) as i64,
            _ => self.random.below(200_000_000) as i64,
        };
        self.world.clock.advance(by);
    }
}
