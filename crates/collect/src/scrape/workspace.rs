//! Memory that scrapes borrow: a scrape needs much for a moment and little between.

use std::sync::Arc;

use binnacle_model::append::Batch;
use parking_lot::Mutex;

use super::digest::Origin;

/// Workspaces that wait for the next scrape, at most.
const KEPT_MAX: usize = 16;
/// A buffer that grew beyond this is given back to the allocator.
const BUFFER_BYTES_MAX: usize = 4 << 20;

/// What one scrape uses.
#[derive(Debug, Default)]
pub(crate) struct Workspace {
    /// The answer as it came.
    pub(super) raw: Vec<u8>,
    /// The answer decompressed.
    pub(super) plain: Vec<u8>,
    /// What is appended.
    pub(super) batch: Batch,
    /// Where each series of the batch came from.
    pub(super) origins: Vec<Origin>,
    /// Series as text, of a body that has them in another form.
    pub(super) texts: Vec<u8>,
}

impl Workspace {
    /// Forgets what was to be appended.
    pub(super) fn clear_batch(&mut self) {
        self.batch.clear();
        self.origins.clear();
        self.texts.clear();
    }
}

/// Lends workspaces.
#[derive(Debug, Clone, Default)]
pub(crate) struct Workspaces(Arc<Mutex<Vec<Workspace>>>);

impl Workspaces {
    pub(super) fn lend(&self) -> Workspace {
        self.0.lock().pop().unwrap_or_default()
    }

    pub(super) fn take_back(&self, mut workspace: Workspace) {
        workspace.raw.clear();
        workspace.plain.clear();
        workspace.clear_batch();
        let large = workspace.raw.capacity() > BUFFER_BYTES_MAX
            || workspace.plain.capacity() > BUFFER_BYTES_MAX;
        let mut kept = self.0.lock();
        if kept.len() < KEPT_MAX && !large {
            kept.push(workspace);
        }
    }
}
