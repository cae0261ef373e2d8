//! Tests of the room from outside.

mod columns;
mod limits;
mod memory;
mod mutations;
mod naive;
mod random_queries;
mod results;
mod script;
mod stage_rows;
mod stages;
mod suites;
