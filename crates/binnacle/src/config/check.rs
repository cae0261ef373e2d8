//! Checks a configuration file offline: `binnacle.yaml`, `prometheus.yml` or
//! `web.yml`, told apart by their content, and the files that they name.
//!
//! A `prometheus.yml` is also refused for static targets that are no hosts once they
//! are relabelled. What has to exist is what `promtool check config` wants: rule files named without
//! wildcards, tokens, client certificates and keys. Other secrets may be mounted only
//! where the server runs, so that they are missing is a warning.

use std::path::{Path, PathBuf};

use super::file::{self, Overrides};
use super::prometheus::PrometheusFile;
use binnacle_config::error::{ConfigError, ConfigErrors};
use binnacle_config::reader::{FileKind, Inactive, NamedFile};
use binnacle_config::yaml::{Node, Value};
use binnacle_config::{glob, source, yaml};

use super::web;

/// The kinds of files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `binnacle.yaml`
    Binnacle,
    /// `prometheus.yml`
    Prometheus,
    /// `web.yml`
    Web,
}

impl Kind {
    /// As people call such a file.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Binnacle => "binnacle.yaml",
            Self::Prometheus => "prometheus.yml",
            Self::Web => "web.yml",
        }
    }
}

/// A file that was found valid.
#[derive(Debug)]
pub struct Checked {
    /// What kind of file it is.
    pub kind: Kind,
    /// All files that were read.
    pub sources: Vec<PathBuf>,
    /// What is odd and does no harm.
    pub warnings: Vec<ConfigError>,
    /// What is understood and does not act yet.
    pub inactive: Vec<Inactive>,
}

/// Checks `path` and what it names.
///
/// # Errors
/// With every mistake in any of the files.
pub fn check(path: &Path) -> Result<Checked, ConfigErrors> {
    let text = source::read(path)?;
    let root = yaml::parse(path, &text)?;
    let kind = kind_of(path, root.as_deref());
    let mut errors = Vec::new();
    let (mut checked, named) = match kind {
        Kind::Binnacle => {
            let loaded = file::load(Some(path), &Overrides::default())?;
            let file::Loaded {
                sources,
                warnings,
                inactive,
                named,
                ..
            } = loaded;
            (
                Checked {
                    kind,
                    sources,
                    warnings,
                    inactive,
                },
                named,
            )
        }
        Kind::Prometheus => {
            let environment = |name: &str| std::env::var(name).ok();
            let loaded = PrometheusFile::parse(path, &text, &environment)?;
            let PrometheusFile {
                sources,
                warnings,
                inactive,
                named,
                late,
                ..
            } = loaded;
            errors.extend(late);
            (
                Checked {
                    kind,
                    sources,
                    warnings,
                    inactive,
                },
                named,
            )
        }
        Kind::Web => {
            let loaded = web::parse(path, &text)?;
            let named = loaded
                .named
                .into_iter()
                .map(|f| (path.to_owned(), f))
                .collect();
            let sources = vec![path.to_owned()];
            (
                Checked {
                    kind,
                    sources,
                    warnings: Vec::new(),
                    inactive: loaded.inactive,
                },
                named,
            )
        }
    };
    for (file, named) in &named {
        match missing(file, named) {
            Some((true, error)) => errors.push(error),
            Some((false, warning)) => checked.warnings.push(warning),
            None => {}
        }
    }
    ConfigErrors::of(errors).map_or(Ok(checked), Err)
}

/// The mistake that a file is missing, and whether it matters.
fn missing(file: &Path, named: &NamedFile) -> Option<(bool, ConfigError)> {
    let shown = named.path.display().to_string();
    let wildcards =
        matches!(named.kind, FileKind::Rules | FileKind::Targets) && glob::has_wildcard(&shown);
    if wildcards {
        return None;
    }
    let Err(cause) = std::fs::metadata(&named.path) else {
        return None;
    };
    let (matters, message) = match named.kind {
        FileKind::Rules => (
            true,
            format!("{shown:?} does not point to an existing file"),
        ),
        FileKind::Token => {
            let what = "error checking authorization credentials or bearer token file";
            (true, format!("{what} {shown:?}: {cause}"))
        }
        FileKind::ClientCertificate => (
            true,
            format!("error checking client cert file {shown:?}: {cause}"),
        ),
        FileKind::ClientKey => (
            true,
            format!("error checking client key file {shown:?}: {cause}"),
        ),
        FileKind::ServerCertificate => {
            (true, format!("failed to read cert_file {shown:?}: {cause}"))
        }
        FileKind::ServerKey => (true, format!("failed to read key_file {shown:?}: {cause}")),
        FileKind::ClientAuthorities => (
            true,
            format!("failed to read client_ca_file {shown:?}: {cause}"),
        ),
        FileKind::Authorities => (false, format!("error checking ca file {shown:?}: {cause}")),
        FileKind::Credentials => (false, format!("the file of a secret {shown:?}: {cause}")),
        FileKind::Targets => (
            false,
            format!("file {shown:?} of a file_sd_configs does not exist"),
        ),
    };
    Some((matters, ConfigError::new(file, named.at, message)))
}

/// Tells files apart by the keys at their top, and by its name a file that has none of
/// those that are not Prometheus'.
fn kind_of(path: &Path, root: Option<&Node>) -> Kind {
    const BINNACLE: [&str; 5] = ["listen", "data", "metrics", "query", "log"];
    const WEB: [&str; 4] = [
        "tls_server_config",
        "http_server_config",
        "basic_auth_users",
        "rate_limit",
    ];
    let keys: Vec<&str> = match root.map(|n| &n.value) {
        Some(Value::Map(entries)) => entries.iter().map(|e| e.key.text.as_str()).collect(),
        _ => Vec::new(),
    };
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let has = |known: &[&str]| keys.iter().any(|k| known.contains(k));
    let (binnacle, web) = (has(&BINNACLE), has(&WEB));
    let nameless = !binnacle && !web;
    if web || (nameless && name.starts_with("web")) {
        Kind::Web
    } else if binnacle || (nameless && name.starts_with("binnacle")) {
        Kind::Binnacle
    } else {
        Kind::Prometheus
    }
}
