//! `openstack_sd_configs`: instances, hypervisors and load balancers of OpenStack.

use binnacle_collect::settings::DiscoverySettings;

use crate::config::prometheus::tls;
use binnacle_config::reader::Reader;

use super::{role, seconds};

/// One section.
pub(super) fn read(r: &mut Reader<'_>) -> Option<DiscoverySettings> {
    let availability = r.text_or("availability", "public");
    if !matches!(availability.as_str(), "public" | "internal" | "admin") {
        r.refuse(
            "availability",
            format!(
                "unknown availability {availability}, must be one of admin, internal or public"
            ),
        );
    }
    role(
        r,
        None,
        &["instance", "hypervisor", "loadbalancer"],
        |role| format!("unknown OpenStack SD role {role:?}"),
    );
    if r.text("region").is_empty() {
        r.refuse("region", "openstack SD configuration requires a region");
    }
    for key in [
        "identity_endpoint",
        "username",
        "userid",
        "project_name",
        "project_id",
        "domain_name",
        "domain_id",
        "application_credential_name",
        "application_credential_id",
    ] {
        r.text(key);
    }
    r.secret("password");
    r.secret("application_credential_secret");
    r.bool("all_tenants");
    r.duration_or("refresh_interval", seconds(60));
    r.int_or("port", 80);
    tls::section(r);
    None
}
