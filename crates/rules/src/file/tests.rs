use std::path::Path;

use super::*;

fn read(text: &str) -> Result<RuleFile, String> {
    parse(Path::new("r.yml"), text, FileOptions::default()).map_err(|e| e.to_string())
}

fn refused(text: &str) -> String {
    match read(text) {
        Ok(_) => String::new(),
        Err(errors) => errors,
    }
}

#[test]
fn a_file_is_read() {
    let text = "
groups:
  - name: g
    interval: 30s
    query_offset: 0s
    limit: 5
    labels: {team: a, drop: x}
    rules:
      - record: job:up:sum
        expr: sum  by(job) (up)
        labels: {drop: ''}
      - alert: Down
        expr: up == 0
        for: 5m
        keep_firing_for: 1m
        annotations:
          summary: '{{ $labels.job }} is down'
";
    let file = read(text).expect("a good file");
    let group = &file.groups[0];
    assert_eq!(group.interval_ms, Some(30_000));
    assert_eq!(group.query_offset_ms, Some(0));
    assert_eq!(group.limit, 5);
    let [record, alert] = group.rules.as_slice() else {
        panic!("two rules")
    };
    assert_eq!(record.expr.text, "sum by (job) (up)");
    assert_eq!((record.at.line, record.name_at.line), (9, 9));
    let labels = [("drop", ""), ("team", "a")].map(|(n, v)| (n.to_owned(), v.to_owned()));
    assert_eq!(record.labels_in(group), labels);
    let RuleKind::Alerting {
        hold_ms,
        keep_firing_for_ms,
        annotations,
    } = &alert.kind
    else {
        panic!("an alerting rule")
    };
    assert_eq!((*hold_ms, *keep_firing_for_ms), (300_000, 60_000));
    assert_eq!(annotations[0].at.line, 17);
}

#[test]
fn every_mistake_is_told_with_its_place() {
    let check = |rule: &str, want: &[&str]| {
        let text = format!("groups:\n- name: g\n  rules:\n  - {rule}\n");
        let got = refused(&text);
        let got: Vec<&str> = got.lines().collect();
        assert_eq!(got, want, "{rule}");
    };
    check(
        "{record: a, alert: b, expr: '1'}",
        &[r#"r.yml:4:14: group "g", rule 1, "b": only one of 'record' and 'alert' must be set"#],
    );
    check(
        "{expr: '1'}",
        &[r#"r.yml:4:5: group "g", rule 1, "": one of 'record' or 'alert' must be set"#],
    );
    check(
        "{record: a}",
        &[r#"r.yml:4:5: group "g", rule 1, "a": field 'expr' must be set in rule"#],
    );
    check(
        "{record: 'a{b=\"c\"}', expr: x, for: 1m}",
        &[
            r#"r.yml:4:14: group "g", rule 1, "a{b=\"c\"}": braces present in the recording rule name; should it be in expr?: a{b="c"}"#,
            r#"r.yml:4:40: group "g", rule 1, "a{b=\"c\"}": invalid field 'for' in recording rule"#,
        ],
    );
    check(
        "{alert: a, expr: x, labels: {__name__: b}, annotations: {'': c}}",
        &[
            r#"r.yml:4:34: group "g", rule 1, "a": invalid label name: __name__"#,
            r#"r.yml:4:62: group "g", rule 1, "a": invalid annotation name: "#,
        ],
    );
    check(
        "{alert: a, expr: x, lables: {}}",
        &[r#"r.yml:4:25: unknown field "lables", did you mean "labels"?"#],
    );
    assert_eq!(
        refused("groups: [{name: a}, {name: a}, {}]"),
        "r.yml:1:21: groupname: \"a\" is repeated in the same file\nr.yml:1:32: Groupname must not be empty"
    );
}

#[test]
fn mistakes_in_expressions_have_the_place_of_the_file() {
    let check = |expr: &str, line: u32, column: u32| {
        let text = format!("groups:\n- name: g\n  rules:\n  - record: a\n    expr: {expr}\n");
        let errors = parse(Path::new("r.yml"), &text, FileOptions::default());
        let errors = errors.expect_err(expr);
        let first = errors.iter().next().expect("never empty");
        assert_eq!(
            (first.line, first.column),
            (line, column),
            "{expr}: {first}"
        );
    };
    check("sum(up) by (", 5, 23);
    check("up + rate(x)", 5, 21);
    check("'up + rate(x)'", 5, 22);
    check("\"up + rate(x)\"", 5, 22);
    check("up{a='ä'} + rate(x)", 5, 28);
    check("'up{a=''b''} + rate(x)'", 5, 31);
    check("\"up{a=\\\"b\\\"} + rate(x)\"", 5, 31);
    check("|\n      up\n      + rate(x)", 7, 14);
    check(">-\n      up\n\n      + rate(x)", 8, 14);
    check("|2-\n        up\n        + rate(x)", 7, 16);
    check("up\n      + rate(x)", 6, 14);
    check("\"up\\n\n      + rate(x)\"", 6, 14);
}

#[test]
fn only_the_first_document_is_read() {
    let file = read("---\n# a\ngroups: []\n---\ngroups: 5\n").expect("the first is good");
    let warnings: Vec<String> = file.warnings.iter().map(ToString::to_string).collect();
    assert_eq!(
        warnings,
        ["r.yml:4:1: another document starts here, and only the first one is read"]
    );
    let file = read("groups: []\n---\n# nothing\n").expect("one document");
    assert_eq!(file.warnings, []);
}

#[test]
fn unknown_fields_may_be_ignored() {
    let options = FileOptions {
        ignore_unknown_fields: true,
        ..FileOptions::default()
    };
    let file = parse(Path::new("r.yml"), "x: 1\ngroups: []\n", options);
    assert_eq!(file.map(|f| f.warnings.len()), Ok(1));
}
