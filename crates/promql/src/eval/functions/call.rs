//! Calls: which function takes what, and who works it out.

use binnacle_model::Labels;

use super::super::column::{ABSENT, is_absent, map};
use super::super::context::{Around, Context, Tally};
use super::super::error::EvalError;
use super::super::info;
use super::super::invariant::unparen;
use super::super::node::{self, Value};
use super::super::scalar::Scalar;
use super::super::selector::Wanted;
use super::super::steps::Steps;
use super::super::stream::Stream;
use super::super::vector::Vector;
use super::{absent, date, histogram, labels, math, range, sort};
use crate::ast::{Call, Expr, ExprKind};
use crate::functions::FunctionId as F;

/// Evaluates a call.
pub(crate) fn evaluate<'a>(
    cx: &Context<'a>,
    expr: &'a Expr,
    call: &'a Call,
    steps: Steps,
    tally: &mut Tally,
) -> Result<Value<'a>, EvalError> {
    let id = call.function.id;
    let cx = &cx.within(Around {
        func: call.function.name,
        grouping: None,
    });
    if let Some(argument) = range::range_arg(call) {
        return range::evaluate(cx, call, argument, steps, tally).map(Value::Vector);
    }
    if let Some(f) = math::elementwise(id) {
        let stream = node::stream(cx, arg(call, 0)?, steps, tally)?;
        let stream = stream.map(cx, true, move |column| map(column, f))?;
        return Ok(Value::Vector(stream));
    }
    if let Some(f) = date::part(id) {
        return dates(cx, call, f, steps, tally);
    }
    let seconds = |ms: i64| Value::Scalar(Scalar::Constant(ms as f64 / 1000.0));
    match id {
        F::Pi => Ok(Value::Scalar(Scalar::Constant(std::f64::consts::PI))),
        F::Start => Ok(seconds(cx.query.start_ms)),
        F::End => Ok(seconds(cx.query.end_ms)),
        F::Range => Ok(seconds(cx.query.end_ms - cx.query.start_ms)),
        F::Step if cx.query.start_ms == cx.query.end_ms => Ok(seconds(0)),
        F::Step => Ok(seconds(cx.query.step_ms)),
        F::Time => {
            let times = (0..steps.count)
                .map(|step| steps.at(step) as f64 / 1000.0)
                .collect();
            Ok(Value::Scalar(Scalar::Steps(times)))
        }
        F::MaxOf | F::MinOf => {
            let a = node::scalar(cx, arg(call, 0)?, steps, tally)?;
            let b = node::scalar(cx, arg(call, 1)?, steps, tally)?;
            Ok(Value::Scalar(a.zip(
                b,
                if id == F::MaxOf {
                    math::greater
                } else {
                    math::less
                },
            )))
        }
        F::Scalar => {
            let stream = node::stream(cx, arg(call, 0)?, steps, tally)?;
            only_value(cx, stream, steps, tally).map(Value::Scalar)
        }
        F::Timestamp | F::StartTimestamp => timestamps(cx, call, steps, tally).map(Value::Vector),
        F::Round | F::Clamp | F::ClampMax | F::ClampMin => {
            rounded(cx, call, steps, tally).map(Value::Vector)
        }
        _ => {
            let vector = whole(cx, expr, call, steps, tally)?;
            Ok(Value::Vector(Stream::Ready(vector)))
        }
    }
}

/// Functions that need all series together.
fn whole(
    cx: &Context<'_>,
    expr: &Expr,
    call: &Call,
    steps: Steps,
    tally: &mut Tally,
) -> Result<Vector, EvalError> {
    let id = call.function.id;
    match id {
        F::Vector => {
            let scalar = node::scalar(cx, arg(call, 0)?, steps, tally)?;
            let mut vector = Vector::new(cx);
            vector.push(Labels::empty(), false, scalar.into_column(steps.count))?;
            Ok(vector)
        }
        F::Absent => {
            let argument = arg(call, 0)?;
            let stream = node::stream(cx, argument, steps, tally)?;
            absent::evaluate(cx, argument, stream, steps, false, tally)
        }
        F::Sort | F::SortDesc | F::SortByLabel | F::SortByLabelDesc => {
            if cx.query.start_ms != cx.query.end_ms {
                tally.notes.sort_in_range_query(expr.span);
            }
            let mut vector = node::vector(cx, arg(call, 0)?, steps, tally)?;
            match id {
                F::Sort => sort::by_value(&mut vector, false),
                F::SortDesc => sort::by_value(&mut vector, true),
                id => sort::by_label(&mut vector, &texts(call, 1), id == F::SortByLabelDesc),
            }
            Ok(vector)
        }
        F::LabelReplace => {
            let (target, replacement) = (text(call, 1), text(call, 2));
            let (source, pattern) = (text(call, 3), text(call, 4));
            labels::compile(pattern)?;
            let vector = node::vector(cx, arg(call, 0)?, steps, tally)?;
            labels::replace(cx, vector, target, replacement, source, pattern)
        }
        F::LabelJoin => {
            let vector = node::vector(cx, arg(call, 0)?, steps, tally)?;
            labels::join(cx, vector, text(call, 1), text(call, 2), &texts(call, 3))
        }
        F::Info => info::evaluate(cx, call, steps, tally),
        F::HistogramQuantile => {
            let q = node::scalar(cx, arg(call, 0)?, steps, tally)?;
            let stream = node::stream(cx, arg(call, 1)?, steps, tally)?;
            let (q_span, span) = (arg(call, 0)?.span, arg(call, 1)?.span);
            histogram::quantile(cx, &q, q_span, stream, span, steps, tally)
        }
        F::HistogramQuantiles => {
            let stream = node::stream(cx, arg(call, 0)?, steps, tally)?;
            let qs = call
                .args
                .iter()
                .skip(2)
                .map(|q| Ok((node::scalar(cx, q, steps, tally)?, unparen(q).span)))
                .collect::<Result<Vec<_>, EvalError>>()?;
            let span = arg(call, 0)?.span;
            histogram::quantiles(cx, stream, span, text(call, 1), &qs, steps, tally)
        }
        F::HistogramFraction => {
            let lower = node::scalar(cx, arg(call, 0)?, steps, tally)?;
            let upper = node::scalar(cx, arg(call, 1)?, steps, tally)?;
            let stream = node::stream(cx, arg(call, 2)?, steps, tally)?;
            let span = arg(call, 2)?.span;
            histogram::fraction(cx, (&lower, &upper), stream, span, steps, tally)
        }
        F::HistogramAvg
        | F::HistogramCount
        | F::HistogramSum
        | F::HistogramStddev
        | F::HistogramStdvar => {
            // Floats have none of these; reading them says what was left out.
            node::vector(cx, arg(call, 0)?, steps, tally)?;
            Ok(Vector::new(cx))
        }
        id => Err(EvalError::execution(format!(
            "{} needs a range vector ({id:?})",
            call.function.name
        ))),
    }
}

/// The argument at `index`, which the parser has counted.
fn arg(call: &Call, index: usize) -> Result<&Expr, EvalError> {
    call.args
        .get(index)
        .map(unparen)
        .ok_or_else(|| EvalError::execution(format!("too few arguments to {}", call.function.name)))
}

fn text(call: &Call, index: usize) -> &str {
    match call.args.get(index).map(|arg| &unparen(arg).kind) {
        Some(ExprKind::String(text)) => text,
        _ => "",
    }
}

fn texts(call: &Call, from: usize) -> Vec<&str> {
    (from..call.args.len())
        .map(|index| text(call, index))
        .collect()
}

/// Parts of dates: of the values, or of the step's own time.
fn dates<'a>(
    cx: &Context<'a>,
    call: &'a Call,
    f: fn(f64) -> f64,
    steps: Steps,
    tally: &mut Tally,
) -> Result<Value<'a>, EvalError> {
    if call.args.is_empty() {
        let column = (0..steps.count)
            .map(|step| f((steps.at(step) / 1000) as f64))
            .collect();
        let mut vector = Vector::new(cx);
        vector.push(Labels::empty(), false, column)?;
        return Ok(Value::Vector(Stream::Ready(vector)));
    }
    let stream = node::stream(cx, arg(call, 0)?, steps, tally)?;
    Ok(Value::Vector(
        stream.map(cx, true, move |column| map(column, f))?,
    ))
}

/// `timestamp` and `start_timestamp`: of a selector's samples; of anything else
/// the step's time, or nothing.
fn timestamps<'a>(
    cx: &Context<'a>,
    call: &'a Call,
    steps: Steps,
    tally: &mut Tally,
) -> Result<Stream<'a>, EvalError> {
    let is_start = call.function.id == F::StartTimestamp;
    let knows_starts = cx.options.use_start_timestamps;
    let argument = arg(call, 0)?;
    if let ExprKind::Vector(selector) = &argument.kind {
        let wanted = if is_start {
            Wanted::Start
        } else {
            Wanted::Time
        };
        let stream = node::instant(cx, argument, selector, steps, wanted, true)?;
        if is_start && !knows_starts {
            return stream.map(cx, true, |column| column.fill(ABSENT));
        }
        return Ok(stream);
    }
    node::stream(cx, argument, steps, tally)?.map(cx, true, move |column| {
        for (step, value) in column.iter_mut().enumerate() {
            if !is_absent(*value) {
                *value = if is_start {
                    ABSENT
                } else {
                    steps.at(step) as f64 / 1000.0
                };
            }
        }
    })
}

/// `round` and the clamps.
fn rounded<'a>(
    cx: &Context<'a>,
    call: &'a Call,
    steps: Steps,
    tally: &mut Tally,
) -> Result<Stream<'a>, EvalError> {
    let stream = node::stream(cx, arg(call, 0)?, steps, tally)?;
    let mut number = |index: usize, default: f64| match call.args.get(index) {
        Some(arg) => node::scalar(cx, arg, steps, tally),
        None => Ok(Scalar::Constant(default)),
    };
    if call.function.id == F::Round {
        let nearest = number(1, 1.0)?;
        return stream.map(cx, true, move |column| {
            for (step, value) in column.iter_mut().enumerate() {
                if !is_absent(*value) {
                    *value = math::round(*value, 1.0 / nearest.at(step));
                }
            }
        });
    }
    let (least, greatest) = match call.function.id {
        F::Clamp => (number(1, 0.0)?, number(2, 0.0)?),
        F::ClampMax => (Scalar::Constant(f64::NEG_INFINITY), number(1, 0.0)?),
        _ => (number(1, 0.0)?, Scalar::Constant(f64::INFINITY)),
    };
    stream.map(cx, true, move |column| {
        for (step, value) in column.iter_mut().enumerate() {
            let (least, greatest) = (least.at(step), greatest.at(step));
            if greatest < least {
                *value = ABSENT;
            } else if !is_absent(*value) {
                *value = math::greater(least, math::less(greatest, *value));
            }
        }
    })
}

/// `scalar`: the value of the only series at each step, or NaN.
fn only_value(
    cx: &Context<'_>,
    stream: Stream<'_>,
    steps: Steps,
    tally: &mut Tally,
) -> Result<Scalar, EvalError> {
    /// How many there are, up to two, and the last of them.
    type Cells = Vec<(u8, f64)>;
    let take = |cell: &mut (u8, f64), (count, value): (u8, f64)| {
        if count > 0 {
            *cell = ((cell.0 + count).min(2), value);
        }
    };
    let cells = stream.fold(
        cx,
        tally,
        &|| vec![(0, f64::NAN); steps.count],
        &|cells: &mut Cells, _, column| {
            for (cell, value) in cells.iter_mut().zip(column) {
                take(cell, (u8::from(!is_absent(*value)), *value));
            }
            Ok(())
        },
        &mut |all, part| {
            for (cell, more) in all.iter_mut().zip(part) {
                take(cell, more);
            }
        },
    )?;
    let values = cells
        .into_iter()
        .map(|(count, v)| if count == 1 { v } else { f64::NAN });
    Ok(Scalar::Steps(values.collect()))
}
