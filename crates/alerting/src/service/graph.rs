//! Pictures of expressions, from whoever can draw them.

use std::sync::Arc;
use std::time::Duration;

use binnacle_model::alert::{Alert, BoxFuture};

use super::Service;
use crate::notify::Graph;

/// A picture that takes longer is left out: nobody waits for it who waits for an alert.
const TIMEOUT: Duration = Duration::from_secs(2);

/// Draws the expression of an alert.
pub trait Graphs: Send + Sync {
    /// The picture; `None`: there is nothing to draw.
    fn draw<'a>(&'a self, alert: &'a Alert) -> BoxFuture<'a, Option<Graph>>;
}

impl Service {
    /// From now on notifications carry pictures by `graphs`.
    pub fn set_graphs(&self, graphs: Arc<dyn Graphs>) {
        *self.graphs.write() = Some(graphs);
    }

    /// A picture of the first alert that fires.
    pub(super) async fn graph_of(&self, alerts: &[Arc<Alert>]) -> Option<Graph> {
        let graphs = self.graphs.read().clone()?;
        let first = alerts.iter().find(|alert| alert.ends_at_ns == 0)?;
        let drawn = tokio::time::timeout(TIMEOUT, graphs.draw(first)).await;
        drawn.unwrap_or_default()
    }
}
