//! `scrape_configs` of Promtail: which lines, with which labels, through which stages.

use std::collections::BTreeMap;
use std::time::Duration;

use binnacle_collect::tail::{FileTarget, JournalSettings, StartAt, TailJob};
use binnacle_config::reader::Reader;
use binnacle_model::relabel::NameScheme;

use super::stages;
use crate::config::prometheus::relabel;

/// The label that holds the pattern of paths.
const PATH: &str = "__path__";

/// The label that holds the pattern of paths that are left out.
const EXCLUDE: &str = "__path_exclude__";

/// Entries of the journal that are older are left out.
const JOURNAL_AGE: Duration = Duration::from_secs(7 * 3_600);

/// Ways in that this program does not have.
const OTHERS: [&str; 19] = [
    "azure_event_hubs",
    "cloudflare",
    "consul_sd_configs",
    "consulagent_sd_configs",
    "dns_sd_configs",
    "docker_sd_configs",
    "ec2_sd_configs",
    "file_sd_configs",
    "azure_sd_configs",
    "gce_sd_configs",
    "gcplog",
    "gelf",
    "heroku_drain",
    "kafka",
    "loki_push_api",
    "openstack_sd_configs",
    "syslog",
    "triton_sd_configs",
    "windows_events",
];

fn instead(key: &str) -> &'static str {
    match key {
        "syslog" => "set logs.listen.syslog_tcp or syslog_udp",
        "loki_push_api" => "lines are taken at /loki/api/v1/push of Binnacle itself",
        "docker_sd_configs" => "follow /var/lib/docker/containers/*/*-json.log by __path__",
        "file_sd_configs" => "name the files by static_configs",
        _ => "this way in does not exist here",
    }
}

/// Reads one job.
pub(super) fn read(r: &mut Reader<'_>) -> TailJob {
    let name = r.text("job_name");
    if name.is_empty() {
        r.refuse("job_name", "job_name is empty");
    }
    for key in OTHERS {
        r.inactive(key, instead(key));
        let _ = r.node(key);
    }
    if r.has("encoding") {
        r.inactive("encoding", "lines are stored as the bytes that they are");
    }
    let _ = (r.text("encoding"), r.node("entry_parser"));
    r.section("decompression", |r| {
        // Files are known by their endings, .gz and .zst.
        let _ = (r.bool("enabled"), r.node("initial_delay"));
        let format = r.text("format");
        if !matches!(&*format, "" | "gz" | "zst") {
            r.inactive("format", "only .gz and .zst files are unpacked");
        }
    });
    let relabel = relabel::rules(
        r,
        "relabel_configs",
        "empty or null relabeling rule in scrape config",
        NameScheme::Legacy,
    );
    let mut targets: Vec<FileTarget> = r
        .sections("static_configs", "a target with nothing in it", target)
        .into_iter()
        .flatten()
        .collect();
    if !kubernetes(r).is_empty() {
        targets.push(FileTarget {
            paths: vec!["/var/log/pods/*/*/*.log".to_owned()],
            exclude: Vec::new(),
            labels: BTreeMap::new(),
            kubernetes: true,
        });
    }
    TailJob {
        name,
        targets,
        journal: r.section("journal", journal),
        relabel,
        stages: stages::read(r, "pipeline_stages"),
        start: StartAt::Beginning,
    }
}

/// Pods are found by the folders of the kubelet on this node instead of through the API.
fn kubernetes(r: &mut Reader<'_>) -> Vec<()> {
    let key = "kubernetes_sd_configs";
    r.sections(key, "a mechanism with nothing in it", |r| {
        let known = [
            "api_server",
            "role",
            "kubeconfig_file",
            "namespaces",
            "selectors",
            "attach_metadata",
            "basic_auth",
            "authorization",
            "bearer_token",
            "bearer_token_file",
            "oauth2",
            "tls_config",
            "proxy_url",
            "follow_redirects",
            "enable_http2",
        ];
        for key in known {
            let _ = r.node(key);
        }
        r.inactive_here(
            "pods are found by their folders in /var/log/pods: namespace, pod, container and \
             controller are known, labels of pods are not",
        );
    })
}

fn target(r: &mut Reader<'_>) -> Option<FileTarget> {
    // Which hosts are meant has no meaning for files of this one.
    let _ = r.texts("targets");
    let mut labels: BTreeMap<String, String> = r
        .text_map("labels")
        .into_iter()
        .map(|(name, value)| (name.value, value.value))
        .collect();
    let Some(path) = labels.remove(PATH) else {
        // Sections such as `journal` come with targets without a path.
        return None;
    };
    let exclude = labels.remove(EXCLUDE);
    labels.retain(|name, _| !name.starts_with("__"));
    if !path.starts_with('/') {
        let message = format!("{PATH} {path:?} must be absolute");
        r.refuse("labels", message);
    }
    Some(FileTarget {
        paths: vec![path],
        exclude: exclude.into_iter().filter(|e| !e.is_empty()).collect(),
        labels,
        kubernetes: false,
    })
}

fn journal(r: &mut Reader<'_>) -> JournalSettings {
    let matches = r.text("matches");
    JournalSettings {
        max_age: r.duration_or("max_age", JOURNAL_AGE),
        path: r.path("path"),
        labels: r
            .text_map("labels")
            .into_iter()
            .map(|(name, value)| (name.value, value.value))
            .collect(),
        matches: matches.split_whitespace().map(str::to_owned).collect(),
        json: r.bool("json"),
    }
}
