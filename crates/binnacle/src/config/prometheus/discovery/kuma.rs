//! `kuma_sd_configs`: data planes of a Kuma mesh.

use binnacle_collect::settings::DiscoverySettings;

use crate::config::prometheus::http_client;
use crate::config::prometheus::url;
use binnacle_config::reader::Reader;

use super::seconds;

/// One section.
pub(super) fn read(r: &mut Reader<'_>) -> Option<DiscoverySettings> {
    let server = r.url("server");
    if server.is_empty() {
        r.refuse("server", "kuma SD server must not be empty");
    } else {
        match url::split(&server) {
            Ok(parts) if parts.scheme.is_empty() || parts.host.is_empty() => {
                let message =
                    format!("kuma SD server must not be empty and have a scheme: {server}");
                r.refuse("server", message);
            }
            Ok(_) => {}
            Err(why) => r.refuse("server", why),
        }
    }
    r.text("client_id");
    r.duration_or("refresh_interval", seconds(15));
    r.duration_or("fetch_timeout", seconds(120));
    http_client::read(r);
    None
}
