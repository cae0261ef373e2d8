//! `receivers`: who is told, and by which integrations.
//!
//! The kinds of integrations stand in one table, in the order in which Alertmanager
//! sends to them; those that only this product has stand last. What the fields of a
//! kind mean is known by the kind.

use binnacle_config::error::ConfigError;
use binnacle_config::reader::{Placed, Reader};
use binnacle_model::Labels;

use crate::notify;

use super::global::Global;

/// A receiver.
#[derive(Debug, Clone, PartialEq)]
pub struct Receiver {
    /// Its name, unique.
    pub name: String,
    /// Its labels, by which it can be looked for; `name` is among them.
    pub labels: Labels,
    /// By what it is told, in the order in which that happens; none: it is not.
    pub integrations: Vec<Integration>,
}

/// One way in which a receiver is told.
#[derive(Debug, Clone, PartialEq)]
pub struct Integration {
    /// Its place among those of its kind in its receiver; part of the key of the
    /// notification log.
    pub index: usize,
    /// Whether it is also told that alerts have ended.
    pub send_resolved: bool,
    /// What its kind has to know.
    pub settings: IntegrationSettings,
}

impl Integration {
    /// What kind it is, in Alertmanager's words: `webhook`, `pagerduty`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        self.settings.kind()
    }
}

/// The table of kinds: variant, module, key in the file, whether it is told of ended
/// alerts unless the file says otherwise.
macro_rules! kinds {
    ($($variant:ident $module:ident $key:literal $send_resolved:literal)*) => {
        /// What a kind of integration has to know.
        #[derive(Debug, Clone, PartialEq)]
        #[allow(missing_docs)]
        pub enum IntegrationSettings {
            $($variant(Box<notify::$module::Settings>),)*
        }

        impl IntegrationSettings {
            /// The kind, in Alertmanager's words.
            #[must_use]
            pub fn kind(&self) -> &'static str {
                match self {
                    $(Self::$variant(_) => stringify!($module),)*
                }
            }
        }

        fn read_integrations(r: &mut Reader<'_>, global: &Global) -> Vec<Integration> {
            let mut integrations = Vec::new();
            $(
                let mut index = 0;
                let empty = said_of_empty(stringify!($module), global);
                integrations.extend(r.sections($key, &empty, |r| {
                    let send_resolved = r.bool_or("send_resolved", $send_resolved);
                    let settings = notify::$module::read(r, global);
                    warn_of_traps(r, stringify!($module));
                    index += 1;
                    Integration {
                        index: index - 1,
                        send_resolved,
                        settings: IntegrationSettings::$variant(Box::new(settings)),
                    }
                }));
            )*
            integrations
        }
    };
}

kinds! {
    Webhook webhook "webhook_configs" true
    Email email "email_configs" false
    Pagerduty pagerduty "pagerduty_configs" true
    Opsgenie opsgenie "opsgenie_configs" true
    Wechat wechat "wechat_configs" false
    Slack slack "slack_configs" false
    Victorops victorops "victorops_configs" true
    Pushover pushover "pushover_configs" true
    Sns sns "sns_configs" true
    Telegram telegram "telegram_configs" true
    Discord discord "discord_configs" true
    Webex webex "webex_configs" true
    Msteams msteams "msteams_configs" true
    Msteamsv2 msteamsv2 "msteamsv2_configs" true
    Jira jira "jira_configs" true
    Incidentio incidentio "incidentio_configs" true
    Rocketchat rocketchat "rocketchat_configs" false
    Mattermost mattermost "mattermost_configs" true
    Servicenow servicenow "servicenow_configs" true
    Exec exec "exec_configs" true
}

/// What is said of an element of a list with nothing in it. For some kinds that
/// stands for one without any field of its own, which is missing what `global` does
/// not have.
fn said_of_empty(kind: &str, global: &Global) -> String {
    let missing = match kind {
        "slack" if global.slack_api_url.is_none() && global.slack_app_token.is_none() => {
            "no Slack API URL nor App token set either inline or in a file"
        }
        "opsgenie" if global.opsgenie_api_key.is_none() => {
            "no global OpsGenie API Key set either inline or in a file"
        }
        "wechat" if global.wechat_api_secret.is_none() => {
            "no global Wechat Api Secret set either inline or in a file"
        }
        "rocketchat" if global.rocketchat_token_id.is_none() => {
            "no global Rocketchat TokenID set either inline or in a file"
        }
        _ => return format!("missing {kind} config"),
    };
    missing.to_owned()
}

/// What is valid, and likely not what was meant.
fn warn_of_traps(r: &Reader<'_>, kind: &str) {
    for key in ["service_key", "service_key_file"] {
        if kind == "pagerduty" && r.has(key) {
            let message = format!(
                "{key} selects version 1 of PagerDuty's events, which is sent to its own address whatever url and pagerduty_url say; routing_key selects version 2"
            );
            let context = r.context();
            context.warn(ConfigError::new(context.file(), r.at(key), message));
        }
    }
}

/// Takes the list of receivers.
pub(super) fn read(r: &mut Reader<'_>, global: &Global) -> Vec<Receiver> {
    let mut receivers: Vec<Receiver> = Vec::new();
    for (name, labels, integrations) in r.sections("receivers", "missing name in receiver", |r| {
        read_receiver(r, global)
    }) {
        if receivers.iter().any(|other| other.name == name.value) && !name.value.is_empty() {
            let message = format!("notification config name {:?} is not unique", name.value);
            r.refuse_at(name.at, message);
        }
        receivers.push(Receiver {
            name: name.value,
            labels,
            integrations,
        });
    }
    receivers
}

fn read_receiver(
    r: &mut Reader<'_>,
    global: &Global,
) -> (Placed<String>, Labels, Vec<Integration>) {
    let name = Placed {
        value: r.text("name"),
        at: r.at("name"),
    };
    if name.value.is_empty() {
        r.refuse("name", "missing name in receiver");
    }
    let labels = read_labels(r, &name.value);
    (name, labels, read_integrations(r, global))
}

fn read_labels(r: &mut Reader<'_>, name: &str) -> Labels {
    let mut pairs = vec![("name".to_owned(), name.to_owned())];
    for (label, value) in r.text_map("labels") {
        if label.value == "name" && value.value != name {
            let message = format!(
                "receiver label \"name\" must match receiver name {name:?}, got {:?}",
                value.value
            );
            r.refuse_at(value.at, message);
        } else {
            pairs.push((label.value, value.value));
        }
    }
    Labels::from_pairs(pairs)
}
