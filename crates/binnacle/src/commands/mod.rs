//! What the command line does besides serving.

pub mod check;
pub mod import;
pub mod query;
mod remote;
