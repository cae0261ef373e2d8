//! `prometheus.yml`, unmodified: every section of Prometheus 3, by its own rules.
//!
//! A section is read by the file of its name. What acts becomes typed fields of
//! [`PrometheusFile`], and [`PrometheusFile::resolve`] makes settings of it; what
//! does not act yet is read and checked all the same, shows in the effective form,
//! and is listed in [`PrometheusFile::inactive`]. When its engine comes, its reader
//! starts to return something.

mod alerting;
mod azuread;
pub mod discovery;
mod environment;
mod global;
mod limits;
mod names;
mod otlp;
mod protocols;
pub mod relabel;
mod remote_read;
mod remote_write;
mod scrape;
mod sigv4;
mod storage;
mod tracing;

pub(crate) use binnacle_config::http::{self as http_client, headers, tls, url};

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use binnacle_collect::settings::{CollectSettings, GlobalSettings};

use binnacle_config::error::{At, ConfigError, ConfigErrors};
use binnacle_config::glob;
use binnacle_config::reader::{Context, FileKind, Inactive, NamedFile, Placed, Reader, read_file};
use binnacle_config::source;
use binnacle_config::yaml::{Out, print};

pub use alerting::{Alerting, Alertmanagers};
pub use environment::Environment;
pub use global::Global;
pub use scrape::ScrapeConfig;
pub use storage::Storage;

/// A `prometheus.yml` that was found valid, with the files it includes.
#[derive(Debug)]
pub struct PrometheusFile {
    /// `global`, with its defaults.
    pub global: Global,
    /// `scrape_configs`, and those of `scrape_config_files`.
    pub scrapes: Vec<ScrapeConfig>,
    /// `rule_files`: paths whose last part may hold `*`.
    pub rule_files: Vec<PathBuf>,
    /// `alerting`: other Alertmanagers.
    pub alerting: Alerting,
    /// `storage`
    pub storage: Storage,
    /// What is understood and does not act yet.
    pub inactive: Vec<Inactive>,
    /// What is odd and does no harm.
    pub warnings: Vec<ConfigError>,
    /// Mistakes that let it load and show when it acts, such as a target that is no
    /// host after relabelling.
    pub late: Vec<ConfigError>,
    /// The files that it names, by the file that names them.
    pub named: Vec<(PathBuf, NamedFile)>,
    /// All files that were read.
    pub sources: Vec<PathBuf>,
    effective: Out,
}

impl PrometheusFile {
    /// Reads `file` and the scrape configuration files that it includes.
    ///
    /// # Errors
    /// With every mistake in any of them.
    pub fn load(file: &Path, environment: &Environment<'_>) -> Result<Self, ConfigErrors> {
        Self::parse(file, &source::read(file)?, environment)
    }

    /// As [`PrometheusFile::load`], with the text of the file at hand.
    ///
    /// # Errors
    /// With every mistake in it or in the files it includes.
    pub fn parse(
        file: &Path,
        text: &str,
        environment: &Environment<'_>,
    ) -> Result<Self, ConfigErrors> {
        let root = binnacle_config::yaml::parse(file, text)?;
        let context = Context::new(file);
        let (parts, effective) = read_file(&context, root.as_deref(), |r| read(r, environment));
        let mut loaded = Self {
            global: parts.global,
            scrapes: parts.scrapes,
            rule_files: parts.rule_files,
            alerting: parts.alerting,
            storage: parts.storage,
            inactive: context.take_inactive(),
            warnings: context.take_warnings(),
            late: context.take_late(),
            named: context
                .take_files()
                .into_iter()
                .map(|f| (file.to_owned(), f))
                .collect(),
            sources: vec![file.to_owned()],
            effective,
        };
        let mut errors = context.take_errors();
        for pattern in parts.scrape_config_files {
            loaded.include(&pattern, &mut errors);
        }
        ConfigErrors::of(errors).map_or(Ok(loaded), Err)
    }

    /// Reads the scrape configuration files that `pattern` matches.
    fn include(&mut self, pattern: &Placed<PathBuf>, errors: &mut Vec<ConfigError>) {
        let files = glob::expand(&pattern.value);
        if files.is_empty() {
            let message = format!("no file matches {:?}", pattern.value.display().to_string());
            self.warnings
                .push(ConfigError::new(&self.sources[0], pattern.at, message));
        }
        for file in files {
            if let Err(found) = self.include_file(&file) {
                errors.extend(found.iter().cloned());
            }
        }
    }

    fn include_file(&mut self, file: &Path) -> Result<(), ConfigErrors> {
        let text = source::read(file)?;
        let root = binnacle_config::yaml::parse(file, &text)?;
        let context = Context::new(file);
        let global = &self.global;
        let (scrapes, _) = read_file(&context, root.as_deref(), |r| read_scrapes(r, global));
        let mut errors = context.take_errors();
        for scrape in &scrapes {
            let name = &scrape.job_name;
            if self.scrapes.iter().any(|s| s.job_name.value == name.value) && !name.value.is_empty()
            {
                let message = format!(
                    "found multiple scrape configs with job name {:?}",
                    name.value
                );
                errors.push(ConfigError::new(file, name.at, message));
            }
        }
        self.scrapes.extend(scrapes);
        self.inactive.extend(context.take_inactive());
        self.late.extend(context.take_late());
        self.named.extend(
            context
                .take_files()
                .into_iter()
                .map(|f| (file.to_owned(), f)),
        );
        self.sources.push(file.to_owned());
        ConfigErrors::of(errors).map_or(Ok(()), Err)
    }

    /// What to collect.
    #[must_use]
    pub fn resolve(&self) -> CollectSettings {
        CollectSettings {
            global: GlobalSettings {
                external_labels: self.global.external_labels.clone(),
            },
            scrapes: self
                .scrapes
                .iter()
                .map(|s| s.resolve(&self.global))
                .collect(),
        }
    }

    /// The effective configuration, defaults filled in and secrets left out.
    #[must_use]
    pub fn effective(&self) -> &Out {
        &self.effective
    }

    /// The effective configuration as YAML, defaults filled in and secrets left out;
    /// as `/api/v1/status/config` answers.
    #[must_use]
    pub fn print(&self) -> String {
        print(&self.effective)
    }
}

/// What acts of the main file.
struct Parts {
    global: Global,
    scrapes: Vec<ScrapeConfig>,
    scrape_config_files: Vec<Placed<PathBuf>>,
    rule_files: Vec<PathBuf>,
    alerting: Alerting,
    storage: Storage,
}

fn read(r: &mut Reader<'_>, environment: &Environment<'_>) -> Parts {
    let global = r.section_or_default("global", |r| global::read(r, environment));
    let names = global.names.scheme();
    r.section("runtime", global::read_runtime);
    let rule_files = read_patterns(r, "rule_files", "rule");
    for file in &rule_files {
        r.context()
            .names(file.at, file.value.clone(), FileKind::Rules);
    }
    let scrape_config_files = read_patterns(r, "scrape_config_files", "scrape config");
    let scrapes = read_scrapes(r, &global);
    let alerting = r
        .section("alerting", |r| alerting::read(r, names))
        .unwrap_or_default();
    let storage = r.section("storage", storage::read).unwrap_or_default();
    r.section("tracing", tracing::read);
    r.inactive("tracing", "traces of this server are not sent yet");
    let empty = "empty or null remote write config section";
    let writes = r.sections("remote_write", empty, |r| remote_write::read(r, names));
    refuse_twins(r, &writes, "remote write configs");
    r.inactive("remote_write", "samples are not sent on yet");
    let reads = r.sections(
        "remote_read",
        "empty or null remote read config section",
        remote_read::read,
    );
    refuse_twins(r, &reads, "remote read configs");
    r.inactive("remote_read", "remote storage is not asked yet");
    r.section("otlp", |r| otlp::read(r, names));
    r.inactive("otlp", "OTLP is not received yet");
    Parts {
        global,
        scrapes,
        scrape_config_files,
        rule_files: rule_files.into_iter().map(|f| f.value).collect(),
        alerting,
        storage,
    }
}

/// The `scrape_configs` of `r`, which may be those of another file, such as
/// `binnacle.yaml`.
pub(super) fn read_scrapes(r: &mut Reader<'_>, global: &Global) -> Vec<ScrapeConfig> {
    let empty = "empty or null scrape config section";
    let scrapes = r.sections_once("scrape_configs", empty, |r| scrape::read(r, global));
    let names: Vec<_> = scrapes.iter().map(|s| s.job_name.clone()).collect();
    refuse_twins(r, &names, "scrape configs");
    scrapes
}

/// Names must differ, where there are any.
fn refuse_twins(r: &Reader<'_>, names: &[Placed<String>], what: &str) {
    let mut seen: HashMap<&str, At> = HashMap::new();
    for name in names.iter().filter(|n| !n.value.is_empty()) {
        if let Some(first) = seen.insert(&name.value, name.at) {
            let message = format!(
                "found multiple {what} with job name {:?}, first found at line {}",
                name.value, first.line
            );
            r.refuse_at(name.at, message);
        }
    }
}

/// Paths whose last part may hold one `*`.
fn read_patterns(r: &mut Reader<'_>, key: &'static str, what: &str) -> Vec<Placed<PathBuf>> {
    let mut paths = Vec::new();
    for text in r.texts(key) {
        let valid = text
            .value
            .split_once('*')
            .is_none_or(|(_, rest)| !rest.contains('/'));
        if !valid {
            r.refuse_at(
                text.at,
                format!("invalid {what} file path {:?}", text.value),
            );
        }
        paths.push(Placed {
            at: text.at,
            value: r.resolve_path(&text.value),
        });
    }
    if !paths.is_empty() {
        let out = paths
            .iter()
            .map(|p| Out::Text(p.value.display().to_string()))
            .collect();
        r.show(key, Out::List(out));
    }
    paths
}
