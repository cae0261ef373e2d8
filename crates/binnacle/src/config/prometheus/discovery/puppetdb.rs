//! `puppetdb_sd_configs`: resources in a PuppetDB.

use binnacle_collect::settings::DiscoverySettings;

use crate::config::prometheus::http_client;
use binnacle_config::reader::Reader;

use super::{http, seconds};

/// One section.
pub(super) fn read(r: &mut Reader<'_>) -> Option<DiscoverySettings> {
    http::web_url(r);
    if r.text("query").is_empty() {
        r.refuse("query", "query missing");
    }
    r.bool_or("include_parameters", false);
    r.duration_or("refresh_interval", seconds(60));
    r.int_or("port", 80);
    http_client::read(r);
    None
}
