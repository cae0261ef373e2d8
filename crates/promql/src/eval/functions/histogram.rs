//! `histogram_quantile`, `histogram_quantiles`, `histogram_fraction` of classic
//! histograms: series that differ in the label `le` alone are one histogram.

use binnacle_model::Labels;
use binnacle_model::annotation::Span;

use super::super::annotations::Notes;
use super::super::column::{ABSENT, is_absent, is_empty};
use super::super::context::{Context, Tally};
use super::super::error::EvalError;
use super::super::number::openmetrics;
use super::super::scalar::Scalar;
use super::super::steps::Steps;
use super::super::stream::Stream;
use super::super::vector::{Held, Vector, without_metadata};

/// The label that holds a bucket's upper bound.
const BUCKET: &str = "le";

/// Counts that differ by less than this fraction are the same: what rounding does.
const TOLERANCE: f64 = 1e-12;

/// The buckets of one histogram.
struct Buckets {
    labels: Labels,
    /// Upper bounds and counts, ascending.
    members: Vec<(f64, Vec<f64>)>,
}

/// A bucket at one step.
#[derive(Debug, Clone, Copy)]
struct Bucket {
    upper: f64,
    count: f64,
}

/// `histogram_quantile(q, stream)`.
pub(crate) fn quantile(
    cx: &Context<'_>,
    q: &Scalar,
    q_span: Span,
    stream: Stream<'_>,
    span: Span,
    steps: Steps,
    tally: &mut Tally,
) -> Result<Vector, EvalError> {
    check_quantile(q, q_span, steps, &mut tally.notes);
    let (histograms, _held) = gather(cx, stream, span, tally)?;
    let mut out = Vector::new(cx);
    for histogram in histograms {
        cx.meter.check()?;
        let column = quantile_column(cx, &histogram, q, span, steps, &mut tally.notes);
        let labels = out_labels(cx, &histogram.labels);
        out.push(labels, true, column)?;
    }
    out.merge_same_labels(cx)
}

/// `histogram_quantiles(stream, label, q…)`: one series for each quantile.
pub(crate) fn quantiles(
    cx: &Context<'_>,
    stream: Stream<'_>,
    span: Span,
    label: &str,
    qs: &[(Scalar, Span)],
    steps: Steps,
    tally: &mut Tally,
) -> Result<Vector, EvalError> {
    for (q, q_span) in qs {
        check_quantile(q, *q_span, steps, &mut tally.notes);
    }
    let (histograms, _held) = gather(cx, stream, span, tally)?;
    let mut out = Vector::new(cx);
    for (q, _) in qs {
        for histogram in &histograms {
            cx.meter.check()?;
            let column = quantile_column(cx, histogram, q, span, steps, &mut tally.notes);
            let labels = out_labels(cx, &histogram.labels);
            // The label names the quantile, which may differ from step to step.
            let mut parts: Vec<(f64, Vec<f64>)> = Vec::new();
            for (step, value) in column
                .into_iter()
                .enumerate()
                .filter(|(_, v)| !is_absent(*v))
            {
                let q = q.at(step);
                let same =
                    |(other, _): &(f64, Vec<f64>)| *other == q || (other.is_nan() && q.is_nan());
                let at = parts.iter().position(same).unwrap_or_else(|| {
                    parts.push((q, vec![ABSENT; steps.count]));
                    parts.len() - 1
                });
                parts[at].1[step] = value;
            }
            for (q, column) in parts {
                let mut builder = labels.to_builder();
                builder.set(label, &openmetrics(q));
                out.push(builder.build(), true, column)?;
            }
        }
    }
    out.merge_same_labels(cx)
}

/// `histogram_fraction(lower, upper, stream)`.
pub(crate) fn fraction(
    cx: &Context<'_>,
    (lower, upper): (&Scalar, &Scalar),
    stream: Stream<'_>,
    span: Span,
    steps: Steps,
    tally: &mut Tally,
) -> Result<Vector, EvalError> {
    let (histograms, _held) = gather(cx, stream, span, tally)?;
    let mut out = Vector::new(cx);
    for histogram in histograms {
        cx.meter.check()?;
        let column = each_step(&histogram, steps, |step, buckets| {
            fraction_of(lower.at(step), upper.at(step), buckets)
        });
        let labels = out_labels(cx, &histogram.labels);
        out.push(labels, true, column)?;
    }
    out.merge_same_labels(cx)
}

fn check_quantile(q: &Scalar, span: Span, steps: Steps, notes: &mut Notes) {
    let mut last = None;
    for q in q.iter(steps.count) {
        if !(0.0..=1.0).contains(&q) && last.map(f64::to_bits) != Some(q.to_bits()) {
            notes.invalid_quantile(q, span);
            last = Some(q);
        }
    }
}

fn out_labels(cx: &Context<'_>, labels: &Labels) -> Labels {
    if cx.delayed() {
        labels.clone()
    } else {
        without_metadata(labels)
    }
}

/// Puts the series of each histogram together.
fn gather(
    cx: &Context<'_>,
    stream: Stream<'_>,
    span: Span,
    tally: &mut Tally,
) -> Result<(Vec<Buckets>, Held), EvalError> {
    let le = [BUCKET.to_owned()];
    if stream.is_of_one_metric(cx) {
        // No label set has to be built: the engine knows groups and bounds.
        let (groups, labels) = stream.groups(cx, &le, false);
        let (bounds, bound_labels) = stream.groups(cx, &le, true);
        let (columns, held) = columns(cx, stream, tally)?;
        let members = columns.into_iter().map(|(i, column)| {
            let bound = &bound_labels[bounds[i] as usize];
            (
                groups[i] as usize,
                bound.get(BUCKET).unwrap_or_default(),
                column,
            )
        });
        let mut histograms: Vec<Buckets> = labels
            .into_iter()
            .map(|labels| Buckets {
                labels,
                members: Vec::new(),
            })
            .collect();
        sort_in(&mut histograms, members, cx, span, &mut tally.notes);
        return Ok((histograms, held));
    }
    let vector = stream.collect(cx, tally)?;
    let mut index = cx.label_index(16);
    let mut histograms: Vec<Buckets> = Vec::new();
    let mut members = Vec::with_capacity(vector.series.len());
    for series in vector.series {
        let labels = series.labels.without(&le);
        let (group, new) = index.of(&labels);
        if new {
            histograms.push(Buckets {
                labels,
                members: Vec::new(),
            });
        }
        members.push((group, series.labels, series.values));
    }
    let members = members
        .iter_mut()
        .map(|(group, labels, values)| {
            (
                *group,
                labels.get(BUCKET).unwrap_or_default(),
                std::mem::take(values),
            )
        })
        .collect::<Vec<_>>();
    sort_in(
        &mut histograms,
        members.into_iter(),
        cx,
        span,
        &mut tally.notes,
    );
    Ok((histograms, vector.held))
}

type Columns = Vec<(usize, Vec<f64>)>;

fn columns(
    cx: &Context<'_>,
    stream: Stream<'_>,
    tally: &mut Tally,
) -> Result<(Columns, Held), EvalError> {
    stream.fold(
        cx,
        tally,
        &|| (Columns::new(), Held::new(cx.meter)),
        &|(columns, held): &mut (Columns, Held), i, column| {
            if !is_empty(column) {
                held.add_column(column)?;
                columns.push((i, std::mem::take(column)));
            }
            Ok(())
        },
        &mut |all, part| {
            all.0.extend(part.0);
            all.1.absorb(part.1);
        },
    )
}

/// Sorts buckets into their histograms, remarking on bounds that are none.
fn sort_in<'l>(
    histograms: &mut [Buckets],
    members: impl Iterator<Item = (usize, &'l str, Vec<f64>)>,
    cx: &Context<'_>,
    span: Span,
    notes: &mut Notes,
) {
    for (group, bound, column) in members {
        let histogram = &mut histograms[group];
        match bound.parse::<f64>() {
            Ok(upper) => histogram.members.push((upper, column)),
            Err(_) => {
                let metric = histogram.labels.metric_name().unwrap_or_default();
                notes.bad_bucket_label(if cx.delayed() { metric } else { "" }, bound, span);
            }
        }
    }
    for histogram in histograms {
        histogram.members.sort_by(|a, b| a.0.total_cmp(&b.0));
    }
}

/// The column of `f(step, buckets)` where there are buckets.
fn each_step(
    histogram: &Buckets,
    steps: Steps,
    mut f: impl FnMut(usize, &mut Vec<Bucket>) -> f64,
) -> Vec<f64> {
    let mut buckets = Vec::with_capacity(histogram.members.len());
    (0..steps.count)
        .map(|step| {
            buckets.clear();
            for (upper, column) in &histogram.members {
                if !is_absent(column[step]) {
                    buckets.push(Bucket {
                        upper: *upper,
                        count: column[step],
                    });
                }
            }
            if buckets.is_empty() {
                ABSENT
            } else {
                f(step, &mut buckets)
            }
        })
        .collect()
}

fn quantile_column(
    cx: &Context<'_>,
    histogram: &Buckets,
    q: &Scalar,
    span: Span,
    steps: Steps,
    notes: &mut Notes,
) -> Vec<f64> {
    each_step(histogram, steps, |step, buckets| {
        let (value, forced) = quantile_of(q.at(step), buckets);
        if let Some(forced) = forced {
            let metric = if cx.delayed() {
                histogram.labels.metric_name()
            } else {
                None
            };
            notes.forced_monotonicity(
                metric.unwrap_or_default(),
                span,
                steps.at(step),
                (forced.lowest, forced.highest),
                forced.diff_max,
            );
        }
        value
    })
}

/// Counts that had to be raised so that they do not fall.
struct Forced {
    lowest: f64,
    highest: f64,
    diff_max: f64,
}

/// The quantile of ascending buckets, interpolated on a straight line.
fn quantile_of(q: f64, buckets: &mut Vec<Bucket>) -> (f64, Option<Forced>) {
    if q.is_nan() {
        return (f64::NAN, None);
    }
    if q < 0.0 {
        return (f64::NEG_INFINITY, None);
    }
    if q > 1.0 {
        return (f64::INFINITY, None);
    }
    if !ends_at_infinity(buckets) {
        return (f64::NAN, None);
    }
    coalesce(buckets);
    let forced = make_monotonic(buckets);
    let last = buckets.len() - 1;
    let observations = buckets[last].count;
    if last == 0 || observations == 0.0 {
        return (f64::NAN, forced);
    }
    let mut rank = q * observations;
    // The first bucket that reaches the rank, as a binary search finds it even
    // among counts that are NaN.
    let at = first_that(last, |i| buckets[i].count >= rank);
    let value = if at == last {
        buckets[last - 1].upper
    } else if at == 0 && buckets[0].upper <= 0.0 {
        buckets[0].upper
    } else {
        let mut start = 0.0;
        let end = buckets[at].upper;
        let mut count = buckets[at].count;
        if at > 0 {
            start = buckets[at - 1].upper;
            count -= buckets[at - 1].count;
            rank -= buckets[at - 1].count;
        }
        start + (end - start) * (rank / count)
    };
    (value, forced)
}

fn first_that(len: usize, holds: impl Fn(usize) -> bool) -> usize {
    let (mut low, mut high) = (0, len);
    while low < high {
        let middle = (low + high) / 2;
        if holds(middle) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    low
}

fn ends_at_infinity(buckets: &[Bucket]) -> bool {
    buckets
        .last()
        .is_some_and(|bucket| bucket.upper == f64::INFINITY)
}

/// Adds up buckets with the same bound.
fn coalesce(buckets: &mut Vec<Bucket>) {
    buckets.dedup_by(|next, kept| {
        let same = next.upper == kept.upper;
        if same {
            kept.count += next.count;
        }
        same
    });
}

/// Raises each count to that of the bucket below, if it is less; what rounding may
/// have done is put right without a word.
fn make_monotonic(buckets: &mut [Bucket]) -> Option<Forced> {
    let mut forced: Option<Forced> = None;
    let mut before = buckets[0].count;
    for bucket in &mut buckets[1..] {
        let count = bucket.count;
        if count == before {
            continue;
        }
        if almost_equal(before, count) {
            bucket.count = before;
        } else if count < before {
            bucket.count = before;
            let forced = forced.get_or_insert(Forced {
                lowest: f64::INFINITY,
                highest: f64::NEG_INFINITY,
                diff_max: 0.0,
            });
            forced.lowest = forced.lowest.min(bucket.upper);
            forced.highest = forced.highest.max(bucket.upper);
            forced.diff_max = forced.diff_max.max(before - count);
        } else {
            before = count;
        }
    }
    forced
}

fn almost_equal(a: f64, b: f64) -> bool {
    if (a.is_nan() && b.is_nan()) || a == b {
        return true;
    }
    let sum = a.abs() + b.abs();
    let difference = (a - b).abs();
    if a == 0.0 || b == 0.0 || sum < f64::MIN_POSITIVE {
        return difference < TOLERANCE * f64::MIN_POSITIVE;
    }
    difference / sum.min(f64::MAX) < TOLERANCE
}

/// The fraction of observations between `lower` and `upper`.
fn fraction_of(lower: f64, upper: f64, buckets: &mut Vec<Bucket>) -> f64 {
    if !ends_at_infinity(buckets) {
        return f64::NAN;
    }
    coalesce(buckets);
    let count = buckets[buckets.len() - 1].count;
    if count == 0.0 || lower.is_nan() || upper.is_nan() {
        return f64::NAN;
    }
    if lower >= upper {
        return 0.0;
    }
    (rank_of(upper, buckets, count) - rank_of(lower, buckets, count)) / count
}

/// How many observations are below `value`.
fn rank_of(value: f64, buckets: &[Bucket], count: f64) -> f64 {
    // Positive bounds only: observations are taken to be positive.
    let mut start = if buckets[0].upper <= 0.0 {
        f64::NEG_INFINITY
    } else {
        0.0
    };
    let mut rank = 0.0f64;
    for bucket in buckets {
        if start >= value {
            return rank.min(count);
        }
        if bucket.upper > value {
            let within = if start == f64::NEG_INFINITY {
                bucket.count
            } else {
                rank + (bucket.count - rank) * (value - start) / (bucket.upper - start)
            };
            return if within > count { count } else { within };
        }
        rank = bucket.count;
        start = bucket.upper;
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    fn buckets(of: &[(f64, f64)]) -> Vec<Bucket> {
        of.iter()
            .map(|(upper, count)| Bucket {
                upper: *upper,
                count: *count,
            })
            .collect()
    }

    #[test]
    fn quantiles_of_buckets() {
        let inf = f64::INFINITY;
        let check = |q: f64, of: &[(f64, f64)], want: f64, forces: bool| {
            let (got, forced) = quantile_of(q, &mut buckets(of));
            assert!(
                got == want || (got.is_nan() && want.is_nan()),
                "{q} {of:?}: {got}"
            );
            assert_eq!(forced.is_some(), forces);
        };
        check(0.5, &[(1.0, 5.0), (2.0, 10.0), (inf, 10.0)], 1.0, false);
        check(0.75, &[(1.0, 5.0), (2.0, 10.0), (inf, 10.0)], 1.5, false);
        check(0.75, &[(1.0, 5.0), (2.0, 10.0)], f64::NAN, false);
        check(1.0, &[(1.0, 5.0), (2.0, 8.0), (inf, 10.0)], 2.0, false);
        check(0.5, &[(1.0, 5.0), (2.0, 4.0), (inf, 10.0)], 1.0, true);
        check(0.5, &[(inf, 10.0)], f64::NAN, false);
    }

    #[test]
    fn fractions_of_buckets() {
        let of = [(1.0, 5.0), (2.0, 10.0), (f64::INFINITY, 20.0)];
        let check = |lower: f64, upper: f64, want: f64| {
            assert_eq!(
                fraction_of(lower, upper, &mut buckets(&of)),
                want,
                "{lower} {upper}"
            );
        };
        check(0.0, 1.0, 0.25);
        check(1.5, 2.0, 0.125);
        check(f64::NEG_INFINITY, f64::INFINITY, 1.0);
        check(2.0, 1.0, 0.0);
    }
}
