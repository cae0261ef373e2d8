//! Finds and reads the conformance data for the tests of this crate.

use std::path::PathBuf;

use serde_json::Value;

/// Where the data are, or a remark and `None` when they are not there.
pub(crate) fn root() -> Option<PathBuf> {
    let root = std::env::var_os("BINNACLE_CONFORMANCE").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/conformance"),
        PathBuf::from,
    );
    if !root.is_dir() {
        println!("skipped: no conformance data");
        return None;
    }
    Some(root)
}

/// The suite `extracted/alertmanager/<name>.json`; null when it is not there.
pub(crate) fn suite(name: &str) -> Value {
    let Some(root) = root() else {
        return Value::Null;
    };
    let path = root
        .join("extracted/alertmanager")
        .join(name)
        .with_extension("json");
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{name}: {e}"));
    let suite: Value = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{name}: {e}"));
    let cases = suite["cases"].as_array().map_or(0, Vec::len);
    assert!(cases > 0, "{name} has no cases");
    suite
}

/// The cases of a suite.
pub(crate) fn cases(name: &str) -> Vec<Value> {
    suite(name)["cases"].as_array().cloned().unwrap_or_default()
}

/// The text at `key`, empty when there is none.
pub(crate) fn text<'a>(case: &'a Value, key: &str) -> &'a str {
    case[key].as_str().unwrap_or_default()
}

/// The labels in an object.
pub(crate) fn labels(value: &Value) -> binnacle_model::Labels {
    let pairs = value.as_object().into_iter().flatten();
    binnacle_model::Labels::from_pairs(
        pairs.map(|(n, v)| (n.as_str(), v.as_str().unwrap_or_default())),
    )
}
