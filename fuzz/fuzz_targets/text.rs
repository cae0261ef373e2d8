//! The text scanner in both dialects, alone and with a cache.
#![no_main]

use std::ops::ControlFlow;

use binnacle_model::append::SeriesRef;
use binnacle_wire::text::{
    Dialect, FamilyLine, Lookup, Sample, ScrapeCache, Visitor, parse_exemplar_labels, parse_labels,
    scan,
};
use libfuzzer_sys::fuzz_target;

#[derive(Default)]
struct Scrape {
    cache: ScrapeCache,
    series: Vec<Vec<u8>>,
}

impl Visitor for Scrape {
    fn recognise(&mut self, rest: &[u8]) -> usize {
        self.cache.recognise(rest)
    }

    fn sample(&mut self, sample: &Sample<'_>) -> ControlFlow<()> {
        // What the grammar takes can be read, but for labels that are there twice.
        let _ = parse_labels(sample.series, sample.kind);
        if let Some(exemplar) = sample.exemplar {
            parse_exemplar_labels(exemplar.labels).expect("the scanner checked it");
        }
        match self.cache.lookup(sample.series) {
            Lookup::New => {
                self.series.push(sample.series.to_vec());
                let entry = self.cache.insert(sample.series);
                self.cache.bind(entry, SeriesRef(self.series.len() as u64));
            }
            Lookup::Known { series, .. } => {
                assert_eq!(self.series[series.0 as usize - 1], sample.series);
            }
            other => panic!("{other:?}"),
        }
        ControlFlow::Continue(())
    }

    fn family(&mut self, _: &str, _: FamilyLine<'_>) {}
}

fuzz_target!(|body: &[u8]| {
    for dialect in [Dialect::Prometheus, Dialect::OpenMetrics] {
        let mut scrape = Scrape::default();
        let answers = [(); 2].map(|()| {
            scrape.cache.begin();
            scan(body, dialect, &mut scrape)
        });
        assert_eq!(answers[0], answers[1]);
    }
});
