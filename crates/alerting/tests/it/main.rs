//! Tests of alerting as a whole, on virtual time.

mod acceptance;
mod dispatching;
mod graphs;
mod ledger;
mod many;
mod model;
mod policies;
mod suites;
mod support;
mod views;
