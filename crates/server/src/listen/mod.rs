//! The listener: accepts connections, with TLS when it is set up, serves HTTP/1.1
//! and HTTP/2 on them, and lets them finish when the process stops.

pub(crate) mod tls;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::connect_info::ConnectInfo;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt;

use crate::counters::Counters;
use crate::router::{Face, router};
use crate::settings::Settings;
use crate::state::App;

/// A client that has not sent its request's head by then is cut off.
const HEADER_TIMEOUT: Duration = Duration::from_secs(30);
/// A TLS handshake takes no longer.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// How long requests may take to finish when the process stops.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(5);

/// Why the server cannot start.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// Beyond loopback without authentication.
    #[error(
        "refusing to listen on {address}: it can be reached from other machines and nobody would \
         be asked who they are. Either listen on 127.0.0.1, or name a web configuration with \
         basic_auth_users or client certificates in `listen.web_config_file`, or set \
         `listen.insecure: true`"
    )]
    Insecure {
        /// The address.
        address: SocketAddr,
    },
    /// The address is taken or not ours.
    #[error("cannot listen on {address}: {source}")]
    Bind {
        /// The address.
        address: SocketAddr,
        /// Why not.
        source: io::Error,
    },
    /// Certificates or keys cannot be used.
    #[error("TLS of the listener: {0}")]
    Tls(String),
}

/// A bound listener.
pub struct Server {
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    face: Face,
}

impl Server {
    /// Binds the address of `settings`; port 0 takes any free port.
    ///
    /// # Errors
    /// See [`ServerError`].
    pub async fn bind(settings: &Settings) -> Result<Self, ServerError> {
        Self::bind_face(settings, Face::Whole).await
    }

    /// As [`Self::bind`], for a listener that shows `face`.
    ///
    /// # Errors
    /// See [`ServerError`].
    pub async fn bind_face(settings: &Settings, face: Face) -> Result<Self, ServerError> {
        let address = settings.address;
        if !address.ip().is_loopback() && !settings.insecure && !settings.web.authenticates() {
            return Err(ServerError::Insecure { address });
        }
        let tls = settings
            .web
            .tls
            .as_ref()
            .map(|t| tls::acceptor(t, settings.web.http2))
            .transpose()
            .map_err(ServerError::Tls)?;
        let listener = TcpListener::bind(address)
            .await
            .map_err(|source| ServerError::Bind { address, source })?;
        Ok(Self {
            listener,
            tls,
            face,
        })
    }

    /// Where it listens.
    ///
    /// # Errors
    /// When the operating system cannot say.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves until `stop` turns true, and then until open requests are answered,
    /// at most some seconds longer.
    pub async fn serve(self, app: Arc<App>, mut stop: watch::Receiver<bool>) {
        let router = router(&app, self.face);
        let slots = Arc::new(Semaphore::new(app.settings.connections_max));
        let draining = GracefulShutdown::new();
        loop {
            let Ok(slot) = slots.clone().acquire_owned().await else {
                break;
            };
            let (stream, client) = tokio::select! {
                accepted = self.listener.accept() => match accepted {
                    Ok(accepted) => accepted,
                    Err(error) => {
                        tracing::warn!(%error, "cannot accept a connection");
                        // Out of file descriptors, most likely: let some close.
                        tokio::time::sleep(Duration::from_millis(50)).await;
                        continue;
                    }
                },
                () = stopped(&mut stop) => break,
            };
            let connection = Connection {
                router: router.clone(),
                client,
                app: app.clone(),
                watcher: draining.watcher(),
            };
            let tls = self.tls.clone();
            tokio::spawn(async move {
                connection.run(stream, tls).await;
                drop(slot);
            });
        }
        drop(self.listener);
        if tokio::time::timeout(DRAIN_TIMEOUT, draining.shutdown())
            .await
            .is_err()
        {
            tracing::warn!("some requests were cut off: they took too long to finish");
        }
    }
}

/// Waits until it is time to stop.
async fn stopped(stop: &mut watch::Receiver<bool>) {
    // An error means that whoever could say so is gone: time to stop as well.
    let _ = stop.wait_for(|stopping| *stopping).await;
}

struct Connection {
    router: Router,
    client: SocketAddr,
    app: Arc<App>,
    watcher: hyper_util::server::graceful::Watcher,
}

impl Connection {
    async fn run(self, stream: TcpStream, tls: Option<TlsAcceptor>) {
        let app = self.app.clone();
        Counters::count(&app.counters.connections);
        Counters::count(&app.counters.connections_open);
        // Answers are small and many: waiting to fill a packet only adds delay.
        let _ = stream.set_nodelay(true);
        match tls {
            None => self.serve(stream).await,
            Some(acceptor) => {
                let handshake = tokio::time::timeout(HANDSHAKE_TIMEOUT, acceptor.accept(stream));
                match handshake.await {
                    Ok(Ok(stream)) => self.serve(stream).await,
                    Ok(Err(error)) => {
                        Counters::count(&app.counters.tls_errors);
                        tracing::debug!(client = %self.client, %error, "TLS handshake failed");
                    }
                    Err(_) => Counters::count(&app.counters.tls_errors),
                }
            }
        }
        app.counters
            .connections_open
            .fetch_sub(1, std::sync::atomic::Ordering::Relaxed);
    }

    async fn serve<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(self, stream: S) {
        let Self {
            router,
            client,
            watcher,
            ..
        } = self;
        let service = service_fn(move |mut request: hyper::Request<Incoming>| {
            request.extensions_mut().insert(ConnectInfo(client));
            router.clone().oneshot(request)
        });
        let mut builder = auto::Builder::new(TokioExecutor::new());
        builder
            .http1()
            .timer(TokioTimer::new())
            .header_read_timeout(HEADER_TIMEOUT)
            .pipeline_flush(true);
        builder
            .http2()
            .timer(TokioTimer::new())
            .max_concurrent_streams(256);
        let connection = builder.serve_connection_with_upgrades(TokioIo::new(stream), service);
        if let Err(error) = watcher.watch(connection.into_owned()).await {
            tracing::debug!(%client, %error, "connection ended early");
        }
    }
}
