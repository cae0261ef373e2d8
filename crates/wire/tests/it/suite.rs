//! Finds and reads the conformance data.

use std::path::PathBuf;

use serde_json::Value;

/// The cases of `extracted/<name>.json`; none, with a remark, when the data are
/// not there.
pub(crate) fn cases(name: &str) -> Vec<Value> {
    let path = root().join("extracted").join(name).with_extension("json");
    let Ok(text) = std::fs::read_to_string(&path) else {
        println!("skipped: no conformance data");
        return Vec::new();
    };
    let suite: Value = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{name}: {e}"));
    let cases = suite["cases"].as_array().cloned().unwrap_or_default();
    assert!(!cases.is_empty(), "{name} has no cases");
    cases
}

fn root() -> PathBuf {
    std::env::var_os("BINNACLE_CONFORMANCE").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/conformance"),
        PathBuf::from,
    )
}

/// The text at `key`, empty when there is none.
pub(crate) fn text<'a>(case: &'a Value, key: &str) -> &'a str {
    case[key].as_str().unwrap_or_default()
}

/// The bytes at `key`: a string, or base 64 where the data are not UTF-8.
pub(crate) fn bytes(case: &Value, key: &str) -> Vec<u8> {
    use base64::Engine as _;
    match case[key]["$b64"].as_str() {
        Some(coded) => base64::prelude::BASE64_STANDARD
            .decode(coded)
            .expect("base 64"),
        None => text(case, key).as_bytes().to_vec(),
    }
}

/// A number, or one of the words that JSON has no number for.
pub(crate) fn number(value: &Value) -> f64 {
    match value.as_str() {
        Some("NaN") => f64::NAN,
        Some("+Inf") => f64::INFINITY,
        Some("-Inf") => f64::NEG_INFINITY,
        _ => value
            .as_f64()
            .unwrap_or_else(|| panic!("{value} is no number")),
    }
}

/// The whole of a file below the conformance data.
pub(crate) fn file(path: &str) -> Option<Vec<u8>> {
    std::fs::read(root().join(path)).ok()
}
