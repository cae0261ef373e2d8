//! Tests of templates against the cases of Prometheus and Alertmanager, and against
//! what Go's templates do.

mod alertmanager;
mod conformance;
mod corpora;
mod defaults;
mod html;
mod language;
mod limits;
mod prometheus;
