//! Service discovery sections: one file per mechanism, and the table that lists them.
//!
//! Every mechanism of Prometheus is read and checked by its rules. Those that have
//! an engine in `collect` resolve to its settings; the others resolve to nothing
//! and are noted as inactive, so that nobody waits for targets in silence.

mod aws;
mod azure;
mod consul;
mod digitalocean;
mod dns;
mod docker;
mod dockerswarm;
mod eureka;
mod file;
mod gce;
mod hetzner;
mod http;
mod ionos;
mod kubernetes;
mod kuma;
mod linode;
mod marathon;
mod nomad;
mod oci;
mod openstack;
mod outscale;
mod ovhcloud;
mod puppetdb;
mod scaleway;
mod stackit;
mod statics;
mod triton;
mod uyuni;
mod vultr;
mod zookeeper;

use std::time::Duration;

use binnacle_collect::settings::DiscoverySettings;
use binnacle_model::relabel::RelabelRule;

use binnacle_config::reader::{FileKind, Reader};

/// A mechanism by the key of its sections.
pub struct Mechanism {
    /// The key of the list of its sections.
    pub key: &'static str,
    /// Reads one section; `None` where it does not act.
    read: fn(&mut Reader<'_>) -> Option<DiscoverySettings>,
    /// Whether `collect` has an engine for it.
    pub acts: bool,
}

const fn active(
    key: &'static str,
    read: fn(&mut Reader<'_>) -> Option<DiscoverySettings>,
) -> Mechanism {
    Mechanism {
        key,
        read,
        acts: true,
    }
}

const fn inactive(
    key: &'static str,
    read: fn(&mut Reader<'_>) -> Option<DiscoverySettings>,
) -> Mechanism {
    Mechanism {
        key,
        read,
        acts: false,
    }
}

/// All mechanisms but `static_configs`, in the order of their keys.
pub const MECHANISMS: [Mechanism; 36] = [
    inactive("aws_sd_configs", aws::read),
    inactive("azure_sd_configs", azure::read),
    inactive("consul_sd_configs", consul::read),
    inactive("digitalocean_sd_configs", digitalocean::read),
    active("dns_sd_configs", dns::read),
    inactive("docker_sd_configs", docker::read),
    inactive("dockerswarm_sd_configs", dockerswarm::read),
    inactive("ec2_sd_configs", aws::ec2),
    inactive("ecs_sd_configs", aws::ecs),
    inactive("elasticache_sd_configs", aws::elasticache_or_msk),
    inactive("eureka_sd_configs", eureka::read),
    active("file_sd_configs", file::read),
    inactive("gce_sd_configs", gce::read),
    inactive("hetzner_sd_configs", hetzner::read),
    active("http_sd_configs", http::read),
    inactive("ionos_sd_configs", ionos::read),
    inactive("kubernetes_sd_configs", kubernetes::read),
    inactive("kuma_sd_configs", kuma::read),
    inactive("lightsail_sd_configs", aws::lightsail),
    inactive("linode_sd_configs", linode::read),
    inactive("marathon_sd_configs", marathon::read),
    inactive("msk_sd_configs", aws::elasticache_or_msk),
    inactive("nerve_sd_configs", zookeeper::nerve),
    inactive("nomad_sd_configs", nomad::read),
    inactive("oci_sd_configs", oci::read),
    inactive("openstack_sd_configs", openstack::read),
    inactive("outscale_sd_configs", outscale::read),
    inactive("ovhcloud_sd_configs", ovhcloud::read),
    inactive("puppetdb_sd_configs", puppetdb::read),
    inactive("rds_sd_configs", aws::rds),
    inactive("scaleway_sd_configs", scaleway::read),
    inactive("serverset_sd_configs", zookeeper::serverset),
    inactive("stackit_sd_configs", stackit::read),
    inactive("triton_sd_configs", triton::read),
    inactive("uyuni_sd_configs", uyuni::read),
    inactive("vultr_sd_configs", vultr::read),
];

/// What happens to targets before they are used.
pub struct Relabelling<'a> {
    /// The rules.
    pub rules: &'a [RelabelRule],
    /// Labels that each target has beside its own.
    pub labels: Vec<(String, String)>,
}

/// The sections of all mechanisms in `r`. Static targets must be hosts, or become
/// hosts by relabelling.
pub fn read(r: &mut Reader<'_>, relabelling: &Relabelling<'_>) -> Vec<DiscoverySettings> {
    let mut discoveries = Vec::new();
    for mechanism in &MECHANISMS {
        let key = mechanism.key;
        let empty = format!("empty or null section in {key}");
        let found = r.sections(key, &empty, mechanism.read);
        if !mechanism.acts {
            r.inactive(key, "this mechanism finds no targets yet");
        }
        discoveries.extend(found.into_iter().flatten());
    }
    let groups = r.sections(
        "static_configs",
        "empty or null section in static_configs",
        statics::read,
    );
    groups
        .iter()
        .for_each(|group| group.check_targets(r, relabelling));
    if !groups.is_empty() {
        let groups = groups
            .into_iter()
            .enumerate()
            .map(|(i, g)| g.resolve(i))
            .collect();
        discoveries.push(DiscoverySettings::Static(groups));
    }
    discoveries
}

/// The field `role`, one of `roles`; `default` when it is not there.
fn role(
    r: &mut Reader<'_>,
    default: Option<&str>,
    roles: &[&str],
    refused: impl FnOnce(&str) -> String,
) {
    let role = r.text_or("role", default.unwrap_or(""));
    if role.is_empty() {
        r.refuse(
            "role",
            format!("role missing (one of: {})", roles.join(", ")),
        );
    } else if !roles.contains(&role.as_str()) {
        r.refuse("role", refused(&role));
    }
}

/// The fields `secret_key` and `secret_key_file`, exactly one of which is wanted.
fn secret_key(r: &mut Reader<'_>) {
    let text = !r.secret("secret_key").reveal().is_empty();
    let file = r.file("secret_key_file", FileKind::Credentials).is_some();
    match (text, file) {
        (true, true) => {
            r.refuse_all("at most one of secret_key & secret_key_file must be configured");
        }
        (false, false) => r.refuse_all("one of secret_key & secret_key_file must be configured"),
        _ => {}
    }
}

const fn seconds(n: u64) -> Duration {
    Duration::from_secs(n)
}
