//! Regular expressions: every plan says what the automaton says, and templates
//! expand without a panic.
#![no_main]

use binnacle_model::pattern::Pattern;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (&str, &str, &str)| {
    let (text, value, template) = input;
    let Ok(pattern) = Pattern::new(text) else { return };
    let matches = pattern.is_match(value);
    let replaced = pattern.replace_template(value, &format!("{template}$0"));
    assert_eq!(replaced.is_some(), matches);
    if matches {
        assert!(value.starts_with(pattern.prefix().unwrap_or("")));
    }
});
