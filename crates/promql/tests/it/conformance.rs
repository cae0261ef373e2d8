//! Where the suites lie, and how they are read.
//!
//! They are no part of this repository: tests that need them say that they were
//! skipped when the folder is not there.

use std::path::PathBuf;

use serde_json::Value;

/// The folder of the suites, or `None` after one line that says so.
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

/// An extracted suite, by its name such as `prometheus/promql_string`.
pub fn suite(name: &str) -> Option<Suite> {
    let path = folder()?.join("extracted").join(format!("{name}.json"));
    let text = std::fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let whole: Value =
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    Some(Suite { whole })
}

/// A suite's text and cases.
pub struct Suite {
    whole: Value,
}

impl Suite {
    /// A field of the suite as a whole.
    pub fn text(&self, field: &str) -> &str {
        self.whole[field].as_str().unwrap_or_default()
    }

    /// Runs `check` on every case and fails with all that failed, by their ids.
    pub fn run(&self, mut check: impl FnMut(&Value) -> Result<(), String>) {
        let cases = self.whole["cases"].as_array().expect("a suite has cases");
        assert!(!cases.is_empty());
        let failed: Vec<String> = cases
            .iter()
            .filter_map(|case| {
                let why = check(case).err()?;
                Some(format!("{}: {why}", case["id"].as_str().unwrap_or("?")))
            })
            .collect();
        let count = cases.len();
        println!(
            "{}: {} of {count} pass",
            self.text("suite"),
            count - failed.len()
        );
        assert!(
            failed.is_empty(),
            "{} of {count} fail:\n{}",
            failed.len(),
            failed.join("\n")
        );
    }
}

/// The bytes of a text, which may be given in base64 when it is not UTF-8.
pub fn bytes(value: &Value) -> Vec<u8> {
    match (value.as_str(), value["$b64"].as_str()) {
        (Some(text), _) => text.as_bytes().to_vec(),
        (None, Some(encoded)) => from_base64(encoded),
        (None, None) => panic!("neither text nor base64: {value}"),
    }
}

fn from_base64(text: &str) -> Vec<u8> {
    let digit = |c: u8| match c {
        b'A'..=b'Z' => c - b'A',
        b'a'..=b'z' => c - b'a' + 26,
        b'0'..=b'9' => c - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        other => panic!("{other} is not base64"),
    };
    let (mut bits, mut count, mut out) = (0_u32, 0, Vec::new());
    for c in text.bytes().filter(|&c| c != b'=') {
        bits = bits << 6 | u32::from(digit(c));
        count += 6;
        if count >= 8 {
            count -= 8;
            out.push((bits >> count) as u8);
        }
    }
    out
}

/// `Ok` when both are the same.
pub fn same<T: PartialEq + std::fmt::Display>(got: &T, want: &T) -> Result<(), String> {
    if got == want {
        Ok(())
    } else {
        Err(format!("\n   got {got}\n  want {want}"))
    }
}
