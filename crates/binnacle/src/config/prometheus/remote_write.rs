//! `remote_write`: where samples are sent on to. Checked; nothing is sent yet.

use std::time::Duration;

use binnacle_model::relabel::NameScheme;

use binnacle_config::reader::{FileKind, Placed, Reader};

use super::{azuread, headers, http_client, relabel, sigv4, url};

const AUTHORIZATION: &str = "authorization header must be changed via the basic_auth, authorization, oauth2, sigv4, azuread or google_iam parameter";

/// Reads one entry, and gives its name.
pub fn read(r: &mut Reader<'_>, names: NameScheme) -> Placed<String> {
    read_url(r, "remote_write");
    r.duration_or("remote_timeout", Duration::from_secs(30));
    headers::plain_headers(r, AUTHORIZATION);
    let empty = "empty or null relabeling rule in remote write config";
    relabel::rules(r, "write_relabel_configs", empty, names);
    let name = Placed {
        value: r.text("name"),
        at: r.at("name"),
    };
    for key in [
        "send_exemplars",
        "send_native_histograms",
        "round_robin_dns",
        "failed_request_logging",
    ] {
        r.bool(key);
    }
    let message = r.text_or("protobuf_message", "prometheus.WriteRequest");
    if !matches!(
        message.as_str(),
        "prometheus.WriteRequest" | "io.prometheus.write.v2.Request"
    ) {
        r.refuse(
            "protobuf_message",
            format!(
                "invalid protobuf_message value: unknown type for remote write protobuf message {message}, supported: prometheus.WriteRequest, io.prometheus.write.v2.Request"
            ),
        );
    }
    read_auth(r);
    r.section_or_default("queue_config", read_queue);
    r.section_or_default("metadata_config", |r| {
        r.bool_or("send", true);
        r.duration_or("send_interval", Duration::from_secs(60));
        r.int_or("max_samples_per_send", 2000);
    });
    name
}

/// The field `url` of remote storage.
pub(super) fn read_url(r: &mut Reader<'_>, whose: &str) {
    let url = r.url("url");
    if !r.has("url") {
        r.refuse("url", format!("url for {whose} is empty"));
    } else if let Err(why) = url::split(&url) {
        r.refuse("url", why);
    }
}

fn read_auth(r: &mut Reader<'_>) {
    let client = http_client::read_with(r, false);
    let ways = [
        ("basic_auth", client.basic_auth.is_some()),
        (
            "authorization",
            client.authorization.is_some() || client.bearer.is_some(),
        ),
        ("oauth2", client.oauth2.is_some()),
        ("sigv4", r.section("sigv4", sigv4::read).is_some()),
        ("azuread", r.section("azuread", azuread::read).is_some()),
        (
            "google_iam",
            r.section("google_iam", |r| {
                r.file("credentials_file", FileKind::Credentials)
            })
            .is_some(),
        ),
    ];
    let set: Vec<&str> = ways
        .into_iter()
        .filter(|(_, set)| *set)
        .map(|(key, _)| key)
        .collect();
    if set.len() > 1 {
        r.refuse_all(format!(
            "at most one of basic_auth, authorization, oauth2, sigv4, azuread or google_iam must be configured. Currently configured: [{}]",
            set.join(" ")
        ));
    }
}

fn read_queue(r: &mut Reader<'_>) {
    let positive = |r: &mut Reader<'_>, key: &'static str, default: i64| {
        let value = r.int_or(key, default);
        if value <= 0 {
            r.refuse(key, format!("remote write queue {key} must be positive"));
        }
        value
    };
    let max = positive(r, "max_shards", 50);
    let min = positive(r, "min_shards", 1);
    if min > max {
        r.refuse(
            "min_shards",
            "remote write queue min_shards must not be greater than max_shards",
        );
    }
    positive(r, "max_samples_per_send", 2000);
    positive(r, "capacity", 10_000);
    r.duration_or("batch_send_deadline", Duration::from_secs(5));
    let min = r.duration_or("min_backoff", Duration::from_millis(30));
    let max = r.duration_or("max_backoff", Duration::from_secs(5));
    if max < min {
        r.refuse(
            "max_backoff",
            "remote write queue max_backoff must not be less than min_backoff",
        );
    }
    r.bool("retry_on_http_429");
    r.duration("sample_age_limit");
}
