//! `vultr_sd_configs`: instances of Vultr.

use binnacle_collect::settings::DiscoverySettings;

use crate::config::prometheus::http_client;
use binnacle_config::reader::Reader;

use super::seconds;

/// One section.
pub(super) fn read(r: &mut Reader<'_>) -> Option<DiscoverySettings> {
    r.duration_or("refresh_interval", seconds(60));
    r.int_or("port", 80);
    http_client::read(r);
    None
}
