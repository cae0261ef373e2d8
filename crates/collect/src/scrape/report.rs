//! What a scrape says of itself: `up` and its siblings.

use binnacle_model::append::{Batch, SeriesRef};
use binnacle_model::labels::{Labels, METRIC_NAME};
use binnacle_model::sample::STALE_NAN;

/// Names in the order of [`Figures::values`].
const NAMES: [&str; 8] = [
    "up",
    "scrape_duration_seconds",
    "scrape_samples_scraped",
    "scrape_samples_post_metric_relabeling",
    "scrape_series_added",
    "scrape_timeout_seconds",
    "scrape_sample_limit",
    "scrape_body_size_bytes",
];
/// How many of them are stored unless `extra_scrape_metrics` is set.
const USUAL: usize = 5;

/// The figures of one scrape.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Figures {
    pub(super) up: bool,
    pub(super) duration_seconds: f64,
    pub(super) scraped: u64,
    pub(super) after_relabelling: u64,
    pub(super) series_added: u64,
    pub(super) timeout_seconds: f64,
    pub(super) sample_limit: u64,
    /// -1 when the body was too large.
    pub(super) body_bytes: i64,
}

impl Figures {
    fn values(&self) -> [f64; NAMES.len()] {
        [
            f64::from(u8::from(self.up)),
            self.duration_seconds,
            self.scraped as f64,
            self.after_relabelling as f64,
            self.series_added as f64,
            self.timeout_seconds,
            self.sample_limit as f64,
            self.body_bytes as f64,
        ]
    }
}

/// The report series of one target.
#[derive(Debug)]
pub(super) struct Report {
    /// By index into [`NAMES`]; 0 where there is none.
    refs: [SeriesRef; NAMES.len()],
}

impl Default for Report {
    fn default() -> Self {
        Self {
            refs: [SeriesRef(0); NAMES.len()],
        }
    }
}

impl Report {
    /// Appends the report to a batch; answers whether any series has no reference
    /// yet.
    pub(super) fn push(
        &self,
        figures: &Figures,
        extra: bool,
        target: &Labels,
        t_ms: i64,
        batch: &mut Batch,
    ) -> bool {
        let values = figures.values();
        self.each(extra, |i, known| match known {
            true => batch.push_ref(self.refs[i], &[(t_ms, values[i])]),
            false => batch.push(&labels_of(i, target), &[(t_ms, values[i])]),
        })
    }

    /// Appends staleness markers for the series that were stored before.
    pub(super) fn push_stale(&self, t_ms: i64, batch: &mut Batch) {
        for series in self.refs.iter().filter(|r| r.0 != 0) {
            batch.push_ref(*series, &[(t_ms, STALE_NAN)]);
        }
    }

    fn each(&self, extra: bool, mut push: impl FnMut(usize, bool)) -> bool {
        let count = if extra { NAMES.len() } else { USUAL };
        for i in 0..count {
            push(i, self.refs[i].0 != 0);
        }
        self.refs[..count].iter().any(|r| r.0 == 0)
    }

    /// The labels of the report's series `i`, for sending them again.
    pub(super) fn labels(i: usize, target: &Labels) -> Option<Labels> {
        (i < NAMES.len()).then(|| labels_of(i, target))
    }

    /// Tells the reference of series `i`.
    pub(super) fn bind(&mut self, i: usize, series: SeriesRef) {
        if let Some(slot) = self.refs.get_mut(i) {
            *slot = series;
        }
    }
}

fn labels_of(i: usize, target: &Labels) -> Labels {
    Labels::from_pairs(target.iter().chain([(METRIC_NAME, NAMES[i])]))
}
