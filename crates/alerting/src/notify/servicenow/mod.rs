//! `servicenow_configs`: one incident for each group, through the Table API of
//! ServiceNow. Not Alertmanager's.
//!
//! The hash of the group's key is the incident's `correlation_id`. Before each
//! notification the instance is asked for an incident of that id that is neither
//! resolved, closed nor cancelled; it is brought up to date, or one is created. So a
//! notification that was sent twice is one incident, and one that people closed is not
//! opened again but followed by another.

mod settings;

use std::collections::BTreeMap;

use binnacle_client::{HttpError, Method};
use binnacle_model::alert::{BoxFuture, Texts};

pub use settings::{Settings, read};

use super::http::{Answer, Call, Deadline, Http, parse_url};
use super::json::to_json;
use super::rendering::Rendering;
use super::retry::Retry;
use super::text::{key_hash, truncate_chars};
use super::{Notification, Notifier, NotifyError, Sent};

/// Characters of a short description and of a description, at most (the table's own
/// lengths).
const SHORT_CHARS_MAX: usize = 160;
const DESCRIPTION_CHARS_MAX: usize = 4000;
/// Resolved, closed, cancelled.
const OVER: &str = "6,7,8";
/// 429 says that requests come too fast.
const RETRY: Retry = Retry {
    codes: &[429],
    details: None,
};

/// Fields of an incident.
type Fields = BTreeMap<String, String>;

/// ServiceNow, ready to be called.
#[derive(Debug)]
pub struct ServiceNow {
    settings: Settings,
    http: Http,
}

impl ServiceNow {
    /// With these settings.
    ///
    /// # Errors
    /// When the HTTP settings cannot be used.
    pub fn new(settings: &Settings) -> Result<Self, HttpError> {
        Ok(Self {
            http: Http::new(&settings.http)?,
            settings: settings.clone(),
        })
    }

    /// What an open incident says.
    fn open(&self, notification: &Notification<'_>, rendering: &Rendering<'_>) -> Fields {
        let settings = &self.settings;
        let short = rendering.line("short_description", &settings.short_description);
        let description = rendering.text("description", &settings.description);
        let mut fields = Fields::new();
        let given = [
            ("urgency", &settings.urgency),
            ("impact", &settings.impact),
            ("assignment_group", &settings.assignment_group),
        ];
        let given = given
            .into_iter()
            .chain(settings.fields.iter().map(|(n, t)| (n.as_str(), t)));
        for (name, template) in given {
            let value = rendering.value(name, template);
            if !value.is_empty() {
                fields.insert(name.to_owned(), value);
            }
        }
        let description = rendering.with_failures(description);
        let mut set = |name: &str, value: String| fields.insert(name.to_owned(), value);
        set(
            "short_description",
            truncate_chars(&short, SHORT_CHARS_MAX).0,
        );
        set(
            "description",
            truncate_chars(&description, DESCRIPTION_CHARS_MAX).0,
        );
        set("correlation_id", key_hash(notification.group_key));
        set("correlation_display", "Binnacle".to_owned());
        fields
    }

    /// What an incident says that is over.
    fn resolved(&self, rendering: &Rendering<'_>) -> Fields {
        let settings = &self.settings;
        let notes = rendering.text("close_notes", &settings.close_notes);
        Fields::from([
            (
                "state".to_owned(),
                rendering.value("resolved_state", &settings.resolved_state),
            ),
            (
                "close_code".to_owned(),
                rendering.value("close_code", &settings.close_code),
            ),
            ("close_notes".to_owned(), rendering.with_failures(notes)),
        ])
    }

    async fn send(&self, notification: &Notification<'_>) -> Result<Sent, NotifyError> {
        let deadline = Deadline::with_timeout(notification, "servicenow", self.settings.timeout);
        let rendering = Rendering::new(notification);
        let incident = self.find(notification, deadline).await?;
        let fields = match (notification.resolved(), incident) {
            // Nothing to resolve: people did, or it was never told.
            (true, None) => Fields::new(),
            (true, Some(id)) => {
                let fields = self.resolved(&rendering);
                self.write(Method::PATCH, &id, &fields, deadline).await?;
                fields
            }
            (false, Some(id)) => {
                let mut fields = self.open(notification, &rendering);
                let note = fields.get("description").cloned().unwrap_or_default();
                fields.insert("work_notes".to_owned(), note);
                self.write(Method::PATCH, &id, &fields, deadline).await?;
                fields
            }
            (false, None) => {
                let fields = self.open(notification, &rendering);
                self.write(Method::POST, "", &fields, deadline).await?;
                fields
            }
        };
        let text = |names: [&str; 2]| {
            let found = names.iter().find_map(|name| fields.get(*name));
            found.cloned().unwrap_or_default()
        };
        Ok(Sent {
            title: text(["short_description", "close_code"]),
            text: text(["description", "close_notes"]),
            template_errors: rendering.failures(),
            ..Sent::default()
        })
    }

    /// The `sys_id` of the group's incident, when one is open.
    async fn find(
        &self,
        notification: &Notification<'_>,
        deadline: Deadline,
    ) -> Result<Option<String>, NotifyError> {
        let mut url = parse_url(&self.url(""))?;
        let query = format!(
            "correlation_id={}^stateNOT IN{OVER}^ORDERBYDESCsys_created_on",
            key_hash(notification.group_key)
        );
        url.query_pairs_mut()
            .append_pair("sysparm_query", &query)
            .append_pair("sysparm_fields", "sys_id")
            .append_pair("sysparm_limit", "1");
        let call = Call {
            method: Method::GET,
            url: url.as_str(),
            headers: &[("Accept", "application/json")],
            body: bytes::Bytes::new(),
        };
        let answer = self.http.send(call, deadline).await?;
        RETRY.check(&answer)?;
        find_id(&answer)
    }

    async fn write(
        &self,
        method: Method,
        id: &str,
        fields: &Fields,
        deadline: Deadline,
    ) -> Result<(), NotifyError> {
        let call = Call {
            method,
            url: &self.url(id),
            headers: &[
                ("Accept", "application/json"),
                ("Content-Type", "application/json"),
            ],
            body: to_json(fields).into(),
        };
        RETRY.check(&self.http.send(call, deadline).await?)
    }

    fn url(&self, id: &str) -> String {
        let base = self.settings.instance_url.trim_end_matches('/');
        let slash = if id.is_empty() { "" } else { "/" };
        format!("{base}/api/now/table/{}{slash}{id}", self.settings.table)
    }
}

fn find_id(answer: &Answer) -> Result<Option<String>, NotifyError> {
    let unread = |why: String| NotifyError::retry(format!("answer of ServiceNow: {why}"));
    let json: serde_json::Value =
        serde_json::from_slice(&answer.body).map_err(|e| unread(e.to_string()))?;
    let found = json["result"]
        .as_array()
        .ok_or_else(|| unread("no result".to_owned()))?;
    let Some(first) = found.first() else {
        return Ok(None);
    };
    match first["sys_id"].as_str() {
        // It becomes part of a URL.
        Some(id) if !id.is_empty() && id.bytes().all(|b| b.is_ascii_alphanumeric()) => {
            Ok(Some(id.to_owned()))
        }
        _ => Err(unread("no sys_id".to_owned())),
    }
}

impl Notifier for ServiceNow {
    fn notify<'a>(
        &'a self,
        notification: &'a Notification<'a>,
    ) -> BoxFuture<'a, Result<Sent, NotifyError>> {
        Box::pin(self.send(notification))
    }

    fn render(&self, notification: &Notification<'_>) -> Texts {
        let rendering = Rendering::new(notification);
        let fields = if notification.resolved() {
            self.resolved(&rendering)
        } else {
            self.open(notification, &rendering)
        };
        fields.into_iter().collect()
    }

    fn destination(&self) -> String {
        super::host_of(&self.settings.instance_url)
    }
}
