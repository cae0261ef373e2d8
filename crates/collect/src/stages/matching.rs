//! `match`: lines that a selector matches run through stages of their own, or are dropped.

use std::sync::Arc;

use binnacle_logql::ast::LogExpr;
use binnacle_logql::parse::parse_line_selector;
use binnacle_logql::stage::{Pipeline as LogPipeline, RowLabels};
use binnacle_model::Matcher;
use binnacle_model::event::LogLabels;

use super::drop::reason;
use super::settings::{MatchAction, MatchSettings, StageError};
use super::{Entry, Pipeline, Run, StageMetrics, run_from};

const REASON: &str = "match_stage";

struct Selector {
    matchers: Vec<Matcher>,
    lines: LogPipeline,
}

pub(super) struct Match {
    selector: Arc<Selector>,
    action: MatchAction,
    inner: Pipeline,
    reason: String,
    metrics: Arc<StageMetrics>,
}

impl Match {
    pub(super) fn new(
        settings: &MatchSettings,
        metrics: &Arc<StageMetrics>,
    ) -> Result<Self, StageError> {
        if settings.pipeline_name.as_deref() == Some("") {
            return Err(StageError::new(
                "pipeline_name",
                "match stage pipeline name can be omitted but cannot be an empty string",
            ));
        }
        if settings.selector.is_empty() {
            return Err(StageError::new(
                "selector",
                "selector statement required for match stage",
            ));
        }
        let drops = settings.action == MatchAction::Drop;
        match (drops, settings.stages.is_empty()) {
            (false, true) => {
                return Err(StageError::new(
                    "stages",
                    "match stage requires at least one additional stage to be defined in '- \
                     stages'",
                ));
            }
            (true, false) => {
                return Err(StageError::new(
                    "stages",
                    "match stage configured to drop entries cannot contains stages",
                ));
            }
            _ => {}
        }
        let wrong = |why: String| {
            StageError::new(
                "selector",
                format!("invalid selector syntax for match stage: {why}"),
            )
        };
        let log: LogExpr =
            parse_line_selector(&settings.selector).map_err(|e| wrong(e.to_string()))?;
        let lines = LogPipeline::new(&log.stages).map_err(wrong)?;
        Ok(Self {
            selector: Arc::new(Selector {
                matchers: log.matchers,
                lines,
            }),
            action: settings.action,
            inner: Pipeline::new(&settings.stages, metrics)?,
            reason: reason(&settings.drop_counter_reason, REASON),
            metrics: metrics.clone(),
        })
    }

    fn matches(&self, entry: &Entry) -> bool {
        let labels = &entry.labels;
        let all = self.selector.matchers.iter().all(|matcher| {
            let value = labels.get(&matcher.name).map_or("", String::as_str);
            matcher.matches(value)
        });
        all && {
            let mut none = RowLabels::default();
            none.reset(&Arc::new(LogLabels::default()));
            self.selector
                .lines
                .run(entry.t_ns, &entry.line, &mut none)
                .is_some()
        }
    }
}

impl Run for Match {
    fn run(&mut self, mut entry: Entry, now_ns: i64, out: &mut Vec<Entry>) {
        if !self.matches(&entry) {
            out.push(entry);
            return;
        }
        match self.action {
            MatchAction::Drop => self.metrics.dropped(&self.reason),
            MatchAction::Keep => {
                for (name, value) in &entry.labels {
                    let value = super::Extracted::Text(value.clone());
                    entry.extracted.insert(name.clone(), value);
                }
                run_from(&mut self.inner.stages, vec![entry], now_ns, out);
            }
        }
    }

    fn tick(&mut self, now_ns: i64, out: &mut Vec<Entry>) {
        self.inner.tick(now_ns, out);
    }

    fn flush(&mut self, out: &mut Vec<Entry>) {
        self.inner.flush(0, out);
    }

    fn held_from(&self) -> Option<u64> {
        self.inner.held_from()
    }

    fn pause_ns(&self, now_ns: i64) -> i64 {
        self.inner.pause_ns(now_ns)
    }

    fn fresh(&self) -> Box<dyn Run> {
        Box::new(Self {
            selector: self.selector.clone(),
            action: self.action,
            inner: self.inner.fresh(),
            reason: self.reason.clone(),
            metrics: self.metrics.clone(),
        })
    }
}
