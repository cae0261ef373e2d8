//! The query log: one JSON line for each query, as Prometheus writes them.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use binnacle_model::query::{QueryAnswer, QueryError};
use binnacle_promql::eval::TimeRange;
use parking_lot::Mutex;
use serde_json::json;

/// An open log file.
pub struct QueryLog {
    path: PathBuf,
    file: Mutex<File>,
}

impl QueryLog {
    /// Appends to `path`, which is made when it is not there.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().create(true).append(true).open(path)?;
        Ok(Self {
            path: path.to_owned(),
            file: Mutex::new(file),
        })
    }

    /// Writes one line; a failure is logged and changes nothing else.
    pub(super) fn write(
        &self,
        now_ms: i64,
        text: &str,
        range: TimeRange,
        client: &str,
        seconds: f64,
        answer: &Result<QueryAnswer, QueryError>,
    ) {
        let mut line = json!({
            "ts": now_ms as f64 / 1000.0,
            "params": {
                "query": text,
                "start": range.start_ms as f64 / 1000.0,
                "end": range.end_ms as f64 / 1000.0,
                "step": range.step_ms as f64 / 1000.0,
            },
            "client": client,
            "seconds": seconds,
        });
        match answer {
            Ok(answer) => {
                line["samples"] = json!({
                    "totalQueryableSamples": answer.statistics.samples_total,
                    "peakSamples": answer.statistics.samples_peak,
                });
            }
            Err(error) => line["error"] = json!(error.to_string()),
        }
        if let Err(error) = writeln!(self.file.lock(), "{line}") {
            tracing::warn!(path = %self.path.display(), %error, "cannot write the query log");
        }
    }
}
