//! What is done to a line before it is handed in: Promtail's pipeline stages.
//!
//! An [`Entry`] runs through the stages of a [`Pipeline`] in order. A stage may change it,
//! drop it, hold it back until more lines have come (`multiline`, partial lines of `cri`),
//! or note something elsewhere (`metrics`). One pipeline serves one source of lines, such
//! as a file; what belongs to all sources of a job (limits, metrics) is shared by the
//! pipelines made by [`Pipeline::fresh`].
//!
//! The stages behave as Promtail's do, what fails included: a stage that cannot do its
//! work leaves the entry as it is. Lines are bytes; where a stage looks at text, what is no
//! UTF-8 shows as U+FFFD, and stays as it is in the line.
//!
//! Deliberately not here: reading files of lines, clocks (time is handed in).

mod container;
mod drop;
mod entry;
mod eventlog;
mod geoip;
mod json;
mod labels;
mod limit;
mod line;
mod logfmt;
mod matching;
mod metrics;
mod multiline;
mod regex;
mod replace;
mod settings;
mod template;
#[cfg(test)]
mod tests;
mod timestamp;

use std::sync::Arc;

pub use entry::{Entry, Extracted};
pub use metrics::{FamilySnapshot, HistogramSnapshot, SeriesSnapshot, SeriesValue, StageMetrics};
pub use settings::{
    CriSettings, DropSettings, GeoIpKind, GeoIpSettings, JsonSettings, LimitSettings,
    LogfmtSettings, MatchAction, MatchSettings, MetricAction, MetricKind, MetricSettings,
    MultilineSettings, OnFailure, PackSettings, RegexSettings, ReplaceSettings, StageError,
    StageSettings, TenantSettings, TimestampSettings,
};

/// The label that names the tenant; it is no label of a stream.
pub const TENANT: &str = "__tenant_id__";

/// A stage that changes an entry or drops it, and remembers nothing.
trait Change: Send + Sync {
    /// Whether the entry goes on.
    fn change(&self, entry: &mut Entry, now_ns: i64) -> bool;
}

/// A stage at work.
trait Run: Send {
    fn run(&mut self, entry: Entry, now_ns: i64, out: &mut Vec<Entry>);

    /// Lets go what was held back for long enough.
    fn tick(&mut self, _now_ns: i64, _out: &mut Vec<Entry>) {}

    /// Lets go all that is held back.
    fn flush(&mut self, _out: &mut Vec<Entry>) {}

    /// Where the oldest entry that is held back begins.
    fn held_from(&self) -> Option<u64> {
        None
    }

    /// How long no further line should come, nanoseconds.
    fn pause_ns(&self, _now_ns: i64) -> i64 {
        0
    }

    /// The same for another source.
    fn fresh(&self) -> Box<dyn Run>;
}

struct Plain<C>(Arc<C>);

impl<C: Change + 'static> Run for Plain<C> {
    fn run(&mut self, mut entry: Entry, now_ns: i64, out: &mut Vec<Entry>) {
        if self.0.change(&mut entry, now_ns) {
            out.push(entry);
        }
    }

    fn fresh(&self) -> Box<dyn Run> {
        Box::new(Self(self.0.clone()))
    }
}

fn plain(stage: impl Change + 'static) -> Box<dyn Run> {
    Box::new(Plain(Arc::new(stage)))
}

/// Is told the number of a stage, what was handed to it (`None`: nothing, it lets go what it
/// held back), and what it let go.
pub type See<'s> = dyn FnMut(usize, Option<&Entry>, &[Entry]) + 's;

/// Stages in order. See the module.
#[derive(Default)]
pub struct Pipeline {
    stages: Vec<Box<dyn Run>>,
}

impl Pipeline {
    /// Compiles the stages; what they count goes to `metrics`.
    ///
    /// # Errors
    /// The first stage that cannot be.
    pub fn new(stages: &[StageSettings], metrics: &Arc<StageMetrics>) -> Result<Self, StageError> {
        let stages = stages
            .iter()
            .map(|stage| compile(stage, metrics))
            .collect::<Result<_, _>>()?;
        Ok(Self { stages })
    }

    /// Whether it has no stages.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.stages.is_empty()
    }

    /// The same stages for another source of lines.
    #[must_use]
    pub fn fresh(&self) -> Self {
        Self {
            stages: self.stages.iter().map(|s| s.fresh()).collect(),
        }
    }

    /// Runs an entry through all stages; what comes out is appended to `out`.
    pub fn run(&mut self, mut entry: Entry, now_ns: i64, out: &mut Vec<Entry>) {
        for (name, value) in &entry.labels {
            let value = Extracted::Text(value.clone());
            entry.extracted.insert(name.clone(), value);
        }
        run_from(&mut self.stages, vec![entry], now_ns, out);
    }

    /// As [`Self::run`], and tells `see` of each stage: its number, what was handed to it,
    /// and what it let go. That is nothing when the line was dropped or is held back.
    pub fn inspect(&mut self, mut entry: Entry, now_ns: i64, see: &mut See<'_>) -> Vec<Entry> {
        let labels = entry.labels.clone().into_iter();
        let extracted = labels.map(|(n, v)| (n, Extracted::Text(v)));
        entry.extracted.extend(extracted);
        self.inspect_from(vec![entry], false, now_ns, see)
    }

    /// As [`Self::flush`], and tells `see` as [`Self::inspect`] does; `None` was handed to a
    /// stage that lets go what it held back.
    pub fn inspect_flush(&mut self, now_ns: i64, see: &mut See<'_>) -> Vec<Entry> {
        self.inspect_from(Vec::new(), true, now_ns, see)
    }

    fn inspect_from(
        &mut self,
        mut entries: Vec<Entry>,
        flushes: bool,
        now_ns: i64,
        see: &mut See<'_>,
    ) -> Vec<Entry> {
        for (number, stage) in self.stages.iter_mut().enumerate() {
            let mut next = Vec::new();
            for entry in entries {
                let from = next.len();
                stage.run(entry.clone(), now_ns, &mut next);
                see(number, Some(&entry), &next[from..]);
            }
            let from = next.len();
            if flushes {
                stage.flush(&mut next);
            }
            if next.len() > from {
                see(number, None, &next[from..]);
            }
            entries = next;
        }
        entries
    }

    /// Lets go what was held back for long enough.
    pub fn tick(&mut self, now_ns: i64, out: &mut Vec<Entry>) {
        self.release(now_ns, out, |stage, out| stage.tick(now_ns, out));
    }

    /// Lets go all that is held back: nothing more comes.
    pub fn flush(&mut self, now_ns: i64, out: &mut Vec<Entry>) {
        self.release(now_ns, out, |stage, out| stage.flush(out));
    }

    fn release(
        &mut self,
        now_ns: i64,
        out: &mut Vec<Entry>,
        release: impl Fn(&mut dyn Run, &mut Vec<Entry>),
    ) {
        let mut entries = Vec::new();
        for stage in &mut self.stages {
            let mut next = Vec::new();
            for entry in entries {
                stage.run(entry, now_ns, &mut next);
            }
            release(&mut **stage, &mut next);
            entries = next;
        }
        out.append(&mut entries);
    }

    /// Where in its source the oldest entry begins that is held back.
    #[must_use]
    pub fn held_from(&self) -> Option<u64> {
        self.stages.iter().filter_map(|s| s.held_from()).min()
    }

    /// How long no further line should be handed in, nanoseconds, because a `limit` stage
    /// is to slow its source down.
    #[must_use]
    pub fn pause_ns(&self, now_ns: i64) -> i64 {
        let pauses = self.stages.iter().map(|s| s.pause_ns(now_ns));
        pauses.max().unwrap_or(0)
    }
}

fn run_from(
    stages: &mut [Box<dyn Run>],
    mut entries: Vec<Entry>,
    now_ns: i64,
    out: &mut Vec<Entry>,
) {
    let mut next = Vec::new();
    for stage in stages {
        for entry in entries.drain(..) {
            stage.run(entry, now_ns, &mut next);
        }
        std::mem::swap(&mut entries, &mut next);
        if entries.is_empty() {
            return;
        }
    }
    out.append(&mut entries);
}

fn compile(stage: &StageSettings, metrics: &Arc<StageMetrics>) -> Result<Box<dyn Run>, StageError> {
    Ok(match stage {
        StageSettings::Docker => plain(container::Docker),
        StageSettings::Cri(s) => Box::new(container::Cri::new(s)),
        StageSettings::Regex(s) => plain(regex::Regex::new(s)?),
        StageSettings::Json(s) => plain(json::Json::new(s)?),
        StageSettings::Logfmt(s) => plain(logfmt::Logfmt::new(s)?),
        StageSettings::Replace(s) => plain(replace::Replace::new(s)?),
        StageSettings::Template { source, template } => {
            plain(template::Template::new(source, template)?)
        }
        StageSettings::Labels(map) => plain(labels::FromExtracted::new(map)?),
        StageSettings::StructuredMetadata(map) => plain(labels::Metadata::new(map)?),
        StageSettings::StaticLabels(map) => plain(labels::Static::new(map)?),
        StageSettings::LabelAllow(names) => plain(labels::Allow::new(names)?),
        StageSettings::LabelDrop(names) => plain(labels::Drop::new(names)?),
        StageSettings::Tenant(s) => plain(labels::Tenant::new(s)?),
        StageSettings::Timestamp(s) => Box::new(timestamp::Timestamp::new(s)?),
        StageSettings::Output { source } => plain(line::Output::new(source)?),
        StageSettings::Pack(s) => plain(line::Pack::new(s)),
        StageSettings::Decolorize => plain(line::Decolorize),
        StageSettings::EventLogMessage {
            source,
            drop_invalid_labels,
            overwrite_existing,
        } => plain(eventlog::EventLogMessage::new(
            source.as_deref(),
            *drop_invalid_labels,
            *overwrite_existing,
        )?),
        StageSettings::GeoIp(s) => plain(geoip::GeoIp::new(s)?),
        StageSettings::Match(s) => Box::new(matching::Match::new(s, metrics)?),
        StageSettings::Drop(s) => plain(drop::Drop::new(s, metrics)?),
        StageSettings::Sampling { rate } => plain(limit::Sampling::new(*rate, metrics)?),
        StageSettings::Limit(s) => Box::new(limit::Limit::new(s, metrics)?),
        StageSettings::Multiline(s) => Box::new(multiline::Multiline::new(s)?),
        StageSettings::Metrics(map) => plain(metrics::Metrics::new(map, metrics)?),
    })
}
