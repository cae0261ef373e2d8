//! Rule files of others: what Prometheus reads is read, what it refuses is refused.

use std::path::{Path, PathBuf};

use binnacle_model::relabel::NameScheme;
use binnacle_rules::file::{self, FileOptions};

use crate::conformance::{cases, folder, suite, text};

/// All files below `dir` with one of these endings.
fn below(dir: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(dir) else {
        return;
    };
    for entry in entries.filter_map(Result::ok) {
        let path = entry.path();
        if path.is_dir() {
            below(&path, found);
        } else if path.extension().is_some_and(|e| e == "yml" || e == "yaml") {
            found.push(path);
        }
    }
}

/// Reads files that must be good; gives how many rules there are.
fn read_all(paths: &[PathBuf]) -> usize {
    let mut rules = 0;
    for path in paths {
        let file = match file::read(path, FileOptions::default()) {
            Ok(file) => file,
            Err(errors) => panic!("{errors}"),
        };
        rules += file.groups.iter().map(|g| g.rules.len()).sum::<usize>();
    }
    rules
}

#[test]
fn files_that_are_refused() {
    let Some(suite) = suite("prometheus/rulefmt_errors") else {
        return;
    };
    let root = folder().expect("it is there").join("prometheus");
    for case in cases(&suite) {
        let names = match text(case, "name_validation_scheme") {
            "legacy" => NameScheme::Legacy,
            _ => NameScheme::Utf8,
        };
        let options = FileOptions {
            names,
            ..FileOptions::default()
        };
        let id = text(case, "id");
        let errors = file::read(&root.join(text(case, "file")), options).expect_err(id);
        let told = errors.to_string();
        assert!(told.contains(text(case, "error")), "{id}: {told}");
        let first = errors.iter().next().expect("never empty");
        assert!(first.line > 0 && first.column > 0, "{id}: {told}");
    }
}

#[test]
fn templates_are_checked() {
    let Some(suite) = suite("prometheus/rulefmt_templates") else {
        return;
    };
    for case in cases(&suite) {
        let read = file::parse(
            Path::new("r.yml"),
            text(case, "rules"),
            FileOptions::default(),
        );
        assert_eq!(
            read.is_ok(),
            case["valid"] == true,
            "{}: {read:?}",
            text(case, "id")
        );
    }
}

#[test]
fn files_of_the_real_world() {
    let Some(suite) = suite("realworld/rule_files") else {
        return;
    };
    let root = folder().expect("it is there");
    let mut wrong = Vec::new();
    let mut read = 0;
    for case in cases(&suite) {
        let path = root.join(text(case, "file"));
        if !path.exists() {
            continue;
        }
        read += 1;
        let verdict = file::read(&path, FileOptions::default());
        if verdict.is_ok() != (case["valid"] == true) {
            let told = verdict.err().map(|e| e.to_string());
            wrong.push(format!("{}: {told:?}", text(case, "file")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(read > 0, "the suite names files that are there");
}

#[test]
fn mixins_and_collections() {
    let Some(root) = folder() else {
        return;
    };
    let mut paths = Vec::new();
    below(&root.join("awesome-prometheus-alerts/dist"), &mut paths);
    paths.push(root.join("kubernetes-mixin/prometheus_alerts.yaml"));
    paths.push(root.join("kubernetes-mixin/prometheus_rules.yaml"));
    assert!(read_all(&paths) > 100);
}

#[test]
fn files_of_the_sources() {
    let Some(root) = folder() else {
        return;
    };
    let sources = root.join("../fixtures/source-configs");
    let names = [
        "b/prometheus/rules/recording-rules.yml",
        "b/prometheus/rules/alerts.yml",
        "c/alerts/application.yml",
        "d/slo-alerts.yml",
    ];
    let paths: Vec<PathBuf> = names
        .iter()
        .map(|name| sources.join(name))
        .filter(|path| path.exists())
        .collect();
    if paths.is_empty() {
        println!("skipped: no source configurations");
        return;
    }
    assert!(read_all(&paths) > 5);
}

#[test]
fn patterns_name_files_once_and_all_mistakes_are_told() {
    let dir = tempfile::tempdir().expect("a directory");
    let write = |name: &str, text: &str| {
        std::fs::write(dir.path().join(name), text).expect("a file");
    };
    write("a.yml", "groups: [{name: a, rules: []}]");
    write("b.yml", "groups: [{name: b, rules: []}]");
    let patterns = [dir.path().join("*.yml"), dir.path().join("a.yml")];
    let load = || file::load(&patterns, FileOptions::default());
    let names: Vec<String> = load()
        .expect("good files")
        .iter()
        .map(|f| f.groups[0].name.clone())
        .collect();
    assert_eq!(names, ["a", "b"]);
    write("a.yml", "groups: [{}]");
    write("b.yml", "groups: 5");
    let errors = load().expect_err("two bad files");
    assert_eq!(errors.iter().count(), 2, "{errors}");
}
