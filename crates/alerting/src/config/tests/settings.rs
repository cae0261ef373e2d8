//! What a good file becomes.

use std::time::Duration;

use binnacle_client::settings::Source;

use super::{good, with};

#[test]
fn defaults() {
    let settings = good(&with(""));
    let global = &settings.global;
    assert_eq!(global.resolve_timeout, Duration::from_secs(300));
    assert_eq!(global.smtp_hello, "localhost");
    assert!(global.smtp_require_tls);
    assert_eq!(
        global.pagerduty_url.as_deref(),
        Some("https://events.pagerduty.com/v2/enqueue")
    );
    let root = settings.routes.root();
    assert_eq!(root.group_wait, Duration::from_secs(30));
    assert_eq!(root.group_interval, Duration::from_secs(300));
    assert_eq!(root.repeat_interval, Duration::from_secs(4 * 3600));
    assert!(settings.warnings.is_empty(), "{:?}", settings.warnings);
}

#[test]
fn a_global_section_that_is_empty() {
    assert_eq!(good(&with("global:")).global.smtp_hello, "localhost");
    let none = good(&with("global: {pagerduty_url: , smtp_hello: }")).global;
    assert_eq!((none.pagerduty_url, none.smtp_hello.as_str()), (None, ""));
}

#[test]
fn integrations_stand_in_alertmanagers_order() {
    let settings = good(
        "route: {receiver: a}
receivers:
- name: a
  slack_configs: [{api_url: 'http://a'}]
  webhook_configs: [{url: 'http://a'}, {url: 'http://b', send_resolved: false}]
  email_configs: [{to: a, from: b, smarthost: 'c:25'}]
",
    );
    let receiver = settings.receiver("a").unwrap();
    let found: Vec<_> = receiver
        .integrations
        .iter()
        .map(|i| (i.kind(), i.index, i.send_resolved))
        .collect();
    assert_eq!(
        found,
        [
            ("webhook", 0, true),
            ("webhook", 1, false),
            ("email", 0, false),
            ("slack", 0, false)
        ]
    );
    assert_eq!(receiver.labels.get("name"), Some("a"));
    assert!(settings.receiver("b").is_none());
}

#[test]
fn secrets_in_files_stay_paths() {
    let settings = good(&with("global: {slack_app_token_file: a/b}"));
    assert_eq!(
        settings.global.slack_app_token,
        Some(Source::File("a/b".into()))
    );
}

#[test]
fn inhibit_rules() {
    let settings = good(&with(
        "inhibit_rules:
- name: x
  source_match: {a: b}
  source_match_re: {c: d}
  source_matchers: [e!=f]
  target_matchers: ['{g=h, i!~j}']
  equal: [z, y, z]
",
    ));
    let rule = &settings.inhibit_rules[0];
    assert_eq!(
        crate::matchers::print_all(&rule.source_matchers),
        r#"{a="b",c=~"^(?:d)$",e!="f"}"#
    );
    assert_eq!(
        crate::matchers::print_all(&rule.target_matchers),
        r#"{g="h",i!~"j"}"#
    );
    assert_eq!(rule.equal, ["y", "z"]);
}

#[test]
fn warnings_have_a_place() {
    let check = |yaml: &str, want: &str| {
        let settings = good(yaml);
        let found: Vec<String> = settings.warnings.iter().map(ToString::to_string).collect();
        assert!(found.iter().any(|w| w.starts_with(want)), "{found:?}");
    };
    check(
        &with("inhibit_rules: [{source_match: {a: b}, target_matchers: [c=d]}]"),
        "alertmanager.yml:3:32: source_match is deprecated",
    );
    check(
        "receivers: [{name: a}]\nroute: {receiver: a, routes: [{match_re: {a: b}}]}",
        "alertmanager.yml:2:42: match_re is deprecated",
    );
    check(
        "receivers: [{name: a}]\nroute: {receiver: a, routes: [{matchers: ['a=b c']}]}",
        "alertmanager.yml:2:43: matchers \"a=b c\": read by the rules of the classic matchers",
    );
    check(
        &with("inhibit_rules: [{target_matchers: [c=d]}]"),
        "alertmanager.yml:3:17: inhibit rule without source_matchers: every alert keeps",
    );
    check(
        &with("mute_time_intervals: [{name: a}]"),
        "alertmanager.yml:3:22: mute_time_intervals is deprecated",
    );
    check(
        &with("templates: ['/nowhere/*.tmpl']"),
        "alertmanager.yml:3:13: no file matches \"/nowhere/*.tmpl\"",
    );
    check(
        "receivers: [{name: a}]\nroute: {receiver: a, group_interval: 10s, repeat_interval: 5s}",
        "alertmanager.yml:2:38: group_interval of 10s is also how long",
    );
    check(
        "receivers: [{name: a}]\nroute: {receiver: a, group_interval: 10m, repeat_interval: 5m}",
        "alertmanager.yml:2:60: repeat_interval of 5m is shorter",
    );
}

#[test]
fn what_does_not_act_is_said() {
    let settings = good(&with(
        "tracing: {endpoint: 'a:1', headers: {a: {values: [b]}}}\nevent_recorder:\n  stdout_outputs: [{}]\n  file_outputs: [{path: a}]\n",
    ));
    let found: Vec<String> = settings.inactive.iter().map(ToString::to_string).collect();
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(
        found[0].starts_with("alertmanager.yml:3: tracing: "),
        "{found:?}"
    );
    assert!(
        found[1].starts_with("alertmanager.yml:4: event_recorder: "),
        "{found:?}"
    );
}

#[test]
fn templates_are_expanded_when_they_are_needed() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("alertmanager.yml");
    std::fs::write(&file, with("templates: ['*.tmpl', c.x]")).unwrap();
    for name in ["b.tmpl", "a.tmpl", "c.x"] {
        std::fs::write(dir.path().join(name), "").unwrap();
    }
    let settings = crate::config::load(&file, crate::matchers::Language::Fallback).unwrap();
    let found: Vec<_> = settings
        .template_files()
        .into_iter()
        .filter_map(|p| Some(p.file_name()?.to_str()?.to_owned()))
        .collect();
    assert_eq!(found, ["a.tmpl", "b.tmpl", "c.x"]);
    assert!(settings.warnings.is_empty(), "{:?}", settings.warnings);
}
