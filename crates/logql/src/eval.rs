//! Whole queries over an engine.
//!
//! A log query keeps the newest (or oldest) lines while it walks over units in the order
//! of their time, and stops where none can be newer. A metric query reads every row once,
//! puts it to its group, and then computes the windows of each group in one pass. Of a row
//! only those columns are read that the query looks at, and labels are built for the
//! answer alone. Units are read by several threads; the answer is the same, to the last
//! bit, whatever their number.

mod aggregate;
pub mod binary;
mod cells;
mod columns;
mod gather;
mod grouped;
mod groups;
mod lines;
mod memo;
mod range;
mod ranks;
mod read;
mod rows;
mod threads;
mod vector;

use std::sync::Arc;

use binnacle_model::annotation::{Annotations, Span};
use binnacle_model::event::logs::{Direction, LogsStatistics, LogsTime, LogsValue};
use binnacle_model::event::{Condition, LogLabels, SelectEvents};
use binnacle_model::limits::{Meter, Stopped};
use binnacle_model::select::SelectError;

use crate::ast::{Expr, LogExpr, RangeOp, SampleExpr, Stage, VectorOp};
use rows::Scanned;
pub use rows::line_conditions;
use threads::workers;

/// Settings of an evaluation.
#[derive(Debug, Clone)]
pub struct EvalOptions {
    /// Threads that one query may use. Default 1.
    pub threads: usize,
    /// Series of an answer at most. What there is on the way to it is limited by memory.
    /// Default 100,000.
    pub series_max: usize,
    /// The time that templates call now, nanoseconds. Default none.
    pub now_ns: Option<i64>,
}

impl Default for EvalOptions {
    fn default() -> Self {
        Self {
            threads: 1,
            series_max: 100_000,
            now_ns: None,
        }
    }
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EvalError {
    /// A limit, the timeout, or a cancellation.
    #[error(transparent)]
    Stopped(#[from] Stopped),
    /// The query is wrong.
    #[error("{message}")]
    BadData {
        /// What is wrong.
        message: String,
        /// Where.
        span: Option<Span>,
    },
    /// It cannot be evaluated on these data.
    #[error("{message}")]
    Execution {
        /// Why.
        message: String,
    },
    /// The engine could not read.
    #[error("{message}")]
    Storage {
        /// What could not be read.
        message: String,
    },
}

impl EvalError {
    fn too_many_series(limit: usize) -> Self {
        Self::Execution {
            message: format!(
                "maximum number of series ({limit}) reached for a single query: group by fewer \
                 labels, or drop those that differ on every line with | drop"
            ),
        }
    }
}

impl From<SelectError> for EvalError {
    fn from(error: SelectError) -> Self {
        match error {
            SelectError::Stopped(stopped) => Self::Stopped(stopped),
            SelectError::Storage { message } => Self::Storage { message },
        }
    }
}

/// Times of a metric query, nanoseconds.
#[derive(Debug, Clone, Copy)]
struct Steps {
    start_ns: i64,
    step_ns: i64,
    count: usize,
}

impl Steps {
    fn of(time: LogsTime) -> Self {
        match time {
            LogsTime::Instant { at_ns } => Self {
                start_ns: at_ns,
                step_ns: 1,
                count: 1,
            },
            LogsTime::Range {
                start_ns,
                end_ns,
                step_ns,
                ..
            } => Self {
                start_ns,
                step_ns: step_ns.max(1),
                count: usize::try_from(end_ns.saturating_sub(start_ns) / step_ns.max(1))
                    .map_or(0, |n| n + 1),
            },
        }
    }

    fn at(&self, i: usize) -> i64 {
        let ahead = (i as i64).saturating_mul(self.step_ns);
        self.start_ns.saturating_add(ahead)
    }
}

/// A series with its value at each step.
#[derive(Debug, Clone)]
struct Series {
    labels: LogLabels,
    values: Vec<Option<f64>>,
}

/// A value at every step.
enum Evaluated {
    Number(f64),
    Series(Vec<Series>),
}

struct Context<'e> {
    events: &'e dyn SelectEvents,
    options: &'e EvalOptions,
    meter: &'e Arc<Meter>,
    steps: Steps,
    scanned: &'e Scanned,
}

/// Evaluates a query.
///
/// # Errors
/// See [`EvalError`].
pub fn evaluate(
    expr: &Expr,
    time: LogsTime,
    limit: usize,
    direction: Direction,
    events: &dyn SelectEvents,
    options: &EvalOptions,
    meter: &Arc<Meter>,
) -> Result<(LogsValue, LogsStatistics, Annotations), EvalError> {
    let scanned = Scanned::default();
    let value = match expr {
        Expr::Log(log) => {
            let asked = lines::Asked {
                log,
                time,
                limit,
                direction,
            };
            LogsValue::Streams(asked.answer(events, options, meter, &scanned)?)
        }
        Expr::Sample(sample) => {
            let context = Context {
                events,
                options,
                meter,
                steps: Steps::of(time),
                scanned: &scanned,
            };
            let is_instant = matches!(time, LogsTime::Instant { .. });
            let value = context.sample(sample, options.series_max)?;
            if let Evaluated::Series(series) = &value
                && series.len() > options.series_max
            {
                return Err(EvalError::too_many_series(options.series_max));
            }
            finish(value, sample, &context.steps, is_instant)
        }
    };
    let returned = match &value {
        LogsValue::Streams(streams) => streams.iter().map(|s| s.entries.len()).sum(),
        LogsValue::Vector(elements) => elements.len(),
        LogsValue::Matrix(series) => series.iter().map(|s| s.1.len()).sum(),
        LogsValue::Scalar(_) => 1,
    };
    let statistics = LogsStatistics {
        rows: scanned.rows(),
        bytes: scanned.bytes(),
        returned: returned as u64,
        ..LogsStatistics::default()
    };
    Ok((value, statistics, Annotations::default()))
}

fn finish(value: Evaluated, expr: &SampleExpr, steps: &Steps, is_instant: bool) -> LogsValue {
    let ms = |ns: i64| ns.div_euclid(1_000_000);
    let mut series = match value {
        Evaluated::Number(value) if is_instant => {
            return LogsValue::Scalar((ms(steps.start_ns), value));
        }
        Evaluated::Number(value) => vec![Series {
            labels: LogLabels::default(),
            values: vec![Some(value); steps.count],
        }],
        Evaluated::Series(series) => series,
    };
    if is_instant {
        if !keeps_order(expr) {
            series.sort_by(|a, b| a.labels.cmp(&b.labels));
        }
        let elements = series
            .into_iter()
            .filter_map(|s| Some((s.labels, (ms(steps.start_ns), s.values[0]?))));
        return LogsValue::Vector(elements.collect());
    }
    series.sort_by(|a, b| a.labels.cmp(&b.labels));
    let matrix = series.into_iter().filter_map(|s| {
        let points: Vec<(i64, f64)> = s
            .values
            .iter()
            .enumerate()
            .filter_map(|(i, v)| v.map(|v| (ms(steps.at(i)), v)))
            .collect();
        (!points.is_empty()).then_some((s.labels, points))
    });
    LogsValue::Matrix(matrix.collect())
}

/// Whether the order of an instant vector is the query's own.
fn keeps_order(expr: &SampleExpr) -> bool {
    match expr {
        SampleExpr::Vector(vector) => matches!(
            vector.op,
            VectorOp::Sort
                | VectorOp::SortDesc
                | VectorOp::Topk
                | VectorOp::Bottomk
                | VectorOp::ApproxTopk
        ),
        SampleExpr::Binary(binary) => keeps_order(&binary.left) || keeps_order(&binary.right),
        SampleExpr::LabelReplace(replace) => keeps_order(&replace.expr),
        _ => false,
    }
}

impl Context<'_> {
    /// `groups_max` is how many groups of rows there may be, when these are the answer.
    fn sample(&self, expr: &SampleExpr, groups_max: usize) -> Result<Evaluated, EvalError> {
        self.meter.check()?;
        let series = match expr {
            SampleExpr::Literal(value) => return Ok(Evaluated::Number(*value)),
            SampleExpr::VectorOf(value) => vec![Series {
                labels: LogLabels::default(),
                values: vec![Some(*value); self.steps.count],
            }],
            SampleExpr::Range(range) if range.op == RangeOp::AbsentOverTime => {
                self.absent(range)?
            }
            SampleExpr::Range(range) => self
                .range(range, range.grouping.as_ref(), groups_max)?
                .into_series(self.meter)?,
            SampleExpr::Vector(vector) => self.vector(vector, groups_max)?,
            SampleExpr::Binary(binary) => return self.binary(binary),
            SampleExpr::LabelReplace(replace) => self.label_replace(replace)?,
            SampleExpr::Variants(variants) => {
                let mut all = Vec::new();
                for (i, variant) in variants.variants.iter().enumerate() {
                    let mut series = self.series(variant)?;
                    for one in &mut series {
                        one.labels.set("__variant__", i.to_string());
                    }
                    all.append(&mut series);
                }
                all
            }
        };
        Ok(Evaluated::Series(series))
    }

    /// The series of an expression on the way to an answer; a number is a series without
    /// labels.
    fn series(&self, expr: &SampleExpr) -> Result<Vec<Series>, EvalError> {
        Ok(match self.sample(expr, usize::MAX)? {
            Evaluated::Series(series) => series,
            Evaluated::Number(value) => vec![Series {
                labels: LogLabels::default(),
                values: vec![Some(value); self.steps.count],
            }],
        })
    }
}

/// Line filters that stand in front, as conditions for the engine, and how many stages
/// that are.
fn leading(log: &LogExpr) -> (Vec<Condition>, usize) {
    let mut conditions = Vec::new();
    for stage in &log.stages {
        let Stage::Line(filter) = stage else { break };
        let Some(test) = crate::stage::line_test(filter) else {
            break;
        };
        conditions.push(Condition::Line(test));
    }
    let count = conditions.len();
    (conditions, count)
}
