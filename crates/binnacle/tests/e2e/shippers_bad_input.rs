//! What no well-behaved shipper sends, through the real routes: each is answered in the
//! words of Loki or Elasticsearch, and what is right in the same request is kept.

use std::io::Write as _;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use crate::server::{QUIET, Server, client, escape, get, runtime};

const PUSH: &str = "/loki/api/v1/push";
const JSON: &str = "application/json";
const PROTOBUF: &str = "application/x-protobuf";

/// The newest time that nanoseconds in 64 bits reach, in 2262.
const LAST_NS: i64 = i64::MAX;

fn now_ns() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.expect("after 1970").as_nanos() as i64
}

fn start(limits: &str) -> Server {
    let loki = format!("limits_config: {{{limits}}}\n");
    let config = format!(
        "{QUIET}listen: {{push_decoded_bytes_max: 24MiB}}\nlogs: {{loki_file: loki-config.yaml}}\n"
    );
    Server::start_with(&config, &[("loki-config.yaml", &loki)])
}

/// Posts a body; answers status and text.
fn post(server: &Server, path: &str, kind: &str, encoding: &str, body: Vec<u8>) -> (u16, String) {
    runtime(async {
        let mut request = client()
            .post(server.url(path))
            .header("content-type", kind)
            .body(body);
        if !encoding.is_empty() {
            request = request.header("content-encoding", encoding);
        }
        let response = request.send().await.expect("an answer");
        let status = response.status().as_u16();
        (status, response.text().await.expect("a text"))
    })
}

fn push(server: &Server, body: &Value) -> (u16, String) {
    post(server, PUSH, JSON, "", body.to_string().into_bytes())
}

fn lines(server: &Server, selector: &str) -> Vec<String> {
    let query = escape(selector);
    let path = format!("/loki/api/v1/query_range?query={query}&limit=5000&start=0&end=4000000000");
    let (status, text) = get(&server.url(&path));
    assert_eq!(status, 200, "{text}");
    let answer: Value = serde_json::from_str(&text).expect("JSON");
    let streams = answer["data"]["result"].as_array().cloned();
    let mut lines: Vec<String> = streams
        .into_iter()
        .flatten()
        .flat_map(|s| s["values"].as_array().cloned().unwrap_or_default())
        .map(|v| v[1].as_str().expect("a line").to_owned())
        .collect();
    lines.sort();
    lines
}

/// A stream of Loki's JSON with the lines at times in nanoseconds.
fn stream(app: &str, values: &[(i64, &str)]) -> Value {
    let values: Vec<Value> = values
        .iter()
        .map(|(t, line)| json!([t.to_string(), line]))
        .collect();
    json!({"stream": {"app": app}, "values": values})
}

#[test]
fn long_lines_and_odd_bytes_come_back() {
    let server = start("");
    let long: String = "0123456789abcdef".repeat(10 << 16);
    assert_eq!(long.len(), 10 << 20);
    let now = now_ns();
    let body = json!({"streams": [
        stream("long", &[(now, &long)]),
        stream("nul", &[(now, "a\u{0}b")]),
    ]});
    assert_eq!(push(&server, &body), (204, String::new()));
    assert!(lines(&server, "{app=\"long\"}") == [long], "bit for bit");
    assert_eq!(lines(&server, "{app=\"nul\"}"), ["a\u{0}b"]);
    // A line that is no UTF-8, in protobuf and a snappy block of one literal.
    let entry = b"\x12\x0a\x0a\x00\x12\x06x\xff\xfey\x00z";
    let mut message = b"\x0a\x0b{app=\"raw\"}".to_vec();
    message.extend_from_slice(entry);
    let mut whole = vec![0x0a, message.len() as u8];
    whole.extend_from_slice(&message);
    let body = snappy(&whole);
    assert_eq!(post(&server, PUSH, PROTOBUF, "", body).0, 204);
    // In JSON, bytes that are no text are shown as U+FFFD; filters still see them.
    assert_eq!(
        lines(&server, "{app=\"raw\"} |= \"y\""),
        ["x\u{fffd}\u{fffd}y\u{0}z"]
    );
}

/// A snappy block of one literal of at most 60 bytes.
fn snappy(message: &[u8]) -> Vec<u8> {
    assert!((1..=60).contains(&message.len()));
    let mut block = vec![message.len() as u8, (message.len() as u8 - 1) << 2];
    block.extend_from_slice(message);
    block
}

#[test]
fn times_fields_and_labels_beyond_the_limits() {
    let server = start("reject_old_samples: true, max_structured_metadata_entries_count: 100");
    let now = now_ns();
    let check = |odd: Value, status: u16, want: &str, app: &str| {
        let body = json!({"streams": [odd, stream(app, &[(now, "kept")])]});
        let (got, text) = push(&server, &body);
        assert_eq!(got, status, "{text}");
        assert!(text.contains(want), "{want}: {text}");
        let kept = lines(&server, &format!("{{app=\"{app}\"}}"));
        assert_eq!(
            kept,
            ["kept"],
            "{want}: what is right in the same request is kept"
        );
    };
    check(
        stream("x", &[(1, "old")]),
        400,
        "has timestamp too old: 1970-01-01",
        "a",
    );
    check(
        stream("x", &[(LAST_NS, "new")]),
        400,
        "has timestamp too new: 2262-04-11",
        "b",
    );
    let fields: serde_json::Map<String, Value> =
        (0..10_000).map(|n| (format!("f{n}"), json!("v"))).collect();
    let many = json!({"stream": {"app": "x"}, "values": [[now.to_string(), "many", fields]]});
    check(
        many,
        400,
        "too many structured metadata labels: '10000', limit: '100'",
        "c",
    );
    let labels: serde_json::Map<String, Value> =
        (0..100).map(|n| (format!("l{n}"), json!("v"))).collect();
    let many = json!({"stream": labels, "values": [[now.to_string(), "many"]]});
    check(many, 400, "100 label names; limit 30", "d");
    let odd = json!({"stream": {"no-name": "v"}, "values": [[now.to_string(), "odd"]]});
    check(odd, 400, "no-name", "e");
    // Elasticsearch marks the documents.
    let fields: serde_json::Map<String, Value> = (0..10_000)
        .map(|n| (format!("f{n}"), json!(n)))
        .chain([("message".to_owned(), json!("m"))])
        .collect();
    let body = format!(
        "{{\"create\":{{\"_index\":\"es\"}}}}\n{{\"message\":\"kept\"}}\n\
         {{\"create\":{{\"_index\":\"es\"}}}}\n{}\n\
         {{\"create\":{{\"_index\":\"es\"}}}}\n{{\"message\":\"old\",\"@timestamp\":1}}\n\
         {{\"create\":{{\"_index\":\"es\"}}}}\n{{\"message\":\"kept too\"}}\n",
        Value::Object(fields)
    );
    let (status, text) = post(&server, "/elasticsearch/_bulk", JSON, "", body.into_bytes());
    assert_eq!(status, 200);
    let answer: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(answer["errors"], true);
    let statuses: Vec<_> = (0..4)
        .map(|n| answer["items"][n]["create"]["status"].clone())
        .collect();
    assert_eq!(statuses, [201, 400, 400, 201], "{text}");
    let reason = answer["items"][2]["create"]["error"]["reason"].to_string();
    assert!(
        reason.contains("too old"),
        "each with its own reason: {reason}"
    );
    assert_eq!(lines(&server, "{index=\"es\"}"), ["kept", "kept too"]);
    // OpenTelemetry is told how many.
    let record =
        |t: i64, line: &str| json!({"timeUnixNano": t.to_string(), "body": {"stringValue": line}});
    let body = json!({"resourceLogs": [{"resource": {"attributes": [
        {"key": "service.name", "value": {"stringValue": "otel"}}]},
        "scopeLogs": [{"logRecords": [record(now, "kept"), record(1, "old"), record(2, "old")]}]}]});
    let (status, text) = post(&server, "/v1/logs", JSON, "", body.to_string().into_bytes());
    assert_eq!(status, 200);
    let answer: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(
        answer["partialSuccess"]["rejectedLogRecords"], "2",
        "{text}"
    );
    assert!(text.contains("too old"), "{text}");
    assert_eq!(lines(&server, "{service_name=\"otel\"}"), ["kept"]);
}

/// Far more streams than the limit allows; a sender with a million is held at the same
/// place.
#[test]
fn streams_without_end() {
    let server = start("max_global_streams_per_user: 100");
    let now = now_ns();
    let streams: Vec<Value> = (0..20_000)
        .map(|n| stream(&format!("s{n}"), &[(now, "line")]))
        .collect();
    let (status, text) = push(&server, &json!({"streams": streams}));
    assert_eq!(status, 429, "{text}");
    assert!(
        text.contains("Maximum active stream limit exceeded"),
        "{text}"
    );
    assert_eq!(lines(&server, "{app=~\"s.*\"}").len(), 100);
    let again = json!({"streams": [stream("s7", &[(now + 1, "more")])]});
    assert_eq!(
        push(&server, &again).0,
        204,
        "a stream that is there goes on"
    );
    let (_, metrics) = get(&server.url("/metrics"));
    let discarded = "reason=\"stream_limit\",tenant=\"127.0.0.1\"} 19900";
    assert!(metrics.contains(discarded), "{metrics}");
}

#[test]
fn bodies_that_lie() {
    let server = start("");
    let gzip = |bytes: &[u8]| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).expect("memory");
        encoder.finish().expect("memory")
    };
    let zeros = vec![b' '; 64 << 20];
    let bomb = gzip(&zeros);
    let zstd = zstd::bulk::compress(&zeros, 1).expect("memory");
    assert!(bomb.len() < 1 << 20 && zstd.len() < 1 << 20);
    // A block that says it holds 4 GiB.
    let liar = b"\xff\xff\xff\xff\x0f\x00x".to_vec();
    let truncated = snappy(b"\x0a\x7f\x0a\x0b{app=\"raw\"}");
    let good = br#"{"streams":[]}"#.to_vec();
    let check = |kind: &str, encoding: &str, body: &[u8], statuses: &[u16]| {
        let (status, text) = post(&server, PUSH, kind, encoding, body.to_vec());
        assert!(
            statuses.contains(&status),
            "{kind} {encoding}: {status} {text}"
        );
        assert!(!text.is_empty(), "{kind} {encoding} says why");
    };
    check(JSON, "gzip", &bomb, &[413]);
    check(JSON, "zstd", &zstd, &[413]);
    check(PROTOBUF, "", &liar, &[400, 413]);
    check(PROTOBUF, "", &truncated, &[400]);
    check(PROTOBUF, "", b"\x00", &[422]);
    check(JSON, "gzip", &good, &[400]);
    check(JSON, "snappy", &good, &[400, 413]);
    check(JSON, "deflate", b"nonsense", &[400]);
    check(JSON, "zstd", b"nonsense", &[400]);
    check(JSON, "", b"{\"streams\":[{\"stream\":", &[400]);
    let (status, _) = post(
        &server,
        "/v1/logs",
        PROTOBUF,
        "",
        b"\x0a\xff\xff\xff\x7f".to_vec(),
    );
    assert_eq!(status, 400);
    let bulk = "/elasticsearch/_bulk";
    assert_eq!(post(&server, bulk, JSON, "gzip", bomb).0, 413);
    let body = json!({"streams": [stream("after", &[(now_ns(), "alive")])]});
    assert_eq!(push(&server, &body).0, 204);
    assert_eq!(lines(&server, "{app=\"after\"}"), ["alive"]);
    let (_, metrics) = get(&server.url("/metrics"));
    let counted = "binnacle_logs_requests_refused_total{protocol=\"loki\",reason=\"too_large\"}";
    assert!(metrics.contains(counted), "{metrics}");
}

/// What should not be kept is taken out by own rules and those of the profile, and told.
#[test]
fn secrets_are_taken_out_and_reported() {
    let config = format!(
        "{QUIET}logs: {{privacy: {{rules: [{{detector: pattern, name: order, regex: \
         'order-[0-9]+', action: mask}}]}}}}\n"
    );
    let server = Server::start(&config);
    let line = "password=hunter2 order-4711 by ann@example.com";
    let body = json!({"streams": [stream("shop", &[(now_ns(), line)])]});
    assert_eq!(push(&server, &body).0, 204);
    let kept = "password=<password> <order> by ann@example.com";
    assert_eq!(lines(&server, "{app=\"shop\"}"), [kept]);
    let report = server.data("/api/binnacle/v1/privacy/report?service=shop");
    let mut found: Vec<(&str, &str)> = report["findings"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|f| {
            (
                f["rule"].as_str().unwrap_or(""),
                f["action"].as_str().unwrap_or(""),
            )
        })
        .collect();
    found.sort_unstable();
    let want = [("email", "count"), ("order", "mask"), ("password", "mask")];
    assert_eq!(found, want, "{report}");
    assert!(!report.to_string().contains("hunter2"), "{report}");
    let one = server.data("/api/binnacle/v1/privacy/report?rule=order");
    assert_eq!(one["findings"].as_array().map(Vec::len), Some(1), "{one}");
    let (_, metrics) = get(&server.url("/metrics"));
    let counted = "binnacle_logs_privacy_findings_total{action=\"mask\",detector=\"pattern\"";
    assert!(metrics.contains(counted), "{metrics}");
}
