//! `consul_sd_configs`: services in a Consul catalogue.

use binnacle_collect::settings::DiscoverySettings;

use super::seconds;
use crate::config::prometheus::http_client;
use binnacle_config::reader::Reader;

/// One section.
pub(super) fn read(r: &mut Reader<'_>) -> Option<DiscoverySettings> {
    if r.text_or("server", "localhost:8500").trim().is_empty() {
        r.refuse(
            "server",
            "consul SD configuration requires a server address",
        );
    }
    let token = r.secret("token");
    let username = r.text("username");
    let password = r.secret("password");
    for key in [
        "path_prefix",
        "datacenter",
        "namespace",
        "partition",
        "filter",
        "health_filter",
    ] {
        r.text(key);
    }
    r.text_or("tag_separator", ",");
    r.text_or("scheme", "http");
    r.bool_or("allow_stale", true);
    r.duration_or("refresh_interval", seconds(30));
    r.texts("services");
    r.texts("tags");
    r.text_map("node_meta");
    let client = http_client::read(r);
    if (!username.is_empty() || !password.reveal().is_empty()) && client.basic_auth.is_some() {
        r.refuse(
            "basic_auth",
            "at most one of consul SD configuration username and password and basic auth can be configured",
        );
    }
    if !token.reveal().is_empty() && (client.authorization.is_some() || client.oauth2.is_some()) {
        r.refuse(
            "token",
            "at most one of consul SD token, authorization, or oauth2 can be configured",
        );
    }
    None
}
