//! PromQL, the language of Prometheus 3: text to tree ([`parse`]), tree to text
//! ([`print`]), tree and series to values ([`eval`]).
//!
//! Architecture invariant: no I/O, no clock, no engine. Series come through
//! [`binnacle_model::select::Select`] and nothing else.

pub mod ast;
pub mod eval;
pub mod functions;
mod lexer;
pub mod parse;
pub mod print;
pub mod script;
pub mod syntax_tree;
