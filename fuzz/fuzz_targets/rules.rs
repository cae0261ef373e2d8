//! Any text as a rule file: reading and linting never panic.
#![no_main]

use std::path::Path;

use binnacle_rules::file::{self, FileOptions};
use binnacle_rules::lint::{Settings, lint};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let quoted = text.replace('\'', "''");
    // A random text is hardly ever a rule file, so each is an expression too.
    let rule = format!("groups: [{{name: g, rules: [{{alert: A, expr: '{quoted}'}}]}}]");
    for text in [text, &rule] {
        if let Ok(file) = file::parse(Path::new("rules.yml"), text, FileOptions::default()) {
            let _ = lint(&[file], &Settings::default());
        }
    }
});
