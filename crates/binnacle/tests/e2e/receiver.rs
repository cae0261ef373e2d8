//! A receiver of webhooks on loopback that records what arrives, and misbehaves when
//! it is told to.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU16, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver as Inbox, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;

/// What arrived.
#[derive(Debug, Clone)]
pub struct Arrival {
    /// Path of the request.
    pub path: String,
    /// Its body.
    pub body: Value,
}

impl Arrival {
    /// Status and `alertname` of each alert.
    pub fn alerts(&self) -> Vec<(String, String)> {
        let alerts = self.body["alerts"].as_array().cloned().unwrap_or_default();
        let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
        alerts
            .iter()
            .map(|a| (text(&a["status"]), text(&a["labels"]["alertname"])))
            .collect()
    }
}

/// A running receiver.
pub struct Receiver {
    address: SocketAddr,
    inbox: Mutex<Inbox<Arrival>>,
    status: Arc<AtomicU16>,
    open: Arc<AtomicUsize>,
}

/// Instead of a status: take the request and never answer.
pub const HANG: u16 = 0;

impl Receiver {
    /// Starts one that answers 200.
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let (tell, inbox) = channel();
        let status = Arc::new(AtomicU16::new(200));
        let answer = status.clone();
        let open = Arc::new(AtomicUsize::new(0));
        let connections = open.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (tell, answer) = (tell.clone(), answer.clone());
                let connections = connections.clone();
                connections.fetch_add(1, Ordering::SeqCst);
                std::thread::spawn(move || {
                    // The sender closes the connection in the end.
                    let _ = take(stream, &tell, &answer);
                    connections.fetch_sub(1, Ordering::SeqCst);
                });
            }
        });
        Self {
            address,
            inbox: Mutex::new(inbox),
            status,
            open,
        }
    }

    /// An address below it.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Answers with this status from now on.
    pub fn answer(&self, status: u16) {
        self.status.store(status, Ordering::SeqCst);
    }

    /// The next arrival; the sender works on its own time.
    pub fn next(&self) -> Arrival {
        let inbox = self.inbox.lock().expect("lock");
        inbox
            .recv_timeout(Duration::from_secs(60))
            .expect("nothing arrived within a minute")
    }

    /// All that a sender sent before it was killed: its connections are read to their end.
    ///
    /// A connection may still wait to be accepted when its sender is dead. They are accepted
    /// in the order in which they came, so once one of our own is answered all of them were.
    pub fn drain_dead(&self) -> Vec<Arrival> {
        let mut own = TcpStream::connect(self.address).expect("connect");
        own.write_all(b"GET /own HTTP/1.1\r\n\r\n").expect("write");
        own.shutdown(std::net::Shutdown::Write).expect("shutdown");
        let _ = own.read_to_end(&mut Vec::new());
        drop(own);
        crate::server::eventually("the connections of the dead end", || {
            self.open.load(Ordering::SeqCst) == 0
        });
        let mut arrived = self.drain();
        arrived.retain(|arrival| arrival.path != "/own");
        arrived
    }

    /// All that arrived and was not asked for yet.
    pub fn drain(&self) -> Vec<Arrival> {
        self.inbox.lock().expect("lock").try_iter().collect()
    }
}

fn take(stream: TcpStream, tell: &Sender<Arrival>, answer: &AtomicU16) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let path = line.split(' ').nth(1).unwrap_or("/").to_owned();
        let mut length = 0;
        loop {
            line.clear();
            reader.read_line(&mut line)?;
            let text = line.trim_end().to_ascii_lowercase();
            if text.is_empty() {
                break;
            }
            if let Some(value) = text.strip_prefix("content-length:") {
                length = value.trim().parse().unwrap_or(0);
            }
        }
        let mut bytes = vec![0; length];
        reader.read_exact(&mut bytes)?;
        let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        let status = answer.load(Ordering::SeqCst);
        if status == HANG {
            // Until the sender gives up.
            let _ = reader.read(&mut [0]);
            return Ok(());
        }
        // What is refused has not arrived.
        if status / 100 == 2 {
            // The test may be over.
            let _ = tell.send(Arrival { path, body });
        }
        let head = format!("HTTP/1.1 {status} Told\r\ncontent-length: 0\r\n\r\n");
        reader.get_mut().write_all(head.as_bytes())?;
    }
}
