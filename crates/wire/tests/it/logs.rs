//! Formats of logs against the data of Loki and OpenTelemetry.

use binnacle_model::Labels;
use binnacle_model::event::{EventBatch, FieldValue};
use binnacle_wire::loki;
use binnacle_wire::otlp::{self, AttributeAction, AttributeRule, LogMapping};

use super::suite::{cases, file, text};

fn labels(batch: &EventBatch, stream: usize) -> Labels {
    Labels::from_canonical(batch.stream_labels(stream)).expect("canonical labels")
}

fn field(batch: &EventBatch, row: usize, name: &str) -> Option<String> {
    batch
        .fields(row)
        .find(|(n, _)| *n == name)
        .map(|(_, value)| match value {
            FieldValue::Text(text) => String::from_utf8_lossy(text).into_owned(),
            FieldValue::Int(v) => v.to_string(),
            FieldValue::Float(v) => v.to_string(),
            FieldValue::Bool(v) => v.to_string(),
        })
}

#[test]
fn push_json() {
    for case in cases("loki/push_json") {
        let id = text(&case, "id");
        // Media types and encodings are the receiver's; here are the bodies.
        let body = match &case["body"] {
            serde_json::Value::String(body) => body.clone(),
            body => {
                let inner = ["gzip", "deflate"].iter().find_map(|k| body[k].as_str());
                match inner {
                    Some(inner) => inner.to_owned(),
                    None => continue,
                }
            }
        };
        let media_type = text(&case, "content_type")
            .split(';')
            .next()
            .unwrap_or_default();
        let mut batch = EventBatch::default();
        let decoded = loki::decode_json(body.as_bytes(), &mut batch);
        let is_valid = case["valid"] == true;
        if media_type == "application/json" && !text(&case, "content_type").contains("charsetutf") {
            assert_eq!(decoded.is_ok(), is_valid, "{id}: {decoded:?}");
        }
        if !is_valid {
            continue;
        }
        let sum = |key: &str| -> u64 {
            let by_policy = case[key].as_object();
            by_policy.map_or(0, |m| {
                m.values().filter_map(serde_json::Value::as_u64).sum()
            })
        };
        assert_eq!(batch.len() as u64, sum("lines"), "{id}");
        let lines: usize = (0..batch.len()).map(|r| batch.line(r).len()).sum();
        let fields: usize = (0..batch.len())
            .flat_map(|r| batch.fields(r))
            .map(|(name, value)| match value {
                FieldValue::Text(text) => name.len() + text.len(),
                _ => panic!("{id}: a field that is no text"),
            })
            .sum();
        assert_eq!((lines + fields) as u64, sum("bytes"), "{id}");
        for (name, value) in case["labels"][0].as_object().into_iter().flatten() {
            // Deriving service_name is not the format's.
            if name != "service_name" {
                assert_eq!(labels(&batch, 0).get(name), value.as_str(), "{id}");
            }
        }
    }
}

#[test]
fn push_json_decode() {
    let want = |id: &str| match id {
        "loki/push_json_decode#0001" => r#"{test="test"}"#,
        "loki/push_json_decode#0003" => r#"{number="123", test="test"}"#,
        _ => r#"{test="test", text="{ \"a\": \"b\" }"}"#,
    };
    for case in cases("loki/push_json_decode") {
        let id = text(&case, "id");
        let mut batch = EventBatch::default();
        loki::decode_json(text(&case, "actual").as_bytes(), &mut batch).expect("valid");
        let entry = &case["expected"][0]["Entries"][0];
        assert_eq!(
            Some(batch.times_ns[0]),
            entry["Timestamp"]["$unix_ns"].as_i64(),
            "{id}"
        );
        assert_eq!(batch.line(0), text(entry, "Line").as_bytes(), "{id}");
        assert_eq!(labels(&batch, 0).to_string(), want(id), "{id}");
    }
}

#[test]
fn entry_json() {
    for case in cases("loki/entry_json") {
        let id = text(&case, "id");
        let body = format!(
            r#"{{"streams":[{{"values":[{}],"stream":{{"a":"b"}}}}]}}"#,
            text(&case, "expected")
        );
        let mut batch = EventBatch::default();
        loki::decode_json(body.as_bytes(), &mut batch).expect("valid");
        let entry = &case["entry"];
        assert_eq!(
            Some(batch.times_ns[0]),
            entry["Timestamp"]["$unix_ns"].as_i64(),
            "{id}"
        );
        assert_eq!(batch.line(0), text(entry, "Line").as_bytes(), "{id}");
        let fields = entry["StructuredMetadata"].as_object();
        assert_eq!(
            batch.fields(0).count(),
            fields.map_or(0, serde_json::Map::len),
            "{id}"
        );
        for (name, value) in fields.into_iter().flatten() {
            assert_eq!(field(&batch, 0, name).as_deref(), value.as_str(), "{id}");
        }
    }
}

fn varint(out: &mut Vec<u8>, mut n: u64) {
    while n >= 0x80 {
        out.push(n as u8 | 0x80);
        n >>= 7;
    }
    out.push(n as u8);
}

fn part(out: &mut Vec<u8>, number: u64, bytes: &[u8]) {
    varint(out, number << 3 | 2);
    varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

fn whole(parts: &[(u64, &[u8])]) -> Vec<u8> {
    let mut out = Vec::new();
    for (number, bytes) in parts {
        part(&mut out, *number, bytes);
    }
    out
}

/// A push of two streams; the second has broken labels.
fn push_message() -> Vec<u8> {
    let pair = whole(&[(1, b"trace.id"), (2, b"t1")]);
    let entry = whole(&[(1, &[8, 2, 16, 5]), (2, b"line \xff"), (3, &pair)]);
    // Labels behind the entries.
    let good = whole(&[(2, &entry), (2, &entry), (1, br#"{b="x", a="y"}"#)]);
    let bad = whole(&[(1, b"{broken"), (2, &entry)]);
    whole(&[(1, &bad), (1, &good), (1, &bad)])
}

#[test]
fn push_protobuf() {
    let message = push_message();
    let mut batch = EventBatch::default();
    let decoded = loki::decode_protobuf(&message, &mut batch).expect("valid");
    assert_eq!((decoded.lines, decoded.lines_refused), (4, 2));
    assert!(
        decoded.messages[0].contains("error parsing labels {broken"),
        "{decoded:?}"
    );
    assert_eq!(batch.streams.len(), 1);
    assert_eq!(labels(&batch, 0).to_string(), r#"{a="y", b="x"}"#);
    assert_eq!(batch.times_ns, [2_000_000_005; 2]);
    assert_eq!(batch.line(1), b"line \xff");
    assert_eq!(field(&batch, 1, "trace_id").as_deref(), Some("t1"));
}

#[test]
fn damage_never_panics() {
    let message = push_message();
    let mapping = LogMapping::default();
    let mut seed = 1u64;
    for round in 0..4000usize {
        let mut bytes = message.clone();
        for _ in 0..round % 4 + 1 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let at = (seed >> 33) as usize % bytes.len();
            bytes[at] = (seed >> 24) as u8;
        }
        bytes.truncate(bytes.len() - round % bytes.len());
        let mut batch = EventBatch::default();
        if loki::decode_protobuf(&bytes, &mut batch).is_ok() {
            for stream in 0..batch.streams.len() {
                labels(&batch, stream);
            }
        }
        let _ = otlp::decode_protobuf(&bytes, &mapping, 0, &mut EventBatch::default());
    }
}

/// Attributes go where the mapping says: labels, fields, nowhere.
#[test]
fn otlp_attributes_by_rules() {
    let rule = |action, names: &[&str]| AttributeRule::names(action, names);
    let body = br#"{"resourceLogs":[{
        "resource":{"attributes":[
            {"key":"service.name","value":{"stringValue":"s"}},
            {"key":"host","value":{"stringValue":"h"}},
            {"key":"secret","value":{"stringValue":"x"}}]},
        "scopeLogs":[{
            "scope":{"attributes":[{"key":"noise","value":{"stringValue":"n"}}]},
            "logRecords":[
                {"timeUnixNano":"1","severityText":"WARN","body":{"stringValue":"a"},
                 "attributes":[{"key":"part","value":{"stringValue":"web"}}]},
                {"timeUnixNano":"2","severityText":"WARN","body":{"stringValue":"b"},
                 "attributes":[{"key":"part","value":{"stringValue":"web"}}]},
                {"timeUnixNano":"3","body":{"stringValue":"c"},
                 "attributes":[{"key":"gone","value":{"stringValue":"g"}}]}]}]}]}"#;
    let mapping = LogMapping {
        resource: vec![
            LogMapping::default_labels(),
            rule(AttributeAction::Drop, &["secret"]),
        ],
        scope: vec![rule(AttributeAction::Drop, &["noise"])],
        log: vec![
            rule(AttributeAction::IndexLabel, &["part"]),
            rule(AttributeAction::Drop, &["gone"]),
        ],
        severity_text_as_label: true,
    };
    let mut batch = EventBatch::default();
    assert_eq!(otlp::decode_json(body, &mapping, 9, &mut batch), Ok(3));
    assert_eq!(batch.streams.len(), 2, "equal labels share a stream");
    assert_eq!(
        labels(&batch, 0).to_string(),
        r#"{part="web", service_name="s", severity_text="WARN"}"#
    );
    assert_eq!(labels(&batch, 1).to_string(), r#"{service_name="s"}"#);
    for row in 0..3 {
        assert_eq!(field(&batch, row, "host").as_deref(), Some("h"));
        for gone in ["secret", "noise", "part", "gone", "severity_text"] {
            assert_eq!(field(&batch, row, gone), None, "{gone}");
        }
    }
    let mut plain = EventBatch::default();
    assert_eq!(
        otlp::decode_json(body, &LogMapping::default(), 9, &mut plain),
        Ok(3)
    );
    assert_eq!(field(&plain, 0, "secret").as_deref(), Some("x"));
    assert_eq!(field(&plain, 2, "gone").as_deref(), Some("g"));
}

#[test]
fn otlp_example() {
    let Some(body) = file("opentelemetry-proto/examples/logs.json") else {
        println!("skipped: no conformance data");
        return;
    };
    let mut batch = EventBatch::default();
    let records = otlp::decode_json(&body, &LogMapping::default(), 9, &mut batch);
    assert_eq!(records, Ok(1));
    assert_eq!(
        labels(&batch, 0).to_string(),
        r#"{service_name="my.service"}"#
    );
    assert_eq!(batch.times_ns, [1_544_712_660_300_000_000]);
    assert_eq!(batch.line(0), b"Example log record");
    let check = |name: &str, want: &str| {
        assert_eq!(field(&batch, 0, name).as_deref(), Some(want), "{name}");
    };
    check("severity_number", "10");
    check("severity_text", "Information");
    check("trace_id", "5b8efff798038103d269b633813fc60c");
    check("span_id", "eee19b7ec3c1b174");
    check("observed_timestamp", "1544712660300000000");
    check("scope_name", "my.library");
    check("scope_version", "1.0.0");
    check("my_scope_attribute", "some scope attribute");
    check("string_attribute", "some string");
    check("boolean_attribute", "true");
    check("int_attribute", "10");
    check("double_attribute", "637.704");
    check("array_attribute", r#"["many","values"]"#);
    check("map_attribute_some_map_key", "some value");
}

#[test]
fn otlp_protobuf_is_as_json() {
    let text = |t: &[u8]| whole(&[(1, t)]);
    let attribute = |k: &[u8], v: &[u8]| whole(&[(1, k), (2, v)]);
    let resource = whole(&[
        (1, &attribute(b"service.name", &text(b"s"))),
        (1, &attribute(b"host.name", &text(b"h"))),
    ]);
    let list = whole(&[(5, &whole(&[(1, &text(b"a")), (1, &[24, 7])]))]);
    let mut record = vec![1 << 3 | 1];
    record.extend_from_slice(&3u64.to_le_bytes());
    record.extend_from_slice(&[2 << 3, 17]);
    part(&mut record, 5, &list);
    part(&mut record, 9, &[0xab; 16]);
    part(&mut record, 10, &[0; 8]);
    let scope = whole(&[(1, b"lib")]);
    let scope_logs = whole(&[(2, &record), (1, &scope)]);
    let message = whole(&[(1, &whole(&[(2, &scope_logs), (1, &resource)]))]);
    let json = br#"{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"timeUnixNano":"3",
        "severityNumber":"SEVERITY_NUMBER_ERROR","body":{"arrayValue":{"values":[
        {"stringValue":"a"},{"intValue":"7"}]}},"traceId":"abababababababababababababababab",
        "spanId":"0000000000000000"}],"scope":{"name":"lib"}}],"resource":{"attributes":[
        {"key":"service.name","value":{"stringValue":"s"}},
        {"key":"host.name","value":{"stringValue":"h"}}]}}]}"#;
    let mapping = LogMapping::default();
    let (mut a, mut b) = (EventBatch::default(), EventBatch::default());
    assert_eq!(otlp::decode_protobuf(&message, &mapping, 9, &mut a), Ok(1));
    assert_eq!(otlp::decode_json(json, &mapping, 9, &mut b), Ok(1));
    assert_eq!(a, b);
    assert_eq!(a.line(0), br#"["a",7]"#);
    assert_eq!(labels(&a, 0).to_string(), r#"{service_name="s"}"#);
    assert_eq!(field(&a, 0, "host_name").as_deref(), Some("h"));
    assert_eq!(field(&a, 0, "span_id"), None);
}
