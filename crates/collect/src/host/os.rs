//! The distribution (`/etc/os-release`). Read again only when the file changes.

use std::fs;
use std::path::PathBuf;
use std::time::SystemTime;

use binnacle_model::metadata::MetricType;

use super::families::Families;
use super::roots::Roots;
use super::{Collect, HostError};

/// Keys of os-release(5), which are the label names in lower case.
const KEYS: [(&str, &str); 12] = [
    ("BUILD_ID", "build_id"),
    ("ID", "id"),
    ("ID_LIKE", "id_like"),
    ("IMAGE_ID", "image_id"),
    ("IMAGE_VERSION", "image_version"),
    ("NAME", "name"),
    ("PRETTY_NAME", "pretty_name"),
    ("VARIANT", "variant"),
    ("VARIANT_ID", "variant_id"),
    ("VERSION", "version"),
    ("VERSION_CODENAME", "version_codename"),
    ("VERSION_ID", "version_id"),
];

pub(super) struct Os {
    paths: [PathBuf; 2],
    read_at: Option<SystemTime>,
    values: [String; KEYS.len()],
}

impl Os {
    pub(super) fn new(roots: &Roots) -> Self {
        Self {
            paths: ["etc/os-release", "usr/lib/os-release"].map(|p| roots.root.join(p)),
            read_at: None,
            values: Default::default(),
        }
    }

    fn update(&mut self) -> Result<(), HostError> {
        let (path, changed) = self
            .paths
            .iter()
            .find_map(|p| Some((p, fs::metadata(p).ok()?.modified().ok()?)))
            .ok_or(HostError::NoData)?;
        if self.read_at == Some(changed) {
            return Ok(());
        }
        let text = fs::read_to_string(path).map_err(|e| HostError::io(path, e))?;
        self.values = KEYS.map(|(key, _)| value_of(&text, key).unwrap_or_default());
        self.read_at = Some(changed);
        Ok(())
    }
}

impl Collect for Os {
    fn collect(&mut self, out: &mut Families<'_>) -> Result<(), HostError> {
        self.update()?;
        let labels: Vec<(&str, &str)> = KEYS
            .iter()
            .zip(&self.values)
            .map(|((_, label), v)| (*label, v.as_str()))
            .collect();
        out.family(
            "node_os_info",
            MetricType::Gauge,
            "Which distribution this is; the value is always 1.",
        )
        .sample(&labels, 1.0);
        let get = |label| labels.iter().find(|l| l.0 == label).map_or("", |l| l.1);
        if let Some(version) = major_minor(get("version_id")) {
            out.family(
                "node_os_version",
                MetricType::Gauge,
                "Major and minor version of the distribution.",
            )
            .sample(
                &[
                    ("id", get("id")),
                    ("id_like", get("id_like")),
                    ("name", get("name")),
                ],
                version,
            );
        }
        Ok(())
    }
}

/// The value of a key, without its quotes and their escapes.
fn value_of(text: &str, key: &str) -> Option<String> {
    let raw = text
        .lines()
        .find_map(|l| l.trim().strip_prefix(key)?.strip_prefix('='))?
        .trim();
    for quote in ['"', '\''] {
        if let Some(inner) = raw.strip_prefix(quote).and_then(|r| r.strip_suffix(quote)) {
            return Some(
                inner
                    .replace("\\\"", "\"")
                    .replace("\\$", "$")
                    .replace("\\\\", "\\"),
            );
        }
    }
    Some(raw.to_owned())
}

/// `22.04.1` is 22.04.
fn major_minor(version: &str) -> Option<f64> {
    let mut parts = version.split('.');
    let major = parts.next()?;
    match parts.next() {
        Some(minor) => format!("{major}.{minor}").parse().ok(),
        None => major.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn os_release() {
        let text = "NAME=\"A \\\"B\\\"\"\nID=debian\nVERSION_ID='12'\n";
        assert_eq!(value_of(text, "NAME").unwrap(), "A \"B\"");
        assert_eq!(value_of(text, "ID").unwrap(), "debian");
        assert_eq!(value_of(text, "VERSION_ID").unwrap(), "12");
        assert_eq!(value_of(text, "VARIANT"), None);
        assert_eq!(major_minor("22.04.1"), Some(22.04));
        assert_eq!(major_minor("12"), Some(12.0));
        assert_eq!(major_minor("sid"), None);
    }
}
