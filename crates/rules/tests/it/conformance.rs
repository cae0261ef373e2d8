//! Where the suites of other projects are.

use std::path::PathBuf;

use serde_json::Value;

/// The folder of the conformance data, or `None` after saying that it is not there.
pub fn folder() -> Option<PathBuf> {
    let folder = std::env::var_os("BINNACLE_CONFORMANCE").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/conformance"),
        PathBuf::from,
    );
    if folder.is_dir() {
        return Some(folder);
    }
    println!("skipped: no conformance data");
    None
}

/// A suite, or `None` when the data are not there.
pub fn suite(name: &str) -> Option<Value> {
    let path = folder()?
        .join("extracted")
        .join(name)
        .with_extension("json");
    let text = std::fs::read_to_string(&path).expect("a suite that was there");
    Some(serde_json::from_str(&text).expect("JSON"))
}

/// The cases of a suite.
pub fn cases(suite: &Value) -> &[Value] {
    suite["cases"].as_array().expect("cases")
}

/// The field `name` of a case as text.
pub fn text<'a>(case: &'a Value, name: &str) -> &'a str {
    case[name].as_str().unwrap_or_default()
}
