//! What to collect, fully resolved: every default is filled in, every path is
//! absolute, every value has been checked. Whoever reads a configuration file
//! builds these; nothing here knows of YAML.
//!
//! Units are in the types ([`Duration`]) or in the names; a limit of 0 means
//! "no limit", as in `prometheus.yml`.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

pub use binnacle_client::settings::{
    Auth, HttpSettings, OAuth2Settings, ProxySettings, SecretText, Source, TlsSettings, TlsVersion,
};
use binnacle_model::labels::Labels;
pub use binnacle_model::relabel::{NameScheme, RelabelRule};
pub use binnacle_wire::names::Escaping as NameEscaping;
pub use binnacle_wire::negotiate::ScrapeProtocol;

pub use crate::host::settings::HostSettings;

/// Everything that is collected.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CollectSettings {
    /// What holds for all pools.
    pub global: GlobalSettings,
    /// One pool each; names are unique.
    pub scrapes: Vec<ScrapeSettings>,
}

/// What holds for all pools.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct GlobalSettings {
    /// Labels that tell this server from others. They are not added to scraped
    /// series; they shift the scrape times, so that two servers with different
    /// external labels do not scrape a target at the same moment.
    pub external_labels: Labels,
}

/// One scrape pool (`scrape_configs` entry).
#[derive(Debug, Clone, PartialEq)]
pub struct ScrapeSettings {
    /// Value of the label `job`, and the pool's name.
    pub job_name: String,
    /// Time between two scrapes of a target.
    pub interval: Duration,
    /// How long a scrape may take; at most `interval`.
    pub timeout: Duration,
    /// Formats to ask for, most wanted first.
    pub protocols: Vec<ScrapeProtocol>,
    /// How to read an answer whose `Content-Type` is missing or not known;
    /// `None`: such a scrape fails.
    pub fallback_protocol: Option<ScrapeProtocol>,
    /// Path of the URL (`metrics_path`).
    pub path: String,
    /// Scheme of the URL.
    pub scheme: Scheme,
    /// Query parameters: name, and values in order.
    pub params: Vec<(String, Vec<String>)>,
    /// Whether a label of the scraped series wins over the target's.
    pub honor_labels: bool,
    /// Whether timestamps in the exposition are used.
    pub honor_timestamps: bool,
    /// Whether series with timestamps of their own get staleness markers.
    pub track_timestamps_staleness: bool,
    /// Rules for targets.
    pub relabel: Vec<RelabelRule>,
    /// Rules for scraped series.
    pub metric_relabel: Vec<RelabelRule>,
    /// Limits.
    pub limits: ScrapeLimits,
    /// How targets are spoken to.
    pub http: HttpSettings,
    /// Whether gzip is asked for.
    pub enable_compression: bool,
    /// Which metric and label names are accepted (`metric_name_validation_scheme`).
    pub name_validation: NameScheme,
    /// How names that are not legacy names shall be escaped by the target.
    pub name_escaping: NameEscaping,
    /// Whether native histograms are read (with the protobuf protocol).
    pub scrape_native_histograms: bool,
    /// Whether a classic histogram is kept although a native one is there.
    pub always_scrape_classic_histograms: bool,
    /// Whether classic histograms become native ones with custom buckets.
    pub convert_classic_histograms_to_nhcb: bool,
    /// Whether `scrape_timeout_seconds`, `scrape_sample_limit` and
    /// `scrape_body_size_bytes` are stored too.
    pub extra_scrape_metrics: bool,
    /// A file to which failed scrapes are logged.
    pub failure_log: Option<PathBuf>,
    /// After that many failed scrapes in a row the target is scraped no more,
    /// until the configuration is loaded anew or its labels change; 0: never.
    pub disable_after_failures: u32,
    /// Where targets come from.
    pub discovery: Vec<DiscoverySettings>,
}

impl ScrapeSettings {
    /// A pool with Prometheus' defaults and no targets.
    #[must_use]
    pub fn new(job_name: impl Into<String>) -> Self {
        Self {
            job_name: job_name.into(),
            interval: Duration::from_secs(60),
            timeout: Duration::from_secs(10),
            protocols: ScrapeProtocol::DEFAULT.to_vec(),
            fallback_protocol: None,
            path: "/metrics".into(),
            scheme: Scheme::Http,
            params: Vec::new(),
            honor_labels: false,
            honor_timestamps: true,
            track_timestamps_staleness: false,
            relabel: Vec::new(),
            metric_relabel: Vec::new(),
            limits: ScrapeLimits::default(),
            http: HttpSettings::default(),
            enable_compression: true,
            name_validation: NameScheme::Utf8,
            name_escaping: NameEscaping::AllowUtf8,
            scrape_native_histograms: false,
            always_scrape_classic_histograms: false,
            convert_classic_histograms_to_nhcb: false,
            extra_scrape_metrics: false,
            failure_log: None,
            disable_after_failures: 0,
            discovery: Vec::new(),
        }
    }
}

/// Limits of one pool; 0: none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ScrapeLimits {
    /// Samples of one scrape, after metric relabelling.
    pub samples: u64,
    /// Labels of one series, after metric relabelling.
    pub labels: u64,
    /// Bytes of a label's name.
    pub label_name_bytes: u64,
    /// Bytes of a label's value.
    pub label_value_bytes: u64,
    /// Targets of the pool, after relabelling; beyond it every scrape fails.
    pub targets: u64,
    /// Bytes of an answer, after decompression. Where it is 0 the hard limit
    /// [`BODY_BYTES_MAX`] still holds.
    pub body_bytes: u64,
    /// Dropped targets that are remembered for the API.
    pub keep_dropped_targets: u64,
}

/// No answer may be larger than this, whatever the settings say: a target must
/// not be able to fill the memory. Some four million series.
pub const BODY_BYTES_MAX: u64 = 1 << 30;

/// Scheme of a target's URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Scheme {
    Http,
    Https,
}

impl Scheme {
    /// As in a URL.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }
}

/// Where targets come from.
#[derive(Debug, Clone, PartialEq)]
pub enum DiscoverySettings {
    /// Targets in the configuration.
    Static(Vec<TargetGroup>),
    /// Files with target groups.
    File(FileDiscovery),
    /// An HTTP server that answers with target groups.
    Http(Box<HttpDiscovery>),
    /// Names that resolve to targets.
    Dns(DnsDiscovery),
    /// Targets within this process, by the name they were registered with.
    Internal {
        /// The name.
        name: String,
        /// What stands for `__address__` in the target's labels.
        address: String,
        /// Further labels of the target.
        labels: Labels,
    },
}

/// Targets with the labels that they share.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TargetGroup {
    /// Tells the group from others of the same discovery.
    pub source: String,
    /// The labels of each target, `__address__` among them.
    pub targets: Vec<Labels>,
    /// Labels of all of them; a target's own win.
    pub labels: Labels,
}

/// `file_sd_configs`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileDiscovery {
    /// Paths that end in `.json`, `.yml` or `.yaml`; the last part may hold `*`, `?` and `[...]`.
    pub files: Vec<PathBuf>,
    /// How often files are read anew although nothing seems to have changed.
    pub refresh_interval: Duration,
}

/// `http_sd_configs`.
#[derive(Debug, Clone, PartialEq)]
pub struct HttpDiscovery {
    /// Where to ask.
    pub url: String,
    /// How often.
    pub refresh_interval: Duration,
    /// How the server is spoken to.
    pub http: HttpSettings,
}

/// `dns_sd_configs`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DnsDiscovery {
    /// Names to look up.
    pub names: Vec<String>,
    /// Kind of record.
    pub record: DnsRecord,
    /// Port of the targets (records with addresses have none).
    pub port: u16,
    /// How often.
    pub refresh_interval: Duration,
}

/// Kind of a DNS record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum DnsRecord {
    A,
    Aaaa,
}

impl DnsRecord {
    /// Whether an address is of this kind.
    #[must_use]
    pub fn holds(self, address: IpAddr) -> bool {
        match self {
            Self::A => address.is_ipv4(),
            Self::Aaaa => address.is_ipv6(),
        }
    }
}
