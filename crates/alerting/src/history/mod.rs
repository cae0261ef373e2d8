//! What was: episodes of alerts, notifications, and what people did.
//!
//! [`Ledger`] is the seam to what the product remembers; `binnacle_state::State` fulfils
//! it. [`History`] is the way there for facts that nobody waits for: a bounded queue
//! that is written in the background. It never holds up an alert or a notification; when
//! the writer is so far behind that the queue is full, facts are left out and counted.

mod ledger;
mod writer;

pub use ledger::Ledger;
pub use writer::{Fact, History};
