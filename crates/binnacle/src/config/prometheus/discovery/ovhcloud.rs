//! `ovhcloud_sd_configs`: servers of OVHcloud.

use binnacle_collect::settings::DiscoverySettings;

use binnacle_config::reader::Reader;

use super::seconds;

/// One section.
pub(super) fn read(r: &mut Reader<'_>) -> Option<DiscoverySettings> {
    if r.text_or("endpoint", "ovh-eu").is_empty() {
        r.refuse("endpoint", "endpoint can not be empty");
    }
    if r.text("application_key").is_empty() {
        r.refuse("application_key", "application key can not be empty");
    }
    if r.secret("application_secret").reveal().is_empty() {
        r.refuse("application_secret", "application secret can not be empty");
    }
    if r.secret("consumer_key").reveal().is_empty() {
        r.refuse("consumer_key", "consumer key can not be empty");
    }
    let service = r.text("service");
    if !matches!(service.as_str(), "dedicated_server" | "vps") {
        r.refuse("service", format!("unknown service: {service}"));
    }
    r.duration_or("refresh_interval", seconds(60));
    None
}
