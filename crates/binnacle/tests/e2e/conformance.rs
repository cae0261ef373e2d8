//! Where the conformance data are.

use std::path::PathBuf;

use serde_json::Value;

/// A suite of `extracted/`, or one line that says that it is skipped.
pub fn suite(name: &str) -> Option<Value> {
    let root = std::env::var_os("BINNACLE_CONFORMANCE").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/conformance"),
        PathBuf::from,
    );
    let path = root.join("extracted").join(name);
    let Ok(text) = std::fs::read_to_string(&path) else {
        println!("skipped: no conformance data ({name})");
        return None;
    };
    Some(serde_json::from_str(&text).expect("a suite is JSON"))
}
