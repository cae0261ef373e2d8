//! `triton_sd_configs`: containers and compute nodes of Triton.

use binnacle_collect::settings::DiscoverySettings;

use crate::config::prometheus::tls;
use binnacle_config::reader::Reader;

use super::seconds;

/// One section.
pub(super) fn read(r: &mut Reader<'_>) -> Option<DiscoverySettings> {
    if !matches!(r.text_or("role", "container").as_str(), "container" | "cn") {
        r.refuse(
            "role",
            "triton SD configuration requires role to be 'container' or 'cn'",
        );
    }
    for (key, article) in [("account", "an"), ("dns_suffix", "a"), ("endpoint", "an")] {
        if r.text(key).is_empty() {
            r.refuse(
                key,
                format!("triton SD configuration requires {article} {key}"),
            );
        }
    }
    r.texts("groups");
    r.int_or("port", 9163);
    if r.duration_or("refresh_interval", seconds(60)).is_zero() {
        r.refuse(
            "refresh_interval",
            "triton SD configuration requires RefreshInterval to be a positive integer",
        );
    }
    tls::section(r);
    r.int_or("version", 1);
    None
}
