//! The expression of a rule: as written, as printed, and as a tree.

use binnacle_config::error::At;
use binnacle_promql::ast::Expr;
use binnacle_promql::parse::{ParseErrors, parse};

use super::place::Places;

/// What a rule evaluates.
#[derive(Debug, Clone, PartialEq)]
pub struct Expression {
    /// Where it starts.
    pub at: At,
    /// As it was written.
    pub source: String,
    /// As the language prints it; two rules with the same text are the same query.
    pub text: String,
    /// Its tree; spans are bytes of [`Expression::source`].
    pub tree: Expr,
    places: Places,
}

impl Expression {
    /// Reads the expression `source`, whose value starts at `at` of `file`.
    ///
    /// # Errors
    /// Every mistake and where it stands in the file.
    pub(super) fn read(file: &str, at: At, source: String) -> Result<Self, Vec<(At, String)>> {
        let places = Places::of(file, at, &source);
        match parse(&source) {
            Ok(tree) => Ok(Self {
                at,
                text: tree.to_string(),
                source,
                tree,
                places,
            }),
            Err(errors) => Err(mistakes(&errors, &places, &source)),
        }
    }

    /// Where byte `byte` of [`Expression::source`] stands in the file.
    #[must_use]
    pub fn place_of(&self, byte: usize) -> At {
        self.places.place_of(&self.source, byte)
    }
}

fn mistakes(errors: &ParseErrors, places: &Places, source: &str) -> Vec<(At, String)> {
    errors
        .iter()
        .map(|error| {
            let at = places.place_of(source, error.span.start);
            (at, format!("parse error: {}", error.message))
        })
        .collect()
}
