//! Conditions on labels.

use binnacle_model::Matcher;
use binnacle_model::matcher::MatchOp;

use super::ip::IpPattern;
use super::labels::RowLabels;
use super::{ERROR, ERROR_DETAILS};
use crate::ast::{CompareOp, LabelFilter};
use crate::parse::units;

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
            Self::Text(matcher) => {
                let value = match matcher.name.as_str() {
                    ERROR => labels.error(),
                    ERROR_DETAILS => labels.error_details(),
                    name => labels.get(name),
                };
                matcher.matches(value.unwrap_or(""))
            }
            Self::Number(name, op, with) => compare(labels, name, *op, with, |text| {
                text.parse::<f64>()
                    .map_err(|_| format!("strconv.ParseFloat: parsing {text:?}: invalid syntax"))
            }),
            Self::Duration(name, op, with) => compare(labels, name, *op, with, |text| {
                units::go_duration(text).ok_or_else(|| format!("time: invalid duration {text:?}"))
            }),
            Self::Bytes(name, op, with) => compare(labels, name, *op, with, |text| {
                units::bytes(text)
                    .ok_or_else(|| format!("strconv.ParseFloat: parsing {text:?}: invalid syntax"))
            }),
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
    if labels.error().is_some() {
        return true;
    }
    match read(text) {
        Ok(value) => match op {
            CompareOp::Equal => value == *with,
            CompareOp::NotEqual => value != *with,
            CompareOp::Greater => value > *with,
            CompareOp::GreaterOrEqual => value >= *with,
            CompareOp::Less => value < *with,
            CompareOp::LessOrEqual => value <= *with,
        },
        Err(message) => {
            labels.set_error("LabelFilterErr", &message);
            true
        }
    }
}
