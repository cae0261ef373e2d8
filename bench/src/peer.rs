//! The servers: ours, those of Debian's packages and those that somebody has put
//! on the `PATH`, each on its defaults, on loopback, with a data directory of its
//! own.

mod command;
mod kind;
mod logs;

use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use crate::http::{Client, escape};

pub use kind::Kind;

/// How to start a server.
#[derive(Default, Clone)]
pub struct Options {
    /// A `prometheus.yml` for all three.
    pub prometheus_yml: Option<String>,
    /// A `rules.yml` beside it.
    pub rules: Option<String>,
    /// An `alertmanager.yml`, for ours.
    pub alertmanager_yml: Option<String>,
    /// Ours watches itself and its host, as it does by default. Off where the peers
    /// have nothing of the kind.
    pub watch_host: bool,
}

/// A running server.
pub struct Peer {
    /// Which.
    pub kind: Kind,
    /// Where it answers.
    pub address: SocketAddr,
    child: Child,
    directory: PathBuf,
    options: Options,
    /// CPU seconds and peak resident bytes of lives before this one.
    before: (f64, f64),
}

impl Peer {
    /// Starts a server with an empty data directory and waits until it answers.
    pub fn start(kind: Kind, options: &Options) -> Result<Self> {
        // Before there is anything to clean up.
        kind.program()?;
        let directory = std::env::temp_dir().join(format!(
            "binnacle-bench-{}-{}",
            std::process::id(),
            kind.name()
        ));
        let _ = fs::remove_dir_all(&directory);
        fs::create_dir_all(&directory)?;
        Self::start_in(kind, directory, options)
    }

    fn start_in(kind: Kind, directory: PathBuf, options: &Options) -> Result<Self> {
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let log = fs::File::create(directory.join("log"))?;
        let child = command::command(kind, address, &directory, options)?
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .with_context(|| format!("start {}", kind.name()))?;
        let mut peer = Self {
            kind,
            address,
            child,
            directory,
            options: options.clone(),
            before: (0.0, 0.0),
        };
        peer.wait_until_ready()?;
        Ok(peer)
    }

    fn wait_until_ready(&mut self) -> Result<()> {
        let begun = Instant::now();
        loop {
            if let Ok(response) = Client::new(self.address).get(self.kind.ready_path())
                && response.status == 200
            {
                return Ok(());
            }
            if let Some(status) = self.child.try_wait()? {
                let log = fs::read_to_string(self.directory.join("log")).unwrap_or_default();
                bail!("{} ended with {status}: {log}", self.kind.name());
            }
            if begun.elapsed() > Duration::from_secs(120) {
                bail!("{} does not become ready", self.kind.name());
            }
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// User and system CPU seconds so far, of all lives.
    pub fn cpu_seconds(&self) -> f64 {
        self.before.0 + cpu_seconds(self.child.id())
    }

    /// Peak resident bytes of all lives.
    pub fn peak_bytes(&self) -> f64 {
        memory(self.child.id(), "VmHWM").max(self.before.1)
    }

    /// Resident bytes now.
    pub fn resident_bytes(&self) -> f64 {
        memory(self.child.id(), "VmRSS")
    }

    /// Waits until the process has used next to no CPU for a second: flushes and
    /// merges of what was sent belong to its cost.
    pub fn settle(&self) {
        let begun = Instant::now();
        let mut last = self.cpu_seconds();
        while begun.elapsed() < Duration::from_secs(20) {
            std::thread::sleep(Duration::from_secs(1));
            let now = self.cpu_seconds();
            if now - last < 0.05 {
                return;
            }
            last = now;
        }
    }

    /// Bytes of everything stored, flushed and merged: a snapshot where there is
    /// one (its head is written as a block), the data directory else.
    pub fn stored_bytes(&self) -> Result<f64> {
        let mut client = Client::new(self.address);
        match self.kind {
            Kind::Victoria => {
                client.get("/internal/force_flush")?;
                client.get("/internal/force_merge")?;
                self.settle();
                Ok(size(&self.directory.join("data")) as f64)
            }
            Kind::VictoriaLogs | Kind::Loki => bail!("{} keeps no metrics", self.kind.name()),
            Kind::Binnacle | Kind::Prometheus => {
                let response = client.send("POST", "/api/v1/admin/tsdb/snapshot", &[], &[])?;
                let json: serde_json::Value = serde_json::from_slice(&response.body)?;
                let name = json["data"]["name"].as_str().context("no snapshot")?;
                Ok(size(&self.directory.join("data/snapshots").join(name)) as f64)
            }
        }
    }

    /// Sends a snappy-compressed remote write request; an error unless it is taken.
    pub fn push(&self, client: &mut Client, body: &[u8]) -> Result<()> {
        let headers = [
            ("content-type", "application/x-protobuf"),
            ("content-encoding", "snappy"),
            ("x-prometheus-remote-write-version", "0.1.0"),
        ];
        let response = client.send("POST", "/api/v1/write", &headers, body)?;
        if response.status / 100 != 2 {
            let text = String::from_utf8_lossy(&response.body).into_owned();
            bail!("{} answered {}: {text}", self.kind.name(), response.status);
        }
        Ok(())
    }

    /// Evaluates at one time and answers the JSON.
    pub fn instant(
        &self,
        client: &mut Client,
        query: &str,
        at_ms: i64,
    ) -> Result<serde_json::Value> {
        let path = format!(
            "/api/v1/query?nocache=1&query={}&time={}",
            escape(query),
            at_ms as f64 / 1000.0
        );
        self.json(client, &path)
    }

    /// Evaluates over a range and answers the JSON.
    pub fn json(&self, client: &mut Client, path: &str) -> Result<serde_json::Value> {
        let response = client.get(path)?;
        if response.status != 200 {
            let text = String::from_utf8_lossy(&response.body).into_owned();
            bail!("{} answered {}: {text}", self.kind.name(), response.status);
        }
        Ok(serde_json::from_slice(&response.body)?)
    }

    /// Ends the process at once, as a crash would, and starts it again on the same
    /// data; answers the seconds until it was ready.
    pub fn crash_and_restart(mut self) -> Result<(Self, f64)> {
        self.child.kill()?;
        self.start_again()
    }

    /// Asks the process to end, waits until it has, and starts it again on the same
    /// data.
    pub fn restart(self) -> Result<Self> {
        let pid = libc::pid_t::try_from(self.child.id())?;
        // SAFETY: a signal to a child that nobody has waited for: the number is still its.
        ensure!(unsafe { libc::kill(pid, libc::SIGTERM) } == 0, "no signal");
        Ok(self.start_again()?.0)
    }

    fn start_again(mut self) -> Result<(Self, f64)> {
        let peak_bytes = self.peak_bytes();
        let others_seconds = ended_cpu_seconds();
        self.child.wait()?;
        let before = (
            self.before.0 + ended_cpu_seconds() - others_seconds,
            peak_bytes,
        );
        let directory = std::mem::take(&mut self.directory);
        let (kind, options) = (self.kind, self.options.clone());
        drop(self);
        let begun = Instant::now();
        let mut peer = Self::start_in(kind, directory, &options)?;
        peer.before = before;
        Ok((peer, begun.elapsed().as_secs_f64()))
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if !self.directory.as_os_str().is_empty() {
            let _ = fs::remove_dir_all(&self.directory);
        }
    }
}

/// User and system CPU seconds of process `pid` so far.
pub fn cpu_seconds(pid: u32) -> f64 {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let behind = text.rsplit(')').next().unwrap_or_default();
    let field = |i: usize| -> f64 {
        behind
            .split_whitespace()
            .nth(i)
            .and_then(|f| f.parse().ok())
            .unwrap_or(0.0)
    };
    // SAFETY: sysconf reads a constant of the system.
    let ticks = unsafe { libc::sysconf(libc::_SC_CLK_TCK) } as f64;
    (field(11) + field(12)) / ticks
}

/// User and system CPU seconds of all children that have ended.
fn ended_cpu_seconds() -> f64 {
    // SAFETY: plain numbers, for which zeros are values; the call writes all of them.
    let usage = unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        libc::getrusage(libc::RUSAGE_CHILDREN, &raw mut usage);
        usage
    };
    let seconds = |t: libc::timeval| t.tv_sec as f64 + t.tv_usec as f64 / 1e6;
    seconds(usage.ru_utime) + seconds(usage.ru_stime)
}

/// A line of `/proc/<pid>/status` in bytes.
pub fn memory(pid: u32, key: &str) -> f64 {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    text.lines()
        .find_map(|l| {
            l.strip_prefix(key)?
                .split_whitespace()
                .nth(1)?
                .parse::<f64>()
                .ok()
        })
        .unwrap_or(0.0)
        * 1024.0
}

/// Bytes of all files below `path`.
fn size(path: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(path) else {
        return 0;
    };
    entries
        .flatten()
        .map(|entry| match entry.metadata() {
            Ok(m) if m.is_dir() => size(&entry.path()),
            Ok(m) => m.len(),
            Err(_) => 0,
        })
        .sum()
}
