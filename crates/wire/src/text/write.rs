//! Writes expositions: our own metrics, host metrics, federation.

use binnacle_model::labels::{is_legacy_label_name, is_legacy_metric_name};
use binnacle_model::metadata::{Metadata, MetricType};

use super::quote::push_escaped;
use super::scan::Dialect;
use crate::float;
use crate::names::Escaping;

/// Writes families and their samples, in the order of the calls. The caller keeps
/// the samples of a family together, below its [`Self::family`].
#[derive(Debug)]
pub struct ExpositionWriter {
    out: String,
    dialect: Dialect,
    escaping: Escaping,
    /// The family's name as samples have it, escaped.
    name: String,
    kind: MetricType,
}

/// The label that tells a bucket or a quantile: its name and bound.
type Bound = Option<(&'static str, f64)>;

impl ExpositionWriter {
    /// An empty exposition.
    #[must_use]
    pub fn new(dialect: Dialect, escaping: Escaping) -> Self {
        Self {
            out: String::new(),
            dialect,
            escaping,
            name: String::new(),
            kind: MetricType::Unknown,
        }
    }

    /// Starts a family. `name` is that of its samples without `_bucket`, `_sum`
    /// and `_count`, so with `_total` for counters.
    pub fn family(&mut self, name: &str, metadata: &Metadata) {
        self.name = self.escaping.escape(name).into_owned();
        self.kind = metadata.kind;
        let open_metrics = self.dialect == Dialect::OpenMetrics;
        let full = self.name.clone();
        // OpenMetrics names a counter's family without the suffix, and does not
        // know counters that have none.
        let base = match (open_metrics, metadata.kind) {
            (true, MetricType::Counter) => full.strip_suffix("_total"),
            _ => Some(full.as_str()),
        };
        if !metadata.help.is_empty() {
            self.about("HELP", base.unwrap_or(&full));
            push_escaped(&mut self.out, &metadata.help, open_metrics);
            self.out.push('\n');
        }
        let kind = match (open_metrics, base) {
            (true, None) => "unknown",
            (true, Some(_)) => metadata.kind.as_str(),
            (false, _) => text_kind(metadata.kind),
        };
        self.about("TYPE", base.unwrap_or(&full));
        self.out.push_str(kind);
        self.out.push('\n');
        let unit = self.escaping.escape(&metadata.unit);
        if open_metrics && base.is_some_and(|b| has_unit(b, &unit)) {
            self.about("UNIT", base.unwrap_or(&full));
            self.out.push_str(&unit);
            self.out.push('\n');
        }
    }

    /// A sample of a counter, a gauge or an unknown metric. Times are
    /// milliseconds since the Unix epoch.
    pub fn sample<'l>(
        &mut self,
        labels: impl IntoIterator<Item = (&'l str, &'l str)>,
        value: f64,
        t_ms: Option<i64>,
    ) {
        self.series("", labels, None);
        self.value(value, t_ms);
    }

    /// A histogram: cumulative counts by upper bound, ascending, with or without
    /// the one for +Inf; the sum of the observations and their number.
    pub fn histogram<'l, L>(&mut self, labels: L, buckets: &[(f64, u64)], sum: f64, count: u64)
    where
        L: IntoIterator<Item = (&'l str, &'l str)> + Clone,
    {
        let infinite = buckets
            .last()
            .is_some_and(|(bound, _)| *bound == f64::INFINITY);
        let last = (!infinite).then_some((f64::INFINITY, count));
        for (bound, count) in buckets.iter().copied().chain(last) {
            self.series("_bucket", labels.clone(), Some(("le", bound)));
            self.count(count);
        }
        self.sum_and_count(labels, sum, count);
    }

    /// A summary: values by quantile; the sum of the observations and their number.
    pub fn summary<'l, L>(&mut self, labels: L, quantiles: &[(f64, f64)], sum: f64, count: u64)
    where
        L: IntoIterator<Item = (&'l str, &'l str)> + Clone,
    {
        for (quantile, value) in quantiles {
            self.series("", labels.clone(), Some(("quantile", *quantile)));
            self.value(*value, None);
        }
        self.sum_and_count(labels, sum, count);
    }

    /// How many bytes are waiting in [`Self::take`].
    #[must_use]
    pub fn len(&self) -> usize {
        self.out.len()
    }

    /// Whether nothing is waiting in [`Self::take`].
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.out.is_empty()
    }

    /// What was written so far, for sending in pieces.
    pub fn take(&mut self) -> String {
        std::mem::take(&mut self.out)
    }

    /// Ends the exposition and answers the rest of it.
    #[must_use]
    pub fn finish(mut self) -> String {
        if self.dialect == Dialect::OpenMetrics {
            self.out.push_str("# EOF\n");
        }
        self.out
    }

    fn sum_and_count<'l, L>(&mut self, labels: L, sum: f64, count: u64)
    where
        L: IntoIterator<Item = (&'l str, &'l str)> + Clone,
    {
        // Gauge histograms have suffixes of their own in OpenMetrics.
        let gauge = self.dialect == Dialect::OpenMetrics && self.kind == MetricType::GaugeHistogram;
        self.series(if gauge { "_gsum" } else { "_sum" }, labels.clone(), None);
        self.value(sum, None);
        self.series(if gauge { "_gcount" } else { "_count" }, labels, None);
        self.count(count);
    }

    fn about(&mut self, keyword: &str, name: &str) {
        self.out.push_str("# ");
        self.out.push_str(keyword);
        self.out.push(' ');
        push_name(&mut self.out, name, is_legacy_metric_name(name));
        self.out.push(' ');
    }

    /// The series with a blank behind it.
    fn series<'l>(
        &mut self,
        suffix: &str,
        labels: impl IntoIterator<Item = (&'l str, &'l str)>,
        bound: Bound,
    ) {
        let legacy = is_legacy_metric_name(&self.name);
        let mut separator = '{';
        if legacy {
            self.out.push_str(&self.name);
            self.out.push_str(suffix);
        } else {
            self.out.push_str("{\"");
            push_escaped(&mut self.out, &self.name, true);
            self.out.push_str(suffix);
            self.out.push('"');
            separator = ',';
        }
        for (name, value) in labels {
            self.out.push(separator);
            separator = ',';
            let name = self.escaping.escape(name);
            push_name(&mut self.out, &name, is_legacy_label_name(&name));
            self.out.push_str("=\"");
            push_escaped(&mut self.out, value, true);
            self.out.push('"');
        }
        if let Some((name, bound)) = bound {
            self.out.push(separator);
            separator = ',';
            self.out.push_str(name);
            self.out.push_str("=\"");
            self.float(bound);
            self.out.push('"');
        }
        self.out.push_str(if separator == ',' { "} " } else { " " });
    }

    fn float(&mut self, value: f64) {
        match self.dialect {
            Dialect::Prometheus => float::push_general(&mut self.out, value),
            Dialect::OpenMetrics => float::push_open_metrics(&mut self.out, value),
        }
    }

    fn value(&mut self, value: f64, t_ms: Option<i64>) {
        self.float(value);
        if let Some(t_ms) = t_ms {
            self.out.push(' ');
            match self.dialect {
                Dialect::Prometheus => self.out.push_str(itoa::Buffer::new().format(t_ms)),
                Dialect::OpenMetrics => self.float(t_ms as f64 / 1e3),
            }
        }
        self.out.push('\n');
    }

    fn count(&mut self, count: u64) {
        self.out.push_str(itoa::Buffer::new().format(count));
        self.out.push('\n');
    }
}

/// The text format's word for a type; it has no words for OpenMetrics' own.
fn text_kind(kind: MetricType) -> &'static str {
    match kind {
        MetricType::Counter => "counter",
        MetricType::Gauge | MetricType::Info | MetricType::StateSet => "gauge",
        MetricType::Histogram | MetricType::GaugeHistogram => "histogram",
        MetricType::Summary => "summary",
        MetricType::Unknown => "untyped",
    }
}

/// Whether OpenMetrics lets family `name` state `unit`.
fn has_unit(name: &str, unit: &str) -> bool {
    !unit.is_empty()
        && name
            .strip_suffix(unit)
            .is_some_and(|stem| stem.ends_with('_'))
}

fn push_name(out: &mut String, name: &str, legacy: bool) {
    if legacy {
        out.push_str(name);
    } else {
        out.push('"');
        push_escaped(out, name, true);
        out.push('"');
    }
}
