//! `for` states over restarts: since when an alert has been pending is written as
//! `ALERTS_FOR_STATE`, and read back after a start.
//!
//! The time in which the server was away does not count as time in which the alert
//! held: it is added to the time since which it is pending. An alert that would fire
//! at once gets a grace period, in which its data can come in again.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use binnacle_model::query::{InstantQuery, QueryError, QueryOptions, QueryValue};
use binnacle_model::{Labels, Matcher};

use super::{Group, Surroundings};
use crate::expand::number;
use crate::rule::{ALERTNAME, ALERTS_FOR_STATE, Instance, Rule};

/// What was written last of an alert.
struct Written {
    /// Seconds since the Unix epoch.
    active_at_s: f64,
    /// Seconds since the Unix epoch.
    written_at_s: f64,
}

impl Group {
    /// Takes over the `for` states that an earlier run has written, as of `ts_ms`. To
    /// be called once, when the alerts are there: after the second evaluation.
    pub async fn restore_for_state(&self, ts_ms: i64, around: &Surroundings) {
        let _running = self.running.lock().await;
        let begun = Instant::now();
        for rule in &self.rules {
            let Some(alerting) = rule.alerting() else {
                continue;
            };
            let hold_ms = alerting.holds.hold_ms;
            // A shorter `for` is over before the grace period would be.
            let worth_it =
                hold_ms >= around.settings.grace_period_ms && !rule.state.lock().alerts.is_empty();
            if worth_it {
                self.restore_rule(rule, ts_ms, hold_ms, around).await;
            }
            rule.state.lock().restored = true;
        }
        self.history.lock().restore_seconds = Some(begun.elapsed().as_secs_f64());
    }

    async fn restore_rule(&self, rule: &Rule, ts_ms: i64, hold_ms: i64, around: &Surroundings) {
        let written = match self.written(rule, ts_ms, around).await {
            Ok(written) => written,
            Err(error) => {
                tracing::error!(
                    file = self.file, group = self.name, rule = rule.name, %error,
                    "reading 'for' states failed: alerts of this rule begin anew"
                );
                return;
            }
        };
        let grace_ms = around.settings.grace_period_ms;
        for alert in rule.state.lock().alerts.iter_mut() {
            if let Some(written) = written.get(&alert.labels) {
                alert.restore(written, ts_ms, hold_ms, grace_ms);
            }
        }
    }

    /// What was written last of the alerts of `rule`, by labels. A series that was
    /// ended is left out: its alert had gone.
    async fn written(
        &self,
        rule: &Rule,
        ts_ms: i64,
        around: &Surroundings,
    ) -> Result<HashMap<Labels, Written>, QueryError> {
        let selector = for_state_selector(rule);
        let times = format!("timestamp({selector})");
        let since = self.ask(selector, ts_ms, around).await?;
        let times = self.ask(times, ts_ms, around).await?;
        let join = |(labels, active_at_s): (Labels, f64)| {
            let written_at_s = *times.get(&labels)?;
            let written = Written {
                active_at_s,
                written_at_s,
            };
            Some((labels, written))
        };
        Ok(since.into_iter().filter_map(join).collect())
    }

    /// The newest values by labels without the metric's name.
    async fn ask(
        &self,
        text: String,
        ts_ms: i64,
        around: &Surroundings,
    ) -> Result<HashMap<Labels, f64>, QueryError> {
        let tolerance_ms = around.settings.outage_tolerance_ms.max(1).unsigned_abs();
        let query = InstantQuery {
            text,
            at_ms: ts_ms,
            options: QueryOptions {
                lookback: Some(Duration::from_millis(tolerance_ms)),
                client: self.client.clone(),
                ..QueryOptions::default()
            },
        };
        let QueryValue::Vector(elements) = around.metrics.instant(query).await?.value else {
            return Ok(HashMap::new());
        };
        Ok(elements
            .into_iter()
            .map(|e| (e.labels.without_name(), number(&e.value)))
            .collect())
    }
}

/// Matches all `ALERTS_FOR_STATE` of a rule. Labels that are templates are left out:
/// the series have what they expanded to.
fn for_state_selector(rule: &Rule) -> String {
    let labels = rule
        .labels
        .iter()
        .filter(|(name, value)| name != ALERTNAME && !value.contains("{{") && !value.is_empty())
        .map(|(name, value)| (name.as_str(), value.as_str()));
    let matchers: Vec<String> = [("__name__", ALERTS_FOR_STATE), (ALERTNAME, &rule.name)]
        .into_iter()
        .chain(labels)
        .map(|(name, value)| Matcher::equal(name, value).to_string())
        .collect();
    format!("{{{}}}", matchers.join(","))
}

impl Instance {
    /// Takes over since when it is pending.
    fn restore(&mut self, written: &Written, ts_ms: i64, hold_ms: i64, grace_ms: i64) {
        let active_at_ms = (written.active_at_s as i64).saturating_mul(1000);
        let down_at_ms = (written.written_at_s * 1000.0) as i64;
        let remaining_ms = hold_ms - (down_at_ms - active_at_ms);
        self.active_at_ms = if remaining_ms <= 0 {
            // It was firing, and fires again at the next evaluation if it still holds.
            active_at_ms
        } else if remaining_ms < grace_ms {
            ts_ms + grace_ms - hold_ms
        } else {
            active_at_ms + (ts_ms - down_at_ms)
        };
    }
}
