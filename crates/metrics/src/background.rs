//! The thread that ticks.

use std::sync::Weak;
use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::engine::Inner;

/// A running thread; [`Self::stop`] ends it.
pub(crate) struct Background {
    stop: SyncSender<()>,
    thread: JoinHandle<()>,
}

impl Background {
    /// Starts the thread. It holds the engine only while it works.
    pub(crate) fn start(engine: Weak<Inner>, every: Duration) -> std::io::Result<Self> {
        let (stop, stopped) = sync_channel(1);
        let thread = std::thread::Builder::new().name("metrics".into()).spawn(move || {
            while stopped.recv_timeout(every) == Err(RecvTimeoutError::Timeout) {
                let Some(engine) = engine.upgrade() else { return };
                if let Err(error) = engine.tick() {
                    tracing::error!(%error, "background work of the metrics engine failed; it is tried again");
                }
            }
        })?;
        Ok(Self { stop, thread })
    }

    /// Ends the thread and waits for it.
    pub(crate) fn stop(self) {
        // It is full when the thread was told before.
        let _ = self.stop.try_send(());
        if self.thread.join().is_err() {
            tracing::error!("the metrics engine's background thread panicked");
        }
    }
}
