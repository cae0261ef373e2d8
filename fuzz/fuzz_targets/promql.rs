//! Any text as PromQL: parsing never panics, what parses prints to something that
//! parses to the same tree again, and so does the pretty form.
#![no_main]

use binnacle_promql::parse::{parse, parse_metric, parse_selector, parse_series_description};
use binnacle_promql::print::pretty;
use binnacle_promql::syntax_tree::syntax_tree;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let _ = parse_selector(text);
    let _ = parse_metric(text);
    let _ = parse_series_description(text);
    let Ok(expr) = parse(text) else { return };
    let _ = syntax_tree(&expr);
    let printed = expr.to_string();
    let again = parse(&printed).expect("what was printed parses");
    assert_eq!(again.to_string(), printed);
    let pretty = pretty(&expr);
    let again = parse(&pretty).expect("what was printed prettily parses");
    assert_eq!(again.to_string(), printed, "the pretty form {pretty:?}");
});
