//! Metrics that other programs leave in files (`*.prom` of a directory).
//!
//! A file is exposed as a whole or not at all: it must parse, must not hold
//! timestamps, and is at most [`FILE_BYTES_MAX`] large. Families are not merged
//! between files, nor with those of other collectors.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use binnacle_model::metadata::MetricType;

use super::families::Families;
use super::roots::names_in;
use super::{Collect, HostError, HostSettings};
use crate::scrape::exposition;

/// Bytes of one file, at most.
const FILE_BYTES_MAX: u64 = 16 << 20;

pub(super) struct TextFile {
    directory: Option<PathBuf>,
    /// Files that failed, so that each failure is logged once.
    failed: Vec<PathBuf>,
}

impl TextFile {
    pub(super) fn new(settings: &HostSettings) -> Self {
        Self {
            directory: settings.textfile_directory.clone(),
            failed: Vec::new(),
        }
    }
}

impl Collect for TextFile {
    fn collect(&mut self, out: &mut Families<'_>) -> Result<(), HostError> {
        let mut errors = 0;
        let mut changed: Vec<(String, f64)> = Vec::new();
        if let Some(directory) = &self.directory {
            for name in names_in(directory)
                .into_iter()
                .filter(|n| n.ends_with(".prom"))
            {
                let path = directory.join(name);
                match read(&path) {
                    Ok((text, seconds)) => {
                        self.failed.retain(|p| *p != path);
                        out.raw(&text);
                        changed.push((path.display().to_string(), seconds));
                    }
                    Err(error) => {
                        errors = 1;
                        if !self.failed.contains(&path) {
                            tracing::warn!(file = %path.display(), %error, "metrics file left out");
                            self.failed.push(path);
                        }
                    }
                }
            }
        }
        if !changed.is_empty() {
            let mut family = out.family(
                "node_textfile_mtime_seconds",
                MetricType::Gauge,
                "When a metrics file was changed, in seconds since the Unix epoch.",
            );
            for (file, seconds) in &changed {
                family.sample(&[("file", file)], *seconds);
            }
        }
        out.gauge(
            "node_textfile_scrape_error",
            "Whether a metrics file could not be read.",
            f64::from(errors),
        );
        Ok(())
    }
}

/// The file's text and when it was changed.
fn read(path: &Path) -> Result<(String, f64), HostError> {
    let io = |e| HostError::Io {
        path: path.to_owned(),
        source: e,
    };
    let metadata = fs::metadata(path).map_err(io)?;
    if metadata.len() > FILE_BYTES_MAX {
        return Err(HostError::bad(
            path,
            format!("more than {FILE_BYTES_MAX} bytes"),
        ));
    }
    let bytes = fs::read(path).map_err(io)?;
    let text =
        String::from_utf8(bytes).map_err(|_| HostError::bad(path, "text that is not UTF-8"))?;
    let summary =
        exposition::check(text.as_bytes()).map_err(|e| HostError::bad(path, e.to_string()))?;
    if summary.timestamps {
        return Err(HostError::bad(
            path,
            "timestamps, which are not supported here",
        ));
    }
    let changed = metadata
        .modified()
        .map_err(io)?
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Ok((text, changed.as_secs_f64()))
}
