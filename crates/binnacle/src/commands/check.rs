//! `binnacle check`: configuration files, offline.

use binnacle::config;
use serde_json::{Value, json};

use crate::cli::Check;

/// Checks every file; answers whether all are right.
pub fn run(check: &Check) -> bool {
    let mut all_right = true;
    let mut report = Vec::new();
    for file in &check.files {
        let result = config::check(file);
        all_right &= result.is_ok();
        if check.json {
            report.push(json!({ "file": file, "result": as_json(&result) }));
            continue;
        }
        match result {
            Err(errors) => eprintln!("{errors}"),
            Ok(checked) => {
                for warning in &checked.warnings {
                    println!("warning: {warning}");
                }
                for part in &checked.inactive {
                    println!("does not act yet: {part}");
                }
                for finding in &checked.findings {
                    println!("{finding}");
                }
                println!("{}: a valid {}", file.display(), checked.kind.as_str());
            }
        }
    }
    if check.json {
        println!("{:#}", Value::Array(report));
    }
    all_right
}

fn as_json(result: &Result<config::Checked, config::ConfigErrors>) -> Value {
    match result {
        Ok(checked) => json!({
            "valid": true,
            "kind": checked.kind.as_str(),
            "warnings": checked.warnings.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "findings": checked.findings.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "inactive": checked.inactive.iter().map(ToString::to_string).collect::<Vec<_>>(),
        }),
        Err(errors) => json!({
            "valid": false,
            "errors": errors
                .iter()
                .map(|e| json!({
                    "file": e.file,
                    "line": e.line,
                    "column": e.column,
                    "message": e.message,
                    "hint": e.hint,
                }))
                .collect::<Vec<_>>(),
        }),
    }
}
