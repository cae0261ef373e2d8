//! What of a pipeline an engine can test before a row is built.
//!
//! A line filter that stands before anything that changes the line can be tested first. So
//! can a condition on a label whose value is known to be that of a field, or that which the
//! first parser finds, as long as the stream has no label of the name. Conditions on values
//! stay in the pipeline too: a value that cannot be compared is an error to be told, which
//! the engine lets pass.

use binnacle_model::event::LineTest;
use binnacle_model::event::select::{Extract, NumberOp, Parser, ValueTest};

use super::extracted::Finds;
use super::{Condition, ERROR, ERROR_DETAILS, PRESERVE_ERROR, Pipeline, Step, TAKEN_SUFFIX};
use crate::ast::CompareOp;

/// A test, and the place of its stage.
#[derive(Debug, Clone)]
pub(crate) struct Pushed {
    pub(crate) stage: usize,
    pub(crate) test: PushedTest,
}

/// See the module's text.
#[derive(Debug, Clone)]
pub(crate) enum PushedTest {
    /// Of the line. When the engine applies it the stage is done.
    Line(LineTest),
    /// Of a value: what is extracted, else the field of the label's name.
    Value {
        label: String,
        extract: Option<Extract>,
        test: ValueTest,
    },
}

impl Pipeline {
    /// The tests that an engine can apply, in the order of their stages.
    pub(crate) fn pushed(&self) -> Vec<Pushed> {
        let mut found = Vec::new();
        let mut source = Source::Fields;
        for (stage, step) in self.stages.iter().enumerate() {
            match step {
                Step::Line(filter) => found.extend(filter.as_test().map(|test| Pushed {
                    stage,
                    test: PushedTest::Line(test.clone()),
                })),
                Step::Filter(_, condition) => source.push(stage, condition, &mut found),
                Step::LineFormat(_) | Step::Unpack | Step::Decolorize => break,
                _ => {
                    source = match (source, step.finds()) {
                        (Source::Fields, Some(finds)) => Source::Parser(finds, step),
                        _ => Source::Nowhere,
                    }
                }
            }
        }
        found
    }

    /// Takes stages out, by their places.
    pub(crate) fn remove_stages(&mut self, places: &[usize]) {
        let mut place = 0;
        self.stages.retain(|_| {
            place += 1;
            !places.contains(&(place - 1))
        });
    }
}

/// Where labels come from at a stage.
enum Source<'s> {
    Fields,
    Parser(Finds<'s>, &'s Step),
    Nowhere,
}

impl Source<'_> {
    /// Adds the parts of a condition that must all hold and that are understood.
    fn push(&self, stage: usize, condition: &Condition, found: &mut Vec<Pushed>) {
        if let Condition::And(a, b) = condition {
            self.push(stage, a, found);
            self.push(stage, b, found);
            return;
        }
        let (label, test) = match condition {
            Condition::Text(matcher) => (&matcher.name, ValueTest::Text(matcher.clone())),
            Condition::Number(name, op, value) => {
                let op = number_op(*op);
                (name, ValueTest::Number { op, value: *value })
            }
            _ => return,
        };
        // An error, or a label that may be another one renamed for a collision.
        if matches!(label.as_str(), ERROR | ERROR_DETAILS | PRESERVE_ERROR)
            || label.ends_with(TAKEN_SUFFIX)
        {
            return;
        }
        let extract = match self {
            Self::Fields => None,
            Self::Nowhere => return,
            Self::Parser(finds, step) => {
                let Some(extract) = finds.extract(label) else {
                    return;
                };
                // What is missing may be an empty text, which is no number.
                let may_be_empty = extract.parser == Parser::JsonKey
                    || matches!(step, Step::Logfmt(logfmt) if logfmt.keeps_empty());
                if may_be_empty && matches!(test, ValueTest::Number { .. }) {
                    return;
                }
                Some(extract)
            }
        };
        found.push(Pushed {
            stage,
            test: PushedTest::Value {
                label: label.clone(),
                extract,
                test,
            },
        });
    }
}

fn number_op(op: CompareOp) -> NumberOp {
    match op {
        CompareOp::Equal => NumberOp::Equal,
        CompareOp::NotEqual => NumberOp::NotEqual,
        CompareOp::Greater => NumberOp::Greater,
        CompareOp::GreaterOrEqual => NumberOp::GreaterOrEqual,
        CompareOp::Less => NumberOp::Less,
        CompareOp::LessOrEqual => NumberOp::LessOrEqual,
    }
}
