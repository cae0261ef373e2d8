//! Checks a configuration file offline: `binnacle.yaml`, `prometheus.yml`,
//! `alertmanager.yml`, `loki-config.yaml`, `web.yml` or a rule file, told apart by their content, and the
//! files that they name. Rules are linted on the way.
//!
//! A `prometheus.yml` is also refused for static targets that are no hosts once they
//! are relabelled. What has to exist is what `promtool check config` wants: rule files named without
//! wildcards, tokens, client certificates and keys. Other secrets may be mounted only
//! where the server runs, so that they are missing is a warning.

use std::path::{Path, PathBuf};

use super::file::{self, Overrides};
use super::loki::LokiFile;
use super::prometheus::PrometheusFile;
use super::promtail::PromtailFile;
use binnacle_config::error::{ConfigError, ConfigErrors};
use binnacle_config::reader::{FileKind, Inactive, NamedFile};
use binnacle_config::yaml::{Node, Value};
use binnacle_config::{glob, source, yaml};

use binnacle_alerting::matchers::Language;
use binnacle_rules::file::{self as rule_file, FileOptions, RuleFile};
use binnacle_rules::lint::{Finding, Settings as LintSettings, lint};
use binnacle_template::alertmanager::Template;

use super::web;

/// The kinds of files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `binnacle.yaml`
    Binnacle,
    /// `prometheus.yml`
    Prometheus,
    /// `alertmanager.yml`
    Alertmanager,
    /// `loki-config.yaml`
    Loki,
    /// A rule file
    Rules,
    /// `promtail-config.yaml`
    Promtail,
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
            Self::Alertmanager => "alertmanager.yml",
            Self::Loki => "loki-config.yaml",
            Self::Rules => "rule file",
            Self::Promtail => "promtail-config.yaml",
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
    /// What the linter says of rules.
    pub findings: Vec<Finding>,
}

/// A file as it was read, before what it names is looked for.
struct Read {
    checked: Checked,
    named: Vec<(PathBuf, NamedFile)>,
    errors: Vec<ConfigError>,
}

/// Checks `path` and what it names.
///
/// # Errors
/// With every mistake in any of the files.
pub fn check(path: &Path) -> Result<Checked, ConfigErrors> {
    let text = source::read(path)?;
    let root = yaml::parse(path, &text)?;
    let Read {
        mut checked,
        named,
        mut errors,
    } = match kind_of(path, root.as_deref()) {
        Kind::Binnacle => binnacle(path)?,
        Kind::Prometheus => prometheus(path, &text)?,
        Kind::Alertmanager => alertmanager(path, &text)?,
        Kind::Loki => loki(path, &text)?,
        Kind::Rules => rules(path, &text)?,
        Kind::Promtail => promtail(path, &text)?,
        Kind::Web => web(path, &text)?,
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

fn binnacle(path: &Path) -> Result<Read, ConfigErrors> {
    let loaded = file::load(Some(path), &Overrides::default())?;
    let settings = &loaded.settings;
    let own = &settings.rules;
    let configured: Vec<RuleFile> = own
        .files
        .iter()
        .filter(|f| !f.path.starts_with(file::BUILTIN))
        .cloned()
        .collect();
    let findings = lint(
        &configured,
        &LintSettings {
            evaluation_interval_ms: own.settings.interval_ms,
            retention_ms: Some(settings.data.engine.retention_ms).filter(|ms| *ms > 0),
            external_labels: Some(own.settings.external_labels.clone()),
            ..LintSettings::default()
        },
    );
    Ok(Read {
        checked: Checked {
            kind: Kind::Binnacle,
            sources: loaded.sources,
            warnings: loaded.warnings,
            inactive: loaded.inactive,
            findings,
        },
        named: loaded.named,
        errors: Vec::new(),
    })
}

fn prometheus(path: &Path, text: &str) -> Result<Read, ConfigErrors> {
    let environment = |name: &str| std::env::var(name).ok();
    let loaded = PrometheusFile::parse(path, text, &environment)?;
    let global = &loaded.global;
    let options = FileOptions {
        names: global.names.scheme(),
        ..FileOptions::default()
    };
    let mut errors = loaded.late;
    let files = match rule_file::load(&existing(&loaded.rule_files), options) {
        Ok(files) => files,
        Err(found) => {
            errors.extend(found.iter().cloned());
            Vec::new()
        }
    };
    let milliseconds = |d: std::time::Duration| i64::try_from(d.as_millis()).unwrap_or(i64::MAX);
    let findings = lint(
        &files,
        &LintSettings {
            scrape_interval_ms: milliseconds(global.scrape_interval),
            evaluation_interval_ms: milliseconds(global.evaluation_interval),
            external_labels: Some(global.external_labels.clone()),
            ..LintSettings::default()
        },
    );
    let mut sources = loaded.sources;
    sources.extend(files.iter().map(|f| f.path.clone()));
    let mut warnings = loaded.warnings;
    warnings.extend(files.into_iter().flat_map(|f| f.warnings));
    Ok(Read {
        checked: Checked {
            kind: Kind::Prometheus,
            sources,
            warnings,
            inactive: loaded.inactive,
            findings,
        },
        named: loaded.named,
        errors,
    })
}

/// Those that are patterns, or files that are there: others are told of by name.
fn existing(patterns: &[PathBuf]) -> Vec<PathBuf> {
    patterns
        .iter()
        .filter(|p| glob::has_wildcard(&p.display().to_string()) || p.exists())
        .cloned()
        .collect()
}

fn alertmanager(path: &Path, text: &str) -> Result<Read, ConfigErrors> {
    let loaded = binnacle_alerting::config::parse(path, text, Language::Fallback)?;
    let mut sources = vec![path.to_owned()];
    let templates: Vec<PathBuf> = loaded.template_files();
    let errors = templates.iter().filter_map(|t| template(t).err()).collect();
    sources.extend(templates);
    let named = loaded.named.iter().map(|f| (path.to_owned(), f.clone()));
    Ok(Read {
        named: named.collect(),
        errors: [loaded.late.clone(), errors].concat(),
        checked: Checked {
            kind: Kind::Alertmanager,
            sources,
            warnings: loaded.warnings,
            inactive: loaded.inactive,
            findings: Vec::new(),
        },
    })
}

/// Reads a file of templates, so that its mistakes are known.
fn template(path: &Path) -> Result<(), ConfigError> {
    let text = source::read(path)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    Template::with_files("http://localhost", [(name.into_owned(), text)])
        .map(|_| ())
        .map_err(|e| ConfigError::whole(path, e.to_string()))
}

fn rules(path: &Path, text: &str) -> Result<Read, ConfigErrors> {
    let file = rule_file::parse(path, text, FileOptions::default())?;
    Ok(Read {
        named: Vec::new(),
        errors: Vec::new(),
        checked: Checked {
            kind: Kind::Rules,
            sources: vec![path.to_owned()],
            warnings: file.warnings.clone(),
            inactive: Vec::new(),
            findings: lint(&[file], &LintSettings::default()),
        },
    })
}

fn promtail(path: &Path, text: &str) -> Result<Read, ConfigErrors> {
    let loaded = PromtailFile::parse(path, text)?;
    let named = loaded.named.into_iter().map(|f| (path.to_owned(), f));
    Ok(Read {
        named: named.collect(),
        errors: Vec::new(),
        checked: Checked {
            kind: Kind::Promtail,
            sources: vec![path.to_owned()],
            warnings: loaded.warnings,
            inactive: loaded.inactive,
            findings: Vec::new(),
        },
    })
}

fn loki(path: &Path, text: &str) -> Result<Read, ConfigErrors> {
    let loaded = LokiFile::parse(path, text)?;
    Ok(Read {
        named: Vec::new(),
        errors: Vec::new(),
        checked: Checked {
            kind: Kind::Loki,
            sources: vec![path.to_owned()],
            warnings: loaded.warnings,
            inactive: Vec::new(),
            findings: Vec::new(),
        },
    })
}

fn web(path: &Path, text: &str) -> Result<Read, ConfigErrors> {
    let loaded = web::parse(path, text)?;
    let named = loaded.named.into_iter().map(|f| (path.to_owned(), f));
    Ok(Read {
        named: named.collect(),
        errors: Vec::new(),
        checked: Checked {
            kind: Kind::Web,
            sources: vec![path.to_owned()],
            warnings: Vec::new(),
            inactive: loaded.inactive,
            findings: Vec::new(),
        },
    })
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
    const BINNACLE: [&str; 7] = ["listen", "data", "metrics", "query", "rules", "logs", "log"];
    const PROMTAIL: [&str; 5] = ["clients", "client", "positions", "target_config", "wal"];
    const ALERTMANAGER: [&str; 5] = [
        "route",
        "receivers",
        "inhibit_rules",
        "time_intervals",
        "mute_time_intervals",
    ];
    const LOKI: [&str; 13] = [
        "auth_enabled",
        "chunk_store_config",
        "common",
        "compactor",
        "distributor",
        "frontend",
        "ingester",
        "limits_config",
        "querier",
        "query_range",
        "schema_config",
        "storage_config",
        "table_manager",
    ];
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
    } else if has(&ALERTMANAGER) || (keys.is_empty() && name.starts_with("alertmanager")) {
        Kind::Alertmanager
    } else if has(&PROMTAIL) || name.starts_with("promtail") {
        Kind::Promtail
    } else if has(&LOKI) || (keys.is_empty() && name.starts_with("loki")) {
        Kind::Loki
    } else if has(&["groups"]) {
        Kind::Rules
    } else {
        Kind::Prometheus
    }
}
