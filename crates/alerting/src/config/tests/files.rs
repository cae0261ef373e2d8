//! Files of the conformance data and of the sources.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::config::{Settings, load};
use crate::matchers::Language;
use crate::suite::{cases, labels, root, text};

use super::{read, read_as};

fn load_file(file: &Path) -> Result<Settings, String> {
    load(file, Language::Fallback).map_err(|e| e.to_string())
}

/// Holds a result against a case's `error`; one that is not there: it loads. Each
/// mistake has its line.
fn check<T>(found: Result<T, String>, error: &Value, case: &Value) {
    match (found, error.as_str()) {
        (Ok(_), None) => {}
        (Ok(_), Some(error)) => panic!("loads, wanted {error:?}: {case}"),
        (Err(found), None) => panic!("{found}: {case}"),
        (Err(found), Some(error)) => {
            assert!(found.contains(error), "{found}: {case}");
            for line in found.lines() {
                assert!(line.split(':').nth(1).is_some_and(is_number), "{line}");
            }
        }
    }
}

fn is_number(text: &str) -> bool {
    text.parse::<u32>().is_ok()
}

#[test]
fn files_of_the_suites() {
    let Some(root) = root() else { return };
    for suite in ["config_files", "config_nil_regexp"] {
        for case in cases(suite) {
            let file = root.join("alertmanager").join(text(&case, "file"));
            // Upstream's tests want these refused, which the suite does not say.
            let want = match text(&case, "test") {
                "TestOpsGenieDeprecatedTeamSpecified" => ":16:9: unknown field \"teams\"",
                "TestInvalidSNSConfig" => "either a Target ARN, Topic ARN, or Phone Number",
                _ => "",
            };
            if !want.is_empty() {
                let error = load_file(&file).unwrap_err();
                assert!(error.contains(want), "{error}");
                continue;
            }
            check(load_file(&file), &case["error"], &case);
        }
    }
}

/// What the suite does not name: all others there are good.
#[test]
fn all_other_files() {
    let Some(root) = root() else { return };
    let root = root.join("alertmanager");
    let good = [
        "config/testdata/conf.empty-fields.yml",
        "cli/testdata/conf.good.yml",
        "cli/testdata/conf.routing.yml",
        "cli/testdata/conf.routing-reverted.yml",
        "examples/ha/alertmanager.yml",
        "doc/examples/route_labels.yml",
    ];
    for file in good {
        let settings = load_file(&root.join(file)).unwrap_or_else(|e| panic!("{e}"));
        let again = read(&settings.print()).unwrap_or_else(|e| panic!("{file}: {e}"));
        assert_eq!(again.print(), settings.print(), "{file}");
    }
    let error = load_file(&root.join("cli/testdata/conf.bad.yml")).unwrap_err();
    assert!(error.contains("conf.bad.yml:1:1"), "{error}");
}

/// Upstream runs these in the classic mode.
#[test]
fn texts_of_the_suites() {
    for case in cases("config_errors_inline") {
        let yaml = text(&case, "yaml");
        // Not an error: upstream's test wants that text as the field's value.
        if case["error"] == "special_label" {
            continue;
        }
        let yaml = match text(&case, "decode_as") {
            "config file" => yaml.to_owned(),
            "EmailConfig" => part("email_configs", "smtp_smarthost: a:25, smtp_from: b", yaml),
            "VictorOpsConfig" => part("victorops_configs", "victorops_api_key: a", yaml),
            other => panic!("{other}: {case}"),
        };
        check(read_as(&yaml, Language::Classic), &case["error"], &case);
    }
    for case in cases("config_tables") {
        let slack = part(
            "slack_configs",
            "slack_api_url: 'http://a/'",
            text(&case, "yaml"),
        );
        // With a webhook in `global`, a token is one too many.
        let own = part("slack_configs", "", text(&case, "yaml"));
        let yaml = if text(&case, "yaml").contains("app_token") {
            own
        } else {
            slack
        };
        check(read(&yaml), &case["error"], &case);
    }
}

/// A file with one integration.
fn part(key: &str, global: &str, yaml: &str) -> String {
    let fields = yaml.trim().replace('\n', "\n    ");
    format!(
        "global: {{{global}}}\nroute: {{receiver: a}}\nreceivers:\n- name: a\n  {key}:\n  - {fields}\n"
    )
}

#[test]
fn integrations_with_nothing_in_them() {
    for case in cases("config_empty_integration") {
        let key = text(&case, "integration");
        let yaml = format!("route: {{receiver: a}}\nreceivers:\n- name: a\n  {key}:\n  -\n");
        check(read(&yaml), &case["expectedErr"], &case);
    }
}

#[test]
fn addresses() {
    for case in cases("config_hostport") {
        let yaml = super::with(&format!(
            "global: {{smtp_smarthost: {}}}",
            text(&case, "in")
        ));
        let found = read(&yaml).map(|s| s.global.smtp_smarthost);
        assert_eq!(found.is_err(), case["err"] == true, "{case}");
        if let Ok(found) = found {
            let port = found.as_ref().map_or("", |f| &f.port);
            assert_eq!(port, text(&case["exp"], "Port"), "{case}");
            let host = found.as_ref().map_or("", |f| &f.host);
            assert_eq!(host, text(&case["exp"], "Host"), "{case}");
            let printed = found.map_or_else(String::new, |f| f.to_string());
            assert_eq!(format!("{printed:?}"), text(&case, "jsonOut"), "{case}");
        }
    }
}

#[test]
fn routing() {
    let Some(root) = root() else { return };
    for case in cases("cli_routing") {
        let file = root.join("alertmanager").join(text(&case, "file"));
        let settings = load_file(&file).unwrap();
        let found: Vec<&str> = settings
            .routes
            .matching(&labels(&case["labels"]))
            .into_iter()
            .map(|id| settings.routes.get(id).receiver.as_str())
            .collect();
        assert_eq!(Value::from(found), case["receivers"], "{case}");
    }
}

/// The file of a source repository, with what it did not mean.
#[test]
fn traps_of_the_source_file() {
    let Some(root) = root() else { return };
    let file: PathBuf = root.join("../fixtures/source-configs/b/alertmanager/alertmanager.yml");
    if !file.exists() {
        println!("skipped: no source files");
        return;
    }
    let settings = load_file(&file).unwrap_or_else(|e| panic!("{e}"));
    let line = |part: &str| {
        let found = settings.warnings.iter().find(|w| w.message.contains(part));
        found.map_or_else(|| panic!("{part}: {:?}", settings.warnings), |w| w.line)
    };
    assert_eq!(line("group_interval of 10s is also how long"), 15);
    assert_eq!(line("service_key selects version 1"), 74);
    assert_eq!(settings.routes.len(), 5);
    assert_eq!(settings.inhibit_rules.len(), 2);
}
