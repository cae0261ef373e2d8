//! Configuration files: text in, what was typed out, and every mistake with its place.
//!
//! ```text
//! text ── yaml ──► nodes with places ── reader ──► what was typed
//!                                          │
//!                                          ├──► mistakes, warnings, parts that do not act
//!                                          └──► the effective form, printed without secrets
//! ```
//!
//! What all files of the product share: [`yaml`], the typed [`reader`], [`error`]s,
//! and [`http`], the fields that every file of Prometheus' family uses to say how a
//! server is spoken to. Which files there are, and what their sections mean, is
//! known by the rooms that read them.

pub mod error;
pub mod glob;
pub mod http;
pub mod reader;
pub mod source;
pub mod yaml;

pub use error::{At, ConfigError, ConfigErrors};
pub use reader::Inactive;
