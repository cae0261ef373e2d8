//! Tests of the room from outside.

mod memory;
mod mutations;
mod results;
mod script;
mod stage_rows;
mod stages;
mod suites;
