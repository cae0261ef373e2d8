//! Searching episodes.
//!
//! What SQL can decide by small rows it decides: time, fingerprint, `alertname`,
//! `severity`, `team`, each exactly. Of other labels the sketch in the small row says
//! whether the large row is worth a look. The rest is decided here, row by row,
//! newest first, until there are enough; for that only labels are read, and whole
//! episodes only for those that are kept, because every column of a row that is
//! looked at in vain costs more than the comparison.

use std::collections::{HashMap, HashSet};

use binnacle_model::alert::{Episode, EpisodeFilter, Fingerprint};
use binnacle_model::matcher::all_match;
use binnacle_model::{MatchOp, Matcher};
use futures::TryStreamExt as _;
use sqlx::sqlite::SqliteRow;
use sqlx::{AssertSqlSafe, Row as _};

use super::bits;
use crate::State;
use crate::error::{Fault, Result};
use crate::rows::{self, Where};

/// Labels that are columns too.
const COLUMNS: [&str; 3] = ["alertname", "severity", "team"];

/// Ids that are asked for at once.
const IDS: usize = 500;

/// Values of an expression up to which each is looked for by itself.
const VALUES_MAX: usize = 16;

impl State {
    /// Episodes that fit the filter, newest (highest id) first.
    ///
    /// # Errors
    /// Those of the disk.
    pub async fn episodes(&self, filter: EpisodeFilter) -> Result<Vec<Episode>> {
        let limit = rows::limit(filter.limit);
        let mut condition = overlapping(filter.from_ms, filter.to_ms);
        if let Some(fingerprint) = filter.fingerprint {
            condition
                .also("e.fingerprint = ?")
                .add(rows::signed(fingerprint));
        }
        if let Some(id) = filter.before_id {
            condition.also("e.id < ?").add(id);
        }
        may_match(&mut condition, &filter.matchers);
        for word in rows::like_words(&filter.text) {
            condition
                .also("(t.labels_json LIKE ? ESCAPE '\\' OR t.annotations LIKE ? ESCAPE '\\')")
                .add(word.clone())
                .add(word);
        }
        if filter.matchers.iter().all(decided) {
            let mut found = Vec::new();
            self.each(super::COLUMNS, condition, |row| {
                found.push(super::episode(row)?);
                Ok(found.len() < limit)
            })
            .await?;
            return Ok(found);
        }
        let mut ids: Vec<i64> = Vec::new();
        self.each("e.id, t.labels", condition, |row| {
            if all_match(&filter.matchers, &rows::labels(row, "labels")?) {
                ids.push(row.try_get("id")?);
            }
            Ok(ids.len() < limit)
        })
        .await?;
        self.episodes_of(&ids).await
    }

    /// The episodes of these ids, in descending order, as `ids` are.
    async fn episodes_of(&self, ids: &[i64]) -> Result<Vec<Episode>> {
        let mut found = Vec::with_capacity(ids.len());
        for ids in ids.chunks(IDS) {
            let mut condition = Where::default();
            let places = vec!["?"; ids.len()].join(", ");
            let bound = condition.also(&format!("e.id IN ({places})"));
            for &id in ids {
                bound.add(id);
            }
            self.each(super::COLUMNS, condition, |row| {
                found.push(super::episode(row)?);
                Ok(true)
            })
            .await?;
        }
        Ok(found)
    }

    /// How many episodes of each alert name overlap the time (milliseconds, both
    /// included; 0: no end) and match all of any set, most first.
    ///
    /// # Errors
    /// Those of the disk.
    pub async fn fired(
        &self,
        matcher_sets: &[Vec<Matcher>],
        from_ms: i64,
        to_ms: i64,
    ) -> Result<Vec<(String, u64)>> {
        let mut counts: HashMap<String, u64> = HashMap::new();
        let condition = of_sets(matcher_sets, from_ms, to_ms);
        self.each("e.alertname, t.labels", condition, |row| {
            if keeps(matcher_sets, row)? {
                let name: &str = row.try_get("alertname")?;
                match counts.get_mut(name) {
                    Some(count) => *count += 1,
                    None => {
                        counts.insert(name.to_owned(), 1);
                    }
                }
            }
            Ok(true)
        })
        .await?;
        let mut counts: Vec<(String, u64)> = counts.into_iter().collect();
        counts.sort_unstable_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        Ok(counts)
    }

    /// The alerts of the episodes that [`State::fired`] counts.
    pub(crate) async fn fired_alerts(
        &self,
        matcher_sets: &[Vec<Matcher>],
        from_ms: i64,
        to_ms: i64,
    ) -> Result<HashSet<Fingerprint>> {
        let mut alerts = HashSet::new();
        let condition = of_sets(matcher_sets, from_ms, to_ms);
        self.each("e.fingerprint, t.labels", condition, |row| {
            if keeps(matcher_sets, row)? {
                alerts.insert(rows::fingerprint(row, "fingerprint")?);
            }
            Ok(true)
        })
        .await?;
        Ok(alerts)
    }

    /// Shows `take` each row that fulfils the condition, newest first, until it says
    /// that it has enough.
    async fn each(
        &self,
        columns: &str,
        condition: Where,
        mut take: impl FnMut(&SqliteRow) -> std::result::Result<bool, Fault>,
    ) -> Result<()> {
        // The cross join fixes the order: small rows first, large rows for those
        // that are left.
        let statement = format!(
            "SELECT {columns} FROM episode e CROSS JOIN episode_text t \
             WHERE t.id = e.id{} ORDER BY e.id DESC",
            condition.text
        );
        let values = condition.bound.take().map_err(|fault| self.told(fault))?;
        let mut found = sqlx::query_with(AssertSqlSafe(statement), values).fetch(self.readers());
        while let Some(row) = found.try_next().await.map_err(|e| self.told(e))? {
            if !take(&row).map_err(|fault| self.told(fault))? {
                break;
            }
        }
        Ok(())
    }
}

/// Whether the labels of a row match all of any set.
fn keeps(matcher_sets: &[Vec<Matcher>], row: &SqliteRow) -> std::result::Result<bool, Fault> {
    if matcher_sets.iter().any(Vec::is_empty) {
        return Ok(true);
    }
    let labels = rows::labels(row, "labels")?;
    Ok(matcher_sets.iter().any(|set| all_match(set, &labels)))
}

/// Episodes that overlap the time.
fn overlapping(from_ms: i64, to_ms: i64) -> Where {
    let mut condition = Where::default();
    if rows::end_ms(to_ms) != i64::MAX {
        condition.also("e.started_ms <= ?").add(to_ms);
    }
    if from_ms > 0 {
        condition
            .also("(e.resolved_ms IS NULL OR e.resolved_ms >= ?)")
            .add(from_ms);
    }
    condition
}

/// Those of them that may match any set.
fn of_sets(matcher_sets: &[Vec<Matcher>], from_ms: i64, to_ms: i64) -> Where {
    let mut condition = overlapping(from_ms, to_ms);
    if let [only] = matcher_sets {
        may_match(&mut condition, only);
    }
    condition
}

/// Whether SQL decides a matcher by itself.
fn decided(matcher: &Matcher) -> bool {
    matcher.op == MatchOp::Equal && COLUMNS.contains(&matcher.name.as_str())
}

/// What SQL can decide of matchers that must all match.
fn may_match(condition: &mut Where, matchers: &[Matcher]) {
    for matcher in matchers {
        let value = matcher.value.as_str();
        match matcher.op {
            MatchOp::Equal if decided(matcher) => {
                let column = &matcher.name;
                condition
                    .also(&format!("e.{column} = ?"))
                    .add(value.to_owned());
            }
            MatchOp::Equal => may_be_one_of(condition, &matcher.name, &[value]),
            MatchOp::Regex => {
                let pattern = matcher.pattern();
                if let Some(values) = pattern.and_then(|p| p.set())
                    && values.len() <= VALUES_MAX
                {
                    let values: Vec<&str> = values.iter().map(String::as_str).collect();
                    may_be_one_of(condition, &matcher.name, &values);
                } else if let Some(prefix) = pattern.and_then(|p| p.prefix()) {
                    // `position(? in t.labels)` on PostgreSQL.
                    let bound = condition.also("instr(t.labels, ?) > 0");
                    bound.add(prefix.as_bytes().to_vec());
                }
            }
            MatchOp::NotEqual | MatchOp::NotRegex => {}
        }
    }
}

/// A label that has one of the values, or else its bits by chance.
fn may_be_one_of(condition: &mut Where, name: &str, values: &[&str]) {
    if values.is_empty() || values.contains(&"") {
        return;
    }
    let one = "(e.label_bits & ?) = ?";
    let bound = condition.also(&format!("({})", vec![one; values.len()].join(" OR ")));
    for value in values {
        let bits = bits::of(name, value);
        bound.add(bits).add(bits);
    }
}
