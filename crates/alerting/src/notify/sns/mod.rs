//! `sns_configs`: a publication to a topic, a device or a telephone through Amazon's
//! Simple Notification Service.
//!
//! ```text
//! credentials ──► role (STS) ──► request ◄── publish
//!      ▲                            │
//! environment                     sigv4
//! ```
//!
//! Without the AWS SDK: it is one form with one signature.

mod credentials;
mod environment;
mod publish;
mod request;
mod role;
mod sigv4;
#[cfg(test)]
mod tests;

use std::time::{SystemTime, UNIX_EPOCH};

use binnacle_client::HttpError;
use binnacle_client::settings::{HttpSettings, SecretText};
use binnacle_config::reader::Reader;
use binnacle_model::alert::{BoxFuture, Texts};
use parking_lot::Mutex;

use self::credentials::Credentials;
use self::environment::Environment;
use self::role::Place;
use self::sigv4::Scope;
use super::http::{Deadline, Http};
use super::rendering::Rendering;
use super::{FailureReason, Notification, Notifier, NotifyError, Sent, host_of, read_texts};
use crate::config::{Global, fields};

/// Keys of a role are fetched anew that long before they end, seconds.
const SPARE_S: i64 = 120;

/// One element of `sns_configs`.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    http: HttpSettings,
    api_url: String,
    sigv4: Sigv4,
    topic_arn: String,
    phone_number: String,
    target_arn: String,
    subject: String,
    message: String,
    attributes: Texts,
}

/// Who signs, and for which region.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Sigv4 {
    region: String,
    access_key: String,
    secret_key: SecretText,
    profile: String,
    role_arn: String,
    external_id: String,
    use_fips_sts_endpoint: bool,
}

/// Reads an element.
pub fn read(r: &mut Reader<'_>, global: &Global) -> Settings {
    let settings = Settings {
        http: fields::http_config(r, global),
        api_url: r.text("api_url"),
        sigv4: r.section("sigv4", read_sigv4).unwrap_or_default(),
        topic_arn: r.text("topic_arn"),
        phone_number: r.text("phone_number"),
        target_arn: r.text("target_arn"),
        subject: r.text_or("subject", r#"{{ template "sns.default.subject" . }}"#),
        message: r.text_or("message", r#"{{ template "sns.default.message" . }}"#),
        attributes: read_texts(r, "attributes"),
    };
    if r.bool("use_aws_http_client") {
        r.inactive("use_aws_http_client", "there is only one HTTP client");
    }
    let [target, topic, phone] = [
        &settings.target_arn,
        &settings.topic_arn,
        &settings.phone_number,
    ]
    .map(String::is_empty);
    // Alertmanager's rule, which lets all three of them through.
    if (target != topic) != phone {
        r.refuse_all("must provide either a Target ARN, Topic ARN, or Phone Number for SNS config");
    }
    settings
}

fn read_sigv4(r: &mut Reader<'_>) -> Sigv4 {
    let sigv4 = Sigv4 {
        region: r.text("region"),
        access_key: r.text("access_key"),
        secret_key: r.secret("secret_key"),
        profile: r.text("profile"),
        role_arn: r.text("role_arn"),
        external_id: r.text("external_id"),
        use_fips_sts_endpoint: r.bool("use_fips_sts_endpoint"),
    };
    if !r.text("service").is_empty() {
        r.inactive("service", "requests to SNS are signed for SNS");
    }
    if sigv4.access_key.is_empty() != sigv4.secret_key.reveal().is_empty() {
        r.refuse_all(
            "must provide a AWS SigV4 Access key and Secret Key if credentials are specified in the SigV4 config",
        );
    }
    sigv4
}

/// Publishes through SNS.
#[derive(Debug)]
pub struct Sns {
    settings: Settings,
    http: Http,
    environment: Environment,
    session: Mutex<Option<Session>>,
}

/// Keys of a role.
#[derive(Debug, Clone)]
struct Session {
    credentials: Credentials,
    /// Seconds since the Unix epoch.
    ends_s: i64,
}

impl Sns {
    /// An integration with these settings, in the environment of this process.
    ///
    /// # Errors
    /// When the settings of HTTP cannot be used.
    pub fn new(settings: &Settings) -> Result<Self, HttpError> {
        Self::with_environment(settings, Environment::of_process())
    }

    fn with_environment(settings: &Settings, environment: Environment) -> Result<Self, HttpError> {
        Ok(Self {
            http: Http::new(&settings.http)?,
            settings: settings.clone(),
            environment,
            session: Mutex::default(),
        })
    }

    /// The region: of the configuration, the environment, the topic, the URL.
    fn region(&self, api_url: &str, topic: &str) -> Result<String, NotifyError> {
        let sigv4 = &self.settings.sigv4;
        if !sigv4.region.is_empty() {
            return Ok(sigv4.region.clone());
        }
        let named = credentials::region(sigv4, &self.environment).map_err(NotifyError::retry)?;
        named
            .or_else(|| region_of_arn(topic))
            .or_else(|| region_of_url(api_url))
            .ok_or_else(|| {
                NotifyError::retry(
                    "region not configured in sns.sigv4.region or in default credentials chain",
                )
            })
    }

    /// The keys to sign with now.
    async fn credentials(
        &self,
        region: &str,
        now_s: i64,
        deadline: Deadline,
    ) -> Result<Credentials, NotifyError> {
        let kept = self.session.lock().clone();
        if let Some(session) = kept.filter(|session| now_s < session.ends_s - SPARE_S) {
            return Ok(session.credentials);
        }
        let identity = credentials::find(&self.settings.sigv4, &self.environment)
            .map_err(NotifyError::retry)?;
        let mut credentials = identity.credentials;
        if identity.roles.is_empty() {
            return Ok(credentials);
        }
        let place = Place {
            endpoint: &self.sts_endpoint(region),
            region,
            now_s,
        };
        for role in &identity.roles {
            credentials = role::assume(&self.http, place, role, &credentials, deadline).await?;
        }
        *self.session.lock() = Some(Session {
            credentials: credentials.clone(),
            ends_s: now_s + role::SESSION_S,
        });
        Ok(credentials)
    }

    fn sts_endpoint(&self, region: &str) -> String {
        let given = ["AWS_ENDPOINT_URL_STS", "AWS_ENDPOINT_URL"]
            .into_iter()
            .find_map(|variable| self.environment.get(variable));
        let name = match self.settings.sigv4.use_fips_sts_endpoint {
            true => "sts-fips",
            false => "sts",
        };
        given.map_or_else(|| endpoint(name, region), str::to_owned)
    }

    fn sns_endpoint(&self, api_url: &str, region: &str) -> String {
        let variables = ["AWS_ENDPOINT_URL_SNS", "AWS_ENDPOINT_URL"].into_iter();
        let given = Some(api_url)
            .filter(|url| !url.is_empty())
            .or_else(|| variables.into_iter().find_map(|v| self.environment.get(v)));
        given.map_or_else(|| endpoint("sns", region), str::to_owned)
    }

    async fn send(&self, notification: &Notification<'_>) -> Result<Sent, NotifyError> {
        let settings = &self.settings;
        let deadline = Deadline::of(notification);
        let rendering = Rendering::new(notification);
        let client_error = |e: NotifyError| e.because(FailureReason::ClientError);
        let api_url = rendering.address("api_url", &settings.api_url);
        let api_url = api_url.map_err(client_error)?;
        let arn = match settings.topic_arn.is_empty() {
            true => &settings.target_arn,
            false => &settings.topic_arn,
        };
        let arn = rendering.address("topic_arn", arn).map_err(client_error)?;
        let publication = publish::publication(settings, notification, &rendering)?;
        let region = self.region(&api_url, &arn)?;
        let now_s = now_s();
        let credentials = self.credentials(&region, now_s, deadline).await?;
        let scope = Scope {
            region: &region,
            service: "sns",
            now_s,
        };
        let endpoint = self.sns_endpoint(&api_url, &region);
        let form = &publication.form;
        let answer =
            request::send(&self.http, &endpoint, form, scope, &credentials, deadline).await?;
        request::check(&answer)?;
        Ok(Sent {
            title: publication.subject,
            text: publication.message,
            store: Texts::new(),
            template_errors: rendering.failures(),
        })
    }
}

/// Seconds since the Unix epoch by the clock on the wall: AWS refuses what was signed
/// some minutes ago, and a notification may be that old when it is tried again.
fn now_s() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| {
        i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
    })
}

/// Where a service of a region is.
fn endpoint(service: &str, region: &str) -> String {
    let domain = match region.starts_with("cn-") {
        true => "amazonaws.com.cn",
        false => "amazonaws.com",
    };
    format!("https://{service}.{region}.{domain}/")
}

/// `arn:partition:service:region:account:resource`
fn region_of_arn(arn: &str) -> Option<String> {
    let mut parts = arn.strip_prefix("arn:")?.split(':');
    let region = parts.nth(2)?;
    (!region.is_empty()).then(|| region.to_owned())
}

/// `https://sns.region.amazonaws.com/`
fn region_of_url(url: &str) -> Option<String> {
    let host = host_of(url);
    let (region, domain) = host.strip_prefix("sns.")?.split_once('.')?;
    domain.starts_with("amazonaws.").then(|| region.to_owned())
}

impl Notifier for Sns {
    fn notify<'a>(
        &'a self,
        notification: &'a Notification<'a>,
    ) -> BoxFuture<'a, Result<Sent, NotifyError>> {
        Box::pin(self.send(notification))
    }

    fn render(&self, notification: &Notification<'_>) -> Texts {
        let rendering = Rendering::new(notification);
        let (subject, message, _) = publish::texts(&self.settings, &rendering);
        vec![
            ("subject".to_owned(), subject),
            ("message".to_owned(), message),
        ]
    }

    fn destination(&self) -> String {
        let settings = &self.settings;
        let given = [
            &settings.topic_arn,
            &settings.target_arn,
            &settings.phone_number,
        ];
        let given = given.into_iter().find(|text| !text.is_empty());
        given.cloned().unwrap_or_default()
    }
}
