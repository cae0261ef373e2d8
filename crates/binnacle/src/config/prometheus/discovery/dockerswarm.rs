//! `dockerswarm_sd_configs`: services, tasks and nodes of a Docker swarm.

use binnacle_collect::settings::DiscoverySettings;

use crate::config::prometheus::http_client;
use binnacle_config::reader::Reader;

use super::{docker, seconds};

/// One section.
pub(super) fn read(r: &mut Reader<'_>) -> Option<DiscoverySettings> {
    docker::host(r);
    let role = r.text("role");
    match role.as_str() {
        "services" | "nodes" | "tasks" => {}
        "" => r.refuse("role", "role missing (one of: tasks, services, nodes)"),
        _ => r.refuse(
            "role",
            format!("invalid role {role}, expected tasks, services, or nodes"),
        ),
    }
    r.int_or("port", 80);
    docker::filters(r);
    r.duration_or("refresh_interval", seconds(60));
    http_client::read(r);
    None
}
