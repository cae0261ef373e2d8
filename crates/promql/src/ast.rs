//! The syntax tree.
//!
//! Every node carries the byte range of the text it was read from, so that an
//! error or an annotation can point at it. What was written stays distinct from
//! what it comes to: a duration that is an expression (`[5m + step()]`) is kept
//! as [`DurationExpr`] and worked out when the query's range is known.

use binnacle_model::Matcher;
use binnacle_model::annotation::Span;

use crate::functions::Function;

/// An expression and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// Where it stands.
    pub span: Span,
}

/// The kinds of expressions.
#[derive(Debug, Clone, PartialEq)]
pub enum ExprKind {
    /// `1.5`, `0x1f`, `Inf`, or a duration as a number of seconds (`5m`).
    Number(NumberLiteral),
    /// `"text"`, unescaped.
    String(String),
    /// `( … )`.
    Paren(Box<Expr>),
    /// `-x`, `+x`.
    Unary(UnaryOp, Box<Expr>),
    /// `a + b`, `a and b`, …
    Binary(Box<BinaryExpr>),
    /// `sum by (x) (…)`, …
    Aggregate(Box<AggregateExpr>),
    /// `rate(…)`, …
    Call(Call),
    /// `up{job="x"}`.
    Vector(VectorSelector),
    /// `up{job="x"}[5m]`.
    Matrix(Box<MatrixSelector>),
    /// `(…)[1h:1m]`.
    Subquery(Box<Subquery>),
}

/// The type of an expression's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum ValueType {
    None,
    Scalar,
    String,
    Vector,
    Matrix,
}

impl ValueType {
    /// The word of the API: `scalar`, `matrix`, ….
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Scalar => "scalar",
            Self::String => "string",
            Self::Vector => "vector",
            Self::Matrix => "matrix",
        }
    }

    /// The words of the documentation: `instant vector`, `range vector`, ….
    pub fn documented(self) -> &'static str {
        match self {
            Self::Vector => "instant vector",
            Self::Matrix => "range vector",
            other => other.as_str(),
        }
    }
}

impl Expr {
    /// The type of its value.
    pub fn value_type(&self) -> ValueType {
        match &self.kind {
            ExprKind::Number(_) => ValueType::Scalar,
            ExprKind::String(_) => ValueType::String,
            ExprKind::Paren(inner) | ExprKind::Unary(_, inner) => inner.value_type(),
            ExprKind::Binary(binary) => {
                let scalar = |side: &Expr| side.value_type() == ValueType::Scalar;
                if scalar(&binary.lhs) && scalar(&binary.rhs) {
                    ValueType::Scalar
                } else {
                    ValueType::Vector
                }
            }
            ExprKind::Aggregate(_) | ExprKind::Vector(_) => ValueType::Vector,
            ExprKind::Call(call) => call.function.return_type,
            ExprKind::Matrix(_) | ExprKind::Subquery(_) => ValueType::Matrix,
        }
    }

    /// Calls `visit` with every instant selector, those of range selectors
    /// included, from left to right.
    pub fn selectors<'a>(&'a self, visit: &mut dyn FnMut(&'a VectorSelector)) {
        match &self.kind {
            ExprKind::Number(_) | ExprKind::String(_) => {}
            ExprKind::Paren(inner) | ExprKind::Unary(_, inner) => inner.selectors(visit),
            ExprKind::Binary(binary) => {
                binary.lhs.selectors(visit);
                binary.rhs.selectors(visit);
            }
            ExprKind::Aggregate(aggregate) => {
                if let Some(param) = &aggregate.param {
                    param.selectors(visit);
                }
                aggregate.expr.selectors(visit);
            }
            ExprKind::Call(call) => call.args.iter().for_each(|arg| arg.selectors(visit)),
            ExprKind::Vector(vector) => visit(vector),
            ExprKind::Matrix(matrix) => visit(&matrix.vector),
            ExprKind::Subquery(subquery) => subquery.expr.selectors(visit),
        }
    }
}

/// A number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NumberLiteral {
    /// Its value; seconds when it was written as a duration.
    pub value: f64,
    /// Whether it was written as a duration.
    pub duration: bool,
}

/// Sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum UnaryOp {
    Plus,
    Minus,
}

impl UnaryOp {
    /// As it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Plus => "+",
            Self::Minus => "-",
        }
    }
}

/// Binary operators.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum BinaryOp {
    Add,
    Sub,
    Mul,
    Div,
    Mod,
    Pow,
    Atan2,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    /// `</`: native histograms, observations below.
    TrimUpper,
    /// `>/`: native histograms, observations above.
    TrimLower,
    And,
    Or,
    Unless,
}

impl BinaryOp {
    /// As it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Sub => "-",
            Self::Mul => "*",
            Self::Div => "/",
            Self::Mod => "%",
            Self::Pow => "^",
            Self::Atan2 => "atan2",
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::TrimUpper => "</",
            Self::TrimLower => ">/",
            Self::And => "and",
            Self::Or => "or",
            Self::Unless => "unless",
        }
    }

    /// `==`, `!=`, `<`, `<=`, `>`, `>=`.
    pub fn is_comparison(self) -> bool {
        matches!(
            self,
            Self::Equal
                | Self::NotEqual
                | Self::Less
                | Self::LessOrEqual
                | Self::Greater
                | Self::GreaterOrEqual
        )
    }

    /// `and`, `or`, `unless`.
    pub fn is_set(self) -> bool {
        matches!(self, Self::And | Self::Or | Self::Unless)
    }
}

/// How many series of one side meet how many of the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[allow(missing_docs)]
pub enum Cardinality {
    #[default]
    OneToOne,
    /// `group_left`.
    ManyToOne,
    /// `group_right`.
    OneToMany,
    /// Set operators.
    ManyToMany,
}

impl Cardinality {
    /// As the API names it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OneToOne => "one-to-one",
            Self::ManyToOne => "many-to-one",
            Self::OneToMany => "one-to-many",
            Self::ManyToMany => "many-to-many",
        }
    }
}

/// `on`, `ignoring`, `group_left`, `group_right`, `fill`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct VectorMatching {
    /// How many meet how many.
    pub card: Cardinality,
    /// Labels of `on` or `ignoring`.
    pub labels: Vec<String>,
    /// Whether it is `on`.
    pub on: bool,
    /// Labels that `group_left` or `group_right` take from the one side.
    pub include: Vec<String>,
    /// Value for a missing left side (`fill`, `fill_left`).
    pub fill_left: Option<f64>,
    /// Value for a missing right side (`fill`, `fill_right`).
    pub fill_right: Option<f64>,
}

/// `lhs op rhs`.
#[derive(Debug, Clone, PartialEq)]
pub struct BinaryExpr {
    /// The operator.
    pub op: BinaryOp,
    /// Left side.
    pub lhs: Expr,
    /// Right side.
    pub rhs: Expr,
    /// How series meet; `None` unless both sides are vectors.
    pub matching: Option<VectorMatching>,
    /// The `bool` modifier of a comparison.
    pub return_bool: bool,
    /// Where the operator stands.
    pub op_span: Span,
}

/// Aggregation operators.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum AggregateOp {
    Sum,
    Avg,
    Count,
    Min,
    Max,
    Group,
    Stddev,
    Stdvar,
    Topk,
    Bottomk,
    CountValues,
    Quantile,
    Limitk,
    LimitRatio,
}

impl AggregateOp {
    /// As it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sum => "sum",
            Self::Avg => "avg",
            Self::Count => "count",
            Self::Min => "min",
            Self::Max => "max",
            Self::Group => "group",
            Self::Stddev => "stddev",
            Self::Stdvar => "stdvar",
            Self::Topk => "topk",
            Self::Bottomk => "bottomk",
            Self::CountValues => "count_values",
            Self::Quantile => "quantile",
            Self::Limitk => "limitk",
            Self::LimitRatio => "limit_ratio",
        }
    }

    /// The type of its parameter; `None` when it takes none.
    pub fn param_type(self) -> Option<ValueType> {
        match self {
            Self::Topk | Self::Bottomk | Self::Quantile | Self::Limitk | Self::LimitRatio => {
                Some(ValueType::Scalar)
            }
            Self::CountValues => Some(ValueType::String),
            _ => None,
        }
    }

    /// Whether Prometheus asks for a feature flag to use it.
    pub fn is_experimental(self) -> bool {
        matches!(self, Self::Limitk | Self::LimitRatio)
    }
}

/// `op by (grouping) (param, expr)`.
#[derive(Debug, Clone, PartialEq)]
pub struct AggregateExpr {
    /// The operator.
    pub op: AggregateOp,
    /// What is aggregated.
    pub expr: Expr,
    /// The parameter of `topk`, `quantile`, `count_values`, …
    pub param: Option<Expr>,
    /// Labels of `by` or `without`.
    pub grouping: Vec<String>,
    /// Whether it is `without`.
    pub without: bool,
}

/// `function(args)`.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// The function.
    pub function: &'static Function,
    /// Its arguments.
    pub args: Vec<Expr>,
}

/// `@` modifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum At {
    /// `@ 1609746000`, in milliseconds.
    Time(i64),
    /// `@ start()`.
    Start,
    /// `@ end()`.
    End,
}

/// A duration: fixed, or to be worked out with the query's step and range.
#[derive(Debug, Clone, PartialEq)]
pub enum Duration {
    /// Milliseconds.
    Fixed(i64),
    /// An expression.
    Expr(Box<DurationExpr>),
}

/// A duration expression and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct DurationExpr {
    /// What it is.
    pub kind: DurationExprKind,
    /// Where it stands.
    pub span: Span,
    /// Whether it is wrapped in parentheses.
    pub wrapped: bool,
}

/// The kinds of duration expressions.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs)]
pub enum DurationExprKind {
    /// A number or a duration, in seconds.
    Number(NumberLiteral),
    /// `step()`
    Step,
    /// `range()`
    Range,
    Neg(Box<DurationExpr>),
    Pos(Box<DurationExpr>),
    Add(Box<DurationExpr>, Box<DurationExpr>),
    Sub(Box<DurationExpr>, Box<DurationExpr>),
    Mul(Box<DurationExpr>, Box<DurationExpr>),
    Div(Box<DurationExpr>, Box<DurationExpr>),
    Mod(Box<DurationExpr>, Box<DurationExpr>),
    Pow(Box<DurationExpr>, Box<DurationExpr>),
    Min(Box<DurationExpr>, Box<DurationExpr>),
    Max(Box<DurationExpr>, Box<DurationExpr>),
}

/// How the ends of a range are treated (`anchored`, `smoothed`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[allow(missing_docs)]
pub enum RangeMode {
    #[default]
    Plain,
    Anchored,
    Smoothed,
}

/// An instant selector.
#[derive(Debug, Clone, PartialEq)]
pub struct VectorSelector {
    /// The metric's name when it was written before the braces; a name within the
    /// braces is a matcher like any other.
    pub name: Option<String>,
    /// All matchers, that of the name included, in the order written (the name's
    /// last, as Prometheus has it).
    pub matchers: Vec<Matcher>,
    /// `offset`; zero when there is none.
    pub offset: Duration,
    /// `@`.
    pub at: Option<At>,
    /// `anchored`, `smoothed`.
    pub mode: RangeMode,
}

/// A range selector.
#[derive(Debug, Clone, PartialEq)]
pub struct MatrixSelector {
    /// Which series; carries `offset`, `@` and mode.
    pub vector: VectorSelector,
    /// Where the instant selector within stands.
    pub vector_span: Span,
    /// How long.
    pub range: Duration,
}

/// A subquery.
#[derive(Debug, Clone, PartialEq)]
pub struct Subquery {
    /// What is evaluated.
    pub expr: Expr,
    /// How long.
    pub range: Duration,
    /// How often; `None`: the default step.
    pub step: Option<Duration>,
    /// `offset`; zero when there is none.
    pub offset: Duration,
    /// `@`.
    pub at: Option<At>,
}
