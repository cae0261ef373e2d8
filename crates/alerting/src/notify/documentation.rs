//! Holds `docs/user/receivers.md` against the code: every field is told, every field
//! that is told is there, and every example loads.

use std::collections::BTreeSet;
use std::path::Path;

use binnacle_config::reader::{Context, Reader, describe, read_file};

use crate::config::{self, Global, global};
use crate::matchers::Language;

fn page() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/user/receivers.md");
    std::fs::read_to_string(path).expect("docs/user/receivers.md")
}

/// The part of the page under the heading of a kind.
fn section(page: &str, kind: &str) -> String {
    let heading = format!("\n## `{kind}_configs`\n");
    let (_, rest) = page
        .split_once(&heading)
        .unwrap_or_else(|| panic!("no section for {kind}"));
    rest.split("\n## ").next().unwrap_or_default().to_owned()
}

/// Everything between single backticks.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// The names in the path of a field: `a.b` of `a.b`, `a` and `b` of `a[].b`.
fn names(path: &str) -> Vec<String> {
    path.split("[].")
        .map(|name| name.trim_end_matches("[]").to_owned())
        .collect()
}

fn check(page: &str, kind: &str, read: fn(&mut Reader<'_>, &Global)) {
    let (global, _) = read_file(&Context::new(Path::new("")), None, global::read);
    let fields: BTreeSet<String> = describe(|r| read(r, &global))
        .into_iter()
        .filter(|path| !path.starts_with("http_config") && !path.starts_with("tls_config"))
        .flat_map(|path| names(&path))
        .collect();
    let section = section(page, kind);
    let prose: String = section.split("```").step_by(2).collect();
    let told: BTreeSet<&str> = quoted(&prose)
        .flat_map(|span| span.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '.')))
        .collect();
    for field in &fields {
        let last = field.rsplit('.').next().unwrap_or(field);
        let twin = last.ends_with("_file") && told.contains("_file");
        // Understood, and without effect here.
        let inert = ["use_aws_http_client", "sigv4.service"].contains(&field.as_str())
            || (kind == "rocketchat" && ROCKETCHAT_INERT.contains(&last));
        assert!(
            told.contains(field.as_str()) || told.contains(last) || twin || inert,
            "{kind}: {field} is not told"
        );
    }
    let rows = prose.lines().filter(|line| line.starts_with("| `"));
    for cell in rows.filter_map(|row| row.split(" | ").next()) {
        for told in quoted(cell).filter(|told| !told.starts_with("_file") && !told.contains('*')) {
            let known = fields
                .iter()
                .any(|f| f == told || f.ends_with(&format!(".{told}")));
            assert!(
                known || told.starts_with("http_config") || told == "tls_config",
                "{kind}: there is no {told}"
            );
        }
    }
}

const ROCKETCHAT_INERT: [&str; 7] = [
    "link_names",
    "type",
    "imageurl",
    "webviewheightratio",
    "msgprocessingtype",
    "iswebview",
    "msginchatwindow",
];

macro_rules! check_all {
    ($page:expr, $($kind:ident),*) => {
        $(check($page, stringify!($kind), |r, global| {
            let _ = super::$kind::read(r, global);
        });)*
        let told = $page.matches("\n## `").count();
        assert_eq!(told, [$(stringify!($kind)),*].len(), "sections of kinds");
    };
}

#[test]
fn every_field_is_told() {
    let page = page();
    check_all!(
        &page, discord, email, exec, incidentio, jira, mattermost, msteams, msteamsv2, opsgenie,
        pagerduty, pushover, rocketchat, servicenow, slack, sns, telegram, victorops, webex,
        webhook, wechat
    );
}

#[test]
fn every_example_loads() {
    let page = page();
    let examples = page.split("```yaml\n").skip(1);
    let mut loaded = 0;
    for example in examples.filter_map(|rest| rest.split("```").next()) {
        let indented = |prefix: &str| -> String {
            let lines = example.lines().map(|line| format!("{prefix}{line}\n"));
            lines.collect()
        };
        let text = match (example.contains("route:"), example.contains("receivers:")) {
            (true, _) => {
                format!("global: {{ smtp_smarthost: 'a:1', smtp_from: a@b }}\n{example}")
            }
            (false, true) => format!("route: {{ receiver: team }}\n{example}"),
            (false, false) => format!(
                "route: {{ receiver: team }}\nreceivers:\n- name: team\n{}",
                indented("  ")
            ),
        };
        let read = config::parse(Path::new("alertmanager.yml"), &text, Language::default());
        if let Err(errors) = read {
            panic!("{errors}\n{text}");
        }
        loaded += 1;
    }
    assert!(loaded > 20, "{loaded} examples");
}
