//! `pagerduty_configs`

use super::KEY_HASH;
use crate::notify::pagerduty::{self, PagerDuty};
use crate::notify::testing::{Answer, Server, Told, read, settings};
use crate::notify::{FailureReason, Notifier as _, NotifyError, Sent};

async fn tell(yaml: &str, server: &Server, told: &Told) -> Result<Sent, NotifyError> {
    let settings = settings(server, yaml, pagerduty::read);
    let pagerduty = PagerDuty::new(&settings).expect("a client");
    let pagerduty = pagerduty.with_api_v1(format!("{}/v1", server.url));
    pagerduty.notify(&told.notification()).await
}

const V2: &str = "
routing_key: '{{ .CommonLabels.severity }}-key'
url: '{url}/v2/enqueue'
description: '{{ .Status }}: {{ len .Alerts }}'
client: us
client_url: http://us/
class: c
component: '{{ .Nothing.here }}'
details: {firing: a, resolved: b, num_firing: '{{ .Alerts.Firing | len }}', num_resolved: 0, deep: {list: ['{{ .Status }}', 1]}}
images: [{src: '{{ .CommonLabels.none }}', alt: dropped}, {src: 'http://i/', alt: i, href: h}]
links: [{href: 'http://l/', text: l}, {text: dropped}]
";

#[tokio::test]
async fn events_of_version_2() {
    let server = Server::start(vec![Answer::Status(202, "")]).await;
    let told = Told::firing(2).with_graph("https://g/1.png");
    let yaml = V2.replace("component: '{{ .Nothing.here }}'\n", "");
    let sent = tell(&yaml, &server, &told).await.expect("taken");
    let want = format!(
        "{}{KEY_HASH}{}\n",
        r#"{"routing_key":"critical-key","dedup_key":""#,
        concat!(
            r#"","event_action":"trigger","payload":{"summary":"firing: 2","source":"us","severity":"error","class":"c","#,
            r#""custom_details":{"deep":{"list":["firing",1]},"firing":"a","num_firing":2,"num_resolved":0,"resolved":"b"}},"#,
            r#""client":"us","client_url":"http://us/","#,
            r#""images":[{"src":"http://i/","alt":"i","href":"h"},{"src":"https://g/1.png","alt":"graph of the alert's expression","href":""}],"#,
            r#""links":[{"href":"http://l/","text":"l"}]}"#
        )
    );
    let got = server.one();
    assert_eq!(got.text(), want);
    assert_eq!(got.target, "/v2/enqueue");
    assert_eq!(sent.title, "firing: 2");
}

#[tokio::test]
async fn the_defaults_are_alertmanagers() {
    let server = Server::start(vec![Answer::Status(202, "")]).await;
    let told = Told::resolved(2);
    tell("{routing_key: k, url: '{url}'}", &server, &told)
        .await
        .expect("taken");
    let body = server.one().json();
    let alerts = serde_json::from_str::<serde_json::Value>(&told.notification().data.to_json())
        .expect("JSON");
    assert_eq!(
        body,
        serde_json::json!({
            "routing_key": "k",
            "dedup_key": KEY_HASH,
            "event_action": "resolve",
            "payload": {
                "summary": "[RESOLVED] Down (critical)",
                "source": "Alertmanager",
                "severity": "error",
                "custom_details": {
                    "firing": [],
                    "num_firing": 0,
                    "num_resolved": 2,
                    "resolved": alerts["alerts"],
                },
            },
            "client": "Alertmanager",
            "client_url": "http://alerts.example/#/alerts?receiver=team",
        })
    );
}

#[tokio::test]
async fn events_of_version_1() {
    let server = Server::saying("").await;
    let yaml = "{service_key: s, description: d, client: us, client_url: u, details: {firing: a, resolved: b, num_firing: c, num_resolved: d}}";
    tell(yaml, &server, &Told::firing(1)).await.expect("taken");
    tell(yaml, &server, &Told::resolved(1))
        .await
        .expect("taken");
    let details = r#""details":{"firing":"a","num_firing":"c","num_resolved":"d","resolved":"b"}}"#;
    let received = server.received();
    assert_eq!(
        received[0].text(),
        format!(
            r#"{{"service_key":"s","incident_key":"{KEY_HASH}","event_type":"trigger","description":"d","event_action":"","payload":null,"client":"us","client_url":"u",{details}
"#
        )
    );
    assert_eq!(
        received[1].text(),
        format!(
            r#"{{"service_key":"s","incident_key":"{KEY_HASH}","event_type":"resolve","description":"d","event_action":"","payload":null,{details}
"#
        )
    );
    assert_eq!(received[0].target, "/v1");
}

#[tokio::test]
async fn answers_are_judged() {
    let told = Told::firing(1);
    let why = r#"{"status":"invalid event","message":"Event object is invalid","errors":["Length of 'routing_key' is incorrect","b"]}"#;
    let told_why = "unexpected status code 400: Event object is invalid: Length of 'routing_key' is incorrect,b";
    let v2 = "{routing_key: k, url: '{url}'}";
    let v1 = "service_key: k";
    let cases = [
        (v2, 400, why, false, FailureReason::ClientError, told_why),
        (
            v2,
            400,
            "no json",
            false,
            FailureReason::ClientError,
            "unexpected status code 400",
        ),
        (
            v2,
            403,
            "body",
            false,
            FailureReason::AuthError,
            "unexpected status code 403",
        ),
        (
            v2,
            429,
            "body",
            true,
            FailureReason::RateLimited,
            "unexpected status code 429",
        ),
        (
            v2,
            500,
            "body",
            true,
            FailureReason::ServerError,
            "unexpected status code 500",
        ),
        (v1, 400, why, false, FailureReason::Other, told_why),
        (
            v1,
            403,
            "body",
            true,
            FailureReason::Other,
            "unexpected status code 403",
        ),
        (
            v1,
            429,
            "body",
            false,
            FailureReason::Other,
            "unexpected status code 429",
        ),
    ];
    for (yaml, status, body, retry, reason, message) in cases {
        let server = Server::start(vec![Answer::Status(status, body)]).await;
        let error = tell(yaml, &server, &told).await.expect_err("refused");
        assert_eq!(
            (error.message.as_str(), error.retry, error.reason),
            (message, retry, reason)
        );
    }
}

#[tokio::test]
async fn an_event_that_is_too_large_goes_without_details() {
    let server = Server::start(vec![Answer::Status(202, "")]).await;
    let huge = "x".repeat(600_000);
    let yaml = format!("{{routing_key: k, url: '{{url}}', details: {{a: {huge}}}}}");
    tell(&yaml, &server, &Told::firing(1)).await.expect("taken");
    let body = server.one().json();
    assert_eq!(
        body["payload"]["custom_details"],
        serde_json::json!({"error": "Custom details have been removed because the original event exceeds the maximum size of 512KB"})
    );
}

#[tokio::test]
async fn templates_that_fail_are_told() {
    let server = Server::start(vec![Answer::Status(202, "")]).await;
    let sent = tell(V2, &server, &Told::firing(1)).await.expect("taken");
    let body = server.one().json();
    let told = body["payload"]["custom_details"]["template_errors"]
        .as_str()
        .expect("errors");
    assert!(
        told.starts_with("(template of component failed: "),
        "{told}"
    );
    assert_eq!(sent.template_errors.len(), 1);
    let error = tell(
        "{routing_key: '{{ .Nope }}', url: '{url}'}",
        &server,
        &Told::firing(1),
    )
    .await;
    assert!(error.is_err_and(|e| !e.retry && e.message.starts_with("template of routing key: ")));
    let error = tell(
        "{routing_key: '{{ .CommonLabels.none }}', url: '{url}'}",
        &server,
        &Told::firing(1),
    )
    .await;
    assert!(error.is_err_and(|e| !e.retry && e.message == "routing key cannot be empty"));
}

#[test]
fn what_is_refused() {
    let check = |global: &str, yaml: &str, want: &str| {
        let errors = read(global, yaml, pagerduty::read).expect_err(yaml);
        assert!(
            errors.iter().any(|e| e.contains(want)),
            "{yaml}: {errors:?}"
        );
    };
    check(
        "",
        "client: a",
        "missing service or routing key in PagerDuty config",
    );
    check(
        "",
        "{routing_key: a, routing_key_file: b}",
        "at most one of routing_key & routing_key_file must be configured",
    );
    check(
        "",
        "{service_key: a, service_key_file: b}",
        "at most one of service_key & service_key_file must be configured",
    );
    check(
        "pagerduty_url:",
        "routing_key: a",
        "no global PagerDuty URL set",
    );
    check("", "{routing_key: a, details: [b]}", "wants a mapping");
}
