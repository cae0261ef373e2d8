//! Pictures of expressions in notifications.

use std::fmt::Write as _;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::Value;

use crate::receiver::Receiver;
use crate::server::{QUIET, Server, client, get, runtime};

const RULES: &str = "groups:\n- name: g\n  interval: 1s\n  rules:\n  - alert: Slow\n    \
                     expr: latency_seconds > 0.5\n    labels: {severity: critical}\n";

/// A server with a rule that fires, one receiver in the style of Slack, and these
/// settings of `alerting`.
fn start(receiver: &Receiver, alerting: &str) -> Server {
    let config = format!(
        "{QUIET}listen:\n  external_url: http://binnacle.example\nrules:\n  files: [rules.yml]\n\
         alerting:\n  alertmanager_file: alertmanager.yml\n{alerting}"
    );
    let alertmanager = format!(
        "route: {{receiver: chat, group_by: [alertname], group_wait: 1ms, group_interval: 50ms, repeat_interval: 1h}}\n\
         receivers:\n- name: chat\n  slack_configs: [{{api_url: \"{}\", channel: '#alerts'}}]\n",
        receiver.url("/slack")
    );
    let files = [
        ("rules.yml", RULES),
        ("alertmanager.yml", alertmanager.as_str()),
    ];
    let server = Server::start_with(&config, &files);
    import(&server);
    server
}

/// Half an hour of two series, the second of which is too slow.
fn import(server: &Server) {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = now.expect("behind 1970").as_secs();
    let mut text = "# TYPE latency_seconds gauge\n".to_owned();
    for (instance, factor) in [("fast", 0.001), ("slow", 0.01)] {
        for step in 0..=60 {
            let (at, value) = (now - 1_800 + step * 30, step as f64 * factor);
            let line = writeln!(
                text,
                "latency_seconds{{instance=\"{instance}\"}} {value} {at}"
            );
            line.expect("a string takes all");
        }
    }
    text.push_str("# EOF\n");
    let status = runtime(async {
        let request = client().post(server.url("/api/v1/import")).body(text);
        let request = request.header("content-type", "application/openmetrics-text");
        request.send().await.expect("an answer").status().as_u16()
    });
    assert_eq!(status / 100, 2, "import answered {status}");
}

fn attachment(receiver: &Receiver) -> Value {
    let arrival = receiver.next();
    assert_eq!(arrival.path, "/slack");
    arrival.body["attachments"][0].clone()
}

#[test]
fn a_notification_points_to_a_picture_of_its_expression() {
    let receiver = Receiver::start();
    let server = start(&receiver, "");
    let attachment = attachment(&receiver);
    let url = attachment["image_url"].as_str().expect("a picture");
    let path = url
        .strip_prefix("http://binnacle.example")
        .expect("our address");
    assert!(path.ends_with(".png"), "{path}");
    runtime(async {
        let request = client().get(server.url(path));
        let response = request.send().await.expect("an answer");
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "image/png");
        let bytes = response.bytes().await.expect("a body");
        assert!(bytes.starts_with(b"\x89PNG\r\n\x1a\n"), "{bytes:?}");
        // Width and height, as the format has them.
        assert_eq!(bytes[16..24], [0, 0, 2, 88, 0, 0, 0, 240]);
    });
    let unknown = "/api/binnacle/v1/alerts/graphs/00000000000000000000000000000000.png";
    for wrong in [unknown, &path[..path.len() - 4]] {
        assert_eq!(get(&server.url(wrong)).0, 404, "{wrong}");
    }
}

#[test]
fn there_is_none_where_none_is_wanted() {
    let receiver = Receiver::start();
    let _server = start(&receiver, "  graphs: false\n");
    let attachment = attachment(&receiver);
    assert_eq!(attachment["image_url"], Value::Null, "{attachment}");
    assert!(attachment["title"].is_string(), "{attachment}");
}
