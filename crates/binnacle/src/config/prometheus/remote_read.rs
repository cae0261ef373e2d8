//! `remote_read`: where older samples are asked for. Checked; nobody is asked yet.

use std::time::Duration;

use binnacle_config::reader::{Placed, Reader};

use super::{headers, http_client, remote_write};

const AUTHORIZATION: &str = "authorization header must be changed via the basic_auth, authorization, oauth2, sigv4, azuread or google_iam parameter";

/// Reads one entry, and gives its name.
pub fn read(r: &mut Reader<'_>) -> Placed<String> {
    remote_write::read_url(r, "remote_read");
    r.duration_or("remote_timeout", Duration::from_secs(60));
    r.uint_or("chunked_read_limit", 50_000_000);
    headers::plain_headers(r, AUTHORIZATION);
    r.bool("read_recent");
    let name = Placed {
        value: r.text("name"),
        at: r.at("name"),
    };
    http_client::read(r);
    for (label, _) in r.text_map("required_matchers") {
        if label.value.is_empty() {
            r.refuse_at(label.at, "\"\" is not a valid label name");
        }
    }
    r.bool_or("filter_external_labels", true);
    name
}
