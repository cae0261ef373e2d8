use binnacle_model::duration;

use crate::suite::{cases, text};

#[test]
fn durations() {
    for case in cases("prometheus-common/duration") {
        let input = text(&case, "input");
        let parse = if case["negative_ok"] == true {
            duration::parse_signed
        } else {
            duration::parse
        };
        let ms = case["ns"].as_i64().expect("ns") / 1_000_000;
        assert_eq!(parse(input), Ok(ms), "{case}");
        assert_eq!(
            duration::print(ms),
            case["string"].as_str().unwrap_or(input),
            "{case}"
        );
    }
}

#[test]
fn what_is_no_duration() {
    for case in cases("prometheus-common/duration_bad") {
        assert!(duration::parse(text(&case, "input")).is_err(), "{case}");
    }
}

#[test]
fn parameters() {
    for case in cases("prometheus/api_duration_param") {
        let parsed = duration::parse_param(text(&case, "input"));
        match case["ns"].as_i64() {
            Some(ns) => assert_eq!(parsed, Ok(ns / 1_000_000), "{case}"),
            None => assert!(parsed.is_err(), "{case}"),
        }
    }
}
