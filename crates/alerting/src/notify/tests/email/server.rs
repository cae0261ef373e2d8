//! A mail server that records what it is told.

use std::pin::Pin;
use std::sync::Arc;

use parking_lot::Mutex;
use rcgen::{CertifiedKey, generate_simple_self_signed};
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

trait Stream: AsyncRead + AsyncWrite + Send {}
impl<T: AsyncRead + AsyncWrite + Send> Stream for T {}

/// How it behaves.
#[derive(Debug, Clone, Copy, Default)]
pub struct Manners {
    pub starttls: bool,
    pub implicit_tls: bool,
    /// Mechanisms after `AUTH`.
    pub auth: &'static str,
    /// Knows `HELO` alone.
    pub old: bool,
    /// Answer to a command that starts with the first.
    pub refuse: Option<(&'static str, &'static str)>,
    /// Goes on in clear text after `STARTTLS`.
    pub smuggle: bool,
}

pub struct MailServer {
    pub port: u16,
    /// The certificate, PEM.
    pub certificate: String,
    /// Commands, and the message as one, with `TLS` where encryption began.
    pub told: Arc<Mutex<Vec<String>>>,
}

impl MailServer {
    pub async fn start(manners: Manners) -> Self {
        binnacle_client::install_crypto();
        let CertifiedKey { cert, signing_key } =
            generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
        let key = PrivateKeyDer::try_from(signing_key.serialize_der()).expect("a key");
        let config = ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(vec![cert.der().clone()], key)
            .expect("a configuration");
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let told = Arc::new(Mutex::new(Vec::new()));
        let recorded = Arc::clone(&told);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let session = Session {
                    manners,
                    told: Arc::clone(&recorded),
                };
                let acceptor = acceptor.clone();
                tokio::spawn(async move {
                    let stream: Pin<Box<dyn Stream>> = if manners.implicit_tls {
                        match acceptor.accept(stream).await {
                            Ok(stream) => Box::pin(stream),
                            Err(_) => return,
                        }
                    } else {
                        Box::pin(stream)
                    };
                    // A client that hangs up is recorded up to there.
                    let _ = session.serve(stream, acceptor).await;
                });
            }
        });
        Self {
            port,
            certificate: cert.pem(),
            told,
        }
    }

    /// The commands, without the message.
    pub fn commands(&self) -> Vec<String> {
        let told = self.told.lock();
        told.iter()
            .filter(|line| !line.contains("\r\n"))
            .cloned()
            .collect()
    }

    /// The message, dots undone.
    pub fn message(&self) -> String {
        let told = self.told.lock();
        told.iter()
            .find(|line| line.contains("\r\n"))
            .cloned()
            .unwrap_or_default()
    }
}

struct Session {
    manners: Manners,
    told: Arc<Mutex<Vec<String>>>,
}

type Lines = BufReader<Pin<Box<dyn Stream>>>;

impl Session {
    async fn serve(
        &self,
        stream: Pin<Box<dyn Stream>>,
        acceptor: TlsAcceptor,
    ) -> std::io::Result<()> {
        let mut lines = BufReader::new(stream);
        let mut encrypted = self.manners.implicit_tls;
        say(&mut lines, "220 mail.example ready").await?;
        loop {
            let line = hear(&mut lines).await?;
            self.told.lock().push(line.clone());
            let word = line
                .split([' ', ':'])
                .next()
                .unwrap_or_default()
                .to_ascii_uppercase();
            if let Some((command, answer)) = self.manners.refuse
                && line.starts_with(command)
            {
                say(&mut lines, answer).await?;
                continue;
            }
            match word.as_str() {
                "EHLO" if self.manners.old => say(&mut lines, "502 what?").await?,
                "EHLO" => {
                    let mut answer = "250-mail.example\r\n250-8BITMIME".to_owned();
                    if self.manners.starttls && !encrypted {
                        answer.push_str("\r\n250-STARTTLS");
                    }
                    if !self.manners.auth.is_empty() {
                        answer.push_str(&format!("\r\n250-AUTH {}", self.manners.auth));
                    }
                    say(&mut lines, &format!("{answer}\r\n250 SIZE 1000000")).await?;
                }
                "STARTTLS" => {
                    let more = if self.manners.smuggle {
                        "\r\n250 evil"
                    } else {
                        ""
                    };
                    say(&mut lines, &format!("220 go{more}")).await?;
                    let stream = acceptor.accept(lines.into_inner()).await?;
                    lines = BufReader::new(Box::pin(stream));
                    encrypted = true;
                    self.told.lock().push("TLS".to_owned());
                }
                "AUTH" => self.authenticate(&line, &mut lines).await?,
                "DATA" => {
                    say(&mut lines, "354 go on").await?;
                    let mut message = String::new();
                    loop {
                        let line = hear(&mut lines).await?;
                        if line == "." {
                            break;
                        }
                        message.push_str(line.strip_prefix('.').unwrap_or(&line));
                        message.push_str("\r\n");
                    }
                    self.told.lock().push(message);
                    say(&mut lines, "250 queued").await?;
                }
                "QUIT" => {
                    say(&mut lines, "221 bye").await?;
                    return Ok(());
                }
                _ => say(&mut lines, "250 fine").await?,
            }
        }
    }

    async fn authenticate(&self, line: &str, lines: &mut Lines) -> std::io::Result<()> {
        let challenges: &[&str] = match line {
            // `Username:`, `Password:`; and RFC 2195's example.
            "AUTH LOGIN" => &["334 VXNlcm5hbWU6", "334 UGFzc3dvcmQ6"],
            "AUTH CRAM-MD5" => &["334 PDE4OTYuNjk3MTcwOTUyQHBvc3RvZmZpY2UucmVzdG9uLm1jaS5uZXQ+"],
            _ => &[],
        };
        for challenge in challenges {
            say(lines, challenge).await?;
            let answer = hear(lines).await?;
            self.told.lock().push(answer);
        }
        say(lines, "235 welcome").await
    }
}

async fn say(lines: &mut Lines, text: &str) -> std::io::Result<()> {
    lines
        .get_mut()
        .write_all(format!("{text}\r\n").as_bytes())
        .await?;
    lines.get_mut().flush().await
}

async fn hear(lines: &mut Lines) -> std::io::Result<String> {
    let mut line = String::new();
    if lines.read_line(&mut line).await? == 0 {
        return Err(std::io::ErrorKind::UnexpectedEof.into());
    }
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}
