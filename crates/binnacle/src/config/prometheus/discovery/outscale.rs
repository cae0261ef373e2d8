//! `outscale_sd_configs`: virtual machines of Outscale.

use binnacle_collect::settings::DiscoverySettings;

use crate::config::prometheus::http_client;
use binnacle_config::reader::Reader;

use super::{seconds, secret_key};

/// One section.
pub(super) fn read(r: &mut Reader<'_>) -> Option<DiscoverySettings> {
    if r.text_or("region", "eu-west-2").is_empty() {
        r.refuse("region", "outscale SD configuration requires a region");
    }
    if r.text("access_key").is_empty() {
        r.refuse(
            "access_key",
            "outscale SD configuration requires access_key",
        );
    }
    secret_key(r);
    r.text("endpoint");
    r.duration_or("refresh_interval", seconds(60));
    r.int_or("port", 80);
    http_client::read(r);
    None
}
