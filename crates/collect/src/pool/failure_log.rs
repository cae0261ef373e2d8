//! The file to which failed scrapes are logged (`scrape_failure_log_file`), one
//! JSON object a line.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::Path;

use parking_lot::Mutex;
use serde_json::json;

use crate::scrape::{ScrapeError, Target};

/// An open log.
#[derive(Debug)]
pub(crate) struct FailureLog(Mutex<File>);

impl FailureLog {
    /// Opens the file for appending.
    ///
    /// # Errors
    /// Those of the operating system.
    pub(crate) fn open(path: &Path) -> std::io::Result<Self> {
        let file = OpenOptions::new().create(true).append(true).open(path)?;
        Ok(Self(Mutex::new(file)))
    }

    /// Adds a line.
    pub(crate) fn write(&self, now_ms: i64, target: &Target, error: &ScrapeError) {
        let mut line = json!({
            "time_ms": now_ms,
            "level": "ERROR",
            "msg": "scrape failed",
            "job_name": target.pool(),
            "target": target.url(),
            "err": error.to_string(),
        })
        .to_string();
        line.push('\n');
        if let Err(error) = self.0.lock().write_all(line.as_bytes()) {
            tracing::warn!(%error, "writing the scrape failure log failed");
        }
    }
}
