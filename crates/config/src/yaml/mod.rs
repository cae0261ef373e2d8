//! YAML with the place of every key and every value.
//!
//! [`parse`] turns text into a tree of [`Node`]s; scalars stay the text that was
//! written, and [`Scalar`] reads that text as the type a field wants, with the
//! rules of Go's `yaml.v2`, because that is what the files at hand were written
//! for: `port: 9090` may be read as text, `on` is a boolean, `0x10` is sixteen.
//!
//! What a hostile file can ask for is bounded: [`DEPTH_MAX`] and [`NODES_MAX`]
//! hold with aliases expanded. Deliberately not here: more than one document,
//! application tags, keys that are not scalars.

mod node;
mod parse;
mod print;
mod scalar;

pub use node::{Entry, Node, Value};
pub use parse::{DEPTH_MAX, NODES_MAX, parse};
pub use print::{Out, print};
pub use scalar::{Scalar, Tag};
