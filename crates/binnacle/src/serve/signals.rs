//! Signals: the first SIGINT or SIGTERM stops, a second ends at once, SIGHUP
//! reloads.

use std::sync::Arc;

use tokio::signal::unix::{Signal, SignalKind, signal};

use super::reload::Reloader;

/// Status of a process that was told twice to end.
const ENDED_AT_ONCE: i32 = 130;

/// Waits for the signal to stop; reloads in between.
pub(super) async fn wait(reloader: &Arc<Reloader>) {
    let (Ok(mut interrupt), Ok(mut terminate), Ok(mut hangup)) = (
        signal(SignalKind::interrupt()),
        signal(SignalKind::terminate()),
        signal(SignalKind::hangup()),
    ) else {
        tracing::warn!("signals cannot be caught: only kill ends this process");
        return std::future::pending().await;
    };
    loop {
        tokio::select! {
            _ = interrupt.recv() => break,
            _ = terminate.recv() => break,
            _ = hangup.recv() => {
                if let Err(error) = reloader.reload().await {
                    tracing::error!("the configuration stays as it was\n{error}");
                }
            }
        }
    }
    tokio::spawn(end_at_once(interrupt, terminate));
}

async fn end_at_once(mut interrupt: Signal, mut terminate: Signal) {
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    tracing::warn!("a second signal: ending at once; the log holds what was acknowledged");
    std::process::exit(ENDED_AT_ONCE);
}
