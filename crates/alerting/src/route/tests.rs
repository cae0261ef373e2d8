//! The conformance suites, and what they leave open.

use std::path::Path;
use std::time::Duration;

use binnacle_config::reader::{Context, read_file};
use binnacle_config::yaml::parse;
use binnacle_model::Labels;
use serde_json::Value;

use super::*;
use crate::matchers::Language;
use crate::suite::{cases, labels, suite, text};

fn typed(yaml: &str) -> Result<RouteConfig, String> {
    let file = Path::new("route.yml");
    let root = parse(file, yaml).map_err(|e| e.to_string())?;
    let context = Context::new(file);
    let (route, _) = read_file(&context, root.as_deref(), |r| read(r, Language::Fallback));
    match context.take_errors().first() {
        Some(error) => Err(error.to_string()),
        None => Ok(route),
    }
}

fn tree(yaml: &str) -> RouteTree {
    RouteTree::resolve(&typed(yaml).unwrap_or_else(|e| panic!("{yaml}: {e}")))
}

fn ns(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap()
}

/// Holds a route against what a case says of it.
fn check_route(route: &Route, want: &Value, case: &Value) {
    assert_eq!(route.receiver, text(want, "receiver"), "{case}");
    let all = route.group_by == GroupBy::All;
    assert_eq!(want["group_by_all"], all, "{case}");
    if let GroupBy::Labels(names) = &route.group_by {
        let mut listed: Vec<&str> = want["group_by"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        listed.sort_unstable();
        assert_eq!(*names, listed, "{case}");
    }
    assert_eq!(want["group_wait_ns"], ns(route.group_wait), "{case}");
    assert_eq!(
        want["group_interval_ns"],
        ns(route.group_interval),
        "{case}"
    );
    assert_eq!(
        want["repeat_interval_ns"],
        ns(route.repeat_interval),
        "{case}"
    );
}

#[test]
fn matching() {
    for name in ["route_match", "route_matchers", "route_mixed"] {
        let suite = suite(name);
        if suite.is_null() {
            return;
        }
        let tree = tree(text(&suite["fields"], "route"));
        for case in suite["cases"].as_array().into_iter().flatten() {
            let found = tree.matching(&labels(&case["labels"]));
            let want = case["routes"].as_array().unwrap();
            assert_eq!(found.len(), want.len(), "{case}");
            for (id, want) in found.iter().zip(want) {
                check_route(tree.get(*id), want, case);
            }
            let keys: Vec<&str> = found.iter().map(|id| tree.get(*id).key.as_str()).collect();
            let want: Vec<&str> = case["keys"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(Value::as_str)
                .collect();
            assert_eq!(keys, want, "{case}");
        }
    }
}

#[test]
fn walking() {
    for case in cases("route_walk") {
        let tree = tree(text(&case, "route"));
        let found: Vec<&str> = tree.walk().map(|(_, r)| r.receiver.as_str()).collect();
        assert_eq!(Value::from(found), case["receivers"], "{case}");
    }
    for case in cases("route_ids") {
        let tree = tree(text(&case, "route"));
        let found: Vec<&str> = tree.walk().map(|(_, r)| r.id.as_str()).collect();
        assert_eq!(Value::from(found), case["ids"], "{case}");
        for (id, route) in tree.walk() {
            assert_eq!(tree.find(&route.id), Some(id), "{case}");
        }
    }
}

#[test]
fn grouping_by_all_is_inherited_until_said_otherwise() {
    let tree = tree(
        "group_by: ['...']\nroutes:\n- receiver: a\n- group_by: [foo]\n  routes:\n  - {}\n- group_by: []\n",
    );
    let found: Vec<GroupBy> = tree.walk().map(|(_, r)| r.group_by.clone()).collect();
    let foo = GroupBy::Labels(vec!["foo".to_owned()]);
    let none = GroupBy::Labels(Vec::new());
    assert_eq!(found, [GroupBy::All, GroupBy::All, foo.clone(), foo, none]);
    for case in cases("route_group_by_all") {
        let tree = self::tree(text(&case, "route"));
        let all: Vec<bool> = tree
            .walk()
            .map(|(_, r)| r.group_by == GroupBy::All)
            .collect();
        assert_eq!(all, [false, true, true, false], "{case}");
    }
}

#[test]
fn group_labels() {
    let alert = Labels::from_pairs([("a", "1"), ("b", "2"), ("c", "3")]);
    let check = |group_by: &str, want: &[(&str, &str)]| {
        let tree = tree(&format!("group_by: {group_by}"));
        let want = Labels::from_pairs(want.iter().copied());
        assert_eq!(tree.root().group_labels(&alert), want, "{group_by}");
    };
    check("[a, c, missing]", &[("a", "1"), ("c", "3")]);
    check("['...']", &[("a", "1"), ("b", "2"), ("c", "3")]);
    check("[]", &[]);
}

#[test]
fn labels_are_joined() {
    let tree = tree("labels: {team: a, tier: '1'}\nroutes:\n- labels: {team: '{{ .x }}'}\n");
    let found: Vec<_> = tree.walk().map(|(_, r)| r.labels.clone()).collect();
    let texts = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
        pairs
            .iter()
            .map(|(n, v)| ((*n).to_owned(), (*v).to_owned()))
            .collect()
    };
    assert_eq!(found[0], texts(&[("team", "a"), ("tier", "1")]));
    assert_eq!(found[1], texts(&[("team", "{{ .x }}"), ("tier", "1")]));
}

#[test]
fn going_on() {
    let tree = tree(
        "receiver: d\nroutes:\n- {matchers: [a=1], continue: true, receiver: x}\n- {matchers: [b=1], receiver: y, routes: [{matchers: [c=1], continue: true, receiver: z}]}\n- {receiver: w}\n",
    );
    let check = |pairs: &[(&str, &str)], want: &[&str]| {
        let found = tree.matching(&Labels::from_pairs(pairs.iter().copied()));
        let found: Vec<&str> = found
            .iter()
            .map(|id| tree.get(*id).receiver.as_str())
            .collect();
        assert_eq!(found, want, "{pairs:?}");
    };
    check(&[], &["w"]);
    check(&[("a", "1")], &["x", "w"]);
    check(&[("a", "1"), ("b", "1")], &["x", "y"]);
    check(&[("b", "1"), ("c", "1"), ("z", "0")], &["z"]);
}

/// The tree against the definition: a walk that asks each matcher for itself.
#[test]
fn matching_is_what_the_matchers_say() {
    let mut yaml = String::from("routes:\n");
    for i in 0..40 {
        let (a, b) = (i % 7, i % 5);
        let goes_on = i % 3 == 0;
        yaml += &format!(
            "- {{continue: {goes_on}, matchers: ['l{a}=~\"[0-{b}]\"', 'm!=\"{b}\"'], routes: [{{matchers: ['l{b}=\"{a}\"']}}, {{matchers: ['n{a}=\"\"']}}]}}\n"
        );
    }
    let tree = tree(&yaml);
    let mut random = binnacle_stdx::random::Random::new(3);
    let mut reused = Vec::new();
    for _ in 0..2000 {
        let mut pairs = Vec::new();
        for name in [
            "l0", "l1", "l2", "l3", "l4", "l5", "l6", "m", "n1", "n3", "z",
        ] {
            let value = random.next_u64() % 8;
            if value < 6 {
                pairs.push((name, value.to_string()));
            }
        }
        let labels = Labels::from_pairs(pairs);
        let mut want = Vec::new();
        naive(&tree, RouteId(0), &labels, &mut want);
        tree.matching_into(&labels, &mut reused);
        assert_eq!(reused, want, "{labels:?}");
    }
}

fn naive(tree: &RouteTree, id: RouteId, labels: &Labels, found: &mut Vec<RouteId>) -> bool {
    let route = tree.get(id);
    if !binnacle_model::matcher::all_match(&route.matchers, labels) {
        return false;
    }
    let before = found.len();
    for child in &route.children {
        if naive(tree, *child, labels, found) && !tree.get(*child).goes_on {
            break;
        }
    }
    if found.len() == before {
        found.push(id);
    }
    true
}

#[test]
fn what_is_refused() {
    let check = |yaml: &str, want: &str| {
        let error = typed(yaml).unwrap_err();
        assert!(error.contains(want), "{yaml}: {error}");
    };
    check(
        "group_by: [a, b, a]",
        "route.yml:1:18: duplicated label \"a\" in group_by",
    );
    check(
        "group_by: [a, '...']",
        "cannot have wildcard group_by (`...`)",
    );
    check("group_by: ['']", "invalid label name \"\" in group_by list");
    check("group_interval: 0s", "group_interval cannot be zero");
    check("repeat_interval: 0s", "repeat_interval cannot be zero");
    check("match: {a-b: c}", "invalid label name \"a-b\"");
    check("match_re: {a: '('}", "route.yml:1:");
    check("match_re: {a: }", "invalid regexp value for \"a\"");
    check("matchers: ['a!b']", "bad matcher format: a!b");
    check("matchers: a=b", "\"matchers\" wants a list of texts");
    check(
        "recevier: a",
        "unknown field \"recevier\", did you mean \"receiver\"?",
    );
    check("labels: {'': b}", "invalid label name \"\" in route labels");
    check("routes: [{routes: [{group_wait: x}]}]", "route.yml:1:");
    assert!(typed("match_re: {a: ''}").is_ok());
    assert!(typed("group_wait: 0s").is_ok());
}

#[test]
fn the_view_has_all() {
    let tree = tree(
        "receiver: a\nroutes: [{matchers: ['b=c'], group_by: ['...'], mute_time_intervals: [x]}]",
    );
    let view = tree.view();
    assert_eq!((view.id.as_str(), view.group_wait_ms), ("{}", 30_000));
    let child = &view.routes[0];
    assert_eq!(child.id, "{}/{b=\"c\"}/0");
    assert_eq!(child.matchers, ["b=\"c\""]);
    assert_eq!(child.receiver, "a");
    assert_eq!(child.group_by, ["..."]);
    assert_eq!(child.mute_time_intervals, ["x"]);
}
