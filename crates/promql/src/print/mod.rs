//! Tree to text.
//!
//! [`Display`](std::fmt::Display) writes an expression on one line in the normal
//! form of Prometheus; what it writes is read back as the same tree. [`pretty`]
//! breaks what is longer than a line.

mod duration;
mod expr;
mod number;
mod pretty;

pub use number::number;
pub use pretty::{LINE_MAX, pretty, pretty_within};
