//! Tests of the room from outside.

mod memory;
mod mutations;
mod results;
mod script;
mod suites;
