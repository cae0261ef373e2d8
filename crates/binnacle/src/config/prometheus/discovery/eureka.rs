//! `eureka_sd_configs`: instances in a Eureka registry.

use binnacle_collect::settings::DiscoverySettings;

use crate::config::prometheus::http_client;
use crate::config::prometheus::url;
use binnacle_config::reader::Reader;

use super::seconds;

/// One section.
pub(super) fn read(r: &mut Reader<'_>) -> Option<DiscoverySettings> {
    let server = r.url("server");
    if server.is_empty() {
        r.refuse("server", "eureka_sd: empty or null eureka server");
    } else {
        match url::split(&server) {
            Ok(parts) if parts.scheme.is_empty() || parts.host.is_empty() => {
                r.refuse("server", "eureka_sd: invalid eureka server URL");
            }
            Ok(_) => {}
            Err(why) => r.refuse("server", why),
        }
    }
    r.duration_or("refresh_interval", seconds(30));
    http_client::read(r);
    None
}
