//! From a tree to a text, as Loki prints it.

mod pretty;

use std::fmt::{self, Display, Formatter, Write};

use binnacle_model::Matcher;
use binnacle_model::labels::write_quoted;

use crate::ast::{
    Binary, BinaryOp, CompareOp, Conversion, Expr, Extraction, Group, Grouping, LabelFilter,
    LabelFormatValue, LineFilter, LineOp, LineOperand, LogExpr, LogRange, NamedMatcher,
    RangeAggregation, SampleExpr, Stage, VectorAggregation,
};
use crate::parse::sample_tables::{RANGE_OPS, VECTOR_OPS};
use crate::parse::units::print_duration;

/// Bytes of a line of [`pretty`], about.
pub const WIDTH: usize = 100;

/// The query over several lines where one would be too long. [`crate::parse::parse`] reads
/// it again as the same tree.
#[must_use]
pub fn pretty(expr: &Expr) -> String {
    pretty_within(expr, WIDTH)
}

/// As [`pretty`], with lines of about `width` bytes.
#[must_use]
pub fn pretty_within(expr: &Expr, width: usize) -> String {
    pretty::expr(expr, width)
}

/// A number that is read again as the same: the language has no words for the infinite
/// ones and for what is no number.
struct Number(f64);

impl Display for Number {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.0 {
            v if v.is_nan() => f.write_str("(0 / 0)"),
            f64::INFINITY => f.write_str("1e999"),
            f64::NEG_INFINITY => f.write_str("-1e999"),
            v => v.fmt(f),
        }
    }
}

struct Quoted<'t>(&'t str);

impl Display for Quoted<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if self.0.contains(['\\', '"']) && !self.0.contains(['`', '\r']) {
            return write!(f, "`{}`", self.0);
        }
        write_quoted(f, self.0)
    }
}

fn list<T: Display>(f: &mut Formatter<'_>, items: &[T], between: &str) -> fmt::Result {
    for (i, item) in items.iter().enumerate() {
        if i > 0 {
            f.write_str(between)?;
        }
        item.fmt(f)?;
    }
    Ok(())
}

struct Pair<'m>(&'m Matcher);

impl Display for Pair<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let m = self.0;
        write!(f, "{}{}{}", m.name, m.op.as_str(), Quoted(&m.value))
    }
}

impl Display for Expr {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Log(log) => log.fmt(f),
            Self::Sample(sample) => sample.fmt(f),
        }
    }
}

impl Display for LogExpr {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_char('{')?;
        let pairs: Vec<Pair<'_>> = self.matchers.iter().map(Pair).collect();
        list(f, &pairs, ", ")?;
        f.write_char('}')?;
        for stage in &self.stages {
            write!(f, " {stage}")?;
        }
        Ok(())
    }
}

impl Display for LineFilter {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        // None of the alternatives of a negative filter may be there: Loki prints a chain.
        let (op, between) = match self.op {
            LineOp::Contains => ("|= ", " or "),
            LineOp::Matches => ("|~ ", " or "),
            LineOp::Pattern => ("|> ", " or "),
            LineOp::NotContains => ("!= ", " != "),
            LineOp::NotMatches => ("!~ ", " !~ "),
            LineOp::NotPattern => ("!> ", " !> "),
        };
        f.write_str(op)?;
        for (i, operand) in self.any.iter().enumerate() {
            if i > 0 {
                f.write_str(between)?;
            }
            match operand {
                LineOperand::Text(text) => Quoted(text).fmt(f)?,
                LineOperand::Ip(text) => write!(f, "ip({})", Quoted(text))?,
            }
        }
        Ok(())
    }
}

impl Display for Extraction {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.label, Quoted(&self.expression))
    }
}

impl Display for NamedMatcher {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Matcher(matcher) => Pair(matcher).fmt(f),
        }
    }
}

impl Display for Stage {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(filter) => filter.fmt(f),
            Self::Json(extractions) => {
                f.write_str("| json")?;
                spaced(f, extractions)
            }
            Self::Logfmt {
                strict,
                keep_empty,
                extractions,
            } => {
                f.write_str("| logfmt")?;
                if *strict {
                    f.write_str(" --strict")?;
                }
                if *keep_empty {
                    f.write_str(" --keep-empty")?;
                }
                spaced(f, extractions)
            }
            Self::Regexp(text) => write!(f, "| regexp {}", Quoted(text)),
            Self::Pattern(text) => write!(f, "| pattern {}", Quoted(text)),
            Self::Unpack => f.write_str("| unpack"),
            Self::Filter(filter) => write!(f, "| {filter}"),
            Self::LineFormat(text) => write!(f, "| line_format {}", Quoted(text)),
            Self::LabelFormat(formats) => {
                f.write_str("| label_format ")?;
                for (i, format) in formats.iter().enumerate() {
                    if i > 0 {
                        f.write_char(',')?;
                    }
                    match &format.value {
                        LabelFormatValue::Rename(from) => write!(f, "{}={from}", format.label)?,
                        LabelFormatValue::Template(text) => {
                            write!(f, "{}={}", format.label, Quoted(text))?;
                        }
                    }
                }
                Ok(())
            }
            Self::Decolorize => f.write_str("| decolorize"),
            Self::Drop(matchers) => {
                f.write_str("| drop ")?;
                list(f, matchers, ",")
            }
            Self::Keep(matchers) => {
                f.write_str("| keep ")?;
                list(f, matchers, ",")
            }
        }
    }
}

fn spaced(f: &mut Formatter<'_>, extractions: &[Extraction]) -> fmt::Result {
    if extractions.is_empty() {
        return Ok(());
    }
    f.write_char(' ')?;
    list(f, extractions, ",")
}

impl Display for CompareOp {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
        })
    }
}

impl Display for LabelFilter {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(matcher) => Pair(matcher).fmt(f),
            Self::Number { name, op, value } => write!(f, "{name}{op}{}", Number(*value)),
            Self::Duration { name, op, text, .. } | Self::Bytes { name, op, text, .. } => {
                write!(f, "{name}{op}{text}")
            }
            Self::Ip { name, op, pattern } => {
                write!(f, "{name}{}ip({})", op.as_str(), Quoted(pattern))
            }
            Self::And(a, b) => write!(f, "( {a} , {b} )"),
            Self::Or(a, b) => write!(f, "( {a} or {b} )"),
        }
    }
}

impl Display for LogRange {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.log.fmt(f)?;
        if let Some(unwrap) = unwrap(self) {
            write!(f, " {unwrap}")?;
        }
        write!(f, "{}{}", range(self), offset(self))
    }
}

/// `| unwrap x` with what is behind it.
fn unwrap(of: &LogRange) -> Option<String> {
    let unwrap = of.unwrap.as_ref()?;
    let label = &unwrap.label;
    let mut text = match unwrap.conversion {
        None => format!("| unwrap {label}"),
        Some(Conversion::Bytes) => format!("| unwrap bytes({label})"),
        Some(Conversion::Duration) => format!("| unwrap duration({label})"),
        Some(Conversion::DurationSeconds) => format!("| unwrap duration_seconds({label})"),
    };
    for filter in &unwrap.filters {
        text += &format!(" | {filter}");
    }
    Some(text)
}

/// `[5m]`
fn range(of: &LogRange) -> String {
    format!("[{}]", short(of.range_ns))
}

/// ` offset 5m`, or nothing.
fn offset(of: &LogRange) -> String {
    match of.offset_ns {
        0 => String::new(),
        ns => format!(" offset {}", short(ns)),
    }
}

/// `5m` for `5m0s`, `1h` for `1h0m0s`.
fn short(ns: i64) -> String {
    let text = print_duration(ns);
    let text = text
        .strip_suffix("m0s")
        .map_or(text.clone(), |t| format!("{t}m"));
    match text.strip_suffix("h0m") {
        Some(t) => format!("{t}h"),
        None => text,
    }
}

impl Display for Grouping {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}", if self.without { "without" } else { "by" })?;
        f.write_str(" (")?;
        list(f, &self.labels, ",")?;
        f.write_char(')')
    }
}

fn name_of<T: PartialEq>(table: &[(&'static str, T)], op: &T) -> &'static str {
    table.iter().find(|(_, o)| o == op).map_or("", |(n, _)| n)
}

impl Display for RangeAggregation {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}(", name_of(RANGE_OPS, &self.op))?;
        if let Some(parameter) = self.parameter {
            write!(f, "{},", Number(parameter))?;
        }
        write!(f, "{})", self.range)?;
        if let Some(grouping) = &self.grouping {
            write!(f, " {grouping}")?;
        }
        Ok(())
    }
}

impl Display for VectorAggregation {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(name_of(VECTOR_OPS, &self.op))?;
        if let Some(grouping) = &self.grouping {
            write!(f, " {grouping} ")?;
        }
        f.write_char('(')?;
        if let Some(parameter) = self.parameter {
            write!(f, "{parameter},")?;
        }
        write!(f, "{})", self.expr)
    }
}

impl Display for BinaryOp {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Or => "or",
            Self::And => "and",
            Self::Unless => "unless",
            Self::Add => "+",
            Self::Sub => "-",
            Self::Mul => "*",
            Self::Div => "/",
            Self::Mod => "%",
            Self::Pow => "^",
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
        })
    }
}

/// The operator with its modifiers.
fn operator(binary: &Binary) -> String {
    let mut text = binary.op.to_string();
    if binary.return_bool {
        text += " bool";
    }
    if let Some(matching) = &binary.matching {
        text += if matching.on { " on" } else { " ignoring" };
        text += &format!(" ({})", matching.labels.join(","));
        if let Some(group) = matching.group {
            text += match group {
                Group::Left => " group_left",
                Group::Right => " group_right",
            };
            text += &format!(" ({})", matching.include.join(","));
        }
    }
    text
}

impl Display for Binary {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "({} {} {})", self.left, operator(self), self.right)
    }
}

impl Display for SampleExpr {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Range(range) => range.fmt(f),
            Self::Vector(vector) => vector.fmt(f),
            Self::Binary(binary) => binary.fmt(f),
            Self::Literal(value) => Number(*value).fmt(f),
            Self::LabelReplace(replace) => write!(
                f,
                "label_replace({},{},{},{},{})",
                replace.expr,
                Quoted(&replace.destination),
                Quoted(&replace.replacement),
                Quoted(&replace.source),
                Quoted(&replace.regex)
            ),
            Self::VectorOf(value) => write!(f, "vector({})", Number(*value)),
            Self::Variants(variants) => {
                f.write_str("variants(")?;
                list(f, &variants.variants, ", ")?;
                write!(f, ") of ({})", variants.of)
            }
        }
    }
}
