//! Tests of the configuration as a whole.

mod check;
mod conformance;
mod documentation;
mod file;
mod garbage;
mod loki;
mod privacy;
mod prometheus;
mod promtail;
mod web;
mod yaml;

use std::path::Path;

use binnacle_config::error::ConfigErrors;

/// The mistakes, one on each line, as they are shown.
fn shown<T>(result: Result<T, ConfigErrors>) -> String {
    result.map_or_else(|errors| errors.to_string(), |_| "loads".to_owned())
}

/// Writes `text` to `name` in `dir`, with the folders in between.
fn write(dir: &Path, name: &str, text: &str) -> std::path::PathBuf {
    let path = dir.join(name);
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent).expect("a folder can be made");
    }
    std::fs::write(&path, text).expect("a file can be written");
    path
}
