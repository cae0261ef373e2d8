//! M6: exposition text to series numbers and values on one core, in process: what
//! a scrape of a known target costs before the engine.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use anyhow::Result;
use binnacle_model::append::SeriesRef;
use binnacle_model::metadata::MetricType;
use binnacle_wire::text::{Dialect, FamilyLine, Lookup, Sample, ScrapeCache, Visitor, scan};

use super::scrape::Target;
use crate::table::{Table, median};

/// What VictoriaMetrics' parser does on this kind of machine, GB/s, without looking
/// up series: it cannot be run by itself from its package.
const VICTORIA_PARSER: f64 = 1.1;

const ROUND: Duration = Duration::from_millis(500);

pub fn m6() -> Result<Table> {
    let mut table = Table::new(&["binnacle", "vm parser"]);
    let mut page = Vec::new();
    Target::new(0).render(&mut page);
    let mut cache = ScrapeCache::default();
    scrape(&page, &mut cache)?;
    let mut rates = Vec::new();
    for _ in 0..super::rounds().max(5) {
        let begun = Instant::now();
        let mut bytes = 0;
        while begun.elapsed() < ROUND {
            scrape(&page, &mut cache)?;
            bytes += page.len();
        }
        rates.push(bytes as f64 / begun.elapsed().as_secs_f64() / 1e9);
    }
    table.row("GB/s", false, vec![median(&rates), Some(VICTORIA_PARSER)]);
    table.notes.push(format!(
        "{} bytes, 1,000 known series; the peer's figure is from performance notes, not from this run",
        page.len()
    ));
    Ok(table)
}

struct Scrape<'a> {
    cache: &'a mut ScrapeCache,
    found: Vec<(SeriesRef, f64)>,
}

impl Visitor for Scrape<'_> {
    fn recognise(&mut self, rest: &[u8]) -> usize {
        self.cache.recognise(rest)
    }

    fn sample(&mut self, sample: &Sample<'_>) -> ControlFlow<()> {
        match self.cache.lookup(sample.series) {
            Lookup::Known { series, .. } => self.found.push((series, sample.value)),
            Lookup::New => {
                let entry = self.cache.insert(sample.series);
                self.cache.bind(entry, SeriesRef(self.cache.len() as u64));
            }
            Lookup::Unbound { .. } | Lookup::Dropped => {}
        }
        ControlFlow::Continue(())
    }

    fn family(&mut self, _: &str, _: FamilyLine<'_>) {}

    fn recognise_comment(&mut self, line: &[u8]) -> Option<MetricType> {
        self.cache.recognise_comment(line)
    }

    fn comment_told(&mut self, line: &[u8], kind: MetricType) {
        self.cache.comment_told(line, kind);
    }
}

fn scrape(page: &[u8], cache: &mut ScrapeCache) -> Result<()> {
    cache.begin();
    let mut visitor = Scrape {
        cache,
        found: Vec::with_capacity(1_000),
    };
    scan(page, Dialect::Prometheus, &mut visitor)?;
    std::hint::black_box(&visitor.found);
    Ok(())
}
