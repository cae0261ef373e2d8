//! `serverset_sd_configs` and `nerve_sd_configs`: members that register in ZooKeeper.

use binnacle_collect::settings::DiscoverySettings;

use binnacle_config::reader::Reader;

use super::seconds;

/// One section of `serverset_sd_configs`.
pub(super) fn serverset(r: &mut Reader<'_>) -> Option<DiscoverySettings> {
    read(r, "serverset");
    None
}

/// One section of `nerve_sd_configs`.
pub(super) fn nerve(r: &mut Reader<'_>) -> Option<DiscoverySettings> {
    read(r, "nerve");
    None
}

fn read(r: &mut Reader<'_>, name: &str) {
    if r.texts("servers").is_empty() {
        r.refuse(
            "servers",
            format!("{name} SD config must contain at least one Zookeeper server"),
        );
    }
    let paths = r.texts("paths");
    if paths.is_empty() {
        r.refuse(
            "paths",
            format!("{name} SD config must contain at least one path"),
        );
    }
    for path in paths.iter().filter(|p| !p.value.starts_with('/')) {
        let message = format!("{name} SD config paths must begin with '/': {}", path.value);
        r.refuse_at(path.at, message);
    }
    r.duration_or("timeout", seconds(10));
}
