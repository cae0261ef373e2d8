//! Posts against a server that records.

use serde_json::json;

use super::{Mattermost, read};
use crate::notify::Notifier as _;
use crate::notify::testing::{self, Answer, Server, Told};

fn mattermost(server: &Server, yaml: &str) -> Mattermost {
    let yaml = format!("webhook_url: '{{url}}/hooks/secret'\n{yaml}");
    Mattermost::new(&testing::settings(server, &yaml, read)).expect("usable")
}

const TEXTS: &str = "
username: ''
color: '{{ if eq .Status \"firing\" }}red{{ end }}'
text: '{{ .CommonAnnotations.summary }}'
title: '{{ .Status }}'
title_link: ''
fallback: f
";

#[tokio::test]
async fn bodies() {
    let check = async |yaml: &str, told: Told, want: serde_json::Value| {
        let server = Server::saying("ok").await;
        let yaml = format!("{TEXTS}{yaml}");
        let sent = mattermost(&server, &yaml)
            .notify(&told.notification())
            .await;
        sent.expect("taken");
        let request = server.one();
        assert_eq!(request.target, "/hooks/secret");
        assert_eq!(request.json(), want, "{yaml}");
    };
    let text = "<host0> & co is \"dün\"";
    check(
        "",
        Told::firing(1),
        json!({ "attachments": [
            { "fallback": "f", "color": "red", "text": text, "title": "firing" },
        ]}),
    )
    .await;
    let yaml = "
channel: '{{ .Receiver }}'
icon_url: http://i
icon_emoji: ':x:'
type: custom_x
props: { card: '**{{ .Receiver }}**' }
priority: { priority: URGENT, requested_ack: true, persistent_notifications: true }
fields:
  - { title: '{{ .Status }}', value: v }
  - { title: b, value: w, short: true }
footer: foot
";
    check(
        yaml,
        Told::resolved(1).with_graph("http://g/1.png"),
        json!({
            "channel": "team",
            "icon_url": "http://i",
            "icon_emoji": ":x:",
            "attachments": [{
                "fallback": "f",
                "text": text,
                "title": "resolved",
                "fields": [
                    { "title": "resolved", "value": "v" },
                    { "title": "b", "value": "w", "short": true },
                ],
                "footer": "foot",
                "image_url": "http://g/1.png",
            }],
            "type": "custom_x",
            "props": { "card": "**team**" },
            "priority": {
                "priority": "urgent",
                "requested_ack": true,
                "persistent_notifications": true,
            },
        }),
    )
    .await;
    check(
        "attachments: [{ text: '{{ .Status }}', color: blue }, { pretext: p }]",
        Told::firing(1),
        json!({
            "text": text,
            "attachments": [{ "color": "blue", "text": "firing" }, { "pretext": "p" }],
        }),
    )
    .await;
}

#[tokio::test]
async fn priorities() {
    let check = async |name: &str, want: serde_json::Value| {
        let server = Server::saying("ok").await;
        let yaml = format!(
            "{TEXTS}priority: {{ priority: '{name}', requested_ack: true, persistent_notifications: true }}"
        );
        let told = Told::firing(1);
        let sent = mattermost(&server, &yaml)
            .notify(&told.notification())
            .await;
        sent.expect("taken");
        assert_eq!(server.one().json()["priority"], want, "{name}");
    };
    check(
        "Important",
        json!({ "priority": "important", "requested_ack": true }),
    )
    .await;
    check("standard", json!({ "priority": "standard" })).await;
    check("{{ .Nope }}", json!({ "priority": "standard" })).await;
    check("", json!(null)).await;
}

#[tokio::test]
async fn a_long_text_is_cut() {
    let server = Server::saying("ok").await;
    let yaml = format!(
        "text: {}\nattachments: [{{ color: red }}]\n",
        "ü".repeat(17_000)
    );
    let told = Told::firing(1);
    let sent = mattermost(&server, &yaml)
        .notify(&told.notification())
        .await;
    assert_eq!(
        sent.expect("taken").text,
        format!("{}…", "ü".repeat(16_382))
    );
}

#[tokio::test]
async fn refusals_name_the_channel() {
    let server = Server::start(vec![Answer::Status(404, "gone")]).await;
    let told = Told::firing(1);
    let mattermost = mattermost(&server, "channel: ops");
    let error = mattermost
        .notify(&told.notification())
        .await
        .expect_err("refused");
    assert!(!error.retry);
    assert_eq!(
        error.message,
        "channel \"ops\": unexpected status code 404: gone"
    );
    assert_eq!(mattermost.destination(), "ops");
}

#[test]
fn what_is_refused() {
    let check = |global: &str, yaml: &str, want: &[&str]| {
        let errors = testing::read(global, yaml, read).err().unwrap_or_default();
        assert_eq!(errors, want, "{yaml}");
    };
    check("", "webhook_url: http://a/b", &[]);
    check("mattermost_webhook_url: http://a/b", "{}", &[]);
    check(
        "",
        "{}",
        &["missing webhook_url or webhook_url_file on mattermost_config"],
    );
    check(
        "",
        "{ webhook_url: 'http://a/b', webhook_url_file: f }",
        &["at most one of webhook_url & webhook_url_file must be configured"],
    );
    check(
        "",
        "{ webhook_url: 'http://a/b', fields: [{ value: v }] }",
        &["missing title in Mattermost field configuration"],
    );
    check(
        "",
        "{ webhook_url: 'http://a/b', attachments: [{ fields: [{ title: t }] }] }",
        &["missing value in Mattermost field configuration"],
    );
}
