//! The scheduler as those who show rules see it.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use binnacle_model::alert::{Replay, ReplayQuery, RuleGroup, Rules};
use binnacle_model::query::{Answer, QueryError};

use super::Scheduler;
use crate::file::RuleFile;
use crate::settings::Settings;
use crate::{lint, replay};

impl Rules for Scheduler {
    fn groups(&self) -> Vec<Arc<RuleGroup>> {
        Scheduler::groups(self)
    }

    fn replay(&self, query: ReplayQuery) -> Answer<'_, Replay> {
        let around = self.surroundings();
        Box::pin(async move {
            let settings = of_replay(&around.settings);
            let sources = replay::Sources {
                metrics: &*around.metrics,
                logs: around.logs.as_deref(),
            };
            replay::replay(&query, sources, &settings).await
        })
    }

    fn lint(&self, rules: &str) -> Result<Vec<(u32, String)>, QueryError> {
        lint::lint_text(rules, &of_lint(&self.surroundings().settings))
    }
}

/// What the linter says of the rules of each group, by file and name: line and what.
pub(super) struct Findings<'a>(HashMap<(&'a Path, String), Vec<(u32, String)>>);

impl<'a> Findings<'a> {
    pub(super) fn of(files: &'a [RuleFile], settings: &Settings) -> Self {
        let mut found: HashMap<_, Vec<_>> = HashMap::new();
        for finding in lint::lint(files, &of_lint(settings)) {
            let Some(file) = files.iter().find(|f| f.path == finding.file) else {
                continue;
            };
            let what = format!(
                "{}: {}: {}",
                finding.severity.as_str(),
                finding.problem,
                finding.advice
            );
            found
                .entry((file.path.as_path(), finding.group))
                .or_default()
                .push((finding.line, what));
        }
        Self(found)
    }

    pub(super) fn of_group(&self, file: &'a RuleFile, group: &str) -> &[(u32, String)] {
        self.0
            .get(&(file.path.as_path(), group.to_owned()))
            .map_or(&[], Vec::as_slice)
    }
}

fn of_lint(settings: &Settings) -> lint::Settings {
    lint::Settings {
        scrape_interval_ms: settings.scrape_interval_ms,
        evaluation_interval_ms: settings.interval_ms,
        lookback_ms: settings.lookback_ms,
        retention_ms: settings.retention_ms,
        external_labels: Some(settings.external_labels.clone()),
        ..lint::Settings::default()
    }
}

fn of_replay(settings: &Settings) -> replay::Settings {
    replay::Settings {
        interval_ms: settings.interval_ms,
        query_offset_ms: settings.query_offset_ms,
        external_labels: settings.external_labels.clone(),
        external_url: settings.external_url.clone(),
        lookback_ms: settings.lookback_ms,
        ..replay::Settings::default()
    }
}
