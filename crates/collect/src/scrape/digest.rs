//! From the bytes of a scrape to stored samples.

use std::ops::ControlFlow;
use std::sync::Arc;

use binnacle_model::append::{
    Append, AppendError, AppendOptions, Appended, Batch, BatchSeries, Exemplar, Refusal, SeriesKey,
    SeriesRef,
};
use binnacle_model::labels::Labels;
use binnacle_model::metadata::MetricType;
use binnacle_model::sample::STALE_NAN;
use binnacle_wire::negotiate::BodyFormat;
use binnacle_wire::protobuf;
use binnacle_wire::text::{
    EntryId, FamilyLine, Lookup, RawExemplar, Sample, ScrapeCache, Visitor, parse_exemplar_labels,
    parse_labels, scan,
};

use super::ScrapeError;
use super::families::Families;
use super::labels::{check, stored_labels};
use super::metrics::{ScrapeMetrics, bump};
use super::report::{Figures, Report};
use super::target::Target;
use super::workspace::Workspace;
use crate::settings::ScrapeSettings;

/// How far ahead of now a sample's own time may be; Prometheus' bound.
const AHEAD_MS_MAX: i64 = 10 * 60 * 1000;

/// Where a series of the batch came from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Origin {
    entry: EntryId,
    /// Its raw bytes: start and length within the body, or within
    /// [`Workspace::texts`] when the body has them in another form.
    at: u32,
    len: u32,
    kind: MetricType,
    /// Whether the cache has no reference for it.
    unbound: bool,
}

/// What decides how a target's series are stored.
#[derive(Debug, Clone)]
pub(crate) struct Rules {
    pub(crate) target: Arc<Target>,
    pub(crate) settings: Arc<ScrapeSettings>,
    pub(crate) metrics: Arc<ScrapeMetrics>,
}

impl Rules {
    /// The labels of a raw series as they are stored; `None`: dropped.
    fn labels(&self, series: &[u8], kind: MetricType) -> Result<Option<Labels>, ScrapeError> {
        let exposed = parse_labels(series, kind)?;
        let settings = &self.settings;
        let rules = &settings.metric_relabel;
        let Some(stored) =
            stored_labels(exposed, self.target.labels(), settings.honor_labels, rules)
        else {
            return Ok(None);
        };
        let labels = stored.build();
        check(&labels, settings.name_validation, &settings.limits)?;
        Ok(Some(labels))
    }
}

/// What is remembered of a target between scrapes.
#[derive(Debug, Default)]
pub(crate) struct Digest {
    cache: ScrapeCache,
    report: Report,
}

/// Counts of one body.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Counts {
    /// Samples in the body.
    pub(super) scraped: u64,
    /// Of those, not dropped by relabelling.
    pub(super) kept: u64,
    /// Series that were not known.
    pub(super) added: u64,
}

impl Digest {
    /// Reads a body into the workspace's batch. After an error the batch holds
    /// nothing, and the scrape counts as an empty one.
    pub(super) fn read(
        &mut self,
        rules: &Rules,
        body: &[u8],
        format: BodyFormat,
        t_ms: i64,
        workspace: &mut Workspace,
    ) -> (Counts, Result<(), ScrapeError>) {
        workspace.clear_batch();
        let Workspace {
            batch,
            origins,
            texts,
            ..
        } = workspace;
        self.cache.begin();
        let mut families = rules.target.families.lock();
        families.begin();
        let mut reader = Reader {
            rules,
            cache: &mut self.cache,
            families: &mut families,
            batch,
            origins,
            body: match format {
                BodyFormat::Text(_) => Ok(body),
                BodyFormat::Protobuf => Err(texts),
            },
            t_ms,
            counts: Counts::default(),
            failure: None,
        };
        let scanned = match format {
            BodyFormat::Text(dialect) => scan(body, dialect, &mut reader),
            BodyFormat::Protobuf => protobuf::scan(body, &mut reader).map(|scanned| {
                bump(
                    &rules.metrics.native_histograms_left_out,
                    scanned.native_histograms,
                );
            }),
        };
        let (counts, failure) = (reader.counts, reader.failure.take());
        let outcome = match (failure, scanned) {
            (Some(failure), _) => Err(failure),
            (None, Err(error)) => Err(error.into()),
            (None, Ok(())) => check_samples(&counts, rules),
        };
        if outcome.is_err() {
            self.cache.abort();
            workspace.clear_batch();
            self.cache.begin();
        } else {
            workspace.batch.metadata.extend(families.news());
        }
        (counts, outcome)
    }

    /// An empty scrape: everything that was there ends.
    pub(super) fn read_nothing(&mut self, workspace: &mut Workspace) {
        workspace.clear_batch();
        self.cache.begin();
    }

    /// Ends vanished series, adds the report, and appends the batch.
    pub(super) fn store(
        &mut self,
        rules: &Rules,
        figures: &Figures,
        t_ms: i64,
        body: &[u8],
        workspace: &mut Workspace,
        append: &dyn Append,
    ) -> Result<(), AppendError> {
        let Workspace { batch, origins, .. } = workspace;
        for series in self.cache.vanished() {
            batch.push_ref(series, &[(t_ms, STALE_NAN)]);
        }
        let report_at = batch.series.len();
        let extra = rules.settings.extra_scrape_metrics;
        let unknown = self
            .report
            .push(figures, extra, rules.target.labels(), t_ms, batch);
        let options = AppendOptions {
            want_refs: unknown || origins.iter().any(|o| o.unbound),
            one_scrape: batch.times_ms.iter().all(|t| *t == t_ms),
            in_order_only: false,
        };
        let appended = match append.append(batch, options) {
            Ok(appended) => appended,
            Err(error) => {
                self.cache.abort();
                return Err(error);
            }
        };
        bump(&rules.metrics.samples_appended, appended.samples);
        self.bind(&appended, origins, report_at);
        let forgotten = count_refusals(&appended, origins.len(), report_at, &rules.metrics);
        if forgotten.is_empty() {
            return Ok(());
        }
        self.send_again(rules, &forgotten, report_at, body, workspace, append)
    }

    fn bind(&mut self, appended: &Appended, origins: &[Origin], report_at: usize) {
        for (i, series) in appended.refs.iter().enumerate().filter(|(_, s)| s.0 != 0) {
            if let Some(origin) = origins.get(i) {
                if origin.unbound {
                    self.cache.bind(origin.entry, *series);
                }
            } else if i >= report_at {
                self.report.bind(i - report_at, *series);
            }
        }
    }

    /// The engine forgot these series: sends them with their labels.
    fn send_again(
        &mut self,
        rules: &Rules,
        forgotten: &[u32],
        report_at: usize,
        body: &[u8],
        workspace: &mut Workspace,
        append: &dyn Append,
    ) -> Result<(), AppendError> {
        let Workspace {
            batch,
            origins,
            texts,
            ..
        } = workspace;
        let mut again = Batch::default();
        let mut of_entry = Vec::new();
        for &i in forgotten {
            let i = i as usize;
            let labels = match origins.get(i) {
                Some(o) => {
                    let source = if texts.is_empty() {
                        body
                    } else {
                        texts.as_slice()
                    };
                    let raw = &source[o.at as usize..(o.at + o.len) as usize];
                    rules.labels(raw, o.kind).ok().flatten()
                }
                None => Report::labels(i - report_at, rules.target.labels()),
            };
            let Some(labels) = labels else { continue };
            let range =
                batch.series[i].samples.start as usize..batch.series[i].samples.end as usize;
            let samples: Vec<(i64, f64)> = range
                .map(|s| (batch.times_ms[s], batch.values[s]))
                .collect();
            again.push(&labels, &samples);
            of_entry.push(i);
        }
        let options = AppendOptions {
            want_refs: true,
            ..AppendOptions::default()
        };
        let appended = append.append(&again, options)?;
        bump(&rules.metrics.samples_appended, appended.samples);
        for (series, i) in appended.refs.iter().zip(of_entry) {
            match origins.get(i) {
                Some(origin) => self.cache.bind(origin.entry, *series),
                None => self.report.bind(i - report_at, *series),
            }
        }
        Ok(())
    }

    /// The target is gone: ends all of its series at `t_ms`, unless something else
    /// wrote to them since.
    pub(crate) fn end(&mut self, t_ms: i64, append: &dyn Append) -> Result<(), AppendError> {
        let mut batch = Batch::default();
        self.cache.begin();
        for series in self.cache.vanished() {
            batch.push_ref(series, &[(t_ms, STALE_NAN)]);
        }
        self.report.push_stale(t_ms, &mut batch);
        if batch.series.is_empty() {
            return Ok(());
        }
        let options = AppendOptions {
            one_scrape: true,
            in_order_only: true,
            ..Default::default()
        };
        append.append(&batch, options).map(|_| ())
    }
}

fn check_samples(counts: &Counts, rules: &Rules) -> Result<(), ScrapeError> {
    let limit = rules.settings.limits.samples;
    if limit > 0 && counts.kept > limit {
        bump(&rules.metrics.exceeded_sample_limit, 1);
        return Err(ScrapeError::SampleLimit {
            samples: counts.kept,
            limit,
        });
    }
    Ok(())
}

/// Counts what was refused; answers which entries of the batch the engine did not
/// know by their reference. Refused staleness markers do not matter.
fn count_refusals(
    appended: &Appended,
    samples: usize,
    report_at: usize,
    metrics: &ScrapeMetrics,
) -> Vec<u32> {
    let mut forgotten = Vec::new();
    for &(series, _, refusal) in &appended.refused {
        let marker = (samples..report_at).contains(&(series as usize));
        let counter = match refusal {
            _ if marker => continue,
            Refusal::UnknownSeries => {
                forgotten.push(series);
                continue;
            }
            Refusal::OutOfOrder => &metrics.sample_out_of_order,
            Refusal::DuplicateTimestamp => &metrics.sample_duplicate_timestamp,
            Refusal::TooOld | Refusal::TooFarInFuture => &metrics.sample_out_of_bounds,
            Refusal::TooManySeries | Refusal::BadLabels => &metrics.sample_series_limit,
        };
        bump(counter, 1);
    }
    forgotten.dedup();
    forgotten
}

/// Takes lines from the scanner.
struct Reader<'a> {
    rules: &'a Rules,
    cache: &'a mut ScrapeCache,
    families: &'a mut Families,
    batch: &'a mut Batch,
    origins: &'a mut Vec<Origin>,
    /// The body, when its lines hold the series' bytes, or else where to keep them.
    body: Result<&'a [u8], &'a mut Vec<u8>>,
    t_ms: i64,
    counts: Counts,
    failure: Option<ScrapeError>,
}

/// A sample's series, as it goes into the batch.
enum Found {
    Known(EntryId, SeriesRef, bool),
    New(EntryId, Labels, bool),
    Dropped,
}

impl Reader<'_> {
    fn find(&mut self, sample: &Sample<'_>) -> Result<Found, ScrapeError> {
        let (entry, repeated) = match self.cache.lookup(sample.series) {
            Lookup::Known {
                entry,
                series,
                repeated,
            } => {
                return Ok(Found::Known(entry, series, repeated));
            }
            Lookup::Dropped => return Ok(Found::Dropped),
            Lookup::Unbound { entry, repeated } => (Some(entry), repeated),
            Lookup::New => (None, false),
        };
        let Some(labels) = self.rules.labels(sample.series, sample.kind)? else {
            self.cache.insert_dropped(sample.series);
            return Ok(Found::Dropped);
        };
        let entry = match entry {
            Some(entry) => entry,
            None => {
                self.counts.added += 1;
                self.cache.insert(sample.series)
            }
        };
        Ok(Found::New(entry, labels, repeated))
    }

    fn take(&mut self, sample: &Sample<'_>) -> Result<(), ScrapeError> {
        self.counts.scraped += 1;
        let found = self.find(sample)?;
        let (entry, repeated) = match &found {
            Found::Known(entry, _, repeated) | Found::New(entry, _, repeated) => {
                (*entry, *repeated)
            }
            Found::Dropped => return Ok(()),
        };
        self.counts.kept += 1;
        let settings = &self.rules.settings;
        let limit = settings.limits.samples;
        if limit > 0 && self.counts.kept > limit {
            // Nothing will be stored; the rest is read to say how many there are.
            return Ok(());
        }
        let own_time = sample.t_ms.filter(|_| settings.honor_timestamps);
        if own_time.is_none() && repeated {
            bump(&self.rules.metrics.sample_duplicate_timestamp, 1);
            return Ok(());
        }
        if own_time.is_some() && !settings.track_timestamps_staleness {
            self.cache.track(entry, false);
        }
        if own_time.is_some_and(|t| t > self.t_ms.saturating_add(AHEAD_MS_MAX)) {
            bump(&self.rules.metrics.sample_out_of_bounds, 1);
            return Ok(());
        }
        self.push(sample, found, own_time.unwrap_or(self.t_ms));
        Ok(())
    }

    fn push(&mut self, sample: &Sample<'_>, found: Found, t_ms: i64) {
        let (entry, key, unbound) = match found {
            Found::Known(entry, series, _) => (entry, SeriesKey::Ref(series), false),
            Found::New(entry, labels, _) => {
                let from = self.batch.label_bytes.len() as u32;
                self.batch.label_bytes.extend_from_slice(labels.as_bytes());
                (
                    entry,
                    SeriesKey::Labels(from..self.batch.label_bytes.len() as u32),
                    true,
                )
            }
            Found::Dropped => return,
        };
        let at = self.batch.times_ms.len() as u32;
        self.batch.times_ms.push(t_ms);
        self.batch.values.push(sample.value);
        let exemplars = self.batch.exemplars.len() as u32;
        if let Some(raw) = &sample.exemplar {
            self.batch.exemplars.extend(exemplar(raw, t_ms));
        }
        self.batch.series.push(BatchSeries {
            key,
            samples: at..at + 1,
            exemplars: exemplars..self.batch.exemplars.len() as u32,
        });
        // Bodies are far below 4 GB.
        let start = match &mut self.body {
            Ok(body) => sample.series.as_ptr() as usize - body.as_ptr() as usize,
            Err(texts) => {
                texts.extend_from_slice(sample.series);
                texts.len() - sample.series.len()
            }
        };
        self.origins.push(Origin {
            entry,
            at: start as u32,
            len: sample.series.len() as u32,
            kind: sample.kind,
            unbound,
        });
    }
}

fn exemplar(raw: &RawExemplar<'_>, t_ms: i64) -> Option<Exemplar> {
    let labels = parse_exemplar_labels(raw.labels).ok()?.build();
    Some(Exemplar {
        labels,
        value: raw.value,
        t_ms: raw.t_ms.unwrap_or(t_ms),
    })
}

impl Visitor for Reader<'_> {
    #[inline]
    fn recognise(&mut self, rest: &[u8]) -> usize {
        self.cache.recognise(rest)
    }

    #[inline]
    fn sample(&mut self, sample: &Sample<'_>) -> ControlFlow<()> {
        match self.take(sample) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                if matches!(error, ScrapeError::LabelLimit(_)) {
                    bump(&self.rules.metrics.exceeded_label_limits, 1);
                }
                self.failure = Some(error);
                ControlFlow::Break(())
            }
        }
    }

    fn family(&mut self, name: &str, line: FamilyLine<'_>) {
        self.families.line(name, &line);
    }
}

#[cfg(test)]
mod tests {
    use binnacle_wire::text::Dialect;

    use super::*;

    fn rules() -> Rules {
        let settings = Arc::new(ScrapeSettings::new("j"));
        let target = Arc::new(Target::new(&settings, Labels::empty(), Labels::empty()));
        Rules {
            target,
            settings,
            metrics: Arc::default(),
        }
    }

    fn read(digest: &mut Digest, body: &[u8], format: BodyFormat, workspace: &mut Workspace) {
        let (_, outcome) = digest.read(&rules(), body, format, 7, workspace);
        outcome.unwrap();
    }

    #[test]
    fn exemplars_go_with_their_samples() {
        let body =
            b"# TYPE a counter\na_total 1 # {trace_id=\"x\"} 0.5 2\nb 2\nc 3 # {} 4\n# EOF\n";
        let mut workspace = Workspace::default();
        let format = BodyFormat::Text(Dialect::OpenMetrics);
        read(&mut Digest::default(), body, format, &mut workspace);
        let batch = &workspace.batch;
        let ranges: Vec<_> = batch.series.iter().map(|s| s.exemplars.clone()).collect();
        assert_eq!(ranges, [0..1, 1..1, 1..2]);
        let of = |labels: Labels, value, t_ms| Exemplar {
            labels,
            value,
            t_ms,
        };
        let traced = Labels::from_pairs([("trace_id", "x")]);
        assert_eq!(
            batch.exemplars,
            [of(traced, 0.5, 2_000), of(Labels::empty(), 4.0, 7)]
        );
    }

    #[test]
    fn protobuf_is_read_as_text_is() {
        // One family `abc` of type counter with the value 1, and its length before.
        let mut body = vec![
            20, 0x0a, 3, b'a', b'b', b'c', 0x18, 0, 0x22, 11, 0x1a, 9, 0x09,
        ];
        body.extend_from_slice(&1f64.to_le_bytes());
        let (mut digest, mut workspace) = (Digest::default(), Workspace::default());
        read(&mut digest, &body, BodyFormat::Protobuf, &mut workspace);
        assert_eq!(workspace.batch.values, [1.0]);
        let origin = workspace.origins[0];
        assert!(origin.unbound);
        let raw = &workspace.texts[origin.at as usize..][..origin.len as usize];
        let labels = rules().labels(raw, origin.kind).unwrap().unwrap();
        assert_eq!(labels.to_string(), r#"{__name__="abc"}"#);
        // The next scrape knows it.
        digest.cache.bind(origin.entry, SeriesRef(5));
        read(&mut digest, &body, BodyFormat::Protobuf, &mut workspace);
        assert_eq!(workspace.batch.series[0].key, SeriesKey::Ref(SeriesRef(5)));
    }
}
