//! Text to tree.
//!
//! A recursive-descent parser with a precedence loop for binary operators, in two
//! passes: the first reads the text and stops at the first thing it cannot read,
//! the second ([`check`]) walks the tree and collects everything that is well
//! formed and yet wrong, such as an argument of the wrong type. Errors carry the
//! byte range they speak of; their words are those of Prometheus wherever people
//! or programs may know them.
//!
//! Nesting and the height of trees are limited, so that neither this parser nor
//! anyone who walks a tree recursively can run out of stack.

mod aggregate;
mod binary;
mod check;
mod cursor;
mod duration;
mod error;
mod expr;
mod histogram;
mod metric;
mod modifier;
mod selector;
mod series;

use binnacle_model::{Labels, Matcher};

use crate::ast::{Expr, ExprKind};
use cursor::Cursor;

pub use crate::lexer::string::unquote;
pub use error::{ParseError, ParseErrors};
pub use series::{SeriesDescription, SeriesValue};

/// How high a tree may be, and how deep its text may be nested. Real queries stay
/// far below; long chains of `or` that tools write come closest.
pub const HEIGHT_MAX: usize = 512;

/// Which parts of the language that Prometheus keeps behind feature flags are on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ParseOptions {
    /// Functions and aggregations marked experimental.
    pub experimental_functions: bool,
    /// Arithmetic in durations: `[5m + step()]`.
    pub duration_expressions: bool,
    /// `anchored` and `smoothed`.
    pub extended_range_selectors: bool,
    /// `fill`, `fill_left`, `fill_right`.
    pub fill_modifiers: bool,
}

impl Default for ParseOptions {
    /// Everything on.
    fn default() -> Self {
        Self {
            experimental_functions: true,
            duration_expressions: true,
            extended_range_selectors: true,
            fill_modifiers: true,
        }
    }
}

/// Reads an expression, with the whole of the language on.
///
/// # Errors
/// When `text` is no expression, or one that makes no sense.
pub fn parse(text: &str) -> Result<Expr, ParseErrors> {
    parse_with(text, ParseOptions::default())
}

/// Reads an expression.
///
/// # Errors
/// As [`parse`], and when it uses a part of the language that is off.
pub fn parse_with(text: &str, options: ParseOptions) -> Result<Expr, ParseErrors> {
    let mut cursor = Cursor::new(text, options);
    let parsed = cursor.whole(Cursor::expression);
    match parsed {
        Ok(mut expr) if cursor.errors.is_empty() => {
            check::check(&mut expr, text, &mut cursor.errors);
            cursor.finish(expr)
        }
        Ok(expr) => cursor.finish(expr),
        Err(_) => Err(cursor.into_errors()),
    }
}

/// Reads a series selector such as `up{job="x"}`.
///
/// Unlike in an expression, all matchers may match the empty string: whoever asks
/// for `{}` says what that means.
///
/// # Errors
/// When `text` is anything else.
pub fn parse_selector(text: &str) -> Result<Vec<Matcher>, ParseErrors> {
    let mut cursor = Cursor::new(text, ParseOptions::default());
    match cursor.whole(Cursor::vector_selector) {
        Ok(Expr {
            kind: ExprKind::Vector(vector),
            ..
        }) => cursor.finish(vector.matchers),
        _ => Err(cursor.into_errors()),
    }
}

/// Reads a series' name and labels, such as `up{job="x"}`.
///
/// # Errors
/// When `text` is anything else.
pub fn parse_metric(text: &str) -> Result<Labels, ParseErrors> {
    let mut cursor = Cursor::new(text, ParseOptions::default());
    match cursor.whole(Cursor::metric) {
        Ok(labels) => cursor.finish(labels),
        Err(_) => Err(cursor.into_errors()),
    }
}

/// Reads a series of the language of test scripts and rule tests: a metric and its
/// values, such as `up{job="x"} 1+1x3 _ stale`.
///
/// # Errors
/// When `text` is anything else.
pub fn parse_series_description(text: &str) -> Result<SeriesDescription, ParseErrors> {
    series::parse(text)
}
