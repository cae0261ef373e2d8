//! Finds and reads the conformance data.

use std::path::PathBuf;

use serde_json::Value;

/// The cases of `extracted/<name>.json`; none, with a remark, when the data are
/// not there.
pub(crate) fn cases(name: &str) -> Vec<Value> {
    let root = std::env::var_os("BINNACLE_CONFORMANCE").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/conformance"),
        PathBuf::from,
    );
    let path = root.join("extracted").join(name).with_extension("json");
    let Ok(text) = std::fs::read_to_string(&path) else {
        println!("skipped: no conformance data");
        return Vec::new();
    };
    let suite: Value = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{name}: {e}"));
    let cases = suite["cases"].as_array().cloned().unwrap_or_default();
    assert!(!cases.is_empty(), "{name} has no cases");
    cases
}

/// The text at `key`, empty when there is none.
pub(crate) fn text<'a>(case: &'a Value, key: &str) -> &'a str {
    case[key].as_str().unwrap_or_default()
}
