//! What the standard library lacks and every room needs: a clock that tests can
//! turn, files that tests can break, seeded random numbers, bits and hashes.
//!
//! Architecture invariant: this crate depends on nothing and knows nothing of
//! observability.

pub mod bits;
pub mod clock;
pub mod files;
pub mod hash;
pub mod random;
