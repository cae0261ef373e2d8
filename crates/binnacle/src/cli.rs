//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

/// A whole observability stack in one binary.
///
/// Without a command it serves: it watches this machine and itself, scrapes what
/// the configuration names, stores, and answers at http://127.0.0.1:9090.
///
/// Exit codes: 0 all is well; 1 the work failed; 2 the command line is wrong;
/// 3 a file that was checked is wrong.
#[derive(Debug, Parser)]
#[command(name = "binnacle", version, about, max_term_width = 100)]
pub struct Cli {
    /// What to do; `serve` when nothing is said.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// Settings of `serve`, so that it can be left out.
    #[command(flatten)]
    pub serve: Serve,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Collect, store and answer, until stopped by Ctrl-C or SIGTERM
    Serve(Serve),
    /// Check configuration files, offline
    Check(Check),
    /// Ask a running server
    Query(Query),
    /// Send a file of metrics (text or OpenMetrics) with timestamps to a running server
    Import(Import),
}

/// `serve`
#[derive(Debug, Args, Clone, Default)]
pub struct Serve {
    /// Configuration file [default: binnacle.yaml here, if there is one]
    #[arg(long, short, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Where to keep data [default: data]
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// Where to listen [default: 127.0.0.1:9090]
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub listen: Option<SocketAddr>,
    /// A prometheus.yml to take scrape settings from
    #[arg(long, value_name = "FILE")]
    pub prometheus_file: Option<PathBuf>,
    /// error, warn, info, debug or trace [default: info]
    #[arg(long, value_name = "LEVEL")]
    pub log_level: Option<String>,
    /// text or json [default: text]
    #[arg(long, value_name = "FORMAT")]
    pub log_format: Option<String>,
}

/// `check`
#[derive(Debug, Args)]
pub struct Check {
    /// Files: binnacle.yaml, prometheus.yml or web.yml, told apart by their content
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Where the server is.
#[derive(Debug, Args, Clone)]
pub struct Remote {
    /// The server; anything with Prometheus' API
    #[arg(
        long,
        default_value = "http://127.0.0.1:9090",
        value_name = "URL",
        global = true
    )]
    pub url: String,
    /// name:password for basic authentication
    #[arg(
        long,
        value_name = "NAME:PASSWORD",
        env = "BINNACLE_USER",
        hide_env_values = true,
        global = true
    )]
    pub user: Option<String>,
    /// Print the server's JSON
    #[arg(long, global = true)]
    pub json: bool,
}

/// `query`
#[derive(Debug, Args)]
pub struct Query {
    /// Which question.
    #[command(subcommand)]
    pub question: Question,
    /// Where to ask.
    #[command(flatten)]
    pub remote: Remote,
}

/// The questions.
#[derive(Debug, Subcommand)]
pub enum Question {
    /// Evaluate PromQL at one time
    Instant {
        /// PromQL
        expression: String,
        /// Seconds since the epoch or RFC 3339 [default: now]
        #[arg(long)]
        time: Option<String>,
    },
    /// Evaluate PromQL over a time range
    Range {
        /// PromQL
        expression: String,
        /// Seconds since the epoch, RFC 3339, or back from now such as -1h
        #[arg(long, default_value = "-1h", allow_hyphen_values = true)]
        start: String,
        /// As --start [default: now]
        #[arg(long, default_value = "-0s", allow_hyphen_values = true)]
        end: String,
        /// Time between two points [default: a 250th of the range]
        #[arg(long)]
        step: Option<String>,
    },
    /// List series
    Series {
        /// Selectors such as 'up{job="x"}'
        #[arg(required = true)]
        selectors: Vec<String>,
    },
    /// List label names, or the values of one label
    Labels {
        /// The label whose values are wanted
        name: Option<String>,
        /// Only of series that match
        #[arg(long = "match")]
        selectors: Vec<String>,
    },
}

/// `import`
#[derive(Debug, Args)]
pub struct Import {
    /// Files; `-` is standard input
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// `text` (Prometheus 0.0.4) or `openmetrics`
    #[arg(long, default_value = "openmetrics")]
    pub format: String,
    /// Where to send.
    #[command(flatten)]
    pub remote: Remote,
}
