//! The conformance suites, and what they leave open.

use std::path::Path;

use binnacle_config::reader::{Context, read_file};
use binnacle_config::yaml::{Out, parse, print};
use jiff::Timestamp;
use serde_json::Value;

use super::range::print_time;
use super::*;
use crate::suite::{cases, text};

/// Reads a list of intervals, and gives it with its effective form.
fn read_list(yaml: &str) -> Result<(Vec<TimeInterval>, Out), String> {
    let indented: String = yaml
        .lines()
        .filter(|line| *line != "---")
        .map(|line| format!("  {line}\n"))
        .collect();
    let file = Path::new("intervals.yml");
    let root = parse(file, &format!("x:\n{indented}")).map_err(|e| e.to_string())?;
    let context = Context::new(file);
    let (list, out) = read_file(&context, root.as_deref(), |r| {
        r.sections("x", "empty", read)
    });
    match context.take_errors().first() {
        Some(error) => Err(error.to_string()),
        None => Ok((list, out.get("x").cloned().unwrap_or(Out::List(Vec::new())))),
    }
}

fn read_one(yaml: &str) -> TimeInterval {
    let indented = yaml.trim().trim_start_matches("---").replace('\n', "\n  ");
    let (list, _) = read_list(&format!("- {}", indented.trim_start())).unwrap();
    list.into_iter().next().unwrap()
}

fn ms(time: &str) -> i64 {
    time.parse::<Timestamp>().unwrap().as_millisecond()
}

/// Holds intervals against the times in `inside` and `outside` of a case.
fn check_times(case: &Value, intervals: &[TimeInterval]) {
    let times = |key: &str| case[key].as_array().cloned().unwrap_or_default();
    for (key, want) in [("inside", true), ("outside", false)] {
        for time in times(key) {
            let time = time.as_str().unwrap();
            let found = intervals.iter().any(|i| i.contains(ms(time)));
            assert_eq!(found, want, "{time} of {case}");
        }
    }
}

#[test]
fn intervals_in_yaml() {
    for case in cases("timeinterval_yaml") {
        match (read_list(text(&case, "yaml")), case["error"].as_str()) {
            (Err(found), Some(error)) => assert!(found.contains(error), "{found}: {case}"),
            (Ok((found, out)), None) => {
                check_times(&case, &found);
                let want = read_list(&case["intervals"].to_string()).unwrap();
                assert_eq!((found, out), want, "{case}");
            }
            (found, _) => panic!("{found:?}: {case}"),
        }
    }
}

#[test]
fn times_that_are_contained() {
    for case in cases("timeinterval_contains") {
        check_times(&case, &[read_one(&case["interval"].to_string())]);
    }
    for case in cases("timeinterval_complete") {
        check_times(&case, &[read_one(text(&case, "yaml"))]);
    }
}

#[test]
fn times_of_a_day() {
    for case in cases("timeinterval_times") {
        let yaml = format!("- times: [{}]", text(&case, "text"));
        let found = read_list(&yaml);
        assert_eq!(found.is_err(), case["fail"] == true, "{case}");
        if let Ok((list, _)) = found {
            let range = list[0].times.as_ref().unwrap()[0];
            let minutes = &case["minutes"];
            assert_eq!(minutes["StartMinute"], range.start_minute, "{case}");
            assert_eq!(minutes["EndMinute"], range.end_minute, "{case}");
        }
    }
}

#[test]
fn names_that_hold() {
    for case in cases("timeinterval_mutes") {
        let named = case["intervals"].as_object().into_iter().flatten();
        let intervals: Intervals = named
            .map(|(name, list)| (name.clone(), read_list(&list.to_string()).unwrap().0))
            .collect();
        let names: Vec<String> = intervals.iter().map(|(n, _)| n.to_owned()).collect();
        let now = case["now"]["$unix_ns"].as_i64().unwrap() / 1_000_000;
        let found = intervals.holding(&names, now).unwrap();
        let want: Vec<&str> = case["muted_by"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        assert_eq!(found, want, "{case}");
    }
}

#[test]
fn a_name_that_is_not_there() {
    let intervals = Intervals::default();
    let error = intervals.holding(&["a".to_owned()], 0).unwrap_err();
    assert_eq!(error.to_string(), "time interval a doesn't exist in config");
}

#[test]
fn a_name_is_told_once() {
    let (list, _) = read_list("- {}\n- {}").unwrap();
    let intervals: Intervals = [("a".to_owned(), list)].into_iter().collect();
    assert_eq!(intervals.holding(&["a".to_owned()], 0).unwrap(), ["a"]);
}

#[test]
fn clocks_that_are_changed() {
    let night =
        read_one("times: [{start_time: '02:00', end_time: '03:00'}]\nlocation: Europe/Berlin");
    // The hour that is left out, and the one that comes twice.
    assert!(!night.contains(ms("2021-03-28T01:00:00Z")));
    assert!(night.contains(ms("2021-10-31T00:30:00Z")));
    assert!(night.contains(ms("2021-10-31T01:30:00Z")));
    assert!(!night.contains(ms("2021-10-31T02:00:00Z")));
}

#[test]
fn months_of_any_length() {
    let check = |days: &str, day: &str, want: bool| {
        let interval = read_one(&format!("days_of_month: ['{days}']"));
        let time = ms(&format!("{day}T12:00:00Z"));
        assert_eq!(interval.contains(time), want, "{days} {day}");
    };
    check("-1", "2024-02-29", true);
    check("-1", "2023-02-28", true);
    check("-1", "2024-02-28", false);
    check("29:31", "2023-02-28", false);
    check("25:31", "2023-02-28", true);
    check("-31", "2023-02-01", false);
    check("-31:-28", "2023-02-01", true);
    check("31", "2023-04-30", false);
}

#[test]
fn lists_that_are_empty() {
    assert!(!read_one("weekdays: []").contains(0));
    assert!(!read_one("times: []").contains(0));
    assert!(read_one("weekdays:").contains(0));
}

#[test]
fn times_out_of_the_calendar() {
    let year = read_one("years: ['2020']\nlocation: Asia/Tokyo");
    for time in [i64::MIN, i64::MAX] {
        assert!(!year.contains(time));
    }
}

#[test]
fn what_is_refused() {
    let check = |yaml: &str, want: &str| {
        let error = read_list(yaml).unwrap_err();
        assert!(error.contains(want), "{yaml}: {error}");
    };
    check(
        "- months: ['may:april']",
        "end month april is before start month may",
    );
    check("- months: ['x']", "x is not a valid month");
    check(
        "- months: ['1:2:3']",
        "couldn't parse range 1:2:3, invalid format",
    );
    check(
        "- days_of_month: ['0']",
        "0 is not a valid day of the month: out of range",
    );
    check("- days_of_month: ['-2:3']", "end day must be negative");
    check(
        "- weekdays: ['friday:monday']",
        "start day cannot be before end day",
    );
    check(
        "- years: ['x']",
        "strconv.Atoi: parsing \"x\": invalid syntax",
    );
    check(
        "- location: 'Europe/Berln'",
        "did you mean \"Europe/Berlin\"?",
    );
    check(
        "- location: 'europe/berlin'",
        "unknown time zone europe/berlin",
    );
    check("- location: '../../etc/passwd'", "unknown time zone");
    check(
        "- times: [{start_time: '10:00'}]",
        "both start and end times must be provided",
    );
    check(
        "- times: [{start_time: '10:00', end_time: '10:00'}]",
        "start time cannot be equal",
    );
    check(
        "- times: [{start_time: '1:00', end_time: '10:00'}]",
        "couldn't parse timestamp 1:00",
    );
    check(
        "- weekday: ['monday']",
        "unknown field \"weekday\", did you mean \"weekdays\"?",
    );
}

#[test]
fn printing_is_read_again() {
    let yaml = "- times:\n    - start_time: '00:05'\n      end_time: '24:00'\n  weekdays: ['Monday:FRIDAY', sunday]\n  days_of_month: ['-3:-1', '1']\n  months: ['january:3', may]\n  years: ['2020:2022']\n  location: Local";
    let (found, out) = read_list(yaml).unwrap();
    let printed = print(&out);
    assert_eq!(read_list(&printed).unwrap(), (found, out), "{printed}");
    assert_eq!(print_time(5), "00:05");
    assert_eq!(print_time(1440), "24:00");
}
