//! Patterns of stored lines, counted over time.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use binnacle_events::Engine;
use binnacle_logql::patterns::Miner;
use binnacle_model::event::column::{ABSENT, UNKNOWN};
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
            wanted: Wanted::default(),
        };
        let selection = EventSelection {
            wanted: wanted(&selection.conditions),
            ..selection
        };
        self.ask(move |engine, meter| mine(engine, &selection, step_ns, meter))
            .await
    }
}

/// What patterns are found in: those that the engine has learnt of its blocks, and the
/// lines of which it knows none, or that have to be looked at.
pub(super) fn wanted(conditions: &[Condition]) -> Wanted {
    Wanted {
        lines: if conditions.is_empty() {
            Lines::WhereUnknown
        } else {
            Lines::All
        },
        fields: Fields::Named(vec![LEVEL.to_owned()]),
        patterns: true,
        ..Wanted::default()
    }
}

/// Numbers of the patterns of one unit's rows. A pattern that the engine knows goes through
/// the miner as a line of it would, so that blocks and memory have the same patterns.
#[derive(Default)]
pub(super) struct OfRows {
    /// By entry of the engine's dictionary.
    known: Vec<Option<usize>>,
}

impl OfRows {
    /// Begins the next unit.
    pub(super) fn begin(&mut self) {
        self.known.clear();
    }

    /// The number of a row's pattern.
    pub(super) fn number(&mut self, rows: &Rows, row: usize, miner: &mut Miner) -> usize {
        if let Some(ColumnValues::Text { entries, of_row }) = &rows.patterns {
            let entry = of_row[row];
            if entry != UNKNOWN && entry != ABSENT {
                let entry = entry as usize;
                if self.known.len() <= entry {
                    self.known.resize(entry + 1, None);
                }
                let text = || String::from_utf8_lossy(entries.get(entry)).replace("<_>", "0");
                return *self.known[entry].get_or_insert_with(|| miner.add(text().as_bytes()));
            }
        }
        miner.add(rows.lines.get(row))
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
    let (mut rows, mut of_rows) = (Rows::default(), OfRows::default());
    for unit in 0..set.units().len() {
        meter.check()?;
        of_rows.begin();
        set.read(unit, selection.start_ns, selection.end_ns, &mut rows)?;
        for row in 0..rows.len() {
            let passes = selection
                .conditions
                .iter()
                .zip(&applied)
                .all(|(condition, applied)| *applied || passes(condition, rows.lines.get(row)));
            if passes {
                let t_ns = rows.times_ns[row];
                let step_s = t_ns.div_euclid(step_ns).saturating_mul(step_ns) / 1_000_000_000;
                let id = of_rows.number(&rows, row, &mut counted.miner);
                counted.add(id, level(&rows.fields, row), step_s);
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
    fn add(&mut self, id: usize, level: String, step_s: i64) {
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

#[cfg(test)]
mod tests {
    use super::*;
    use binnacle_events::EngineOptions;
    use binnacle_model::Labels;
    use binnacle_model::event::{AppendEvents, EventBatch, LineMatch, LineTest};
    use binnacle_model::limits::QueryLimits;
    use binnacle_stdx::clock::ManualClock;

    #[test]
    fn a_pattern_of_the_engine_is_that_of_its_lines() {
        let mut rows = Rows::default();
        let mut entries = binnacle_model::event::Texts::default();
        entries.push(b"order <_> paid in <_>ms");
        rows.patterns = Some(ColumnValues::Text {
            entries,
            of_row: vec![0, UNKNOWN, ABSENT, 0],
        });
        for line in ["", "order 7 paid in 31ms", "cache is cold", ""] {
            rows.lines.push(line.as_bytes());
        }
        let (mut miner, mut of_rows) = (Miner::default(), OfRows::default());
        let ids: Vec<usize> = (0..4)
            .map(|row| of_rows.number(&rows, row, &mut miner))
            .collect();
        assert_eq!(ids, [0, 0, 1, 0]);
        assert_eq!(miner.text(0), "order <_> paid in <_>");
    }

    #[test]
    fn memory_and_blocks_have_the_same_patterns() {
        let dir = tempfile::tempdir().expect("a folder");
        let files = binnacle_store::disk::files();
        let clock = Arc::new(ManualClock::new(1_796_000_000_000));
        let (engine, _) =
            Engine::open(files, dir.path(), EngineOptions::default(), clock).expect("open");
        let mut batch = EventBatch::default();
        batch.begin_stream(&Labels::from_pairs([("app", "shop")]));
        for n in 0..600_i64 {
            let line = match n % 3 {
                0 => format!("order {n} paid in {}ms", n % 50),
                1 => format!("user u{n} logged in from 10.0.0.{}", n % 255),
                _ => "cache is cold".to_owned(),
            };
            batch.push_row(n, line.as_bytes());
        }
        batch.push_row(600, b"a line that comes once");
        engine.append(&batch).expect("append");
        let ask = |conditions: Vec<Condition>| {
            let selection = EventSelection {
                start_ns: 0,
                end_ns: 1_000,
                wanted: wanted(&conditions),
                conditions,
                ..EventSelection::default()
            };
            let meter = Arc::new(Meter::new(QueryLimits::default()));
            let found = mine(&engine, &selection, 1_000_000_000, &meter).expect("patterns");
            let shown = found.into_iter().map(|p| (p.pattern, p.samples));
            shown.collect::<Vec<_>>()
        };
        let cold = || {
            vec![Condition::Line(LineTest {
                any: vec![LineMatch::Contains(b"cold".to_vec())],
                negated: false,
            })]
        };
        let (all, some) = (ask(Vec::new()), ask(cold()));
        assert_eq!(
            all,
            [
                ("cache is cold".to_owned(), vec![(0, 200)]),
                ("order <_> paid in <_>".to_owned(), vec![(0, 200)]),
                ("user <_> logged in from <_>".to_owned(), vec![(0, 200)]),
                ("a line that comes once".to_owned(), vec![(0, 1)]),
            ]
        );
        assert_eq!(some, all[..1]);
        engine.flush().expect("flush");
        assert_eq!(ask(Vec::new()), all);
        assert_eq!(ask(cold()), some);
    }
}
