//! Privacy, limits and enrichment of what comes in, before anything is stored.
//!
//! [`Guard`] is the `LogSink` in front of an engine. A batch is held against the limits of
//! its source, row by row and with Loki's words; then privacy rules take out secrets and
//! personal data, and `detected_level` and `service_name` are added as Loki adds them; then
//! the engine stores it, and those who follow get a copy. One pass over each line, in
//! place, because everything that is stored comes through here.
//!
//! [`Privacy`], [`LevelDetector`] and the limits stand on their own, for signals that are
//! no lines. Not here: parsing of formats (rooms `wire` and `collect`), settings files, and
//! any reading of what is stored.

mod arena;
mod enrich;
mod guard;
mod limits;
mod pass;
mod privacy;
mod rate;
mod rows;
mod search;
mod settings;
mod source;
mod stats;
mod tail;
mod tally;

pub use enrich::{
    LEVEL_FIELD, Level, LevelDetector, SERVICE_NAME, UNKNOWN_SERVICE, detect_generic, service_name,
};
pub use guard::Guard;
pub use privacy::{
    Action, Detector, Place, Privacy, PrivacySettings, ReportEntry, Rule, Scope, Scrubbed,
    SettingsError,
};
pub use rate::TokenBucket;
pub use settings::{
    EnrichmentSettings, GenericField, GuardSettings, LimitSettings, LongLines, TailSettings,
};
pub use stats::{FindingCount, GuardStats, SourceStats};
pub use tail::{Subscription, Waker};
