//! Templates of Prometheus: alert texts of rule files, and consoles.
//!
//! [`AlertTemplate`] is the text of a label or annotation, parsed once and expanded
//! for each alert; [`Expander`] runs any text with the same functions, with HTML
//! escaping too. What they need of the outside, a query and the time, is given to
//! each expansion.

mod address;
mod alert;
mod expander;
mod functions;
mod lint;
mod sample;

pub use alert::{AlertContext, AlertTemplate};
pub use expander::Expander;
pub use functions::{functions, graph_link, lines_link, table_link};
pub use lint::{Problem, Reference};
pub use sample::{Sample, query_result};

use binnacle_model::Labels;

/// Answers a query at the time of the expansion: the samples of a vector.
pub type Query<'a> = dyn Fn(&str) -> Result<Vec<(Labels, f64)>, String> + 'a;

/// The query of texts that must not query.
///
/// # Errors
/// Always.
pub fn no_query(_: &str) -> Result<Vec<(Labels, f64)>, String> {
    Err("queries are not available here".to_owned())
}
