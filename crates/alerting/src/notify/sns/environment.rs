//! What AWS' own tools and SDKs look at besides the configuration: variables of the
//! process, and the two shared files with their profiles.
//!
//! Source: the AWS SDKs and Tools Reference Guide, "Settings reference" and "Using
//! shared config and credentials files". Not here: single sign-on, processes that
//! print credentials, multi-factor authentication.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Variables of the process by name.
#[derive(Clone, Default)]
pub struct Environment(BTreeMap<String, String>);

/// The settings of one profile by name, in lower case.
pub type Profile = BTreeMap<String, String>;

impl Environment {
    /// Those of this process that AWS gives a meaning.
    #[must_use]
    pub fn of_process() -> Self {
        let wanted = |name: &str| name.starts_with("AWS_") || name == "HOME";
        let pair = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
            let name = name.into_string().ok()?;
            Some((name, value.into_string().ok()?))
        };
        Self::of(
            std::env::vars_os()
                .filter_map(pair)
                .filter(|v| wanted(&v.0)),
        )
    }

    /// The given ones.
    pub fn of(variables: impl IntoIterator<Item = (String, String)>) -> Self {
        Self(variables.into_iter().collect())
    }

    /// The variable, unless it is empty.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0
            .get(name)
            .map(String::as_str)
            .filter(|v| !v.is_empty())
    }

    /// The settings of the profile in both shared files; those of the credentials
    /// file win. Files that are not there hold nothing.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn profile(&self, name: &str) -> Result<Profile, String> {
        let mut profile = Profile::new();
        if let Some(path) = self.file("AWS_CONFIG_FILE", ".aws/config") {
            let section = match name {
                "default" => vec!["default".to_owned(), "profile default".to_owned()],
                _ => vec![format!("profile {name}")],
            };
            collect(&mut profile, &path, &section)?;
        }
        if let Some(path) = self.file("AWS_SHARED_CREDENTIALS_FILE", ".aws/credentials") {
            collect(&mut profile, &path, &[name.to_owned()])?;
        }
        Ok(profile)
    }

    fn file(&self, variable: &str, in_home: &str) -> Option<PathBuf> {
        match self.get(variable) {
            Some(path) => Some(PathBuf::from(path)),
            None => Some(Path::new(self.get("HOME")?).join(in_home)),
        }
    }
}

/// Names only: values may be secrets.
impl std::fmt::Debug for Environment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

fn collect(profile: &mut Profile, path: &Path, sections: &[String]) -> Result<(), String> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(e) => return Err(format!("reading {}: {e}", path.display())),
    };
    let mut wanted = false;
    for line in text.lines() {
        // An indented line belongs to a nested setting, none of which is of use here.
        if line.starts_with([' ', '\t', '#', ';']) {
            continue;
        }
        let line = line.trim();
        if let Some(rest) = line.strip_prefix('[') {
            let name = rest.split(']').next().unwrap_or("");
            let name = name.split_whitespace().collect::<Vec<_>>().join(" ");
            wanted = sections.contains(&name);
        } else if let Some((name, value)) = line.split_once('=')
            && wanted
        {
            let value = value.split(" #").next().unwrap_or("").trim();
            profile.insert(name.trim().to_ascii_lowercase(), value.to_owned());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn profiles_are_read_from_both_files() {
        let dir = tempfile::tempdir().expect("a directory");
        let config = "\
[default]
region = eu-central-1
[profile ops]
region=us-east-2 # where it all is
role_arn = arn:aws:iam::1:role/x
s3 =
  region = nested
; a comment
aws_access_key_id = from-config
";
        let credentials = "[ops]\naws_access_key_id = AK\naws_secret_access_key = S=K\n";
        std::fs::write(dir.path().join("config"), config).expect("written");
        std::fs::write(dir.path().join("credentials"), credentials).expect("written");
        let path = |name: &str| dir.path().join(name).display().to_string();
        let environment = Environment::of([
            ("AWS_CONFIG_FILE".to_owned(), path("config")),
            (
                "AWS_SHARED_CREDENTIALS_FILE".to_owned(),
                path("credentials"),
            ),
        ]);
        let check = |profile: &str, key: &str, want: Option<&str>| {
            let profile = environment.profile(profile).expect("readable");
            assert_eq!(profile.get(key).map(String::as_str), want, "{key}");
        };
        check("default", "region", Some("eu-central-1"));
        check("ops", "region", Some("us-east-2"));
        check("ops", "role_arn", Some("arn:aws:iam::1:role/x"));
        check("ops", "aws_access_key_id", Some("AK"));
        check("ops", "aws_secret_access_key", Some("S=K"));
        check("none", "region", None);
    }

    #[test]
    fn values_do_not_show() {
        let environment = Environment::of([("AWS_SECRET_ACCESS_KEY".to_owned(), "x1".to_owned())]);
        assert_eq!(format!("{environment:?}"), "{\"AWS_SECRET_ACCESS_KEY\"}");
    }
}
