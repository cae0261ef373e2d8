//! Dependencies between the crates point down only: the table here is the law,
//! and `ARCHITECTURE.md` its picture.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Result, bail};
use serde_json::Value;

use crate::metadata::packages;

/// Each crate and the crates of the house that it may use.
const ALLOWED: &[(&str, &[&str])] = &[
    ("binnacle-stdx", &[]),
    ("binnacle-model", &["binnacle-stdx"]),
    ("binnacle-store", &["binnacle-stdx", "binnacle-model"]),
    (
        "binnacle-metrics",
        &["binnacle-stdx", "binnacle-model", "binnacle-store"],
    ),
    ("binnacle-wire", &["binnacle-stdx", "binnacle-model"]),
    ("binnacle-promql", &["binnacle-stdx", "binnacle-model"]),
    (
        "binnacle-events",
        &["binnacle-stdx", "binnacle-model", "binnacle-store"],
    ),
    // `promql` for matching vectors and merging series, which the languages share.
    (
        "binnacle-logql",
        &[
            "binnacle-stdx",
            "binnacle-model",
            "binnacle-promql",
            "binnacle-template",
        ],
    ),
    ("binnacle-guard", &["binnacle-stdx", "binnacle-model"]),
    ("binnacle-client", &[]),
    ("binnacle-config", &["binnacle-model", "binnacle-client"]),
    ("binnacle-template", &["binnacle-stdx", "binnacle-model"]),
    ("binnacle-state", &["binnacle-stdx", "binnacle-model"]),
    // `promql` for the syntax of expressions alone: data come through `model`.
    (
        "binnacle-rules",
        &[
            "binnacle-stdx",
            "binnacle-model",
            "binnacle-config",
            "binnacle-promql",
            "binnacle-logql",
            "binnacle-template",
        ],
    ),
    (
        "binnacle-alerting",
        &[
            "binnacle-stdx",
            "binnacle-model",
            "binnacle-store",
            "binnacle-client",
            "binnacle-config",
            "binnacle-template",
            "binnacle-state",
        ],
    ),
    (
        "binnacle-collect",
        &[
            "binnacle-stdx",
            "binnacle-model",
            "binnacle-client",
            "binnacle-wire",
            "binnacle-template",
            "binnacle-logql",
        ],
    ),
    (
        "binnacle-server",
        &["binnacle-stdx", "binnacle-model", "binnacle-wire"],
    ),
    (
        "binnacle",
        &[
            "binnacle-stdx",
            "binnacle-model",
            "binnacle-store",
            "binnacle-metrics",
            "binnacle-events",
            "binnacle-wire",
            "binnacle-promql",
            "binnacle-logql",
            "binnacle-guard",
            "binnacle-client",
            "binnacle-config",
            "binnacle-template",
            "binnacle-state",
            "binnacle-rules",
            "binnacle-alerting",
            "binnacle-collect",
            "binnacle-server",
        ],
    ),
];

/// Crates that are tools and not rooms: they may use any room.
const TOOLS: &[&str] = &["xtask", "bench"];

/// Fails when a crate uses one that it may not.
pub fn check(metadata: &Value) -> Result<()> {
    let allowed: BTreeMap<&str, &[&str]> = ALLOWED.iter().copied().collect();
    let mut wrong = Vec::new();
    let mut seen = BTreeSet::new();
    for package in packages(metadata).filter(|p| p["source"].is_null()) {
        let name = package["name"].as_str().unwrap_or_default();
        seen.insert(name);
        if TOOLS.contains(&name) {
            continue;
        }
        let Some(uses) = allowed.get(name) else {
            wrong.push(format!("{name} is not in the table of xtask/src/arrows.rs"));
            continue;
        };
        for dependency in package["dependencies"].as_array().into_iter().flatten() {
            let used = dependency["name"].as_str().unwrap_or_default();
            let is_ours = dependency["source"].is_null();
            if is_ours && !uses.contains(&used) && dependency["kind"] != "dev" {
                wrong.push(format!("{name} uses {used}, and arrows point down only"));
            }
        }
    }
    for (name, _) in ALLOWED {
        if !seen.contains(name) {
            wrong.push(format!("{name} is in the table and not in the workspace"));
        }
    }
    if !wrong.is_empty() {
        bail!("arrows:\n  {}", wrong.join("\n  "));
    }
    println!("arrows: {} crates, all point down", ALLOWED.len());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(name: &str, uses: &[&str]) -> Value {
        let dependencies: Vec<Value> = uses
            .iter()
            .map(|used| serde_json::json!({"name": used, "source": null, "kind": null}))
            .collect();
        serde_json::json!({"name": name, "source": null, "dependencies": dependencies})
    }

    fn house(model_uses: &[&str]) -> Value {
        let packages: Vec<Value> = ALLOWED
            .iter()
            .map(|(name, uses)| {
                package(
                    name,
                    if *name == "binnacle-model" {
                        model_uses
                    } else {
                        uses
                    },
                )
            })
            .collect();
        serde_json::json!({ "packages": packages })
    }

    #[test]
    fn an_arrow_that_points_up_is_found() {
        assert!(check(&house(&["binnacle-stdx"])).is_ok());
        let error = check(&house(&["binnacle-promql"]))
            .expect_err("points up")
            .to_string();
        assert!(
            error.contains("binnacle-model uses binnacle-promql"),
            "{error}"
        );
    }
}
