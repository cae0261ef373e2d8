//! Buttons that were pressed in Slack and PagerDuty come back signed.

use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::alerting::send;
use crate::server::{QUIET, Server, client, escape, eventually, runtime};

const SECRET: &str = "a secret that both know";

fn sign(parts: &[&str]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).expect("any key");
    parts.iter().for_each(|p| mac.update(p.as_bytes()));
    hex(&mac.finalize().into_bytes())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

fn post(server: &Server, path: &str, headers: &[(&str, &str)], body: &str) -> u16 {
    runtime(async {
        let mut request = client().post(server.url(path)).body(body.to_owned());
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.send().await.expect("an answer").status().as_u16()
    })
}

/// The alert, as our own API shows it.
fn alert(server: &Server) -> Value {
    server.data("/api/binnacle/v1/alerts")["alerts"][0].clone()
}

#[test]
fn slack_and_pagerduty_acknowledge() {
    let config = format!(
        "{QUIET}rules:\n  builtin: false\nalerting:\n  callbacks:\n    slack_signing_secret: {SECRET}\n    pagerduty_secret: {SECRET}\n"
    );
    let server = Server::start(&config);
    let (status, _) = send(
        &server,
        "POST",
        "/api/v2/alerts",
        &json!([{ "labels": { "alertname": "Fire" } }]),
    );
    assert_eq!(status, 200);
    let print = alert(&server)["fingerprint"]
        .as_str()
        .expect("one")
        .to_owned();

    let path = "/api/binnacle/v1/alerts/callbacks/slack";
    let payload = json!({
        "type": "interactive_message",
        "user": { "id": "U1", "name": "ana" },
        "actions": [{ "name": "binnacle_acknowledge", "value": format!("{print} ") }],
    });
    let body = format!("payload={}", escape(&payload.to_string()));
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let stamp = since.expect("behind 1970").as_secs().to_string();
    let right = format!("v0={}", sign(&["v0:", &stamp, ":", &body]));
    let old = format!("v0={}", sign(&["v0:", "1000000000", ":", &body]));
    for (stamp, signature) in [(&*stamp, "v0=00"), ("1000000000", &*old), ("", "")] {
        let headers = [
            ("x-slack-request-timestamp", stamp),
            ("x-slack-signature", signature),
        ];
        assert_eq!(post(&server, path, &headers, &body), 401);
    }
    assert_eq!(alert(&server)["acknowledged"], Value::Null);
    let headers = [
        ("x-slack-request-timestamp", &*stamp),
        ("x-slack-signature", &*right),
    ];
    assert_eq!(post(&server, path, &headers, &body), 200);
    assert_eq!(alert(&server)["acknowledged"]["by"], "ana");
    assert_eq!(alert(&server)["acknowledged"]["via"], "slack");

    let path = "/api/binnacle/v1/alerts/callbacks/pagerduty";
    let groups = server.data("/api/binnacle/v1/alerts/groups");
    let key = groups["groups"][0]["key"].as_str().expect("a key");
    let event = |kind: &str| {
        json!({ "event": {
            "event_type": kind,
            "agent": { "summary": "Bo" },
            "data": { "incident_key": hex(&Sha256::digest(key.as_bytes())), "assignees": [{ "summary": "Cy" }] },
        }})
        .to_string()
    };
    for (kind, field, want) in [
        ("incident.unacknowledged", "acknowledged", Value::Null),
        ("incident.acknowledged", "acknowledged", json!("Bo")),
        ("incident.reassigned", "assignedTo", json!("Cy")),
    ] {
        let body = event(kind);
        assert_eq!(
            post(&server, path, &[("x-pagerduty-signature", "v1=00")], &body),
            401
        );
        let signature = format!("v1=00,v1={}", sign(&[&body]));
        assert_eq!(
            post(
                &server,
                path,
                &[("x-pagerduty-signature", &signature)],
                &body
            ),
            200
        );
        eventually(kind, || {
            let shown = &alert(&server)[field];
            *shown == want || shown["by"] == want
        });
    }

    // Where no secret is configured there is nothing to call.
    let plain = Server::start(QUIET);
    assert_eq!(post(&plain, path, &[], "{}"), 404);
}
