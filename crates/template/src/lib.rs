//! Go templates with the functions of Prometheus and Alertmanager.
//!
//! Rule files, notification templates and log formats are written for Go's
//! `text/template` and `html/template`; they run here unchanged, with the same output
//! and the same messages. A text is parsed once ([`Set::parse`]) to trees in which
//! functions are looked up already, and executed into a `String` that the caller may
//! reuse. Values are a closed set ([`Value`]) in place of reflection. What a product
//! adds is a set of functions and the types of its data: [`prometheus`],
//! [`alertmanager`]; a further set needs no change here ([`Functions::with`]).
//!
//! Invariant: no I/O, no clock, no threads. What depends on the outside is asked from
//! a [`Host`].
//!
//! Deliberately not here: imaginary numbers, channels, pointers as values, user-set
//! delimiters, and texts that are no Unicode.

pub mod alertmanager;
mod error;
mod exec;
mod format;
pub mod functions;
mod html;
mod limits;
pub mod parse;
pub mod prometheus;
mod set;
pub mod value;

pub use error::Error;
pub use functions::{Function, Functions, Host, NoHost, Type};
pub use limits::Limits;
pub use set::{MissingKey, Set};
pub use value::{Class, List, Map, Object, Safe, Time, Value};
