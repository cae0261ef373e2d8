//! How good alerts are: figures computed from episodes and notifications.
//!
//! A rule is its `alertname`, `severity` and `team`. Means are of those episodes
//! that have the figure.

use std::collections::HashMap;

use binnacle_model::Labels;
use binnacle_model::alert::{Judgement, QualityReport, RuleQuality};
use futures::TryStreamExt as _;
use sqlx::{Row as _, SqliteConnection};

use crate::episodes::{self, Columns, Fate, Summary};
use crate::error::{Fault, Result};
use crate::notifications::DELIVERED;
use crate::{State, rows};

/// An episode that is shorter, and that nobody acknowledged, is a flap.
const FLAP_MS: i64 = 5 * 60_000;

type Rule = (String, String, String);

type Outcome<T> = std::result::Result<T, Fault>;

impl State {
    /// The figures of the episodes that started, and of the notifications that were
    /// delivered, between `from_ms` and `to_ms` (both included; 0: no end). Most
    /// notifications first, then most episodes.
    ///
    /// # Errors
    /// Those of the disk.
    pub async fn quality(&self, from_ms: i64, to_ms: i64) -> Result<QualityReport> {
        let read = || async {
            let mut db = episodes::snapshot(self).await?;
            let time = (from_ms, rows::end_ms(to_ms));
            let told = Told::read(&mut db, time).await?;
            let mut figures = Figures::new(time, told);
            let mut before = i64::MAX;
            loop {
                let runs = episodes::runs_before(&mut db, before).await?;
                let Some(oldest) = runs.last() else { break };
                before = oldest.id;
                for run in runs {
                    figures.add_run(&mut db, &run).await?;
                }
            }
            Ok(figures)
        };
        let figures = read().await.map_err(|fault: Fault| self.told(fault))?;
        Ok(figures.report(from_ms, to_ms))
    }
}

/// Delivered notifications, each with the alerts that it was about.
struct Told {
    notifications: Vec<Vec<u64>>,
    /// The rule of each alert, once it is found.
    rules: HashMap<u64, Option<usize>>,
    /// How many are not found yet.
    unknown: usize,
}

impl Told {
    async fn read(db: &mut SqliteConnection, (from_ms, to_ms): (i64, i64)) -> Outcome<Self> {
        let mut found = sqlx::query(
            "SELECT a.notification_id, a.fingerprint FROM notification n \
             CROSS JOIN notification_alert a WHERE a.notification_id = n.id \
             AND n.at_ms >= $1 AND n.at_ms <= $2 AND n.outcome = $3 AND n.test = 0 \
             ORDER BY n.at_ms, n.id",
        )
        .bind(from_ms)
        .bind(to_ms)
        .bind(DELIVERED)
        .fetch(db);
        let mut told = Self {
            notifications: Vec::new(),
            rules: HashMap::new(),
            unknown: 0,
        };
        let mut last = None;
        while let Some(row) = found.try_next().await? {
            let id: i64 = row.try_get("notification_id")?;
            if last != Some(id) {
                told.notifications.push(Vec::new());
                last = Some(id);
            }
            let alert = rows::fingerprint(&row, "fingerprint")?.0;
            told.rules.insert(alert, None);
            if let Some(notification) = told.notifications.last_mut() {
                notification.push(alert);
            }
        }
        told.unknown = told.rules.len();
        Ok(told)
    }
}

/// What is counted of one rule.
#[derive(Default)]
struct Counts {
    episodes: u64,
    notifications: u64,
    judged: u64,
    false_positives: u64,
    flaps: u64,
    acknowledge: Mean,
    resolve: Mean,
    detect: Mean,
}

struct Figures {
    time: (i64, i64),
    told: Told,
    places: HashMap<Rule, usize>,
    counts: Vec<Counts>,
}

impl Figures {
    fn new(time: (i64, i64), told: Told) -> Self {
        Self {
            time,
            told,
            places: HashMap::new(),
            counts: Vec::new(),
        }
    }

    async fn add_run(&mut self, db: &mut SqliteConnection, run: &Summary) -> Outcome<()> {
        let (from_ms, to_ms) = self.time;
        let is_within = run.started_ms.1 >= from_ms && run.started_ms.0 <= to_ms;
        // What was told in this time may be about what had started before.
        if !is_within && self.told.unknown == 0 {
            return Ok(());
        }
        let columns = Columns::load(db, run.id).await?;
        for episode in columns.episodes() {
            let (one, fate, labels) = episode?;
            let is_within = (from_ms..=to_ms).contains(&one.started_ms);
            let is_asked_for = self.told.rules.get(&one.fingerprint) == Some(&None);
            if !is_within && !is_asked_for {
                continue;
            }
            let rule = self.place(&episodes::decode_labels(labels)?);
            if is_asked_for {
                self.told.rules.insert(one.fingerprint, Some(rule));
                self.told.unknown -= 1;
            }
            if is_within {
                self.counts[rule].add(one.started_ms, &fate);
            }
        }
        Ok(())
    }

    /// The place of the rule of an alert with these labels.
    fn place(&mut self, labels: &Labels) -> usize {
        let of = |name| labels.get(name).unwrap_or("").to_owned();
        let rule = (of("alertname"), of("severity"), of("team"));
        let next = self.counts.len();
        let place = *self.places.entry(rule).or_insert(next);
        if place == next {
            self.counts.push(Counts::default());
        }
        place
    }

    fn report(mut self, from_ms: i64, to_ms: i64) -> QualityReport {
        for alerts in &self.told.notifications {
            let rules = alerts.iter().filter_map(|alert| self.told.rules[alert]);
            let mut rules: Vec<usize> = rules.collect();
            rules.sort_unstable();
            rules.dedup();
            for rule in rules {
                self.counts[rule].notifications += 1;
            }
        }
        let (mut acknowledge, mut resolve, mut detect) =
            (Mean::default(), Mean::default(), Mean::default());
        let mut rules = Vec::with_capacity(self.counts.len());
        for ((name, severity, team), place) in self.places {
            let counts = &self.counts[place];
            if counts.episodes == 0 && counts.notifications == 0 {
                continue;
            }
            acknowledge.add(counts.acknowledge);
            resolve.add(counts.resolve);
            detect.add(counts.detect);
            rules.push(RuleQuality {
                name,
                severity,
                team,
                episodes: counts.episodes,
                notifications: counts.notifications,
                judged: counts.judged,
                false_positives: counts.false_positives,
                acknowledged: counts.acknowledge.1,
                flaps: counts.flaps,
                acknowledge_ms: counts.acknowledge.value(),
                resolve_ms: counts.resolve.value(),
            });
        }
        rules.sort_unstable_by(|a, b| {
            (b.notifications, b.episodes)
                .cmp(&(a.notifications, a.episodes))
                .then_with(|| (&a.name, &a.severity, &a.team).cmp(&(&b.name, &b.severity, &b.team)))
        });
        let judged: u64 = rules.iter().map(|rule| rule.judged).sum();
        let false_positives: u64 = rules.iter().map(|rule| rule.false_positives).sum();
        QualityReport {
            from_ms,
            to_ms,
            rules,
            false_positive_ratio: (judged > 0).then(|| false_positives as f64 / judged as f64),
            detect_ms: detect.value(),
            acknowledge_ms: acknowledge.value(),
            resolve_ms: resolve.value(),
        }
    }
}

impl Counts {
    fn add(&mut self, started_ms: i64, fate: &Fate) {
        self.episodes += 1;
        self.judged += u64::from(fate.judgement.is_some());
        self.false_positives += u64::from(fate.judgement == Some(Judgement::FalsePositive));
        let since = |at_ms: Option<i64>| at_ms.map(|at_ms| at_ms.saturating_sub(started_ms));
        let acknowledged = since(fate.acknowledged.as_ref().map(|a| a.at_ms));
        let lasted = since(fate.resolved_ms);
        let is_short = lasted.is_some_and(|ms| ms < FLAP_MS);
        self.flaps += u64::from(is_short && acknowledged.is_none());
        self.acknowledge.note(acknowledged);
        self.resolve.note(lasted);
        self.detect.note(since(fate.notified_ms));
    }
}

/// A sum and of how many.
#[derive(Default, Clone, Copy)]
struct Mean(i64, u64);

impl Mean {
    fn note(&mut self, value: Option<i64>) {
        if let Some(value) = value {
            self.add(Self(value, 1));
        }
    }

    fn add(&mut self, other: Self) {
        self.0 = self.0.saturating_add(other.0);
        self.1 += other.1;
    }

    fn value(self) -> Option<i64> {
        self.0.checked_div(i64::try_from(self.1).ok()?)
    }
}
