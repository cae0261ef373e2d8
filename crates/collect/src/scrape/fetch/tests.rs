//! Targets over real sockets.

use std::collections::HashMap;
use std::sync::Arc;

use binnacle_model::labels::Labels;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, ExtendedKeyUsagePurpose, IsCa, KeyPair,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::*;
use crate::settings::{Auth, HttpSettings, SecretText, Source, TlsSettings};
use crate::tests::server::{Server, ok};

/// A target and the connection to it.
struct Probe {
    asker: Asker,
    connection: Connection,
    buf: Vec<u8>,
}

impl Probe {
    fn new(address: &str, settings: &ScrapeSettings) -> Self {
        let labels = Labels::from_pairs([
            ("__address__", address),
            ("__scheme__", settings.scheme.as_str()),
            ("__metrics_path__", "/metrics"),
        ]);
        let target = Target::new(settings, labels, Labels::empty());
        let client = Arc::new(Client::new(&settings.http).unwrap());
        let asker = Asker::new(&target, settings, client);
        Self {
            asker,
            connection: Connection::default(),
            buf: Vec::new(),
        }
    }

    fn usual(server: &Server) -> Self {
        Self::new(&server.address, &ScrapeSettings::new("j"))
    }

    /// The body as text, or the error.
    async fn ask(&mut self) -> Result<String, String> {
        let internals = Arc::new(HashMap::new());
        let asked = self
            .asker
            .ask(&internals, &mut self.connection, &mut self.buf)
            .await;
        let fetched = asked.map_err(|e| e.to_string())?;
        Ok(String::from_utf8_lossy(&self.buf[fetched.body]).into_owned())
    }
}

#[tokio::test]
async fn one_connection_serves_many_scrapes() {
    let server = Server::start(ok("a 1\n")).await;
    let mut probe = Probe::usual(&server);
    for _ in 0..3 {
        assert_eq!(probe.ask().await.unwrap(), "a 1\n");
    }
    assert_eq!(server.connections(), 1);
    let request = &server.requests()[0];
    let version = env!("CARGO_PKG_VERSION");
    for want in [
        "GET /metrics HTTP/1.1\r\n",
        &format!("\r\nHost: {}\r\n", server.address),
        "\r\nAccept: application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,",
        "\r\nAccept-Encoding: gzip\r\n",
        &format!("\r\nUser-Agent: Binnacle/{version}\r\n"),
        "\r\nX-Prometheus-Scrape-Timeout-Seconds: 10\r\n",
    ] {
        assert!(request.contains(want), "{want:?} in {request:?}");
    }
}

#[tokio::test]
async fn bodies_in_chunks_and_to_the_end() {
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n";
    let chunked = format!(
        "{head}Transfer-Encoding: chunked\r\n\r\n3\r\na 1\r\n1;x=y\r\n\n\r\nb\r\nb 2\nccc 345\r\n0\r\nT: x\r\n\r\n"
    );
    let server = Server::start(chunked).await;
    let mut probe = Probe::usual(&server);
    assert_eq!(probe.ask().await.unwrap(), "a 1\nb 2\nccc 345");
    server.say(ok("next"));
    assert_eq!(probe.ask().await.unwrap(), "next");
    assert_eq!(server.connections(), 1);
    server.say(format!("{head}\r\nup to the end"));
    assert_eq!(probe.ask().await.unwrap(), "up to the end");
    // That connection is used up.
    assert_eq!(probe.ask().await.unwrap(), "up to the end");
    assert_eq!(server.connections(), 2);
}

#[tokio::test]
async fn a_large_body_comes_whole() {
    let body: String = (0..200_000).map(|i| format!("metric_{i} {i}\n")).collect();
    let server = Server::start(ok(&body)).await;
    assert!(Probe::usual(&server).ask().await.unwrap() == body);
    let chunks: String = body
        .as_bytes()
        .chunks(7_001)
        .map(|c| format!("{:x}\r\n{}\r\n", c.len(), String::from_utf8_lossy(c)))
        .collect();
    server.say(format!(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}0\r\n\r\n"
    ));
    assert!(Probe::usual(&server).ask().await.unwrap() == body);
}

#[tokio::test]
async fn errors_say_what_went_wrong() {
    let server = Server::start("HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nnope").await;
    let mut probe = Probe::usual(&server);
    let check = |got: Result<String, String>, want: &str| {
        let error = got.unwrap_err();
        assert!(error.contains(want), "{error:?}, not {want:?}");
    };
    check(
        probe.ask().await,
        "server returned HTTP status 404 Not Found",
    );
    server.say("HTTP/1.1 200 OK\r\nContent-Encoding: br\r\nContent-Length: 1\r\n\r\nx");
    check(probe.ask().await, "unknown encoding \"br\"");
    server.say("rubbish\r\n\r\n");
    check(probe.ask().await, "malformed HTTP response");
    server.say("HTTP/1.1 200 OK\r\nContent-Length: 10\r\nConnection: close\r\n\r\nx");
    check(probe.ask().await, "unexpected EOF");
    server.say("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n");
    check(probe.ask().await, "chunk size");
    server.say(format!("HTTP/1.1 200 OK\r\nX: {}\r\n", "y".repeat(100_000)));
    check(probe.ask().await, "headers of more than");
    // A port that nobody listens on.
    let free = TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap()
        .to_string();
    check(
        Probe::new(&free, &ScrapeSettings::new("j")).ask().await,
        "connection refused",
    );
}

#[tokio::test]
async fn bodies_are_bounded_in_every_framing() {
    let mut settings = ScrapeSettings::new("j");
    settings.limits.body_bytes = 4;
    let long = "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n";
    let server = Server::start(long).await;
    let mut probe = Probe::new(&server.address, &settings);
    for answer in [
        long,
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n12345\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n",
        "HTTP/1.1 200 OK\r\n\r\n12345",
    ] {
        server.say(answer);
        let error = probe.ask().await.unwrap_err();
        assert!(
            error.starts_with("body size limit exceeded"),
            "{answer:?}: {error}"
        );
    }
    server.say(ok("1234"));
    assert_eq!(probe.ask().await.unwrap(), "1234");
}

#[tokio::test(start_paused = true)]
async fn a_target_that_does_not_answer_times_out() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let error = Probe::new(&address, &ScrapeSettings::new("j"))
        .ask()
        .await
        .unwrap_err();
    assert!(error.ends_with("context deadline exceeded"), "{error}");
}

#[tokio::test]
async fn redirects_are_followed_unless_told_otherwise() {
    let end = Server::start(ok("a 1\n")).await;
    let location = format!(
        "HTTP/1.1 302 Found\r\nLocation: http://{}/x\r\nContent-Length: 0\r\n\r\n",
        end.address
    );
    let server = Server::start(location).await;
    assert_eq!(Probe::usual(&server).ask().await.unwrap(), "a 1\n");
    assert!(
        end.requests()[0].starts_with("GET /x "),
        "{:?}",
        end.requests()
    );
    let mut settings = ScrapeSettings::new("j");
    settings.http.follow_redirects = false;
    let error = Probe::new(&server.address, &settings)
        .ask()
        .await
        .unwrap_err();
    assert_eq!(error, "server returned HTTP status 302 Found");
}

#[tokio::test]
async fn secrets_in_files_are_read_anew() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("token");
    std::fs::write(&path, "one\n").unwrap();
    let server = Server::start(ok("")).await;
    let mut settings = ScrapeSettings::new("j");
    let credentials = Source::File(path.clone());
    settings.http.auth = Auth::Token {
        kind: "Bearer".into(),
        credentials,
    };
    settings.http.headers = vec![("X-Scope".into(), vec![Source::Text(SecretText::new("s"))])];
    let mut probe = Probe::new(&server.address, &settings);
    probe.ask().await.unwrap();
    std::fs::write(&path, "two").unwrap();
    probe.ask().await.unwrap();
    let requests = server.requests();
    assert!(requests[0].contains("\r\nX-Scope: s\r\n"), "{requests:?}");
    assert!(
        requests[0].contains("\r\nauthorization: Bearer one\r\n"),
        "{requests:?}"
    );
    assert!(
        requests[1].contains("\r\nauthorization: Bearer two\r\n"),
        "{requests:?}"
    );
    // A secret that would break the request is refused, and not shown.
    std::fs::write(&path, "a\r\nb: c").unwrap();
    let error = probe.ask().await.unwrap_err();
    assert!(
        error.contains("value of header authorization is not valid"),
        "{error}"
    );
    std::fs::remove_file(&path).unwrap();
    assert!(probe.ask().await.unwrap_err().contains("reading "));
}

#[tokio::test]
async fn basic_authentication() {
    let server = Server::start(ok("")).await;
    let mut settings = ScrapeSettings::new("j");
    settings.http.auth = Auth::Basic {
        username: Source::Text(SecretText::new("Aladdin")),
        password: Some(Source::Text(SecretText::new("open sesame"))),
    };
    Probe::new(&server.address, &settings).ask().await.unwrap();
    let request = &server.requests()[0];
    // The example of RFC 7617.
    assert!(
        request.contains("authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="),
        "{request}"
    );
}

#[tokio::test]
async fn oauth2_tokens_are_fetched_and_kept() {
    let tokens = Server::start(ok(
        r#"{"access_token":"t1","token_type":"bearer","expires_in":3600}"#,
    ))
    .await;
    let server = Server::start(ok("")).await;
    let mut settings = ScrapeSettings::new("j");
    settings.http.auth = Auth::OAuth2(Box::new(crate::settings::OAuth2Settings {
        client_id: "id".into(),
        client_secret: Source::Text(SecretText::new("secret")),
        scopes: vec![],
        token_url: format!("http://{}/token", tokens.address),
        endpoint_params: vec![],
        tls: TlsSettings::default(),
        proxy: ProxySettings::None,
    }));
    let mut probe = Probe::new(&server.address, &settings);
    for _ in 0..2 {
        probe.ask().await.unwrap();
    }
    let asked = tokens.requests();
    assert_eq!(asked.len(), 1);
    assert!(
        asked[0].contains("authorization: Basic aWQ6c2VjcmV0"),
        "{asked:?}"
    );
    assert!(
        asked[0].ends_with("grant_type=client_credentials"),
        "{asked:?}"
    );
    assert!(server.requests()[1].contains("authorization: Bearer t1\r\n"));
}

/// A server with TLS that wants a client certificate, with all keys in files.
struct TlsServer {
    address: String,
    dir: tempfile::TempDir,
}

impl TlsServer {
    async fn start() -> Self {
        binnacle_client::install_crypto();
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let ca = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("ca.pem"), ca.pem()).unwrap();
        let signed = |name: &str, usage| {
            let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
            params.extended_key_usages = vec![usage];
            let key = KeyPair::generate().unwrap();
            (params.signed_by(&key, &ca).unwrap(), key)
        };
        let (client, client_key) = signed("client", ExtendedKeyUsagePurpose::ClientAuth);
        std::fs::write(dir.path().join("cert.pem"), client.pem()).unwrap();
        std::fs::write(dir.path().join("key.pem"), client_key.serialize_pem()).unwrap();
        let (server, key) = signed("server.test", ExtendedKeyUsagePurpose::ServerAuth);
        let mut roots = rustls::RootCertStore::empty();
        roots.add(CertificateDer::from(ca.der().to_vec())).unwrap();
        let verifier = rustls::server::WebPkiClientVerifier::builder(Arc::new(roots))
            .build()
            .unwrap();
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let config = rustls::ServerConfig::builder()
            .with_client_cert_verifier(verifier)
            .with_single_cert(vec![CertificateDer::from(server.der().to_vec())], key)
            .unwrap();
        let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let acceptor = acceptor.clone();
                tokio::spawn(async move {
                    let Ok(mut stream) = acceptor.accept(stream).await else {
                        return;
                    };
                    let mut buf = [0u8; 4096];
                    while let Ok(1..) = stream.read(&mut buf).await {
                        stream.write_all(ok("secure 1\n").as_bytes()).await.unwrap();
                        stream.flush().await.unwrap();
                    }
                });
            }
        });
        Self { address, dir }
    }

    fn file(&self, name: &str) -> Option<Source> {
        Some(Source::File(self.dir.path().join(name)))
    }

    async fn ask(&self, tls: TlsSettings) -> Result<String, String> {
        let mut settings = ScrapeSettings::new("j");
        settings.scheme = crate::settings::Scheme::Https;
        settings.http = HttpSettings {
            tls,
            ..HttpSettings::default()
        };
        Probe::new(&self.address, &settings).ask().await
    }
}

#[tokio::test]
async fn tls_with_client_certificates() {
    let server = TlsServer::start().await;
    let good = TlsSettings {
        ca: server.file("ca.pem"),
        cert: server.file("cert.pem"),
        key: server.file("key.pem"),
        server_name: Some("server.test".into()),
        ..TlsSettings::default()
    };
    assert_eq!(server.ask(good.clone()).await.unwrap(), "secure 1\n");
    // The certificate is for another name than the address.
    let other_name = TlsSettings {
        server_name: None,
        ..good.clone()
    };
    assert!(
        server
            .ask(other_name.clone())
            .await
            .unwrap_err()
            .contains("certificate")
    );
    let any = TlsSettings {
        insecure_skip_verify: true,
        ca: None,
        ..other_name
    };
    assert_eq!(server.ask(any).await.unwrap(), "secure 1\n");
    let no_client = TlsSettings {
        cert: None,
        key: None,
        ..good.clone()
    };
    assert!(server.ask(no_client).await.is_err());
    let unknown_ca = TlsSettings { ca: None, ..good };
    assert!(
        server
            .ask(unknown_ca)
            .await
            .unwrap_err()
            .contains("certificate")
    );
}
