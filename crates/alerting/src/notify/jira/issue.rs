//! The fields of an issue, as they are written.
//!
//! Source: Atlassian's REST API, "Create issue", and the Atlassian Document Format.

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::super::rendering::Rendering;
use super::super::text::truncate_chars;
use binnacle_model::alert::Texts;

use super::super::NotifyError;
use super::settings::Settings;

const SUMMARY_CHARS_MAX: usize = 255;
const DESCRIPTION_CHARS_MAX: usize = 32_767;

/// Body of a request that writes an issue.
#[derive(Debug, Serialize)]
pub(super) struct Issue {
    fields: Map<String, Value>,
}

/// Summary and description.
#[derive(Debug)]
pub(super) struct Said {
    pub(super) summary: String,
    pub(super) description: String,
}

impl Said {
    pub(super) fn render(settings: &Settings, rendering: &Rendering<'_>) -> Self {
        let summary = rendering.line("summary", &settings.summary.template);
        let description = rendering.text("description", &settings.description.template);
        let description = rendering.with_failures(description);
        Self {
            summary: truncate_chars(&summary, SUMMARY_CHARS_MAX).0,
            description: truncate_chars(&description, DESCRIPTION_CHARS_MAX).0,
        }
    }

    pub(super) fn into_texts(self) -> Texts {
        vec![
            ("summary".to_owned(), self.summary),
            ("description".to_owned(), self.description),
        ]
    }
}

/// What an issue is filed under.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) project: String,
    pub(super) label: String,
    /// Whether it is there already.
    pub(super) exists: bool,
    /// Whether the API is version 3, whose descriptions are documents.
    pub(super) documents: bool,
}

impl Issue {
    /// The issue, and what it says. The texts come last: they tell what failed.
    ///
    /// # Errors
    /// When the template of the type fails.
    pub(super) fn render(
        settings: &Settings,
        place: &Place,
        rendering: &Rendering<'_>,
    ) -> Result<(Self, Said), NotifyError> {
        let mut fields = Map::new();
        let mut put = |name: &str, value: Value| fields.insert(name.to_owned(), value);
        let kind = rendering.address("issue_type", &settings.issue_type)?;
        put("issuetype", json!({ "name": kind }));
        put("project", json!({ "key": place.project }));
        let labels = settings.labels.iter();
        let mut labels: Vec<String> = labels.map(|l| rendering.value("labels", l)).collect();
        // A failed one is empty, which Jira refuses.
        labels.retain(|label| !label.is_empty());
        labels.push(place.label.clone());
        labels.sort();
        put("labels", json!(labels));
        let priority = rendering.value("priority", &settings.priority);
        if !priority.is_empty() {
            put("priority", json!({ "name": priority }));
        }
        let own = settings.fields.iter().map(|(name, tree)| {
            let value = tree.render(rendering, &format!("fields.{name}"));
            (
                name.clone(),
                serde_json::to_value(value).unwrap_or_default(),
            )
        });
        let own: Vec<(String, Value)> = own.collect();
        let said = Said::render(settings, rendering);
        let writes = |enabled: bool| enabled || !place.exists;
        if writes(settings.summary.enable_update) {
            put("summary", json!(said.summary));
        }
        if writes(settings.description.enable_update)
            && let Some(description) = description(&said.description, place.documents, rendering)
        {
            put("description", description);
        }
        fields.extend(own);
        Ok((Self { fields }, said))
    }
}

/// A text is a text in version 2. In version 3 it is a document: given as JSON, or
/// made of the text's lines.
fn description(text: &str, documents: bool, rendering: &Rendering<'_>) -> Option<Value> {
    if !documents {
        return (!text.is_empty()).then(|| json!(text));
    }
    let text = text.trim();
    if text.is_empty() {
        return None;
    }
    match serde_json::from_str(text) {
        Ok(document) => Some(document),
        Err(e) => {
            if text.starts_with(['{', '[']) {
                let error = format!("invalid JSON for API v3: {e}");
                rendering.note("description", error, false);
            }
            Some(document(&rendering.with_failures(text.to_owned())))
        }
    }
}

/// A document with a paragraph for each line.
fn document(text: &str) -> Value {
    let paragraph = |line: &str| match line {
        "" => json!({ "type": "paragraph" }),
        line => json!({
            "type": "paragraph",
            "content": [{ "type": "text", "text": line }],
        }),
    };
    let content: Vec<Value> = text.lines().map(paragraph).collect();
    json!({ "type": "doc", "version": 1, "content": content })
}
