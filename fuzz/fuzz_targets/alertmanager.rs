//! Any text as an `alertmanager.yml`, and as matchers: reading never panics, and what
//! was read prints to something that reads again.
#![no_main]

use std::path::Path;

use binnacle_alerting::config;
use binnacle_alerting::matchers::{self, Language};
use libfuzzer_sys::fuzz_target;

/// What a random text hardly ever has.
const HEAD: &str = "route: {receiver: a}\nreceivers: [{name: a}]\n";

fuzz_target!(|text: &str| {
    let path = Path::new("alertmanager.yml");
    for text in [text.to_owned(), format!("{HEAD}{text}")] {
        if let Ok(settings) = config::parse(path, &text, Language::Fallback) {
            let printed = settings.print();
            let again = config::parse(path, &printed, Language::Fallback);
            assert!(again.is_ok(), "what was printed reads again: {printed}");
        }
    }
    for language in [Language::Classic, Language::Utf8] {
        let Ok((parsed, _)) = language.parse(text) else {
            continue;
        };
        for matcher in parsed {
            let printed = matchers::print(&matcher);
            let again = matchers::parse_one(&printed).expect("what was printed parses");
            assert_eq!(again, matcher, "{printed}");
        }
    }
});
