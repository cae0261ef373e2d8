//! What is added to rows and streams, as Loki adds it: `detected_level`, `service_name`
//! and fields of the operator's choice.

mod generic;
mod json;
pub(crate) mod level;
mod logfmt;
mod service;

pub use generic::detect as detect_generic;
pub use level::{LEVEL_FIELD, Level, LevelDetector};
pub use service::{SERVICE_NAME, UNKNOWN_SERVICE, service_name};

/// Whether a line is taken for a JSON object: braces around it.
fn is_json(line: &[u8]) -> bool {
    let line = line.trim_ascii();
    line.first() == Some(&b'{') && line.last() == Some(&b'}')
}
