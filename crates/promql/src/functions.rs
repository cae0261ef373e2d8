//! The functions of the language: names, signatures, identities.
//!
//! The parser checks calls against this table, the evaluator dispatches on
//! [`FunctionId`]. What a function computes is not here but in [`crate::eval`].
//! The list is that of Prometheus 3, experimental functions included.

use crate::ast::ValueType;
use ValueType::{Matrix, Scalar, String as Str, Vector};

/// A function's signature.
#[derive(Debug, PartialEq, Eq)]
pub struct Function {
    /// Its name, as written in a query.
    pub name: &'static str,
    /// The types of its arguments; the last repeats when `variadic` is not zero.
    pub arg_types: &'static [ValueType],
    /// `0`: exactly `arg_types`; `n > 0`: the last argument type is optional and may
    /// come up to `n` times; `-1`: the last argument type is optional and may come
    /// without limit.
    pub variadic: i32,
    /// The type of its value.
    pub return_type: ValueType,
    /// Whether Prometheus asks for a feature flag to use it.
    pub experimental: bool,
    /// Which function it is.
    pub id: FunctionId,
}

impl Function {
    /// The fewest arguments it takes.
    pub fn args_min(&self) -> usize {
        self.arg_types.len() - usize::from(self.variadic != 0)
    }

    /// The most arguments it takes; `None` when there is no limit.
    pub fn args_max(&self) -> Option<usize> {
        let fixed = self.args_min();
        usize::try_from(self.variadic)
            .ok()
            .map(|optional| fixed + optional)
    }

    /// The type of the argument at `index`.
    ///
    /// Past the end of the list it is the last type: that is the one that repeats.
    pub fn arg_type(&self, index: usize) -> ValueType {
        let last = self.arg_types.len().saturating_sub(1);
        self.arg_types
            .get(index.min(last))
            .copied()
            .unwrap_or(ValueType::None)
    }
}

/// Finds a function by its name, which is case-sensitive.
pub fn lookup(name: &str) -> Option<&'static Function> {
    FUNCTIONS
        .binary_search_by(|function| function.name.cmp(name))
        .ok()
        .map(|at| &FUNCTIONS[at])
}

/// The function whose name is one or two edits away from `name`, which is none, if
/// there is such a function.
pub fn nearest(name: &str) -> Option<&'static str> {
    if name.len() < 3 || name.len() > 40 {
        return None;
    }
    FUNCTIONS
        .iter()
        .map(|function| {
            let known = function.name;
            // Of two equally near names it is rather the one that was cut short.
            (
                edits(name.as_bytes(), known.as_bytes()),
                !known.starts_with(name),
                known,
            )
        })
        .min()
        .filter(|&(distance, ..)| distance <= 1 + usize::from(name.len() > 6))
        .map(|(.., nearest)| nearest)
}

/// Levenshtein's distance.
fn edits(a: &[u8], b: &[u8]) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, &from) in a.iter().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, &to) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(from.to_ascii_lowercase() != to);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

/// Which function.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum FunctionId {
    Abs,
    Absent,
    AbsentOverTime,
    Acos,
    Acosh,
    Asin,
    Asinh,
    Atan,
    Atanh,
    AvgOverTime,
    Ceil,
    Changes,
    Clamp,
    ClampMax,
    ClampMin,
    Cos,
    Cosh,
    CountOverTime,
    DayOfMonth,
    DayOfWeek,
    DayOfYear,
    DaysInMonth,
    Deg,
    Delta,
    Deriv,
    DoubleExponentialSmoothing,
    End,
    Exp,
    FirstOverTime,
    Floor,
    HistogramAvg,
    HistogramCount,
    HistogramFraction,
    HistogramQuantile,
    HistogramQuantiles,
    HistogramStddev,
    HistogramStdvar,
    HistogramSum,
    Hour,
    Idelta,
    Increase,
    Info,
    Irate,
    LabelJoin,
    LabelReplace,
    LastOverTime,
    Ln,
    Log10,
    Log2,
    MadOverTime,
    MaxOf,
    MaxOverTime,
    MinOf,
    MinOverTime,
    Minute,
    Month,
    Pi,
    PredictLinear,
    PresentOverTime,
    QuantileOverTime,
    Rad,
    Range,
    Rate,
    Resets,
    Round,
    Scalar,
    Sgn,
    Sin,
    Sinh,
    Sort,
    SortByLabel,
    SortByLabelDesc,
    SortDesc,
    Sqrt,
    Start,
    StartTimestamp,
    StddevOverTime,
    StdvarOverTime,
    Step,
    SumOverTime,
    Tan,
    Tanh,
    Time,
    Timestamp,
    TsOfFirstOverTime,
    TsOfLastOverTime,
    TsOfMaxOverTime,
    TsOfMinOverTime,
    Vector,
    Year,
}

const fn function(
    name: &'static str,
    id: FunctionId,
    arg_types: &'static [ValueType],
    return_type: ValueType,
) -> Function {
    Function {
        name,
        arg_types,
        variadic: 0,
        return_type,
        experimental: false,
        id,
    }
}

impl Function {
    const fn variadic(mut self, variadic: i32) -> Function {
        self.variadic = variadic;
        self
    }

    const fn experimental(mut self) -> Function {
        self.experimental = true;
        self
    }
}

/// All functions, sorted by name.
pub static FUNCTIONS: &[Function] = &[
    function("abs", FunctionId::Abs, &[Vector], Vector),
    function("absent", FunctionId::Absent, &[Vector], Vector),
    function(
        "absent_over_time",
        FunctionId::AbsentOverTime,
        &[Matrix],
        Vector,
    ),
    function("acos", FunctionId::Acos, &[Vector], Vector),
    function("acosh", FunctionId::Acosh, &[Vector], Vector),
    function("asin", FunctionId::Asin, &[Vector], Vector),
    function("asinh", FunctionId::Asinh, &[Vector], Vector),
    function("atan", FunctionId::Atan, &[Vector], Vector),
    function("atanh", FunctionId::Atanh, &[Vector], Vector),
    function("avg_over_time", FunctionId::AvgOverTime, &[Matrix], Vector),
    function("ceil", FunctionId::Ceil, &[Vector], Vector),
    function("changes", FunctionId::Changes, &[Matrix], Vector),
    function(
        "clamp",
        FunctionId::Clamp,
        &[Vector, Scalar, Scalar],
        Vector,
    ),
    function("clamp_max", FunctionId::ClampMax, &[Vector, Scalar], Vector),
    function("clamp_min", FunctionId::ClampMin, &[Vector, Scalar], Vector),
    function("cos", FunctionId::Cos, &[Vector], Vector),
    function("cosh", FunctionId::Cosh, &[Vector], Vector),
    function(
        "count_over_time",
        FunctionId::CountOverTime,
        &[Matrix],
        Vector,
    ),
    function("day_of_month", FunctionId::DayOfMonth, &[Vector], Vector).variadic(1),
    function("day_of_week", FunctionId::DayOfWeek, &[Vector], Vector).variadic(1),
    function("day_of_year", FunctionId::DayOfYear, &[Vector], Vector).variadic(1),
    function("days_in_month", FunctionId::DaysInMonth, &[Vector], Vector).variadic(1),
    function("deg", FunctionId::Deg, &[Vector], Vector),
    function("delta", FunctionId::Delta, &[Matrix], Vector),
    function("deriv", FunctionId::Deriv, &[Matrix], Vector),
    function(
        "double_exponential_smoothing",
        FunctionId::DoubleExponentialSmoothing,
        &[Matrix, Scalar, Scalar],
        Vector,
    )
    .experimental(),
    function("end", FunctionId::End, &[], Scalar).experimental(),
    function("exp", FunctionId::Exp, &[Vector], Vector),
    function(
        "first_over_time",
        FunctionId::FirstOverTime,
        &[Matrix],
        Vector,
    ),
    function("floor", FunctionId::Floor, &[Vector], Vector),
    function("histogram_avg", FunctionId::HistogramAvg, &[Vector], Vector),
    function(
        "histogram_count",
        FunctionId::HistogramCount,
        &[Vector],
        Vector,
    ),
    function(
        "histogram_fraction",
        FunctionId::HistogramFraction,
        &[Scalar, Scalar, Vector],
        Vector,
    ),
    function(
        "histogram_quantile",
        FunctionId::HistogramQuantile,
        &[Scalar, Vector],
        Vector,
    ),
    function(
        "histogram_quantiles",
        FunctionId::HistogramQuantiles,
        &[Vector, Str, Scalar, Scalar],
        Vector,
    )
    .variadic(9)
    .experimental(),
    function(
        "histogram_stddev",
        FunctionId::HistogramStddev,
        &[Vector],
        Vector,
    ),
    function(
        "histogram_stdvar",
        FunctionId::HistogramStdvar,
        &[Vector],
        Vector,
    ),
    function("histogram_sum", FunctionId::HistogramSum, &[Vector], Vector),
    function("hour", FunctionId::Hour, &[Vector], Vector).variadic(1),
    function("idelta", FunctionId::Idelta, &[Matrix], Vector),
    function("increase", FunctionId::Increase, &[Matrix], Vector),
    function("info", FunctionId::Info, &[Vector, Vector], Vector)
        .variadic(1)
        .experimental(),
    function("irate", FunctionId::Irate, &[Matrix], Vector),
    function(
        "label_join",
        FunctionId::LabelJoin,
        &[Vector, Str, Str, Str],
        Vector,
    )
    .variadic(-1),
    function(
        "label_replace",
        FunctionId::LabelReplace,
        &[Vector, Str, Str, Str, Str],
        Vector,
    ),
    function(
        "last_over_time",
        FunctionId::LastOverTime,
        &[Matrix],
        Vector,
    ),
    function("ln", FunctionId::Ln, &[Vector], Vector),
    function("log10", FunctionId::Log10, &[Vector], Vector),
    function("log2", FunctionId::Log2, &[Vector], Vector),
    function("mad_over_time", FunctionId::MadOverTime, &[Matrix], Vector).experimental(),
    function("max_of", FunctionId::MaxOf, &[Scalar, Scalar], Scalar).experimental(),
    function("max_over_time", FunctionId::MaxOverTime, &[Matrix], Vector),
    function("min_of", FunctionId::MinOf, &[Scalar, Scalar], Scalar).experimental(),
    function("min_over_time", FunctionId::MinOverTime, &[Matrix], Vector),
    function("minute", FunctionId::Minute, &[Vector], Vector).variadic(1),
    function("month", FunctionId::Month, &[Vector], Vector).variadic(1),
    function("pi", FunctionId::Pi, &[], Scalar),
    function(
        "predict_linear",
        FunctionId::PredictLinear,
        &[Matrix, Scalar],
        Vector,
    ),
    function(
        "present_over_time",
        FunctionId::PresentOverTime,
        &[Matrix],
        Vector,
    ),
    function(
        "quantile_over_time",
        FunctionId::QuantileOverTime,
        &[Scalar, Matrix],
        Vector,
    ),
    function("rad", FunctionId::Rad, &[Vector], Vector),
    function("range", FunctionId::Range, &[], Scalar).experimental(),
    function("rate", FunctionId::Rate, &[Matrix], Vector),
    function("resets", FunctionId::Resets, &[Matrix], Vector),
    function("round", FunctionId::Round, &[Vector, Scalar], Vector).variadic(1),
    function("scalar", FunctionId::Scalar, &[Vector], Scalar),
    function("sgn", FunctionId::Sgn, &[Vector], Vector),
    function("sin", FunctionId::Sin, &[Vector], Vector),
    function("sinh", FunctionId::Sinh, &[Vector], Vector),
    function("sort", FunctionId::Sort, &[Vector], Vector),
    function(
        "sort_by_label",
        FunctionId::SortByLabel,
        &[Vector, Str],
        Vector,
    )
    .variadic(-1)
    .experimental(),
    function(
        "sort_by_label_desc",
        FunctionId::SortByLabelDesc,
        &[Vector, Str],
        Vector,
    )
    .variadic(-1)
    .experimental(),
    function("sort_desc", FunctionId::SortDesc, &[Vector], Vector),
    function("sqrt", FunctionId::Sqrt, &[Vector], Vector),
    function("start", FunctionId::Start, &[], Scalar).experimental(),
    function(
        "start_timestamp",
        FunctionId::StartTimestamp,
        &[Vector],
        Vector,
    )
    .experimental(),
    function(
        "stddev_over_time",
        FunctionId::StddevOverTime,
        &[Matrix],
        Vector,
    ),
    function(
        "stdvar_over_time",
        FunctionId::StdvarOverTime,
        &[Matrix],
        Vector,
    ),
    function("step", FunctionId::Step, &[], Scalar).experimental(),
    function("sum_over_time", FunctionId::SumOverTime, &[Matrix], Vector),
    function("tan", FunctionId::Tan, &[Vector], Vector),
    function("tanh", FunctionId::Tanh, &[Vector], Vector),
    function("time", FunctionId::Time, &[], Scalar),
    function("timestamp", FunctionId::Timestamp, &[Vector], Vector),
    function(
        "ts_of_first_over_time",
        FunctionId::TsOfFirstOverTime,
        &[Matrix],
        Vector,
    )
    .experimental(),
    function(
        "ts_of_last_over_time",
        FunctionId::TsOfLastOverTime,
        &[Matrix],
        Vector,
    )
    .experimental(),
    function(
        "ts_of_max_over_time",
        FunctionId::TsOfMaxOverTime,
        &[Matrix],
        Vector,
    )
    .experimental(),
    function(
        "ts_of_min_over_time",
        FunctionId::TsOfMinOverTime,
        &[Matrix],
        Vector,
    )
    .experimental(),
    function("vector", FunctionId::Vector, &[Scalar], Vector),
    function("year", FunctionId::Year, &[Vector], Vector).variadic(1),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_so_that_lookup_finds_everything() {
        assert!(FUNCTIONS.is_sorted_by(|a, b| a.name < b.name));
        for function in FUNCTIONS {
            assert_eq!(lookup(function.name), Some(function));
        }
        assert_eq!(lookup("Rate"), None);
        assert_eq!(lookup(""), None);
    }

    #[test]
    fn counts_of_arguments() {
        let check = |name, min, max| {
            let function = lookup(name).unwrap();
            assert_eq!(
                (function.args_min(), function.args_max()),
                (min, max),
                "{name}"
            );
        };
        check("rate", 1, Some(1));
        check("time", 0, Some(0));
        check("round", 1, Some(2));
        check("hour", 0, Some(1));
        check("label_join", 3, None);
        check("histogram_quantiles", 3, Some(12));
    }
}
