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
    /// Ask a running server for log lines, or follow them
    Logs(Logs),
    /// Show what the pipeline stages of a promtail-config.yaml do to lines, offline
    Stages(Stages),
    /// Test, check and replay rules
    Rules(Rules),
    /// See alerts, try labels on the routes, silence, acknowledge
    Alerts(Alerts),
    /// Send a marked test alert to every receiver, try every route and every template
    Drill(Drill),
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
    /// An alertmanager.yml: who is told of alerts
    #[arg(long, value_name = "FILE")]
    pub alertmanager_file: Option<PathBuf>,
    /// A promtail-config.yaml: which files are followed
    #[arg(long, value_name = "FILE")]
    pub promtail_file: Option<PathBuf>,
    /// A loki-config.yaml: limits, retention and listener of logs
    #[arg(long, value_name = "FILE")]
    pub loki_file: Option<PathBuf>,
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
    /// Files: binnacle.yaml, prometheus.yml, alertmanager.yml, loki-config.yaml,
    /// promtail-config.yaml, web.yml or rule files, told apart by their content
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

/// `logs`
#[derive(Debug, Args)]
pub struct Logs {
    /// LogQL, such as '{app="x"} |= "error"'
    pub query: String,
    /// Seconds since the epoch, RFC 3339, or back from now such as -1h
    #[arg(long, default_value = "-1h", allow_hyphen_values = true)]
    pub start: String,
    /// As --start [default: now]
    #[arg(long, default_value = "-0s", allow_hyphen_values = true)]
    pub end: String,
    /// Lines at most
    #[arg(long, default_value_t = 100)]
    pub limit: u64,
    /// The oldest lines of the range instead of the newest
    #[arg(long)]
    pub forward: bool,
    /// Show lines as they come
    #[arg(long, short)]
    pub follow: bool,
    /// Show the labels of each line
    #[arg(long)]
    pub labels: bool,
    /// Where to ask.
    #[command(flatten)]
    pub remote: Remote,
}

/// `stages`
#[derive(Debug, Args)]
pub struct Stages {
    /// A promtail-config.yaml
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// The job whose stages lines run through [default: the only one]
    #[arg(long, value_name = "NAME")]
    pub job: Option<String>,
    /// A file of lines [default: standard input]
    #[arg(long, value_name = "FILE")]
    pub input: Option<PathBuf>,
    /// A label of the lines, beside those of the job's first target
    #[arg(long = "label", value_name = "NAME=VALUE")]
    pub labels: Vec<String>,
    /// Replace ${NAME} and ${NAME:-default} in the file by environment variables
    #[arg(long)]
    pub expand_env: bool,
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

/// `rules`
#[derive(Debug, Args)]
pub struct Rules {
    /// What to do.
    #[command(subcommand)]
    pub action: RulesAction,
}

/// What to do with rules.
#[derive(Debug, Subcommand)]
pub enum RulesAction {
    /// Run unit tests of rules (promtool's test files); exit code 1 when one fails
    Test {
        /// Test files
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        /// Only tests whose name matches
        #[arg(long, value_name = "REGEX")]
        run: Vec<String>,
        /// Show what differs label by label
        #[arg(long)]
        diff: bool,
        /// Write the results as JUnit XML
        #[arg(long, value_name = "FILE")]
        junit: Option<PathBuf>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Say what is wrong or doubtful in rule files; exit code 1 for errors, 3 for findings with --fatal
    Check {
        /// Rule files
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        /// Findings make the exit code 3
        #[arg(long)]
        fatal: bool,
        /// Scrape interval that the rules meet
        #[arg(long, value_name = "DURATION", default_value = "15s")]
        scrape_interval: String,
        /// How long samples are kept
        #[arg(long, value_name = "DURATION")]
        retention: Option<String>,
        /// Also ask this data directory whether metrics and labels exist
        #[arg(long, value_name = "DIR")]
        data_dir: Option<PathBuf>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Say what rules would have done over the stored past
    Replay {
        /// A rule file
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Back from now such as -7d, seconds since the epoch, or RFC 3339
        #[arg(long, default_value = "-1d", allow_hyphen_values = true)]
        start: String,
        /// As --start
        #[arg(long, default_value = "-0s", allow_hyphen_values = true)]
        end: String,
        /// Time between two evaluations [default: each group's interval]
        #[arg(long, value_name = "DURATION")]
        step: Option<String>,
        /// Only this group
        #[arg(long)]
        group: Option<String>,
        /// Only this rule
        #[arg(long)]
        rule: Option<String>,
        /// Read this data directory (of a server that does not run) instead of asking a server
        #[arg(long, value_name = "DIR")]
        data_dir: Option<PathBuf>,
        /// Write what recording rules give into the data directory
        #[arg(long, requires = "data_dir")]
        backfill: bool,
        /// Where to ask.
        #[command(flatten)]
        remote: Remote,
    },
}

/// `alerts`
#[derive(Debug, Args)]
pub struct Alerts {
    /// What to do.
    #[command(subcommand)]
    pub action: AlertsAction,
    /// Where to ask.
    #[command(flatten)]
    pub remote: Remote,
}

/// What to do with alerts.
#[derive(Debug, Subcommand)]
pub enum AlertsAction {
    /// List alerts that fire now
    List {
        /// Matchers such as severity=critical or 'team=~"a|b"'
        matchers: Vec<String>,
    },
    /// Say which route, group, inhibition, silence and text an alert with these labels would meet
    Test {
        /// Labels such as alertname=HighErrorRate severity=critical
        #[arg(required = true, value_name = "NAME=VALUE")]
        labels: Vec<String>,
        /// Annotations such as summary=text
        #[arg(long = "annotation", short, value_name = "NAME=VALUE")]
        annotations: Vec<String>,
    },
    /// Silence alerts; prints the silence's id
    Silence {
        /// Matchers such as alertname=HighErrorRate 'instance=~"db.*"'
        #[arg(required = true)]
        matchers: Vec<String>,
        /// How long
        #[arg(long = "for", value_name = "DURATION", default_value = "1h")]
        duration: String,
        /// Why
        #[arg(long)]
        comment: String,
        /// Who does this
        #[arg(long, env = "USER", default_value = "")]
        by: String,
        /// End it as soon as nothing that it matches fires any more
        #[arg(long)]
        until_resolved: bool,
        /// Only say what it would hide
        #[arg(long)]
        preview: bool,
    },
    /// End a silence
    Unsilence {
        /// Its id
        id: String,
        /// Who does this
        #[arg(long, env = "USER", default_value = "")]
        by: String,
    },
    /// List silences
    Silences {
        /// Expired ones too
        #[arg(long)]
        expired: bool,
    },
    /// Say that you have seen an alert, so that it is not repeated
    Acknowledge {
        /// Fingerprint, as `alerts list` shows it
        fingerprint: String,
        /// What to say
        #[arg(long, default_value = "")]
        comment: String,
        /// Only for that long (snooze)
        #[arg(long = "for", value_name = "DURATION")]
        duration: Option<String>,
        /// Who does this
        #[arg(long, env = "USER", default_value = "")]
        by: String,
    },
    /// List alerts of the past
    History {
        /// Matchers
        matchers: Vec<String>,
        /// From when: back from now such as -7d
        #[arg(long, default_value = "-1d", allow_hyphen_values = true)]
        start: String,
        /// At most that many
        #[arg(long, default_value_t = 100)]
        limit: usize,
    },
    /// List notifications: when, to whom, delivered or why not
    Notifications {
        /// Only to this receiver
        #[arg(long)]
        receiver: Option<String>,
        /// Only failed ones
        #[arg(long)]
        failed: bool,
        /// From when: back from now such as -7d
        #[arg(long, default_value = "-1d", allow_hyphen_values = true)]
        start: String,
        /// At most that many
        #[arg(long, default_value_t = 100)]
        limit: usize,
    },
}

/// `drill`
#[derive(Debug, Args)]
pub struct Drill {
    /// Only these receivers
    #[arg(long = "receiver", value_name = "NAME")]
    pub receivers: Vec<String>,
    /// Send nothing: only try routes and templates
    #[arg(long)]
    pub dry_run: bool,
    /// Where to ask.
    #[command(flatten)]
    pub remote: Remote,
}
