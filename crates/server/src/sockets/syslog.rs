//! syslog over streams and datagrams.

use std::net::SocketAddr;
use std::sync::Arc;

use binnacle_model::event::{EventBatch, Source};
use binnacle_wire::syslog::{next_frame, push_message};
use tokio::io::AsyncRead;
use tokio::net::UdpSocket;
use tokio::sync::watch;

use super::{Connection, stopped};
use crate::counters::Counters;
use crate::receive::logs::Intake;

pub(super) const PROTOCOL: &str = "syslog";

/// A datagram is no longer.
const DATAGRAM_BYTES_MAX: usize = 64 << 10;

/// Datagrams that are handed over together at most.
const DATAGRAMS_MAX: usize = 512;

fn source(client: SocketAddr) -> Source {
    Source {
        protocol: PROTOCOL,
        sender: client.ip().to_string(),
    }
}

pub(super) async fn stream<S: AsyncRead + Unpin>(
    mut connection: Connection,
    mut stream: S,
    bytes_max: usize,
) -> Result<(), String> {
    let source = source(connection.client);
    let mut buffer = Vec::new();
    let mut batch = EventBatch::default();
    loop {
        let goes_on = connection.read(&mut stream, &mut buffer).await?;
        let intake = connection.intake.clone();
        let now_ns = (intake.now_ns)();
        let mut used = 0;
        let fault = loop {
            match next_frame(&buffer[used..], bytes_max) {
                Ok(Some((message, length))) => {
                    push(&intake, message, now_ns, &mut batch);
                    used += length;
                }
                Ok(None) => break None,
                Err(error) => break Some(intake.refuse_body(PROTOCOL, &error)),
            }
        };
        buffer.drain(..used);
        if !goes_on && fault.is_none() && !buffer.is_empty() {
            // The last line may end with the connection.
            push(&intake, &buffer, now_ns, &mut batch);
        }
        hand_over(&intake, &source, &mut batch);
        if let Some(error) = fault {
            return Err(error.message);
        }
        if !goes_on {
            return Ok(());
        }
    }
}

fn push(intake: &Intake, message: &[u8], now_ns: i64, batch: &mut EventBatch) {
    if push_message(message, now_ns, batch) {
        Counters::count(&intake.way(PROTOCOL).requests);
    }
}

/// Hands a batch over. Nobody can be told when it is refused: it is counted.
fn hand_over(intake: &Intake, source: &Source, batch: &mut EventBatch) {
    if batch.is_empty() {
        return;
    }
    // The sink may wait for the disk.
    if let Err(error) = tokio::task::block_in_place(|| intake.hand_over(source, batch)) {
        tracing::debug!(
            sender = source.sender,
            reason = error.message,
            "syslog refused"
        );
    }
    batch.clear();
}

pub(super) async fn datagrams(
    socket: UdpSocket,
    intake: Arc<Intake>,
    mut stop: watch::Receiver<bool>,
) {
    let mut buffer = vec![0; DATAGRAM_BYTES_MAX];
    let mut batch = EventBatch::default();
    loop {
        let received = tokio::select! {
            received = socket.recv_from(&mut buffer) => received,
            () = stopped(&mut stop) => return,
        };
        let Ok((mut length, mut client)) = received else {
            // An earlier answer that could not be delivered: nothing is wrong with us.
            continue;
        };
        let now_ns = (intake.now_ns)();
        for _ in 0..DATAGRAMS_MAX {
            Counters::add(&intake.way(PROTOCOL).bytes, length as u64);
            push(&intake, &buffer[..length], now_ns, &mut batch);
            let Ok((next, from)) = socket.try_recv_from(&mut buffer) else {
                break;
            };
            if from.ip() != client.ip() {
                hand_over(&intake, &source(client), &mut batch);
            }
            (length, client) = (next, from);
        }
        hand_over(&intake, &source(client), &mut batch);
    }
}
