//! Escaping that nobody asks for: a template whose output is a page gets an escaper
//! behind each action, chosen by where in the page the action stands.
//!
//! The texts of a template are scanned as a browser would ([`scan`]), which tells the
//! [`Context`] of each action; [`rewrite`] appends the escapers to the pipelines, and
//! [`escaper`] has them. A template that is called in several contexts is rewritten
//! for each. Branches must end in the same context.
//!
//! Deliberately stricter than Go: an action within a string, comment or URL of a style
//! sheet, or within a regular expression or template literal of a script, is refused.

mod context;
mod escaper;
mod rewrite;
mod scan;
mod script;

use std::collections::HashMap;
use std::sync::Arc;

use crate::Error;
use crate::parse::tree::Tree;

/// The template of a name and all that it calls, escaped.
///
/// # Errors
/// [`Error::Escape`]
pub(crate) fn escape(
    trees: &HashMap<Arc<str>, Arc<Tree>>,
    name: &str,
) -> Result<HashMap<Arc<str>, Arc<Tree>>, Error> {
    rewrite::Rewriter::new(trees).run(name)
}
