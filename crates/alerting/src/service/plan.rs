//! A configuration made ready: integrations built, templates parsed.

use std::sync::Arc;

use binnacle_model::alert::AlertingError;
use binnacle_template::alertmanager::Template;
use hashbrown::HashMap;

use crate::config::{self, Settings};
use crate::inhibit::Inhibitions;
use crate::notify::Notifier;
use crate::pipeline::LaneKey;
use crate::policy::Policy;
use crate::route::RouteTree;

/// Makes integrations ready to send.
pub trait NotifierFactory: Send + Sync {
    /// The notifier of an integration.
    ///
    /// # Errors
    /// What in its settings cannot be used, in words.
    fn build(
        &self,
        receiver: &str,
        integration: &config::Integration,
    ) -> Result<Arc<dyn Notifier>, String>;
}

/// An integration that is ready to send.
pub(super) struct Ready {
    pub(super) lane: LaneKey,
    pub(super) send_resolved: bool,
    pub(super) notifier: Arc<dyn Notifier>,
}

/// A configuration that is in force, or was.
pub(super) struct Plan {
    /// Rises with each reload.
    pub(super) generation: u64,
    pub(super) settings: Arc<Settings>,
    pub(super) routes: Arc<RouteTree>,
    pub(super) policy: Policy,
    pub(super) templates: Template,
    receivers: HashMap<String, Arc<[Arc<Ready>]>>,
    /// Whether any template asks what else fires: to know it costs a look at all alerts.
    pub(super) asks_what_else: bool,
}

impl Plan {
    /// Makes a configuration ready.
    ///
    /// # Errors
    /// A template file that cannot be read or parsed, an integration that cannot be
    /// built: all are named.
    pub(super) fn build(
        generation: u64,
        settings: Arc<Settings>,
        policy: Policy,
        external_url: &str,
        factory: &dyn NotifierFactory,
    ) -> Result<Self, AlertingError> {
        let mut wrong = Vec::new();
        let mut asks_what_else = settings.print().contains(ALSO_FIRING);
        let templates = templates(&settings, external_url, &mut asks_what_else, &mut wrong);
        let mut receivers = HashMap::new();
        for receiver in &settings.receivers {
            let mut ready = Vec::new();
            for integration in &receiver.integrations {
                match factory.build(&receiver.name, integration) {
                    Ok(notifier) => ready.push(Arc::new(Ready {
                        lane: LaneKey {
                            receiver: receiver.name.as_str().into(),
                            integration: integration.kind().into(),
                            index: u32::try_from(integration.index).unwrap_or(u32::MAX),
                        },
                        send_resolved: integration.send_resolved,
                        notifier,
                    })),
                    Err(error) => wrong.push(format!(
                        "receiver {}: {}[{}]: {error}",
                        receiver.name,
                        integration.kind(),
                        integration.index
                    )),
                }
            }
            receivers.insert(receiver.name.clone(), ready.into());
        }
        match templates {
            Some(templates) if wrong.is_empty() => Ok(Self {
                generation,
                routes: Arc::new(settings.routes.clone()),
                settings,
                policy,
                templates,
                receivers,
                asks_what_else,
            }),
            _ => Err(AlertingError::BadData(wrong.join("; "))),
        }
    }

    /// The integrations of a receiver.
    pub(super) fn integrations(&self, receiver: &str) -> &[Arc<Ready>] {
        self.receivers.get(receiver).map_or(&[], |all| all)
    }

    /// The inhibition rules, without sources.
    pub(super) fn inhibitions(&self) -> Inhibitions {
        Inhibitions::new(self.settings.inhibit_rules.clone())
    }
}

/// How a template asks what else fires.
const ALSO_FIRING: &str = ".AlsoFiring";

fn templates(
    settings: &Settings,
    external_url: &str,
    asks_what_else: &mut bool,
    wrong: &mut Vec<String>,
) -> Option<Template> {
    let mut files = Vec::new();
    for path in settings.template_files() {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        match std::fs::read_to_string(&path) {
            Ok(text) => {
                *asks_what_else |= text.contains(ALSO_FIRING);
                files.push((name.into_owned(), text));
            }
            Err(error) => wrong.push(format!("template {}: {error}", path.display())),
        }
    }
    match Template::with_files(external_url, files) {
        Ok(templates) => Some(templates),
        Err(error) => {
            wrong.push(format!("templates: {error}"));
            None
        }
    }
}
