//! Conditions on labels.

use binnacle_model::Matcher;
use binnacle_model::matcher::MatchOp;

use super::convert;
use super::ip::IpPattern;
use super::labels::RowLabels;
use super::{ERROR, ERROR_DETAILS};
use crate::ast::{CompareOp, LabelFilter};

/// A compiled condition.
pub enum Condition {
    /// On the text.
    Text(Matcher),
    /// On the number.
    Number(String, CompareOp, f64),
    /// On the duration.
    Duration(String, CompareOp, i64),
    /// On the size.
    Bytes(String, CompareOp, u64),
    /// On the address.
    Ip(String, bool, IpPattern),
    /// Both.
    And(Box<Condition>, Box<Condition>),
    /// Either.
    Or(Box<Condition>, Box<Condition>),
}

impl Condition {
    /// Compiles a condition.
    ///
    /// # Errors
    /// What is wrong with an address.
    pub fn new(filter: &LabelFilter) -> Result<Self, String> {
        let pair = |a: &LabelFilter, b: &LabelFilter| {
            Ok::<_, String>((Box::new(Self::new(a)?), Box::new(Self::new(b)?)))
        };
        Ok(match filter {
            LabelFilter::Text(matcher) => Self::Text(matcher.clone()),
            LabelFilter::Number { name, op, value } => Self::Number(name.clone(), *op, *value),
            LabelFilter::Duration {
                name, op, value_ns, ..
            } => Self::Duration(name.clone(), *op, *value_ns),
            LabelFilter::Bytes {
                name, op, value, ..
            } => Self::Bytes(name.clone(), *op, *value),
            LabelFilter::Ip { name, op, pattern } => Self::Ip(
                name.clone(),
                *op == MatchOp::NotEqual,
                IpPattern::new(pattern)?,
            ),
            LabelFilter::And(a, b) => {
                let (a, b) = pair(a, b)?;
                Self::And(a, b)
            }
            LabelFilter::Or(a, b) => {
                let (a, b) = pair(a, b)?;
                Self::Or(a, b)
            }
        })
    }

    /// Whether a row passes; a value that cannot be compared is an error of the row, which
    /// then stays.
    pub fn passes(&self, labels: &mut RowLabels) -> bool {
        match self {
            Self::And(a, b) => {
                // Both sides are looked at, since each may have an error to tell.
                let left = a.passes(labels);
                left && b.passes(labels)
            }
            Self::Or(a, b) => a.passes(labels) || b.passes(labels),
            Self::Text(matcher) => matcher.matches(labels.get(&matcher.name).unwrap_or("")),
            Self::Number(name, op, with) => compare(labels, name, *op, with, convert::float),
            Self::Duration(name, op, with) => compare(labels, name, *op, with, convert::duration),
            Self::Bytes(name, op, with) => compare(labels, name, *op, with, convert::bytes),
            Self::Ip(name, negated, pattern) => {
                if labels.error().is_some() {
                    return true;
                }
                let Some(value) = labels.get(name) else {
                    return false;
                };
                pattern.is_in(value.as_bytes()) != *negated
            }
        }
    }
}

/// What a condition on one label says of its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The row passes.
    Passes,
    /// The row goes.
    Fails,
    /// The row has an error to tell.
    Errs,
}

impl Condition {
    /// The label that it looks at; `None` when it is made of others.
    pub(crate) fn label(&self) -> Option<&str> {
        match self {
            Self::Text(matcher) => Some(&matcher.name),
            Self::Number(name, ..)
            | Self::Duration(name, ..)
            | Self::Bytes(name, ..)
            | Self::Ip(name, ..) => Some(name),
            Self::And(..) | Self::Or(..) => None,
        }
    }

    /// What it says of its label's value in a row without an error. Of a condition that is
    /// made of others nothing can be said.
    pub(crate) fn judge(&self, value: Option<&str>) -> Verdict {
        fn say<T: PartialOrd>(op: CompareOp, with: &T, value: Result<T, String>) -> Verdict {
            value.map_or(Verdict::Errs, |value| is(holds(op, &value, with)))
        }
        fn is(passes: bool) -> Verdict {
            if passes {
                Verdict::Passes
            } else {
                Verdict::Fails
            }
        }
        if let Self::Text(matcher) = self {
            return is(matcher.matches(value.unwrap_or("")));
        }
        let Some(value) = value else {
            return Verdict::Fails;
        };
        match self {
            Self::Number(_, op, with) => say(*op, with, convert::float(value)),
            Self::Duration(_, op, with) => say(*op, with, convert::duration(value)),
            Self::Bytes(_, op, with) => say(*op, with, convert::bytes(value)),
            Self::Ip(_, negated, pattern) => is(pattern.is_in(value.as_bytes()) != *negated),
            Self::Text(_) | Self::And(..) | Self::Or(..) => Verdict::Errs,
        }
    }
}

/// Calls `see` with the name of each label that a condition looks at.
pub(super) fn names(filter: &LabelFilter, see: &mut impl FnMut(&str)) {
    match filter {
        LabelFilter::Text(matcher) => see(&matcher.name),
        LabelFilter::Number { name, .. }
        | LabelFilter::Duration { name, .. }
        | LabelFilter::Bytes { name, .. }
        | LabelFilter::Ip { name, .. } => see(name),
        LabelFilter::And(a, b) | LabelFilter::Or(a, b) => {
            names(a, see);
            names(b, see);
        }
    }
}

fn compare<T: PartialOrd>(
    labels: &mut RowLabels,
    name: &str,
    op: CompareOp,
    with: &T,
    read: impl FnOnce(&str) -> Result<T, String>,
) -> bool {
    if name == ERROR || name == ERROR_DETAILS {
        return false;
    }
    let Some(text) = labels.get(name) else {
        return false;
    };
    match read(text) {
        Ok(value) => holds(op, &value, with),
        Err(message) => {
            // An earlier error tells more.
            if labels.error().is_none() {
                labels.set_error("LabelFilterErr", &message);
            }
            true
        }
    }
}

fn holds<T: PartialOrd>(op: CompareOp, value: &T, with: &T) -> bool {
    match op {
        CompareOp::Equal => value == with,
        CompareOp::NotEqual => value != with,
        CompareOp::Greater => value > with,
        CompareOp::GreaterOrEqual => value >= with,
        CompareOp::Less => value < with,
        CompareOp::LessOrEqual => value <= with,
    }
}
