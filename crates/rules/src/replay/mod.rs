//! Rules tried on the stored past: when would they have fired, what would they have
//! recorded.
//!
//! ```text
//! rules text ── plan ──► rules in order, who reads whom
//!                          │
//!        reads the store only            reads what these rules give
//!          fetch: range queries             split: the parts that read the store only
//!                          │                are fetched, the rest is evaluated here
//!                          │                over layer: memory above the store
//!                          └──► play: for, keep_firing_for, labels, staleness ──► Replay
//!                                                                        └──► backfill
//! ```
//!
//! Rules over lines read the stored lines, in range queries of LogQL. A rule is asked for
//! all its steps at once, not step by step, and the state machine
//! of the server ([`crate::rule`]) runs over the matrix that comes back; the outcome is
//! the same. Where a rule reads what comes after it in the file (its own series, say),
//! all rules go step by step together.
//!
//! Nothing is written: what rules record lies in memory above the store while the
//! replay runs, and hides what the store has of the same names from the start on.
//! [`backfill`] writes it.
//!
//! Not seen by rules that read what rules of the same file give: staleness markers
//! that the store holds in series which they read beside those, because the seam to
//! the store does not tell them.

mod backfill;
mod fetch;
mod layer;
mod plan;
mod play;
mod run;
mod split;

use std::time::Instant;

use binnacle_model::Append;
use binnacle_model::Labels;
use binnacle_model::alert::{Replay, ReplayQuery};
use binnacle_model::event::EvaluateLogs;
use binnacle_model::query::{MetricsQuery, QueryError};

use crate::file::{self, FileOptions, RuleFile};

pub use backfill::{Backfill, BackfilledRule};

/// Where rules are evaluated.
#[derive(Clone, Copy)]
pub struct Sources<'a> {
    /// The stored series.
    pub metrics: &'a dyn MetricsQuery,
    /// The stored lines; `None`: there are none here, and rules over lines are left out.
    pub logs: Option<&'a dyn EvaluateLogs>,
}

/// How rules are replayed.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Time between evaluations of groups that name none, milliseconds.
    pub interval_ms: i64,
    /// How far in the past groups that say nothing of it are evaluated, milliseconds.
    pub query_offset_ms: i64,
    /// Labels that templates see as `$externalLabels`.
    pub external_labels: Labels,
    /// What templates see as `$externalURL`.
    pub external_url: String,
    /// How far an instant selector looks back, milliseconds.
    pub lookback_ms: i64,
    /// Steps of one range query, at most.
    pub steps_max: usize,
    /// Alerts in the answer, at most; the others are counted only.
    pub alerts_max: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            interval_ms: 60_000,
            query_offset_ms: 0,
            external_labels: Labels::empty(),
            external_url: String::new(),
            lookback_ms: 300_000,
            steps_max: 5_000,
            alerts_max: 10_000,
        }
    }
}

/// What the rules of `query` would have done.
///
/// # Errors
/// [`QueryError::BadData`] when the text is no rule file or the times make no sense;
/// those of the store when it cannot be asked at all. A rule that cannot be evaluated
/// is in [`Replay::errors`].
pub async fn replay(
    query: &ReplayQuery,
    sources: Sources<'_>,
    settings: &Settings,
) -> Result<Replay, QueryError> {
    let begun = Instant::now();
    let plan = plan::Plan::new(
        &read(&query.rules)?,
        query,
        settings,
        sources.logs.is_some(),
    )?;
    let played = run::run(&plan, sources, settings, None).await?;
    let mut replay = run::summed_up(&plan, played, settings);
    replay.seconds = begun.elapsed().as_secs_f64();
    Ok(replay)
}

/// Writes into `into` what the recording rules of `query` would have recorded, and
/// says what was refused. Rules that other rules read come first. Nothing is written
/// of alerting rules.
///
/// An engine takes samples in the order of time, and older ones only within its
/// window: back-fill before a rule is live, or into an engine that takes old samples.
///
/// # Errors
/// As [`replay`], and when the engine takes no writes.
pub async fn backfill(
    query: &ReplayQuery,
    sources: Sources<'_>,
    settings: &Settings,
    into: &dyn Append,
) -> Result<Backfill, QueryError> {
    let plan = plan::Plan::new(
        &read(&query.rules)?,
        query,
        settings,
        sources.logs.is_some(),
    )?;
    let played = run::run(&plan, sources, settings, Some(into)).await?;
    Ok(backfill::summed_up(&plan, played))
}

fn read(text: &str) -> Result<RuleFile, QueryError> {
    let path = std::path::Path::new("rules");
    file::parse(path, text, FileOptions::default()).map_err(|errors| bad(errors.to_string()))
}

fn bad(message: impl Into<String>) -> QueryError {
    QueryError::BadData {
        message: message.into(),
        span: None,
    }
}
