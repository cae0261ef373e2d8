//! Ways in for logs that are no HTTP: syslog over TCP, UDP and TLS, and Fluentd's forward
//! protocol over TCP and TLS.
//!
//! Each connection is one task that reads, decodes what is whole and hands it to the sink
//! before it reads on: a sink that is slow slows the sender, and nothing queues up here. Over
//! UDP the kernel's buffer is the queue. Connections beyond the limit are closed at once and
//! counted, so that those which are open go on.

mod fluent;
mod syslog;
#[cfg(test)]
mod tests;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::sync::{Semaphore, watch};
use tokio_rustls::TlsAcceptor;

use crate::counters::Counters;
use crate::listen::{ServerError, tls};
use crate::receive::logs::Intake;
use crate::settings::TlsSettings;

/// A TLS handshake takes no longer.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// Where to listen, and within what limits. Nothing is listened on that is not named.
#[derive(Debug, Clone)]
pub struct SocketSettings {
    /// syslog over TCP.
    pub syslog_tcp: Option<SocketAddr>,
    /// syslog over UDP.
    pub syslog_udp: Option<SocketAddr>,
    /// syslog over TLS (RFC 5425; port 6514 as a rule).
    pub syslog_tls: Option<(SocketAddr, TlsSettings)>,
    /// Fluentd's forward protocol (port 24224 as a rule).
    pub fluent: Option<SocketAddr>,
    /// TLS of the forward protocol.
    pub fluent_tls: Option<TlsSettings>,
    /// The shared key that senders of the forward protocol must have.
    pub fluent_shared_key: Option<String>,
    /// Connections at the same time, for each listener. Default 1,024.
    pub connections_max: usize,
    /// One message of syslog, in bytes. Default 1 MiB.
    pub syslog_bytes_max: usize,
    /// A connection over which nothing came for so long is closed. Default one hour.
    pub idle_timeout: Duration,
}

impl Default for SocketSettings {
    fn default() -> Self {
        Self {
            syslog_tcp: None,
            syslog_udp: None,
            syslog_tls: None,
            fluent: None,
            fluent_tls: None,
            fluent_shared_key: None,
            connections_max: 1024,
            syslog_bytes_max: 1 << 20,
            idle_timeout: Duration::from_secs(3600),
        }
    }
}

/// What a stream speaks.
#[derive(Debug, Clone)]
enum Dialect {
    Syslog { bytes_max: usize },
    Fluent { shared_key: Option<Arc<str>> },
}

impl Dialect {
    fn protocol(&self) -> &'static str {
        match self {
            Self::Syslog { .. } => syslog::PROTOCOL,
            Self::Fluent { .. } => fluent::PROTOCOL,
        }
    }
}

struct StreamListener {
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    dialect: Dialect,
}

/// Bound sockets.
pub struct LogListeners {
    streams: Vec<StreamListener>,
    datagrams: Option<UdpSocket>,
    settings: SocketSettings,
}

impl LogListeners {
    /// Binds all addresses of `settings`; port 0 takes any free port.
    ///
    /// # Errors
    /// See [`ServerError`].
    pub async fn bind(settings: SocketSettings) -> Result<Self, ServerError> {
        let syslog = Dialect::Syslog {
            bytes_max: settings.syslog_bytes_max,
        };
        let fluent = Dialect::Fluent {
            shared_key: settings.fluent_shared_key.as_deref().map(Arc::from),
        };
        let syslog_tls = settings.syslog_tls.as_ref();
        let wanted = [
            (settings.syslog_tcp, None, syslog.clone()),
            (
                syslog_tls.map(|(a, _)| *a),
                syslog_tls.map(|(_, t)| t),
                syslog,
            ),
            (settings.fluent, settings.fluent_tls.as_ref(), fluent),
        ];
        let mut streams = Vec::new();
        for (address, tls, dialect) in wanted {
            let Some(address) = address else {
                continue;
            };
            let tls = tls
                .map(|t| tls::acceptor(t, false))
                .transpose()
                .map_err(ServerError::Tls)?;
            let listener = TcpListener::bind(address)
                .await
                .map_err(|source| ServerError::Bind { address, source })?;
            streams.push(StreamListener {
                listener,
                tls,
                dialect,
            });
        }
        let datagrams = match settings.syslog_udp {
            None => None,
            Some(address) => Some(
                UdpSocket::bind(address)
                    .await
                    .map_err(|source| ServerError::Bind { address, source })?,
            ),
        };
        Ok(Self {
            streams,
            datagrams,
            settings,
        })
    }

    /// Where it listens: protocol and address, in the order of the settings, UDP last.
    ///
    /// # Errors
    /// When the operating system cannot say.
    pub fn addresses(&self) -> io::Result<Vec<(&'static str, SocketAddr)>> {
        let mut out = Vec::new();
        for stream in &self.streams {
            out.push((stream.dialect.protocol(), stream.listener.local_addr()?));
        }
        if let Some(socket) = &self.datagrams {
            out.push((syslog::PROTOCOL, socket.local_addr()?));
        }
        Ok(out)
    }

    /// Takes messages until `stop` turns true. What is whole by then is handed over.
    pub async fn serve(self, intake: Arc<Intake>, stop: watch::Receiver<bool>) {
        let mut tasks = tokio::task::JoinSet::new();
        for stream in self.streams {
            let slots = Arc::new(Semaphore::new(self.settings.connections_max));
            let idle = self.settings.idle_timeout;
            tasks.spawn(accept(stream, intake.clone(), slots, idle, stop.clone()));
        }
        if let Some(socket) = self.datagrams {
            tasks.spawn(syslog::datagrams(socket, intake, stop));
        }
        while tasks.join_next().await.is_some() {}
    }
}

/// Waits until it is time to stop.
async fn stopped(stop: &mut watch::Receiver<bool>) {
    // An error means that whoever could say so is gone: time to stop as well.
    let _ = stop.wait_for(|stopping| *stopping).await;
}

async fn accept(
    own: StreamListener,
    intake: Arc<Intake>,
    slots: Arc<Semaphore>,
    idle: Duration,
    mut stop: watch::Receiver<bool>,
) {
    let mut tasks = tokio::task::JoinSet::new();
    loop {
        let (stream, client) = tokio::select! {
            accepted = own.listener.accept() => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a connection");
                    // Out of file descriptors, most likely: let some close.
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            },
            Some(_) = tasks.join_next(), if !tasks.is_empty() => continue,
            () = stopped(&mut stop) => break,
        };
        let Ok(slot) = slots.clone().try_acquire_owned() else {
            let way = intake.way(own.dialect.protocol());
            Counters::count(&way.connections_refused);
            continue;
        };
        let connection = Connection {
            intake: intake.clone(),
            client,
            dialect: own.dialect.clone(),
            idle,
            stop: stop.clone(),
        };
        let tls = own.tls.clone();
        tasks.spawn(async move {
            connection.run(stream, tls).await;
            drop(slot);
        });
    }
    while tasks.join_next().await.is_some() {}
}

/// One stream of messages.
struct Connection {
    intake: Arc<Intake>,
    client: SocketAddr,
    dialect: Dialect,
    idle: Duration,
    stop: watch::Receiver<bool>,
}

impl Connection {
    async fn run(self, stream: TcpStream, tls: Option<TlsAcceptor>) {
        match tls {
            None => self.speak(stream).await,
            Some(acceptor) => {
                match tokio::time::timeout(HANDSHAKE_TIMEOUT, acceptor.accept(stream)).await {
                    Ok(Ok(stream)) => self.speak(stream).await,
                    Ok(Err(error)) => {
                        Counters::count(&self.intake.counters.tls_errors);
                        tracing::debug!(client = %self.client, %error, "TLS handshake failed");
                    }
                    Err(_) => Counters::count(&self.intake.counters.tls_errors),
                }
            }
        }
    }

    async fn speak<S: AsyncRead + AsyncWrite + Unpin + Send>(self, stream: S) {
        let client = self.client;
        let result = match self.dialect.clone() {
            Dialect::Syslog { bytes_max } => syslog::stream(self, stream, bytes_max).await,
            Dialect::Fluent { shared_key } => fluent::stream(self, stream, shared_key).await,
        };
        if let Err(reason) = result {
            tracing::debug!(%client, reason, "a connection for logs was closed");
        }
    }

    /// Reads on; `false` at the end, and when it is time to stop.
    async fn read<S: AsyncRead + Unpin>(
        &mut self,
        stream: &mut S,
        buffer: &mut Vec<u8>,
    ) -> Result<bool, String> {
        use tokio::io::AsyncReadExt as _;
        buffer.reserve(READ_BYTES);
        tokio::select! {
            read = tokio::time::timeout(self.idle, stream.read_buf(buffer)) => match read {
                Ok(Ok(length)) => {
                    let way = self.intake.way(self.dialect.protocol());
                    Counters::add(&way.bytes, length as u64);
                    Ok(length > 0)
                }
                Ok(Err(error)) => Err(error.to_string()),
                Err(_) => Err("nothing came for too long".to_owned()),
            },
            () = stopped(&mut self.stop) => Ok(false),
        }
    }
}

/// How much is read at once, in bytes, at least.
const READ_BYTES: usize = 64 << 10;
