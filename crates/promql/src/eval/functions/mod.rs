//! What the functions compute; one file for each family.
//!
//! Functions over ranges (`rate`, `over_time`, `regression`, `extended`) see one
//! series' samples and fill its column; the others see values at steps.

pub(crate) mod absent;
pub(crate) mod call;
pub(crate) mod date;
pub(crate) mod extended;
pub(crate) mod histogram;
pub(crate) mod labels;
pub(crate) mod math;
pub(crate) mod over_time;
pub(crate) mod range;
mod ranks;
pub(crate) mod rate;
pub(crate) mod regression;
pub(crate) mod sort;
