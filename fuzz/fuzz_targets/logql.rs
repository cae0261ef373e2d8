//! Any text as LogQL: parsing never panics, what parses prints to something that parses
//! to the same text again, and so does the pretty form.
#![no_main]

use binnacle_logql::parse::{parse, parse_labels, parse_selector};
use binnacle_logql::print::{pretty, pretty_within};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let _ = parse_selector(text);
    let _ = parse_labels(text);
    let Ok(expr) = parse(text) else { return };
    let printed = expr.to_string();
    for form in [printed.clone(), pretty(&expr), pretty_within(&expr, 0)] {
        let again = parse(&form).expect("what was printed parses");
        assert_eq!(again.to_string(), printed, "the form {form:?}");
    }
});
