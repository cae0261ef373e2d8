//! `scaleway_sd_configs`: instances and bare metal of Scaleway.

use binnacle_collect::settings::DiscoverySettings;

use crate::config::prometheus::http_client;
use binnacle_config::reader::Reader;

use super::{role, seconds, secret_key};

/// One section.
pub(super) fn read(r: &mut Reader<'_>) -> Option<DiscoverySettings> {
    role(r, None, &["instance", "baremetal"], |role| {
        format!("unknown role {role:?}")
    });
    for key in ["project_id", "access_key"] {
        if r.text(key).is_empty() {
            r.refuse(key, format!("{key} is mandatory"));
        }
    }
    secret_key(r);
    r.text_or("api_url", "https://api.scaleway.com");
    r.text_or("zone", "fr-par-1");
    r.text("name_filter");
    r.texts("tags_filter");
    r.duration_or("refresh_interval", seconds(60));
    r.int_or("port", 80);
    http_client::read(r);
    None
}
