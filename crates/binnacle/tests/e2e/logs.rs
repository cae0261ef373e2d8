//! Logs through the real binary: in by every door, out by Loki's API, and nothing that
//! was acknowledged lost in a crash.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use binnacle_stdx::random::Random;
use serde_json::{Value, json};

use crate::server::{QUIET, Server, binnacle, client, escape, eventually, get, runtime};

const KILLS: u64 = 40;

pub fn now_ns() -> i64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("after 1970");
    since.as_nanos() as i64
}

/// Posts a body; answers status and text.
fn post(url: &str, content_type: &str, body: Vec<u8>) -> (u16, String) {
    runtime(async {
        let response = client()
            .post(url)
            .header("content-type", content_type)
            .body(body)
            .send()
            .await
            .unwrap_or_else(|e| panic!("{url}: {e}"));
        let status = response.status().as_u16();
        (status, response.text().await.expect("a text"))
    })
}

/// Pushes lines of one stream as Loki's JSON.
pub fn push(server: &Server, labels: &Value, values: &Value) -> (u16, String) {
    let body = json!({"streams": [{"stream": labels, "values": values}]});
    post(
        &server.url("/loki/api/v1/push"),
        "application/json",
        body.to_string().into_bytes(),
    )
}

fn query(server: &Server, query: &str, more: &str) -> Value {
    let (status, text) = get(&server.url(&format!(
        "/loki/api/v1/query_range?query={}{more}",
        escape(query)
    )));
    assert_eq!(status, 200, "{query}: {text}");
    serde_json::from_str::<Value>(&text).expect("JSON")["data"].clone()
}

/// All lines of an answer of streams, in its order.
fn lines(data: &Value) -> Vec<String> {
    data["result"]
        .as_array()
        .into_iter()
        .flatten()
        .flat_map(|stream| stream["values"].as_array().cloned().unwrap_or_default())
        .map(|value| value[1].as_str().expect("a line").to_owned())
        .collect()
}

#[test]
fn lines_come_back_by_label_word_and_field() {
    let server = Server::start(QUIET);
    let t = now_ns() - 60_000_000_000;
    let (status, answer) = push(
        &server,
        &json!({"app": "shop", "env": "prod"}),
        &json!([
            [t.to_string(), "{\"status\":200,\"path\":\"/a\"}"],
            [(t + 1).to_string(), "{\"status\":500,\"path\":\"/b\"}", {"trace_id": "abc"}],
            [(t + 2).to_string(), "plain text with a needle"],
        ]),
    );
    assert_eq!((status, answer.as_str()), (204, ""));
    let all = query(&server, "{app=\"shop\"}", "&direction=forward");
    assert_eq!(lines(&all).len(), 3, "{all}");
    let found = query(&server, "{app=\"shop\"} |= \"needle\"", "");
    assert_eq!(lines(&found), ["plain text with a needle"]);
    let found = query(&server, "{env=~\"p.*\"} | json | status >= 500", "");
    assert_eq!(lines(&found), ["{\"status\":500,\"path\":\"/b\"}"]);
    assert_eq!(found["result"][0]["stream"]["path"], "/b");
    let found = query(&server, "{app=\"shop\"} | trace_id=\"abc\"", "");
    assert_eq!(lines(&found).len(), 1, "{found}");

    let count = format!(
        "/loki/api/v1/query?query={}",
        escape("sum by (app) (count_over_time({app=\"shop\"}[1h]))")
    );
    assert_eq!(server.data(&count)["result"][0]["value"][1], "3");
    assert_eq!(
        server.data("/loki/api/v1/label/app/values"),
        json!(["shop"])
    );
    let (_, stats) = server.json(&format!(
        "/loki/api/v1/index/stats?query={}",
        escape("{app=\"shop\"}")
    ));
    assert_eq!(stats["entries"], 3);
    let (status, message) = get(&server.url("/loki/api/v1/query_range?query=%7Bapp%3D"));
    assert_eq!(status, 400, "{message}");
    assert!(message.contains("parse error"), "{message}");
}

#[test]
fn the_command_line_shows_lines() {
    let server = Server::start(QUIET);
    let t = now_ns() - 1_000_000_000;
    push(
        &server,
        &json!({"app": "cli"}),
        &json!([[t.to_string(), "hello from here"]]),
    );
    let output = binnacle()
        .args(["logs", "{app=\"cli\"}", "--url", &server.url("")])
        .output()
        .expect("run");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{output:?}");
    assert!(text.trim_end().ends_with("hello from here"), "{text}");
}

#[test]
fn opentelemetry_json_arrives() {
    let server = Server::start(QUIET);
    let body = json!({"resourceLogs": [{
        "resource": {"attributes": [
            {"key": "service.name", "value": {"stringValue": "checkout"}}]},
        "scopeLogs": [{"scope": {"name": "s"}, "logRecords": [{
            "timeUnixNano": now_ns().to_string(),
            "severityText": "ERROR", "severityNumber": 17,
            "body": {"stringValue": "card refused"},
            "traceId": "5b8efff798038103d269b633813fc60c",
            "attributes": [{"key": "order.id", "value": {"intValue": "7"}}]}]}]}]});
    let (status, answer) = post(
        &server.url("/v1/logs"),
        "application/json",
        body.to_string().into_bytes(),
    );
    assert_eq!(status, 200, "{answer}");
    let end = now_ns() + 1_000_000_000;
    let found = query(
        &server,
        "{service_name=\"checkout\"}",
        &format!("&end={end}"),
    );
    assert_eq!(lines(&found), ["card refused"]);
    let stream = &found["result"][0]["stream"];
    assert_eq!(stream["trace_id"], "5b8efff798038103d269b633813fc60c");
    assert_eq!(stream["order_id"], "7");
    assert_eq!(stream["detected_level"], "error");
}

#[test]
fn lines_survive_a_restart_and_a_flush() {
    let mut server = Server::start(QUIET);
    let t = now_ns() - 3_600_000_000_000 / 2;
    let odd = "tab\t quote\" back\\slash \u{1F600} end";
    let values: Vec<Value> = (0..500)
        .map(|i| json!([(t + i).to_string(), format!("line {i} {odd}")]))
        .collect();
    assert_eq!(push(&server, &json!({"app": "r"}), &json!(values)).0, 204);
    let (code, _) = server.stop();
    assert_eq!(code, Some(0));
    server.restart();
    let back = lines(&query(
        &server,
        "{app=\"r\"}",
        "&limit=1000&direction=forward",
    ));
    assert_eq!(back.len(), 500);
    assert_eq!(back[499], format!("line 499 {odd}"));
}

#[test]
fn crashes_lose_no_line_that_was_acknowledged() {
    let mut random = Random::new(11);
    let mut server = Server::start(QUIET);
    let base = now_ns() - 600_000_000_000;
    let next = Arc::new(AtomicI64::new(1));
    let acknowledged = Arc::new(Mutex::new(Vec::new()));
    for _ in 0..KILLS {
        let stop = Arc::new(AtomicBool::new(false));
        let writer = {
            let (next, acknowledged, stop) = (next.clone(), acknowledged.clone(), stop.clone());
            let url = server.url("/loki/api/v1/push");
            std::thread::spawn(move || {
                runtime(async {
                    let client = client();
                    while !stop.load(Ordering::Relaxed) {
                        let n = next.fetch_add(1, Ordering::Relaxed);
                        let body = json!({"streams": [{"stream": {"app": "crash"},
                            "values": [[(base + n).to_string(), format!("n={n}")]]}]});
                        let sent = client
                            .post(&url)
                            .header("content-type", "application/json")
                            .body(body.to_string())
                            .send()
                            .await;
                        match sent {
                            Ok(response) if response.status().is_success() => {
                                acknowledged.lock().expect("lock").push(n);
                            }
                            // The server is gone: this one was not acknowledged.
                            _ => break,
                        }
                    }
                });
            })
        };
        let until = Instant::now() + Duration::from_micros(random.below(30_000));
        while Instant::now() < until {
            std::hint::spin_loop();
        }
        server.kill();
        stop.store(true, Ordering::Relaxed);
        writer.join().expect("the writer");
        server.restart();
    }
    let acknowledged = acknowledged.lock().expect("lock");
    assert!(!acknowledged.is_empty(), "nothing was written at all");
    let back: std::collections::HashSet<String> = lines(&query(
        &server,
        "{app=\"crash\"}",
        "&limit=100000&direction=forward",
    ))
    .into_iter()
    .collect();
    let lost: Vec<_> = acknowledged
        .iter()
        .filter(|n| !back.contains(&format!("n={n}")))
        .collect();
    assert!(lost.is_empty(), "of {} lost: {lost:?}", acknowledged.len());
    println!("{} lines acknowledged, none lost", acknowledged.len());
}

#[test]
fn patterns_fields_and_volume() {
    let server = Server::start(QUIET);
    let t = now_ns() - 120_000_000_000;
    let values: Vec<Value> = (0..50)
        .map(|i| {
            json!([
                (t + i).to_string(),
                format!("level=info msg=\"user {i} logged in\" took={i}ms")
            ])
        })
        .collect();
    push(&server, &json!({"app": "p"}), &json!(values));
    let selector = escape("{app=\"p\"}");
    let patterns = server.data(&format!("/loki/api/v1/patterns?query={selector}"));
    assert_eq!(
        patterns[0]["pattern"],
        "level=info msg=\"user <_> logged in\" took=<_>"
    );
    let (_, fields) = server.json(&format!("/loki/api/v1/detected_fields?query={selector}"));
    let names: Vec<&str> = fields["fields"]
        .as_array()
        .expect("fields")
        .iter()
        .filter_map(|f| f["label"].as_str())
        .collect();
    assert!(names.contains(&"took"), "{fields}");
    let volume = server.data(&format!("/loki/api/v1/index/volume?query={selector}"));
    assert_eq!(volume["result"][0]["metric"], json!({"app": "p"}));
}

#[test]
fn volume_by_fields() {
    let server = Server::start(QUIET);
    let t = now_ns() - 120_000_000_000;
    let values: Vec<Value> = [("200", "ann"), ("200", "bob"), ("500", "ann")]
        .iter()
        .zip(0..)
        .map(|((status, user), n)| {
            let line = format!("{{\"status\":{status}}}");
            json!([(t + n).to_string(), line, {"user": user}])
        })
        .collect();
    push(&server, &json!({"app": "v"}), &json!(values));
    let check = |path: &str, text: &str, name: &str, want: &[(&str, &str)]| {
        let query = escape(text);
        let data = server.data(&format!(
            "/loki/api/v1/{path}?query={query}&targetLabels={name}"
        ));
        let got: Vec<(String, String)> = data["result"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|series| {
                let label = series["metric"][name].as_str().unwrap_or_default();
                let bytes = series["value"][1].as_str().unwrap_or_default();
                (label.to_owned(), bytes.to_owned())
            })
            .collect();
        let want: Vec<(String, String)> = want
            .iter()
            .map(|(label, bytes)| ((*label).to_owned(), (*bytes).to_owned()))
            .collect();
        assert_eq!(got, want, "{text} by {name}");
    };
    // Each line has 14 bytes.
    let instant = "index/volume";
    check(
        instant,
        "{app=\"v\"}",
        "user",
        &[("ann", "28"), ("bob", "14")],
    );
    check(
        instant,
        "{app=\"v\"} | json",
        "status",
        &[("200", "28"), ("500", "14")],
    );
    check(instant, "{app=\"v\"} |= \"500\"", "app", &[("v", "14")]);
    let range = format!(
        "/loki/api/v1/index/volume_range?query={}&targetLabels=user&step=60",
        escape("{app=\"v\"}")
    );
    let data = server.data(&range);
    assert_eq!(data["result"].as_array().map(Vec::len), Some(2), "{data}");
    let (status, text) = get(&server.url("/loki/api/v1/index/volume?query=%7Bapp%3D"));
    assert!(status == 400 && text.contains("parse error"), "{text}");
}

#[test]
fn deleted_lines_are_gone() {
    let server = Server::start(QUIET);
    let t = now_ns() - 60_000_000_000;
    push(
        &server,
        &json!({"app": "d"}),
        &json!([
            [t.to_string(), "keep me"],
            [(t + 1).to_string(), "secret 1"]
        ]),
    );
    let (status, message) = post(
        &server.url(&format!(
            "/loki/api/v1/delete?query={}&start=0",
            escape("{app=\"d\"} |= \"secret\"")
        )),
        "application/x-www-form-urlencoded",
        Vec::new(),
    );
    assert_eq!(status, 204, "{message}");
    eventually("the line is gone", || {
        lines(&query(&server, "{app=\"d\"}", "")) == ["keep me"]
    });
    let (_, requests) = server.json("/loki/api/v1/delete");
    assert_eq!(requests[0]["query"], "{app=\"d\"} |= \"secret\"");
}

#[test]
fn a_tail_shows_lines_as_they_come() {
    use std::io::{Read, Write};
    let server = Server::start(QUIET);
    let before = now_ns();
    push(
        &server,
        &json!({"app": "tailed"}),
        &json!([
            [(before - 2).to_string(), "yes, before"],
            [(before - 1).to_string(), "no, before"],
            [(before - 7_200_000_000_000).to_string(), "yes, long before"],
        ]),
    );
    let mut socket = std::net::TcpStream::connect(server.address()).expect("connect");
    socket
        .set_read_timeout(Some(Duration::from_secs(30)))
        .expect("a timeout");
    let request = format!(
        "GET /loki/api/v1/tail?query={} HTTP/1.1\r\nhost: {}\r\nconnection: upgrade\r\n\
         upgrade: websocket\r\nsec-websocket-version: 13\r\n\
         sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        escape("{app=\"tailed\"} |= \"yes\""),
        server.address()
    );
    socket.write_all(request.as_bytes()).expect("write");
    let mut seen = Vec::new();
    let mut read_until = |seen: &mut Vec<u8>, what: &[u8]| {
        let mut buffer = [0; 4096];
        while !seen.windows(what.len()).any(|w| w == what) {
            let n = socket.read(&mut buffer).expect("read");
            assert!(n > 0, "closed after {}", String::from_utf8_lossy(seen));
            seen.extend_from_slice(&buffer[..n]);
        }
    };
    read_until(&mut seen, b"\r\n\r\n");
    assert!(seen.starts_with(b"HTTP/1.1 101"), "{seen:?}");
    read_until(&mut seen, b"yes, before");
    let t = now_ns();
    push(
        &server,
        &json!({"app": "tailed"}),
        &json!([[t.to_string(), "no"], [(t + 1).to_string(), "yes, this"]]),
    );
    read_until(&mut seen, b"yes, this");
    let seen = String::from_utf8_lossy(&seen);
    assert_eq!(seen.matches("yes, before").count(), 1, "{seen}");
    for other in ["\"no\"]]", "no, before", "long before"] {
        assert!(!seen.contains(other), "{seen}");
    }
}

/// Sends JSON; answers status and body.
fn send(server: &Server, method: &str, path: &str, body: &Value) -> (u16, Value) {
    runtime(async {
        let method = method.parse().expect("a method");
        let response = client()
            .request(method, server.url(path))
            .header("content-type", "application/json")
            .body(body.to_string())
            .send()
            .await
            .unwrap_or_else(|e| panic!("{path}: {e}"));
        let status = response.status().as_u16();
        let text = response.text().await.expect("a text");
        (status, serde_json::from_str(&text).unwrap_or(Value::Null))
    })
}

#[test]
fn searches_are_kept_shared_and_not_overwritten_unseen() {
    const PATH: &str = "/api/binnacle/v1/logs/searches";
    let mut server = Server::start(QUIET);
    let search = |name: &str, query: &str| json!({"name": name, "query": query, "columns": ["took"], "display": "d=nowrap"});
    let keep = |by: &str, search: Value| json!({"by": by, "search": search});
    let (status, kept) = send(
        &server,
        "POST",
        PATH,
        &keep("ada", search("slow", "{app=\"a\"}")),
    );
    assert_eq!(status, 200, "{kept}");
    let (id, owner) = (&kept["data"]["id"], &kept["data"]["owner"]);
    assert_eq!(
        (kept["data"]["version"].as_i64(), owner),
        (Some(1), &json!("ada"))
    );
    let path = format!("{PATH}/{}", id.as_str().expect("an id"));

    // Two change version 1: the second is told, and nothing of the first is lost.
    let change =
        |by: &str, query: &str| json!({"by": by, "version": 1, "search": search("slow", query)});
    assert_eq!(
        send(&server, "PUT", &path, &change("bob", "{app=\"b\"}")).0,
        200
    );
    let (status, refused) = send(&server, "PUT", &path, &change("cy", "{app=\"c\"}"));
    assert_eq!(
        (status, &refused["errorType"]),
        (409, &json!("conflict")),
        "{refused}"
    );

    server.stop();
    server.restart();
    let list = server.data(PATH)["searches"].clone();
    assert_eq!(list.as_array().map(Vec::len), Some(1), "{list}");
    let one = &list[0];
    assert_eq!(
        (&one["query"], &one["owner"]),
        (&json!("{app=\"b\"}"), &json!("ada"))
    );
    assert_eq!(
        (&one["updatedBy"], &one["columns"]),
        (&json!("bob"), &json!(["took"]))
    );

    let bad = [
        (keep("ada", search("x", "{app=")), "parse error"),
        (keep("", search("x", "{app=\"a\"}")), "say who"),
        (keep("ada", search(" ", "{app=\"a\"}")), "a name"),
        (keep("ada", search(&"n".repeat(201), "{app=\"a\"}")), "201"),
    ];
    for (body, words) in bad {
        let (status, answer) = send(&server, "POST", PATH, &body);
        let said = answer["error"].as_str().unwrap_or_default();
        assert!(status == 400 && said.contains(words), "{words}: {answer}");
    }
    let gone = format!("{path}?by=ada");
    assert_eq!(send(&server, "DELETE", &gone, &Value::Null).0, 204);
    assert_eq!(send(&server, "DELETE", &gone, &Value::Null).0, 404);
    assert_eq!(
        send(&server, "PUT", &path, &change("ada", "{app=\"a\"}")).0,
        404
    );
}
