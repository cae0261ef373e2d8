//! Which servers there are and where their programs come from.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// Which server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Ours.
    Binnacle,
    /// Debian's `prometheus`.
    Prometheus,
    /// Debian's `victoria-metrics`.
    Victoria,
    /// A `victoria-logs` that is there already.
    VictoriaLogs,
    /// A `loki` that is there already.
    Loki,
}

impl Kind {
    /// Those that keep metrics, ours first.
    pub const METRICS: [Self; 3] = [Self::Binnacle, Self::Prometheus, Self::Victoria];

    /// Those that keep logs, ours first.
    pub const LOGS: [Self; 3] = [Self::Binnacle, Self::VictoriaLogs, Self::Loki];

    /// The column's head.
    pub fn name(self) -> &'static str {
        match self {
            Self::Binnacle => "binnacle",
            Self::Prometheus => "prometheus",
            Self::Victoria => "victoriametrics",
            Self::VictoriaLogs => "victorialogs",
            Self::Loki => "loki",
        }
    }

    /// Answers 200 once the server takes requests.
    pub(super) fn ready_path(self) -> &'static str {
        match self {
            Self::Binnacle | Self::Prometheus => "/-/ready",
            Self::Victoria | Self::VictoriaLogs => "/health",
            Self::Loki => "/ready",
        }
    }

    pub(super) fn program(self) -> Result<PathBuf> {
        let (variable, fallbacks) = match self {
            Self::Binnacle => (
                "BINNACLE",
                vec![std::env::current_exe()?.with_file_name("binnacle")],
            ),
            Self::Prometheus => ("", vec!["/usr/bin/prometheus".into()]),
            Self::Victoria => ("", vec!["/usr/bin/victoria-metrics".into()]),
            Self::VictoriaLogs => ("BINNACLE_BENCH_VICTORIA_LOGS", on_path("victoria-logs")),
            Self::Loki => ("BINNACLE_BENCH_LOKI", on_path("loki")),
        };
        let found = std::env::var_os(variable)
            .map(PathBuf::from)
            .into_iter()
            .chain(fallbacks)
            .find(|p| p.exists());
        found.with_context(|| match variable {
            "" => format!("{} is not installed", self.name()),
            _ => format!(
                "there is no {} on the PATH, and {variable} does not name one",
                self.name()
            ),
        })
    }
}

/// Where a program of this name may be.
fn on_path(name: &str) -> Vec<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .filter(|folder| folder.is_absolute())
        .map(|folder| Path::new(&folder).join(name))
        .collect()
}
