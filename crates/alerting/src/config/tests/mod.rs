//! Whole files: those of the conformance data, those of the sources, and small ones
//! for each rule.

mod effective;
mod files;
mod garbage;
mod refused;
mod settings;

use std::path::Path;

use super::{Settings, parse};
use crate::matchers::Language;

/// Reads a file's text; the mistakes on lines of their own.
fn read(yaml: &str) -> Result<Settings, String> {
    read_as(yaml, Language::Fallback)
}

fn read_as(yaml: &str, language: Language) -> Result<Settings, String> {
    parse(Path::new("alertmanager.yml"), yaml, language).map_err(|e| e.to_string())
}

/// A valid file with `more` behind it.
fn with(more: &str) -> String {
    format!("route: {{receiver: a}}\nreceivers: [{{name: a}}]\n{more}")
}

fn good(yaml: &str) -> Settings {
    read(yaml).unwrap_or_else(|e| panic!("{yaml}\n{e}"))
}

/// Asserts that a file is refused, with `want` among what is said.
fn refused(yaml: &str, want: &str) {
    match read(yaml) {
        Ok(_) => panic!("loads, wanted {want:?}:\n{yaml}"),
        Err(found) => assert!(
            found.contains(want),
            "wanted {want:?}, found {found}\n{yaml}"
        ),
    }
}
