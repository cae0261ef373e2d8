//! From a tree to a text, as Loki prints it.

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

/// The query on one line: what [`crate::parse::parse`] reads again as the same tree.
#[must_use]
pub fn pretty(expr: &Expr) -> String {
    expr.to_string()
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
        f.write_str(match self.op {
            LineOp::Contains => "|= ",
            LineOp::NotContains => "!= ",
            LineOp::Matches => "|~ ",
            LineOp::NotMatches => "!~ ",
            LineOp::Pattern => "|> ",
            LineOp::NotPattern => "!> ",
        })?;
        for (i, operand) in self.any.iter().enumerate() {
            if i > 0 {
                f.write_str(" or ")?;
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
            Self::Number { name, op, value } => write!(f, "{name}{op}{value}"),
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
        if let Some(unwrap) = &self.unwrap {
            f.write_str(" | unwrap ")?;
            match unwrap.conversion {
                None => f.write_str(&unwrap.label)?,
                Some(conversion) => {
                    let name = match conversion {
                        Conversion::Bytes => "bytes",
                        Conversion::Duration => "duration",
                        Conversion::DurationSeconds => "duration_seconds",
                    };
                    write!(f, "{name}({})", unwrap.label)?;
                }
            }
            for filter in &unwrap.filters {
                write!(f, " | {filter}")?;
            }
        }
        write!(f, "[{}]", short(self.range_ns))?;
        if self.offset_ns != 0 {
            write!(f, " offset {}", short(self.offset_ns))?;
        }
        Ok(())
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
            write!(f, "{parameter},")?;
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

impl Display for Binary {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "({} {}", self.left, self.op)?;
        if self.return_bool {
            f.write_str(" bool")?;
        }
        if let Some(matching) = &self.matching {
            write!(f, " {} (", if matching.on { "on" } else { "ignoring" })?;
            list(f, &matching.labels, ",")?;
            f.write_char(')')?;
            if let Some(group) = matching.group {
                let name = match group {
                    Group::Left => "group_left",
                    Group::Right => "group_right",
                };
                write!(f, " {name} (")?;
                list(f, &matching.include, ",")?;
                f.write_char(')')?;
            }
        }
        write!(f, " {})", self.right)
    }
}

impl Display for SampleExpr {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Range(range) => range.fmt(f),
            Self::Vector(vector) => vector.fmt(f),
            Self::Binary(binary) => binary.fmt(f),
            Self::Literal(value) => write!(f, "{value}"),
            Self::LabelReplace(replace) => write!(
                f,
                "label_replace({},{},{},{},{})",
                replace.expr,
                Quoted(&replace.destination),
                Quoted(&replace.replacement),
                Quoted(&replace.source),
                Quoted(&replace.regex)
            ),
            Self::VectorOf(value) => write!(f, "vector({value})"),
            Self::Variants(variants) => {
                f.write_str("variants(")?;
                list(f, &variants.variants, ", ")?;
                write!(f, ") of ({})", variants.of)
            }
        }
    }
}
