//! Axes: which range is shown, where ticks are, and how they are written.

use super::Unit;

/// Ticks of the value axis, about.
const VALUE_TICKS: f64 = 4.0;
/// Ticks of the time axis, at most.
const TIME_TICKS: i64 = 8;
/// Differences below that part of the values are noise of the arithmetic.
const NOISE: f64 = 1e-12;

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;
/// Steps of the time axis, milliseconds. A longer range has days.
const TIME_STEPS_MS: [i64; 14] = [
    1_000,
    10_000,
    30_000,
    MINUTE_MS,
    2 * MINUTE_MS,
    5 * MINUTE_MS,
    10 * MINUTE_MS,
    15 * MINUTE_MS,
    30 * MINUTE_MS,
    HOUR_MS,
    2 * HOUR_MS,
    3 * HOUR_MS,
    6 * HOUR_MS,
    12 * HOUR_MS,
];

const LARGE: [(f64, &str); 8] = [
    (1e24, "Y"),
    (1e21, "Z"),
    (1e18, "E"),
    (1e15, "P"),
    (1e12, "T"),
    (1e9, "G"),
    (1e6, "M"),
    (1e3, "k"),
];
const SMALL: [(f64, &str); 8] = [
    (1e-3, "m"),
    (1e-6, "u"),
    (1e-9, "n"),
    (1e-12, "p"),
    (1e-15, "f"),
    (1e-18, "a"),
    (1e-21, "z"),
    (1e-24, "y"),
];
const BINARY: [&str; 8] = ["Yi", "Zi", "Ei", "Pi", "Ti", "Gi", "Mi", "Ki"];
const LONG: [(f64, &str); 3] = [(86_400.0, "d"), (3_600.0, "h"), (60.0, "m")];

/// In what the values of an axis are written: divided by `size`, followed by `name`.
#[derive(Debug, Clone, PartialEq)]
struct Measure {
    size: f64,
    name: String,
}

impl Measure {
    /// The one in which the largest value is a handy number.
    fn of(unit: Unit, largest: f64) -> Self {
        let measure = |size: f64, name: &str| Self {
            size,
            name: name.to_owned(),
        };
        let small = || {
            let fits = SMALL.iter().find(|(size, _)| largest >= *size);
            fits.copied().unwrap_or((1.0, ""))
        };
        match unit {
            Unit::Ratio => measure(0.01, "%"),
            Unit::Bytes => {
                let sizes = (1..=8).rev().map(|power| 1024_f64.powi(power));
                let mut sizes = sizes.zip(BINARY);
                match sizes.find(|(size, _)| largest >= *size) {
                    Some((size, name)) => measure(size, &format!("{name}B")),
                    None => measure(1.0, "B"),
                }
            }
            // A few minutes are easier to read than hundreds of seconds.
            Unit::Seconds if largest >= 1.0 => {
                let long = LONG.iter().find(|(size, _)| largest >= 2.0 * *size);
                long.map_or(measure(1.0, "s"), |(size, name)| measure(*size, name))
            }
            Unit::Seconds => {
                let (size, name) = small();
                measure(size, &format!("{name}s"))
            }
            Unit::Number if largest >= 1.0 => {
                let large = LARGE.iter().find(|(size, _)| largest >= *size);
                large.map_or(measure(1.0, ""), |(size, name)| measure(*size, name))
            }
            // Parts of one are usual, thousandths of them not.
            Unit::Number if largest >= 0.01 => measure(1.0, ""),
            Unit::Number => {
                let (size, name) = small();
                measure(size, name)
            }
        }
    }
}

/// The value axis.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Values {
    low: f64,
    high: f64,
    measure: Measure,
    /// In the measure.
    step: f64,
}

impl Values {
    /// An axis on which all these values are; those that are not finite are left out.
    pub(super) fn of(unit: Unit, values: impl Iterator<Item = f64>) -> Self {
        let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
        for value in values.filter(|value| value.is_finite()) {
            low = low.min(value);
            high = high.max(value);
        }
        if low > high {
            (low, high) = (0.0, 1.0);
        }
        // Zero is where people look for the size of things, unless it is far away.
        if low > 0.0 && low < high * 0.75 {
            low = 0.0;
        } else if high < 0.0 && high > low * 0.75 {
            high = 0.0;
        }
        let largest = low.abs().max(high.abs());
        if high / 2.0 - low / 2.0 <= largest * NOISE {
            let room = if largest > 1e-300 { largest * 0.1 } else { 1.0 };
            low = (low - room).max(f64::MIN);
            high = (high + room).min(f64::MAX);
        }
        let measure = Measure::of(unit, low.abs().max(high.abs()));
        let span = (high / 2.0 - low / 2.0) / measure.size * 2.0;
        let step = round_step(span / VALUE_TICKS);
        let mut axis = Self {
            low,
            high,
            measure,
            step,
        };
        axis.widen();
        axis
    }

    /// Moves both ends outwards to the next ticks.
    fn widen(&mut self) {
        let step = self.step * self.measure.size;
        let (low, high) = (
            (self.low / step).floor() * step,
            (self.high / step).ceil() * step,
        );
        if low.is_finite() && high.is_finite() && low < high {
            (self.low, self.high) = (low, high);
        }
    }

    /// Where a value is: 0 at the low end, 1 at the high one.
    pub(super) fn part(&self, value: f64) -> f64 {
        // Halves, because the distance of two numbers may be larger than any number.
        let part = (value / 2.0 - self.low / 2.0) / (self.high / 2.0 - self.low / 2.0);
        if part.is_nan() {
            return 0.0;
        }
        part.clamp(0.0, 1.0)
    }

    /// Values of the ticks and their texts.
    pub(super) fn ticks(&self) -> Vec<(f64, String)> {
        let (low, high) = (self.low / self.measure.size, self.high / self.measure.size);
        let first = (low / self.step - NOISE).ceil();
        let decimals = decimals_of(self.step);
        (0..16)
            .map(|i| (first + f64::from(i)) * self.step)
            .take_while(|tick| tick.is_finite() && *tick <= high + self.step * 0.001)
            .map(|tick| (tick * self.measure.size, self.text(tick, decimals)))
            .collect()
    }

    /// A value in the words of this axis, with four digits at most.
    pub(super) fn write(&self, value: f64) -> String {
        let scaled = value / self.measure.size;
        let digits_before = if scaled.abs() >= 1.0 {
            scaled.abs().log10().floor() as i32 + 1
        } else {
            1
        };
        let decimals = usize::try_from(4 - digits_before).unwrap_or(0);
        let text = format!("{scaled:.decimals$}");
        let text = if text.contains('.') {
            text.trim_end_matches('0').trim_end_matches('.')
        } else {
            &text
        };
        if scaled != 0.0 && text.trim_start_matches('-') == "0" || text.len() > 12 {
            return format!("{value:.2e}");
        }
        format!("{text}{}", self.measure.name)
    }

    fn text(&self, scaled: f64, decimals: usize) -> String {
        if scaled == 0.0 {
            return "0".to_owned();
        }
        let text = format!("{scaled:.decimals$}");
        if text.len() > 9 {
            return format!("{:.2e}", scaled * self.measure.size);
        }
        format!("{text}{}", self.measure.name)
    }
}

/// The next of 1, 2, 2.5, 5 times a power of ten.
fn round_step(step: f64) -> f64 {
    if !step.is_finite() || step <= f64::MIN_POSITIVE {
        return 1.0;
    }
    let power = 10_f64.powf(step.log10().floor());
    let round = [1.0, 2.0, 2.5, 5.0, 10.0].map(|factor| factor * power);
    let next = round.into_iter().find(|round| *round >= step * 0.999);
    match next {
        Some(next) if next.is_finite() && next > 0.0 => next,
        _ => step,
    }
}

/// Decimals that are needed to tell multiples of a step.
fn decimals_of(step: f64) -> usize {
    (0..9)
        .find(|&decimals| {
            let scaled = step * 10_f64.powi(decimals);
            (scaled - scaled.round()).abs() < 1e-6 * scaled.max(1.0) && scaled >= 0.5
        })
        .and_then(|decimals| usize::try_from(decimals).ok())
        .unwrap_or(9)
}

/// The time axis.
#[derive(Debug, Clone, Copy)]
pub(super) struct Times {
    start_ms: i64,
    end_ms: i64,
}

impl Times {
    /// From start to end; an empty range becomes a minute.
    pub(super) fn new(start_ms: i64, end_ms: i64) -> Self {
        let end_ms = if end_ms > start_ms {
            end_ms
        } else {
            start_ms.saturating_add(MINUTE_MS)
        };
        Self { start_ms, end_ms }
    }

    /// Where a time is: 0 at the start, 1 at the end; `None`: outside.
    pub(super) fn part(self, t_ms: i64) -> Option<f64> {
        if t_ms < self.start_ms || t_ms > self.end_ms {
            return None;
        }
        let span = i128::from(self.end_ms) - i128::from(self.start_ms);
        let at = i128::from(t_ms) - i128::from(self.start_ms);
        Some(if span == 0 {
            0.0
        } else {
            at as f64 / span as f64
        })
    }

    /// Times of the ticks and their texts.
    pub(super) fn ticks(self) -> Vec<(i64, String)> {
        let span_ms = self.end_ms.saturating_sub(self.start_ms);
        let fitting = TIME_STEPS_MS.iter().find(|s| span_ms / **s <= TIME_TICKS);
        let days = (span_ms / (24 * HOUR_MS) / TIME_TICKS).max(0) + 1;
        let step_ms = fitting
            .copied()
            .unwrap_or(days.saturating_mul(24 * HOUR_MS));
        let first = self.start_ms.div_euclid(step_ms);
        (0..=TIME_TICKS + 1)
            .filter_map(|i| first.checked_add(i)?.checked_mul(step_ms))
            .filter(|t_ms| (self.start_ms..=self.end_ms).contains(t_ms))
            .map(|t_ms| (t_ms, clock(t_ms, step_ms)))
            .collect()
    }
}

/// Hour and minute, in UTC; with seconds where steps are shorter than a minute, and the
/// date where they are days.
fn clock(t_ms: i64, step_ms: i64) -> String {
    let seconds = t_ms.div_euclid(1000);
    let (hour, minute) = (
        seconds.div_euclid(3600).rem_euclid(24),
        seconds.div_euclid(60).rem_euclid(60),
    );
    if step_ms < MINUTE_MS {
        return format!("{hour:02}:{minute:02}:{:02}", seconds.rem_euclid(60));
    }
    if step_ms >= 24 * HOUR_MS
        && let Ok(time) = jiff::Timestamp::from_millisecond(t_ms)
    {
        return time.strftime("%m-%d").to_string();
    }
    format!("{hour:02}:{minute:02}")
}

/// Hour and minute of a time, in UTC.
pub(super) fn hour_and_minute(t_ms: i64) -> String {
    clock(t_ms, MINUTE_MS)
}
