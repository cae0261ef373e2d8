//! `victorops_configs`

use super::KEY_HASH;
use crate::notify::testing::{Answer, Server, Told, read, settings};
use crate::notify::victorops::{self, VictorOps};
use crate::notify::{Notifier as _, NotifyError, Sent};

async fn tell(yaml: &str, server: &Server, told: &Told) -> Result<Sent, NotifyError> {
    let settings = settings(server, yaml, victorops::read);
    let victorops = VictorOps::new(&settings).expect("a client");
    victorops.notify(&told.notification()).await
}

const FULL: &str = "{api_key: k, api_url: '{url}/alert', routing_key: 'r-{{ .CommonLabels.severity }}', message_type: MESSAGE, state_message: s, entity_display_name: e, monitoring_tool: m, custom_fields: {b: '{{ .Status }}'}}";

fn body(kind: &str, status: &str) -> String {
    format!(
        "{{\"b\":\"{status}\",\"entity_display_name\":\"e\",\"entity_id\":\"{KEY_HASH}\",\"message_type\":\"{kind}\",\"monitoring_tool\":\"m\",\"state_message\":\"s\"}}\n"
    )
}

#[tokio::test]
async fn the_body_is_alertmanagers() {
    let server = Server::saying("").await;
    tell(FULL, &server, &Told::firing(1)).await.expect("taken");
    tell(FULL, &server, &Told::resolved(1))
        .await
        .expect("taken");
    tell(
        &FULL.replace("MESSAGE", "WARNING"),
        &server,
        &Told::firing(1),
    )
    .await
    .expect("taken");
    let received = server.received();
    assert_eq!(received[0].text(), body("CRITICAL", "firing"));
    assert_eq!(received[1].text(), body("RECOVERY", "resolved"));
    assert_eq!(received[2].text(), body("WARNING", "firing"));
    assert_eq!(received[0].target, "/alert/k/r-critical");
}

#[tokio::test]
async fn long_and_failing_texts_arrive_and_refusals_are_judged() {
    let server = Server::start(vec![
        Answer::Status(200, ""),
        Answer::Status(404, "gone"),
        Answer::Status(500, ""),
    ])
    .await;
    let long = FULL.replace(
        "state_message: s",
        &format!("state_message: {}", "s".repeat(30_000)),
    );
    let long = long.replace("monitoring_tool: m", "monitoring_tool: '{{ .No }}'");
    let sent = tell(&long, &server, &Told::firing(1)).await.expect("taken");
    let body = server.one().json();
    assert_eq!(
        body["state_message"].as_str().map(|m| m.chars().count()),
        Some(20_480)
    );
    assert_eq!(
        (&body["monitoring_tool"], sent.template_errors.len()),
        (&"".into(), 1)
    );
    let error = tell(FULL, &server, &Told::firing(1))
        .await
        .expect_err("refused");
    assert!(
        !error.retry && error.message == "unexpected status code 404: gone",
        "{error}"
    );
}

#[test]
fn what_is_refused() {
    let check = |global: &str, yaml: &str, want: &str| {
        let errors = read(global, yaml, victorops::read).expect_err(yaml);
        assert!(
            errors.iter().any(|e| e.contains(want)),
            "{yaml}: {errors:?}"
        );
    };
    check("", "api_key: a", "missing Routing key in VictorOps config");
    check("", "routing_key: a", "no global VictorOps API Key set");
    check(
        "victorops_api_url:",
        "{routing_key: a, api_key: b}",
        "no global VictorOps URL set",
    );
    check(
        "",
        "{routing_key: a, api_key: b, api_key_file: c}",
        "at most one of api_key & api_key_file must be configured",
    );
    check(
        "",
        "{routing_key: a, api_key: b, custom_fields: {entity_state: x}}",
        "custom field entity_state which cannot be used",
    );
}
