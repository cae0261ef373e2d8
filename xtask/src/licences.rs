//! Every dependency has a permissive licence: those of the Rust crates as Cargo
//! tells them, those of the UI's packages as the lock file tells them.

use std::fs;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::metadata::packages;

/// Licences that let anyone use, change and pass on the code with no condition on
/// code around it. MPL-2.0 is per file and unmodified here; it is not on the list
/// because nothing needs it.
const ALLOWED: &[&str] = &[
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "BlueOak-1.0.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MIT-0",
    // Fonts.
    "OFL-1.1",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

/// Packages of the UI's lock file that state a licence outside of the list, and
/// why they are taken: used to build only, nothing of them is shipped.
const BUILD_ONLY: &[&str] = &["MPL-2.0", "CC-BY-4.0", "Python-2.0"];

/// Fails when a dependency has another licence, or none.
pub fn check(metadata: &Value) -> Result<()> {
    let mut wrong = Vec::new();
    let mut count = 0;
    for package in packages(metadata).filter(|p| !p["source"].is_null()) {
        count += 1;
        let name = package["name"].as_str().unwrap_or_default();
        let licence = package["license"].as_str().unwrap_or("none stated");
        if !is_allowed(licence) {
            wrong.push(format!("{name}: {licence}"));
        }
    }
    let lock = fs::read_to_string("ui/package-lock.json").context("read ui/package-lock.json")?;
    let lock: Value = serde_json::from_str(&lock).context("parse ui/package-lock.json")?;
    for (path, package) in lock["packages"].as_object().into_iter().flatten() {
        if path.is_empty() {
            continue;
        }
        count += 1;
        let licence = package["license"].as_str().unwrap_or("none stated");
        let build_only = package["dev"] == true && BUILD_ONLY.contains(&licence);
        if !is_allowed(licence) && !build_only {
            wrong.push(format!("ui: {path}: {licence}"));
        }
    }
    if !wrong.is_empty() {
        bail!(
            "licences that are not on the list:\n  {}",
            wrong.join("\n  ")
        );
    }
    println!("licences: {count} dependencies, all permissive");
    Ok(())
}

/// Evaluates an SPDX expression: one side of an `OR`, both sides of an `AND`.
fn is_allowed(expression: &str) -> bool {
    // Old crates write `MIT/Apache-2.0` for OR.
    let expression = expression.replace('/', " OR ");
    let tokens = tokens(&expression);
    let mut rest = tokens.as_slice();
    let allowed = any_of(&mut rest);
    allowed == Some(true) && rest.is_empty()
}

fn tokens(text: &str) -> Vec<String> {
    text.replace('(', " ( ")
        .replace(')', " ) ")
        .split_whitespace()
        .map(str::to_owned)
        .collect()
}

fn any_of(rest: &mut &[String]) -> Option<bool> {
    let mut allowed = all_of(rest)?;
    while rest.first().is_some_and(|t| t == "OR") {
        *rest = &rest[1..];
        allowed |= all_of(rest)?;
    }
    Some(allowed)
}

fn all_of(rest: &mut &[String]) -> Option<bool> {
    let mut allowed = one(rest)?;
    while rest.first().is_some_and(|t| t == "AND") {
        *rest = &rest[1..];
        allowed &= one(rest)?;
    }
    Some(allowed)
}

fn one(rest: &mut &[String]) -> Option<bool> {
    let (first, behind) = rest.split_first()?;
    *rest = behind;
    if first == "(" {
        let allowed = any_of(rest)?;
        let (close, behind) = rest.split_first()?;
        *rest = behind;
        return (close == ")").then_some(allowed);
    }
    if let [with, exception, behind @ ..] = *rest
        && with == "WITH"
    {
        *rest = behind;
        let whole = format!("{first} WITH {exception}");
        return Some(ALLOWED.contains(&whole.as_str()));
    }
    Some(ALLOWED.contains(&first.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions() {
        let check = |expression: &str, want: bool| {
            assert_eq!(is_allowed(expression), want, "{expression}");
        };
        check("MIT", true);
        check("MIT/Apache-2.0", true);
        check("GPL-3.0 OR MIT", true);
        check("MIT AND GPL-3.0", false);
        check("(MIT OR GPL-2.0) AND Unicode-3.0", true);
        check("(MIT AND GPL-2.0) OR AGPL-3.0", false);
        check("Apache-2.0 WITH LLVM-exception", true);
        check("GPL-2.0 WITH Classpath-exception-2.0", false);
        check("LGPL-3.0", false);
        check("none stated", false);
        check("(MIT", false);
    }
}
