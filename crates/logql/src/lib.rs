//! LogQL: parse, print, evaluate.
//!
//! [`parse`] makes a tree ([`ast`]) of a text, [`print`] a text of a tree, [`stage`] runs
//! pipelines over lines, [`eval`] answers whole queries over
//! [`binnacle_model::event::SelectEvents`], [`follow`] runs a pipeline over batches as they
//! are stored, and [`patterns`] finds what lines have in common.
//!
//! Architecture invariant: no I/O, no clock, no engine.

pub mod ast;
pub mod eval;
pub mod follow;
pub mod parse;
pub mod patterns;
pub mod print;
pub mod stage;
