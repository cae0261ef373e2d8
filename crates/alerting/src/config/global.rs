//! `global`: what holds for all receivers that do not say otherwise.

use std::time::Duration;

use binnacle_client::settings::{Source, TlsSettings};
use binnacle_config::http::{self, HttpClient};
use binnacle_config::reader::Reader;

use super::fields::{self, HostPort};

/// The section `global` with its defaults. Fields are named as in the file; a secret
/// and its `_file` twin are one field.
#[derive(Debug, Clone)]
pub struct Global {
    /// After that time an alert that nobody repeats is resolved.
    pub resolve_timeout: Duration,
    /// How HTTP servers are spoken to. A receiver that has its own `http_config` has
    /// nothing of this one: see [`fields::http_config`].
    pub http_config: HttpClient,
    /// Jira.
    pub jira_api_url: Option<String>,
    /// Sender of mail; empty: not set.
    pub smtp_from: String,
    /// What this server calls itself to the mail server.
    pub smtp_hello: String,
    /// The mail server.
    pub smtp_smarthost: Option<HostPort>,
    /// User at the mail server; empty: not set.
    pub smtp_auth_username: String,
    /// Password at the mail server.
    pub smtp_auth_password: Option<Source>,
    /// Secret for CRAM-MD5.
    pub smtp_auth_secret: Option<Source>,
    /// Identity for PLAIN; empty: not set.
    pub smtp_auth_identity: String,
    /// Whether mail goes only over TLS.
    pub smtp_require_tls: bool,
    /// Transport security towards the mail server.
    pub smtp_tls_config: TlsSettings,
    /// Whether the connection starts with TLS; `None`: on port 465.
    pub smtp_force_implicit_tls: Option<bool>,
    /// Slack's webhook.
    pub slack_api_url: Option<Source>,
    /// Token of a Slack app.
    pub slack_app_token: Option<Source>,
    /// Where a Slack app posts.
    pub slack_app_url: Option<String>,
    /// PagerDuty's events.
    pub pagerduty_url: Option<String>,
    /// OpsGenie.
    pub opsgenie_api_url: Option<String>,
    /// Key for OpsGenie.
    pub opsgenie_api_key: Option<Source>,
    /// WeChat.
    pub wechat_api_url: Option<String>,
    /// Secret for WeChat.
    pub wechat_api_secret: Option<Source>,
    /// Corporation at WeChat; empty: not set.
    pub wechat_api_corp_id: String,
    /// VictorOps.
    pub victorops_api_url: Option<String>,
    /// Key for VictorOps.
    pub victorops_api_key: Option<Source>,
    /// Telegram.
    pub telegram_api_url: Option<String>,
    /// Token of a Telegram bot.
    pub telegram_bot_token: Option<Source>,
    /// Webex.
    pub webex_api_url: Option<String>,
    /// Rocket.Chat.
    pub rocketchat_api_url: Option<String>,
    /// Token for Rocket.Chat.
    pub rocketchat_token: Option<Source>,
    /// Number of that token.
    pub rocketchat_token_id: Option<Source>,
    /// Mattermost's webhook.
    pub mattermost_webhook_url: Option<Source>,
}

const RESOLVE_TIMEOUT: Duration = Duration::from_mins(5);

/// Reads the section. A secret that is there twice is refused.
pub fn read(r: &mut Reader<'_>) -> Global {
    let global = Global {
        resolve_timeout: r.duration_or("resolve_timeout", RESOLVE_TIMEOUT),
        http_config: r.section_or_default("http_config", http::read),
        jira_api_url: fields::url(r, "jira_api_url"),
        smtp_from: r.text("smtp_from"),
        smtp_hello: r.text_or("smtp_hello", "localhost"),
        smtp_smarthost: fields::host_port(r, "smtp_smarthost"),
        smtp_auth_username: r.text("smtp_auth_username"),
        smtp_auth_password: fields::secret(r, "smtp_auth_password", "smtp_auth_password_file"),
        smtp_auth_secret: fields::secret(r, "smtp_auth_secret", "smtp_auth_secret_file"),
        smtp_auth_identity: r.text("smtp_auth_identity"),
        smtp_require_tls: r.bool_or("smtp_require_tls", true),
        smtp_tls_config: r
            .section_or_default("smtp_tls_config", http::tls::read)
            .resolve(),
        smtp_force_implicit_tls: r.bool_maybe("smtp_force_implicit_tls"),
        slack_api_url: fields::secret_url_or_file(r, "slack_api_url", "slack_api_url_file"),
        slack_app_token: fields::secret(r, "slack_app_token", "slack_app_token_file"),
        slack_app_url: fields::url_or(r, "slack_app_url", "https://slack.com/api/chat.postMessage"),
        pagerduty_url: fields::url_or(
            r,
            "pagerduty_url",
            "https://events.pagerduty.com/v2/enqueue",
        ),
        opsgenie_api_url: fields::url_or(r, "opsgenie_api_url", "https://api.opsgenie.com/"),
        opsgenie_api_key: fields::secret(r, "opsgenie_api_key", "opsgenie_api_key_file"),
        wechat_api_url: fields::url_or(r, "wechat_api_url", "https://qyapi.weixin.qq.com/cgi-bin/"),
        wechat_api_secret: fields::secret(r, "wechat_api_secret", "wechat_api_secret_file"),
        wechat_api_corp_id: r.text("wechat_api_corp_id"),
        victorops_api_url: fields::url_or(
            r,
            "victorops_api_url",
            "https://alert.victorops.com/integrations/generic/20131114/alert/",
        ),
        victorops_api_key: fields::secret(r, "victorops_api_key", "victorops_api_key_file"),
        telegram_api_url: fields::url_or(r, "telegram_api_url", "https://api.telegram.org"),
        telegram_bot_token: fields::secret(r, "telegram_bot_token", "telegram_bot_token_file"),
        webex_api_url: fields::url_or(r, "webex_api_url", "https://webexapis.com/v1/messages"),
        rocketchat_api_url: fields::url_or(r, "rocketchat_api_url", "https://open.rocket.chat/"),
        rocketchat_token: fields::secret(r, "rocketchat_token", "rocketchat_token_file"),
        rocketchat_token_id: fields::secret(r, "rocketchat_token_id", "rocketchat_token_id_file"),
        mattermost_webhook_url: fields::secret_url_or_file(
            r,
            "mattermost_webhook_url",
            "mattermost_webhook_url_file",
        ),
    };
    check_slack(r, &global);
    global
}

/// A token or a webhook, not both; but for files from before tokens were a field,
/// which hand the app's address in as that of the webhook.
fn check_slack(r: &Reader<'_>, global: &Global) {
    let (Some(_), Some(webhook)) = (&global.slack_app_token, &global.slack_api_url) else {
        return;
    };
    let same = match (webhook, &global.slack_app_url) {
        (Source::Text(webhook), Some(app)) => webhook.reveal() == app,
        _ => false,
    };
    if !same {
        let key = ["slack_app_token", "slack_app_token_file"]
            .into_iter()
            .find(|key| r.has(key))
            .unwrap_or("slack_app_token");
        r.refuse(
            key,
            "at most one of slack_app_token/slack_app_token_file & slack_api_url/slack_api_url_file must be configured",
        );
    }
}
