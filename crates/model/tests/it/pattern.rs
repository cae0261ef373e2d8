use binnacle_model::matcher::{MatchOp, Matcher};
use binnacle_model::pattern::Pattern;

use crate::suite::{cases, text};

fn pattern(of: &str) -> Pattern {
    Pattern::new(of).unwrap_or_else(|e| panic!("{of}: {e}"))
}

#[test]
fn matches() {
    for case in cases("prometheus/regex_match") {
        let want = case["match"].as_bool().expect("match");
        assert_eq!(
            pattern(text(&case, "regex")).is_match(text(&case, "value")),
            want,
            "{case}"
        );
    }
}

#[test]
fn sets() {
    for case in cases("prometheus/regex_set_matches") {
        let regex = text(&case, "regex");
        let mut want: Vec<&str> = case["set"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|v| v.as_str())
            .collect();
        want.sort_unstable();
        let found = pattern(regex);
        if case["case_sensitive"] == true && !want.is_empty() {
            assert_eq!(found.set().expect(regex), want, "{case}");
        }
        for value in found.set().into_iter().flatten() {
            assert!(
                oracle(regex).is_match(value),
                "{regex} has {value} in its set"
            );
        }
    }
}

/// The plain automaton; right for the expressions of these suites, which use
/// nothing that Go spells differently.
fn oracle(of: &str) -> regex::Regex {
    regex::Regex::new(&format!("^(?s:{of})$")).unwrap_or_else(|e| panic!("{of}: {e}"))
}

#[test]
fn every_expression_on_every_value() {
    for case in cases("prometheus/regex_match_inputs") {
        let list = |key: &str| case[key].as_array().cloned().unwrap_or_default();
        let values = list("values");
        for of in list("regexes").iter().filter_map(|v| v.as_str()) {
            let (ours, oracle) = (pattern(of), oracle(of));
            for value in values.iter().filter_map(|v| v.as_str()) {
                assert_eq!(
                    ours.is_match(value),
                    oracle.is_match(value),
                    "{of:?} on {value:?}"
                );
            }
        }
    }
}

#[test]
fn matchers() {
    for case in cases("prometheus/label_matcher") {
        let op = match text(&case["matcher"], "type") {
            "=" => MatchOp::Equal,
            "!=" => MatchOp::NotEqual,
            "=~" => MatchOp::Regex,
            _ => MatchOp::NotRegex,
        };
        let matcher = Matcher::new("x", op, text(&case["matcher"], "pattern")).expect("compiles");
        assert_eq!(
            Some(matcher.matches(text(&case, "value"))),
            case["match"].as_bool(),
            "{case}"
        );
    }
}
