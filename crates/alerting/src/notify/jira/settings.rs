//! One element of `jira_configs`.

use std::time::Duration;

use binnacle_client::settings::HttpSettings;
use binnacle_config::reader::Reader;
use binnacle_config::yaml::Value;

use super::super::tree::{self, Tree};
use crate::config::{Global, fields};

/// One element of `jira_configs`.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    pub(super) http: HttpSettings,
    pub(super) api_url: String,
    pub(super) api_type: ApiType,
    pub(super) project: String,
    pub(super) summary: FieldSettings,
    pub(super) description: FieldSettings,
    pub(super) labels: Vec<String>,
    pub(super) priority: String,
    pub(super) issue_type: String,
    pub(super) reopen_transition: String,
    pub(super) resolve_transition: String,
    pub(super) wont_fix_resolution: String,
    pub(super) reopen_duration: Duration,
    pub(super) fields: Vec<(String, Tree)>,
}

/// A text of an issue.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct FieldSettings {
    pub(super) template: String,
    /// Whether it is written into an issue that is there already.
    pub(super) enable_update: bool,
}

/// Which of the two products of Jira, which search in different places.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ApiType {
    /// The cloud at `atlassian.net`, the data center anywhere else.
    Auto,
    Cloud,
    DataCenter,
}

/// Reads an element.
pub fn read(r: &mut Reader<'_>, global: &Global) -> Settings {
    let http = fields::http_config(r, global);
    let api_url = fields::url(r, "api_url").or_else(|| global.jira_api_url.clone());
    if api_url.is_none() {
        r.refuse("api_url", "no global Jira Cloud URL set");
    }
    let settings = Settings {
        http,
        api_url: api_url.unwrap_or_default(),
        api_type: read_api_type(r),
        project: r.text("project"),
        summary: read_field(r, "summary", r#"{{ template "jira.default.summary" . }}"#),
        description: read_field(
            r,
            "description",
            r#"{{ template "jira.default.description" . }}"#,
        ),
        labels: r.texts("labels").into_iter().map(|l| l.value).collect(),
        priority: r.text_or("priority", r#"{{ template "jira.default.priority" . }}"#),
        issue_type: r.text("issue_type"),
        reopen_transition: r.text("reopen_transition"),
        resolve_transition: r.text("resolve_transition"),
        wont_fix_resolution: r.text("wont_fix_resolution"),
        reopen_duration: r.duration("reopen_duration"),
        fields: tree::read_map(r, "fields"),
    };
    if settings.project.is_empty() {
        r.refuse("project", "missing project in jira_config");
    }
    if settings.issue_type.is_empty() {
        r.refuse("issue_type", "missing issue_type in jira_config");
    }
    settings
}

fn read_api_type(r: &mut Reader<'_>) -> ApiType {
    match r.text_or("api_type", "auto").as_str() {
        "auto" => ApiType::Auto,
        "cloud" => ApiType::Cloud,
        "datacenter" => ApiType::DataCenter,
        _ => {
            r.refuse(
                "api_type",
                "unknown api_type on jira_config, must be auto, cloud or datacenter",
            );
            ApiType::Auto
        }
    }
}

/// A text alone, or a section with the text and whether it is updated.
fn read_field(r: &mut Reader<'_>, key: &'static str, default: &str) -> FieldSettings {
    let is_section = r
        .node(key)
        .is_some_and(|node| matches!(node.value, Value::Map(_)));
    let section = |r: &mut Reader<'_>| FieldSettings {
        template: r.text_or("template", default),
        enable_update: r.bool_or("enable_update", true),
    };
    if (is_section || r.context().is_describing())
        && let Some(field) = r.section(key, section)
    {
        return field;
    }
    FieldSettings {
        template: r.text_or(key, default),
        enable_update: true,
    }
}
