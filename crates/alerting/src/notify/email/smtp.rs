//! A mail over SMTP (RFC 5321), one connection for each.
//!
//! Small enough to be our own: what the settings ask for (TLS as everywhere else, the
//! choice of mechanism by secret, errors that say which step failed) is most of it.

use std::pin::Pin;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use md5::Md5;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;

use binnacle_client::tls_config;

use crate::notify::NotifyError;

use super::settings::Settings;

/// Bytes of a line of the server's, at most (RFC 5321 has 512).
const LINE_BYTES_MAX: u64 = 4096;
/// Lines of an answer, at most.
const LINES_MAX: usize = 100;

trait Stream: AsyncRead + AsyncWrite + Send {}
impl<T: AsyncRead + AsyncWrite + Send> Stream for T {}

/// A conversation with a server.
pub(super) struct Smtp {
    stream: BufReader<Pin<Box<dyn Stream>>>,
    encrypted: bool,
    extensions: Vec<(String, String)>,
}

/// An answer: its code and its lines.
struct Reply {
    code: u16,
    text: String,
}

/// What goes over the wire.
pub(super) struct Envelope<'a> {
    pub(super) from: &'a str,
    pub(super) to: &'a [String],
    pub(super) message: &'a [u8],
}

/// Delivers a mail.
///
/// # Errors
/// With the step that failed; what the server refused or lost is retried, because
/// mail servers are busy or greylist.
pub(super) async fn deliver(
    settings: &Settings,
    envelope: &Envelope<'_>,
) -> Result<(), NotifyError> {
    let mut smtp = Smtp::open(settings).await?;
    smtp.expect(220).await.map_err(step("create SMTP client"))?;
    smtp.hello(&settings.hello)
        .await
        .map_err(step("send EHLO command"))?;
    if settings.require_tls && !settings.implicit_tls {
        if smtp.extension("STARTTLS").is_none() {
            return Err(NotifyError::retry(format!(
                "'require_tls' is true (default) but {:?} does not advertise the STARTTLS extension",
                settings.smarthost.to_string()
            )));
        }
        smtp = smtp.start_tls(settings).await?;
    }
    if let Some(mechanisms) = smtp.extension("AUTH").map(str::to_owned)
        && !settings.auth_username.is_empty()
    {
        let auth = Auth::choose(settings, &mechanisms)
            .map_err(|why| NotifyError::retry(format!("find auth mechanism: {why}")))?;
        smtp.authenticate(settings, &auth)
            .await
            .map_err(|why| NotifyError::retry(format!("{} auth: {why}", auth.name())))?;
    }
    smtp.send(envelope).await?;
    // The mail is delivered; how the conversation ends is of no interest.
    let _ = smtp.command(221, "QUIT").await;
    Ok(())
}

fn step(what: &str) -> impl Fn(String) -> NotifyError {
    move |why| NotifyError::retry(format!("{what}: {why}"))
}

impl Smtp {
    async fn open(settings: &Settings) -> Result<Self, NotifyError> {
        let host = &settings.smarthost.host;
        let port = &settings.smarthost.port;
        let what = if settings.implicit_tls {
            "establish TLS connection to server"
        } else {
            "establish connection to server"
        };
        let port = port_number(port)
            .ok_or_else(|| NotifyError::fatal(format!("{what}: unknown port {port:?}")))?;
        let dialled = TcpStream::connect((host.as_str(), port)).await;
        let stream = dialled.map_err(|e| {
            NotifyError::retry(format!("{what}: dial tcp {}: {e}", settings.smarthost))
        })?;
        let mut smtp = Self {
            stream: BufReader::new(Box::pin(stream)),
            encrypted: false,
            extensions: Vec::new(),
        };
        if settings.implicit_tls {
            smtp = smtp.encrypt(settings, what).await?;
        }
        Ok(smtp)
    }

    async fn start_tls(mut self, settings: &Settings) -> Result<Self, NotifyError> {
        let what = "send STARTTLS command";
        self.command(220, "STARTTLS").await.map_err(step(what))?;
        // What came in clear after the answer was not sent by the server that will
        // prove who it is.
        if !self.stream.buffer().is_empty() {
            return Err(NotifyError::retry(format!(
                "{what}: the server went on in clear text"
            )));
        }
        let mut smtp = self.encrypt(settings, what).await?;
        smtp.hello(&settings.hello).await.map_err(step(what))?;
        Ok(smtp)
    }

    async fn encrypt(self, settings: &Settings, what: &str) -> Result<Self, NotifyError> {
        let config = tls_config(&settings.tls)
            .map_err(|e| NotifyError::fatal(format!("parse TLS configuration: {e}")))?;
        let name = settings.tls.server_name.as_ref();
        let name = name.unwrap_or(&settings.smarthost.host).clone();
        let name =
            ServerName::try_from(name).map_err(|e| NotifyError::fatal(format!("{what}: {e}")))?;
        let stream = TlsConnector::from(std::sync::Arc::new(config))
            .connect(name, self.stream.into_inner())
            .await
            .map_err(|e| NotifyError::retry(format!("{what}: {e}")))?;
        Ok(Self {
            stream: BufReader::new(Box::pin(stream)),
            encrypted: true,
            extensions: Vec::new(),
        })
    }

    /// Introduces this server, in the old way to servers that know no other.
    async fn hello(&mut self, name: &str) -> Result<(), String> {
        let name = if name.is_empty() { "localhost" } else { name };
        self.extensions.clear();
        match self.command(250, &format!("EHLO {name}")).await {
            Ok(reply) => {
                let lines = reply.text.lines().skip(1);
                self.extensions = lines
                    .map(|line| {
                        let (name, words) = line.split_once(' ').unwrap_or((line, ""));
                        (name.to_ascii_uppercase(), words.to_owned())
                    })
                    .collect();
                Ok(())
            }
            Err(_) => self.command(250, &format!("HELO {name}")).await.map(drop),
        }
    }

    fn extension(&self, name: &str) -> Option<&str> {
        let (_, words) = self.extensions.iter().find(|(n, _)| n == name)?;
        Some(words)
    }

    async fn authenticate(&mut self, settings: &Settings, auth: &Auth) -> Result<(), String> {
        let user = &settings.auth_username;
        let host = settings.smarthost.host.as_str();
        let local = matches!(host, "localhost" | "127.0.0.1" | "::1");
        let first = match auth {
            Auth::Plain(_) if !self.encrypted && !local => {
                return Err("unencrypted connection".to_owned());
            }
            Auth::Plain(password) => {
                let text = format!("{}\0{user}\0{password}", settings.auth_identity);
                format!("AUTH PLAIN {}", STANDARD.encode(text))
            }
            Auth::Login(_) => "AUTH LOGIN".to_owned(),
            Auth::CramMd5(_) => "AUTH CRAM-MD5".to_owned(),
        };
        let mut reply = self.command(0, &first).await?;
        while reply.code == 334 {
            let answer = STANDARD
                .decode(reply.text.trim())
                .map_err(|e| format!("challenge: {e}"))
                .and_then(|challenge| auth.answer(user, &challenge));
            match answer {
                Ok(answer) => reply = self.command(0, &STANDARD.encode(answer)).await?,
                Err(why) => {
                    // An abort is answered with an error, which is what is wanted.
                    let _ = self.command(501, "*").await;
                    return Err(why);
                }
            }
        }
        if reply.code == 235 {
            Ok(())
        } else {
            Err(format!("{} {}", reply.code, reply.text))
        }
    }

    async fn send(&mut self, envelope: &Envelope<'_>) -> Result<(), NotifyError> {
        let mut mail = format!("MAIL FROM:<{}>", envelope.from);
        if self.extension("8BITMIME").is_some() {
            mail.push_str(" BODY=8BITMIME");
        }
        if self.extension("SMTPUTF8").is_some() {
            mail.push_str(" SMTPUTF8");
        }
        let sent = self.command(250, &mail).await;
        sent.map_err(step("send MAIL command"))?;
        for to in envelope.to {
            let sent = self.command(25, &format!("RCPT TO:<{to}>")).await;
            sent.map_err(step("send RCPT command"))?;
        }
        let ready = self.command(354, "DATA").await;
        ready.map_err(step("send DATA command"))?;
        let failed = step("delivery failure");
        self.write(&dotted(envelope.message))
            .await
            .map_err(&failed)?;
        self.expect(250).await.map_err(&failed)?;
        Ok(())
    }

    /// Sends a line and waits for an answer with `code`, as [`Smtp::expect`].
    async fn command(&mut self, code: u16, line: &str) -> Result<Reply, String> {
        if line.contains(['\r', '\n']) {
            return Err("a line must not contain CR or LF".to_owned());
        }
        self.write(format!("{line}\r\n").as_bytes()).await?;
        self.expect(code).await
    }

    async fn write(&mut self, bytes: &[u8]) -> Result<(), String> {
        let stream = self.stream.get_mut();
        let written = async {
            stream.write_all(bytes).await?;
            stream.flush().await
        };
        written.await.map_err(|e: std::io::Error| e.to_string())
    }

    /// Reads an answer, whose code must start with the digits of `code` (0: any).
    async fn expect(&mut self, code: u16) -> Result<Reply, String> {
        let mut text = String::new();
        for _ in 0..LINES_MAX {
            let line = self.read_line().await?;
            let found = line.get(..3).and_then(|digits| digits.parse::<u16>().ok());
            let Some(found) = found else {
                return Err(format!("short response: {line}"));
            };
            if !text.is_empty() {
                text.push('\n');
            }
            text.push_str(line.get(4..).unwrap_or_default());
            if line.as_bytes().get(3) == Some(&b'-') {
                continue;
            }
            let fits = code == 0 || found.to_string().starts_with(&code.to_string());
            return if fits {
                Ok(Reply { code: found, text })
            } else {
                Err(format!("{found} {text}"))
            };
        }
        Err(format!("an answer of more than {LINES_MAX} lines"))
    }

    async fn read_line(&mut self) -> Result<String, String> {
        use tokio::io::AsyncReadExt as _;
        let mut line = Vec::new();
        let mut limited = (&mut self.stream).take(LINE_BYTES_MAX);
        let read = limited.read_until(b'\n', &mut line).await;
        read.map_err(|e| e.to_string())?;
        if line.pop() != Some(b'\n') {
            return Err(if line.len() as u64 + 1 >= LINE_BYTES_MAX {
                format!("a line of more than {LINE_BYTES_MAX} bytes")
            } else {
                "EOF".to_owned()
            });
        }
        Ok(String::from_utf8_lossy(&line).trim_end().to_owned())
    }
}

/// The message with CRLF at its end, dots at the start of a line doubled, and the dot
/// that ends it.
fn dotted(message: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(message.len() + message.len() / 50 + 8);
    let mut line_starts = true;
    for &byte in message {
        if line_starts && byte == b'.' {
            out.push(b'.');
        }
        line_starts = byte == b'\n';
        out.push(byte);
    }
    if !line_starts {
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(b".\r\n");
    out
}

fn port_number(port: &str) -> Option<u16> {
    match port {
        "smtp" => Some(25),
        "smtps" | "submissions" => Some(465),
        "submission" => Some(587),
        number => number.parse().ok(),
    }
}

/// How to prove who one is, with the secret for it.
enum Auth {
    Plain(String),
    Login(String),
    CramMd5(String),
}

impl Auth {
    /// The first mechanism of the server's that there is a secret for.
    fn choose(settings: &Settings, mechanisms: &str) -> Result<Self, String> {
        let mut why = Vec::new();
        for mechanism in mechanisms.split(' ') {
            let (source, what) = match mechanism {
                "CRAM-MD5" => (&settings.auth_secret, "secret"),
                "PLAIN" | "LOGIN" => (&settings.auth_password, "password"),
                other => {
                    why.push(format!("unknown auth mechanism: {other}"));
                    continue;
                }
            };
            let secret = source.as_ref().map(|s| s.read()).transpose();
            match secret.map(Option::unwrap_or_default) {
                Ok(secret) if secret.is_empty() => {
                    why.push(format!("missing {what} for {mechanism} auth mechanism"));
                }
                Ok(secret) => {
                    return Ok(match mechanism {
                        "CRAM-MD5" => Self::CramMd5(secret),
                        "PLAIN" => Self::Plain(secret),
                        _ => Self::Login(secret),
                    });
                }
                Err(e) => why.push(e.to_string()),
            }
        }
        Err(why.join("\n"))
    }

    fn name(&self) -> &'static str {
        match self {
            Self::Plain(_) => "PLAIN",
            Self::Login(_) => "LOGIN",
            Self::CramMd5(_) => "CRAM-MD5",
        }
    }

    fn answer(&self, user: &str, challenge: &[u8]) -> Result<String, String> {
        match self {
            Self::Plain(_) => Err("unexpected server challenge".to_owned()),
            Self::Login(password) => {
                match String::from_utf8_lossy(challenge)
                    .to_ascii_lowercase()
                    .as_str()
                {
                    "username:" => Ok(user.to_owned()),
                    "password:" => Ok(password.clone()),
                    _ => Err("unexpected server challenge".to_owned()),
                }
            }
            Self::CramMd5(secret) => {
                // HMAC takes keys of any length.
                let mut mac =
                    Hmac::<Md5>::new_from_slice(secret.as_bytes()).map_err(|e| e.to_string())?;
                mac.update(challenge);
                let mut answer = format!("{user} ");
                for byte in mac.finalize().into_bytes() {
                    answer.push_str(&format!("{byte:02x}"));
                }
                Ok(answer)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cram_md5_is_that_of_rfc_2195() {
        let auth = Auth::CramMd5("tanstaaftanstaaf".to_owned());
        assert_eq!(
            auth.answer("tim", b"<1896.697170952@postoffice.reston.mci.net>"),
            Ok("tim b913a602c7eda7a495b4e6e7334d3890".to_owned())
        );
    }

    #[test]
    fn dots() {
        let check = |text: &str, want: &str| {
            assert_eq!(dotted(text.as_bytes()), want.as_bytes(), "{text:?}");
        };
        check("", ".\r\n");
        check("a", "a\r\n.\r\n");
        check(".\r\n..a\r\nb.\r\n", "..\r\n...a\r\nb.\r\n.\r\n");
    }
}
