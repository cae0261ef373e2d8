//! Which issue a group has already: the question in Jira's query language (JQL).
//!
//! An issue belongs to a group by its label, `ALERT{hash of the group's key}`.
//!
//! Source: Atlassian's "JQL fields" and the REST API, "Search for issues".

use std::fmt::Write as _;

use binnacle_model::labels::write_quoted;
use serde::Serialize;
use url::Url;

use super::settings::{ApiType, Settings};

/// The body of a search.
#[derive(Debug, Serialize)]
pub(super) struct Search {
    fields: [&'static str; 1],
    jql: String,
    #[serde(rename = "maxResults")]
    max_results: u32,
}

/// The search for the issue with `label` in `project`.
///
/// A group that fires again may take up an issue that was closed not long ago, when
/// there is a transition for that.
pub(super) fn search(settings: &Settings, project: &str, label: &str, firing: bool) -> Search {
    let mut jql = String::new();
    if !settings.wont_fix_resolution.is_empty() {
        // `!=` alone leaves out issues without a resolution, which are the open ones.
        jql.push_str("(resolution is EMPTY or resolution != ");
        push_quoted(&mut jql, &settings.wont_fix_resolution);
        jql.push_str(") and ");
    }
    let minutes = settings.reopen_duration.as_secs() / 60;
    if firing && !settings.reopen_transition.is_empty() && minutes > 0 {
        // Writing to a String cannot fail.
        let _ = write!(
            jql,
            "(resolutiondate is EMPTY OR resolutiondate >= -{minutes}m) and "
        );
    } else {
        jql.push_str("statusCategory != Done and ");
    }
    jql.push_str("project=");
    push_quoted(&mut jql, project);
    jql.push_str(" and labels=");
    push_quoted(&mut jql, label);
    jql.push_str(" order by status ASC,resolutiondate DESC");
    Search {
        fields: ["status"],
        jql,
        max_results: 2,
    }
}

/// Where the search is posted to: the cloud has it in version 3 of the API alone.
pub(super) fn search_url(settings: &Settings, base: &Url) -> Url {
    let in_cloud = match settings.api_type {
        ApiType::Cloud => true,
        ApiType::DataCenter => false,
        ApiType::Auto => {
            base.port().is_none()
                && base
                    .host_str()
                    .is_some_and(|host| host.ends_with("atlassian.net"))
        }
    };
    if !in_cloud {
        return join(base, "search");
    }
    let mut url = join(base, "search/jql");
    let path = url.path().replacen("/rest/api/2/", "/rest/api/3/", 1);
    url.set_path(&path);
    url
}

/// `base` with `path` at the end of its own.
pub(super) fn join(base: &Url, path: &str) -> Url {
    let mut url = base.clone();
    url.set_path(&format!("{}/{path}", base.path().trim_end_matches('/')));
    url
}

fn push_quoted(jql: &mut String, text: &str) {
    // Writing to a String cannot fail.
    let _ = write_quoted(jql, text);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_keep_a_text_together() {
        let mut jql = String::new();
        push_quoted(&mut jql, r#"a" or project="b\"#);
        assert_eq!(jql, r#""a\" or project=\"b\\""#);
    }
}
