//! What alerting asks to be remembered.

use binnacle_model::alert::{
    Acknowledgement, BoxFuture, Episode, EpisodeFilter, Fingerprint, Judgement, NotificationFilter,
    NotificationRecord, QualityReport, Silence, SilenceEvent, SilenceId, TeamBudget,
};
use binnacle_model::matcher::Matcher;
use binnacle_state::{
    Begun, Digest, Disturbance, LogEntry, Mark, NewHeld, NewNotification, State, StateError,
};

/// Declares [`Ledger`] and fulfils it by [`State`], whose methods have the same names.
macro_rules! ledger {
    ($($(#[$doc:meta])* fn $name:ident($($arg:ident: $ty:ty $(=> $pass:expr)?),*) -> $ret:ty;)*) => {
        /// What alerting asks to be remembered. A write is durable when its future is done.
        pub trait Ledger: Send + Sync {
            $(
                $(#[$doc])*
                fn $name(&self, $($arg: $ty),*) -> BoxFuture<'_, Result<$ret, StateError>>;
            )*
        }

        impl Ledger for State {
            $(
                fn $name(&self, $($arg: $ty),*) -> BoxFuture<'_, Result<$ret, StateError>> {
                    Box::pin(async move {
                        Self::$name(self, $(ledger!(@pass $arg $($pass)?)),*).await
                    })
                }
            )*
        }
    };
    (@pass $arg:ident) => { $arg };
    (@pass $arg:ident $pass:expr) => { $pass };
}

ledger! {
    /// All silences.
    fn silences() -> Vec<Silence>;
    /// Stores silences with what happened to them, all or none.
    fn put_silences(silences: Vec<(Silence, Option<SilenceEvent>)>) -> ();
    /// Forgets silences that ended before; answers which.
    fn delete_silences(ended_before_ns: i64) -> Vec<SilenceId>;
    /// What happened to silences, newest first.
    fn silence_events(from_ms: i64, to_ms: i64, limit: usize) -> Vec<SilenceEvent>;

    /// The notification log.
    fn log() -> Vec<LogEntry>;
    /// Stores what was told last.
    fn put_log(entry: LogEntry) -> ();
    /// Forgets what has expired.
    fn expire_log(now_ms: i64) -> u64;

    /// Episodes that have not ended.
    fn open_episodes() -> Vec<Episode>;
    /// Stores the episodes of alerts that began to fire; answers their numbers.
    fn begin_alerts(begun: Vec<Begun>) -> Vec<i64>;
    /// Notes ends: number and milliseconds.
    fn resolve_episodes(ended: Vec<(i64, i64)>) -> ();
    /// Notes the first delivered notification: number and milliseconds.
    fn notified_episodes(told: Vec<(i64, i64)>) -> ();
    /// Episodes of the past.
    fn episodes(filter: EpisodeFilter) -> Vec<Episode>;
    /// Says whether an episode was right.
    fn judge(episode: i64, judgement: Option<Judgement>, by: String) -> ();
    /// How often alerts fired that any of the sets matches, by name, within ranges of
    /// milliseconds.
    fn fired(sets: Vec<Vec<Matcher>> => &sets, times: Vec<(i64, i64)> => &times) -> Vec<(String, u64)>;

    /// What people said of alerts that fire.
    fn marks() -> Vec<Mark>;
    /// Notes that somebody has seen an alert.
    fn acknowledge(alert: Fingerprint, what: Acknowledgement, episode: Option<i64>) -> ();
    /// Takes it back.
    fn unacknowledge(alert: Fingerprint, by: String) -> ();
    /// Gives an alert to somebody.
    fn assign(alert: Fingerprint, to: Option<String>, by: String, episode: Option<i64>) -> ();
    /// Forgets what was said of alerts that have ended.
    fn clear_marks(alerts: Vec<Fingerprint>) -> ();

    /// Stores notifications; answers their numbers.
    fn append_notifications(notifications: Vec<NewNotification>) -> Vec<i64>;
    /// Notifications of the past.
    fn notifications(filter: NotificationFilter) -> Vec<NotificationRecord>;
    /// How many delivered notifications were about alerts that any of the sets matches,
    /// within ranges of milliseconds.
    fn notifications_about(sets: Vec<Vec<Matcher>> => &sets, times: Vec<(i64, i64)> => &times) -> u64;

    /// Delivered notifications by team.
    fn disturbances(since_ms: i64) -> Vec<Disturbance>;
    /// How much teams were disturbed.
    fn budgets(now_ms: i64) -> Vec<TeamBudget>;
    /// Keeps notifications for a digest.
    fn hold(held: Vec<NewHeld>) -> Vec<i64>;
    /// Teams for which something is due, and since when.
    fn held_teams(due_by_ms: i64) -> Vec<(String, i64)>;
    /// Takes all that is due of a team.
    fn take_digest(team: String => &team, due_by_ms: i64) -> Option<Digest>;
    /// Digests that were taken and not finished.
    fn digests() -> Vec<Digest>;
    /// A digest was told; what of it was not taken is due again.
    fn finish_digest(id: i64, sent: Vec<NewNotification>, due_again: Vec<i64>) -> Vec<i64>;

    /// How good alerts were.
    fn quality(from_ms: i64, to_ms: i64) -> QualityReport;
}
