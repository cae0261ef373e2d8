//! Alertmanager's tables: merging, inhibition, deduplication, silences.

use std::sync::Arc;

use binnacle_alerting::alerts::{Alerts, merge};
use binnacle_alerting::config::InhibitRule;
use binnacle_alerting::inhibit::Inhibitions;
use binnacle_alerting::pipeline::{Logged, needs_update};
use binnacle_alerting::silence::{can_update, matches, validate, validate_matcher};
use binnacle_model::alert::{Alert, Silence};
use binnacle_model::matcher::{MatchOp, Matcher};
use binnacle_model::relabel::NameScheme;
use serde_json::Value;

use crate::support::{labels, suite};

const NOW_NS: i64 = 1_767_571_200_000_000_000;

/// A time that is written as its distance from now.
fn time(value: &Value) -> i64 {
    match value.get("now_offset_ns").and_then(Value::as_i64) {
        Some(offset) => NOW_NS + offset,
        None => 0,
    }
}

fn run(name: &str, check: impl Fn(&Value, &Value)) {
    let Some(suite) = suite(name) else { return };
    let cases = suite["cases"].as_array().expect("cases");
    for case in cases {
        check(&suite["fields"], case);
    }
}

#[test]
fn merging() {
    let alert = |value: &Value| Alert {
        starts_at_ns: time(&value["Alert"]["StartsAt"]),
        ends_at_ns: time(&value["Alert"]["EndsAt"]),
        updated_at_ns: time(&value["UpdatedAt"]),
        timeout: value["Timeout"].as_bool().unwrap_or(false),
        ..Alert::default()
    };
    run("alert_merge", |_, case| {
        let (a, b, want) = (alert(&case["A"]), alert(&case["B"]), alert(&case["Res"]));
        // The suite was recorded a moment after its now.
        let now_ns = NOW_NS + 1_000;
        assert_eq!(merge(&a, b.clone(), now_ns), want, "{}", case["id"]);
        assert_eq!(merge(&b, a, now_ns), want, "{} the other way", case["id"]);
    });
}

fn matchers(value: &Value) -> Vec<Matcher> {
    let equal = |(n, v): (&String, &Value)| Matcher::equal(n, v.as_str().expect("text"));
    match value {
        Value::Object(pairs) => pairs.iter().map(equal).collect(),
        Value::Array(all) => all.iter().map(|m| matcher(m, "Value")).collect(),
        _ => Vec::new(),
    }
}

fn matcher(value: &Value, text: &str) -> Matcher {
    let op = match value["Type"].as_str() {
        Some("!=") => MatchOp::NotEqual,
        Some("=~") => MatchOp::Regex,
        Some("!~") => MatchOp::NotRegex,
        _ => MatchOp::Equal,
    };
    let get = |key: &str| value[key].as_str().unwrap_or("").to_owned();
    Matcher::new(get("Name"), op, get(text)).expect("a matcher")
}

fn rules(value: &Value) -> Vec<InhibitRule> {
    let either = |rule: &Value, new: &str, old: &str| {
        matchers(
            rule.get(new)
                .or_else(|| rule.get(old))
                .unwrap_or(&Value::Null),
        )
    };
    let rules = value.as_array().expect("rules").iter();
    let rule = |rule: &Value| InhibitRule {
        name: String::new(),
        source_matchers: either(rule, "source_matchers", "source_match"),
        target_matchers: either(rule, "target_matchers", "target_match"),
        equal: serde_json::from_value(rule["equal"].clone()).expect("names"),
    };
    rules.map(rule).collect()
}

/// Alerts in the order of their arrival, and the rules that were told of them.
fn inhibitions(rules: Vec<InhibitRule>, arrive: &Value) -> (Inhibitions, Alerts) {
    let mut inhibitions = Inhibitions::new(rules);
    let mut alerts = Alerts::default();
    for value in arrive.as_array().expect("alerts") {
        let alert = Alert {
            labels: labels(&value["labels"]),
            starts_at_ns: time(&value["starts_at"]),
            ends_at_ns: time(&value["ends_at"]),
            ..Alert::default()
        };
        let fingerprint = alert.fingerprint();
        inhibitions.note(fingerprint, &alert.labels);
        alerts.restore(fingerprint, Arc::new(alert), false);
    }
    (inhibitions, alerts)
}

fn is_muted(of: &(Inhibitions, Alerts), target: &Value) -> bool {
    let (inhibitions, alerts) = of;
    !inhibitions
        .inhibited_by(&labels(target), alerts, NOW_NS, true)
        .is_empty()
}

#[test]
fn inhibition() {
    run("inhibit", |fields, case| {
        let of = inhibitions(rules(&fields["inhibit_rules"]), &case["alerts"]);
        for expected in case["expected"].as_array().expect("expected") {
            let muted = is_muted(&of, &expected["labels"]);
            assert_eq!(muted, expected["muted"], "{} {expected}", case["id"]);
        }
    });
    for name in ["inhibit_rule_matches", "inhibit_rule_matchers"] {
        run(name, |fields, case| {
            let of = inhibitions(rules(&fields["inhibit_rules"]), &fields["active_alerts"]);
            let muted = is_muted(&of, &case["target"]);
            assert_eq!(muted, case["muted"], "{}", case["id"]);
        });
    }
    run("inhibit_has_equal", |_, case| {
        let rule = InhibitRule {
            name: String::new(),
            source_matchers: Vec::new(),
            target_matchers: vec![Matcher::equal("a", "no alert has this")],
            equal: serde_json::from_value(case["equal"].clone()).expect("names"),
        };
        // The target's side is not asked about.
        let rule = InhibitRule {
            target_matchers: vec![
                Matcher::new("a", MatchOp::NotEqual, "no alert has this").expect("a matcher"),
            ],
            ..rule
        };
        let one_sided = InhibitRule {
            source_matchers: vec![
                Matcher::new("is_target", MatchOp::Equal, "").expect("a matcher"),
            ],
            ..rule
        };
        let of = inhibitions(vec![one_sided], &case["source_alerts"]);
        let mut target = case["target"].clone();
        target["is_target"] = "yes".into();
        assert_eq!(is_muted(&of, &target), case["result"], "{}", case["id"]);
    });
}

#[test]
fn deduplication() {
    let numbers =
        |value: &Value| -> Vec<u64> { serde_json::from_value(value.clone()).unwrap_or_default() };
    run("notify_needs_update", |_, case| {
        let entry = &case["entry"];
        let last = (!entry.is_null()).then(|| Logged {
            at_ms: time(&entry["Timestamp"]) / 1_000_000,
            firing: numbers(&entry["FiringAlerts"]),
            resolved: numbers(&entry["ResolvedAlerts"]),
            ..Logged::default()
        });
        let reason = needs_update(
            last.as_ref(),
            &numbers(&case["firingAlerts"]),
            &numbers(&case["resolvedAlerts"]),
            case["resolve"].as_bool().unwrap_or(false),
            case["repeat"].as_i64().unwrap_or(0) / 1_000_000,
            NOW_NS / 1_000_000,
        );
        assert_eq!(reason.is_some(), case["res"], "{} {reason:?}", case["id"]);
    });
}

fn silence(value: &Value) -> Silence {
    let set = |set: &Value| -> Vec<Matcher> {
        let all = set.as_array().into_iter().flatten();
        all.map(|m| matcher(m, "Pattern")).collect()
    };
    let mut sets: Vec<Vec<Matcher>> = Vec::new();
    if let Some(all) = value["MatcherSets"].as_array() {
        sets.extend(all.iter().map(|s| set(&s["Matchers"])));
    } else if let Some(one) = value.get("Matchers") {
        sets.push(set(one));
        sets.retain(|s| !s.is_empty());
    }
    Silence {
        id: value["Id"].as_str().unwrap_or("").to_owned(),
        matcher_sets: sets,
        starts_at_ns: time(&value["StartsAt"]),
        ends_at_ns: time(&value["EndsAt"]),
        updated_at_ns: time(&value["UpdatedAt"]),
        ..Silence::default()
    }
}

fn check_error(got: Result<(), String>, want: &Value, id: &Value) {
    match (got, want.as_str()) {
        (Ok(()), None) => {}
        (Err(got), Some(want)) => assert!(got.contains(want), "{id}: {got:?}, not {want:?}"),
        (got, want) => panic!("{id}: {got:?}, not {want:?}"),
    }
}

#[test]
fn silences() {
    run("silence_qmatches", |fields, case| {
        let got = matches(&silence(&case["silence"]), &labels(&fields["labels"]));
        assert_eq!(got, case["matches"], "{}", case["id"]);
    });
    run("silence_qstate", |_, case| {
        let state = silence(&case["sil"]).state_at(NOW_NS);
        let states = case["states"].as_array().expect("states");
        let kept = states.iter().any(|s| s == state.as_str());
        assert_eq!(kept, case["keep"], "{}", case["id"]);
    });
    run("silence_can_update", |_, case| {
        let got = can_update(&silence(&case["a"]), &silence(&case["b"]), NOW_NS);
        assert_eq!(got, case["ok"], "{}", case["id"]);
    });
    // Recorded with the names that Alertmanager allows when nothing else is said to it.
    run("silence_valid", |_, case| {
        let got = validate(&silence(&case["silence"]), NameScheme::Legacy);
        check_error(got, &case["error"], &case["id"]);
    });
    for (name, scheme) in [
        ("silence_matcher_valid_classic", NameScheme::Legacy),
        ("silence_matcher_valid_utf8", NameScheme::Utf8),
    ] {
        run(name, |_, case| {
            let of = &case["matcher"];
            let op = match of["Type"].as_str() {
                Some("=~") => MatchOp::Regex,
                Some("!~") => MatchOp::NotRegex,
                Some("!=") => MatchOp::NotEqual,
                _ => MatchOp::Equal,
            };
            let text = |key: &str| of[key].as_str().unwrap_or("").to_owned();
            // An expression that is none cannot even be a matcher.
            let got = match Matcher::new(text("Name"), op, text("Pattern")) {
                Ok(matcher) => validate_matcher(&matcher, scheme),
                Err(_) => Err("invalid regular expression".into()),
            };
            match case["error"].as_str() {
                // A text here is UTF-8, a kind of matcher is one of four.
                Some(e) if e.contains("label value") || e.contains("unknown matcher type") => {}
                _ => check_error(got, &case["error"], &case["id"]),
            }
        });
    }
}
