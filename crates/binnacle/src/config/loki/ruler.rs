//! `ruler`: where rules over logs are, how often they are evaluated, and who is told.

use std::path::{Path, PathBuf};
use std::time::Duration;

use binnacle_config::reader::Reader;
use binnacle_config::yaml::{Node, Value};

use super::given;
use super::unused::{self, Unused};
use crate::config::prometheus::{Alertmanagers, PrometheusFile, url};

/// What acts of the section.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ruler {
    /// The folder with one folder of rule files for each tenant.
    pub directory: Option<PathBuf>,
    /// Alertmanagers that alerts are sent to.
    pub alertmanager_urls: Vec<String>,
    /// How often rules are evaluated.
    pub evaluation_interval: Option<Duration>,
}

impl Ruler {
    /// The Alertmanagers as a `prometheus.yml` would name them. URLs were checked when they
    /// were read.
    #[must_use]
    pub fn alertmanagers(&self) -> Vec<Alertmanagers> {
        let mut text = String::from("alerting:\n  alertmanagers:\n");
        for url in &self.alertmanager_urls {
            let Ok(parts) = url::split(url) else {
                continue;
            };
            let rest = url.split_once("://").map_or("", |(_, rest)| rest);
            let (authority, path) = match rest.split_once('/') {
                Some((authority, path)) => (authority, format!("/{path}")),
                None => (rest, "/".to_owned()),
            };
            let host = authority.rsplit('@').next().unwrap_or(authority);
            text.push_str(&format!(
                "  - scheme: {}\n    path_prefix: {path:?}\n    static_configs:\n    - targets: \
                 [{host:?}]\n",
                parts.scheme
            ));
        }
        if self.alertmanager_urls.is_empty() {
            return Vec::new();
        }
        PrometheusFile::parse(Path::new("ruler.alertmanager_url"), &text, &|_| None)
            .map(|file| file.alerting.alertmanagers)
            .unwrap_or_default()
    }

    /// With the folder of `common`, unless it has its own.
    pub(super) fn or_directory(mut self, common: Option<PathBuf>) -> Self {
        self.directory = self.directory.or(common);
        self
    }
}

/// Reads the section.
pub(super) fn read(r: &mut Reader<'_>, unused: &mut Unused) -> Ruler {
    let urls = r.text("alertmanager_url");
    let mut alertmanager_urls = Vec::new();
    for url in urls.split(',').map(str::trim).filter(|u| !u.is_empty()) {
        match url::split(url) {
            Ok(parts) if matches!(parts.scheme, "http" | "https") && !parts.host.is_empty() => {
                alertmanager_urls.push(url.to_owned());
            }
            _ => r.refuse(
                "alertmanager_url",
                format!("{url:?} is no URL of an Alertmanager, such as http://127.0.0.1:9093"),
            ),
        }
    }
    let storage = r.node("storage");
    let directory = storage.and_then(|node| text_at(node, &["local", "directory"]));
    let kind = storage.and_then(|node| text_at(node, &["type"]));
    if kind.is_some_and(|kind| kind != "local") {
        unused.take_all(r, &["storage"]);
    }
    unused.take_all(r, unused::RULER);
    Ruler {
        directory: directory.map(|d| r.resolve_path(d)),
        alertmanager_urls,
        evaluation_interval: given(r, "evaluation_interval", Reader::duration),
    }
}

/// The folder of rules that `common` implies.
pub(super) fn read_common(r: &mut Reader<'_>, unused: &mut Unused) -> Option<PathBuf> {
    let storage = r.node("storage");
    let named = storage.and_then(|node| text_at(node, &["filesystem", "rules_directory"]));
    let has_chunks =
        storage.is_some_and(|node| text_at(node, &["filesystem", "chunks_directory"]).is_some());
    if storage.is_some() && (named.is_none() || has_chunks) {
        unused.take_all(r, &["storage"]);
    }
    let prefix = r.text("path_prefix");
    unused.take_all(r, unused::COMMON);
    match named {
        Some(named) => Some(r.resolve_path(named)),
        None if prefix.is_empty() => None,
        None => Some(r.resolve_path(&prefix).join("rules")),
    }
}

/// The text at a path below `node`.
fn text_at<'a>(node: &'a Node, path: &[&str]) -> Option<&'a str> {
    let Some((first, rest)) = path.split_first() else {
        return match &node.value {
            Value::Scalar(scalar) if !node.is_null() => Some(&scalar.text),
            _ => None,
        };
    };
    let Value::Map(entries) = &node.value else {
        return None;
    };
    let entry = entries.iter().find(|e| e.key.text == *first)?;
    text_at(&entry.value, rest)
}
