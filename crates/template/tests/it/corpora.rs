//! Rule files of the world: each text parses, has nothing that can never work, and
//! expands for an alert that has all labels.

use std::path::Path;

use binnacle_model::Labels;
use binnacle_template::prometheus::{AlertContext, AlertTemplate, Reference};

use crate::conformance::folder;

/// The texts of a rule file that have actions. Files are read as lines, without a YAML
/// parser: quoted, plain and block texts, whose lines are texts of their own.
fn texts(path: &Path, found: &mut Vec<String>) {
    for entry in std::fs::read_dir(path).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            texts(&path, found);
        } else if path.extension().is_some_and(|e| e == "yml" || e == "yaml") {
            let text = std::fs::read_to_string(&path).expect("a text");
            found.extend(text.lines().filter_map(action_text));
        }
    }
}

fn action_text(line: &str) -> Option<String> {
    let line = line.trim();
    let value = line
        .split_once(": ")
        .map_or(line, |(_, value)| value)
        .trim();
    let text = match value.chars().next()? {
        '"' => value
            .strip_prefix('"')?
            .strip_suffix('"')?
            .replace("\\\"", "\"")
            .replace("\\n", "\n"),
        '\'' => value
            .strip_prefix('\'')?
            .strip_suffix('\'')?
            .replace("''", "'"),
        _ => value.to_owned(),
    };
    // Texts over several lines are not whole here.
    let whole = text.matches("{{").count() == text.matches("}}").count();
    (text.contains("{{") && whole && !line.starts_with('#')).then_some(text)
}

fn expand_all(folder_name: &str) -> usize {
    let Some(folder) = folder() else {
        return 0;
    };
    let mut found = Vec::new();
    texts(&folder.join(folder_name), &mut found);
    let mut checked = 0;
    for text in &found {
        // Loops over several lines begin or end elsewhere.
        let open = ["range", "if", "with"]
            .iter()
            .map(|w| text.matches(&format!("{{{{ {w}")).count())
            .sum::<usize>();
        if open != text.matches("{{ end").count() + text.matches("{{end").count() {
            continue;
        }
        let template = match AlertTemplate::parse("__alert_A", text) {
            Ok(template) => template,
            Err(error) => panic!("{text}: {error}"),
        };
        assert_eq!(template.lint(), [], "{text}");
        let names: Vec<String> = template
            .references()
            .into_iter()
            .filter_map(|r: Reference| r.label)
            .collect();
        let labels = Labels::from_pairs(names.iter().map(|n| (n.as_str(), "value")));
        let query =
            |_: &str| -> Result<Vec<(Labels, f64)>, String> { Ok(vec![(labels.clone(), 1.5)]) };
        let context = AlertContext {
            labels: &labels,
            external_labels: &labels,
            external_url: "http://x",
            value: 0.25,
            now_ms: 0,
            query: &query,
        };
        let expanded = template
            .expand(&context)
            .unwrap_or_else(|e| panic!("{text}: {e}"));
        assert!(!expanded.contains("<no value>"), "{text}: {expanded}");
        checked += 1;
    }
    println!("{folder_name}: {checked} texts");
    checked
}

#[test]
fn texts_of_awesome_prometheus_alerts() {
    let count = expand_all("awesome-prometheus-alerts");
    assert!(count == 0 || count > 300, "{count}");
}

#[test]
fn texts_of_the_kubernetes_mixin() {
    let count = expand_all("kubernetes-mixin");
    assert!(count == 0 || count > 30, "{count}");
}
