//! What the bars of logs need of a server: pushing, waiting for its flushes and
//! merges, and its bytes on disk.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use super::{Kind, Peer, size};
use crate::http::Client;

impl Peer {
    /// Whether the server takes and answers logs; an error that says why not.
    pub fn keeps_logs(&self) -> Result<()> {
        let path = match self.kind {
            Kind::Binnacle | Kind::Loki => "/loki/api/v1/labels",
            Kind::VictoriaLogs => "/select/logsql/streams?query=*",
            Kind::Prometheus | Kind::Victoria => bail!("{} keeps no logs", self.kind.name()),
        };
        let status = Client::new(self.address).get(path)?.status;
        if status != 200 {
            bail!("{} answers {status} to {path}", self.kind.name());
        }
        Ok(())
    }

    /// Sends a Loki push, snappy-compressed protobuf; an error unless it is taken.
    pub fn push_logs(&self, client: &mut Client, body: &[u8]) -> Result<()> {
        let path = match self.kind {
            // Its answers would find no message in lines of JSON otherwise.
            Kind::VictoriaLogs => "/insert/loki/api/v1/push?_msg_field=msg",
            _ => "/loki/api/v1/push",
        };
        let headers = [("content-type", "application/x-protobuf")];
        let response = client.send("POST", path, &headers, body)?;
        if response.status / 100 != 2 {
            let text = String::from_utf8_lossy(&response.body).into_owned();
            bail!("{} answered {}: {text}", self.kind.name(), response.status);
        }
        Ok(())
    }

    /// Waits until the process has used next to no CPU for some seconds, longer
    /// than any of the servers holds back a flush.
    pub fn settle_logs(&self) {
        const QUIET: usize = 7;
        let begun = Instant::now();
        let mut seconds = vec![self.cpu_seconds()];
        while begun.elapsed() < Duration::from_secs(180) {
            std::thread::sleep(Duration::from_secs(1));
            seconds.push(self.cpu_seconds());
            if let [.., first, _, _, _, _, _, _, last] = seconds[..]
                && last - first < 0.05 * QUIET as f64
            {
                return;
            }
        }
    }

    /// Waits for what the server does behind a push, and has what it holds in memory
    /// written to disk: Loki is asked to, which keeps its chunks for hours; ours is
    /// started again, which keeps the newest 64 MiB for some minutes. VictoriaLogs
    /// does so within seconds.
    pub fn flushed(self) -> Result<Self> {
        self.settle_logs();
        let peer = match self.kind {
            Kind::Loki => {
                Client::new(self.address).send("POST", "/flush", &[], &[])?;
                self
            }
            Kind::Binnacle => self.restart()?,
            _ => return Ok(self),
        };
        peer.settle_logs();
        Ok(peer)
    }

    /// Bytes on disk of what is flushed, merged whole where that can be asked for.
    /// Of Loki without its write-ahead log, which keeps segments that are in chunks
    /// already.
    pub fn logs_stored_bytes(&self) -> Result<f64> {
        let data = self.directory.join("data");
        Ok(match self.kind {
            Kind::VictoriaLogs => {
                Client::new(self.address).get("/internal/force_merge")?;
                self.settle_logs();
                size(&data)
            }
            Kind::Loki => size(&data).saturating_sub(size(&data.join("wal"))),
            _ => size(&data.join("logs")),
        } as f64)
    }
}
