//! A server that answers every request with given bytes.

use std::sync::Arc;

use parking_lot::Mutex;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

/// A server on a port of its own; ends with the test.
pub(crate) struct Server {
    pub(crate) address: String,
    answer: Arc<Mutex<Vec<u8>>>,
    requests: Arc<Mutex<Vec<String>>>,
    connections: Arc<Mutex<u32>>,
}

impl Server {
    /// A server that answers with these bytes, head and body.
    pub(crate) async fn start(answer: impl Into<Vec<u8>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = Self {
            address: listener.local_addr().unwrap().to_string(),
            answer: Arc::new(Mutex::new(answer.into())),
            requests: Arc::default(),
            connections: Arc::default(),
        };
        let (answer, requests) = (server.answer.clone(), server.requests.clone());
        let connections = server.connections.clone();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                *connections.lock() += 1;
                let (answer, requests) = (answer.clone(), requests.clone());
                tokio::spawn(async move {
                    let mut buf = Vec::new();
                    while let Ok(1..) = stream.read_buf(&mut buf).await {
                        if !is_whole(&buf) {
                            continue;
                        }
                        requests
                            .lock()
                            .push(String::from_utf8(std::mem::take(&mut buf)).unwrap());
                        let bytes = answer.lock().clone();
                        if stream.write_all(&bytes).await.is_err() || is_last(&bytes) {
                            return;
                        }
                    }
                });
            }
        });
        server
    }

    /// Answers with other bytes from now on.
    pub(crate) fn say(&self, answer: impl Into<Vec<u8>>) {
        *self.answer.lock() = answer.into();
    }

    /// The requests so far.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().clone()
    }

    /// How many connections were made.
    pub(crate) fn connections(&self) -> u32 {
        *self.connections.lock()
    }
}

/// Whether a request is there with its body.
fn is_whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request).to_ascii_lowercase();
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let length = head
        .lines()
        .find_map(|l| l.strip_prefix("content-length: "));
    body.len() >= length.map_or(0, |l| l.parse().unwrap())
}

/// Whether the server closes the connection after this answer.
fn is_last(answer: &[u8]) -> bool {
    let text = String::from_utf8_lossy(answer);
    let head = text.split("\r\n\r\n").next().unwrap_or_default();
    head.contains("Connection: close")
        || !(head.contains("Content-Length") || head.contains("chunked"))
}

/// A good answer with a length.
pub(crate) fn ok(body: &str) -> String {
    format!(
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}
