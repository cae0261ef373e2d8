//! `hetzner_sd_configs`: servers of Hetzner, in its cloud or its data centres.

use binnacle_collect::settings::DiscoverySettings;

use crate::config::prometheus::http_client;
use binnacle_config::reader::Reader;

use super::{role, seconds};

/// One section.
pub(super) fn read(r: &mut Reader<'_>) -> Option<DiscoverySettings> {
    role(r, None, &["robot", "hcloud"], |role| {
        format!("unknown role {role:?}")
    });
    r.text("label_selector");
    r.duration_or("refresh_interval", seconds(60));
    r.int_or("port", 80);
    http_client::read(r);
    None
}
