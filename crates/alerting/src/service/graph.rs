//! Pictures of expressions, from whoever can draw them.

use std::sync::Arc;
use std::time::Duration;

use binnacle_model::alert::{Alert, BoxFuture};
use tokio::sync::OnceCell;

use super::Service;
use super::deliver::Telling;
use crate::notify::Graph;

/// A picture that takes longer is left out: nobody waits for it who waits for an alert.
const TIMEOUT: Duration = Duration::from_secs(2);

/// Draws the expression of alerts.
pub trait Graphs: Send + Sync {
    /// A picture of the alerts of one notification; `None`: there is nothing to draw.
    /// Whoever asks stops waiting after two seconds.
    fn draw<'a>(&'a self, alerts: &'a [Arc<Alert>]) -> BoxFuture<'a, Option<Graph>>;
}

/// The picture of a flush: drawn when the first integration asks for it, and once.
#[derive(Default)]
pub(super) struct Picture(OnceCell<Option<Graph>>);

impl Service {
    /// From now on notifications carry pictures by `graphs`.
    pub fn set_graphs(&self, graphs: Arc<dyn Graphs>) {
        *self.graphs.write() = Some(graphs);
    }

    /// The picture for an integration that shows it.
    pub(super) async fn graph_of<'a>(&self, telling: &Telling<'a>) -> Option<&'a Graph> {
        if !telling.ready.notifier.wants_graph() {
            return None;
        }
        let graphs = self.graphs.read().clone()?;
        let drawing = async {
            let drawn = tokio::time::timeout(TIMEOUT, graphs.draw(telling.alerts)).await;
            // The next integration need not wait for the same in vain.
            drawn.unwrap_or_default()
        };
        telling.picture.0.get_or_init(|| drawing).await.as_ref()
    }
}
