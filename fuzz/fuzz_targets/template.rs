//! Any text as a template: parsing and executing, plain and as a page, never panic and
//! stay within their limits.
#![no_main]

use binnacle_template::alertmanager::{Alert, Data, Kv, functions};
use binnacle_template::{Limits, MissingKey, NoHost, Set};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let limits = Limits {
        depth: 10,
        output_bytes: 10_000,
        steps: 10_000,
    };
    let labels: Kv = [("alertname", "A"), ("b", "<c>")].into_iter().collect();
    let alert = Alert {
        status: "firing".to_owned(),
        labels: labels.clone(),
        ..Alert::default()
    };
    let data = Data::assemble("r", labels, Kv::default(), "", vec![alert], "http://x");
    let dot = data.to_value();
    // Most random texts have no action, so each is tried as one too.
    for text in [text.to_owned(), format!("{{{{ {text} }}}}")] {
        let mut set = Set::new(functions())
            .with_missing_key(MissingKey::Zero)
            .with_limits(limits);
        if set.parse("t", &text).is_err() {
            continue;
        }
        let mut out = String::new();
        let _ = set.execute("t", &dot, &NoHost, &mut out);
        let _ = set.execute_html("t", &dot, &NoHost, &mut out);
    }
});
