//! Searching notifications.

use binnacle_model::Matcher;
use binnacle_model::alert::{NotificationFilter, NotificationRecord};
use futures::TryStreamExt as _;
use sqlx::{AssertSqlSafe, Row as _};

use super::{DELIVERED, FAILED};
use crate::State;
use crate::error::Result;
use crate::rows::{self, Where};

/// Where words are looked for.
const TEXTS: &str = "(t.title LIKE ? ESCAPE '\\' OR t.body LIKE ? ESCAPE '\\' \
                     OR t.group_labels_json LIKE ? ESCAPE '\\')";

impl State {
    /// Notifications that fit the filter, newest (highest id) first.
    ///
    /// # Errors
    /// Those of the disk.
    pub async fn notifications(
        &self,
        filter: NotificationFilter,
    ) -> Result<Vec<NotificationRecord>> {
        // As for episodes: the smallest rows first.
        let mut condition = Where::default();
        let (tables, number) = match filter.fingerprint {
            Some(fingerprint) => {
                condition
                    .also("n.id = a.notification_id AND a.fingerprint = ?")
                    .add(rows::signed(fingerprint));
                let tables = "notification_alert a CROSS JOIN notification n";
                (tables, "a.notification_id")
            }
            None => ("notification n", "n.id"),
        };
        if let Some(id) = filter.before_id {
            condition.also(&format!("{number} < ?")).add(id);
        }
        if let Some(receiver) = filter.receiver {
            condition.also("n.receiver = ?").add(receiver);
        }
        if filter.failed {
            // Written out, because a parameter would not find the index of failed ones.
            condition.also(&format!("n.outcome = {FAILED}"));
        }
        // The sign keeps rows from being looked up by time, which would sort them.
        if filter.from_ms > 0 {
            condition.also("+n.at_ms >= ?").add(filter.from_ms);
        }
        if rows::end_ms(filter.to_ms) != i64::MAX {
            condition.also("+n.at_ms <= ?").add(filter.to_ms);
        }
        for word in rows::like_words(&filter.text) {
            let bound = condition.also(TEXTS);
            bound.add(word.clone()).add(word.clone()).add(word);
        }
        let statement = format!(
            "SELECT n.*, t.* FROM {tables} CROSS JOIN notification_text t \
             WHERE t.id = n.id{} ORDER BY {number} DESC LIMIT ?",
            condition.text
        );
        let mut bound = condition.bound;
        bound.add(rows::limit_i64(filter.limit));
        let values = bound.take().map_err(|fault| self.told(fault))?;
        let found = sqlx::query_with(AssertSqlSafe(statement), values)
            .fetch_all(self.readers())
            .await
            .map_err(|e| self.told(e))?;
        found
            .iter()
            .map(|row| super::record(row).map_err(|fault| self.told(fault)))
            .collect()
    }

    /// How many notifications were delivered in any of the times (ascending ranges of
    /// milliseconds, both ends included) about an alert that fired then and matches all
    /// of any set; tests do not count.
    ///
    /// # Errors
    /// Those of the disk.
    pub async fn notifications_about(
        &self,
        matcher_sets: &[Vec<Matcher>],
        times: &[(i64, i64)],
    ) -> Result<u64> {
        let (Some((from_ms, _)), Some((_, to_ms))) = (times.first(), times.last()) else {
            return Ok(0);
        };
        let alerts = self.fired_alerts(matcher_sets, times).await?;
        if alerts.is_empty() {
            return Ok(0);
        }
        let mut found = sqlx::query(
            "SELECT a.notification_id, a.fingerprint, n.at_ms FROM notification n \
             CROSS JOIN notification_alert a WHERE a.notification_id = n.id \
             AND n.at_ms >= $1 AND n.at_ms <= $2 AND n.outcome = $3 AND n.test = 0 \
             ORDER BY n.at_ms, n.id",
        )
        .bind(from_ms)
        .bind(to_ms)
        .bind(DELIVERED)
        .fetch(self.readers());
        let is_within = |at_ms: i64| {
            let next = times.partition_point(|(_, to_ms)| *to_ms < at_ms);
            times
                .get(next)
                .is_some_and(|(from_ms, _)| *from_ms <= at_ms)
        };
        let (mut count, mut last) = (0, None);
        while let Some(row) = found.try_next().await.map_err(|e| self.told(e))? {
            let id: i64 = row.try_get("notification_id").map_err(|e| self.told(e))?;
            if last == Some(id) {
                continue;
            }
            let alert = rows::fingerprint(&row, "fingerprint").map_err(|e| self.told(e))?;
            let at_ms = row.try_get("at_ms").map_err(|e| self.told(e))?;
            if alerts.contains(&alert) && is_within(at_ms) {
                count += 1;
                last = Some(id);
            }
        }
        Ok(count)
    }
}
