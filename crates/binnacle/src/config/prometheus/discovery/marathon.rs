//! `marathon_sd_configs`: applications of Marathon.

use binnacle_collect::settings::DiscoverySettings;

use crate::config::prometheus::http_client;
use binnacle_config::reader::{FileKind, Reader};

use super::seconds;

/// One section.
pub(super) fn read(r: &mut Reader<'_>) -> Option<DiscoverySettings> {
    if r.texts("servers").is_empty() {
        r.refuse(
            "servers",
            "marathon_sd: must contain at least one Marathon server",
        );
    }
    r.duration_or("refresh_interval", seconds(30));
    let token = !r.secret("auth_token").reveal().is_empty();
    let file = r.file("auth_token_file", FileKind::Credentials).is_some();
    if token && file {
        r.refuse(
            "auth_token_file",
            "marathon_sd: at most one of auth_token & auth_token_file must be configured",
        );
    }
    let client = http_client::read(r);
    let key = if token {
        "auth_token"
    } else {
        "auth_token_file"
    };
    if !(token || file) {
        return None;
    }
    if client.basic_auth.is_some() {
        let message = "marathon_sd: at most one of basic_auth, auth_token & auth_token_file must be configured";
        r.refuse(key, message);
    } else if client.bearer.is_some() {
        r.refuse(
            key,
            "marathon_sd: at most one of bearer_token, bearer_token_file, auth_token & auth_token_file must be configured",
        );
    } else if client.authorization.is_some() {
        r.refuse(
            key,
            "marathon_sd: at most one of auth_token, auth_token_file & authorization must be configured",
        );
    }
    None
}
