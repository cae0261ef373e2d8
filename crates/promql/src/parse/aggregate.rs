//! Aggregations: `sum by (x) (…)` and `sum (…) by (x)`.

use binnacle_model::annotation::Span;

use super::cursor::{Cursor, Stopped};
use crate::ast::{AggregateExpr, AggregateOp, Expr, ExprKind, NumberLiteral};
use crate::lexer::{Keyword, TokenKind};

impl Cursor<'_> {
    /// Whether the name of an aggregation at hand starts one, and is not the name of
    /// a metric.
    pub(super) fn aggregation_follows(&self) -> bool {
        let behind = self.behind_token();
        let word = behind
            .find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == ':'))
            .map_or(behind, |end| &behind[..end]);
        behind.starts_with('(')
            || word.eq_ignore_ascii_case("by")
            || word.eq_ignore_ascii_case("without")
    }

    pub(super) fn aggregate(&mut self, op: AggregateOp) -> Result<Expr, Stopped> {
        let start = self.token.span.start;
        let (grouping, args) = self.within("aggregation", "", |cursor| {
            cursor.advance()?;
            let grouping = cursor.grouping()?;
            Ok((grouping, cursor.arguments()?))
        })?;
        let (without, grouping) = match grouping {
            Some(grouping) => grouping,
            None => self.grouping()?.unwrap_or_default(),
        };
        let span = self.span_from(start);
        let (param, expr) = self.aggregate_arguments(op, args, span);
        let aggregate = AggregateExpr {
            op,
            expr,
            param,
            grouping,
            without,
        };
        Ok(Expr {
            kind: ExprKind::Aggregate(Box::new(aggregate)),
            span,
        })
    }

    /// `by (…)` or `without (…)`: whether it is `without`, and the labels.
    fn grouping(&mut self) -> Result<Option<(bool, Vec<String>)>, Stopped> {
        let without = match self.token.kind {
            TokenKind::Keyword(Keyword::By) => false,
            TokenKind::Keyword(Keyword::Without) => true,
            _ => return Ok(None),
        };
        self.advance()?;
        Ok(Some((without, self.label_list()?)))
    }

    fn aggregate_arguments(
        &mut self,
        op: AggregateOp,
        args: Vec<Expr>,
        span: Span,
    ) -> (Option<Expr>, Expr) {
        let wanted = 1 + usize::from(op.param_type().is_some());
        let count = args.len();
        let mut args = args.into_iter();
        let param = if wanted == 2 { args.next() } else { None };
        if op.is_experimental() && !self.options.experimental_functions {
            let name = op.as_str();
            self.note(span, format!("{name}() is experimental and must be enabled with --enable-feature=promql-experimental-functions"));
        } else if count == 0 {
            self.note(span, "no arguments for aggregate expression provided");
        } else if count != wanted {
            self.note(span, format!("wrong number of arguments for aggregate expression provided, expected {wanted}, got {count}"));
        }
        // Without an argument an error was noted, and this is never seen.
        let nothing = || {
            let number = NumberLiteral {
                value: 0.0,
                duration: false,
            };
            Expr {
                kind: ExprKind::Number(number),
                span,
            }
        };
        (param, args.next().unwrap_or_else(nothing))
    }
}
