//! `http_sd_configs`: target groups that an HTTP server answers with.

use binnacle_collect::settings::{DiscoverySettings, HttpDiscovery};

use crate::config::prometheus::{http_client, url};
use binnacle_config::reader::Reader;

use super::seconds;

/// One section.
pub(super) fn read(r: &mut Reader<'_>) -> Option<DiscoverySettings> {
    let url = web_url(r);
    let refresh_interval = r.duration_or("refresh_interval", seconds(60));
    let http = http_client::read(r).resolve();
    Some(DiscoverySettings::Http(Box::new(HttpDiscovery {
        url,
        refresh_interval,
        http,
    })))
}

/// The field `url`, which must be the URL of a web server.
pub(super) fn web_url(r: &mut Reader<'_>) -> String {
    let url = r.url("url");
    if url.is_empty() {
        r.refuse("url", "URL is missing");
        return url;
    }
    match url::split(&url) {
        Ok(parts) if !matches!(parts.scheme, "http" | "https") => {
            r.refuse("url", "URL scheme must be 'http' or 'https'");
        }
        Ok(parts) if parts.host.is_empty() => r.refuse("url", "host is missing in URL"),
        Ok(_) => {}
        Err(why) => r.refuse("url", why),
    }
    url
}
