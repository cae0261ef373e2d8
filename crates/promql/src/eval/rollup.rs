//! Functions over ranges: from the samples of one series to its column.

use binnacle_model::annotation::Span;

use super::annotations::Notes;
use super::column::{ABSENT, is_absent};
use super::error::EvalError;
use super::functions::{extended, over_time, rate, regression};
use super::scalar::Scalar;
use super::window::{Points, Windows};
use crate::ast::RangeMode;
use crate::functions::FunctionId;

/// A function over a range, ready to be applied to series.
pub(crate) struct Rollup {
    pub(crate) function: FunctionId,
    pub(crate) windows: Windows,
    pub(crate) mode: RangeMode,
    /// The scalar arguments.
    pub(crate) args: Vec<Scalar>,
    /// Whether start timestamps count.
    pub(crate) use_starts: bool,
    /// Where the range argument stands.
    pub(crate) range_span: Span,
    /// Where the first argument stands.
    pub(crate) first_span: Span,
}

/// One series' samples and what each step sees of them.
pub(crate) struct Frame<'a> {
    pub(crate) points: Points<'a>,
    /// For each step a half-open range of samples.
    pub(crate) bounds: &'a [(u32, u32)],
    /// The sum of their lengths.
    pub(crate) total: u64,
    pub(crate) windows: &'a Windows,
}

impl<'a> Frame<'a> {
    /// Fills `out` with `f(step, values of the window)`; absent where the window is
    /// empty.
    #[inline]
    pub(crate) fn each_value(&self, out: &mut [f64], mut f: impl FnMut(usize, &'a [f64]) -> f64) {
        self.each(out, |step, low, high| {
            f(step, &self.points.values[low..high])
        });
    }

    /// Fills `out` with `f(step, first sample, one past the last)`; absent where
    /// the window is empty.
    #[inline]
    pub(crate) fn each(&self, out: &mut [f64], mut f: impl FnMut(usize, usize, usize) -> f64) {
        for (step, ((low, high), out)) in self.bounds.iter().zip(out).enumerate() {
            *out = if low < high {
                f(step, *low as usize, *high as usize)
            } else {
                ABSENT
            };
        }
    }

    /// Whether most samples are in many windows, so that sliding pays.
    pub(crate) fn overlaps(&self) -> bool {
        self.total > 4 * self.points.times.len() as u64
    }
}

/// Memory that a worker uses again for each series.
#[derive(Default)]
pub(crate) struct Scratch {
    /// Times of the series before: those of the next are often the same, and then
    /// so is all that depends on times alone.
    times: Vec<i64>,
    bounds: Vec<(u32, u32)>,
    total: u64,
    known: bool,
    pub(crate) shapes: Vec<rate::Shape>,
    pub(crate) floats: Vec<f64>,
}

impl Scratch {
    /// Works out who sees what, unless the times are those of the series before.
    /// True when they are.
    pub(crate) fn look(&mut self, times: &[i64], f: impl FnOnce(&mut Vec<(u32, u32)>)) -> bool {
        if self.known && self.times == times {
            return true;
        }
        self.times.clear();
        self.times.extend_from_slice(times);
        f(&mut self.bounds);
        self.total = self
            .bounds
            .iter()
            .map(|(low, high)| u64::from(high.saturating_sub(*low)))
            .sum();
        self.known = true;
        false
    }

    pub(crate) fn bounds(&self) -> &[(u32, u32)] {
        &self.bounds
    }

    pub(crate) fn total(&self) -> u64 {
        self.total
    }
}

impl Rollup {
    /// Fills `out` with the function's value for each step. `metric` is asked for
    /// the metric's name when there is something to remark.
    pub(crate) fn column(
        &self,
        points: Points<'_>,
        scratch: &mut Scratch,
        out: &mut [f64],
        notes: &mut Notes,
        metric: &dyn Fn() -> String,
    ) -> Result<(), EvalError> {
        use FunctionId as F;
        let same = scratch.look(points.times, |bounds| {
            self.windows.bounds(points.times, bounds);
        });
        let Scratch {
            bounds,
            total,
            shapes,
            floats,
            ..
        } = scratch;
        if !same {
            shapes.clear();
        }
        let frame = Frame {
            points,
            bounds,
            total: *total,
            windows: &self.windows,
        };
        let is_rate = matches!(self.function, F::Rate | F::Increase | F::Delta);
        if is_rate && self.mode != RangeMode::Plain {
            extended::column(self, &frame, out);
            return Ok(());
        }
        match self.function {
            F::Rate | F::Increase | F::Delta => {
                if self.use_starts && !points.starts.is_empty() {
                    rate::with_starts(self, &frame, out, notes, metric);
                } else {
                    if shapes.is_empty() {
                        rate::shapes(self, &frame, shapes);
                    }
                    rate::column(self, &frame, shapes, out);
                }
            }
            F::Irate => rate::instant(self, &frame, true, out),
            F::Idelta => rate::instant(self, &frame, false, out),
            F::Resets => extended::resets(self, &frame, out),
            F::Changes => extended::changes(self, &frame, out),
            F::Deriv => regression::deriv(&frame, out),
            F::PredictLinear => regression::predict(&frame, &self.args[0], out),
            F::DoubleExponentialSmoothing => {
                return regression::smooth(&frame, &self.args[0], &self.args[1], out);
            }
            F::QuantileOverTime => {
                over_time::quantiles(&frame, &self.args[0], floats, out);
                for step in (0..out.len()).filter(|k| !is_absent(out[*k])) {
                    let q = self.args[0].at(step);
                    if !(0.0..=1.0).contains(&q) {
                        notes.invalid_quantile(q, self.first_span);
                    }
                }
            }
            function => over_time::column(function, &frame, floats, out),
        }
        Ok(())
    }
}
