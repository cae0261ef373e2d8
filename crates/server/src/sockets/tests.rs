//! Messages over real sockets on loopback.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use tokio::sync::watch;

use super::{LogListeners, SocketSettings};
use crate::receive::logs::tests::{Mood, Recorder, intake};

struct Bench {
    addresses: Vec<SocketAddr>,
    recorder: Arc<Recorder>,
    stop: watch::Sender<bool>,
    task: tokio::task::JoinHandle<()>,
}

impl Bench {
    async fn new(settings: SocketSettings) -> Self {
        let listeners = LogListeners::bind(settings).await.expect("free ports");
        let addresses = listeners.addresses().expect("addresses");
        let (intake, recorder) = intake();
        let (stop, stopped) = watch::channel(false);
        Self {
            addresses: addresses.into_iter().map(|(_, address)| address).collect(),
            recorder,
            stop,
            task: tokio::spawn(listeners.serve(intake, stopped)),
        }
    }

    /// Waits until that many rows are there.
    async fn rows(&self, count: usize) -> Vec<String> {
        let wait = async {
            while self.recorder.rows.lock().len() < count {
                tokio::task::yield_now().await;
            }
        };
        let waited = tokio::time::timeout(Duration::from_secs(20), wait).await;
        waited.unwrap_or_else(|_| panic!("only {:?}", self.recorder.rows.lock()));
        std::mem::take(&mut *self.recorder.rows.lock())
    }

    async fn end(self) {
        self.stop.send(true).expect("listeners");
        self.task.await.expect("an orderly end");
    }
}

fn loopback() -> Option<SocketAddr> {
    Some(SocketAddr::from(([127, 0, 0, 1], 0)))
}

#[tokio::test(flavor = "multi_thread")]
async fn syslog() {
    let bench = Bench::new(SocketSettings {
        syslog_tcp: loopback(),
        syslog_udp: loopback(),
        syslog_bytes_max: 100,
        ..SocketSettings::default()
    })
    .await;
    let mut stream = TcpStream::connect(bench.addresses[0])
        .await
        .expect("a connection");
    stream
        .write_all(b"<34>1 - h su - - - one\n23 <34>1 - h su - - - two\nx")
        .await
        .expect("sent");
    stream.shutdown().await.expect("closed");
    let labels = r#"{app="su", facility="auth", host="h", level="critical"}"#;
    // The second frame counts the line break as its own; the last line ends with the stream.
    assert_eq!(
        bench.rows(3).await,
        [
            format!("127.0.0.1 {labels} 9 one"),
            format!("127.0.0.1 {labels} 9 two"),
            r#"127.0.0.1 {facility="user", level="info"} 9 x"#.to_owned(),
        ]
    );
    let socket = UdpSocket::bind("127.0.0.1:0").await.expect("a socket");
    socket
        .send_to(b"<34>1 - h su - - - three", bench.addresses[1])
        .await
        .expect("sent");
    assert_eq!(bench.rows(1).await, [format!("127.0.0.1 {labels} 9 three")]);
    // A message that is too long ends its connection; others go on.
    let mut stream = TcpStream::connect(bench.addresses[0])
        .await
        .expect("a connection");
    stream.write_all(&[b'x'; 200]).await.expect("sent");
    let mut rest = Vec::new();
    let _ = stream.read_to_end(&mut rest).await;
    let mut stream = TcpStream::connect(bench.addresses[0])
        .await
        .expect("a connection");
    stream.write_all(b"y\n").await.expect("sent");
    assert_eq!(bench.rows(1).await.len(), 1);
    bench.end().await;
}

const MESSAGE: &[u8] = b"\x94\xa1t\x02\x81\xa3log\xa2hi\x81\xa5chunk\xa2c1";
const ACK: &[u8] = b"\x81\xa3ack\xa2c1";

#[tokio::test(flavor = "multi_thread")]
async fn fluent() {
    let bench = Bench::new(SocketSettings {
        fluent: loopback(),
        connections_max: 1,
        ..SocketSettings::default()
    })
    .await;
    let mut stream = TcpStream::connect(bench.addresses[0])
        .await
        .expect("a connection");
    for piece in MESSAGE.chunks(5) {
        stream.write_all(piece).await.expect("sent");
    }
    let mut ack = [0; 8];
    stream.read_exact(&mut ack).await.expect("an answer");
    assert_eq!(ack, ACK);
    assert_eq!(
        bench.rows(1).await,
        [r#"127.0.0.1 {tag="t"} 2000000000 hi"#]
    );
    // One connection is all there may be.
    let mut second = TcpStream::connect(bench.addresses[0])
        .await
        .expect("accepted");
    let mut rest = Vec::new();
    let _ = second.read_to_end(&mut rest).await;
    assert!(rest.is_empty());
    // What is not stored is not acknowledged.
    *bench.recorder.mood.lock() = Mood::Closed;
    stream.write_all(MESSAGE).await.expect("sent");
    let _ = stream.read_to_end(&mut rest).await;
    assert!(rest.is_empty());
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fluent_with_a_shared_key() {
    let bench = Bench::new(SocketSettings {
        fluent: loopback(),
        fluent_shared_key: Some("secret".to_owned()),
        ..SocketSettings::default()
    })
    .await;
    for (key, accepted) in [("secret", true), ("guess", false)] {
        let mut stream = TcpStream::connect(bench.addresses[0])
            .await
            .expect("a connection");
        let mut hello = [0; 47];
        stream.read_exact(&mut hello).await.expect("a greeting");
        let at = hello
            .windows(6)
            .position(|w| w == b"\xa5nonce")
            .expect("a nonce")
            + 7;
        let nonce = &hello[at..at + 16];
        let digest = super::fluent::digest(&[b"salt", b"me", nonce, key.as_bytes()]);
        let mut ping = b"\x96\xa4PING\xa2me\xa4salt\xd9\x80".to_vec();
        ping.extend_from_slice(digest.as_bytes());
        ping.extend_from_slice(b"\xa0\xa0");
        stream.write_all(&ping).await.expect("sent");
        let mut pong = [0; 7];
        stream.read_exact(&mut pong).await.expect("an answer");
        let want: &[u8] = if accepted {
            b"\x95\xa4PONG\xc3"
        } else {
            b"\x95\xa4PONG\xc2"
        };
        assert_eq!(pong, want);
        if accepted {
            stream.write_all(MESSAGE).await.expect("sent");
            assert_eq!(bench.rows(1).await.len(), 1);
        }
    }
    bench.end().await;
}
