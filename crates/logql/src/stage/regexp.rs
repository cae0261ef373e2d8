//! `| regexp "(?P<name>…)"`.

use binnacle_model::event::LineRegex;

use super::hints::Sink;

/// A compiled expression with its named groups.
pub(super) struct Regexp {
    regex: LineRegex,
    /// Number of the group and its name.
    names: Vec<(usize, String)>,
}

/// Whether the text can be one.
///
/// # Errors
/// What is wrong.
pub fn check(text: &str) -> Result<(), String> {
    Regexp::new(text).map(drop)
}

impl Regexp {
    pub(super) fn new(text: &str) -> Result<Self, String> {
        let regex = LineRegex::new(text).map_err(|e| e.to_string())?;
        let mut names: Vec<(usize, String)> = Vec::new();
        for (i, name) in regex.groups().iter().enumerate() {
            if name.is_empty() {
                continue;
            }
            if names.iter().any(|(_, n)| n == name) {
                return Err(format!("duplicate extracted label name '{name}'"));
            }
            names.push((i + 1, name.clone()));
        }
        if names.is_empty() {
            return Err(
                "at least one named capture must be supplied, as in (?P<name>…)".to_owned(),
            );
        }
        for (_, name) in &mut names {
            *name = super::sanitize(name);
        }
        Ok(Self { regex, names })
    }

    pub(super) fn run(&self, line: &[u8], sink: &mut Sink<'_>) {
        let Some(found) = self.regex.regex().captures(line) else {
            return;
        };
        for (group, name) in &self.names {
            let value = found.get(*group).map_or(&b""[..], |m| m.as_bytes());
            sink.offer(name, || Some(String::from_utf8_lossy(value)));
        }
    }
}
