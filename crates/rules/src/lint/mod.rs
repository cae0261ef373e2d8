//! What is doubtful in rules that load: what promtool and pint say of them, and the
//! mistakes that people make in alerts and that no loader sees.
//!
//! ```text
//! rule files ──► checks, one file each ──► findings: file, line, rule, what, what to do
//!                   │
//!                   └── data (only when asked): do these metrics and labels exist?
//! ```
//!
//! A check says nothing that it cannot show from the text; where that needs to know
//! more (how long samples are kept, which labels targets have), [`Settings`] says it,
//! and the check is silent without. Names of checks are stable; those that pint has
//! too have its names, and its comments (`# pint disable promql/rate`) are honoured.
//!
//! Deliberately not here: style that is a matter of taste, such as names.

mod checks;
mod comments;
mod data;
mod labels;
mod text;
mod walk;

pub(crate) use walk::walk;

use labels::{Possible, possible};

use std::fmt;
use std::path::{Path, PathBuf};

use binnacle_model::Labels;
use binnacle_model::query::{MetricsQuery, QueryError};

use crate::file::{self, FileOptions, GroupSpec, Language, RuleFile, RuleKind, RuleSpec};

pub use checks::CHECKS;
pub use comments::without_ignored;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// It works and could be better.
    Info,
    /// It works and surely not always as it was meant.
    Warning,
    /// It does not do what it says.
    Bug,
}

impl Severity {
    /// In a word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Bug => "bug",
        }
    }
}

/// One thing that is doubtful.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The file, as it was named.
    pub file: PathBuf,
    /// Its line, from 1.
    pub line: u32,
    /// The group.
    pub group: String,
    /// The rule; empty when the group is meant.
    pub rule: String,
    /// Which check found it.
    pub check: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong.
    pub problem: String,
    /// What to do.
    pub advice: String,
}

/// As `rules.yml:12: warning: HighLatency: … : do … (promql/rate)`.
impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}:{}: {}: ",
            self.file.display(),
            self.line,
            self.severity.as_str()
        )?;
        if !self.rule.is_empty() {
            write!(f, "{}: ", self.rule)?;
        }
        write!(f, "{}: {} ({})", self.problem, self.advice, self.check)
    }
}

/// A check, for lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct About {
    /// Its name.
    pub name: &'static str,
    /// What it looks for.
    pub about: &'static str,
}

/// What the text alone does not say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// How often targets are scraped, milliseconds.
    pub scrape_interval_ms: i64,
    /// How often groups without an interval are evaluated, milliseconds.
    pub evaluation_interval_ms: i64,
    /// How far an instant selector looks back, milliseconds.
    pub lookback_ms: i64,
    /// How long samples are kept, milliseconds.
    pub retention_ms: Option<i64>,
    /// Labels that this server adds to everything that leaves it.
    pub external_labels: Option<Labels>,
    /// All labels that targets and instrumentation give, when they are known.
    pub target_labels: Option<Vec<String>>,
}

impl Default for Settings {
    /// Prometheus' defaults, but 15 seconds between scrapes, which is what people set.
    fn default() -> Self {
        Self {
            scrape_interval_ms: 15_000,
            evaluation_interval_ms: 60_000,
            lookback_ms: 300_000,
            retention_ms: None,
            external_labels: None,
            target_labels: None,
        }
    }
}

/// What a check looks at.
#[derive(Clone, Copy)]
pub(crate) struct Subject<'a> {
    /// All files that are loaded together.
    pub(crate) files: &'a [RuleFile],
    pub(crate) settings: &'a Settings,
    pub(crate) file: &'a RuleFile,
    pub(crate) group: &'a GroupSpec,
    pub(crate) rule: &'a RuleSpec,
}

impl Subject<'_> {
    /// Whether the rule alerts.
    pub(crate) fn is_alert(&self) -> bool {
        matches!(self.rule.kind, RuleKind::Alerting { .. })
    }

    /// The labels that results of the expression can have.
    fn possible_labels(&self) -> Possible {
        match self.rule.expr.language {
            Language::Promql => possible(&self.rule.expr.tree),
            // Parsers make labels of what is in the lines.
            Language::Logql => Possible::any(),
        }
    }

    /// `for`, milliseconds; 0 for recording rules.
    pub(crate) fn hold_ms(&self) -> i64 {
        match self.rule.kind {
            RuleKind::Alerting { hold_ms, .. } => hold_ms,
            RuleKind::Recording => 0,
        }
    }

    /// Annotations; none for recording rules.
    pub(crate) fn annotations(&self) -> &[file::Field] {
        match &self.rule.kind {
            RuleKind::Alerting { annotations, .. } => annotations,
            RuleKind::Recording => &[],
        }
    }

    /// How often the rule is evaluated, milliseconds.
    pub(crate) fn interval_ms(&self) -> i64 {
        self.group
            .interval_ms
            .unwrap_or(self.settings.evaluation_interval_ms)
    }

    /// The line of a byte of the expression.
    pub(crate) fn line_of(&self, byte: usize) -> u32 {
        self.rule.expr.place_of(byte).line
    }
}

/// Takes findings about one rule.
pub(crate) struct Report<'a> {
    subject: Subject<'a>,
    findings: Vec<Finding>,
}

impl<'a> Report<'a> {
    pub(crate) fn new(subject: Subject<'a>) -> Self {
        Self {
            subject,
            findings: Vec::new(),
        }
    }

    /// Notes a finding, unless the same is noted for that line.
    pub(crate) fn add(
        &mut self,
        check: &'static str,
        severity: Severity,
        line: u32,
        problem: impl Into<String>,
        advice: impl Into<String>,
    ) {
        let finding = Finding {
            file: self.subject.file.path.clone(),
            line,
            group: self.subject.group.name.clone(),
            rule: self.subject.rule.name.clone(),
            check,
            severity,
            problem: problem.into(),
            advice: advice.into(),
        };
        if !self.findings.contains(&finding) {
            self.findings.push(finding);
        }
    }

    pub(crate) fn into_findings(self) -> Vec<Finding> {
        self.findings
    }
}

/// Looks through files that are loaded together; by file and line.
#[must_use]
pub fn lint(files: &[RuleFile], settings: &Settings) -> Vec<Finding> {
    let mut findings = Vec::new();
    for subject in subjects(files, settings) {
        let mut report = Report::new(subject);
        checks::run(&subject, &mut report);
        findings.extend(report.into_findings());
    }
    for file in files {
        findings.extend(checks::groups(file, settings));
    }
    sorted(findings)
}

/// As [`lint`], and asks `metrics` at `now_ms` whether what rules speak of exists.
pub async fn lint_with(
    files: &[RuleFile],
    settings: &Settings,
    metrics: &dyn MetricsQuery,
    now_ms: i64,
) -> Vec<Finding> {
    let mut findings = lint(files, settings);
    findings.extend(data::look(files, settings, metrics, now_ms).await);
    sorted(findings)
}

/// Looks through the text of one rule file: lines and what is to be said.
///
/// # Errors
/// [`QueryError::BadData`] when it is no rule file.
pub fn lint_text(rules: &str, settings: &Settings) -> Result<Vec<(u32, String)>, QueryError> {
    let path = Path::new("rules");
    let file =
        file::parse(path, rules, FileOptions::default()).map_err(|errors| QueryError::BadData {
            message: errors.to_string(),
            span: None,
        })?;
    let files = [file];
    let findings = without_ignored(lint(&files, settings), &files[0], rules);
    let say = |f: Finding| {
        let severity = f.severity.as_str();
        let Finding {
            rule,
            problem,
            advice,
            check,
            line,
            ..
        } = f;
        (
            line,
            format!("{severity}: {rule}: {problem}: {advice} ({check})"),
        )
    };
    Ok(findings.into_iter().map(say).collect())
}

fn subjects<'a>(
    files: &'a [RuleFile],
    settings: &'a Settings,
) -> impl Iterator<Item = Subject<'a>> {
    files.iter().flat_map(move |file| {
        file.groups.iter().flat_map(move |group| {
            group.rules.iter().map(move |rule| Subject {
                files,
                settings,
                file,
                group,
                rule,
            })
        })
    })
}

fn sorted(mut findings: Vec<Finding>) -> Vec<Finding> {
    findings.sort_by(|a, b| {
        (
            &a.file,
            a.line,
            std::cmp::Reverse(a.severity),
            a.check,
            &a.problem,
        )
            .cmp(&(
                &b.file,
                b.line,
                std::cmp::Reverse(b.severity),
                b.check,
                &b.problem,
            ))
    });
    findings.dedup();
    findings
}
