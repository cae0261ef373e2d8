//! `check` tells files apart and looks for those that they name.

use crate::config::{Kind, check};

use super::{shown, write};

#[test]
fn kinds_are_told_apart_by_content() {
    let dir = tempfile::tempdir().expect("there is a folder for temporary files");
    let kind = |name: &str, text: &str| {
        let path = write(dir.path(), name, text);
        check(&path)
            .unwrap_or_else(|errors| panic!("{errors}"))
            .kind
    };
    assert_eq!(kind("a.yml", "scrape_configs: []\n"), Kind::Prometheus);
    assert_eq!(kind("b.yml", "metrics: {}\n"), Kind::Binnacle);
    assert_eq!(kind("c.yml", "rate_limit: {}\n"), Kind::Web);
    let routes = "route: {receiver: a}\nreceivers: [{name: a}]\n";
    assert_eq!(kind("d.yml", routes), Kind::Alertmanager);
    assert_eq!(kind("e.yml", "groups: []\n"), Kind::Rules);
    assert_eq!(kind("binnacle.yaml", ""), Kind::Binnacle);
    assert_eq!(kind("web.yml", ""), Kind::Web);
    assert_eq!(kind("other.yml", ""), Kind::Prometheus);
}

#[test]
fn named_files_are_looked_for() {
    let dir = tempfile::tempdir().expect("there is a folder for temporary files");
    let text = "rule_files: [rules.yml, none-*.yml]\nscrape_configs:\n- job_name: a\n  authorization: {credentials_file: token}\n  tls_config: {ca_file: ca.pem}\n  file_sd_configs: [{files: [targets.json]}]\n";
    let path = write(dir.path(), "prometheus.yml", text);
    let found = shown(check(&path));
    let lines: Vec<&str> = found.lines().collect();
    assert_eq!(lines.len(), 2, "{found}");
    assert!(
        lines[0].contains("prometheus.yml:1:14: \"")
            && lines[0].ends_with("rules.yml\" does not point to an existing file"),
        "{found}"
    );
    assert!(
        lines[1].contains(
            "prometheus.yml:4:37: error checking authorization credentials or bearer token file"
        ),
        "{found}"
    );
    write(dir.path(), "rules.yml", "groups: []\n");
    write(dir.path(), "token", "t");
    let checked = check(&path).unwrap_or_else(|errors| panic!("{errors}"));
    let warnings: Vec<String> = checked.warnings.iter().map(ToString::to_string).collect();
    assert_eq!(warnings.len(), 2, "{warnings:?}");
    assert!(
        warnings[0].contains("5:25: error checking ca file"),
        "{warnings:?}"
    );
    assert!(warnings[1].contains("6:30: file"), "{warnings:?}");
}

#[test]
fn files_that_are_no_text_are_refused() {
    let dir = tempfile::tempdir().expect("there is a folder for temporary files");
    let path = dir.path().join("prometheus.yml");
    std::fs::write(&path, b"global:\n  a: \xff\n").expect("a file can be written");
    assert_eq!(
        shown(check(&path)),
        format!("{}:2:6: not UTF-8", path.display())
    );
    let none = dir.path().join("none.yml");
    assert!(shown(check(&none)).contains("none.yml: cannot read it"));
    assert!(shown(check(dir.path())).contains("cannot read it"));
}
