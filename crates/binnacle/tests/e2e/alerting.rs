//! From an alert to its receiver, through the real binary.

use serde_json::{Value, json};

use crate::receiver::{HANG, Receiver};
use crate::server::{QUIET, Server, client, eventually, runtime, signal};

/// A quiet server with this `alertmanager.yml`.
fn start(alertmanager: &str) -> Server {
    let config = format!(
        "{QUIET}rules:\n  builtin: false\nalerting:\n  alertmanager_file: alertmanager.yml\n"
    );
    Server::start_with(&config, &[("alertmanager.yml", alertmanager)])
}

/// One webhook that is told at once.
fn at_once(receiver: &Receiver) -> String {
    format!(
        "route: {{receiver: hook, group_by: [alertname], group_wait: 1ms, group_interval: 50ms, repeat_interval: 1h}}\n\
         receivers:\n- name: hook\n  webhook_configs: [{{url: \"{}\"}}]\n",
        receiver.url("/")
    )
}

/// Sends JSON; answers status and body.
pub fn send(server: &Server, method: &str, path: &str, body: &Value) -> (u16, Value) {
    let sent = runtime(async {
        let method = method.parse().expect("a method");
        let request = client()
            .request(method, server.url(path))
            .header("content-type", "application/json")
            .body(body.to_string());
        let response = request.send().await.expect("an answer");
        let status = response.status().as_u16();
        (status, response.text().await.expect("a text"))
    });
    (sent.0, serde_json::from_str(&sent.1).unwrap_or(Value::Null))
}

fn post(server: &Server, alerts: &Value) {
    let (status, answer) = send(server, "POST", "/api/v2/alerts", alerts);
    assert_eq!(status, 200, "{answer}");
}

fn firing(name: &str) -> Value {
    json!({ "labels": { "alertname": name, "severity": "critical" }, "annotations": { "summary": "It burns." } })
}

fn ended(name: &str) -> Value {
    let mut alert = firing(name);
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let now_ms = since.expect("behind 1970").as_millis();
    let now_ms = i64::try_from(now_ms).expect("before the year 292,000,000");
    alert["endsAt"] = json!(binnacle_server::state::format_rfc3339(now_ms));
    alert
}

#[test]
fn an_alert_fires_is_told_and_ends() {
    let receiver = Receiver::start();
    let server = start(&at_once(&receiver));
    post(&server, &json!([firing("Fire")]));
    let first = receiver.next();
    assert_eq!(first.alerts(), [("firing".to_owned(), "Fire".to_owned())]);
    assert_eq!(first.body["version"], "4");
    assert_eq!(first.body["groupKey"], "{}:{alertname=\"Fire\"}");
    assert_eq!(first.body["receiver"], "hook");
    assert_eq!(first.body["groupLabels"], json!({ "alertname": "Fire" }));
    assert_eq!(first.body["commonAnnotations"]["summary"], "It burns.");
    post(&server, &json!([ended("Fire")]));
    let last = receiver.next();
    assert_eq!(last.alerts(), [("resolved".to_owned(), "Fire".to_owned())]);

    eventually("history knows both", || {
        let data = server.data("/api/binnacle/v1/alerts/notifications");
        data["notifications"]
            .as_array()
            .is_some_and(|n| n.len() == 2)
    });
    eventually("and when it was", || {
        let data = server.data("/api/binnacle/v1/alerts/history");
        let episode = &data["episodes"][0];
        episode["labels"]["alertname"] == "Fire"
            && episode["resolvedAt"].is_string()
            && episode["notifiedAt"].is_string()
    });
}

#[test]
fn bad_alerts_are_named_and_good_ones_taken() {
    let receiver = Receiver::start();
    let server = start(&at_once(&receiver));
    let alerts = json!([{ "labels": {} }, firing("Good")]);
    let (status, answer) = send(&server, "POST", "/api/v2/alerts", &alerts);
    assert_eq!(status, 400);
    assert!(
        answer
            .as_str()
            .is_some_and(|t| t.contains("at least one label pair")),
        "{answer}"
    );
    assert_eq!(receiver.next().alerts()[0].1, "Good");
    for garbage in ["", "{", "[1]", "{\"labels\":1}", "[{\"labels\":{\"a\":2}}]"] {
        let (status, _) = send(&server, "POST", "/api/v2/alerts", &json!(garbage));
        assert_eq!(status, 400, "{garbage}");
    }
}

#[test]
fn silences_hide_and_say_what() {
    let receiver = Receiver::start();
    let server = start(&at_once(&receiver));
    let silence = json!({
        "matchers": [{ "name": "alertname", "value": "Qui.t", "isRegex": true }],
        "startsAt": "2020-01-01T00:00:00Z", "endsAt": "2120-01-01T00:00:00Z",
        "createdBy": "test", "comment": "known",
    });
    let (status, answer) = send(&server, "POST", "/api/v2/silences", &silence);
    assert_eq!(status, 200, "{answer}");
    let id = answer["silenceID"].as_str().expect("an id").to_owned();
    post(&server, &json!([firing("Quiet"), firing("Loud")]));
    assert_eq!(receiver.next().alerts()[0].1, "Loud");
    let (_, alerts) = server.json("/api/v2/alerts?filter=alertname%3DQuiet");
    assert_eq!(alerts[0]["status"]["state"], "suppressed", "{alerts}");
    assert_eq!(alerts[0]["status"]["silencedBy"], json!([id]));
    let (_, preview) = send(
        &server,
        "POST",
        "/api/binnacle/v1/silences/preview",
        &silence,
    );
    assert_eq!(
        preview["data"]["now"][0]["labels"]["alertname"], "Quiet",
        "{preview}"
    );
    let (status, _) = send(
        &server,
        "DELETE",
        &format!("/api/v2/silence/{id}"),
        &Value::Null,
    );
    assert_eq!(status, 200);
    assert_eq!(receiver.next().alerts()[0].1, "Quiet");
}

#[test]
fn an_acknowledged_alert_is_not_repeated() {
    let receiver = Receiver::start();
    let often = at_once(&receiver).replace("repeat_interval: 1h", "repeat_interval: 60ms");
    let server = start(&often);
    post(&server, &json!([firing("Fire")]));
    receiver.next();
    receiver.next();
    let (_, alerts) = server.json("/api/v2/alerts");
    let print = alerts[0]["fingerprint"].as_str().expect("one").to_owned();
    let path = format!("/api/binnacle/v1/alerts/{print}/acknowledgement");
    let (status, answer) = send(
        &server,
        "PUT",
        &path,
        &json!({ "by": "ana", "comment": "on it" }),
    );
    assert_eq!(status, 204, "{answer}");
    // What was on its way may still arrive; then another alert shows that time went on.
    post(&server, &json!([firing("Other")]));
    let mut others = 0;
    eventually("the other one is told three times", || {
        let told = receiver.drain();
        others += told.iter().filter(|a| a.alerts()[0].1 == "Other").count();
        others >= 3
    });
    let later: Vec<_> = (0..3)
        .map(|_| receiver.next().alerts()[0].1.clone())
        .collect();
    assert_eq!(later, ["Other", "Other", "Other"]);
    let shown = server.data("/api/binnacle/v1/alerts");
    let fire = shown["alerts"].as_array().into_iter().flatten();
    let mut fire = fire.filter(|a| a["labels"]["alertname"] == "Fire");
    assert_eq!(fire.next().expect("it fires")["acknowledged"]["by"], "ana");
    post(&server, &json!([ended("Fire")]));
    eventually("its end is told", || {
        receiver
            .drain()
            .iter()
            .any(|a| a.alerts()[0] == ("resolved".into(), "Fire".into()))
    });
}

#[test]
fn a_receiver_that_hangs_delays_only_itself() {
    let (bad, good) = (Receiver::start(), Receiver::start());
    bad.answer(HANG);
    let yml = format!(
        "route: {{receiver: both, group_by: [alertname], group_wait: 1ms, group_interval: 50ms}}\n\
         receivers:\n- name: both\n  webhook_configs: [{{url: \"{}\"}}, {{url: \"{}\"}}]\n",
        bad.url("/"),
        good.url("/")
    );
    let server = start(&yml);
    for n in 0..5 {
        post(&server, &json!([firing(&format!("Fire{n}"))]));
        assert_eq!(good.next().alerts()[0].1, format!("Fire{n}"));
    }
    bad.answer(200);
}

#[test]
fn what_is_refused_is_told_again_later() {
    let receiver = Receiver::start();
    receiver.answer(503);
    let server = start(&at_once(&receiver));
    post(&server, &json!([firing("Fire")]));
    eventually("it was tried", || {
        let (_, metrics) = crate::server::get(&server.url("/metrics"));
        metrics.lines().any(|l| {
            l.starts_with(
                "alertmanager_notification_requests_failed_total{integration=\"webhook\"}",
            ) && !l.ends_with(" 0")
        })
    });
    receiver.answer(200);
    assert_eq!(receiver.next().alerts()[0].1, "Fire");
}

#[test]
fn a_broken_file_never_replaces_a_good_one() {
    let receiver = Receiver::start();
    let server = start(&at_once(&receiver));
    let file = server.directory().join("alertmanager.yml");
    let good = std::fs::read_to_string(&file).expect("read");
    std::fs::write(&file, good.replace("receiver: hook", "receiver: nobody")).expect("write");
    let (status, _) = send(&server, "POST", "/-/reload", &Value::Null);
    assert_eq!(status, 500);
    post(&server, &json!([firing("Still")]));
    assert_eq!(receiver.next().alerts()[0].1, "Still");
    std::fs::write(&file, good.replace("/\"", "/elsewhere\"")).expect("write");
    signal(server.pid(), "HUP");
    eventually("the new one is in force", || {
        let (_, status) = server.json("/api/v2/status");
        status["config"]["original"]
            .as_str()
            .is_some_and(|t| !t.is_empty())
            && {
                post(&server, &json!([firing("Moved")]));
                receiver.drain().iter().any(|a| a.path == "/elsewhere")
            }
    });
}

#[test]
fn a_drill_finds_hidden_routes_and_deaf_receivers() {
    let (deaf, good) = (Receiver::start(), Receiver::start());
    deaf.answer(400);
    let yml = format!(
        "route:\n  receiver: good\n  routes:\n  - {{matchers: ['severity=~\"critical|page\"'], receiver: good}}\n\
         \x20 - {{matchers: [severity=page], receiver: deaf}}\nreceivers:\n- name: good\n  webhook_configs: [{{url: \"{}\"}}]\n\
         - name: deaf\n  webhook_configs: [{{url: \"{}\"}}]\n",
        good.url("/"),
        deaf.url("/")
    );
    let server = start(&yml);
    let output = crate::server::binnacle()
        .args(["drill", "--url", &server.url("")])
        .output()
        .expect("run");
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("takes it before"), "{text}");
    assert!(text.contains("FAIL deaf/webhook[0]"), "{text}");
    assert!(text.contains("ok   good/webhook[0]"), "{text}");
    let told = good.next();
    assert!(told.body.to_string().contains("drill"), "{}", told.body);
}

#[test]
fn the_command_line_tries_labels_and_silences() {
    let receiver = Receiver::start();
    let server = start(&at_once(&receiver));
    let run = |arguments: &[&str]| {
        let url = server.url("");
        let output = crate::server::binnacle()
            .args(arguments)
            .args(["--url", &url])
            .output()
            .expect("run");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {text}{errors}");
        text
    };
    let tried = run(&["alerts", "test", "alertname=Fire", "severity=page"]);
    assert!(tried.contains("receiver  hook"), "{tried}");
    let id = run(&[
        "alerts",
        "silence",
        "alertname=Fire",
        "--comment",
        "known",
        "--by",
        "me",
    ]);
    assert_eq!(id.trim().len(), 36, "{id}");
    assert!(run(&["alerts", "silences"]).contains("alertname=\"Fire\""));
    let tried = run(&["alerts", "test", "alertname=Fire"]);
    assert!(
        tried.contains(&format!("silenced by {}", id.trim())),
        "{tried}"
    );
    run(&["alerts", "unsilence", id.trim()]);
    assert_eq!(run(&["alerts", "silences"]), "no silences\n");
}

#[test]
fn a_template_can_say_what_else_fires() {
    let receiver = Receiver::start();
    let yml = format!(
        "route:\n  receiver: nobody\n  group_by: [alertname]\n  group_wait: 1ms\n  routes:\n  - {{matchers: [severity=page], receiver: chat}}\n\
         receivers:\n- name: nobody\n- name: chat\n  slack_configs:\n  - api_url: \"{}\"\n    channel: ops\n\
         \x20   text: 'also: {{{{ range .AlsoFiring }}}}{{{{ .Labels.alertname }}}} {{{{ end }}}}'\n",
        receiver.url("/slack")
    );
    let server = start(&yml);
    let alert = |name: &str, severity: &str, service: &str| json!({ "labels": { "alertname": name, "severity": severity, "service": service } });
    post(
        &server,
        &json!([
            alert("Slow", "warning", "shop"),
            alert("Elsewhere", "warning", "depot")
        ]),
    );
    post(&server, &json!([alert("Down", "page", "shop")]));
    let told = receiver.next();
    assert_eq!(
        told.body["attachments"][0]["text"], "also: Slow ",
        "{}",
        told.body
    );
}
