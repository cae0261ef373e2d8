//! `gce_sd_configs`: instances of Google Compute Engine.

use binnacle_collect::settings::DiscoverySettings;

use binnacle_config::reader::Reader;

use super::seconds;

/// One section.
pub(super) fn read(r: &mut Reader<'_>) -> Option<DiscoverySettings> {
    for key in ["project", "zone"] {
        if r.text(key).is_empty() {
            r.refuse(key, format!("GCE SD configuration requires a {key}"));
        }
    }
    r.text("filter");
    r.duration_or("refresh_interval", seconds(60));
    r.int_or("port", 80);
    r.text_or("tag_separator", ",");
    None
}
