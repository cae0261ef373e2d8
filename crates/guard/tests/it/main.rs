//! The guard as a whole, and its parts by tables.

mod detectors;
mod enrichment;
mod limits;
mod robustness;
mod rules;
mod sink;
mod support;
