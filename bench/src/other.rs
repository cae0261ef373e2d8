//! Servers that are only there to be scraped, or to take alerts.

use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::http::Client;

/// A running server.
pub struct Other {
    /// Where it answers.
    pub address: SocketAddr,
    child: Child,
    directory: PathBuf,
}

impl Other {
    /// Starts `program`; its arguments come from the address and a directory of its own.
    pub fn start(
        program: &str,
        arguments: impl Fn(SocketAddr, &str) -> Vec<String>,
    ) -> Result<Self> {
        Self::start_with(program, "", arguments)
    }

    /// The same, with an `alertmanager.yml` in its directory.
    pub fn start_with(
        program: &str,
        alertmanager_yml: &str,
        arguments: impl Fn(SocketAddr, &str) -> Vec<String>,
    ) -> Result<Self> {
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let directory = std::env::temp_dir().join(format!("binnacle-bench-{address}"));
        fs::create_dir_all(&directory)?;
        fs::write(directory.join("alertmanager.yml"), alertmanager_yml)?;
        let child = Command::new(program)
            .args(arguments(address, &directory.display().to_string()))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| format!("{program} is not installed"))?;
        Ok(Self {
            address,
            child,
            directory,
        })
    }

    /// Debian's Alertmanager with this configuration, once it answers.
    pub fn alertmanager(yml: &str) -> Result<Self> {
        let other = Self::start_with(
            "/usr/bin/prometheus-alertmanager",
            yml,
            |address, directory| {
                vec![
                    format!("--web.listen-address={address}"),
                    format!("--config.file={directory}/alertmanager.yml"),
                    format!("--storage.path={directory}/data"),
                    "--cluster.listen-address=".to_owned(),
                ]
            },
        )?;
        let begun = Instant::now();
        while Client::new(other.address).get("/-/ready").is_err() {
            if begun.elapsed() > Duration::from_secs(20) {
                bail!("Alertmanager does not become ready");
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(other)
    }

    /// User and system CPU seconds so far.
    pub fn cpu_seconds(&self) -> f64 {
        crate::peer::cpu_seconds(self.child.id())
    }

    /// Resident bytes now.
    pub fn resident_bytes(&self) -> f64 {
        crate::peer::memory(self.child.id(), "VmRSS")
    }
}

impl Drop for Other {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.directory);
    }
}
