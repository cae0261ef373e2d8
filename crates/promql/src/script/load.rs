//! `load 1m`, `load_with_nhcb 1m`, and the series below.

use binnacle_model::duration;

use super::{Lines, ScriptError};
use crate::parse::{SeriesDescription, parse_metric, parse_series_description};

/// More start timestamps than a script can mean.
const STARTS_MAX: usize = 1_000_000;

/// Series to add to what was loaded before.
#[derive(Debug, Clone)]
pub struct Load {
    /// Milliseconds between values; the first is at 0.
    pub interval_ms: i64,
    /// Whether classic histograms are also to be loaded as native histograms with
    /// custom bounds.
    pub with_nhcb: bool,
    /// The series.
    pub series: Vec<LoadSeries>,
}

/// A series to load.
#[derive(Debug, Clone)]
pub struct LoadSeries {
    /// Labels and values.
    pub description: SeriesDescription,
    /// For each value the start timestamp, in milliseconds after the value's own
    /// time (so never positive in practice); empty when none was given.
    pub starts_ms: Vec<Option<i64>>,
}

pub(super) fn parse(text: &str, lines: &mut Lines<'_>) -> Result<Load, ScriptError> {
    let (word, interval) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let with_nhcb = match word {
        "load" => false,
        "load_with_nhcb" => true,
        _ => return Err(lines.error("invalid load command. (load[_with_nhcb] <step:duration>)")),
    };
    let interval_ms = lines.duration("step", interval.trim())?;
    let mut load = Load {
        interval_ms,
        with_nhcb,
        series: Vec::new(),
    };
    while let Some(text) = lines.detail() {
        let mut starts_ms = Vec::new();
        let mut text = text;
        if let Some((metric, starts)) = start_line(text) {
            let metric = parse_metric(metric).map_err(|errors| lines.unreadable(&errors))?;
            starts_ms = parse_starts(starts).map_err(|why| lines.error(why))?;
            let Some(next) = lines.detail() else {
                return Err(lines.error("@st line has no following sample line"));
            };
            text = next;
            let description =
                parse_series_description(text).map_err(|errors| lines.unreadable(&errors))?;
            if description.labels != metric {
                return Err(
                    lines.error("@st metric does not match the following sample line metric")
                );
            }
            if description.values.len() != starts_ms.len() {
                return Err(lines.error(format!(
                    "@st line has {} values but sample line has {}",
                    starts_ms.len(),
                    description.values.len()
                )));
            }
        }
        let description =
            parse_series_description(text).map_err(|errors| lines.unreadable(&errors))?;
        load.series.push(LoadSeries {
            description,
            starts_ms,
        });
    }
    Ok(load)
}

/// Metric and values of `metric{labels}@st values`.
fn start_line(text: &str) -> Option<(&str, &str)> {
    let (metric, values) = text.split_once([' ', '\t'])?;
    Some((metric.strip_suffix("@st")?, values))
}

/// Reads `-1m _ 0s+10sx3`: as the values of a series, but durations.
fn parse_starts(text: &str) -> Result<Vec<Option<i64>>, String> {
    let mut starts = Vec::new();
    for item in text.split_whitespace() {
        let invalid =
            |why: String| format!("invalid @st sequence: invalid ST item {item:?}: {why}");
        let (start, step, count) = parse_item(item).map_err(invalid)?;
        if count > STARTS_MAX {
            return Err(invalid(format!("more than {STARTS_MAX} values")));
        }
        let mut start = start;
        for _ in 0..count {
            starts.push(start);
            start = start.map(|ms| ms.saturating_add(step));
        }
    }
    Ok(starts)
}

/// The first value, the step between values, and how many there are.
fn parse_item(item: &str) -> Result<(Option<i64>, i64, usize), String> {
    let (value, count) = match item.split_once('x') {
        Some((value, count)) => {
            let count = count
                .parse::<usize>()
                .map_err(|_| "invalid repeat count".to_owned())?;
            (value, Some(count))
        }
        None => (item, None),
    };
    if value == "_" {
        return match count {
            Some(0) => Err("invalid repeat count".to_owned()),
            count => Ok((None, 0, count.unwrap_or(1))),
        };
    }
    // A sign at the start belongs to the value, a later one to the step.
    let step_at = value
        .get(1..)
        .and_then(|rest| rest.find(['+', '-']))
        .map(|at| at + 1);
    let (value, step) = value.split_at(step_at.unwrap_or(value.len()));
    let start = signed(value)?;
    if step.is_empty() {
        return Ok((
            Some(start),
            0,
            count.map_or(1, |count| count.saturating_add(1)),
        ));
    }
    let Some(count) = count else {
        return Err("expected 'x<count>' after step duration".to_owned());
    };
    Ok((Some(start), signed(step)?, count.saturating_add(1)))
}

fn signed(text: &str) -> Result<i64, String> {
    let text = text.strip_prefix('+').unwrap_or(text);
    duration::parse_signed(text).map_err(|error| error.to_string())
}
