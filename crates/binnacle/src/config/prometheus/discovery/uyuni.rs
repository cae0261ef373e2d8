//! `uyuni_sd_configs`: systems that Uyuni manages.

use binnacle_collect::settings::DiscoverySettings;

use crate::config::prometheus::http_client;
use crate::config::prometheus::url;
use binnacle_config::reader::Reader;

use super::seconds;

/// One section.
pub(super) fn read(r: &mut Reader<'_>) -> Option<DiscoverySettings> {
    let server = r.url("server");
    if server.is_empty() {
        r.refuse("server", "Uyuni SD configuration requires server host");
    } else if let Err(why) = url::split(&server) {
        r.refuse("server", format!("Uyuni Server URL is not valid: {why}"));
    }
    if r.text("username").is_empty() {
        r.refuse("username", "Uyuni SD configuration requires a username");
    }
    if r.secret("password").reveal().is_empty() {
        r.refuse("password", "Uyuni SD configuration requires a password");
    }
    r.text_or("entitlement", "monitoring_entitled");
    r.text_or("separator", ",");
    r.duration_or("refresh_interval", seconds(60));
    http_client::read(r);
    None
}
