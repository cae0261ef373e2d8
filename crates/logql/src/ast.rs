//! The tree of a LogQL query.

use std::sync::Arc;

use binnacle_model::Matcher;
use binnacle_model::annotation::Span;
use binnacle_model::matcher::MatchOp;

/// A query.
#[derive(Debug, Clone)]
pub enum Expr {
    /// Lines: `{app="a"} |= "x" | json`.
    Log(LogExpr),
    /// Series: everything else.
    Sample(SampleExpr),
}

/// A stream selector and the stages behind it.
#[derive(Debug, Clone)]
pub struct LogExpr {
    /// At least one must not match the empty text (the parser checks).
    pub matchers: Vec<Matcher>,
    /// In order.
    pub stages: Vec<Stage>,
    /// Where it stands.
    pub span: Span,
}

/// A stage of a pipeline.
#[derive(Debug, Clone)]
pub enum Stage {
    /// `|= "a" or "b"`, `!=`, `|~`, `!~`, `|>`, `!>`, `|= ip("…")`.
    Line(LineFilter),
    /// `| json`, `| json a="b.c", d="e[0]"`.
    Json(Vec<Extraction>),
    /// `| logfmt`, with `--strict`, `--keep-empty`, and expressions.
    Logfmt {
        /// Stop at the first error.
        strict: bool,
        /// Keep keys without a value.
        keep_empty: bool,
        /// What to extract; empty: all.
        extractions: Vec<Extraction>,
    },
    /// `| regexp "(?P<a>…)"`.
    Regexp(String),
    /// `| pattern "<a> - <b>"`.
    Pattern(String),
    /// `| unpack`.
    Unpack,
    /// `| status >= 500 and method = "GET"`.
    Filter(LabelFilter),
    /// `| line_format "{{.a}}"`.
    LineFormat(String),
    /// `| label_format a=b, c="{{.d}}"`.
    LabelFormat(Vec<LabelFormat>),
    /// `| decolorize`.
    Decolorize,
    /// `| drop a, b="c"`.
    Drop(Vec<NamedMatcher>),
    /// `| keep a, b=~"c.*"`.
    Keep(Vec<NamedMatcher>),
}

/// How a line filter compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LineOp {
    /// `|=`
    Contains,
    /// `!=`
    NotContains,
    /// `|~`
    Matches,
    /// `!~`
    NotMatches,
    /// `|>`
    Pattern,
    /// `!>`
    NotPattern,
}

/// A line filter with its alternatives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineFilter {
    /// How.
    pub op: LineOp,
    /// The alternatives of `or`, the first included.
    pub any: Vec<LineOperand>,
}

/// What a line filter looks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LineOperand {
    /// Text, expression or pattern, as the operator says.
    Text(String),
    /// `ip("…")`: an address, a range or a network.
    Ip(String),
}

/// `label="expression"` of `json` and `logfmt`; a bare name is its own expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extraction {
    /// The label.
    pub label: String,
    /// Where the value is.
    pub expression: String,
}

/// One part of `label_format`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelFormat {
    /// The label that is set.
    pub label: String,
    /// To what.
    pub value: LabelFormatValue,
}

/// What a label is set to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LabelFormatValue {
    /// The value of that label, which goes away.
    Rename(String),
    /// A template.
    Template(String),
}

/// Part of `drop` and `keep`: a name, or a matcher.
#[derive(Debug, Clone)]
pub enum NamedMatcher {
    /// Whatever its value.
    Name(String),
    /// When the value matches.
    Matcher(Matcher),
}

/// A condition on labels.
#[derive(Debug, Clone)]
pub enum LabelFilter {
    /// `name="value"`, `name=~"value"`.
    Text(Matcher),
    /// `name > 5`, `name == 1.5`.
    Number {
        /// The label.
        name: String,
        /// The comparison.
        op: CompareOp,
        /// With what.
        value: f64,
    },
    /// `name > 5s`: the value in nanoseconds.
    Duration {
        /// The label.
        name: String,
        /// The comparison.
        op: CompareOp,
        /// As written, for printing.
        text: String,
        /// Nanoseconds.
        value_ns: i64,
    },
    /// `name > 5KB`.
    Bytes {
        /// The label.
        name: String,
        /// The comparison.
        op: CompareOp,
        /// As written, for printing.
        text: String,
        /// Bytes.
        value: u64,
    },
    /// `name = ip("…")` (`Equal` or `NotEqual`).
    Ip {
        /// The label.
        name: String,
        /// Equal or not equal.
        op: MatchOp,
        /// Address, range or network.
        pattern: String,
    },
    /// Both (`and`, a comma, or a space).
    And(Box<LabelFilter>, Box<LabelFilter>),
    /// Either.
    Or(Box<LabelFilter>, Box<LabelFilter>),
}

/// Comparisons.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum CompareOp {
    Equal,
    NotEqual,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
}

/// An expression whose value is a vector or a number.
#[derive(Debug, Clone)]
pub enum SampleExpr {
    /// `rate({…}[5m] offset 1m)`.
    Range(Box<RangeAggregation>),
    /// `sum by (app) (…)`, `topk(5, …)`.
    Vector(Box<VectorAggregation>),
    /// `a / on (x) b`.
    Binary(Box<Binary>),
    /// A number.
    Literal(f64),
    /// `label_replace(v, dst, replacement, src, regex)`.
    LabelReplace(Box<LabelReplace>),
    /// `vector(1)`.
    VectorOf(f64),
    /// `variants(…) of (…)`: several aggregations over one log range.
    Variants(Box<Variants>),
}

/// An aggregation over a range of lines.
#[derive(Debug, Clone)]
pub struct RangeAggregation {
    /// Which.
    pub op: RangeOp,
    /// The quantile of `quantile_over_time`.
    pub parameter: Option<f64>,
    /// The lines.
    pub range: LogRange,
    /// `by` or `without` behind it.
    pub grouping: Option<Grouping>,
    /// Where it stands.
    pub span: Span,
}

/// Lines and how far back.
#[derive(Debug, Clone)]
pub struct LogRange {
    /// The lines.
    pub log: LogExpr,
    /// Nanoseconds, more than 0.
    pub range_ns: i64,
    /// Nanoseconds; may be negative.
    pub offset_ns: i64,
    /// `| unwrap …`.
    pub unwrap: Option<Unwrap>,
}

/// Which label is the value.
#[derive(Debug, Clone)]
pub struct Unwrap {
    /// The label.
    pub label: String,
    /// How it is read.
    pub conversion: Option<Conversion>,
    /// Conditions behind it.
    pub filters: Vec<LabelFilter>,
}

/// How an unwrapped value is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Conversion {
    /// `bytes(x)`
    Bytes,
    /// `duration(x)`
    Duration,
    /// `duration_seconds(x)`
    DurationSeconds,
}

/// Aggregations over a range.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum RangeOp {
    CountOverTime,
    Rate,
    RateCounter,
    BytesOverTime,
    BytesRate,
    AvgOverTime,
    SumOverTime,
    MinOverTime,
    MaxOverTime,
    StdvarOverTime,
    StddevOverTime,
    QuantileOverTime,
    FirstOverTime,
    LastOverTime,
    AbsentOverTime,
}

/// `by (…)` or `without (…)`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grouping {
    /// Whether it is `without`.
    pub without: bool,
    /// The labels.
    pub labels: Vec<String>,
}

impl Grouping {
    /// By no label: all in one.
    #[must_use]
    pub fn all_in_one() -> Self {
        Self {
            without: false,
            labels: Vec::new(),
        }
    }
}

/// An aggregation over series.
#[derive(Debug, Clone)]
pub struct VectorAggregation {
    /// Which.
    pub op: VectorOp,
    /// The number of `topk`, `bottomk` and the approximate one.
    pub parameter: Option<i64>,
    /// Over what.
    pub expr: SampleExpr,
    /// How it is grouped; `None`: all in one, or for `sort` as it is.
    pub grouping: Option<Grouping>,
    /// Where it stands.
    pub span: Span,
}

/// Aggregations over series.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum VectorOp {
    Sum,
    Avg,
    Min,
    Max,
    Count,
    Stddev,
    Stdvar,
    Topk,
    Bottomk,
    ApproxTopk,
    Sort,
    SortDesc,
}

/// A binary operation.
#[derive(Debug, Clone)]
pub struct Binary {
    /// Which.
    pub op: BinaryOp,
    /// Whether a comparison gives 0 or 1.
    pub return_bool: bool,
    /// How the sides are matched.
    pub matching: Option<Arc<Matching>>,
    /// Left side.
    pub left: SampleExpr,
    /// Right side.
    pub right: SampleExpr,
    /// Where it stands.
    pub span: Span,
}

/// Operators.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum BinaryOp {
    Or,
    And,
    Unless,
    Add,
    Sub,
    Mul,
    Div,
    Mod,
    Pow,
    Equal,
    NotEqual,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
}

/// `on`, `ignoring`, `group_left`, `group_right`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Matching {
    /// Whether the labels are those of `on`.
    pub on: bool,
    /// The labels.
    pub labels: Vec<String>,
    /// Which side may have many.
    pub group: Option<Group>,
    /// Labels to take over from the side that has one.
    pub include: Vec<String>,
}

/// Which side may have many series for one of the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Group {
    Left,
    Right,
}

/// `label_replace`.
#[derive(Debug, Clone)]
pub struct LabelReplace {
    /// Over what.
    pub expr: SampleExpr,
    /// The label that is set.
    pub destination: String,
    /// To what.
    pub replacement: String,
    /// From which label.
    pub source: String,
    /// When it matches.
    pub regex: String,
}

/// Several aggregations over one log range.
#[derive(Debug, Clone)]
pub struct Variants {
    /// The aggregations.
    pub variants: Vec<SampleExpr>,
    /// The range they share.
    pub of: LogRange,
}
