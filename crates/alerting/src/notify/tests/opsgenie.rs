//! `opsgenie_configs`

use super::KEY_HASH;
use crate::notify::opsgenie::{self, OpsGenie};
use crate::notify::testing::{Answer, Server, Told, read, settings};
use crate::notify::{FailureReason, Notifier as _, NotifyError, Sent};

async fn tell(yaml: &str, server: &Server, told: &Told) -> Result<Sent, NotifyError> {
    let settings = settings(server, yaml, opsgenie::read);
    let opsgenie = OpsGenie::new(&settings).expect("a client");
    opsgenie.notify(&told.notification()).await
}

const FULL: &str = "
api_key: '{{ .CommonLabels.severity }}-key'
api_url: '{url}/sub?pass=1'
message: '{{ .Status }}'
description: d
source: s
details: {severity: over, more: '{{ len .Alerts }}'}
entity: e
responders:
  - {name: '{{ .CommonLabels.none }}', type: '{{ .CommonLabels.none }}'}
  - {name: 'a,,b', type: teams}
  - {id: '7', type: user}
actions: 'x, y'
tags: ' t,,u '
note: n
priority: P1
update_alerts: true
";

#[tokio::test]
async fn an_alert_is_created_and_updated() {
    let server = Server::start(vec![Answer::Status(202, "")]).await;
    let sent = tell(FULL, &server, &Told::firing(2)).await.expect("taken");
    let received = server.received();
    let want = format!(
        "{}{KEY_HASH}{}\n",
        r#"{"alias":""#,
        concat!(
            r#"","message":"firing","description":"d","details":{"alertname":"Down","more":"2","severity":"over"},"#,
            r#""source":"s","responders":[{"name":"a","type":"team"},{"name":"b","type":"team"},{"id":"7","type":"user"}],"#,
            r#""tags":["t","u"],"note":"n","priority":"P1","entity":"e","actions":["x"," y"]}"#
        )
    );
    assert_eq!(received.len(), 3);
    assert_eq!(received[0].text(), want);
    assert_eq!(
        (received[0].method.as_str(), received[0].target.as_str()),
        ("POST", "/sub/v2/alerts?pass=1")
    );
    assert_eq!(received[0].header("authorization"), "GenieKey critical-key");
    assert_eq!(received[0].header("content-type"), "application/json");
    let target =
        |what: &str| format!("/sub/v2/alerts/{KEY_HASH}/{what}?pass=1&identifierType=alias");
    assert_eq!(
        (received[1].method.as_str(), received[1].target.clone()),
        ("PUT", target("message"))
    );
    assert_eq!(received[1].text(), "{\"message\":\"firing\"}\n");
    assert_eq!(
        (received[2].method.as_str(), received[2].target.clone()),
        ("PUT", target("description"))
    );
    assert_eq!(received[2].text(), "{\"description\":\"d\"}\n");
    assert_eq!((sent.title.as_str(), sent.text.as_str()), ("firing", "d"));
}

#[tokio::test]
async fn an_alert_is_closed() {
    let server = Server::start(vec![Answer::Status(202, "")]).await;
    tell(
        "{api_key: k, api_url: '{url}', source: '{{ .Status }}'}",
        &server,
        &Told::resolved(1),
    )
    .await
    .expect("taken");
    let got = server.one();
    assert_eq!(got.text(), "{\"source\":\"resolved\"}\n");
    assert_eq!(
        got.target,
        format!("/v2/alerts/{KEY_HASH}/close?identifierType=alias")
    );
}

#[tokio::test]
async fn the_defaults_are_alertmanagers() {
    let server = Server::start(vec![Answer::Status(202, "")]).await;
    tell("{api_key: k, api_url: '{url}'}", &server, &Told::firing(1))
        .await
        .expect("taken");
    let body = server.one().json();
    assert_eq!(body["message"], "[FIRING:1] Down (host0 critical)");
    assert_eq!(
        body["source"],
        "http://alerts.example/#/alerts?receiver=team"
    );
    let description = body["description"].as_str().expect("text");
    assert!(
        description.starts_with("<host0> & co is \"dün\"\nAlerts Firing:\n"),
        "{description}"
    );
    assert!(body.get("tags").is_none() && body.get("responders").is_none());
}

#[tokio::test]
async fn refusals_stop_and_are_judged() {
    let told = Told::firing(1);
    for (status, retry, reason) in [
        (422, false, FailureReason::ClientError),
        (429, true, FailureReason::RateLimited),
        (502, true, FailureReason::ServerError),
    ] {
        let server = Server::start(vec![Answer::Status(status, "why")]).await;
        let error = tell(FULL, &server, &told).await.expect_err("refused");
        assert_eq!((error.retry, error.reason), (retry, reason), "{status}");
        assert_eq!(server.received().len(), 1);
    }
}

#[tokio::test]
async fn long_and_failing_texts_arrive() {
    let server = Server::start(vec![Answer::Status(202, "")]).await;
    let yaml = format!(
        "{{api_key: k, api_url: '{{url}}', message: {}, description: '{{{{ .No }}}}', note: '{{{{ .Nor }}}}'}}",
        "ä".repeat(500)
    );
    let sent = tell(&yaml, &server, &Told::firing(1)).await.expect("taken");
    let body = server.one().json();
    assert_eq!(
        body["message"].as_str().map(|m| m.chars().count()),
        Some(130)
    );
    let description = body["description"].as_str().expect("text");
    assert!(
        description.contains("host0") && description.contains("template of note failed"),
        "{description}"
    );
    assert_eq!(sent.template_errors.len(), 2);
}

#[test]
fn what_is_refused() {
    let check = |global: &str, yaml: &str, want: &str| {
        let errors = read(global, yaml, opsgenie::read).expect_err(yaml);
        assert!(
            errors.iter().any(|e| e.contains(want)),
            "{yaml}: {errors:?}"
        );
    };
    check(
        "",
        "message: a",
        "no global OpsGenie API Key set either inline or in a file",
    );
    check(
        "",
        "{api_key: a, api_key_file: b}",
        "at most one of api_key & api_key_file must be configured",
    );
    check(
        "opsgenie_api_url:",
        "api_key: a",
        "no global OpsGenie URL set",
    );
    check(
        "",
        "{api_key: a, responders: [{type: team}]}",
        "has to have at least one of id, username or name specified",
    );
    check(
        "",
        "{api_key: a, responders: [{name: b, type: gang}]}",
        "type does not match valid options",
    );
    read(
        "",
        "{api_key: a, responders: [{name: b, type: TEAM}, {name: b, type: '{{ .x }}'}]}",
        opsgenie::read,
    )
    .expect("fine");
}
