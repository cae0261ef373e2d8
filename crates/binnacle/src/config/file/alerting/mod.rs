//! `alerting`: who is told of alerts: an `alertmanager.yml`, and what goes beyond it.

mod policy;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use binnacle_alerting::config::Settings as RoutingSettings;
use binnacle_alerting::matchers::Language;
use binnacle_alerting::policy::Policy;
use binnacle_client::settings::Source;
use binnacle_config::error::ConfigError;
use binnacle_config::reader::{FileKind, Reader};
use binnacle_server::settings::Callbacks;

/// Who is told of alerts.
#[derive(Debug, Clone)]
pub struct AlertingSettings {
    /// `alertmanager.yml`
    pub routing: Arc<RoutingSettings>,
    /// What goes beyond it.
    pub policy: Policy,
    /// How long alerts and notifications of the past are kept.
    pub history: Duration,
    /// Whether notifications carry a picture of the alerts' expression.
    pub graphs: bool,
    /// Whether receivers may start programs.
    pub allow_exec: bool,
    /// Who may say back what became of an alert.
    pub callbacks: Callbacks,
}

/// The section as it was typed.
pub(super) struct Alerting {
    pub(super) alertmanager_file: Option<PathBuf>,
    language: Language,
    policy: Policy,
    history: Duration,
    graphs: bool,
    allow_exec: bool,
    callbacks: [Option<Source>; 2],
}

/// Without a file, alerts are shown and nobody is told.
const NOBODY: &str = "route:\n  receiver: nobody\nreceivers:\n  - name: nobody\n";
const YEAR: Duration = Duration::from_secs(365 * 86_400);

/// Reads the section.
pub(super) fn read(r: &mut Reader<'_>) -> Alerting {
    let alertmanager_file = r.path("alertmanager_file");
    let languages = [
        ("fallback", Language::Fallback),
        ("utf8", Language::Utf8),
        ("classic", Language::Classic),
    ];
    let language = r.one_of("matchers", &languages, |text| {
        format!("{text:?} is no language of matchers: there are fallback, utf8 and classic")
    });
    Alerting {
        alertmanager_file,
        language: language.unwrap_or(Language::Fallback),
        policy: policy::read(r),
        history: r.duration_or("history", YEAR),
        graphs: r.bool_or("graphs", true),
        allow_exec: r.bool("allow_exec"),
        callbacks: r.section_or_default("callbacks", |r| {
            [
                secret(r, "slack_signing_secret", "slack_signing_secret_file"),
                secret(r, "pagerduty_secret", "pagerduty_secret_file"),
            ]
        }),
    }
}

/// A secret, or a file that holds it.
fn secret(r: &mut Reader<'_>, key: &'static str, file_key: &'static str) -> Option<Source> {
    let text = r.secret(key);
    let file = r.file(file_key, FileKind::Credentials);
    match (text.reveal().is_empty(), file) {
        (false, Some(_)) => {
            r.refuse(
                file_key,
                format!("at most one of {key} & {file_key} must be configured"),
            );
            None
        }
        (false, None) => Some(Source::Text(text)),
        (true, file) => file.map(Source::File),
    }
}

fn read_secret(secret: Option<Source>, errors: &mut Vec<ConfigError>) -> Option<String> {
    match secret?.read() {
        Ok(text) => Some(text),
        Err(error) => {
            let file = Path::new("alerting.callbacks");
            errors.push(ConfigError::whole(file, error.to_string()));
            None
        }
    }
}

impl Alerting {
    /// Reads the `alertmanager.yml`.
    pub(super) fn resolve(
        self,
        file: Option<&Path>,
        errors: &mut Vec<ConfigError>,
    ) -> Option<AlertingSettings> {
        let loaded = match file {
            Some(file) => binnacle_alerting::config::load(file, self.language),
            None => binnacle_alerting::config::parse(
                Path::new("alertmanager.yml"),
                NOBODY,
                self.language,
            ),
        };
        let routing = match loaded {
            Ok(routing) => routing,
            Err(found) => {
                errors.extend(found.iter().cloned());
                return None;
            }
        };
        errors.extend(routing.late.iter().cloned());
        let [slack_signing_secret, pagerduty_secret] =
            self.callbacks.map(|secret| read_secret(secret, errors));
        Some(AlertingSettings {
            routing: Arc::new(routing),
            policy: self.policy,
            history: self.history,
            graphs: self.graphs,
            allow_exec: self.allow_exec,
            callbacks: Callbacks {
                slack_signing_secret,
                pagerduty_secret,
            },
        })
    }
}
