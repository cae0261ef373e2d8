//! A line for each rule, and for each mistake that has a place.

use super::{refused, with};

#[test]
fn routes() {
    refused(
        "receivers: [{name: a}]",
        "alertmanager.yml:1:1: no routes provided",
    );
    refused("", "no routes provided");
    refused("route:\n", "no routes provided");
    let root = |route: &str| format!("receivers: [{{name: a}}]\nroute: {route}");
    refused(&root("{}"), "root route must specify a default receiver");
    refused(
        &root("{receiver: a, matchers: [b=c]}"),
        "alertmanager.yml:2:8: root route must not have any matchers",
    );
    refused(
        &root("{receiver: a, match: {b: c}}"),
        "root route must not have any matchers",
    );
    refused(
        &root("{receiver: a, match_re: {b: c}}"),
        "root route must not have any matchers",
    );
    refused(
        &root("{receiver: a, continue: true}"),
        "cannot have continue in root route",
    );
    refused(
        &root("{receiver: a, mute_time_intervals: [x]}"),
        "root route must not have any mute time intervals",
    );
    refused(
        &root("{receiver: a, active_time_intervals: [x]}"),
        "root route must not have any active time intervals",
    );
    refused(
        &root("{receiver: a, routes: [{receiver: aa}]}"),
        "alertmanager.yml:2:42: undefined receiver \"aa\" used in route, did you mean \"a\"?",
    );
    refused(
        &root("{receiver: a, routes: [{active_time_intervals: [x]}]}"),
        "alertmanager.yml:2:56: undefined time interval \"x\" used in route",
    );
}

#[test]
fn receivers() {
    let receivers = |list: &str| format!("route: {{receiver: a}}\nreceivers: {list}");
    refused(
        &receivers("[{name: a}, {name: a}]"),
        "alertmanager.yml:2:31: notification config name \"a\" is not unique",
    );
    refused(&receivers("[{name: a}, {}]"), "missing name in receiver");
    refused(
        &receivers("[{name: a}, ]\ntemplates: a"),
        "\"templates\" wants a list of texts",
    );
    refused(
        &receivers("[{name: a, labels: {name: b}}]"),
        "receiver label \"name\" must match receiver name \"a\", got \"b\"",
    );
    refused(
        &receivers("[{name: a, webhook_config: []}]"),
        "unknown field \"webhook_config\", did you mean \"webhook_configs\"?",
    );
}

#[test]
fn intervals() {
    refused(
        &with("time_intervals: [{name: a}, {name: a}]"),
        "alertmanager.yml:3:36: time interval \"a\" is not unique",
    );
    refused(
        &with("mute_time_intervals: [{name: a}]\ntime_intervals: [{name: a}]"),
        "alertmanager.yml:4:25: time interval \"a\" is not unique",
    );
    refused(
        &with("time_intervals: [{}]"),
        "missing name in time interval",
    );
    refused(
        &with("mute_time_intervals: [{}]"),
        "missing name in mute time interval",
    );
    refused(
        &with("time_intervals: [{name: a, time_intervals: [{weekdays: [x]}]}]"),
        "alertmanager.yml:3:57: x is not a valid weekday",
    );
}

#[test]
fn inhibit_rules() {
    refused(
        &with("inhibit_rules: [{equal: ['']}]"),
        "alertmanager.yml:3:26: invalid label name \"\" in equal list",
    );
    refused(
        &with("inhibit_rules: [{source_match: {a-b: c}}]"),
        "invalid label name \"a-b\"",
    );
    refused(
        &with("inhibit_rules: [{target_match_re: {a: '('}}]"),
        "alertmanager.yml:3:39:",
    );
    refused(
        &with("inhibit_rules: [{target_matchers: ['a']}]"),
        "bad matcher format: a",
    );
}

#[test]
fn global() {
    let global = |fields: &str| with(&format!("global: {{{fields}}}"));
    for (text, file) in [
        ("smtp_auth_password", "smtp_auth_password_file"),
        ("smtp_auth_secret", "smtp_auth_secret_file"),
        ("slack_app_token", "slack_app_token_file"),
        ("opsgenie_api_key", "opsgenie_api_key_file"),
        ("victorops_api_key", "victorops_api_key_file"),
        ("telegram_bot_token", "telegram_bot_token_file"),
        ("wechat_api_secret", "wechat_api_secret_file"),
        ("rocketchat_token", "rocketchat_token_file"),
        ("rocketchat_token_id", "rocketchat_token_id_file"),
    ] {
        let want = format!("at most one of {text} & {file} must be configured");
        refused(&global(&format!("{text}: a, {file}: b")), &want);
    }
    for (text, file) in [
        ("slack_api_url", "slack_api_url_file"),
        ("mattermost_webhook_url", "mattermost_webhook_url_file"),
    ] {
        let want = format!("at most one of {text} & {file} must be configured");
        refused(&global(&format!("{text}: 'http://a', {file}: b")), &want);
        // A secret is not in a message.
        refused(
            &global(&format!("{text}: 'http://a:secret'")),
            "alertmanager.yml:3:",
        );
        let error = super::read(&global(&format!("{text}: 'http://a:secret'"))).unwrap_err();
        assert!(error.contains("invalid port"), "{error}");
    }
    let slack = "at most one of slack_app_token/slack_app_token_file & slack_api_url/slack_api_url_file must be configured";
    refused(
        &global("slack_app_token: a, slack_api_url: 'http://b'"),
        slack,
    );
    refused(
        &global("slack_app_token_file: a, slack_api_url_file: b"),
        slack,
    );
    super::good(&global(
        "slack_app_token: a, slack_api_url: 'https://slack.com/api/chat.postMessage'",
    ));
    refused(
        &global("pagerduty_url: 'ftp://a'"),
        "unsupported scheme \"ftp\" for URL",
    );
    refused(
        &global("pagerduty_url: 'http:///a'"),
        "missing host for URL",
    );
    refused(
        &global("pagerduty_url: ''"),
        "unsupported scheme \"\" for URL",
    );
    refused(&global("resolve_timeout: 5"), "alertmanager.yml:3:");
    refused(
        &global("smtp_smarthost: a"),
        "address a: missing port in address",
    );
    refused(
        &global("smtp_smarthost: 'a:b:c'"),
        "address a:b:c: too many colons in address",
    );
    refused(
        &global("smtp_smarthost: '[a]'"),
        "address [a]: missing port in address",
    );
    refused(
        &global("smtp_smarthost: '[a:25'"),
        "address [a:25: missing ']' in address",
    );
    refused(
        &global("smtp_smarthost: 'a]:25'"),
        "unexpected bracket in address",
    );
    refused(
        &global("http_config: {bearer_token: a, basic_auth: {}}"),
        "at most one of basic_auth, oauth2, bearer_token & bearer_token_file must be configured",
    );
    refused(
        &global("smpt_from: a"),
        "unknown field \"smpt_from\", did you mean \"smtp_from\"?",
    );
}

#[test]
fn sections_that_do_not_act() {
    refused(&with("tracing: {}"), "tracing endpoint must be set");
    refused(
        &with("tracing: {endpoint: a, client_type: x}"),
        "http or grpc, but got x",
    );
    refused(
        &with("tracing: {endpoint: a, compression: x}"),
        "invalid compression type x",
    );
    let outputs = |text: &str| with(&format!("event_recorder: {{{text}}}"));
    refused(
        &outputs("file_outputs: [{}]"),
        "file output requires a path",
    );
    refused(
        &outputs("webhook_outputs: [{}]"),
        "webhook output requires a url",
    );
    refused(
        &outputs("webhook_outputs: [{url: <secret>}]"),
        "an absolute http(s) url",
    );
    refused(
        &outputs("webhook_outputs: [{url: 'http://a', batch_max_events: 1}]"),
        "batch settings require batch: true",
    );
    refused(
        &outputs("webhook_outputs: [{url: 'http://a', batch: true, batch_max_bytes: -1}]"),
        "batch settings cannot be negative",
    );
    refused(
        &outputs("kafka_outputs: [{topic: a}]"),
        "at least one broker is required",
    );
    refused(
        &outputs("kafka_outputs: [{brokers: ['']}]"),
        "broker entries must be non-empty",
    );
    refused(
        &outputs("kafka_outputs: [{brokers: [a]}]"),
        "kafka output requires a topic",
    );
    refused(
        &outputs("kafka_outputs: [{brokers: [a], topic: b, acks: x}]"),
        "unknown acks \"x\"",
    );
}

#[test]
fn every_mistake_is_told_at_once() {
    let error = super::read(
        "route:\n  receiver: b\n  group_wait: x\n  group_interval: 0s\nreceivers:\n- name: a\nfoo: 1\n",
    )
    .unwrap_err();
    let places: Vec<&str> = error.lines().filter_map(|l| l.split(": ").next()).collect();
    assert_eq!(
        places,
        [
            "alertmanager.yml:2:13",
            "alertmanager.yml:3:15",
            "alertmanager.yml:4:19",
            "alertmanager.yml:7:1"
        ],
        "{error}"
    );
}
