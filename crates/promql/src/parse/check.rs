//! What the grammar allows and the language does not: wrong types, wrong numbers
//! of arguments, selectors that select everything.

use binnacle_model::Matcher;
use binnacle_model::annotation::Span;
use binnacle_model::matcher::MatchOp;

use super::ParseError;
use crate::ast::{
    AggregateExpr, BinaryExpr, Call, Cardinality, Expr, ExprKind, ValueType, VectorSelector,
};
use crate::functions::FunctionId;

/// Checks `expr`, which was read from `text`, and brings the matching of its binary
/// operators into the form that [`BinaryExpr`] promises.
pub(super) fn check(expr: &mut Expr, text: &str, errors: &mut Vec<ParseError>) {
    Checker { text, errors }.expr(expr);
}

struct Checker<'a> {
    text: &'a str,
    errors: &'a mut Vec<ParseError>,
}

impl Checker<'_> {
    fn note(&mut self, span: Span, message: impl Into<String>) {
        self.errors
            .push(ParseError::new(self.text, span, message.into()));
    }

    fn expr(&mut self, expr: &mut Expr) {
        let span = expr.span;
        match &mut expr.kind {
            ExprKind::Number(_) | ExprKind::String(_) => {}
            ExprKind::Paren(inner) => self.expr(inner),
            ExprKind::Unary(_, inner) => {
                self.expr(inner);
                let found = inner.value_type();
                if found != ValueType::Scalar && found != ValueType::Vector {
                    self.note(span, format!("unary expression only allowed on expressions of type scalar or instant vector, got {:?}", found.documented()));
                }
            }
            ExprKind::Binary(binary) => self.binary(binary, span),
            ExprKind::Aggregate(aggregate) => self.aggregate(aggregate),
            ExprKind::Call(call) => self.call(call, span),
            ExprKind::Vector(vector) => self.vector(vector, span),
            ExprKind::Matrix(matrix) => self.vector(&matrix.vector, matrix.vector_span),
            ExprKind::Subquery(subquery) => {
                self.expr(&mut subquery.expr);
                let found = subquery.expr.value_type();
                if found != ValueType::Vector {
                    self.note(
                        span,
                        format!(
                            "subquery is only allowed on instant vector, got {} instead",
                            found.as_str()
                        ),
                    );
                }
            }
        }
    }

    fn expect(&mut self, expr: &Expr, wanted: ValueType, place: &str) {
        let found = expr.value_type();
        if found != wanted {
            let (wanted, found) = (wanted.documented(), found.documented());
            self.note(
                expr.span,
                format!("expected type {wanted} in {place}, got {found}"),
            );
        }
    }

    fn aggregate(&mut self, aggregate: &mut AggregateExpr) {
        self.expr(&mut aggregate.expr);
        self.expect(&aggregate.expr, ValueType::Vector, "aggregation expression");
        if let (Some(wanted), Some(param)) = (aggregate.op.param_type(), &mut aggregate.param) {
            self.expr(param);
            self.expect(param, wanted, "aggregation parameter");
        }
    }

    fn binary(&mut self, binary: &mut BinaryExpr, span: Span) {
        self.expr(&mut binary.lhs);
        self.expr(&mut binary.rhs);
        let (left, right) = (binary.lhs.value_type(), binary.rhs.value_type());
        let scalars = left == ValueType::Scalar && right == ValueType::Scalar;
        let op = binary.op;
        if binary.return_bool && !op.is_comparison() {
            self.note(
                binary.op_span,
                "bool modifier can only be used on comparison operators",
            );
        }
        if op.is_comparison() && !binary.return_bool && scalars {
            self.note(
                binary.op_span,
                "comparisons between scalars must use BOOL modifier",
            );
        }
        for (side, found) in [(&binary.lhs, left), (&binary.rhs, right)] {
            if found != ValueType::Scalar && found != ValueType::Vector {
                self.note(
                    side.span,
                    "binary expression must contain only scalar and instant vector types",
                );
            }
        }
        self.matching(
            binary,
            span,
            left == ValueType::Vector && right == ValueType::Vector,
        );
        if op.is_set() && (left == ValueType::Scalar || right == ValueType::Scalar) {
            let op = op.as_str();
            self.note(
                span,
                format!("set operator {op:?} not allowed in binary scalar expression"),
            );
        }
    }

    fn matching(&mut self, binary: &mut BinaryExpr, span: Span, vectors: bool) {
        let (op, op_span) = (binary.op, binary.op_span);
        let Some(matching) = &mut binary.matching else {
            return;
        };
        if matching.on {
            for label in matching
                .labels
                .iter()
                .filter(|l| matching.include.contains(l))
            {
                self.note(
                    op_span,
                    format!("label {label:?} must not occur in ON and GROUP clause at once"),
                );
            }
        }
        let fills = matching.fill_left.is_some() || matching.fill_right.is_some();
        if !vectors {
            if !matching.labels.is_empty() {
                self.note(span, "vector matching only allowed between instant vectors");
            }
            if fills {
                self.note(
                    span,
                    "filling in missing series only allowed between instant vectors",
                );
            }
            binary.matching = None;
            return;
        }
        if !op.is_set() {
            return;
        }
        if matching.card == Cardinality::OneToOne {
            matching.card = Cardinality::ManyToMany;
        } else {
            self.note(
                span,
                format!("no grouping allowed for {:?} operation", op.as_str()),
            );
            self.note(span, "set operations must always be many-to-many");
        }
        if fills {
            self.note(
                span,
                "filling in missing series not allowed for set operators",
            );
        }
    }

    fn call(&mut self, call: &mut Call, span: Span) {
        let function = call.function;
        let (name, count) = (function.name, call.args.len());
        let fewest = function.args_min();
        if function.variadic == 0 && count != fewest {
            self.note(
                span,
                format!("expected {fewest} argument(s) in call to {name:?}, got {count}"),
            );
        } else if count < fewest {
            self.note(
                span,
                format!("expected at least {fewest} argument(s) in call to {name:?}, got {count}"),
            );
        } else if let Some(most) = function.args_max().filter(|most| count > *most) {
            self.note(
                span,
                format!("expected at most {most} argument(s) in call to {name:?}, got {count}"),
            );
        }
        // Types of more arguments than a function takes mean nothing.
        let typed = if function.variadic == 0 {
            fewest
        } else {
            count
        };
        for (index, arg) in call.args.iter_mut().enumerate().take(typed) {
            if function.id == FunctionId::Info && index == 1 {
                self.info_selector(arg);
            } else {
                self.expr(arg);
            }
            let wanted = function.arg_type(index);
            self.expect(arg, wanted, &format!("call to function {name:?}"));
        }
    }

    /// The second argument of `info`: labels only, and any labels.
    fn info_selector(&mut self, arg: &mut Expr) {
        match &arg.kind {
            ExprKind::Vector(vector) if vector.name.is_none() => {}
            ExprKind::Vector(_) => {
                self.note(
                    arg.span,
                    "expected label selectors only, got vector selector instead",
                );
            }
            _ => {
                // What is no vector at all is said by the caller.
                if arg.value_type() == ValueType::Vector {
                    self.note(arg.span, "expected label selectors only");
                }
                self.expr(arg);
            }
        }
    }

    /// Keeps a typing error from selecting every series there is.
    fn vector(&mut self, vector: &VectorSelector, span: Span) {
        let selects_all = |matcher: &Matcher| match matcher.op {
            MatchOp::Equal => matcher.value.is_empty(),
            _ => matcher.matches_empty(),
        };
        if vector.name.is_none() && vector.matchers.iter().all(selects_all) {
            self.note(
                span,
                "vector selector must contain at least one non-empty matcher",
            );
        }
    }
}
