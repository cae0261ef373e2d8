//! `servicenow_configs`

use super::KEY_HASH;
use crate::notify::servicenow::{self, ServiceNow};
use crate::notify::testing::{Answer, Server, Told, read, settings};
use crate::notify::{FailureReason, Notifier as _, NotifyError, Sent};

const FOUND: &str = r#"{"result":[{"sys_id":"9d385017c611228701d22104cc95c371"}]}"#;
const NONE: &str = r#"{"result":[]}"#;
const YAML: &str = "
instance_url: '{url}/'
http_config: {basic_auth: {username: me, password: pass}}
short_description: '{{ .Status }}'
description: d
urgency: '{{ if eq .CommonLabels.severity \"critical\" }}1{{ end }}'
impact: '{{ .CommonLabels.none }}'
fields: {category: network}
";

async fn tell(yaml: &str, server: &Server, told: &Told) -> Result<Sent, NotifyError> {
    let settings = settings(server, yaml, servicenow::read);
    let servicenow = ServiceNow::new(&settings).expect("a client");
    servicenow.notify(&told.notification()).await
}

#[tokio::test]
async fn an_incident_is_created() {
    let server = Server::start(vec![Answer::Status(200, NONE), Answer::Status(201, "{}")]).await;
    let sent = tell(YAML, &server, &Told::firing(2)).await.expect("taken");
    let received = server.received();
    assert_eq!(received[0].method, "GET");
    assert_eq!(
        received[0].form(),
        [
            ("sysparm_fields", "sys_id".to_owned()),
            ("sysparm_limit", "1".to_owned()),
            (
                "sysparm_query",
                format!("correlation_id={KEY_HASH}^stateNOT IN6,7,8^ORDERBYDESCsys_created_on")
            ),
        ]
        .map(|(n, v)| (n.to_owned(), v))
    );
    assert_eq!(received[0].header("authorization"), "Basic bWU6cGFzcw==");
    assert_eq!(
        (received[1].method.as_str(), received[1].target.as_str()),
        ("POST", "/api/now/table/incident")
    );
    assert_eq!(
        received[1].json(),
        serde_json::json!({
            "category": "network",
            "correlation_display": "Binnacle",
            "correlation_id": KEY_HASH,
            "description": "d",
            "short_description": "firing",
            "urgency": "1",
        })
    );
    assert_eq!((sent.title.as_str(), sent.text.as_str()), ("firing", "d"));
}

#[tokio::test]
async fn an_incident_is_brought_up_to_date_and_resolved() {
    let server = Server::saying(FOUND).await;
    tell(YAML, &server, &Told::firing(1)).await.expect("taken");
    tell(YAML, &server, &Told::resolved(1))
        .await
        .expect("taken");
    let received = server.received();
    let target = "/api/now/table/incident/9d385017c611228701d22104cc95c371";
    assert_eq!(
        (received[1].method.as_str(), received[1].target.as_str()),
        ("PATCH", target)
    );
    assert_eq!(received[1].json()["work_notes"], "d");
    assert_eq!(
        received[3].json(),
        serde_json::json!({"state": "6", "close_code": "Resolved by caller", "close_notes": "All alerts of this group have ended."})
    );
}

#[tokio::test]
async fn what_nobody_knows_of_is_not_resolved() {
    let server = Server::saying(NONE).await;
    tell(YAML, &server, &Told::resolved(1))
        .await
        .expect("taken");
    assert_eq!(server.one().method, "GET");
}

#[tokio::test]
async fn refusals_and_odd_answers_are_judged() {
    let told = Told::firing(1);
    for (answer, retry, reason) in [
        (Answer::Status(401, "{}"), false, FailureReason::AuthError),
        (Answer::Status(429, ""), true, FailureReason::RateLimited),
        (Answer::Status(500, ""), true, FailureReason::ServerError),
        (Answer::Status(200, "<html>"), true, FailureReason::Other),
        (Answer::Status(200, "{}"), true, FailureReason::Other),
        (
            Answer::Status(200, r#"{"result":[{"sys_id":"../../evil"}]}"#),
            true,
            FailureReason::Other,
        ),
    ] {
        let server = Server::start(vec![answer.clone()]).await;
        let error = tell(YAML, &server, &told).await.expect_err("refused");
        assert_eq!((error.retry, error.reason), (retry, reason), "{answer:?}");
        assert_eq!(server.received().len(), 1);
    }
}

#[test]
fn what_is_refused() {
    let check = |yaml: &str, want: &str| {
        let errors = read("", yaml, servicenow::read).expect_err(yaml);
        assert!(
            errors.iter().any(|e| e.contains(want)),
            "{yaml}: {errors:?}"
        );
    };
    check(
        "description: a",
        "missing instance_url in ServiceNow config",
    );
    check(
        "{instance_url: 'http://a/', table: '../x'}",
        "is not the name of a table",
    );
    check(
        "{instance_url: 'http://a/', fields: {correlation_id: x}}",
        "filled with the group's key",
    );
}
