//! Block files: immutable files of named sections.
//!
//! An engine writes a block once and maps it from then on. The container knows
//! nothing of what a section means; it answers for this: a block is there as a whole
//! or not at all, a block of another length or from the future is refused at
//! opening, and no flipped bit is ever handed out as data. See
//! `docs/formats/block-file.md`.
//!
//! Each section is checksummed in pages of 64 KiB, and each page is verified before
//! its first use, once: a query that touches a hundred pages of a block of a gigabyte
//! reads those hundred.
//!
//! It deliberately does not compress (sections compress what they know best) and
//! cannot change a block: engines write a new one and swap the manifest.

mod format;
mod reader;
mod writer;

pub use reader::{BlockFile, Section, Verify};
pub use writer::{BlockWriter, TEMPORARY_SUFFIX};
