//! Mechanisms that ask the services of AWS: `ec2_sd_configs`, `ecs_sd_configs`,
//! `elasticache_sd_configs`, `lightsail_sd_configs`, `msk_sd_configs`,
//! `rds_sd_configs`, and `aws_sd_configs`, which is any of them by its `role`.

use binnacle_collect::settings::DiscoverySettings;

use crate::config::prometheus::http_client;
use binnacle_config::reader::Reader;

use super::seconds;

/// One section of `aws_sd_configs`.
pub(super) fn read(r: &mut Reader<'_>) -> Option<DiscoverySettings> {
    let role = r.text("role");
    if !matches!(
        role.as_str(),
        "ec2" | "ecs" | "elasticache" | "lightsail" | "msk" | "rds"
    ) {
        r.refuse("role", format!("unknown AWS SD role {role:?}"));
    }
    access(r);
    filters(r, false);
    r.texts("clusters");
    None
}

/// One section of `ec2_sd_configs`.
pub(super) fn ec2(r: &mut Reader<'_>) -> Option<DiscoverySettings> {
    access(r);
    filters(r, true);
    None
}

/// One section of `lightsail_sd_configs`.
pub(super) fn lightsail(r: &mut Reader<'_>) -> Option<DiscoverySettings> {
    access(r);
    None
}

/// One section of `ecs_sd_configs`.
pub(super) fn ecs(r: &mut Reader<'_>) -> Option<DiscoverySettings> {
    clusters(r, 20);
    None
}

/// One section of `elasticache_sd_configs` or `msk_sd_configs`.
pub(super) fn elasticache_or_msk(r: &mut Reader<'_>) -> Option<DiscoverySettings> {
    clusters(r, 10);
    None
}

/// One section of `rds_sd_configs`.
pub(super) fn rds(r: &mut Reader<'_>) -> Option<DiscoverySettings> {
    clusters(r, 10);
    filters(r, false);
    None
}

/// What all of them have: who asks, where and how often.
fn access(r: &mut Reader<'_>) {
    for key in [
        "region",
        "endpoint",
        "access_key",
        "profile",
        "role_arn",
        "external_id",
    ] {
        r.text(key);
    }
    r.secret("secret_key");
    r.duration_or("refresh_interval", seconds(60));
    r.int_or("port", 80);
    http_client::read(r);
}

fn clusters(r: &mut Reader<'_>, concurrency: i64) {
    access(r);
    r.texts("clusters");
    r.int_or("request_concurrency", concurrency);
}

fn filters(r: &mut Reader<'_>, values_wanted: bool) {
    r.sections("filters", "empty or null filter", |r| {
        r.text("name");
        if r.texts("values").is_empty() && values_wanted {
            r.refuse(
                "values",
                "EC2 SD configuration filter values cannot be empty",
            );
        }
    });
}
