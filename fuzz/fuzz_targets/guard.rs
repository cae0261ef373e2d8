//! The guard's detectors and level detection: no text harms them, and a text without
//! findings stays as it is.
#![no_main]

use std::sync::LazyLock;

use binnacle_guard::{LevelDetector, Privacy, PrivacySettings};
use libfuzzer_sys::fuzz_target;

static PRIVACY: LazyLock<Privacy> = LazyLock::new(|| {
    let strict = PrivacySettings::profile("strict").expect("the profile is there");
    Privacy::new(&strict).expect("the profile can be used")
});

static LEVEL: LazyLock<LevelDetector> =
    LazyLock::new(|| LevelDetector::new(vec!["level".to_owned(), "lvl".to_owned()], 0));

fuzz_target!(|bytes: &[u8]| {
    let _ = LEVEL.of_line(bytes);
    let text = String::from_utf8_lossy(bytes);
    let scrubbed = PRIVACY.scrub_text(&text);
    if scrubbed.findings.is_empty() {
        assert_eq!(scrubbed.text, text);
    }
    let _ = PRIVACY.scrub_value("password", &text);
});
