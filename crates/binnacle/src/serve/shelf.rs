//! What people save through the API, kept in the state beside silences and history.

use binnacle_server::state::{BoxFuture, Kept, Shelf, ShelfError};
use binnacle_state::{State, StateError};

/// The shelf of this process.
pub(super) struct KeptInState(pub(super) State);

fn told(error: StateError) -> ShelfError {
    match error {
        StateError::Conflict { what } => ShelfError::Conflict(format!(
            "{what}: somebody saved it in the meantime; load it again and repeat the change"
        )),
        other => ShelfError::Failed(other.to_string()),
    }
}

impl Shelf for KeptInState {
    fn list(&self, kind: String) -> BoxFuture<'_, Result<Vec<Kept>, ShelfError>> {
        Box::pin(async move {
            let found = self.0.saved(&kind).await.map_err(told)?;
            let kept = found.into_iter().map(|one| Kept {
                id: one.id,
                version: one.version,
                updated_ms: one.updated_ms,
                by: one.by,
                body: one.body,
            });
            Ok(kept.collect())
        })
    }

    fn save(
        &self,
        kind: String,
        kept: Kept,
        expected: Option<i64>,
    ) -> BoxFuture<'_, Result<i64, ShelfError>> {
        Box::pin(async move {
            let Kept { id, body, by, .. } = kept;
            let saved = self.0.save(kind, id, body, by, expected).await;
            saved.map_err(told)
        })
    }

    fn remove(&self, kind: String, id: String) -> BoxFuture<'_, Result<bool, ShelfError>> {
        Box::pin(async move { self.0.unsave(kind, id).await.map_err(told) })
    }
}
