//! `query`: what queries may use.

use std::path::PathBuf;
use std::time::Duration;

use binnacle_model::limits::QueryLimits;
use binnacle_server::settings::Settings as ServerSettings;

use crate::config::prometheus::Global;
use binnacle_config::reader::Reader;

use super::listen::{bytes, count};

/// What queries may use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuerySettings {
    /// Limits of each query.
    pub limits: QueryLimits,
    /// Queries at the same time; further ones wait.
    pub concurrency: usize,
    /// How far an instant selector looks back.
    pub lookback_delta: Duration,
    /// Step of subqueries that name none.
    pub default_step: Duration,
    /// Where queries are logged.
    pub log_file: Option<PathBuf>,
}

/// The section as it was typed.
pub(super) struct Query {
    settings: QuerySettings,
    default_step: Option<Duration>,
    /// Steps of a range query at most.
    pub(super) range_steps_max: u64,
}

const DEFAULT_STEP: Duration = Duration::from_secs(60);

/// Reads the section.
pub(super) fn read(r: &mut Reader<'_>) -> Query {
    let default = QueryLimits::default();
    let positive = |r: &mut Reader<'_>, key: &'static str, default: u64| {
        let number = r.uint_or(key, default);
        if number == 0 {
            r.refuse(key, format!("{key:?} must be at least 1"));
        }
        number
    };
    let memory = usize::try_from(default.memory_bytes_max).unwrap_or(usize::MAX);
    let limits = QueryLimits {
        timeout: not_zero(r, "timeout", default.timeout),
        samples_max: positive(r, "samples_max", default.samples_max),
        series_max: positive(r, "series_max", default.series_max),
        memory_bytes_max: bytes(r, "memory_max", memory) as u64,
    };
    let concurrency = count(r, "concurrency", 20);
    let lookback_delta = not_zero(r, "lookback_delta", Duration::from_secs(300));
    let step = r.duration("default_step");
    let default_step = (!step.is_zero()).then_some(step);
    let range_steps_max = positive(
        r,
        "range_steps_max",
        ServerSettings::default().range_steps_max,
    );
    let log_file = r.path("log_file");
    let settings = QuerySettings {
        limits,
        concurrency,
        lookback_delta,
        default_step: DEFAULT_STEP,
        log_file,
    };
    Query {
        settings,
        default_step,
        range_steps_max,
    }
}

fn not_zero(r: &mut Reader<'_>, key: &'static str, default: Duration) -> Duration {
    let duration = r.duration_or(key, default);
    if duration.is_zero() {
        r.refuse(key, format!("{key:?} must not be zero"));
    }
    duration
}

impl Query {
    /// What to do; what is not set comes from the `global` of a `prometheus.yml`.
    pub(super) fn resolve(&self, global: Option<&Global>) -> QuerySettings {
        let evaluation = global.map(|g| g.evaluation_interval);
        let default_step = self.default_step.or(evaluation).unwrap_or(DEFAULT_STEP);
        let log_file = self
            .settings
            .log_file
            .clone()
            .or_else(|| global.and_then(|g| g.query_log_file.clone()));
        QuerySettings {
            default_step,
            log_file,
            ..self.settings.clone()
        }
    }
}
