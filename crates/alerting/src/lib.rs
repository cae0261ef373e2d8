//! Alerting: who is told of which alert, when, how, and what came of it.
//!
//! ```text
//! AlertSink ──► alerts (merged, journalled)
//!                 │ route
//!                 ▼
//!              dispatch: groups, timers            config ── alertmanager.yml
//!                 │ flush
//!                 ▼
//!              pipeline: inhibit ─► time intervals ─► silence ─► dedup ─► retry ─► log
//!                                                                          │
//!                                                                          ▼
//!                                                                    notify/<receiver>
//! ```
//!
//! The dispatcher and everything before it is synchronous and asks an injected clock,
//! so whole days run in a test in no time; async begins where a receiver is spoken to.
//!
//! Architecture invariant: this crate knows no engine and no language; it evaluates
//! nothing.

pub mod alerts;
pub mod config;
pub mod dispatch;
pub mod drill;
pub mod graph;
pub mod history;
pub mod inhibit;
pub mod interval;
pub mod journal;
pub mod matchers;
pub mod notify;
pub mod pipeline;
pub mod policy;
pub mod route;
pub mod service;
pub mod silence;

#[cfg(test)]
mod suite;
