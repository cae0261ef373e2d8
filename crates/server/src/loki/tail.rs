//! `/tail`: lines as they come, over a WebSocket. As with Loki, the first message has the
//! newest lines since `start` (an hour ago unless said), `limit` of them at most.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::extract::{RawQuery, State};
use axum::response::Response;
use binnacle_model::event::logs::{
    Direction, LogEntry, LogStream, LogsRequest, LogsTime, LogsValue, Tail,
};
use binnacle_model::query::QueryOptions;
use http::HeaderMap;

use super::encode::{Form, push_streams};
use super::{LokiError, moment, query};
use crate::http::params::Params;
use crate::state::App;

/// A reader that takes no message for so long has gone away.
const SEND_TIMEOUT: Duration = Duration::from_secs(10);

/// How far back the first lines are looked for, nanoseconds.
const HISTORY_NS: i64 = 3_600 * moment::SECOND_NS;

/// How long lines of the first message may come again: they were stored while it was
/// looked for.
const OVERLAP: Duration = Duration::from_secs(10);

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
    // First the tail, then the history: so no line falls between them.
    let tail = app.logs.tail(params.get("query"), limit)?;
    let history = history(&app, &params, limit).await?;
    let form = query::form(&headers);
    Ok(upgrade.on_upgrade(move |socket| follow(socket, tail, history, form)))
}

/// The newest lines, as they are before the tail begins.
async fn history(app: &App, params: &Params, limit: usize) -> Result<Vec<LogStream>, LokiError> {
    let now_ns = app.process.now_ms().saturating_mul(1_000_000);
    let start_ns = moment::time(params, "start", now_ns.saturating_sub(HISTORY_NS))?;
    let end_ns = now_ns.saturating_add(moment::SECOND_NS);
    if start_ns >= end_ns || limit == 0 {
        return Ok(Vec::new());
    }
    let request = LogsRequest {
        text: params.get("query").to_owned(),
        time: LogsTime::Range {
            start_ns,
            end_ns,
            step_ns: moment::SECOND_NS,
            interval_ns: 0,
        },
        limit,
        direction: Direction::Backward,
        options: QueryOptions::default(),
    };
    match app.logs.query(request).await?.value {
        LogsValue::Streams(mut streams) => {
            for stream in &mut streams {
                stream.entries.reverse();
            }
            Ok(streams)
        }
        // The tail itself refuses metric queries.
        _ => Ok(Vec::new()),
    }
}

/// Lines that were sent as history and may come again.
struct Sent {
    since: Instant,
    hasher: RandomState,
    lines: HashSet<u64>,
}

impl Sent {
    fn of(streams: &[LogStream]) -> Self {
        let mut sent = Self {
            since: Instant::now(),
            hasher: RandomState::new(),
            lines: HashSet::new(),
        };
        for stream in streams {
            for entry in &stream.entries {
                let key = sent.key(stream, entry);
                sent.lines.insert(key);
            }
        }
        sent
    }

    fn key(&self, stream: &LogStream, entry: &LogEntry) -> u64 {
        let labels = stream.labels.iter().collect::<Vec<_>>();
        self.hasher.hash_one((labels, entry.t_ns, &entry.line))
    }

    /// Takes out what was sent.
    fn filter(&mut self, streams: &mut Vec<LogStream>) {
        if self.lines.is_empty() {
            return;
        }
        if self.since.elapsed() > OVERLAP {
            self.lines = HashSet::new();
            return;
        }
        for stream in streams.iter_mut() {
            let mut entries = std::mem::take(&mut stream.entries);
            entries.retain(|entry| !self.lines.contains(&self.key(stream, entry)));
            stream.entries = entries;
        }
        streams.retain(|s| !s.entries.is_empty());
    }
}

async fn follow(
    mut socket: WebSocket,
    mut tail: Box<dyn Tail>,
    history: Vec<LogStream>,
    form: Form,
) {
    let mut sent = Sent::of(&history);
    if !history.is_empty() {
        let sending = socket.send(Message::Text(message(history, 0, form).into()));
        if !matches!(
            tokio::time::timeout(SEND_TIMEOUT, sending).await,
            Ok(Ok(()))
        ) {
            return;
        }
    }
    loop {
        tokio::select! {
            incoming = socket.recv() => match incoming {
                Some(Ok(Message::Close(_)) | Err(_)) | None => return,
                Some(Ok(_)) => {}
            },
            next = tail.next() => {
                let Some((mut streams, dropped)) = next else { return };
                sent.filter(&mut streams);
                if streams.is_empty() && dropped == 0 {
                    continue;
                }
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

#[cfg(test)]
mod tests {
    use super::*;
    use binnacle_model::event::LogLabels;

    fn stream(app: &str, entries: &[(i64, &str)]) -> LogStream {
        let entry = |(t_ns, line): &(i64, &str)| LogEntry {
            t_ns: *t_ns,
            line: line.as_bytes().to_vec(),
            structured_metadata: LogLabels::default(),
            parsed: LogLabels::default(),
        };
        LogStream {
            labels: LogLabels::from_pairs([("app", app)]),
            entries: entries.iter().map(entry).collect(),
        }
    }

    #[test]
    fn what_was_history_does_not_come_again() {
        let mut sent = Sent::of(&[stream("a", &[(1, "x"), (2, "y")])]);
        let mut streams = vec![
            stream("a", &[(2, "y"), (2, "z"), (3, "x")]),
            stream("b", &[(1, "x")]),
            stream("a", &[(1, "x")]),
        ];
        sent.filter(&mut streams);
        let want = [stream("a", &[(2, "z"), (3, "x")]), stream("b", &[(1, "x")])];
        assert_eq!(streams, want);
    }
}
