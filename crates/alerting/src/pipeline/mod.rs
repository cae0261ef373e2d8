//! What happens to a flush before and while somebody is told.
//!
//! ```text
//! flush ─► inhibited? ─► active interval? ─► mute interval? ─► silenced?     mute.rs
//!              └─ for each integration of the receiver ─► lane               lanes.rs
//!                   ─► anything new to say?                                  dedup.rs, log.rs
//!                   ─► tell, again after a while                             backoff.rs
//!                   ─► remember what was told                                log.rs
//! ```
//!
//! The order is Alertmanager's. The parts here decide and are synchronous; waiting and
//! telling is [`crate::service`]'s.
//!
//! It fails open: where it cannot be found out whether an alert is to be kept back, or
//! what was told before, the alert is told.

mod backoff;
mod dedup;
mod lanes;
mod log;
mod mute;

pub use backoff::Backoff;
pub use dedup::{Reason, needs_update};
pub use lanes::{LaneKey, Lanes, Offer};
pub use log::{Logged, NotificationLog};
pub use mute::{MuteCounts, Muted, Muting};
