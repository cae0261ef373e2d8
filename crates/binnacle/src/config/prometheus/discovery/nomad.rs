//! `nomad_sd_configs`: services of Nomad.

use binnacle_collect::settings::DiscoverySettings;

use crate::config::prometheus::http_client;
use binnacle_config::reader::Reader;

use super::seconds;

/// One section.
pub(super) fn read(r: &mut Reader<'_>) -> Option<DiscoverySettings> {
    r.bool_or("allow_stale", true);
    r.text_or("namespace", "default");
    r.duration_or("refresh_interval", seconds(60));
    r.text_or("region", "global");
    if r.text_or("server", "http://localhost:4646")
        .trim()
        .is_empty()
    {
        r.refuse("server", "nomad SD configuration requires a server address");
    }
    r.text_or("tag_separator", ",");
    http_client::read(r);
    None
}
