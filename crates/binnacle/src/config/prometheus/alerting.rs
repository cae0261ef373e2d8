//! `alerting`: other Alertmanagers that alerts are sent to.

use std::time::Duration;

use binnacle_client::settings::HttpSettings;
use binnacle_collect::settings::DiscoverySettings;
use binnacle_config::reader::Reader;
use binnacle_model::relabel::{NameScheme, RelabelRule};

use super::discovery::{self, Relabelling};
use super::{http_client, relabel, sigv4};

/// The section.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Alerting {
    /// `alert_relabel_configs`: what happens to every alert before it is sent.
    pub alert_relabel: Vec<RelabelRule>,
    /// `alertmanagers`
    pub alertmanagers: Vec<Alertmanagers>,
}

/// Alertmanagers that are found and spoken to in one way.
#[derive(Debug, Clone, PartialEq)]
pub struct Alertmanagers {
    /// Where they are.
    pub discovery: Vec<DiscoverySettings>,
    /// Labels that each has beside its own: scheme and path.
    pub labels: Vec<(String, String)>,
    /// Which of them, and where exactly.
    pub relabel: Vec<RelabelRule>,
    /// What happens to alerts that go to them.
    pub alert_relabel: Vec<RelabelRule>,
    /// How they are spoken to.
    pub http: HttpSettings,
    /// How long one may take.
    pub timeout: Duration,
}

/// Reads the section.
pub fn read(r: &mut Reader<'_>, names: NameScheme) -> Alerting {
    let alert_relabel = relabel::rules(
        r,
        "alert_relabel_configs",
        "empty or null alert relabeling rule",
        names,
    );
    let empty = "empty or null alertmanager section";
    let alertmanagers = r.sections("alertmanagers", empty, |r| alertmanager(r, names));
    Alerting {
        alert_relabel,
        alertmanagers,
    }
}

fn alertmanager(r: &mut Reader<'_>, names: NameScheme) -> Alertmanagers {
    let client = http_client::read(r);
    let signed = r.section("sigv4", sigv4::read).is_some();
    let authorized =
        client.basic_auth.is_some() || client.authorization.is_some() || client.oauth2.is_some();
    if signed && (authorized || client.bearer.is_some()) {
        let message =
            "at most one of basic_auth, authorization, oauth2, & sigv4 must be configured";
        r.refuse("sigv4", message);
    }
    r.inactive("sigv4", "requests to Alertmanagers are not signed yet");
    let scheme = r.text_or("scheme", "http");
    let prefix = r.text("path_prefix");
    let timeout = r.duration_or("timeout", Duration::from_secs(10));
    let version = r.text_or("api_version", "v2");
    if version != "v2" {
        let message =
            format!("expected Alertmanager api version to be one of [v2] but got {version}");
        r.refuse("api_version", message);
    }
    let empty = "empty or null Alertmanager target relabeling rule";
    let rules = relabel::rules(r, "relabel_configs", empty, names);
    let empty = "empty or null Alertmanager alert relabeling rule";
    let alert_relabel = relabel::rules(r, "alert_relabel_configs", empty, names);
    let labels = vec![
        ("__scheme__".to_owned(), scheme),
        (
            "__alerts_path__".to_owned(),
            format!("{}/api/v2/alerts", prefix.trim_end_matches('/')),
        ),
    ];
    let discovery = discovery::read(
        r,
        &Relabelling {
            rules: &rules,
            labels: labels.clone(),
        },
    );
    Alertmanagers {
        discovery,
        labels,
        relabel: rules,
        alert_relabel,
        http: client.resolve(),
        timeout,
    }
}
