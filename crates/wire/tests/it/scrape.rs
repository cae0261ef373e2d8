//! Repeated scrapes through the cache against a plain map.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use binnacle_model::append::SeriesRef;
use binnacle_model::metadata::MetricType;
use binnacle_stdx::random::splitmix64;
use binnacle_wire::text::{
    Dialect, EntryId, FamilyLine, Lookup, Sample, ScrapeCache, Visitor, scan,
};

/// One target: the cache, and what a plain map knows.
#[derive(Default)]
struct Target {
    cache: ScrapeCache,
    refs: BTreeMap<Vec<u8>, u64>,
    /// This scrape's series with their values.
    seen: BTreeMap<u64, f64>,
    new: Vec<(EntryId, Vec<u8>)>,
    recognised: usize,
    told: usize,
}

impl Visitor for Target {
    fn recognise(&mut self, rest: &[u8]) -> usize {
        let len = self.cache.recognise(rest);
        self.recognised += usize::from(len > 0);
        len
    }

    fn recognise_comment(&mut self, line: &[u8]) -> Option<MetricType> {
        self.cache.recognise_comment(line)
    }

    fn comment_told(&mut self, line: &[u8], kind: MetricType) {
        self.cache.comment_told(line, kind);
    }

    fn sample(&mut self, sample: &Sample<'_>) -> ControlFlow<()> {
        assert_eq!(sample.kind, MetricType::Gauge);
        let series = match self.cache.lookup(sample.series) {
            Lookup::Known {
                series, repeated, ..
            } => {
                assert_eq!(self.refs.get(sample.series), Some(&series.0));
                assert_eq!(repeated, self.seen.contains_key(&series.0));
                series.0
            }
            Lookup::New => {
                let entry = self.cache.insert(sample.series);
                self.new.push((entry, sample.series.to_vec()));
                let next = self.refs.len() as u64 + 1;
                *self.refs.entry(sample.series.to_vec()).or_insert(next)
            }
            other => panic!("{other:?}"),
        };
        self.seen.insert(series, sample.value);
        ControlFlow::Continue(())
    }

    fn family(&mut self, _: &str, _: FamilyLine<'_>) {
        self.told += 1;
    }
}

/// A page with these series, in some order.
fn page(series: &BTreeSet<u64>, shuffle: bool, seed: &mut u64) -> String {
    let mut order: Vec<u64> = series.iter().copied().collect();
    if shuffle {
        order.sort_by_cached_key(|_| splitmix64(seed));
    }
    let mut page = "# HELP m a gauge\n# TYPE m gauge\n".to_owned();
    for i in order {
        let name = match i % 4 {
            0 => format!("m{i}"),
            1 => format!("m{{a=\"{i}\"}}"),
            2 => format!("m {{ a=\"{i} }} \\\" 2\", }}"),
            _ => format!("{{\"m.x\",b=\"{i}\"}}"),
        };
        page.push_str(&format!("{name} {i}\n"));
    }
    page
}

#[test]
fn the_cache_knows_what_a_map_knows() {
    let mut seed = 21;
    let mut target = Target::default();
    let mut series: BTreeSet<u64> = (0..150).collect();
    let mut before: BTreeSet<u64> = BTreeSet::new();
    for round in 0..400 {
        for _ in 0..splitmix64(&mut seed) % 20 {
            let i = splitmix64(&mut seed) % 200;
            if !series.remove(&i) {
                series.insert(i);
            }
        }
        let body = page(&series, round % 3 == 0, &mut seed);
        target.cache.begin();
        scan(body.as_bytes(), Dialect::Prometheus, &mut target).expect("a valid page");
        let seen = std::mem::take(&mut target.seen);
        assert_eq!(seen.len(), series.len());
        assert_eq!(
            seen.values().map(|v| *v as u64).collect::<BTreeSet<_>>(),
            series
        );
        let now: BTreeSet<u64> = seen.keys().copied().collect();
        let vanished: BTreeSet<u64> = target.cache.vanished().map(|s| s.0).collect();
        assert_eq!(
            vanished,
            before.difference(&now).copied().collect(),
            "round {round}"
        );
        for (entry, raw) in std::mem::take(&mut target.new) {
            target.cache.bind(entry, SeriesRef(target.refs[&raw]));
        }
        before = now;
    }
    assert_eq!(target.told, 2, "comment lines are told once");
    // A third of the pages are shuffled, and a tenth of the series changes.
    assert!(
        target.recognised > 10_000,
        "order is learnt: {}",
        target.recognised
    );
}
