//! How much teams were disturbed: counted from the notifications themselves, so
//! that the count and the history cannot differ.

use std::collections::BTreeMap;

use binnacle_model::alert::TeamBudget;
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use crate::error::{Fault, Result};
use crate::notifications::DELIVERED;
use crate::{State, rows};

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;

/// One notification that disturbed a team.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Disturbance {
    /// Whom.
    pub team: String,
    /// When, milliseconds.
    pub at_ms: i64,
    /// Whether it was sent although the budget was spent.
    pub exempt: bool,
}

impl State {
    /// Notifications that were delivered at `since_ms` or later, oldest first; tests
    /// do not count.
    ///
    /// # Errors
    /// Those of the disk.
    pub async fn disturbances(&self, since_ms: i64) -> Result<Vec<Disturbance>> {
        let found = sqlx::query(
            "SELECT team, at_ms, exempt FROM notification \
             WHERE at_ms >= $1 AND outcome = $2 AND test = 0 ORDER BY at_ms, id",
        )
        .bind(since_ms)
        .bind(DELIVERED)
        .fetch_all(self.readers())
        .await
        .map_err(|e| self.told(e))?;
        found
            .iter()
            .map(|row| disturbance(row).map_err(|fault| self.told(fault)))
            .collect()
    }

    /// What each team had in the hour and the day before `now_ms`, and what is held
    /// for it, by team. The limits, which are no business of this room, are 0.
    ///
    /// # Errors
    /// Those of the disk.
    pub async fn budgets(&self, now_ms: i64) -> Result<Vec<TeamBudget>> {
        let mut teams: BTreeMap<String, TeamBudget> = BTreeMap::new();
        let counted = sqlx::query(
            "SELECT team, COUNT(*) AS day, SUM(exempt) AS exempt, \
             SUM(CASE WHEN at_ms > $1 THEN 1 ELSE 0 END) AS hour FROM notification \
             WHERE at_ms > $2 AND at_ms <= $3 AND outcome = $4 AND test = 0 GROUP BY team",
        )
        .bind(now_ms.saturating_sub(HOUR_MS))
        .bind(now_ms.saturating_sub(DAY_MS))
        .bind(now_ms)
        .bind(DELIVERED)
        .fetch_all(self.readers())
        .await
        .map_err(|e| self.told(e))?;
        for row in &counted {
            let budget = counts(row).map_err(|fault| self.told(fault))?;
            teams.insert(budget.team.clone(), budget);
        }
        let held = sqlx::query("SELECT team, COUNT(*) AS held FROM held GROUP BY team")
            .fetch_all(self.readers())
            .await
            .map_err(|e| self.told(e))?;
        for row in &held {
            let team: String = row.try_get("team").map_err(|e| self.told(e))?;
            let budget = teams.entry(team.clone()).or_default();
            budget.team = team;
            budget.held = rows::count(row, "held").map_err(|fault| self.told(fault))?;
        }
        Ok(teams.into_values().collect())
    }
}

fn disturbance(row: &SqliteRow) -> std::result::Result<Disturbance, Fault> {
    Ok(Disturbance {
        team: row.try_get("team")?,
        at_ms: row.try_get("at_ms")?,
        exempt: row.try_get::<i64, _>("exempt")? != 0,
    })
}

fn counts(row: &SqliteRow) -> std::result::Result<TeamBudget, Fault> {
    Ok(TeamBudget {
        team: row.try_get("team")?,
        hour: rows::count(row, "hour")?,
        day: rows::count(row, "day")?,
        exempt: rows::count(row, "exempt")?,
        ..TeamBudget::default()
    })
}
