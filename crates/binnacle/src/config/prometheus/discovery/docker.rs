//! `docker_sd_configs`: containers of a Docker daemon.

use binnacle_collect::settings::DiscoverySettings;

use crate::config::prometheus::http_client;
use crate::config::prometheus::url;
use binnacle_config::reader::Reader;

use super::seconds;

/// One section.
pub(super) fn read(r: &mut Reader<'_>) -> Option<DiscoverySettings> {
    host(r);
    r.int_or("port", 80);
    filters(r);
    r.text_or("host_networking_host", "localhost");
    r.bool_or("match_first_network", true);
    r.duration_or("refresh_interval", seconds(60));
    http_client::read(r);
    None
}

/// The address of the daemon.
pub(super) fn host(r: &mut Reader<'_>) {
    let host = r.text("host");
    if host.is_empty() {
        r.refuse("host", "host missing");
    } else if let Err(why) = url::split(&host) {
        r.refuse("host", why);
    }
}

/// Filters of names and values.
pub(super) fn filters(r: &mut Reader<'_>) {
    r.sections("filters", "empty or null filter", |r| {
        r.text("name");
        r.texts("values");
    });
}
