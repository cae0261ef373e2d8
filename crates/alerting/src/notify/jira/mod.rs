//! `jira_configs`: an issue of Jira for each group, opened when the group fires,
//! written anew with each notification, and moved on when it ends.
//!
//! The issue of a group is found by its label, so nothing needs to be remembered, and
//! a request that is sent twice makes no second issue once Jira has indexed the first.
//!
//! Source: Atlassian's REST API, versions 2 and 3.

mod issue;
mod search;
mod settings;
#[cfg(test)]
mod tests;

use binnacle_client::{HttpError, Method};
use binnacle_model::alert::{BoxFuture, Texts};
use bytes::Bytes;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::json;
use url::Url;

use self::issue::{Issue, Place, Said};
use self::search::{join, search, search_url};
use super::http::{Call, Deadline, Http, parse_url};
use super::json::to_json;
use super::rendering::Rendering;
use super::retry::Retry;
use super::text::key_hash;
use super::{Notification, Notifier, NotifyError, Sent};

pub use self::settings::{Settings, read};

const RETRY: Retry = Retry {
    codes: &[429],
    details: None,
};

/// Key of the category of states that mean that nothing is left to be done.
const DONE: &str = "done";

/// Files issues in Jira.
#[derive(Debug)]
pub struct Jira {
    settings: Settings,
    http: Http,
}

#[derive(Deserialize)]
struct Found {
    #[serde(default)]
    issues: Vec<Existing>,
}

/// An issue as a search shows it.
#[derive(Deserialize)]
struct Existing {
    #[serde(default)]
    key: String,
    #[serde(default)]
    fields: ExistingFields,
}

#[derive(Deserialize, Default)]
struct ExistingFields {
    status: Option<Status>,
}

#[derive(Deserialize)]
struct Status {
    #[serde(default, rename = "statusCategory")]
    category: Category,
}

#[derive(Deserialize, Default)]
struct Category {
    #[serde(default)]
    key: String,
}

#[derive(Deserialize)]
struct Transitions {
    #[serde(default)]
    transitions: Vec<Transition>,
}

#[derive(Deserialize)]
struct Transition {
    #[serde(default)]
    id: String,
    #[serde(default)]
    name: String,
}

impl Jira {
    /// An integration with these settings.
    ///
    /// # Errors
    /// When the settings of HTTP cannot be used.
    pub fn new(settings: &Settings) -> Result<Self, HttpError> {
        Ok(Self {
            http: Http::new(&settings.http)?,
            settings: settings.clone(),
        })
    }

    async fn send(&self, notification: &Notification<'_>) -> Result<Sent, NotifyError> {
        let settings = &self.settings;
        let deadline = Deadline::of(notification);
        let rendering = Rendering::new(notification);
        let base = parse_url(&settings.api_url)?;
        let firing = !notification.resolved();
        let project = rendering.address("project", &settings.project)?;
        let label = format!("ALERT{{{}}}", key_hash(notification.group_key));
        let looked_for = search(settings, &project, &label, firing);
        let url = search_url(settings, &base);
        let found: Found = self
            .post(&url, &looked_for, deadline)
            .await
            .and_then(|body| parse(&body))
            .map_err(|e| e.during("failed to look up existing issues"))?;
        let existing = found.issues.into_iter().next();
        if existing.is_none() && !firing {
            // What is over and was never filed is not filed now.
            return Ok(Sent::default());
        }
        let place = Place {
            project,
            label,
            exists: existing.is_some(),
            documents: base.path().trim_end_matches('/').ends_with("/3"),
        };
        let (issue, said) = Issue::render(settings, &place, &rendering)?;
        self.write(&base, existing.as_ref(), &issue, deadline)
            .await?;
        if let Some(existing) = existing {
            self.move_on(&base, &existing, firing, deadline).await?;
        }
        Ok(Sent {
            title: said.summary,
            text: said.description,
            store: Texts::new(),
            template_errors: rendering.failures(),
        })
    }

    /// Makes the issue, or writes into the existing one.
    async fn write(
        &self,
        base: &Url,
        existing: Option<&Existing>,
        issue: &Issue,
        deadline: Deadline,
    ) -> Result<(), NotifyError> {
        let (method, path) = match existing {
            None => (Method::POST, "issue".to_owned()),
            Some(existing) => (Method::PUT, format!("issue/{}", existing.key)),
        };
        let subject = format!("failed to {method} request to {path:?}");
        let url = join(base, &path);
        self.request(method, &url, to_json(issue).into(), deadline)
            .await
            .map_err(|e| e.during(&subject))?;
        Ok(())
    }

    /// Opens the issue again, or closes it, when there is a transition for that.
    async fn move_on(
        &self,
        base: &Url,
        existing: &Existing,
        firing: bool,
        deadline: Deadline,
    ) -> Result<(), NotifyError> {
        let Some(status) = &existing.fields.status else {
            return Ok(());
        };
        let done = status.category.key == DONE;
        let name = match (firing, done) {
            (true, true) => &self.settings.reopen_transition,
            (false, false) => &self.settings.resolve_transition,
            (true, false) | (false, true) => return Ok(()),
        };
        if name.is_empty() || existing.key.is_empty() {
            return Ok(());
        }
        let url = join(base, &format!("issue/{}/transitions", existing.key));
        let body = self
            .request(Method::GET, &url, Bytes::new(), deadline)
            .await?;
        let offered: Transitions = parse(&body)?;
        let Some(transition) = offered.transitions.into_iter().find(|t| t.name == *name) else {
            return Err(NotifyError::fatal(format!(
                "can't find transition {name} for issue {}",
                existing.key
            )));
        };
        let body = json!({ "transition": { "id": transition.id } });
        self.post(&url, &body, deadline).await?;
        Ok(())
    }

    async fn post(
        &self,
        url: &Url,
        body: &impl Serialize,
        deadline: Deadline,
    ) -> Result<Vec<u8>, NotifyError> {
        let body = to_json(body).into();
        self.request(Method::POST, url, body, deadline).await
    }

    /// The body of the answer.
    async fn request(
        &self,
        method: Method,
        url: &Url,
        body: Bytes,
        deadline: Deadline,
    ) -> Result<Vec<u8>, NotifyError> {
        let call = Call {
            method,
            url: url.as_str(),
            headers: &[
                ("Content-Type", "application/json"),
                // States and errors have names in the language that is asked for.
                ("Accept-Language", "en"),
            ],
            body,
        };
        let answer = self.http.send(call, deadline).await?;
        RETRY.check(&answer)?;
        Ok(answer.body)
    }
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, NotifyError> {
    serde_json::from_slice(body).map_err(|e| NotifyError::fatal(format!("answer of Jira: {e}")))
}

impl Notifier for Jira {
    fn notify<'a>(
        &'a self,
        notification: &'a Notification<'a>,
    ) -> BoxFuture<'a, Result<Sent, NotifyError>> {
        Box::pin(self.send(notification))
    }

    fn render(&self, notification: &Notification<'_>) -> Texts {
        let rendering = Rendering::new(notification);
        Said::render(&self.settings, &rendering).into_texts()
    }

    fn destination(&self) -> String {
        format!("project {}", self.settings.project)
    }
}
