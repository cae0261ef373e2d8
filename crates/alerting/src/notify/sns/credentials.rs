//! Who signs: keys from the configuration, from a profile, from the environment, and
//! the role that is taken on with them.
//!
//! The order is that of AWS' SDKs: keys in the configuration; a profile that the
//! configuration names; keys in the environment; the default profile. A profile may
//! be a role that is taken on with the keys of another one. Not here: the metadata
//! services of instances and containers, single sign-on, web identities.

use binnacle_client::settings::SecretText;

use super::Sigv4;
use super::environment::{Environment, Profile};

/// Roles that lead to one another, at most.
const ROLES_MAX: usize = 8;

/// Keys to sign with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credentials {
    /// Number of the key.
    pub access_key: String,
    /// The key.
    pub secret_key: SecretText,
    /// What goes along with keys that do not last.
    pub session_token: Option<SecretText>,
}

/// A role to be taken on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    /// Its name, an ARN.
    pub arn: String,
    /// A word that its owner asks for.
    pub external_id: Option<String>,
    /// What the session is called.
    pub session_name: Option<String>,
}

/// Keys, and the roles that are taken on with them one after the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The keys that there are.
    pub credentials: Credentials,
    /// The roles, the last one being who signs.
    pub roles: Vec<Role>,
}

/// Finds the keys and roles.
///
/// # Errors
/// When there are none, or a shared file cannot be read.
pub fn find(sigv4: &Sigv4, environment: &Environment) -> Result<Identity, String> {
    let mut identity = keys(sigv4, environment)?;
    if !sigv4.role_arn.is_empty() {
        let set = |text: &String| (!text.is_empty()).then(|| text.clone());
        identity.roles.push(Role {
            arn: sigv4.role_arn.clone(),
            external_id: set(&sigv4.external_id),
            session_name: None,
        });
    }
    Ok(identity)
}

/// The region that the profile or the environment name.
///
/// # Errors
/// When a shared file cannot be read.
pub fn region(sigv4: &Sigv4, environment: &Environment) -> Result<Option<String>, String> {
    for variable in ["AWS_REGION", "AWS_DEFAULT_REGION"] {
        if let Some(region) = environment.get(variable) {
            return Ok(Some(region.to_owned()));
        }
    }
    let profile = environment.profile(profile_name(sigv4, environment))?;
    Ok(profile.get("region").cloned())
}

fn profile_name<'a>(sigv4: &'a Sigv4, environment: &'a Environment) -> &'a str {
    match sigv4.profile.as_str() {
        "" => environment.get("AWS_PROFILE").unwrap_or("default"),
        named => named,
    }
}

fn keys(sigv4: &Sigv4, environment: &Environment) -> Result<Identity, String> {
    if !sigv4.access_key.is_empty() {
        return Ok(Identity::of(Credentials {
            access_key: sigv4.access_key.clone(),
            secret_key: sigv4.secret_key.clone(),
            session_token: None,
        }));
    }
    if sigv4.profile.is_empty()
        && let Some(credentials) = of_environment(environment)
    {
        return Ok(Identity::of(credentials));
    }
    let name = profile_name(sigv4, environment);
    of_profile(name, environment, ROLES_MAX)?.ok_or_else(|| {
        format!("no AWS credentials in sigv4, in the environment, or in profile {name:?}")
    })
}

fn of_environment(environment: &Environment) -> Option<Credentials> {
    Some(Credentials {
        access_key: environment.get("AWS_ACCESS_KEY_ID")?.to_owned(),
        secret_key: SecretText::new(environment.get("AWS_SECRET_ACCESS_KEY")?),
        session_token: environment.get("AWS_SESSION_TOKEN").map(SecretText::new),
    })
}

fn of_profile(
    name: &str,
    environment: &Environment,
    roles_left: usize,
) -> Result<Option<Identity>, String> {
    let profile = environment.profile(name)?;
    let Some(arn) = profile.get("role_arn") else {
        return Ok(static_keys(&profile).map(Identity::of));
    };
    if roles_left == 0 {
        return Err(format!(
            "profile {name:?}: too many roles lead to one another"
        ));
    }
    let source = match (
        profile.get("source_profile"),
        profile.get("credential_source"),
    ) {
        // A profile that names itself has its keys beside its role.
        (Some(source), _) if source == name => static_keys(&profile).map(Identity::of),
        (Some(source), _) => of_profile(source, environment, roles_left - 1)?,
        (None, Some(source)) if source == "Environment" => {
            of_environment(environment).map(Identity::of)
        }
        (None, Some(source)) => {
            return Err(format!("profile {name:?}: no credentials from {source:?}"));
        }
        (None, None) => None,
    };
    Ok(source.map(|mut identity| {
        identity.roles.push(Role {
            arn: arn.clone(),
            external_id: profile.get("external_id").cloned(),
            session_name: profile.get("role_session_name").cloned(),
        });
        identity
    }))
}

fn static_keys(profile: &Profile) -> Option<Credentials> {
    Some(Credentials {
        access_key: profile.get("aws_access_key_id")?.clone(),
        secret_key: SecretText::new(profile.get("aws_secret_access_key")?.clone()),
        session_token: profile.get("aws_session_token").map(SecretText::new),
    })
}

impl Identity {
    fn of(credentials: Credentials) -> Self {
        Self {
            credentials,
            roles: Vec::new(),
        }
    }
}
