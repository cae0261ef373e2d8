//! Pools: the targets of one job, from discovery to their loops.

mod actor;
mod failure_log;
mod snapshot;
mod sync;

pub(crate) use actor::{Pool, PoolParts};
pub(crate) use failure_log::FailureLog;
pub use snapshot::{DroppedTarget, PoolSnapshot};
