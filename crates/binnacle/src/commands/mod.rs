//! What the command line does besides serving.

pub mod alerts;
pub mod check;
pub mod drill;
pub mod import;
pub mod logs;
pub mod query;
mod remote;
pub mod rules;
pub mod stages;
mod time;
