//! Durations and duration expressions.

use std::fmt;

use binnacle_model::duration;

use super::number;
use crate::ast::{Duration, DurationExpr, DurationExprKind as Kind, NumberLiteral};

impl fmt::Display for NumberLiteral {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.duration {
            f.write_str(&duration::print((self.value * 1000.0).round() as i64))
        } else {
            f.write_str(&number(self.value))
        }
    }
}

impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fixed(ms) => f.write_str(&duration::print(*ms)),
            Self::Expr(expr) => expr.fmt(f),
        }
    }
}

impl fmt::Display for DurationExpr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.wrapped {
            f.write_str("(")?;
        }
        match &self.kind {
            Kind::Number(number) => number.fmt(f)?,
            Kind::Step => f.write_str("step()")?,
            Kind::Range => f.write_str("range()")?,
            Kind::Neg(inner) => write!(f, "-{inner}")?,
            Kind::Pos(inner) => inner.fmt(f)?,
            Kind::Add(a, b) => write!(f, "{a} + {b}")?,
            Kind::Sub(a, b) => write!(f, "{a} - {b}")?,
            Kind::Mul(a, b) => write!(f, "{a} * {b}")?,
            Kind::Div(a, b) => write!(f, "{a} / {b}")?,
            Kind::Mod(a, b) => write!(f, "{a} % {b}")?,
            Kind::Pow(a, b) => write!(f, "{a} ^ {b}")?,
            Kind::Min(a, b) => write!(f, "min_of({a}, {b})")?,
            Kind::Max(a, b) => write!(f, "max_of({a}, {b})")?,
        }
        if self.wrapped {
            f.write_str(")")?;
        }
        Ok(())
    }
}
