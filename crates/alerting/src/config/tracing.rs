//! `tracing`: where Alertmanager sends traces of itself. Checked; nothing is sent.

use binnacle_config::http::tracing;
use binnacle_config::reader::{FileKind, Reader};

/// Takes the fields of the section.
pub(super) fn read(r: &mut Reader<'_>) {
    tracing::read(r, |r| {
        r.section("headers", |r| {
            r.each_section(|r| {
                r.texts("values");
                r.secrets("secrets");
                r.files("files", FileKind::Credentials);
            })
        });
    });
}
