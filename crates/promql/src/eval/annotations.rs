//! Remarks on a query, worded as Prometheus words them.

use binnacle_model::annotation::{Annotation, Annotations, Severity, Span};
use jiff::Timestamp;

use super::number::{shortest, two_digits};

/// Remarks collected while evaluating. Those that Prometheus sums up into one (how
/// often, from when to when) are summed up here.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    plain: Annotations,
    monotonicity: Vec<Monotonicity>,
    overlaps: Vec<Overlap>,
}

/// Buckets of classic histograms that had to be made monotonic.
#[derive(Debug)]
struct Monotonicity {
    metric: String,
    span: Span,
    times_ms: (i64, i64),
    buckets: (f64, f64),
    diff_max: f64,
    count: u64,
}

/// Start timestamps that lie before the sample before.
#[derive(Debug)]
struct Overlap {
    metric: String,
    span: Span,
    count: u64,
}

impl Notes {
    fn add(&mut self, severity: Severity, message: &str, span: Span) {
        let kind = match severity {
            Severity::Info => "PromQL info",
            Severity::Warning => "PromQL warning",
        };
        self.plain.add(Annotation {
            severity,
            message: format!("{kind}: {message}"),
            span: Some(span),
        });
    }

    pub(crate) fn info(&mut self, message: &str, span: Span) {
        self.add(Severity::Info, message, span);
    }

    pub(crate) fn warn(&mut self, message: &str, span: Span) {
        self.add(Severity::Warning, message, span);
    }

    pub(crate) fn invalid_quantile(&mut self, q: f64, span: Span) {
        let q = shortest(q);
        self.warn(
            &format!("quantile value should be between 0 and 1, got {q}"),
            span,
        );
    }

    pub(crate) fn invalid_ratio(&mut self, ratio: f64, limit: f64, span: Span) {
        let (ratio, limit) = (shortest(ratio), shortest(limit));
        self.warn(
            &format!("ratio value should be between -1 and 1, got {ratio}, capping to {limit}"),
            span,
        );
    }

    pub(crate) fn bad_bucket_label(&mut self, metric: &str, value: &str, span: Span) {
        let message = format!(
            "bucket label \"le\" is missing or has a malformed value of {}{}",
            quoted(value),
            for_metric(metric)
        );
        self.warn(&message, span);
    }

    pub(crate) fn sort_in_range_query(&mut self, span: Span) {
        self.warn(
            "sort is ineffective for range queries since results are always ordered by labels",
            span,
        );
    }

    pub(crate) fn possible_non_counter(&mut self, metric: &str, span: Span) {
        let message = format!(
            "metric might not be a counter, name does not end in _total/_sum/_count/_bucket: {}",
            quoted(metric)
        );
        self.info(&message, span);
    }

    pub(crate) fn possible_non_counter_type(&mut self, metric: &str, kind: &str, span: Span) {
        let message = format!(
            "metric might not be a counter, __type__ label is not set to \"counter\" or \"histogram\", got {}: {}",
            quoted(kind),
            quoted(metric)
        );
        self.info(&message, span);
    }

    pub(crate) fn histograms_skipped(&mut self, metric: &str, span: Span) {
        let message = format!(
            "native histograms are not evaluated yet, their samples were left out{}",
            for_metric(metric)
        );
        self.warn(&message, span);
    }

    pub(crate) fn incompatible_types(&mut self, operator: &str, span: Span) {
        let message = format!(
            "incompatible sample types encountered for binary operator {}: float {operator} float",
            quoted(operator)
        );
        self.info(&message, span);
    }

    /// `buckets`: lowest and highest upper bound that was touched.
    pub(crate) fn forced_monotonicity(
        &mut self,
        metric: &str,
        span: Span,
        at_ms: i64,
        buckets: (f64, f64),
        diff_max: f64,
    ) {
        self.add_monotonicity(Monotonicity {
            metric: metric.to_owned(),
            span,
            times_ms: (at_ms, at_ms),
            buckets,
            diff_max,
            count: 1,
        });
    }

    fn add_monotonicity(&mut self, new: Monotonicity) {
        let same = |old: &&mut Monotonicity| old.metric == new.metric && old.span == new.span;
        let Some(old) = self.monotonicity.iter_mut().find(same) else {
            self.monotonicity.push(new);
            return;
        };
        old.times_ms = (
            old.times_ms.0.min(new.times_ms.0),
            old.times_ms.1.max(new.times_ms.1),
        );
        old.buckets = (
            old.buckets.0.min(new.buckets.0),
            old.buckets.1.max(new.buckets.1),
        );
        old.diff_max = old.diff_max.max(new.diff_max);
        old.count += new.count;
    }

    pub(crate) fn start_overlap(&mut self, metric: &str, span: Span) {
        self.add_overlap(Overlap {
            metric: metric.to_owned(),
            span,
            count: 1,
        });
    }

    fn add_overlap(&mut self, new: Overlap) {
        let same = |old: &&mut Overlap| old.metric == new.metric && old.span == new.span;
        match self.overlaps.iter_mut().find(same) {
            Some(old) => old.count += new.count,
            None => self.overlaps.push(new),
        }
    }

    /// Adds all of `other`.
    pub(crate) fn merge(&mut self, other: Self) {
        self.plain.merge(other.plain);
        other
            .monotonicity
            .into_iter()
            .for_each(|m| self.add_monotonicity(m));
        other.overlaps.into_iter().for_each(|o| self.add_overlap(o));
    }

    /// The remarks as texts.
    pub(crate) fn into_annotations(self) -> Annotations {
        let mut all = self.plain;
        for m in self.monotonicity {
            let message = format!(
                "PromQL info: input to histogram_quantile needed to be fixed for monotonicity (see https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile){}, from buckets {} to {}, with a max diff of {}, over {} samples from {} to {}",
                for_metric(&m.metric),
                shortest(m.buckets.0),
                shortest(m.buckets.1),
                two_digits(m.diff_max),
                m.count,
                rfc3339(m.times_ms.0),
                rfc3339(m.times_ms.1),
            );
            all.add(Annotation {
                severity: Severity::Info,
                message,
                span: Some(m.span),
            });
        }
        for o in self.overlaps {
            let mut message = format!(
                "PromQL warning: sample has start time that overlaps with previous sample timestamp for metric {}",
                quoted(&o.metric)
            );
            if o.count > 1 {
                message.push_str(&format!(" ({} occurrences)", o.count));
            }
            all.add(Annotation {
                severity: Severity::Warning,
                message,
                span: Some(o.span),
            });
        }
        all
    }
}

fn for_metric(metric: &str) -> String {
    if metric.is_empty() {
        String::new()
    } else {
        format!(" for metric name {}", quoted(metric))
    }
}

/// In quotes, escaped as Go's `%q`.
pub(crate) fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    // Writing to a string cannot fail.
    let _ = binnacle_model::labels::write_quoted(&mut out, text);
    out
}

/// To the second, in UTC.
fn rfc3339(at_ms: i64) -> String {
    Timestamp::from_second(at_ms.div_euclid(1000))
        .map_or_else(|_| at_ms.to_string(), |t| t.to_string())
}
