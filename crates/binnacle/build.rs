//! Says whether the UI was built, so that the binary embeds it or does without,
//! and which commit this is. Needs no tool but Cargo.

use std::path::Path;
use std::process::Command;

fn main() {
    println!("cargo::rustc-check-cfg=cfg(binnacle_ui)");
    println!("cargo::rerun-if-changed=../../ui/dist/index.html");
    println!("cargo::rerun-if-changed=../../.git/HEAD");
    let wanted = std::env::var_os("CARGO_FEATURE_UI").is_some();
    if wanted && Path::new("../../ui/dist/index.html").exists() {
        println!("cargo::rustc-cfg=binnacle_ui");
    } else if wanted {
        println!("cargo::warning=the web UI is not built and will be missing: run `make ui` first");
    }
    println!(
        "cargo::rustc-env=BINNACLE_REVISION={}",
        output("git", &["rev-parse", "--short", "HEAD"])
    );
    let rustc = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
    println!(
        "cargo::rustc-env=BINNACLE_RUSTC={}",
        output(&rustc, &["--version"])
    );
}

/// The first line that a command prints, or `unknown`.
fn output(command: &str, arguments: &[&str]) -> String {
    Command::new(command)
        .args(arguments)
        .output()
        .ok()
        .filter(|o| o.status.success())
        .and_then(|o| String::from_utf8(o.stdout).ok())
        .and_then(|text| text.lines().next().map(str::to_owned))
        .unwrap_or_else(|| "unknown".to_owned())
}
