//! How good alerts are: figures computed from episodes and notifications.
//!
//! A rule is its `alertname`, `severity` and `team`. Means are of those episodes
//! that have the figure. Sums and counts come from SQL, means are made here, because
//! databases differ in how they divide.

use std::collections::HashMap;

use binnacle_model::alert::{QualityReport, RuleQuality};
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use crate::error::{Fault, Result};
use crate::notifications::DELIVERED;
use crate::{State, rows};

/// An episode that is shorter, and that nobody acknowledged, is a flap.
const FLAP_MS: i64 = 5 * 60_000;

type Rule = (String, String, String);

impl State {
    /// The figures of the episodes that started, and of the notifications that were
    /// delivered, between `from_ms` and `to_ms` (both included; 0: no end). Most
    /// notifications first, then most episodes.
    ///
    /// # Errors
    /// Those of the disk.
    pub async fn quality(&self, from_ms: i64, to_ms: i64) -> Result<QualityReport> {
        // Grouped in this order because one that begins as an index of the table does
        // makes SQLite walk that index, and look up each row of the table by itself.
        let found = sqlx::query(
            "SELECT alertname, severity, team, COUNT(*) AS episodes, \
             COUNT(judgement) AS judged, \
             SUM(CASE WHEN judgement = 2 THEN 1 ELSE 0 END) AS false_positives, \
             COUNT(ack_at_ms) AS acknowledged, COUNT(resolved_ms) AS resolved, \
             COUNT(notified_ms) AS notified, \
             SUM(CASE WHEN resolved_ms - started_ms < $3 AND ack_at_ms IS NULL \
             THEN 1 ELSE 0 END) AS flaps, \
             COALESCE(SUM(ack_at_ms - started_ms), 0) AS acknowledge_ms, \
             COALESCE(SUM(resolved_ms - started_ms), 0) AS resolve_ms, \
             COALESCE(SUM(notified_ms - started_ms), 0) AS detect_ms \
             FROM episode WHERE started_ms >= $1 AND started_ms <= $2 \
             GROUP BY severity, team, alertname",
        )
        .bind(from_ms)
        .bind(rows::end_ms(to_ms))
        .bind(FLAP_MS)
        .fetch_all(self.readers())
        .await
        .map_err(|e| self.told(e))?;
        let notifications = self.notifications_by_rule(from_ms, to_ms).await?;
        report(&found, notifications, from_ms, to_ms).map_err(|fault| self.told(fault))
    }

    /// How many delivered notifications were about alerts of each rule. All episodes
    /// of an alert have its labels, so the first tells the rule.
    async fn notifications_by_rule(&self, from_ms: i64, to_ms: i64) -> Result<HashMap<Rule, u64>> {
        let found = sqlx::query(
            "SELECT e.alertname, e.severity, e.team, COUNT(DISTINCT n.id) AS notifications \
             FROM notification n CROSS JOIN notification_alert a CROSS JOIN episode e \
             WHERE n.at_ms >= $1 AND n.at_ms <= $2 AND n.outcome = $3 AND n.test = 0 \
             AND a.notification_id = n.id AND e.id = \
             (SELECT MIN(id) FROM episode WHERE fingerprint = a.fingerprint) \
             GROUP BY e.alertname, e.severity, e.team",
        )
        .bind(from_ms)
        .bind(rows::end_ms(to_ms))
        .bind(DELIVERED)
        .fetch_all(self.readers())
        .await
        .map_err(|e| self.told(e))?;
        found
            .iter()
            .map(|row| {
                let count = rows::count(row, "notifications")?;
                Ok((rule(row)?, count))
            })
            .collect::<std::result::Result<_, Fault>>()
            .map_err(|fault| self.told(fault))
    }
}

fn rule(row: &SqliteRow) -> std::result::Result<Rule, Fault> {
    Ok((
        row.try_get("alertname")?,
        row.try_get("severity")?,
        row.try_get("team")?,
    ))
}

/// A sum and of how many.
#[derive(Default, Clone, Copy)]
struct Mean(i64, u64);

impl Mean {
    fn of(row: &SqliteRow, sum: &str, count: &str) -> std::result::Result<Self, Fault> {
        Ok(Self(row.try_get(sum)?, rows::count(row, count)?))
    }

    fn add(&mut self, other: Self) {
        self.0 = self.0.saturating_add(other.0);
        self.1 += other.1;
    }

    fn value(self) -> Option<i64> {
        self.0.checked_div(i64::try_from(self.1).ok()?)
    }
}

fn report(
    found: &[SqliteRow],
    mut notifications: HashMap<Rule, u64>,
    from_ms: i64,
    to_ms: i64,
) -> std::result::Result<QualityReport, Fault> {
    let mut rules = Vec::with_capacity(found.len());
    let (mut acknowledge, mut resolve, mut detect) =
        (Mean::default(), Mean::default(), Mean::default());
    for row in found {
        let this_acknowledge = Mean::of(row, "acknowledge_ms", "acknowledged")?;
        let this_resolve = Mean::of(row, "resolve_ms", "resolved")?;
        acknowledge.add(this_acknowledge);
        resolve.add(this_resolve);
        detect.add(Mean::of(row, "detect_ms", "notified")?);
        let rule = rule(row)?;
        let told = notifications.remove(&rule).unwrap_or(0);
        let (name, severity, team) = rule;
        rules.push(RuleQuality {
            name,
            severity,
            team,
            episodes: rows::count(row, "episodes")?,
            notifications: told,
            judged: rows::count(row, "judged")?,
            false_positives: rows::count(row, "false_positives")?,
            acknowledged: rows::count(row, "acknowledged")?,
            flaps: rows::count(row, "flaps")?,
            acknowledge_ms: this_acknowledge.value(),
            resolve_ms: this_resolve.value(),
        });
    }
    // Told in this time about what had started before.
    rules.extend(
        notifications
            .into_iter()
            .map(|((name, severity, team), notifications)| RuleQuality {
                name,
                severity,
                team,
                notifications,
                ..RuleQuality::default()
            }),
    );
    rules.sort_unstable_by(|a, b| {
        (b.notifications, b.episodes)
            .cmp(&(a.notifications, a.episodes))
            .then_with(|| (&a.name, &a.severity, &a.team).cmp(&(&b.name, &b.severity, &b.team)))
    });
    let judged: u64 = rules.iter().map(|rule| rule.judged).sum();
    let false_positives: u64 = rules.iter().map(|rule| rule.false_positives).sum();
    Ok(QualityReport {
        from_ms,
        to_ms,
        rules,
        false_positive_ratio: (judged > 0).then(|| false_positives as f64 / judged as f64),
        detect_ms: detect.value(),
        acknowledge_ms: acknowledge.value(),
        resolve_ms: resolve.value(),
    })
}
