//! Values of an expression at many steps, in as few queries as the store allows.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use binnacle_model::event::LogLabels;
use binnacle_model::event::logs::{
    Direction, EvaluateLogs, LogPoint, LogsRequest, LogsTime, LogsValue,
};
use binnacle_model::limits::{Meter, QueryLimits};
use binnacle_model::query::{
    InstantQuery, MatrixSeries, MetricsQuery, QueryError, QueryOptions, QueryValue, RangeQuery,
    Value,
};
use binnacle_model::{Labels, Sample};
use binnacle_promql::ast::{At, Duration, DurationExpr, DurationExprKind, Expr, ExprKind};
use binnacle_promql::eval::{EvalOptions, TimeRange, evaluate};
use binnacle_promql::functions::FunctionId;

use super::Settings;
use super::layer::Layer;
use super::plan::Steps;
use crate::lint::walk;
use crate::unit_test::query::query_error;

/// Who asks, in the list of running queries.
pub(super) const CLIENT: &str = "rule replay";

/// Steps that may fail one by one before the rest is given up.
const FAILURES_MAX: usize = 100;

/// Values at steps.
#[derive(Debug, Default)]
pub(super) struct Matrix {
    /// Series and their samples, ascending in time; the times are those of the data.
    pub(super) series: Vec<(Labels, Vec<Sample>)>,
    /// Steps that have no values because of an error.
    pub(super) failed: BTreeMap<usize, Arc<str>>,
}

/// Where values come from.
pub(super) enum Source<'a> {
    /// The store, by the text of the expression.
    Store {
        metrics: &'a dyn MetricsQuery,
        text: String,
    },
    /// The stored lines, by the text of the expression.
    Lines {
        logs: &'a dyn EvaluateLogs,
        text: String,
    },
    /// Here, over what rules have given and what was fetched.
    Here {
        tree: &'a Expr,
        layer: &'a Layer,
        options: EvalOptions,
    },
}

/// Fetches all steps. An error of the evaluation fails the steps at which it happens
/// and no others: a range that fails is halved until single steps are left.
///
/// # Errors
/// When the store cannot be asked at all.
pub(super) async fn fetch(
    source: &Source<'_>,
    tree: &Expr,
    steps: Steps,
    settings: &Settings,
) -> Result<Matrix, QueryError> {
    let single = needs_steps(tree);
    let chunk = if single { 1 } else { settings.steps_max.max(1) };
    let mut matrix = Matrix::default();
    let mut places: HashMap<Labels, usize> = HashMap::new();
    // What is left to do, the earliest last.
    let mut open: Vec<(usize, usize)> = (0..steps.count)
        .step_by(chunk)
        .map(|from| (from, (from + chunk).min(steps.count)))
        .rev()
        .collect();
    let mut failures = 0;
    while let Some((from, to)) = open.pop() {
        let answer = source
            .ask(steps.data_at(from), steps.data_at(to - 1), steps.step_ms)
            .await;
        let error = match answer {
            Ok(found) => {
                take(&mut matrix, &mut places, found);
                continue;
            }
            Err(error @ (QueryError::Unavailable { .. } | QueryError::Canceled { .. })) => {
                return Err(error);
            }
            Err(error) => error,
        };
        let hopeless = matches!(error, QueryError::BadData { .. }) || failures >= FAILURES_MAX;
        if to - from > 1 && !hopeless {
            let middle = from + (to - from) / 2;
            open.extend([(middle, to), (from, middle)]);
            continue;
        }
        failures += 1;
        let text: Arc<str> = error.to_string().into();
        matrix
            .failed
            .extend((from..to).map(|i| (i, Arc::clone(&text))));
        if hopeless {
            let rest = open.drain(..).flat_map(|(from, to)| from..to);
            matrix.failed.extend(rest.map(|i| (i, Arc::clone(&text))));
        }
    }
    Ok(matrix)
}

fn take(matrix: &mut Matrix, places: &mut HashMap<Labels, usize>, found: Vec<MatrixSeries>) {
    for series in found {
        if series.floats.is_empty() {
            continue;
        }
        match places.get(&series.labels) {
            Some(place) => matrix.series[*place].1.extend(series.floats),
            None => {
                places.insert(series.labels.clone(), matrix.series.len());
                matrix.series.push((series.labels, series.floats));
            }
        }
    }
}

impl Source<'_> {
    /// The values at one step or several.
    pub(super) async fn ask(
        &self,
        start_ms: i64,
        end_ms: i64,
        step_ms: i64,
    ) -> Result<Vec<MatrixSeries>, QueryError> {
        let one = start_ms == end_ms;
        let value = match self {
            Self::Store { metrics, text } => {
                let options = QueryOptions {
                    client: CLIENT.to_owned(),
                    ..QueryOptions::default()
                };
                let text = text.clone();
                let answer = if one {
                    let at_ms = start_ms;
                    metrics
                        .instant(InstantQuery {
                            text,
                            at_ms,
                            options,
                        })
                        .await
                } else {
                    let query = RangeQuery {
                        text,
                        start_ms,
                        end_ms,
                        step_ms,
                        options,
                    };
                    metrics.range(query).await
                };
                answer?.value
            }
            Self::Lines { logs, text } => {
                return of_lines(*logs, text, start_ms, end_ms, step_ms).await;
            }
            Self::Here {
                tree,
                layer,
                options,
            } => {
                let range = TimeRange {
                    start_ms,
                    end_ms,
                    step_ms: if one { 0 } else { step_ms },
                };
                let meter = Arc::new(Meter::new(QueryLimits::default()));
                let done = evaluate(tree, range, *layer, None, options, &meter);
                done.map_err(query_error)?.value
            }
        };
        series_of(value)
    }
}

/// The values that lines give.
async fn of_lines(
    logs: &dyn EvaluateLogs,
    text: &str,
    start_ms: i64,
    end_ms: i64,
    step_ms: i64,
) -> Result<Vec<MatrixSeries>, QueryError> {
    let ns = |ms: i64| ms.saturating_mul(1_000_000);
    let request = LogsRequest {
        text: text.to_owned(),
        time: LogsTime::Range {
            start_ns: ns(start_ms),
            end_ns: ns(end_ms),
            step_ns: ns(step_ms),
            interval_ns: 0,
        },
        limit: 0,
        direction: Direction::Backward,
        options: QueryOptions {
            client: CLIENT.to_owned(),
            ..QueryOptions::default()
        },
    };
    let sample = |(t_ms, value)| Sample { t_ms, value };
    let series = |labels: Labels, points: Vec<LogPoint>| MatrixSeries {
        labels,
        floats: points.into_iter().map(sample).collect(),
        ..MatrixSeries::default()
    };
    let of = |labels: &LogLabels| Labels::from_pairs(labels.iter());
    match logs.query(request).await?.value {
        LogsValue::Matrix(all) => Ok(all.into_iter().map(|(l, p)| series(of(&l), p)).collect()),
        LogsValue::Vector(all) => Ok(all
            .into_iter()
            .map(|(l, point)| series(of(&l), vec![point]))
            .collect()),
        LogsValue::Scalar(point) => Ok(vec![series(Labels::empty(), vec![point])]),
        LogsValue::Streams(_) => Err(no_numbers()),
    }
}

fn no_numbers() -> QueryError {
    QueryError::Execution {
        message: "rule result is not a vector or scalar".to_owned(),
    }
}

fn series_of(value: QueryValue) -> Result<Vec<MatrixSeries>, QueryError> {
    let one = |labels, sample| MatrixSeries {
        labels,
        floats: vec![sample],
        ..MatrixSeries::default()
    };
    match value {
        QueryValue::Matrix(series) => Ok(series),
        QueryValue::Scalar(sample) => Ok(vec![one(Labels::empty(), sample)]),
        QueryValue::Vector(vector) => Ok(vector
            .into_iter()
            .filter_map(|element| match element.value {
                Value::Float(value) => Some(one(
                    element.labels,
                    Sample {
                        t_ms: element.t_ms,
                        value,
                    },
                )),
                Value::Histogram(_) => None,
            })
            .collect()),
        QueryValue::String { .. } => Err(no_numbers()),
    }
}

/// Whether an expression means something else in a query over a range than at one
/// time: it asks for the start, the end, the step or the range of its query.
pub(super) fn needs_steps(tree: &Expr) -> bool {
    let mut needs = false;
    let bound = |at: &Option<At>| matches!(at, Some(At::Start | At::End));
    walk(tree, &mut |expr, _| {
        needs |= match &expr.kind {
            ExprKind::Vector(selector) => bound(&selector.at) || asks(&selector.offset),
            ExprKind::Matrix(matrix) => {
                bound(&matrix.vector.at) || asks(&matrix.vector.offset) || asks(&matrix.range)
            }
            ExprKind::Subquery(subquery) => {
                bound(&subquery.at)
                    || asks(&subquery.offset)
                    || asks(&subquery.range)
                    || subquery.step.as_ref().is_some_and(asks)
            }
            ExprKind::Call(call) => matches!(
                call.function.id,
                FunctionId::Start | FunctionId::End | FunctionId::Step | FunctionId::Range
            ),
            _ => false,
        };
    });
    needs
}

fn asks(duration: &Duration) -> bool {
    fn expression(expr: &DurationExpr) -> bool {
        match &expr.kind {
            DurationExprKind::Number(_) => false,
            DurationExprKind::Step | DurationExprKind::Range => true,
            DurationExprKind::Neg(a) | DurationExprKind::Pos(a) => expression(a),
            DurationExprKind::Add(a, b)
            | DurationExprKind::Sub(a, b)
            | DurationExprKind::Mul(a, b)
            | DurationExprKind::Div(a, b)
            | DurationExprKind::Mod(a, b)
            | DurationExprKind::Pow(a, b)
            | DurationExprKind::Min(a, b)
            | DurationExprKind::Max(a, b) => expression(a) || expression(b),
        }
    }
    match duration {
        Duration::Fixed(_) => false,
        Duration::Expr(expr) => expression(expr),
    }
}
