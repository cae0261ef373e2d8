//! How much each team may be disturbed, and what is kept for a digest.

use std::collections::VecDeque;

use hashbrown::HashMap;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::Service;
use super::flush::Job;
use super::message::team_of;
use super::plan::Plan;
use crate::dispatch::{Told, millis};
use crate::pipeline::Reason;
use crate::policy::{Budget, DailyDigest};

/// Milliseconds of an hour.
const HOUR_MS: i64 = 3_600_000;

/// Milliseconds of a day.
pub(super) const DAY_MS: i64 = 24 * HOUR_MS;

/// Why and until when something is kept.
pub(super) struct Hold {
    pub(super) reason: Reason,
    pub(super) why: String,
    pub(super) due_ms: i64,
}

/// When teams were disturbed, over the last day.
#[derive(Debug, Default)]
pub(super) struct Spending(HashMap<String, VecDeque<i64>>);

impl Spending {
    pub(super) fn spend(&mut self, team: &str, at_ms: i64) {
        let times = self.0.entry_ref(team).or_default();
        times.push_back(at_ms);
        while times.front().is_some_and(|first| *first <= at_ms - DAY_MS) {
            times.pop_front();
        }
    }

    /// Why a budget is spent, or `None`.
    fn is_spent(&self, team: &str, budget: Budget, now_ms: i64) -> Option<String> {
        let times = self.0.get(team)?;
        let since = |ms: i64| times.iter().filter(|at| **at > now_ms - ms).count() as u64;
        for (limit, ms, word) in [(budget.hour, HOUR_MS, "hour"), (budget.day, DAY_MS, "day")] {
            if limit > 0 && since(ms) >= limit {
                return Some(format!(
                    "team {team:?} has had its {limit} notifications of the {word}"
                ));
            }
        }
        None
    }
}

impl Service {
    /// Counts a delivered notification.
    pub(super) fn spend(&self, plan: &Plan, alerts: &[Told]) {
        let (team, exempt) = team_of(&plan.policy.budgets, alerts);
        if !exempt {
            self.spending.lock().spend(&team, self.clock.now_ms());
        }
    }

    /// Whether a notification is to be kept for a digest.
    pub(super) fn hold_back(&self, job: &Job, reason: Reason, now_ms: i64) -> Option<Hold> {
        let policy = &job.plan.policy;
        let alerts = &job.message.alerts;
        if let Some(digest) = &policy.daily_digest
            && digest.takes(alerts)
        {
            return Some(Hold {
                reason,
                why: "daily digest".into(),
                due_ms: digest.next_ms(now_ms),
            });
        }
        let (team, exempt) = team_of(&policy.budgets, alerts);
        if exempt || !policy.budgets.hold {
            return None;
        }
        let budget = policy.budgets.of(&team);
        let why = self.spending.lock().is_spent(&team, budget, now_ms)?;
        // All that is kept within one span is due together.
        let every_ms = millis(policy.budgets.digest_every).max(1);
        Some(Hold {
            reason,
            why,
            due_ms: (now_ms.div_euclid(every_ms) + 1).saturating_mul(every_ms),
        })
    }
}

impl DailyDigest {
    /// Whether all alerts are of the severities that can wait.
    fn takes(&self, alerts: &[Told]) -> bool {
        alerts.iter().all(|told| {
            let severity = told.alert.labels.get("severity").unwrap_or("");
            self.severities.iter().any(|s| s == severity)
        })
    }

    /// The next time of the digest after `now_ms`; a day later when the zone is unknown.
    fn next_ms(&self, now_ms: i64) -> i64 {
        self.next_in_zone(now_ms).unwrap_or(now_ms + DAY_MS)
    }

    fn next_in_zone(&self, now_ms: i64) -> Option<i64> {
        let zone = if self.time_zone.is_empty() {
            TimeZone::UTC
        } else {
            TimeZone::get(&self.time_zone).ok()?
        };
        let now = Timestamp::from_millisecond(now_ms).ok()?;
        let today = now.to_zoned(zone.clone()).date();
        let (hour, minute) = (self.minute_of_day / 60, self.minute_of_day % 60);
        for day in [today, today.tomorrow().ok()?] {
            let at = day.at(i8::try_from(hour).ok()?, i8::try_from(minute).ok()?, 0, 0);
            let at_ms = at.to_zoned(zone.clone()).ok()?.timestamp().as_millisecond();
            if at_ms > now_ms {
                return Some(at_ms);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_comes_at_its_minute() {
        let digest = DailyDigest {
            severities: Vec::new(),
            minute_of_day: 9 * 60,
            time_zone: "Europe/Madrid".into(),
        };
        let check = |now: &str, want: &str| {
            let ms = |t: &str| t.parse::<Timestamp>().expect("a time").as_millisecond();
            assert_eq!(digest.next_ms(ms(now)), ms(want), "{now}");
        };
        check("2026-11-20T07:59:59Z", "2026-11-20T08:00:00Z");
        check("2026-11-20T08:00:00Z", "2026-11-21T08:00:00Z");
        check("2026-06-20T06:59:00Z", "2026-06-20T07:00:00Z");
    }

    #[test]
    fn a_budget_is_spent_within_its_hour_and_day() {
        let mut spending = Spending::default();
        let budget = Budget { hour: 2, day: 3 };
        let spent = |s: &Spending, at_ms| s.is_spent("a", budget, at_ms).is_some();
        spending.spend("a", 0);
        assert!(!spent(&spending, 1));
        spending.spend("a", 1);
        assert!(spent(&spending, 2), "two an hour");
        assert!(!spent(&spending, HOUR_MS + 1));
        spending.spend("a", HOUR_MS + 2);
        assert!(spent(&spending, 3 * HOUR_MS), "three a day");
        assert!(!spent(&spending, DAY_MS + 1));
    }
}
