//! `tracing`: where traces of this server are sent. Checked; none are sent yet.

use binnacle_config::http::tracing;
use binnacle_config::reader::Reader;

use super::headers;

/// Reads the section.
pub fn read(r: &mut Reader<'_>) {
    let refused = "custom authorization header configuration is not yet supported";
    tracing::read(r, |r| {
        headers::plain_headers(r, refused);
    });
}
