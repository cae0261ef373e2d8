//! Tests of the room from outside.

mod faults;
mod model;
mod world;
