//! Who is told together, and when.
//!
//! The [`Board`] holds all alerts and their groups, and is a synchronous machine: alerts
//! go in ([`Board::take`]), flushes come out ([`Board::due`]) at the times that it names
//! ([`Board::next_deadline`]), and whoever told a flush to everyone says so
//! ([`Board::settle`]). It never asks a clock, holds no thread and no timer: days of it run
//! in a test in no time, and in production one task sleeps until the next deadline.
//!
//! Times are as Alertmanager's. A group first waits `group_wait`, unless the alert that
//! made it is older than that, then is flushed each `group_interval` until all its alerts
//! have ended and everyone was told.
//!
//! A group holds fingerprints, not alerts, so an alert that is told again is changed in one
//! place. Deadlines lie in a heap; one that was moved stays in it and is skipped when it
//! comes up.

mod board;
mod flush;
mod group;

pub(crate) use board::millis;
pub use board::{Board, Limits, Sweep};
pub use flush::{Flush, Settled, Told};
pub use group::{Group, GroupId};
