//! Patterns of stored lines, counted over time.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use binnacle_events::Engine;
use binnacle_logql::patterns::Miner;
use binnacle_model::event::logs::PatternSeries;
use binnacle_model::event::select::{Fields, Lines, Wanted};
use binnacle_model::event::{Column, ColumnValues, Condition, EventSelection, Rows, SelectEvents};
use binnacle_model::limits::Meter;
use binnacle_model::query::QueryError;
use binnacle_model::select::SelectError;

use super::{EmbeddedLogs, parse_log};

/// Patterns of an answer, at most.
const PATTERNS_MAX: usize = 300;

/// The field that holds a line's level.
pub(super) const LEVEL: &str = "detected_level";

impl EmbeddedLogs {
    pub(super) async fn patterns_of(
        &self,
        text: String,
        start_ns: i64,
        end_ns: i64,
        step_ns: i64,
    ) -> Result<Vec<PatternSeries>, QueryError> {
        let log = parse_log(&text)?;
        let conditions =
            binnacle_logql::eval::line_conditions(&log).ok_or_else(|| QueryError::BadData {
                message: format!(
                    "patterns are found for a stream selector and line filters; {text:?} has \
                     other stages"
                ),
                span: Some(log.span),
            })?;
        let selection = EventSelection {
            matchers: log.matchers,
            start_ns,
            end_ns,
            conditions,
            wanted: Wanted {
                lines: Lines::All,
                fields: Fields::Named(vec![LEVEL.to_owned()]),
                ..Wanted::default()
            },
        };
        self.ask(move |engine, meter| mine(engine, &selection, step_ns, meter))
            .await
    }
}

/// Patterns by level with their counts by step.
#[derive(Default)]
struct Counted {
    miner: Miner,
    /// By pattern and level: counts by step.
    counts: HashMap<(usize, String), BTreeMap<i64, u64>>,
}

fn mine(
    engine: &Engine,
    selection: &EventSelection,
    step_ns: i64,
    meter: &Arc<Meter>,
) -> Result<Vec<PatternSeries>, SelectError> {
    let set = engine.select(selection, meter)?;
    let applied: Vec<bool> = (0..selection.conditions.len())
        .map(|i| set.applies(i))
        .collect();
    let mut counted = Counted::default();
    let mut rows = Rows::default();
    for unit in 0..set.units().len() {
        meter.check()?;
        set.read(unit, selection.start_ns, selection.end_ns, &mut rows)?;
        for row in 0..rows.len() {
            let line = rows.lines.get(row);
            let passes = selection
                .conditions
                .iter()
                .zip(&applied)
                .all(|(condition, applied)| *applied || passes(condition, line));
            if passes {
                let t_ns = rows.times_ns[row];
                let step_s = t_ns.div_euclid(step_ns).saturating_mul(step_ns) / 1_000_000_000;
                counted.add(line, level(&rows.fields, row), step_s);
            }
        }
    }
    Ok(counted.finish())
}

fn passes(condition: &Condition, line: &[u8]) -> bool {
    match condition {
        Condition::Line(test) => test.passes(line),
        // There are only conditions on lines here.
        Condition::Field { .. } | Condition::Extracted { .. } => true,
    }
}

pub(super) fn level(fields: &[Column], row: usize) -> String {
    let mut out = Vec::new();
    for column in fields {
        if column.name == LEVEL && matches!(column.values, ColumnValues::Text { .. }) {
            column.values.write_text(row, &mut out);
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

impl Counted {
    fn add(&mut self, line: &[u8], level: String, step_s: i64) {
        let id = self.miner.add(line);
        *self
            .counts
            .entry((id, level))
            .or_default()
            .entry(step_s)
            .or_default() += 1;
    }

    /// The most frequent first.
    fn finish(self) -> Vec<PatternSeries> {
        let mut all: Vec<PatternSeries> = self
            .counts
            .into_iter()
            .map(|((id, level), steps)| PatternSeries {
                pattern: self.miner.text(id),
                level,
                samples: steps.into_iter().collect(),
            })
            .collect();
        let total = |p: &PatternSeries| p.samples.iter().map(|s| s.1).sum::<u64>();
        all.sort_by(|a, b| {
            total(b)
                .cmp(&total(a))
                .then_with(|| a.pattern.cmp(&b.pattern))
                .then_with(|| a.level.cmp(&b.level))
        });
        all.truncate(PATTERNS_MAX);
        all
    }
}
