//! `webhook_configs`

use crate::notify::testing::{Answer, Server, Told, read, settings};
use crate::notify::webhook::{self, Webhook};
use crate::notify::{FailureReason, Notifier as _, NotifyError, Sent};

async fn tell(yaml: &str, server: &Server, told: &Told) -> Result<Sent, NotifyError> {
    let settings = settings(server, yaml, webhook::read);
    let webhook = Webhook::new(&settings).expect("a client");
    webhook.notify(&told.notification()).await
}

#[tokio::test]
async fn the_body_is_alertmanagers() {
    let server = Server::saying("").await;
    let told = Told::firing(1).with_graph("http://x/y.png");
    let sent = tell("url: '{url}/hook'", &server, &told)
        .await
        .expect("taken");
    let want = concat!(
        r#"{"receiver":"team","status":"firing","alerts":[{"status":"firing","#,
        r#""labels":{"alertname":"Down","instance":"host0","severity":"critical"},"#,
        r#""annotations":{"summary":"\u003chost0\u003e \u0026 co is \"dün\""},"#,
        r#""startsAt":"2023-11-14T22:12:20Z","endsAt":"0001-01-01T00:00:00Z","#,
        r#""generatorURL":"http://prometheus/graph?i=0","fingerprint":"FINGERPRINT"}],"#,
        r#""notification_reason":"first notification","groupLabels":{"alertname":"Down"},"#,
        r#""commonLabels":{"alertname":"Down","instance":"host0","severity":"critical"},"#,
        r#""commonAnnotations":{"summary":"\u003chost0\u003e \u0026 co is \"dün\""},"#,
        r#""routeLabels":{},"externalURL":"http://alerts.example","#,
        r#""version":"4","groupKey":"{}:{alertname=\"Down\"}","truncatedAlerts":0}"#,
        "\n"
    );
    let fingerprint = &told.notification().data.alerts[0].fingerprint;
    let got = server.one();
    assert_eq!(got.text(), want.replace("FINGERPRINT", fingerprint));
    assert_eq!(
        (got.method.as_str(), got.target.as_str()),
        ("POST", "/hook")
    );
    assert_eq!(got.header("content-type"), "application/json");
    assert_eq!(sent.text, got.text().trim_end());
}

#[tokio::test]
async fn alerts_over_the_limit_are_counted() {
    let server = Server::saying("").await;
    tell("{url: '{url}', max_alerts: 1}", &server, &Told::firing(3))
        .await
        .expect("taken");
    let body = server.one().json();
    assert_eq!(body["alerts"].as_array().map(Vec::len), Some(1));
    assert_eq!(body["truncatedAlerts"], 2);
    // What is common is common to those that are told.
    assert_eq!(body["commonLabels"]["instance"], "host0");
    assert_eq!(body["receiver"], "team");
}

#[tokio::test]
async fn a_payload_takes_the_place_of_the_body() {
    let server = Server::saying("").await;
    let yaml = "
url: '{url}'
payload:
  text: 'status {{ .Status }}'
  count: '{{ len .Alerts }}'
  '{{ .Status }}':
    - '{{ .CommonLabels | toJson }}'
    - 1.5
    - yes
  broken: '{{ .Nothing }}'
  7: dropped
";
    let sent = tell(yaml, &server, &Told::firing(2)).await.expect("taken");
    let body = server.one().text();
    assert!(
        body.starts_with(r#"{"broken":"(template of payload.broken failed: template: :1:3: executing \"\" at \u003c.Nothing\u003e"#),
        "{body}"
    );
    assert!(
        body.ends_with(concat!(
            r#","count":2,"firing":[{"alertname":"Down","severity":"critical"},1.5,true],"#,
            r#""text":"status firing"}"#,
            "\n"
        )),
        "{body}"
    );
    let fields: Vec<&str> = sent
        .template_errors
        .iter()
        .map(|(f, _)| f.as_str())
        .collect();
    assert_eq!(fields, ["payload.broken"]);
}

#[tokio::test]
async fn the_url_is_a_template_and_may_stand_in_a_file() {
    let server = Server::saying("").await;
    let told = Told::firing(1);
    tell(
        "url: '{url}/{{ .CommonLabels.severity }}?g={{ .Status }}'",
        &server,
        &told,
    )
    .await
    .expect("taken");
    assert_eq!(server.one().target, "/critical?g=firing");
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(
        file.path(),
        format!("{}/file/{{{{ .Status }}}}\n\n", server.url),
    )
    .expect("written");
    tell(
        &format!("url_file: {}", file.path().display()),
        &server,
        &told,
    )
    .await
    .expect("taken");
    assert_eq!(server.received()[1].target, "/file/firing");

    let error = tell("url: '{{ .Nope }}'", &server, &told)
        .await
        .expect_err("no URL");
    assert!(
        !error.retry && error.message.starts_with("template of url: "),
        "{error}"
    );
    let error = tell("url: '{{ .CommonLabels.nothing }}'", &server, &told)
        .await
        .expect_err("no URL");
    assert_eq!(error.message, "webhook URL is empty after templating");
    let error = tell("url_file: /does/not/exist", &server, &told)
        .await
        .expect_err("no URL");
    assert!(!error.retry, "{error}");
}

#[tokio::test]
async fn refusals_are_judged() {
    let told = Told::firing(1);
    for (status, retry, reason) in [
        (400, false, FailureReason::ClientError),
        (401, false, FailureReason::AuthError),
        (429, false, FailureReason::RateLimited),
        (500, true, FailureReason::ServerError),
        (503, true, FailureReason::ServerError),
    ] {
        let server = Server::start(vec![Answer::Status(status, "why")]).await;
        let error = tell("url: '{url}'", &server, &told)
            .await
            .expect_err("refused");
        assert_eq!(
            error.message,
            format!("unexpected status code {status}: why")
        );
        assert_eq!((error.retry, error.reason), (retry, reason), "{status}");
    }
    let server = Server::start(vec![Answer::Silence]).await;
    let error = tell("{url: '{url}', timeout: 20ms}", &server, &told)
        .await
        .expect_err("late");
    assert!(
        error.retry && error.message.contains("configured webhook timeout reached"),
        "{error}"
    );
}

#[test]
fn what_is_refused() {
    let check = |yaml: &str, want: &str| {
        let errors = read("", yaml, webhook::read).expect_err(yaml);
        assert!(
            errors.iter().any(|e| e.contains(want)),
            "{yaml}: {errors:?}"
        );
    };
    check("max_alerts: 1", "one of url or url_file must be configured");
    check(
        "{url: 'http://a/', url_file: b}",
        "at most one of url & url_file must be configured",
    );
    check("url: 'ftp://a/'", "unsupported scheme \"ftp\" for URL");
    check("{url: 'http://a/', timeout: soon}", "invalid duration");
    check("{url: 'http://a/', max_alerts: -1}", "not negative");
    check("{url: 'http://a/', urls: b}", "unknown field");
}

#[test]
fn the_destination_is_no_secret() {
    let settings = read(
        "",
        "url: 'https://user:pw@host.example/token?x=y'",
        webhook::read,
    )
    .expect("settings");
    let webhook = Webhook::new(&settings).expect("a client");
    assert_eq!(webhook.destination(), "host.example");
    let body = &webhook.render(&Told::firing(1).notification())[0].1;
    assert!(body.contains("\"version\":\"4\""));
}
