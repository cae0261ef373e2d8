//! Recording and alerting rules: files, groups, their times, unit tests, replay, lint.
//!
//! ```text
//! rule files ── file ──► groups with places ──► group::Group ◄── evaluated by ── scheduler
//!                              │                    │ asks, writes: model::query::MetricsQuery
//!                              │                    │ alerts: outbox ──► model::alert::AlertSink
//!                              ├──► lint            ▼
//!                              ├──► unit_test      series, ALERTS, alerts
//!                              └──► replay
//! ```
//!
//! Behaviour is Prometheus' (`rules`, `model/rulefmt`, `notifier`), to the letter
//! where a series or an alert shows it.
//!
//! Architecture invariant: no engine and no file of the server's own configuration.
//! Data are seen through [`binnacle_model::query`] alone, time comes from a clock that
//! is given.

pub mod counters;
mod expand;
pub mod file;
pub mod group;
pub mod lint;
mod outbox;
pub mod replay;
mod rule;
pub mod scheduler;
pub mod settings;
pub mod unit_test;

pub use settings::Settings;
