//! The thread that ticks: now and then, and at once when an append finds that the
//! head is due to be written out.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Weak};
use std::thread::JoinHandle;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

use crate::engine::Inner;

/// Wakes the thread. Ringing it twice before it is heard is ringing it once.
#[derive(Debug, Default)]
pub(crate) struct Bell {
    state: Mutex<Heard>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Heard {
    rung: bool,
    ended: bool,
}

impl Bell {
    /// Asks for a tick.
    pub(crate) fn ring(&self) {
        let mut state = self.state.lock();
        if !state.rung {
            state.rung = true;
            self.changed.notify_all();
        }
    }

    /// Asks the thread to end.
    fn end(&self) {
        self.state.lock().ended = true;
        self.changed.notify_all();
    }

    /// Waits for a ring, `every` at most; false when it is time to end.
    fn wait(&self, every: Duration) -> bool {
        let mut state = self.state.lock();
        if !state.rung && !state.ended {
            self.changed.wait_for(&mut state, every);
        }
        state.rung = false;
        !state.ended
    }
}

/// A running thread; [`Self::stop`] ends it.
pub(crate) struct Background {
    bell: Arc<Bell>,
    thread: JoinHandle<()>,
}

impl Background {
    /// Starts the thread. It holds the engine only while it works.
    pub(crate) fn start(
        engine: Weak<Inner>,
        bell: Arc<Bell>,
        every: Duration,
    ) -> std::io::Result<Self> {
        let heard = bell.clone();
        let thread = std::thread::Builder::new()
            .name("events".into())
            .spawn(move || {
                while heard.wait(every) {
                    let Some(engine) = engine.upgrade() else {
                        return;
                    };
                    // A bug in one round must not end all writing out: what is in memory is as
                    // it was, and the files that it did not finish count for nothing.
                    match catch_unwind(AssertUnwindSafe(|| engine.tick())) {
                        Ok(Ok(_)) => {}
                        Ok(Err(error)) => tracing::error!(
                            %error,
                            "background work of the event engine failed; it is tried again"
                        ),
                        Err(_) => tracing::error!(
                            "background work of the event engine panicked; it is tried again"
                        ),
                    }
                }
            })?;
        Ok(Self { bell, thread })
    }

    /// Ends the thread and waits for it.
    pub(crate) fn stop(self) {
        self.bell.end();
        if self.thread.join().is_err() {
            tracing::error!("the event engine's background thread panicked");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ring_is_heard_once_and_the_end_always() {
        let bell = Bell::default();
        bell.ring();
        bell.ring();
        assert!(bell.wait(Duration::from_secs(3600)));
        assert!(!bell.state.lock().rung);
        bell.end();
        assert!(!bell.wait(Duration::from_secs(3600)));
        assert!(!bell.wait(Duration::from_secs(3600)));
    }
}
