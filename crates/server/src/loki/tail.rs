//! `/tail`: lines as they come, over a WebSocket.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::extract::{RawQuery, State};
use axum::response::Response;
use binnacle_model::event::logs::{Direction, LogStream, Tail};
use http::HeaderMap;

use super::encode::{Form, push_streams};
use super::{LokiError, moment, query};
use crate::http::params::Params;
use crate::state::App;

/// A reader that takes no message for so long has gone away.
const SEND_TIMEOUT: Duration = Duration::from_secs(10);

/// `/tail`
pub(super) async fn tail(
    State(app): State<Arc<App>>,
    RawQuery(raw): RawQuery,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Result<Response, LokiError> {
    let mut params = Params::default();
    params.parse(raw.as_deref().unwrap_or_default())?;
    let limit = moment::lines(&params)?;
    let tail = app.logs.tail(params.get("query"), limit)?;
    let form = query::form(&headers);
    Ok(upgrade.on_upgrade(move |socket| follow(socket, tail, form)))
}

async fn follow(mut socket: WebSocket, mut tail: Box<dyn Tail>, form: Form) {
    loop {
        tokio::select! {
            incoming = socket.recv() => match incoming {
                Some(Ok(Message::Close(_)) | Err(_)) | None => return,
                Some(Ok(_)) => {}
            },
            next = tail.next() => {
                let Some((streams, dropped)) = next else { return };
                let text = message(streams, dropped, form);
                let sending = socket.send(Message::Text(text.into()));
                match tokio::time::timeout(SEND_TIMEOUT, sending).await {
                    Ok(Ok(())) => {}
                    Ok(Err(_)) | Err(_) => return,
                }
            }
        }
    }
}

fn message(streams: Vec<LogStream>, dropped: u64, form: Form) -> String {
    let mut out = b"{\"streams\":".to_vec();
    push_streams(&mut out, streams, form, Direction::Forward);
    if form == Form::Categorized {
        out.extend_from_slice(b",\"encodingFlags\":[\"categorize-labels\"]");
    }
    out.extend_from_slice(b",\"dropped_entries\":");
    if dropped == 0 {
        out.extend_from_slice(b"null");
    } else {
        // Which lines they were is not kept, only how many.
        let text =
            format!("[{{\"timestamp\":\"0\",\"labels\":{{\"__dropped__\":\"{dropped}\"}}}}]");
        out.extend_from_slice(text.as_bytes());
    }
    out.push(b'}');
    String::from_utf8(out).unwrap_or_default()
}
