//! Times on the command line and in its output.

use std::time::{SystemTime, UNIX_EPOCH};

use binnacle_model::duration;
use binnacle_server::state::format_rfc3339;

/// Milliseconds since the Unix epoch.
pub(super) fn now_ms() -> i64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// RFC 3339.
pub(super) fn stamp(t_ms: i64) -> String {
    format_rfc3339(t_ms)
}

/// What a server takes as a time: `-7d` as seconds, anything else as it is.
pub(super) fn since(text: &str) -> String {
    text.strip_prefix('-')
        .and_then(|back| duration::parse_param(back).ok())
        .map_or_else(
            || text.to_owned(),
            |back_ms| format!("{:.3}", (now_ms() - back_ms) as f64 / 1000.0),
        )
}

/// How long ago a time of RFC 3339 was.
pub(super) fn ago(text: &str) -> String {
    let Ok(t_ms) = binnacle_server::http::time::parse_time(text) else {
        return text.to_owned();
    };
    let seconds = (now_ms() - t_ms) / 1000;
    match seconds {
        ..120 => format!("{seconds}s"),
        120..7_200 => format!("{}m", seconds / 60),
        7_200..172_800 => format!("{}h", seconds / 3_600),
        _ => format!("{}d", seconds / 86_400),
    }
}
