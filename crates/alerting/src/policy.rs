//! What alerting does beyond `alertmanager.yml`, as plain data: limits, budgets, digests,
//! escalation, the dead-man's switch and severity profiles.
//!
//! The binary reads it from its own configuration. Everything that could hold a
//! notification back is off by default.

use std::collections::BTreeMap;
use std::time::Duration;

use binnacle_model::alert::Texts;
use binnacle_model::matcher::Matcher;
use binnacle_model::relabel::NameScheme;

use crate::dispatch;
use crate::journal::JournalOptions;
use crate::silence;

/// Everything beyond `alertmanager.yml`.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    /// How the journal of alerts is kept.
    pub journal: JournalOptions,
    /// How much is held in memory.
    pub board: dispatch::Limits,
    /// How many silences there may be, and how large.
    pub silences: silence::Limits,
    /// Which label names a silence may have.
    pub names: NameScheme,
    /// How long ended silences and entries of the notification log are kept. Default: 120
    /// hours, as Alertmanager.
    pub retention: Duration,
    /// How long ended alerts are kept to be merged with what comes late. Default: 30
    /// minutes.
    pub keep_ended: Duration,
    /// How many groups one integration is told at the same time. Default: 32.
    pub deliveries_at_once: usize,
    /// How many facts of the history may wait to be written; further ones are counted and
    /// left out. Default: 200,000.
    pub history_waiting_max: usize,
    /// How much each team may be disturbed.
    pub budgets: Budgets,
    /// Low severities, told once a day.
    pub daily_digest: Option<DailyDigest>,
    /// Whether an alert `BinnacleNotificationFailing` fires while a receiver cannot be
    /// reached. Default: no, as Alertmanager.
    pub alert_on_failure: bool,
    /// Who is told when a receiver cannot be reached.
    pub escalations: Vec<Escalation>,
    /// Who notices when alerting itself is dead.
    pub dead_man: DeadMan,
    /// Severity profiles, most severe first.
    pub profiles: Vec<Profile>,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            journal: JournalOptions::default(),
            board: dispatch::Limits::default(),
            silences: silence::Limits::default(),
            names: NameScheme::Utf8,
            retention: Duration::from_hours(120),
            keep_ended: Duration::from_mins(30),
            deliveries_at_once: 32,
            history_waiting_max: 200_000,
            budgets: Budgets::default(),
            daily_digest: None,
            alert_on_failure: false,
            escalations: Vec::new(),
            dead_man: DeadMan::default(),
            profiles: Vec::new(),
        }
    }
}

/// How often a team may be notified.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Budget {
    /// Notifications an hour; 0: no limit.
    pub hour: u64,
    /// Notifications a day; 0: no limit.
    pub day: u64,
}

/// Budgets of teams: always measured and shown. With [`Budgets::hold`], notifications
/// past a team's budget are held and told together in a digest; nothing is dropped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Budgets {
    /// The label that names the team. Default: `team`.
    pub team_label: String,
    /// Of teams that are not named below. Default: 10 an hour, 10 a day.
    pub default: Budget,
    /// Whether notifications past the budget are held. Default: no, as Alertmanager holds
    /// nothing.
    pub hold: bool,
    /// Of single teams.
    pub teams: BTreeMap<String, Budget>,
    /// Severities (label `severity`) that are told whatever the budget. Default:
    /// `critical`, `page`, `P0`, `P1`.
    pub exempt: Vec<String>,
    /// How long notifications past the budget are gathered. Default: one hour.
    pub digest_every: Duration,
}

impl Default for Budgets {
    fn default() -> Self {
        Self {
            team_label: "team".into(),
            default: Budget { hour: 10, day: 10 },
            hold: false,
            teams: BTreeMap::new(),
            exempt: ["critical", "page", "P0", "P1"].map(String::from).into(),
            digest_every: Duration::from_hours(1),
        }
    }
}

impl Budgets {
    /// The budget of a team.
    #[must_use]
    pub fn of(&self, team: &str) -> Budget {
        self.teams.get(team).copied().unwrap_or(self.default)
    }
}

/// Low severities are gathered and told once a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DailyDigest {
    /// Which severities (label `severity`).
    pub severities: Vec<String>,
    /// At which minute of the day, 0 to 1439.
    pub minute_of_day: u16,
    /// IANA name of the zone; empty: UTC.
    pub time_zone: String,
}

/// Whom to tell when a receiver cannot be reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Escalation {
    /// The receiver; empty: any without its own entry.
    pub receiver: String,
    /// Receivers that get the notification in its place once it was given up for a flush:
    /// the next one when the one before could not be reached either.
    pub then: Vec<String>,
}

/// The dead-man's switch.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct DeadMan {
    /// An address that is called again and again while all is well, so that whoever is
    /// behind it notices when it is not called.
    pub heartbeat: Option<Heartbeat>,
    /// Alerts that must keep coming.
    pub watchdogs: Vec<Watchdog>,
}

/// A call that says "I am alive".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heartbeat {
    /// Called with GET.
    pub url: String,
    /// How often.
    pub every: Duration,
}

/// An alert that always fires at a healthy source; when it stops coming, an alert
/// `BinnacleWatchdogMissing` fires here.
#[derive(Debug, Clone, PartialEq)]
pub struct Watchdog {
    /// For people.
    pub name: String,
    /// Which alert: all must match.
    pub matchers: Vec<Matcher>,
    /// How long it may be silent.
    pub within: Duration,
    /// Further labels of the alert that says so.
    pub labels: Texts,
}

/// What a severity means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// Such as `P0`.
    pub name: String,
    /// Values of the label `severity` that mean it, besides its name.
    pub severities: Vec<String>,
    /// How soon somebody has to acknowledge.
    pub respond_within: Duration,
    /// Receivers that get it whatever the routes say, once nobody acknowledged in time.
    pub receivers: Vec<String>,
}

impl Profile {
    /// Whether an alert of this severity has this profile.
    #[must_use]
    pub fn is_of(&self, severity: &str) -> bool {
        self.name == severity || self.severities.iter().any(|s| s == severity)
    }
}
