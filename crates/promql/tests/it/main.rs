//! The language against the test suites that other projects wrote, and against
//! itself.

mod answers;
mod compare;
mod conformance;
mod parse_errors;
mod parse_ok;
mod print;
mod properties;
mod realworld;
mod runner;
mod scripts;
mod series;
mod storage;
