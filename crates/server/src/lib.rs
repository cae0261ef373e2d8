//! HTTP: the listener with TLS and authentication, the Prometheus API, the
//! receivers, health and lifecycle, and the UI's files.
//!
//! One folder per API. Handlers turn parameters into a question for a trait of
//! `model` (or of [`state`]) and its answer into JSON, streamed.
//!
//! Architecture invariant: this crate knows no engine, no language and no
//! configuration file.

pub mod alerting;
pub mod alertmanager;
pub mod counters;
pub mod http;
pub mod lifecycle;
pub mod listen;
pub mod loki;
pub mod own;
mod privacy;
pub mod prometheus;
pub mod receive;
pub mod router;
pub mod searches;
pub mod settings;
pub mod sockets;
pub mod state;
pub mod ui;

pub use listen::{Server, ServerError};
pub use settings::Settings;
pub use state::App;
