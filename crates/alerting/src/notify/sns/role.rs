//! Roles: keys of the Security Token Service (STS) that do not last.
//!
//! Source: the AWS STS API Reference, "AssumeRole".

use binnacle_client::settings::SecretText;

use super::super::NotifyError;
use super::super::http::{Deadline, Http};
use super::credentials::{Credentials, Role};
use super::request::{self, Form, element};
use super::sigv4::Scope;

/// How long the keys hold, seconds: the least that can be asked for.
pub const SESSION_S: i64 = 900;

/// Where and when a role is taken on.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// Where STS is.
    pub endpoint: &'a str,
    /// As `eu-central-1`.
    pub region: &'a str,
    /// Seconds since the Unix epoch.
    pub now_s: i64,
}

/// Keys of `role`, asked for with `credentials`.
///
/// # Errors
/// When STS cannot be reached or refuses.
pub async fn assume(
    http: &Http,
    place: Place<'_>,
    role: &Role,
    credentials: &Credentials,
    deadline: Deadline,
) -> Result<Credentials, NotifyError> {
    let mut form = Form::new("AssumeRole", "2011-06-15");
    form.push("RoleArn", &role.arn);
    let session = role.session_name.clone();
    form.push(
        "RoleSessionName",
        session.unwrap_or_else(|| format!("binnacle-{}", place.now_s)),
    );
    form.push("DurationSeconds", SESSION_S.to_string());
    if let Some(external_id) = &role.external_id {
        form.push("ExternalId", external_id);
    }
    let scope = Scope {
        region: place.region,
        service: "sts",
        now_s: place.now_s,
    };
    let subject = format!("assuming role {}", role.arn);
    let answer = request::send(http, place.endpoint, &form, scope, credentials, deadline)
        .await
        .and_then(|answer| request::check(&answer).map(|()| answer))
        .map_err(|e| e.during(&subject))?;
    let text = answer.text();
    let part = |name| {
        element(&text, name)
            .ok_or_else(|| NotifyError::retry(format!("{subject}: the answer has no {name}")))
    };
    Ok(Credentials {
        access_key: part("AccessKeyId")?,
        secret_key: SecretText::new(part("SecretAccessKey")?),
        session_token: Some(SecretText::new(part("SessionToken")?)),
    })
}
