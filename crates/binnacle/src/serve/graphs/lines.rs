//! Which series of an answer are drawn, in which order, and what they are called.

use binnacle_alerting::graph::{SERIES_MAX, Series, Side};
use binnacle_model::Labels;
use binnacle_model::alert::Alert;
use binnacle_model::query::MatrixSeries;

/// The name of metrics.
const NAME: &str = "__name__";

/// What is drawn.
#[derive(Debug, PartialEq)]
pub(super) struct Lines {
    /// The most relevant first.
    pub(super) series: Vec<Series>,
    /// How many were left out.
    pub(super) more: usize,
}

/// The series of the alerts, where labels tell them, or else all; those nearest to the
/// side where the alert fires first; with a point for each of the times. `None`: there is nothing to draw.
pub(super) fn choose(
    matrix: &[MatrixSeries],
    alerts: &[&Alert],
    side: Option<Side>,
    times: &[i64],
) -> Option<Lines> {
    let drawable = matrix.iter().filter(|series| {
        let mut points = series.floats.iter();
        points.any(|point| point.value.is_finite())
    });
    let all: Vec<&MatrixSeries> = drawable.collect();
    let own = all.iter().filter(|series| {
        let mut alerts = alerts.iter();
        alerts.any(|alert| agree(&series.labels, &alert.labels))
    });
    let mut chosen: Vec<&MatrixSeries> = own.copied().collect();
    if chosen.is_empty() {
        chosen = all;
    }
    if chosen.is_empty() {
        return None;
    }
    chosen.sort_by(|a, b| {
        let (a_last, b_last) = (last(a), last(b));
        let by_value = match side {
            Some(Side::Below) => a_last.total_cmp(&b_last),
            _ => b_last.total_cmp(&a_last),
        };
        by_value.then_with(|| a.labels.cmp(&b.labels))
    });
    let more = chosen.len().saturating_sub(SERIES_MAX);
    chosen.truncate(SERIES_MAX);
    let labels: Vec<&Labels> = chosen.iter().map(|series| &series.labels).collect();
    let series = chosen.iter().zip(names(&labels)).map(|(series, label)| {
        let mut floats = series.floats.iter().peekable();
        let points = times.iter().map(|&t_ms| {
            while floats.next_if(|point| point.t_ms < t_ms).is_some() {}
            let point = floats.next_if(|point| point.t_ms == t_ms);
            (t_ms, point.map(|point| point.value))
        });
        Series {
            label,
            points: points.collect(),
        }
    });
    Some(Lines {
        series: series.collect(),
        more,
    })
}

/// Whether no label of a series says other than the alert's. Labels that a rule adds are
/// no labels of the series, and the other way about where it sums up.
fn agree(series: &Labels, alert: &Labels) -> bool {
    series
        .iter()
        .filter(|(name, _)| *name != NAME)
        .all(|(name, value)| alert.get(name).is_none_or(|said| said == value))
}

fn last(series: &MatrixSeries) -> f64 {
    series.floats.last().map_or(f64::NAN, |point| point.value)
}

/// What tells series from each other: the labels whose values differ, and of a single
/// one all. A single label is told by its value alone.
fn names(all: &[&Labels]) -> Vec<String> {
    let mut telling: Vec<&str> = Vec::new();
    for labels in all {
        for (name, value) in labels.iter() {
            let mut others = all.iter();
            let tells = if all.len() == 1 {
                name != NAME
            } else {
                others.any(|other| other.get(name) != Some(value))
            };
            if tells && !telling.contains(&name) {
                telling.push(name);
            }
        }
    }
    telling.sort_unstable();
    let name_of = |labels: &&Labels| {
        let pairs = telling.iter().filter_map(|name| {
            let value = labels.get(name)?;
            Some(if *name == NAME || telling.len() == 1 {
                value.to_owned()
            } else {
                format!("{name}={value}")
            })
        });
        pairs.collect::<Vec<_>>().join(" ")
    };
    all.iter().map(name_of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use binnacle_model::Sample;

    fn series(labels: &[(&str, &str)], values: &[(i64, f64)]) -> MatrixSeries {
        MatrixSeries {
            labels: Labels::from_pairs(labels.iter().copied()),
            floats: values
                .iter()
                .map(|&(t_ms, value)| Sample { t_ms, value })
                .collect(),
            histograms: Vec::new(),
        }
    }

    fn alert(labels: &[(&str, &str)]) -> Alert {
        Alert {
            labels: Labels::from_pairs(labels.iter().copied()),
            ..Alert::default()
        }
    }

    fn drawn(matrix: &[MatrixSeries], alerts: &[&Alert], side: Option<Side>) -> Vec<String> {
        let lines = choose(matrix, alerts, side, &[0, 30]);
        let lines = lines.into_iter().flat_map(|lines| lines.series);
        lines.map(|series| series.label).collect()
    }

    #[test]
    fn the_series_of_the_alerts_are_drawn() {
        let matrix = [
            series(&[("__name__", "up"), ("i", "a")], &[(0, 1.0)]),
            series(&[("__name__", "up"), ("i", "b")], &[(0, 2.0)]),
            series(&[("__name__", "up"), ("i", "c")], &[(0, 3.0)]),
        ];
        let (a, b) = (
            alert(&[("alertname", "X"), ("i", "a")]),
            alert(&[("alertname", "X"), ("i", "b"), ("severity", "page")]),
        );
        assert_eq!(drawn(&matrix, &[&a], None), ["a"]);
        assert_eq!(drawn(&matrix, &[&a, &b], Some(Side::Above)), ["b", "a"]);
        assert_eq!(drawn(&matrix, &[&a, &b], Some(Side::Below)), ["a", "b"]);
        let sum = alert(&[("alertname", "X")]);
        assert_eq!(drawn(&matrix, &[&sum], None), ["c", "b", "a"]);
        let overridden = alert(&[("i", "other")]);
        assert_eq!(drawn(&matrix, &[&overridden], None), ["c", "b", "a"]);
        assert_eq!(choose(&[], &[&a], None, &[0]), None);
        let empty = [series(&[("i", "a")], &[(0, f64::NAN)])];
        assert_eq!(choose(&empty, &[&a], None, &[0]), None);
    }

    #[test]
    fn points_stand_on_the_grid_and_gaps_between() {
        let matrix = [series(&[], &[(0, 1.0), (60, 2.0)])];
        let lines = choose(&matrix, &[], None, &[0, 30, 60, 90]).expect("a line");
        let points = [(0, Some(1.0)), (30, None), (60, Some(2.0)), (90, None)];
        assert_eq!(lines.series[0].points, points);
        assert_eq!(lines.series[0].label, "");
    }

    #[test]
    fn further_series_are_counted() {
        let many: Vec<_> = (0..11)
            .map(|n| series(&[("n", &n.to_string()), ("x", "y")], &[(0, f64::from(n))]))
            .collect();
        let lines = choose(&many, &[], None, &[0]).expect("lines");
        assert_eq!((lines.series.len(), lines.more), (SERIES_MAX, 3));
        assert_eq!(lines.series[0].label, "10");
        let two = [
            series(&[("a", "1"), ("b", "1")], &[(0, 1.0)]),
            series(&[("a", "2")], &[(0, 0.0)]),
        ];
        assert_eq!(drawn(&two, &[], None), ["a=1 b=1", "a=2"]);
    }
}
