//! What the server asks of the rest of the process, as traits: the binary hands
//! in whatever fulfils them.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use binnacle_model::Labels;
use binnacle_model::alert::{Alerting, Rules};
use binnacle_model::event::LogsQuery;
use binnacle_model::metadata::Metadata;
use binnacle_model::query::MetricsQuery;
use bytes::Bytes;

pub use crate::http::time::format_rfc3339;
use crate::settings::Settings;

/// Everything a request handler may need.
pub struct App {
    /// Settings.
    pub settings: Settings,
    /// The metrics signal.
    pub metrics: Arc<dyn MetricsQuery>,
    /// The logs signal.
    pub logs: Arc<dyn LogsQuery>,
    /// Rules.
    pub rules: Arc<dyn Rules>,
    /// Alerts: routing, silences, notifications, history.
    pub alerting: Arc<dyn Alerting>,
    /// Where alerts are sent besides, for `/api/v1/alertmanagers`.
    pub alertmanagers: Arc<dyn Alertmanagers>,
    /// Pictures that notifications point to.
    pub graphs: Arc<dyn Graphs>,
    /// What people save.
    pub shelf: Arc<dyn Shelf>,
    /// Scrape targets.
    pub targets: Arc<dyn Targets>,
    /// The process itself.
    pub process: Arc<dyn Process>,
    /// The web UI's files.
    pub assets: Arc<dyn Assets>,
    /// The server's own counters.
    pub counters: Arc<crate::counters::Counters>,
}

/// Whether the last scrape worked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Health {
    Unknown,
    Up,
    Down,
}

impl Health {
    /// The API's word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Up => "up",
            Self::Down => "down",
        }
    }
}

/// A target that is scraped.
#[derive(Debug, Clone)]
pub struct ActiveTarget {
    /// Labels before relabelling.
    pub discovered: Vec<(String, String)>,
    /// Labels that its series carry.
    pub labels: Labels,
    /// The pool, which is the job's name in the configuration.
    pub pool: String,
    /// What is scraped.
    pub url: String,
    /// The same URL, as others on the network would write it.
    pub global_url: String,
    /// Why the last scrape failed, or empty.
    pub last_error: String,
    /// When it was scraped last, milliseconds since the Unix epoch; 0: never.
    pub last_scrape_ms: i64,
    /// How long that took.
    pub last_duration_seconds: f64,
    /// Whether it worked.
    pub health: Health,
    /// How often, as a duration text.
    pub interval: String,
    /// For how long, as a duration text.
    pub timeout: String,
}

/// A target that relabelling dropped.
#[derive(Debug, Clone)]
pub struct DroppedTarget {
    /// Labels before relabelling.
    pub discovered: Vec<(String, String)>,
    /// The pool.
    pub pool: String,
}

/// One step of relabelling a target, for showing.
#[derive(Debug, Clone)]
pub struct RelabelStep {
    /// The rule: names as in the configuration file, values as text.
    pub rule: Vec<(&'static str, String)>,
    /// Labels behind the step.
    pub output: Vec<(String, String)>,
    /// Whether the target is still kept.
    pub keep: bool,
}

/// What one target says of one metric family.
#[derive(Debug, Clone)]
pub struct TargetMetadata {
    /// The target's labels.
    pub target: Labels,
    /// The family.
    pub metric: String,
    /// Type, help, unit.
    pub metadata: Metadata,
}

/// What is scraped.
pub trait Targets: Send + Sync {
    /// Names of the pools, ascending.
    fn pools(&self) -> Vec<String>;
    /// All targets that are scraped, by pool and then by URL.
    fn active(&self) -> Vec<ActiveTarget>;
    /// Targets that relabelling dropped; may be fewer than there were.
    fn dropped(&self) -> Vec<DroppedTarget>;
    /// How many were dropped, by pool.
    fn dropped_counts(&self) -> Vec<(String, u64)>;
    /// What the targets say of their metrics; `metric` narrows it to one family.
    fn metadata(&self, metric: Option<&str>) -> Vec<TargetMetadata>;
    /// The relabelling of `discovered` in `pool`, rule by rule; `None` when there
    /// is no such pool.
    fn relabel_steps(
        &self,
        pool: &str,
        discovered: &[(String, String)],
    ) -> Option<Vec<RelabelStep>>;
}

/// Other Alertmanagers that alerts are sent to.
pub trait Alertmanagers: Send + Sync {
    /// URLs that alerts go to.
    fn active(&self) -> Vec<String>;
    /// URLs that relabelling dropped.
    fn dropped(&self) -> Vec<String>;
}

/// Pictures of alerts' expressions that notifications point to.
pub trait Graphs: Send + Sync {
    /// The PNG with that id; `None` when there is none, or no longer.
    fn png(&self, id: &str) -> Option<Bytes>;
}

/// Something that somebody saved.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Kept {
    /// Unique within its kind.
    pub id: String,
    /// How often it was saved.
    pub version: i64,
    /// When it was saved last, milliseconds since the Unix epoch.
    pub updated_ms: i64,
    /// By whom.
    pub by: String,
    /// Its text, as given.
    pub body: String,
}

/// Why something could not be saved or read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ShelfError {
    /// Somebody else saved it in the meantime.
    #[error("{0}")]
    Conflict(String),
    /// Anything else.
    #[error("{0}")]
    Failed(String),
}

/// What people save at run time: texts by kind and id.
pub trait Shelf: Send + Sync {
    /// Everything of a kind, by id.
    fn list(&self, kind: String) -> BoxFuture<'_, Result<Vec<Kept>, ShelfError>>;
    /// Saves, and answers the new version. With `expected` only over that version; 0: only
    /// when there is none.
    fn save(
        &self,
        kind: String,
        kept: Kept,
        expected: Option<i64>,
    ) -> BoxFuture<'_, Result<i64, ShelfError>>;
    /// Deletes; answers whether it was there.
    fn remove(&self, kind: String, id: String) -> BoxFuture<'_, Result<bool, ShelfError>>;
}

/// How a component is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ComponentState {
    /// Works.
    Ok,
    /// Works in part; the message says what does not.
    Degraded,
    /// Does not work.
    Failed,
}

impl ComponentState {
    /// The API's word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Degraded => "degraded",
            Self::Failed => "failed",
        }
    }
}

/// One component's health.
#[derive(Debug, Clone)]
pub struct ComponentHealth {
    /// Its name.
    pub name: String,
    /// How it is.
    pub state: ComponentState,
    /// Why, or empty.
    pub message: String,
}

/// What the process says of itself.
#[derive(Debug, Clone, Default)]
pub struct RuntimeInfo {
    /// Milliseconds since the Unix epoch.
    pub started_ms: i64,
    /// Working directory.
    pub working_directory: String,
    /// The host's name.
    pub hostname: String,
    /// Whether the last reload worked.
    pub reload_ok: bool,
    /// When the configuration in force was loaded, milliseconds since the Unix epoch.
    pub config_loaded_ms: i64,
    /// Damaged pieces of storage found so far.
    pub corruptions: u64,
    /// Threads of the process.
    pub threads: u64,
    /// Processors the process may use.
    pub processors: u64,
    /// Retention as text, such as `15d`.
    pub retention: String,
    /// Resident memory in bytes.
    pub resident_bytes: u64,
    /// Bytes on disk in the data directory.
    pub storage_bytes: u64,
}

/// Which build this is.
#[derive(Debug, Clone, Copy)]
pub struct BuildInfo {
    /// Version.
    pub version: &'static str,
    /// Commit, or `unknown`.
    pub revision: &'static str,
    /// The compiler's version.
    pub rustc: &'static str,
}

/// What a privacy rule found somewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrivacyFinding {
    /// The rule's name.
    pub rule: String,
    /// The detector's name.
    pub detector: &'static str,
    /// What became of the findings.
    pub action: &'static str,
    /// The way in.
    pub protocol: &'static str,
    /// The service whose lines these were; may be empty.
    pub service: String,
    /// `line`, `field` or `label`.
    pub place: &'static str,
    /// The name of the field or label; empty for lines.
    pub name: String,
    /// How many findings.
    pub count: u64,
    /// When the last one came, milliseconds since the Unix epoch.
    pub last_ms: i64,
}

/// A future that a trait object can return.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The process.
pub trait Process: Send + Sync {
    /// Runtime facts.
    fn runtime(&self) -> RuntimeInfo;
    /// Build facts.
    fn build(&self) -> BuildInfo;
    /// The configuration in force as YAML, secrets hidden.
    fn config_yaml(&self) -> String;
    /// The whole configuration in force as YAML in the form of `binnacle.yaml`, secrets
    /// hidden.
    fn whole_config_yaml(&self) -> String;
    /// How much is logged: `error`, `warn`, `info`, `debug` or `trace`.
    fn log_level(&self) -> String;
    /// Logs that much from now on, until the process ends.
    ///
    /// # Errors
    /// When there is no such level, in words.
    fn set_log_level(&self, level: &str) -> Result<(), String>;
    /// Writes the lines that are in memory out as files.
    fn flush_logs(&self) -> BoxFuture<'_, Result<(), String>>;
    /// What privacy rules found, most first, and how many findings had no room in it.
    fn privacy_findings(&self) -> (Vec<PrivacyFinding>, u64);
    /// Settings in force as Prometheus-like flags.
    fn flags(&self) -> Vec<(String, String)>;
    /// Labels that this server adds when it talks to others.
    fn external_labels(&self) -> Labels;
    /// Lookback in milliseconds.
    fn lookback_ms(&self) -> i64;
    /// Health of every component.
    fn components(&self) -> Vec<ComponentHealth>;
    /// Reloads the configuration: all of it or nothing.
    fn reload(&self) -> BoxFuture<'_, Result<(), String>>;
    /// Own metrics, appended to `out` as exposition text (0.0.4).
    fn render_metrics(&self, out: &mut Vec<u8>);
    /// Milliseconds since the Unix epoch.
    fn now_ms(&self) -> i64;
}

/// One file of the UI.
pub struct Asset {
    /// The bytes, encoded as `encoding` says.
    pub bytes: std::borrow::Cow<'static, [u8]>,
    /// `br`, `gzip` or nothing.
    pub encoding: Option<&'static str>,
    /// Media type.
    pub media_type: &'static str,
    /// Whether the name holds a hash, so that it never changes.
    pub immutable: bool,
}

/// The UI's files.
pub trait Assets: Send + Sync {
    /// The file at `path` (no leading slash) in the best of the encodings that the
    /// client takes; `None` when there is none.
    fn get(&self, path: &str, brotli: bool, gzip: bool) -> Option<Asset>;
}
