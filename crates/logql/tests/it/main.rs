//! Tests of the room from outside.

mod memory;
mod results;
mod script;
mod suites;
