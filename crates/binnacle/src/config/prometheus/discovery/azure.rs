//! `azure_sd_configs`: virtual machines of Azure.

use binnacle_collect::settings::DiscoverySettings;

use super::seconds;
use crate::config::prometheus::http_client;
use binnacle_config::reader::Reader;

/// One section.
pub(super) fn read(r: &mut Reader<'_>) -> Option<DiscoverySettings> {
    r.text_or("environment", "AzurePublicCloud");
    r.int_or("port", 80);
    required(r, "subscription_id");
    let method = r.text_or("authentication_method", "OAuth");
    match method.as_str() {
        "OAuth" => ["tenant_id", "client_id"]
            .into_iter()
            .for_each(|key| required(r, key)),
        other => {
            r.text("tenant_id");
            r.text("client_id");
            if !matches!(other, "ManagedIdentity" | "SDK" | "WorkloadIdentity") {
                r.refuse(
                    "authentication_method",
                    format!(
                        "unknown authentication_type {other:?}. Supported types are \"OAuth\", \"ManagedIdentity\", \"SDK\" or \"WorkloadIdentity\""
                    ),
                );
            }
        }
    }
    if r.secret("client_secret").reveal().is_empty() && method == "OAuth" {
        r.refuse(
            "client_secret",
            "azure SD configuration requires a client_secret",
        );
    }
    r.duration_or("refresh_interval", seconds(300));
    r.text("resource_group");
    http_client::read(r);
    None
}

fn required(r: &mut Reader<'_>, key: &'static str) {
    if r.text(key).is_empty() {
        r.refuse(key, format!("azure SD configuration requires a {key}"));
    }
}
