//! Configuration: files in, settings out, and every mistake with its place.
//!
//! ```text
//! text ── yaml ──► nodes with places ── reader ──► what was typed ── resolve ──► settings
//!                                          │
//!                                          ├──► mistakes, warnings, parts that do not act
//!                                          └──► the effective form, printed without secrets
//! ```
//!
//! [`file`] is `binnacle.yaml`, [`prometheus`] is `prometheus.yml`, [`web`] is
//! `web.yml`, [`loki`] is `loki-config.yaml`; the last three are read unmodified, by the rules of their own products.
//! Loading is all or nothing: any mistake anywhere, and there are no settings.
//! Deliberately not here: opening what is configured, and watching files; `check`
//! only looks whether named files are there.

mod check;
pub mod file;
pub mod loki;
pub mod prometheus;
pub mod promtail;
#[cfg(test)]
mod tests;
pub mod web;

pub use self::prometheus::{Alerting, Alertmanagers};
pub use binnacle_config::error::{ConfigError, ConfigErrors};
pub use binnacle_config::reader::Inactive;
pub use check::{Checked, Kind, check};
pub use file::{
    AlertingSettings, DataSettings, HostPool, Loaded, LogFormat, LogLevel, LogSettings,
    LogsQuerySettings, LogsSettings, MetricsSettings, Overrides, QuerySettings, RulesSettings,
    Settings, Sockets, TierSettings, load,
};
