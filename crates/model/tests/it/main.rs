//! Conformance of the model with Prometheus' own test data.

mod duration;
mod pattern;
mod relabel;
mod suite;
