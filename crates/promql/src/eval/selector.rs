//! Selectors: which series, which stretch of time, and the value at each step.

use binnacle_model::Labels;
use binnacle_model::annotation::Span;
use binnacle_model::labels::METRIC_NAME;
use binnacle_model::matcher::MatchOp;
use binnacle_model::sample::Samples;
use binnacle_model::select::{Hints, Latest, Selection, SeriesSet};

use super::column::{ABSENT, is_absent};
use super::context::Context;
use super::duration;
use super::error::EvalError;
use super::steps::Steps;
use super::window::advance;
use crate::ast::{At, RangeMode, VectorSelector};

/// The series that a selector found.
pub(crate) struct Selected {
    pub(crate) set: Box<dyn SeriesSet>,
    /// First and last millisecond to read.
    pub(crate) span_ms: (i64, i64),
    /// The metric's name, when the selector names one.
    pub(crate) name: Option<String>,
    /// Where the selector stands.
    pub(crate) at: Span,
}

/// What a selector says of time, worked out.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shift {
    /// `@`, in milliseconds.
    pub(crate) at_ms: Option<i64>,
    pub(crate) offset_ms: i64,
}

impl Shift {
    pub(crate) fn of(
        cx: &Context<'_>,
        at: Option<At>,
        offset: &crate::ast::Duration,
    ) -> Result<Self, EvalError> {
        Ok(Self {
            at_ms: at.map(|at| match at {
                At::Time(ms) => ms,
                At::Start => cx.query.start_ms,
                At::End => cx.query.end_ms,
            }),
            offset_ms: duration::offset_ms(offset, cx.query)?,
        })
    }

    /// The data's time that a step looks at.
    #[inline]
    pub(crate) fn time(&self, steps: Steps, step: usize) -> i64 {
        self.at_ms
            .unwrap_or_else(|| steps.at(step))
            .saturating_sub(self.offset_ms)
    }
}

/// Asks the engine for the series of `selector` within `reach_ms`, of which
/// `span_ms` will be read.
pub(crate) fn select(
    cx: &Context<'_>,
    selector: &VectorSelector,
    reach_ms: (i64, i64),
    span_ms: (i64, i64),
    hints: Hints,
    at: Span,
) -> Result<Selected, EvalError> {
    debug_assert!(
        reach_ms.0 <= span_ms.0 && span_ms.1 <= reach_ms.1,
        "reads what it asked for"
    );
    let selection = Selection {
        matchers: selector.matchers.clone(),
        start_ms: reach_ms.0,
        end_ms: reach_ms.1,
        hints,
    };
    let set = cx.source.select(&selection, false, cx.meter)?;
    if set.len() as u64 > cx.meter.limits().series_max {
        let limit = cx.meter.limits().series_max;
        return Err(binnacle_model::limits::Stopped::Limit {
            what: "series",
            limit,
        }
        .into());
    }
    let name = selector
        .matchers
        .iter()
        .find(|m| m.name == METRIC_NAME && m.op == MatchOp::Equal)
        .map(|m| m.value.clone());
    Ok(Selected {
        set,
        span_ms,
        name,
        at,
    })
}

impl Selected {
    /// The metric's name of series `i`.
    pub(crate) fn metric_name(&self, i: usize) -> String {
        match &self.name {
            Some(name) => name.clone(),
            None => self
                .set
                .labels(i)
                .metric_name()
                .unwrap_or_default()
                .to_owned(),
        }
    }

    pub(crate) fn labels(&self, i: usize) -> Labels {
        self.set.labels(i)
    }

    /// Reads all of series `i`.
    pub(crate) fn read(&self, i: usize, samples: &mut Samples) -> Result<(), EvalError> {
        samples.clear();
        if self.span_ms.0 <= self.span_ms.1 {
            self.set.read(i, self.span_ms.0, self.span_ms.1, samples)?;
        }
        Ok(())
    }
}

/// What an instant selector's column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    Value,
    /// `timestamp(x)`: the sample's own time in seconds.
    Time,
    /// `start_timestamp(x)`: since when it counts, in seconds.
    Start,
    /// The same as `Time`, in milliseconds.
    TimeMs,
}

/// An instant selector: for each step the latest sample of the lookback.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Instant {
    pub(crate) steps: Steps,
    pub(crate) shift: Shift,
    pub(crate) lookback_ms: i64,
    pub(crate) mode: RangeMode,
    pub(crate) wanted: Wanted,
}

impl Instant {
    pub(crate) fn new(
        cx: &Context<'_>,
        selector: &VectorSelector,
        steps: Steps,
        wanted: Wanted,
    ) -> Result<Self, EvalError> {
        Ok(Self {
            steps,
            shift: Shift::of(cx, selector.at, &selector.offset)?,
            lookback_ms: cx.options.lookback_ms,
            mode: selector.mode,
            wanted,
        })
    }

    /// First and last millisecond that any step looks at.
    pub(crate) fn span(&self) -> (i64, i64) {
        let last = self.steps.count.saturating_sub(1);
        self.around(
            self.shift.time(self.steps, 0),
            self.shift.time(self.steps, last),
        )
    }

    /// First and last millisecond that the engine is asked for.
    pub(crate) fn reach(&self) -> (i64, i64) {
        let (reach, shift) = (self.steps.reach, self.shift);
        let (first, last) = shift
            .at_ms
            .map_or((reach.start_ms, reach.end_ms), |at| (at, at));
        self.around(
            first.saturating_sub(shift.offset_ms),
            last.saturating_sub(shift.offset_ms),
        )
    }

    fn around(&self, first: i64, last: i64) -> (i64, i64) {
        let first = first.saturating_sub(self.lookback_ms);
        match self.mode {
            RangeMode::Smoothed => (
                first.saturating_add(1),
                last.saturating_add(self.lookback_ms),
            ),
            RangeMode::Plain | RangeMode::Anchored => (first.saturating_add(1), last),
        }
    }

    /// Whether the engine's newest sample is all that is needed.
    pub(crate) fn is_latest(&self) -> bool {
        self.steps.count == 1 && self.mode != RangeMode::Smoothed && self.wanted != Wanted::Start
    }

    /// The column of one step without reading a range; `None` when the sample is a
    /// native histogram.
    pub(crate) fn latest(
        &self,
        selected: &Selected,
        i: usize,
        out: &mut [f64],
    ) -> Result<Option<()>, EvalError> {
        let at = self.shift.time(self.steps, 0);
        let after = at.saturating_sub(self.lookback_ms);
        out[0] = match selected.set.latest(i, after, at)? {
            None => ABSENT,
            Some(Latest::Float(sample)) if is_absent(sample.value) => ABSENT,
            Some(Latest::Float(sample)) => match self.wanted {
                Wanted::Value => sample.value,
                Wanted::Time => sample.t_ms as f64 / 1000.0,
                Wanted::TimeMs => sample.t_ms as f64,
                Wanted::Start => ABSENT,
            },
            Some(Latest::Histogram) => return Ok(None),
        };
        Ok(Some(()))
    }

    /// For each step one more than the index of its sample; 0: none.
    pub(crate) fn places(&self, times: &[i64], places: &mut Vec<(u32, u32)>) {
        places.clear();
        let mut at = 0;
        for step in 0..self.steps.count {
            let time = self.shift.time(self.steps, step);
            at = advance(times, at, time);
            let seen = at > 0 && times[at - 1] > time.saturating_sub(self.lookback_ms);
            places.push((if seen { at as u32 } else { 0 }, 0));
        }
    }

    /// The column, from all samples with their staleness markers.
    pub(crate) fn column(&self, samples: &Samples, places: &[(u32, u32)], out: &mut [f64]) {
        let pick = |index: usize, value: f64| -> f64 {
            if is_absent(value) {
                return ABSENT;
            }
            match self.wanted {
                Wanted::Value => value,
                Wanted::Time => samples.times_ms[index] as f64 / 1000.0,
                Wanted::TimeMs => samples.times_ms[index] as f64,
                Wanted::Start => samples.starts_ms.get(index).copied().unwrap_or(0) as f64 / 1000.0,
            }
        };
        for ((place, _), out) in places.iter().zip(out) {
            *out = match (*place as usize).checked_sub(1) {
                // A staleness marker is an absent value, bit for bit.
                Some(index) if self.wanted == Wanted::Value => samples.values[index],
                Some(index) => pick(index, samples.values[index]),
                None => ABSENT,
            };
        }
    }

    /// The column of a `smoothed` selector: between the sample before and the
    /// sample after, on the straight line.
    pub(crate) fn smoothed(&self, times: &[i64], values: &[f64], out: &mut [f64]) {
        for (step, out) in out.iter_mut().enumerate() {
            let time = self.shift.time(self.steps, step);
            let low = times.partition_point(|t| *t <= time.saturating_sub(self.lookback_ms));
            let high = times.partition_point(|t| *t <= time.saturating_add(self.lookback_ms));
            let (times, values) = (&times[low..high], &values[low..high]);
            let after = times.partition_point(|t| *t < time);
            *out = if after < times.len() && times[after] == time {
                values[after]
            } else if after == 0 {
                ABSENT
            } else if after < times.len() {
                let (t1, t2) = (times[after - 1], times[after]);
                let (v1, v2) = (values[after - 1], values[after]);
                v1 + (v2 - v1) * (time - t1) as f64 / (t2 - t1) as f64
            } else {
                values[after - 1]
            };
        }
    }
}
