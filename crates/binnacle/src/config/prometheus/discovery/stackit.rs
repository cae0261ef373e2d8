//! `stackit_sd_configs`: servers of STACKIT.

use binnacle_collect::settings::DiscoverySettings;

use crate::config::prometheus::http_client;
use crate::config::prometheus::url;
use binnacle_config::reader::Reader;

use super::seconds;

/// One section.
pub(super) fn read(r: &mut Reader<'_>) -> Option<DiscoverySettings> {
    r.text("project");
    let region = r.text_or("region", "eu01");
    let endpoint = r.url("endpoint");
    if region.is_empty() && endpoint.is_empty() {
        r.refuse("endpoint", "stackit_sd: endpoint and region missing");
    }
    if let Err(why) = url::split(&endpoint) {
        r.refuse(
            "endpoint",
            format!("stackit_sd: invalid endpoint {endpoint:?}: {why}"),
        );
    }
    r.secret("service_account_key");
    r.secret("private_key");
    for key in [
        "service_account_key_path",
        "private_key_path",
        "credentials_file_path",
    ] {
        r.text(key);
    }
    r.duration_or("refresh_interval", seconds(60));
    r.int_or("port", 80);
    http_client::read(r);
    None
}
