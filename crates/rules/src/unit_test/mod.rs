//! Unit tests of rules: promtool's test files, and lines for rules over lines, run on
//! virtual time.
//!
//! ```text
//! test file ── file ──► tests ── run ──► storage and lines in memory, filled step by step
//!                                  │        ▲            │
//!                                  │        └── groups ◄─┘   the evaluator of the server
//!                                  ├── alerts        what fires at a time
//!                                  ├── expressions   what an expression comes to
//!                                  └──► report, junit
//! ```
//!
//! The rules are evaluated by the same [`crate::group::Group`] that runs in the
//! server, so a test proves what will happen. Input series and lines come up to the time
//! of each evaluation and no further: a rule that looks ahead sees nothing there, as
//! in life.
//!
//! Deliberately not here: native histograms beyond being stored and selected, which
//! is as far as the language goes.

mod alerts;
mod expressions;
mod file;
mod histogram;
mod junit;
mod lines;
mod moment;
pub mod query;
mod report;
mod run;
pub mod storage;

use std::path::{Path, PathBuf};

use regex::Regex;

pub use junit::junit;

/// How tests are run.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Only tests whose name matches, anywhere in it.
    pub run: Option<Regex>,
    /// Show differences line by line instead of all that was expected and got.
    pub diff: bool,
    /// Fields of rule files that nobody knows do no harm.
    pub ignore_unknown_fields: bool,
}

impl Options {
    /// Only tests whose name matches one of the regular expressions; none: all.
    ///
    /// # Errors
    /// What is wrong with one of them.
    pub fn only(mut self, patterns: &[String]) -> Result<Self, String> {
        if !patterns.is_empty() {
            let run = Regex::new(&patterns.join("|")).map_err(|error| error.to_string())?;
            self.run = Some(run);
        }
        Ok(self)
    }
}

/// What became of a test file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FileReport {
    /// The file.
    pub file: PathBuf,
    /// Why it, or the rules it names, could not be read.
    pub error: Option<String>,
    /// What is odd and does no harm.
    pub warnings: Vec<String>,
    /// Its tests, in order, without those that were not asked for.
    pub cases: Vec<CaseReport>,
}

/// What became of one test.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CaseReport {
    /// Its name, or its place among the tests.
    pub name: String,
    /// What is not as it should be; nothing: it passed.
    pub failures: Vec<String>,
}

impl FileReport {
    /// Whether all tests passed.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.error.is_none() && self.cases.iter().all(|case| case.failures.is_empty())
    }
}

/// Runs the tests of a file. What cannot be read is in the report.
pub async fn run_file(path: &Path, options: &Options) -> FileReport {
    let mut report = FileReport {
        file: path.to_owned(),
        ..FileReport::default()
    };
    if let Err(error) = run::run_file(path, options, &mut report).await {
        report.error = Some(error);
    }
    report
}
