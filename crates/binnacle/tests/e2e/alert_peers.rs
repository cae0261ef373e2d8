//! Rules and alerts beside programs that others wrote: amtool, Debian's Prometheus
//! and Debian's Alertmanager.

use std::process::Command;

use serde_json::{Value, json};

use crate::alerting::send;
use crate::receiver::{Arrival, Receiver};
use crate::server::{Other, QUIET, Server, client, eventually, free_address, program, runtime};

const AMTOOL: &str = "/usr/bin/amtool";
const ALERTMANAGER: &str = "/usr/bin/prometheus-alertmanager";
const PROMETHEUS: &str = "/usr/bin/prometheus";

fn quiet(more: &str) -> String {
    format!("{QUIET}{more}")
}

fn with_routing() -> String {
    quiet("rules:\n  builtin: false\nalerting:\n  alertmanager_file: alertmanager.yml\n")
}

fn hook(receiver: &Receiver) -> String {
    format!(
        "route: {{receiver: hook, group_by: [alertname], group_wait: 200ms, group_interval: 300ms, repeat_interval: 1h}}\n\
         inhibit_rules:\n- source_matchers: [severity=critical]\n  target_matchers: [severity=warning]\n  equal: [service]\n\
         receivers:\n- name: hook\n  webhook_configs: [{{url: \"{}\"}}]\n",
        receiver.url("/")
    )
}

#[test]
fn amtool_works() {
    let Some(amtool) = program(AMTOOL, "amtool") else {
        return;
    };
    let receiver = Receiver::start();
    let server = Server::start_with(&with_routing(), &[("alertmanager.yml", &hook(&receiver))]);
    let url = server.url("");
    let run = |arguments: &[&str]| {
        let output = Command::new(&amtool)
            .arg(format!("--alertmanager.url={url}"))
            .args(arguments)
            .output()
            .expect("run amtool");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {text}{errors}");
        text
    };
    run(&["alert", "add", "Fire", "severity=critical", "service=shop"]);
    run(&["alert", "add", "Smoke", "severity=warning", "service=shop"]);
    eventually("both are there", || {
        run(&["alert", "query", "-i"]).contains("Smoke")
    });
    assert!(run(&["alert", "query", "severity=critical"]).contains("Fire"));
    assert!(
        !run(&["alert", "query"]).contains("Smoke"),
        "it is inhibited"
    );
    let id = run(&[
        "silence",
        "add",
        "alertname=Fire",
        "-c",
        "known",
        "-a",
        "me",
    ]);
    assert!(run(&["silence", "query"]).contains("alertname=\"Fire\""));
    assert!(run(&["silence", "query", "-q"]).contains(id.trim()));
    eventually("it is silenced", || {
        run(&["alert", "query", "-s"]).contains("Fire")
    });
    run(&["silence", "update", "-c", "still known", id.trim()]);
    let ids = run(&["silence", "query", "-q"]);
    run(&["silence", "expire", ids.trim()]);
    assert_eq!(run(&["silence", "query", "-q"]).trim(), "");
    assert!(run(&["config", "show"]).contains("receiver: hook"));
    // `config routes` of 0.25 cannot read the configuration of any 0.34: the addresses of
    // webhooks are secret there.
    run(&["cluster", "show"]);
    let file = server.directory().join("alertmanager.yml");
    run(&["check-config", &file.display().to_string()]);
}

const RULES: &str = "groups:\n- name: g\n  interval: 1s\n  rules:\n  - record: job:x:sum\n    expr: sum by (job) (x)\n  \
                     - alert: TooMuch\n    expr: job:x:sum > 1\n    labels: {severity: critical}\n    annotations: {summary: '{{ $labels.job }} has {{ $value }}'}\n";

/// Sends `x` with this value, for now.
fn import(server: &Server, value: f64) {
    let text = format!("# TYPE x gauge\nx{{job=\"shop\"}} {value}\n# EOF\n");
    let status = runtime(async {
        let request = client().post(server.url("/api/v1/import")).body(text);
        let request = request.header("content-type", "application/openmetrics-text");
        request.send().await.expect("an answer").status().as_u16()
    });
    assert_eq!(status / 100, 2, "import answered {status}");
}

#[test]
fn rules_fire_into_our_own_receivers() {
    let receiver = Receiver::start();
    let config =
        quiet("rules:\n  files: [rules.yml]\nalerting:\n  alertmanager_file: alertmanager.yml\n");
    let files = [("rules.yml", RULES), ("alertmanager.yml", &hook(&receiver))];
    let server = Server::start_with(&config, &files);
    import(&server, 3.0);
    let told = receiver.next();
    assert_eq!(told.alerts(), [("firing".to_owned(), "TooMuch".to_owned())]);
    assert_eq!(
        told.body["alerts"][0]["annotations"]["summary"],
        "shop has 3"
    );
    let generator = told.body["alerts"][0]["generatorURL"]
        .as_str()
        .unwrap_or_default();
    assert!(generator.contains("g0.expr=job%3Ax%3Asum"), "{generator}");
    let rules = server.data("/api/v1/rules?type=alert");
    assert_eq!(rules["groups"][0]["rules"][0]["state"], "firing", "{rules}");
    assert_eq!(rules["groups"][0]["rules"][0]["health"], "ok", "{rules}");
    let alerts = server.data("/api/v1/alerts");
    assert_eq!(alerts["alerts"][0]["value"], "3e+00", "{alerts}");
    // It is told before it is written, as in Prometheus.
    eventually("ALERTS is there", || {
        let series = server.data("/api/v1/query?query=ALERTS");
        series["result"][0]["metric"]["alertstate"] == "firing"
    });
    import(&server, 0.0);
    let told = receiver.next();
    assert_eq!(
        told.alerts(),
        [("resolved".to_owned(), "TooMuch".to_owned())]
    );
}

#[test]
fn debians_prometheus_sends_its_alerts_to_us() {
    let Some(prometheus) = program(PROMETHEUS, "Prometheus sends alerts") else {
        return;
    };
    let receiver = Receiver::start();
    let server = Server::start_with(&with_routing(), &[("alertmanager.yml", &hook(&receiver))]);
    let directory = tempfile::tempdir().expect("a directory");
    let rules = "groups: [{name: g, interval: 1s, rules: [{alert: Always, expr: vector(7), labels: {severity: page}, annotations: {summary: 'v {{ $value }}'}}]}]\n";
    let yml = format!(
        "global: {{external_labels: {{region: test}}}}\nrule_files: [rules.yml]\nalerting: {{alertmanagers: [{{static_configs: [{{targets: ['{}']}}]}}]}}\n",
        server.address()
    );
    std::fs::write(directory.path().join("rules.yml"), rules).expect("write");
    std::fs::write(directory.path().join("prometheus.yml"), yml).expect("write");
    let _prometheus = Other::start(
        Command::new(prometheus)
            .current_dir(directory.path())
            .arg("--config.file=prometheus.yml")
            .arg("--storage.tsdb.path=data")
            // It finds us behind its first evaluations.
            .arg("--rules.alert.resend-delay=1s")
            .arg(format!("--web.listen-address={}", free_address())),
    );
    let told = receiver.next();
    assert_eq!(told.alerts(), [("firing".to_owned(), "Always".to_owned())]);
    assert_eq!(told.body["alerts"][0]["labels"]["region"], "test");
    assert_eq!(told.body["alerts"][0]["annotations"]["summary"], "v 7");
}

/// Debian's Alertmanager with this configuration.
fn alertmanager(yml: &str) -> Option<(Other, String, tempfile::TempDir)> {
    let program = program(ALERTMANAGER, "Alertmanager")?;
    let directory = tempfile::tempdir().expect("a directory");
    std::fs::write(directory.path().join("alertmanager.yml"), yml).expect("write");
    let address = free_address();
    let other = Other::start(
        Command::new(program)
            .current_dir(directory.path())
            .args(["--config.file=alertmanager.yml", "--storage.path=data"])
            .arg("--cluster.listen-address=")
            .arg(format!("--web.listen-address={address}")),
    );
    let url = format!("http://{address}");
    eventually("Alertmanager is ready", || {
        runtime(async { client().get(format!("{url}/-/ready")).send().await })
            .is_ok_and(|r| r.status().is_success())
    });
    Some((other, url, directory))
}

#[test]
fn our_rules_send_to_debians_alertmanager() {
    let receiver = Receiver::start();
    let Some((_other, url, _directory)) = alertmanager(&hook(&receiver)) else {
        return;
    };
    let target = url.trim_start_matches("http://");
    let yml = format!(
        "rule_files: [rules.yml]\nalerting: {{alertmanagers: [{{static_configs: [{{targets: ['{target}']}}]}}]}}\n"
    );
    let config = QUIET.replace(
        "metrics:\n",
        "metrics:\n  prometheus_file: prometheus.yml\n",
    );
    let files = [("rules.yml", RULES), ("prometheus.yml", yml.as_str())];
    let server = Server::start_with(&config, &files);
    let known = server.data("/api/v1/alertmanagers");
    assert_eq!(
        known["activeAlertmanagers"][0]["url"],
        format!("{url}/api/v2/alerts")
    );
    import(&server, 3.0);
    let told = receiver.next();
    assert_eq!(told.alerts(), [("firing".to_owned(), "TooMuch".to_owned())]);
    assert_eq!(
        told.body["alerts"][0]["annotations"]["summary"],
        "shop has 3"
    );
}

/// What a notification says, without what must differ between two servers.
fn said(arrivals: &[Arrival]) -> Vec<Value> {
    let mut all: Vec<Value> = arrivals
        .iter()
        .map(|arrival| {
            let mut body = arrival.body.clone();
            if let Some(fields) = body.as_object_mut() {
                // Their addresses differ, and 0.25 knows neither reasons nor route labels.
                for name in ["externalURL", "notification_reason", "routeLabels"] {
                    fields.remove(name);
                }
            }
            body
        })
        .collect();
    all.sort_by_key(|body| body["groupKey"].to_string());
    all
}

/// The same alerts to both; what they tell must be the same.
#[test]
fn we_tell_what_debians_alertmanager_tells() {
    let (theirs, ours) = (Receiver::start(), Receiver::start());
    let Some((_other, url, _directory)) = alertmanager(&hook(&theirs)) else {
        return;
    };
    let server = Server::start_with(&with_routing(), &[("alertmanager.yml", &hook(&ours))]);
    let alert = |name: &str, severity: &str, ended: bool| {
        let mut alert = json!({
            "labels": { "alertname": name, "severity": severity, "service": "shop", "instance": "a:1" },
            "annotations": { "summary": format!("{name} <&>\"'") },
            "startsAt": "2026-01-02T03:04:05.678Z",
            "generatorURL": "http://example.org/graph?g0.expr=up%3D%3D0&g0.tab=1",
        });
        if ended {
            alert["endsAt"] = json!("2026-01-02T04:04:05.678Z");
        }
        alert
    };
    let scripts: [(Value, usize); 5] = [
        (json!([alert("Fire", "critical", false)]), 1),
        // It is inhibited by the critical one.
        (json!([alert("Smoke", "warning", false)]), 0),
        (json!([alert("Other", "page", false)]), 1),
        (json!([alert("Other", "page", true)]), 1),
        // With the critical one gone the warning is told.
        (json!([alert("Fire", "critical", true)]), 2),
    ];
    for (alerts, count) in scripts {
        let sent = runtime(async {
            let request = client().post(format!("{url}/api/v2/alerts"));
            let request = request.header("content-type", "application/json");
            request.body(alerts.to_string()).send().await
        });
        assert!(sent.expect("an answer").status().is_success());
        assert_eq!(send(&server, "POST", "/api/v2/alerts", &alerts).0, 200);
        let take =
            |receiver: &Receiver| -> Vec<Arrival> { (0..count).map(|_| receiver.next()).collect() };
        let (theirs, ours) = (take(&theirs), take(&ours));
        // Theirs has no end for what fires; so has ours.
        assert_eq!(said(&ours), said(&theirs), "{alerts}");
    }
}
