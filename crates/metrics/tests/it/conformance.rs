//! Prometheus' own cases for anchored expressions, asked of the engine's index.

use std::path::PathBuf;

use binnacle_model::matcher::{MatchOp, Matcher};

use crate::world::{EPOCH, World, labels, small};

fn data() -> Option<PathBuf> {
    let dir = match std::env::var_os("BINNACLE_CONFORMANCE") {
        Some(dir) => PathBuf::from(dir),
        None => PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/conformance"),
    };
    dir.is_dir().then_some(dir)
}

#[test]
fn expressions_select_the_values_that_they_match() {
    let Some(dir) = data() else {
        println!("skipped: no conformance data");
        return;
    };
    let text =
        std::fs::read_to_string(dir.join("extracted/prometheus/regex_match.json")).expect("read");
    let suite: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let cases = suite["cases"].as_array().expect("cases");
    let values: Vec<&str> = cases.iter().filter_map(|c| c["value"].as_str()).collect();
    for flushed in [false, true] {
        let world = World::new(small());
        for value in &values {
            // A label without a value is no label: the engine must find its absence.
            world
                .append(&labels(&[("__name__", "m"), ("v", value)]), &[(EPOCH, 1.0)])
                .expect("appended");
        }
        if flushed {
            world.engine.flush().expect("flushed");
        }
        let mut checked = 0;
        for case in cases {
            let (Some(regex), Some(value), Some(matches)) = (
                case["regex"].as_str(),
                case["value"].as_str(),
                case["match"].as_bool(),
            ) else {
                continue;
            };
            for (op, want) in [(MatchOp::Regex, matches), (MatchOp::NotRegex, !matches)] {
                let matcher = Matcher::new("v", op, regex).expect("valid");
                let found = world.select(&[matcher], EPOCH, EPOCH, false);
                let got = found.contains_key(&labels(&[("__name__", "m"), ("v", value)]));
                assert_eq!(got, want, "{} {regex:?} {value:?}", op.as_str());
            }
            checked += 1;
        }
        assert!(checked > 50, "{checked}");
    }
}
