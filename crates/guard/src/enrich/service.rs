//! The service of a stream.

use binnacle_model::Labels;

/// The label that is added.
pub const SERVICE_NAME: &str = "service_name";
/// Its value when nothing tells.
pub const UNKNOWN_SERVICE: &str = "unknown_service";

/// The value of the missing `service_name` of a stream: that of the first of `from` that is
/// one of its labels, else [`UNKNOWN_SERVICE`]. `None` when it has one already.
#[must_use]
pub fn service_name(labels: &Labels, from: &[String]) -> Option<String> {
    if labels.get(SERVICE_NAME).is_some() {
        return None;
    }
    let found = from.iter().find_map(|name| labels.get(name));
    Some(found.unwrap_or(UNKNOWN_SERVICE).to_owned())
}
