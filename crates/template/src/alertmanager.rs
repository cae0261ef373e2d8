//! Templates of Alertmanager: notification texts.
//!
//! [`Template`] holds the default templates, under the names that configurations of
//! receivers refer to, and the user's files over them; [`Data`] is what a notification
//! is about. The default texts are our own; what they print is what Alertmanager's
//! print, byte for byte.

mod data;
mod functions;
mod host;
mod json;
mod kv;
mod template;

pub use data::{Alert, Data};
pub use functions::functions;
pub use json::to_json;
pub use kv::{Kv, fingerprint};
pub use template::{Mode, Template};
