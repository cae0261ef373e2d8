//! `/api/v2` against the tables of Alertmanager's own tests.

use serde_json::{Value, json};

use crate::alerting::send;
use crate::conformance::suite;
use crate::server::{QUIET, Server, escape};

fn start(alertmanager: &str) -> Server {
    let config = format!(
        "{QUIET}rules:\n  builtin: false\nalerting:\n  alertmanager_file: alertmanager.yml\n"
    );
    Server::start_with(&config, &[("alertmanager.yml", alertmanager)])
}

const NOBODY: &str = "route: {receiver: nobody}\nreceivers: [{name: nobody}]\n";

fn cases(name: &str) -> Vec<Value> {
    let suite = suite(&format!("alertmanager/{name}.json"));
    suite.map_or_else(Vec::new, |s| s["cases"].as_array().expect("cases").clone())
}

/// `name<op>"value"`, escaped for a URL.
fn filter(case: &Value, op: &str, name: &str, value: &str) -> String {
    let text = |key: &str| case[key].as_str().unwrap_or_default().to_owned();
    escape(&format!("{}{}\"{}\"", text(name), text(op), text(value)))
}

#[test]
fn alerts_are_filtered_by_labels() {
    let server = start(NOBODY);
    let (status, _) = send(
        &server,
        "POST",
        "/api/v2/alerts",
        &json!([{ "labels": { "foo": "bar" } }]),
    );
    assert_eq!(status, 200);
    for case in cases("api_match_filter_labels") {
        let filter = filter(&case, "matcher", "name", "val");
        let (status, alerts) = server.json(&format!("/api/v2/alerts?filter={filter}"));
        assert_eq!(status, 200, "{case}");
        let found = alerts.as_array().is_some_and(|a| !a.is_empty());
        assert_eq!(Some(found), case["expected"].as_bool(), "{case}");
    }
    for bad in ["a", "a=~\"(\"", "=\"b\""] {
        let (status, answer) = server.json(&format!("/api/v2/alerts?filter={}", escape(bad)));
        assert_eq!(status, 400, "{bad}");
        assert!(answer.is_string(), "{bad}: {answer}");
    }
}

fn silence(id: &str, matchers: &Value, from_h: i64, to_h: i64) -> Value {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let now_ms = i64::try_from(since.expect("behind 1970").as_millis()).expect("fits");
    let at = |hours: i64| binnacle_server::state::format_rfc3339(now_ms + hours * 3_600_000);
    json!({
        "id": id, "matchers": matchers, "startsAt": at(from_h), "endsAt": at(to_h),
        "createdBy": "test", "comment": "test",
    })
}

#[test]
fn silences_are_filtered_by_their_matchers() {
    for case in cases("api_silence_filter") {
        let server = start(NOBODY);
        let matchers: Vec<Value> = case["silenceMatchers"]
            .as_array()
            .expect("matchers")
            .iter()
            .map(|m| {
                let op = m["type"].as_str().expect("an operator");
                json!({
                    "name": m["name"], "value": m["value"],
                    "isRegex": op.contains('~'), "isEqual": op.starts_with('='),
                })
            })
            .collect();
        let body = silence("", &json!(matchers), 0, 1);
        let (status, answer) = send(&server, "POST", "/api/v2/silences", &body);
        assert_eq!(status, 200, "{case}: {answer}");
        let filters: Vec<String> = case["filterMatchers"]
            .as_array()
            .expect("matchers")
            .iter()
            .map(|m| format!("filter={}", filter(m, "type", "name", "value")))
            .collect();
        let (_, found) = server.json(&format!("/api/v2/silences?{}", filters.join("&")));
        let found = found.as_array().is_some_and(|a| !a.is_empty());
        assert_eq!(Some(found), case["expected"].as_bool(), "{case}");
    }
}

#[test]
fn silences_are_made_changed_and_ended() {
    let server = start(NOBODY);
    let matchers = json!([{ "name": "a", "value": "b", "isRegex": false }]);
    let post = |id: &str, from_h, to_h| {
        let body = silence(id, &matchers, from_h, to_h);
        let (status, answer) = send(&server, "POST", "/api/v2/silences", &body);
        (
            status,
            answer["silenceID"].as_str().unwrap_or_default().to_owned(),
        )
    };
    assert_eq!(post("unknownSid", 1, 2).0, 404);
    let (status, id) = post("", 0, 1);
    assert_eq!(status, 200);
    let (status, changed) = post(&id, 0, 2);
    assert_eq!(status, 200);
    let (status, one) = server.json(&format!("/api/v2/silence/{changed}"));
    assert_eq!((status, &one["status"]["state"]), (200, &json!("active")));
    let path = format!("/api/v2/silence/{changed}");
    let by_ann = format!("{path}?by=ann");
    assert_eq!(send(&server, "DELETE", &by_ann, &Value::Null).0, 200);
    let (_, events) = server.json("/api/binnacle/v1/silences/events");
    let events = events["data"]["events"].as_array().expect("events");
    let expired = |e: &&Value| e["what"] == "expired" && e["silence"] == json!(changed);
    let expired = events.iter().find(expired).expect("an event");
    assert_eq!(expired["by"], "ann");
    let (_, one) = server.json(&path);
    assert_eq!(one["status"]["state"], "expired");
    let (status, again) = post(&changed, 1, 2);
    assert_eq!(status, 200);
    assert_ne!(again, changed, "an expired one is made anew");
    // Wrong times, no matchers, what is no silence.
    assert_eq!(post("", 2, 1).0, 400);
    assert_eq!(post("", -2, -1).0, 400);
    let empty = silence("", &json!([]), 0, 1);
    assert_eq!(send(&server, "POST", "/api/v2/silences", &empty).0, 400);
    assert_eq!(
        send(&server, "POST", "/api/v2/silences", &json!([1])).0,
        400
    );
    let none = "/api/v2/silence/00000000-0000-0000-0000-000000000000";
    assert_eq!(send(&server, "DELETE", none, &Value::Null).0, 404);
    assert_eq!(
        send(&server, "DELETE", "/api/v2/silence/none", &Value::Null).0,
        422
    );
}

#[test]
fn receivers_are_found_by_their_labels() {
    let yml = "route: {receiver: team-X}\nreceivers:\n- {name: team-X, labels: {owner: platform, kind: chat}}\n\
               - {name: team-Y, labels: {owner: infra, kind: paging}}\n- {name: team-Z, labels: {owner: platform, kind: paging}}\n";
    let server = start(yml);
    for case in cases("api_receivers_matchers") {
        let matchers: Vec<String> = case["receiverMatchers"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|m| {
                format!(
                    "receiver_matchers={}",
                    escape(m.as_str().expect("a matcher"))
                )
            })
            .collect();
        let (_, found) = server.json(&format!("/api/v2/receivers?{}", matchers.join("&")));
        let names: Vec<&Value> = found
            .as_array()
            .into_iter()
            .flatten()
            .map(|r| &r["name"])
            .collect();
        assert_eq!(json!(names), case["expectedNames"], "{case}");
    }
    let (status, _) = server.json("/api/v2/receivers?receiver_matchers=%7B");
    assert_eq!(status, 400);
}
