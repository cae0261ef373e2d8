//! The log: lines for people, or one JSON object a line, to standard error.

use std::io::IsTerminal;
use std::sync::OnceLock;

use binnacle::config::{LogFormat, LogLevel, LogSettings};
use parking_lot::Mutex;
use tracing_subscriber::EnvFilter;

/// Puts another filter in force.
type Change = Box<dyn Fn(EnvFilter) -> Result<(), String> + Send + Sync>;

/// The level in force, and how to change it.
struct Current {
    level: Mutex<LogLevel>,
    change: Change,
}

static CURRENT: OnceLock<Current> = OnceLock::new();

/// Our own crates at the level asked for, others from `warn` on.
fn filter(level: LogLevel) -> EnvFilter {
    let level = level.as_str();
    EnvFilter::new(format!(
        "warn,binnacle={level},binnacle_collect={level},binnacle_metrics={level},\
         binnacle_server={level},binnacle_store={level}"
    ))
}

/// Starts logging.
pub fn start(settings: LogSettings) {
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter(settings.level))
        .with_target(false)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    let change: Change = match settings.format {
        LogFormat::Text => {
            let builder = builder.with_filter_reloading();
            let handle = builder.reload_handle();
            builder.init();
            Box::new(move |filter| handle.reload(filter).map_err(|e| e.to_string()))
        }
        LogFormat::Json => {
            let builder = builder.json().with_filter_reloading();
            let handle = builder.reload_handle();
            builder.init();
            Box::new(move |filter| handle.reload(filter).map_err(|e| e.to_string()))
        }
    };
    // It is started once.
    let _ = CURRENT.set(Current {
        level: Mutex::new(settings.level),
        change,
    });
}

/// The level in force.
pub fn level() -> LogLevel {
    CURRENT
        .get()
        .map_or(LogLevel::default(), |current| *current.level.lock())
}

/// Logs at `level` from now on, until the process ends.
///
/// # Errors
/// When the log has not been started or has ended.
pub fn set_level(level: LogLevel) -> Result<(), String> {
    let current = CURRENT.get().ok_or("nothing is logged")?;
    (current.change)(filter(level))?;
    *current.level.lock() = level;
    Ok(())
}
