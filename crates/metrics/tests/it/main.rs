//! The engine as a whole, on simulated files and a clock that is turned by hand.

mod concurrency;
mod conformance;
mod crash;
mod delete;
mod limits;
mod model;
mod world;
