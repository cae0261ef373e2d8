//! What `servicenow_configs` says.

use std::time::Duration;

use binnacle_client::settings::HttpSettings;
use binnacle_config::reader::Reader;

use crate::config::{Global, fields};
use crate::notify::{read_texts, timeout};

/// What the file says. Texts are templates.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// How the instance is spoken to; who may, too (`basic_auth` or `oauth2`).
    pub http: HttpSettings,
    /// The instance, such as `https://example.service-now.com`.
    pub instance_url: String,
    /// The table of incidents.
    pub table: String,
    /// One line.
    pub short_description: String,
    /// The text.
    pub description: String,
    /// 1 (high) to 3 (low); empty: the instance's default.
    pub urgency: String,
    /// 1 (high) to 3 (low); empty: the instance's default.
    pub impact: String,
    /// Who has to look after it.
    pub assignment_group: String,
    /// Further fields of the table.
    pub fields: Vec<(String, String)>,
    /// State of an incident that is resolved.
    pub resolved_state: String,
    /// How it was resolved, one of the instance's choices.
    pub close_code: String,
    /// What is noted about that.
    pub close_notes: String,
    /// How long an answer is waited for; 0: as long as the notification is of use.
    pub timeout: Duration,
}

/// Fields that make out which incident belongs to which group.
const RESERVED: [&str; 2] = ["correlation_id", "correlation_display"];

/// Reads one element of `servicenow_configs`.
pub fn read(r: &mut Reader<'_>, global: &Global) -> Settings {
    let http = fields::http_config(r, global);
    let instance_url = fields::url(r, "instance_url").unwrap_or_default();
    if instance_url.is_empty() {
        r.refuse("instance_url", "missing instance_url in ServiceNow config");
    }
    let table = r.text_or("table", "incident");
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if table.is_empty() || !table.chars().all(plain) {
        r.refuse("table", format!("{table:?} is not the name of a table"));
    }
    let settings = Settings {
        http,
        instance_url,
        table,
        short_description: r.text_or("short_description", r#"{{ template "__subject" . }}"#),
        description: r.text_or(
            "description",
            r#"{{ template "opsgenie.default.description" . }}"#,
        ),
        urgency: r.text("urgency"),
        impact: r.text("impact"),
        assignment_group: r.text("assignment_group"),
        fields: read_texts(r, "fields"),
        resolved_state: r.text_or("resolved_state", "6"),
        close_code: r.text_or("close_code", "Resolved by caller"),
        close_notes: r.text_or("close_notes", "All alerts of this group have ended."),
        timeout: timeout::read(r, "timeout"),
    };
    for (name, _) in &settings.fields {
        if RESERVED.contains(&name.as_str()) {
            r.refuse(
                "fields",
                format!(
                    "ServiceNow config contains field {name}, which is filled with the group's key"
                ),
            );
        }
    }
    settings
}
