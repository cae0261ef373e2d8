//! `binnacle.yaml`: the configuration of the whole, one file per section.
//!
//! Every section has defaults, so that no file at all is a valid configuration. A
//! section either holds its settings or names a standard file that does
//! (`metrics.prometheus_file`, `listen.web_config_file`). The keys are listed with
//! their defaults in `docs/user/configuration.md`; a test holds the two together.

mod alerting;
mod data;
mod listen;
mod log;
mod logs;
mod logs_listen;
mod metrics;
mod privacy;
mod query;
mod rules;
mod tail;
mod tiers;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use super::loki::LokiFile;
use super::prometheus::{Alertmanagers, Environment, PrometheusFile, Storage};
use super::web::{self, WebFile};
use binnacle_config::error::{ConfigError, ConfigErrors};
use binnacle_config::reader::{Context, Inactive, NamedFile, Reader, describe, read_file};
use binnacle_config::source;
use binnacle_config::yaml::{Out, print};

pub use alerting::AlertingSettings;
pub use data::DataSettings;
pub use log::{LogFormat, LogLevel, LogSettings};
pub use logs::{LogsQuerySettings, LogsSettings};
pub use logs_listen::Sockets;
pub use metrics::{HostPool, MetricsSettings};
pub use query::QuerySettings;
pub use rules::{BUILTIN, RulesSettings};
pub use tiers::TierSettings;

/// Everything, resolved.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Listening and answering.
    pub listen: binnacle_server::settings::Settings,
    /// Where and how data are kept.
    pub data: DataSettings,
    /// What is collected.
    pub metrics: MetricsSettings,
    /// What queries may use.
    pub query: QuerySettings,
    /// Recording and alerting rules.
    pub rules: RulesSettings,
    /// Other Alertmanagers, as a `prometheus.yml` names them.
    pub alertmanagers: Vec<Alertmanagers>,
    /// Who is told of alerts.
    pub alerting: AlertingSettings,
    /// How logs of others are kept and guarded.
    pub logs: LogsSettings,
    /// What is logged, and how.
    pub log: LogSettings,
}

/// What the command line says; it wins over the file.
#[derive(Debug, Clone, Default)]
pub struct Overrides {
    /// `--data-dir`
    pub data_dir: Option<PathBuf>,
    /// `--listen`
    pub listen: Option<SocketAddr>,
    /// `--prometheus-file`
    pub prometheus_file: Option<PathBuf>,
    /// `--alertmanager-file`
    pub alertmanager_file: Option<PathBuf>,
    /// `--promtail-file`
    pub promtail_file: Option<PathBuf>,
    /// `--loki-file`
    pub loki_file: Option<PathBuf>,
    /// `--log-level`
    pub log_level: Option<LogLevel>,
    /// `--log-format`
    pub log_format: Option<LogFormat>,
}

/// A configuration that was found valid.
#[derive(Debug)]
pub struct Loaded {
    /// What to do.
    pub settings: Settings,
    /// What is understood and does not act yet; to be named at the start.
    pub inactive: Vec<Inactive>,
    /// What is odd and does no harm.
    pub warnings: Vec<ConfigError>,
    /// All files that were read.
    pub sources: Vec<PathBuf>,
    /// Files that the configuration names, by the file that names them.
    pub named: Vec<(PathBuf, NamedFile)>,
    /// The effective configuration in the form of `binnacle.yaml`, without secrets.
    pub effective: String,
    /// What is scraped in the form of `prometheus.yml`, without secrets: the answer
    /// of `/api/v1/status/config`.
    pub effective_prometheus: String,
}

/// Reads `path` and the files it names; without a path, everything is at its
/// default.
///
/// # Errors
/// With every mistake in any of the files.
pub fn load(path: Option<&Path>, overrides: &Overrides) -> Result<Loaded, ConfigErrors> {
    load_with(path, overrides, &|name| std::env::var(name).ok())
}

/// As [`load`], with the environment at hand.
///
/// # Errors
/// With every mistake in any of the files.
pub fn load_with(
    path: Option<&Path>,
    overrides: &Overrides,
    environment: &Environment<'_>,
) -> Result<Loaded, ConfigErrors> {
    let text = path.map(source::read).transpose()?.unwrap_or_default();
    parse(
        path.unwrap_or(Path::new("binnacle.yaml")),
        path.is_some(),
        &text,
        overrides,
        environment,
    )
}

/// As [`load_with`], with the text of `file` at hand; `exists` says whether there is
/// such a file, for messages.
fn parse(
    file: &Path,
    exists: bool,
    text: &str,
    overrides: &Overrides,
    environment: &Environment<'_>,
) -> Result<Loaded, ConfigErrors> {
    let root = binnacle_config::yaml::parse(file, text)?;
    let context = Context::new(file);
    let (raw, effective) = read_file(&context, root.as_deref(), |r| {
        read(r, environment, text, overrides.loki_file.as_deref())
    });
    let mut errors = context.take_errors();
    let mut include = Includes::new(&context);
    if exists {
        include.sources.push(file.to_owned());
    }
    let web = include.web(raw.listen.web_config_file.as_deref(), &mut errors);
    let prometheus_file = overrides
        .prometheus_file
        .as_ref()
        .or(raw.metrics.prometheus_file.as_ref());
    let prometheus = include.prometheus(prometheus_file, environment, &mut errors);
    let listen = raw.listen.resolve(
        &context,
        overrides.listen,
        web,
        raw.query.range_steps_max,
        &mut errors,
    );
    let metrics = raw.metrics.resolve(file, prometheus.as_ref(), &mut errors);
    let external_url = listen
        .external_url
        .clone()
        .unwrap_or_else(|| format!("http://{}", listen.address));
    let rules = raw.rules.resolve(
        file,
        prometheus.as_ref(),
        &rules::Identity {
            external_labels: metrics.collect.global.external_labels.clone(),
            external_url,
        },
        &raw.logs.rules(),
        &mut include,
        &mut errors,
    );
    let alertmanager_file = overrides
        .alertmanager_file
        .clone()
        .or(raw.alerting.alertmanager_file.clone());
    let alerting = include.alerting(raw.alerting, alertmanager_file.as_deref(), &mut errors);
    let data_dir = raw.data.directory(overrides.data_dir.as_deref());
    include.loki(raw.logs.loki.as_ref(), &mut errors);
    let mut logs = raw.logs.settings;
    let promtail_file = overrides.promtail_file.as_ref();
    logs.tail = raw.logs.tail.resolve(
        &data_dir,
        promtail_file,
        metrics.host.is_some(),
        &mut include,
        &mut errors,
    );
    raw.logs
        .ports
        .resolve(&listen, &mut logs.sockets, &mut errors);
    let storage = prometheus
        .as_ref()
        .map_or_else(Storage::default, |p| p.storage.clone());
    let alerting = match (alerting, ConfigErrors::of(errors)) {
        (Some(alerting), None) => alerting,
        (_, Some(errors)) => return Err(errors),
        (None, None) => {
            let message = "the alerting section could not be read";
            return Err(ConfigError::whole(file, message).into());
        }
    };
    let mut listen = listen;
    listen.callbacks = alerting.callbacks.clone();
    listen.otlp = logs.otlp.clone();
    listen.tenant_required = raw.logs.tenant_required;
    listen.logs_volume = logs.query.volume;
    listen.logs_deletion = logs.query.deletion;
    let mut alertmanagers = prometheus
        .as_ref()
        .map(|p| p.alerting.alertmanagers.clone())
        .unwrap_or_default();
    alertmanagers.extend(logs.ruler.alertmanagers());
    let mut settings = Settings {
        listen,
        data: raw
            .data
            .resolve(overrides.data_dir.as_deref(), &storage, metrics.series_max),
        metrics,
        query: raw.query.resolve(prometheus.as_ref().map(|p| &p.global)),
        rules,
        alertmanagers,
        alerting,
        logs,
        log: raw.log.with(overrides.log_level, overrides.log_format),
    };
    settings.rules.settings = rules::around(&settings, prometheus.as_ref());
    let effective_prometheus = metrics::print_prometheus(prometheus.as_ref(), &effective);
    Ok(Loaded {
        settings,
        inactive: include.inactive,
        warnings: include.warnings,
        sources: include.sources,
        named: include.named,
        effective: print(&effective),
        effective_prometheus,
    })
}

/// The sections as they were typed.
struct Raw {
    listen: listen::Listen,
    data: data::Data,
    metrics: metrics::Metrics,
    query: query::Query,
    rules: rules::Rules,
    alerting: alerting::Alerting,
    logs: logs::Logs,
    log: LogSettings,
}

fn read(
    r: &mut Reader<'_>,
    environment: &Environment<'_>,
    text: &str,
    loki_file: Option<&Path>,
) -> Raw {
    Raw {
        listen: r.section_or_default("listen", listen::read),
        data: r.section_or_default("data", data::read),
        metrics: r.section_or_default("metrics", |r| metrics::read(r, environment)),
        query: r.section_or_default("query", query::read),
        rules: r.section_or_default("rules", |r| rules::read(r, text)),
        alerting: r.section_or_default("alerting", alerting::read),
        logs: r.section_or_default("logs", |r| logs::read(r, loki_file)),
        log: r.section_or_default("log", log::read),
    }
}

/// The paths of all keys that the reader knows.
#[must_use]
pub fn keys() -> Vec<String> {
    describe(|r| read(r, &|_| None, "", None))
}

/// What comes together from the files.
struct Includes {
    sources: Vec<PathBuf>,
    inactive: Vec<Inactive>,
    warnings: Vec<ConfigError>,
    named: Vec<(PathBuf, NamedFile)>,
}

impl Includes {
    fn new(context: &Context) -> Self {
        Self {
            sources: Vec::new(),
            inactive: context.take_inactive(),
            warnings: [context.take_warnings(), context.take_late()].concat(),
            named: context
                .take_files()
                .into_iter()
                .map(|f| (context.file().to_owned(), f))
                .collect(),
        }
    }

    fn web(&mut self, file: Option<&Path>, errors: &mut Vec<ConfigError>) -> Option<WebFile> {
        let file = file?;
        match web::load(file) {
            Ok(web) => {
                self.inactive.extend(web.inactive.iter().cloned());
                self.named
                    .extend(web.named.iter().map(|f| (file.to_owned(), f.clone())));
                self.sources.push(file.to_owned());
                Some(web)
            }
            Err(found) => {
                errors.extend(found.iter().cloned());
                None
            }
        }
    }

    fn loki(
        &mut self,
        file: Option<&Result<LokiFile, ConfigErrors>>,
        errors: &mut Vec<ConfigError>,
    ) {
        match file {
            None => {}
            Some(Ok(loki)) => {
                self.warnings.extend(loki.warnings.iter().cloned());
                self.sources.push(loki.path.clone());
            }
            Some(Err(found)) => errors.extend(found.iter().cloned()),
        }
    }

    fn alerting(
        &mut self,
        raw: alerting::Alerting,
        file: Option<&Path>,
        errors: &mut Vec<ConfigError>,
    ) -> Option<AlertingSettings> {
        let settings = raw.resolve(file, errors)?;
        let routing = &settings.routing;
        self.inactive.extend(routing.inactive.iter().cloned());
        self.warnings.extend(routing.warnings.iter().cloned());
        if let Some(file) = file {
            self.named
                .extend(routing.named.iter().map(|f| (file.to_owned(), f.clone())));
            self.sources.push(file.to_owned());
        }
        Some(settings)
    }

    fn prometheus(
        &mut self,
        file: Option<&PathBuf>,
        environment: &Environment<'_>,
        errors: &mut Vec<ConfigError>,
    ) -> Option<PrometheusFile> {
        match PrometheusFile::load(file?, environment) {
            Ok(prometheus) => {
                self.inactive.extend(prometheus.inactive.iter().cloned());
                self.warnings.extend(prometheus.warnings.iter().cloned());
                self.warnings.extend(prometheus.late.iter().cloned());
                self.named.extend(prometheus.named.iter().cloned());
                self.sources.extend(prometheus.sources.iter().cloned());
                Some(prometheus)
            }
            Err(found) => {
                errors.extend(found.iter().cloned());
                None
            }
        }
    }
}

/// The list under `path` of an effective form.
fn list_under<'a>(out: &'a Out, path: [&str; 2]) -> &'a [Out] {
    match out.get(path[0]).and_then(|o| o.get(path[1])) {
        Some(Out::List(items)) => items,
        _ => &[],
    }
}
