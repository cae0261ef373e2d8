//! `digitalocean_sd_configs`: droplets and databases of DigitalOcean.

use binnacle_collect::settings::DiscoverySettings;

use super::{role, seconds};
use crate::config::prometheus::http_client;
use binnacle_config::reader::Reader;

/// One section.
pub(super) fn read(r: &mut Reader<'_>) -> Option<DiscoverySettings> {
    role(r, Some("droplets"), &["droplets", "databases"], |role| {
        format!("unknown DigitalOcean SD role {role:?}")
    });
    r.duration_or("refresh_interval", seconds(60));
    r.int_or("port", 80);
    http_client::read(r);
    None
}
