//! `alerting`: where alerts are sent. Checked; nothing is sent yet.

use binnacle_model::relabel::NameScheme;

use binnacle_config::reader::Reader;

use super::discovery::{self, Relabelling};
use super::{http_client, relabel, sigv4};

/// Reads the section.
pub fn read(r: &mut Reader<'_>, names: NameScheme) {
    relabel::rules(
        r,
        "alert_relabel_configs",
        "empty or null alert relabeling rule",
        names,
    );
    let empty = "empty or null alertmanager section";
    r.sections("alertmanagers", empty, |r| alertmanager(r, names));
}

fn alertmanager(r: &mut Reader<'_>, names: NameScheme) {
    let client = http_client::read(r);
    let signed = r.section("sigv4", sigv4::read).is_some();
    let authorized =
        client.basic_auth.is_some() || client.authorization.is_some() || client.oauth2.is_some();
    if signed && (authorized || client.bearer.is_some()) {
        let message =
            "at most one of basic_auth, authorization, oauth2, & sigv4 must be configured";
        r.refuse("sigv4", message);
    }
    let scheme = r.text_or("scheme", "http");
    let prefix = r.text("path_prefix");
    r.duration_or("timeout", std::time::Duration::from_secs(10));
    let version = r.text_or("api_version", "v2");
    if version != "v2" {
        let message =
            format!("expected Alertmanager api version to be one of [v2] but got {version}");
        r.refuse("api_version", message);
    }
    let empty = "empty or null Alertmanager target relabeling rule";
    let rules = relabel::rules(r, "relabel_configs", empty, names);
    let empty = "empty or null Alertmanager alert relabeling rule";
    relabel::rules(r, "alert_relabel_configs", empty, names);
    let labels = vec![
        ("__scheme__".to_owned(), scheme),
        (
            "__alerts_path__".to_owned(),
            format!("{}/api/v2/alerts", prefix.trim_end_matches('/')),
        ),
    ];
    discovery::read(
        r,
        &Relabelling {
            rules: &rules,
            labels,
        },
    );
}
