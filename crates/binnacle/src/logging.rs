//! The log: lines for people, or one JSON object a line, to standard error.

use std::io::IsTerminal;

use binnacle::config::{LogFormat, LogSettings};
use tracing_subscriber::EnvFilter;

/// Starts logging. Our own crates at the level asked for, others from `warn` on.
pub fn start(settings: LogSettings) {
    let level = settings.level.as_str();
    let filter = EnvFilter::new(format!(
        "warn,binnacle={level},binnacle_collect={level},binnacle_metrics={level},\
         binnacle_server={level},binnacle_store={level}"
    ));
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_target(false)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    match settings.format {
        LogFormat::Text => builder.init(),
        LogFormat::Json => builder.json().init(),
    }
}
