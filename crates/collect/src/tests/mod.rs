//! Tests of the whole crate from within: a small engine, a small HTTP server, a
//! clock that follows tokio's paused time.

mod collector;
mod conformance;
mod discovery;
mod engine;
mod host;
mod loops;
mod rig;
pub(crate) mod server;
