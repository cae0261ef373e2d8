//! `exec_configs`: a command for each notification. Not Alertmanager's.
//!
//! The command is a list, started without a shell and without templates: nothing that
//! an alert says becomes a word of a command line. It reads the JSON that a webhook
//! would get from its input. Of this process' environment it sees `PATH`, `HOME`,
//! `LANG` and `TZ`; beyond that `BINNACLE_RECEIVER`, `BINNACLE_STATUS` and
//! `BINNACLE_GROUP_KEY`.
//!
//! Exit status 0 says that the notification was taken, 75 (`EX_TEMPFAIL` of
//! `sysexits.h`) that trying again may help, any other that it does not. What the
//! command printed is in the error.
//!
//! Whoever can write the configuration could run any command that way, so the binary
//! has to allow it ([`Exec::allow`]). What a command leaves running in the background
//! is not looked after.

use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use binnacle_client::HttpError;
use binnacle_config::reader::Reader;
use binnacle_model::alert::{BoxFuture, Texts};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, Command};

use crate::config::Global;

use super::http::Deadline;
use super::webhook::{self, message};
use super::{Notification, Notifier, NotifyError, Sent, timeout};

/// `EX_TEMPFAIL`
const TRY_AGAIN: i32 = 75;
/// Bytes of the command's output that are kept for the error.
const OUTPUT_BYTES_MAX: usize = 4096;
/// How long a command may run that has no `timeout`.
const TIMEOUT: Duration = Duration::from_secs(30);
/// How long output is waited for after the command has ended: a process that it left
/// behind may hold the pipe for ever.
const OUTPUT_GRACE: Duration = Duration::from_millis(200);
/// What a command sees of this process' environment.
const INHERITED: [&str; 4] = ["PATH", "HOME", "LANG", "TZ"];

/// What the file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The program and its arguments.
    pub command: Vec<String>,
    /// Further environment.
    pub environment: Texts,
    /// How long it may run.
    pub timeout: Duration,
}

/// Reads one element of `exec_configs`.
pub fn read(r: &mut Reader<'_>, _: &Global) -> Settings {
    let command: Vec<String> = r.texts("command").into_iter().map(|t| t.value).collect();
    if command.first().is_none_or(String::is_empty) {
        r.refuse("command", "missing command in exec config");
    }
    let environment = super::read_texts(r, "environment");
    let bad = |name: &str| name.is_empty() || name.contains(['=', '\0']);
    if let Some((name, _)) = environment.iter().find(|(name, _)| bad(name)) {
        r.refuse(
            "environment",
            format!("{name:?} is not the name of an environment variable"),
        );
    }
    let timeout = timeout::read(r, "timeout");
    Settings {
        command,
        environment,
        timeout: if timeout.is_zero() { TIMEOUT } else { timeout },
    }
}

/// A command, ready to be run.
#[derive(Debug)]
pub struct Exec {
    settings: Settings,
    allow_exec: bool,
}

impl Exec {
    /// With these settings, and not allowed yet.
    ///
    /// # Errors
    /// None; the form is that of all kinds.
    pub fn new(settings: &Settings) -> Result<Self, HttpError> {
        Ok(Self {
            settings: settings.clone(),
            allow_exec: false,
        })
    }

    /// Allows or forbids it to run.
    #[must_use]
    pub fn allow(mut self, allow_exec: bool) -> Self {
        self.allow_exec = allow_exec;
        self
    }

    async fn run(&self, notification: &Notification<'_>) -> Result<Sent, NotifyError> {
        if !self.allow_exec {
            return Err(NotifyError::fatal("exec receivers are not allowed here"));
        }
        let deadline = Deadline::with_timeout(notification, "exec", self.settings.timeout);
        let input = message(
            webhook::VERSION,
            notification.data,
            notification.group_key,
            0,
        );
        let mut child = self
            .command(notification)
            .spawn()
            .map_err(|e| NotifyError::fatal(format!("starting {}: {e}", self.program())))?;
        match tokio::time::timeout_at(deadline.at(), exchange(&mut child, &input)).await {
            Ok(Ok((status, output))) => self.judge(status, &output)?,
            Ok(Err(e)) => {
                return Err(NotifyError::retry(format!(
                    "running {}: {e}",
                    self.program()
                )));
            }
            Err(_) => {
                // The process may have ended this very moment.
                let _ = child.start_kill();
                return Err(deadline.passed().during(self.program()));
            }
        }
        Ok(Sent {
            text: String::from_utf8_lossy(&input).trim_end().to_owned(),
            ..Sent::default()
        })
    }

    fn command(&self, notification: &Notification<'_>) -> Command {
        let mut command = Command::new(self.program());
        command
            .args(&self.settings.command[1..])
            .env_clear()
            .envs(
                INHERITED
                    .iter()
                    .filter_map(|n| Some((n, std::env::var_os(n)?))),
            )
            // A value with a NUL in it cannot be handed over.
            .env("BINNACLE_RECEIVER", notification.receiver.replace('\0', ""))
            .env("BINNACLE_STATUS", &notification.data.status)
            .env(
                "BINNACLE_GROUP_KEY",
                notification.group_key.replace('\0', ""),
            )
            .envs(
                self.settings
                    .environment
                    .iter()
                    .map(|(name, value)| (name, value.replace('\0', ""))),
            )
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command
    }

    fn judge(&self, status: ExitStatus, output: &str) -> Result<(), NotifyError> {
        if status.success() {
            return Ok(());
        }
        let mut message = format!("{}: {status}", self.program());
        let output = output.trim();
        if !output.is_empty() {
            message.push_str(": ");
            message.push_str(output);
        }
        Err(NotifyError {
            retry: status.code() == Some(TRY_AGAIN),
            ..NotifyError::fatal(message)
        })
    }

    fn program(&self) -> &str {
        self.settings.command.first().map_or("", String::as_str)
    }
}

/// Hands over the input, and gives the status and what was printed.
async fn exchange(child: &mut Child, input: &[u8]) -> std::io::Result<(ExitStatus, String)> {
    let (stdin, out, err) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let mut stdout = Printed::default();
    let mut stderr = Printed::default();
    let talk = async {
        tokio::join!(
            async {
                if let Some(mut stdin) = stdin {
                    // A command that does not read its input has its reasons.
                    let _ = stdin.write_all(input).await;
                }
            },
            stdout.read(out),
            stderr.read(err),
        )
    };
    let mut talk = Box::pin(talk);
    let status = tokio::select! {
        _ = &mut talk => None,
        status = child.wait() => Some(status?),
    };
    let status = match status {
        Some(status) => {
            let _ = tokio::time::timeout(OUTPUT_GRACE, talk).await;
            status
        }
        None => {
            drop(talk);
            child.wait().await?
        }
    };
    let mut bytes = stderr.0;
    bytes.extend_from_slice(&stdout.0);
    bytes.truncate(OUTPUT_BYTES_MAX);
    Ok((status, String::from_utf8_lossy(&bytes).into_owned()))
}

/// The start of what a command printed.
#[derive(Default)]
struct Printed(Vec<u8>);

impl Printed {
    /// Reads to the end, so that the command never waits for a full pipe.
    async fn read(&mut self, pipe: Option<impl AsyncRead + Unpin>) {
        let Some(mut pipe) = pipe else { return };
        let mut buf = [0; 4096];
        while let Ok(read @ 1..) = pipe.read(&mut buf).await {
            let room = OUTPUT_BYTES_MAX - self.0.len();
            self.0.extend_from_slice(&buf[..read.min(room)]);
        }
    }
}

impl Notifier for Exec {
    fn notify<'a>(
        &'a self,
        notification: &'a Notification<'a>,
    ) -> BoxFuture<'a, Result<Sent, NotifyError>> {
        Box::pin(self.run(notification))
    }

    fn render(&self, notification: &Notification<'_>) -> Texts {
        let input = message(
            webhook::VERSION,
            notification.data,
            notification.group_key,
            0,
        );
        let input = String::from_utf8_lossy(&input).trim_end().to_owned();
        vec![("stdin".to_owned(), input)]
    }

    fn destination(&self) -> String {
        self.program().to_owned()
    }
}
