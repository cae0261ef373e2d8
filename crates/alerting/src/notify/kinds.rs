//! From what the file says of an integration to the integration, for every kind.

use std::sync::Arc;

use binnacle_client::HttpError;

use crate::config::{Integration, IntegrationSettings};
use crate::service::NotifierFactory;

use super::Notifier;
use super::discord::Discord;
use super::email::Email;
use super::exec::Exec;
use super::incidentio::IncidentIo;
use super::jira::Jira;
use super::mattermost::Mattermost;
use super::msteams::MsTeams;
use super::msteamsv2::MsTeamsV2;
use super::opsgenie::OpsGenie;
use super::pagerduty::PagerDuty;
use super::pushover::Pushover;
use super::rocketchat::RocketChat;
use super::servicenow::ServiceNow;
use super::slack::Slack;
use super::sns::Sns;
use super::telegram::Telegram;
use super::victorops::VictorOps;
use super::webex::Webex;
use super::webhook::Webhook;
use super::wechat::WeChat;

/// All kinds of receivers, as the binary lets them be used.
#[derive(Debug, Clone, Copy, Default)]
pub struct Kinds {
    /// Whether `exec_configs` may run commands.
    pub allow_exec: bool,
}

impl Kinds {
    /// The notifier of an integration with these settings.
    ///
    /// # Errors
    /// When the settings cannot be used: a file is missing, a certificate is bad.
    pub fn notifier(&self, settings: &IntegrationSettings) -> Result<Arc<dyn Notifier>, HttpError> {
        use IntegrationSettings as S;
        Ok(match settings {
            S::Webhook(s) => Arc::new(Webhook::new(s)?),
            S::Email(s) => Arc::new(Email::new(s)?),
            S::Pagerduty(s) => Arc::new(PagerDuty::new(s)?),
            S::Opsgenie(s) => Arc::new(OpsGenie::new(s)?),
            S::Wechat(s) => Arc::new(WeChat::new(s)?),
            S::Slack(s) => Arc::new(Slack::new(s)?),
            S::Victorops(s) => Arc::new(VictorOps::new(s)?),
            S::Pushover(s) => Arc::new(Pushover::new(s)?),
            S::Sns(s) => Arc::new(Sns::new(s)?),
            S::Telegram(s) => Arc::new(Telegram::new(s)?),
            S::Discord(s) => Arc::new(Discord::new(s)?),
            S::Webex(s) => Arc::new(Webex::new(s)?),
            S::Msteams(s) => Arc::new(MsTeams::new(s)?),
            S::Msteamsv2(s) => Arc::new(MsTeamsV2::new(s)?),
            S::Jira(s) => Arc::new(Jira::new(s)?),
            S::Incidentio(s) => Arc::new(IncidentIo::new(s)?),
            S::Rocketchat(s) => Arc::new(RocketChat::new(s)?),
            S::Mattermost(s) => Arc::new(Mattermost::new(s)?),
            S::Servicenow(s) => Arc::new(ServiceNow::new(s)?),
            S::Exec(s) => Arc::new(Exec::new(s)?.allow(self.allow_exec)),
        })
    }
}

impl NotifierFactory for Kinds {
    fn build(
        &self,
        _receiver: &str,
        integration: &Integration,
    ) -> Result<Arc<dyn Notifier>, String> {
        self.notifier(&integration.settings)
            .map_err(|e| e.to_string())
    }
}
