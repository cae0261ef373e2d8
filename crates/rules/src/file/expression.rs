//! The expression of a rule: as written, as printed, and as a tree.

use binnacle_config::error::At;
use binnacle_logql::ast::Expr as LogExpr;
use binnacle_promql::ast::Expr;
use binnacle_promql::parse::{ParseErrors, parse};

use super::place::Places;

/// What an expression is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Language {
    /// Asks for metrics.
    #[default]
    Promql,
    /// Asks for metrics that are made of lines.
    Logql,
}

impl Language {
    /// `promql` or `logql`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Promql => "promql",
            Self::Logql => "logql",
        }
    }

    /// The language of a name.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        [Self::Promql, Self::Logql]
            .into_iter()
            .find(|l| l.as_str() == name)
    }
}

/// What stands for the tree of an expression over lines: it reads no series.
const NO_SERIES: &str = "vector(0)";

/// What a rule evaluates.
#[derive(Debug, Clone, PartialEq)]
pub struct Expression {
    /// Where it starts.
    pub at: At,
    /// As it was written.
    pub source: String,
    /// As the language prints it; two rules with the same text are the same query.
    pub text: String,
    /// What it is written in.
    pub language: Language,
    /// Its tree; spans are bytes of [`Expression::source`]. Of LogQL it is an expression
    /// that reads no series.
    pub tree: Expr,
    places: Places,
}

impl Expression {
    /// Reads the expression `source`, whose value starts at `at` of `file`. Without a
    /// language it is PromQL, or LogQL when it can only be that.
    ///
    /// # Errors
    /// Every mistake and where it stands in the file.
    pub(super) fn read(
        file: &str,
        at: At,
        source: String,
        language: Option<Language>,
    ) -> Result<Self, Vec<(At, String)>> {
        let places = Places::of(file, at, &source);
        let over_lines = |source: String, places: Places, text: String| {
            let tree = parse(NO_SERIES).map_err(|e| mistakes(&e, &places, &source))?;
            Ok(Self {
                at,
                source,
                text,
                language: Language::Logql,
                tree,
                places,
            })
        };
        if language == Some(Language::Logql) {
            return match logql(&source) {
                Ok(text) => over_lines(source, places, text),
                Err((byte, message)) => Err(vec![(places.place_of(&source, byte), message)]),
            };
        }
        match parse(&source) {
            Ok(tree) => Ok(Self {
                at,
                text: tree.to_string(),
                language: Language::Promql,
                source,
                tree,
                places,
            }),
            Err(errors) => match logql(&source) {
                Ok(text) if language.is_none() => over_lines(source, places, text),
                _ => Err(mistakes(&errors, &places, &source)),
            },
        }
    }

    /// Where byte `byte` of [`Expression::source`] stands in the file.
    #[must_use]
    pub fn place_of(&self, byte: usize) -> At {
        self.places.place_of(&self.source, byte)
    }
}

/// The text of a metric query over lines, or where it is none and why.
fn logql(source: &str) -> Result<String, (usize, String)> {
    match binnacle_logql::parse::parse(source) {
        Ok(sample @ LogExpr::Sample(_)) => Ok(sample.to_string()),
        Ok(LogExpr::Log(log)) => Err((
            log.span.start,
            "a rule needs numbers: put the selector into an aggregation such as \
             count_over_time(... [5m])"
                .to_owned(),
        )),
        Err(error) => Err((error.span.start, format!("parse error: {}", error.message))),
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
