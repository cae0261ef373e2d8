//! One active target: what is scraped, and how that went.

use std::time::Duration;

use binnacle_model::duration;
use binnacle_model::labels::Labels;
use binnacle_model::metadata::Metadata;
use parking_lot::Mutex;
use url::Url;

use super::families::Families;
use crate::settings::{DiscoverySettings, ScrapeSettings};

/// How a target's last scrape went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Health {
    /// It was not scraped yet.
    #[default]
    Unknown,
    /// The last scrape was stored.
    Up,
    /// The last scrape failed.
    Down,
}

impl Health {
    /// As the API words it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Up => "up",
            Self::Down => "down",
        }
    }
}

/// What the last scrape of a target told.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TargetStatus {
    /// How it went.
    pub health: Health,
    /// Why it failed; empty when it did not.
    pub last_error: String,
    /// When it began, milliseconds since the Unix epoch; 0: never.
    pub last_scrape_ms: i64,
    /// How long it took.
    pub last_duration: Duration,
    /// Samples of the last good scrape, before metric relabelling.
    pub samples_scraped: u64,
    /// Failed scrapes in a row.
    pub failures: u32,
    /// Whether it is scraped no more because of those
    /// ([`ScrapeSettings::disable_after_failures`]).
    pub disabled: bool,
}

/// An active target of a pool.
#[derive(Debug)]
pub struct Target {
    pool: String,
    /// With those that start with `__`.
    all_labels: Labels,
    labels: Labels,
    url: String,
    hash: u64,
    interval: Duration,
    timeout: Duration,
    internal: Option<String>,
    discovered: Mutex<Labels>,
    status: Mutex<TargetStatus>,
    pub(super) families: Mutex<Families>,
}

impl Target {
    /// A target from the labels that [`super::populate`] made.
    #[must_use]
    pub fn new(settings: &ScrapeSettings, labels: Labels, discovered: Labels) -> Self {
        let own = labels.filter(|name| !name.starts_with("__"));
        let url = url_of(&labels, settings);
        let hash = stable_hash([labels.as_bytes(), url.as_bytes()]);
        let duration_of = |name: &str, default: Duration| {
            let ms = labels.get(name).and_then(|text| duration::parse(text).ok());
            ms.map_or(default, |ms| Duration::from_millis(ms.unsigned_abs()))
        };
        let address = labels.get("__address__").unwrap_or_default();
        let internal = settings.discovery.iter().find_map(|d| match d {
            DiscoverySettings::Internal {
                name, address: own, ..
            } if own == address => Some(name.clone()),
            _ => None,
        });
        Self {
            pool: settings.job_name.clone(),
            interval: duration_of("__scrape_interval__", settings.interval),
            timeout: duration_of("__scrape_timeout__", settings.timeout),
            labels: own,
            url,
            hash,
            internal,
            all_labels: labels,
            discovered: Mutex::new(discovered),
            status: Mutex::default(),
            families: Mutex::default(),
        }
    }

    /// The pool it belongs to (`scrapePool`).
    #[must_use]
    pub fn pool(&self) -> &str {
        &self.pool
    }

    /// The labels that its series get.
    #[must_use]
    pub fn labels(&self) -> &Labels {
        &self.labels
    }

    /// All labels after relabelling, those that start with `__` among them.
    #[must_use]
    pub fn all_labels(&self) -> &Labels {
        &self.all_labels
    }

    /// The labels before relabelling.
    #[must_use]
    pub fn discovered_labels(&self) -> Labels {
        self.discovered.lock().clone()
    }

    /// What is asked for. For a target within this process nobody can ask so.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The URL with `localhost` and loopback addresses replaced by this host's
    /// name, so that it can be followed from elsewhere.
    #[must_use]
    pub fn global_url(&self, hostname: &str) -> String {
        let Ok(mut url) = Url::parse(&self.url) else {
            return self.url.clone();
        };
        let loopback = match url.host() {
            Some(url::Host::Domain(name)) => name == "localhost",
            Some(url::Host::Ipv4(address)) => address.is_loopback(),
            Some(url::Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        };
        if loopback && !hostname.is_empty() && url.set_host(Some(hostname)).is_err() {
            return self.url.clone();
        }
        url.into()
    }

    /// Time between two scrapes.
    #[must_use]
    pub fn interval(&self) -> Duration {
        self.interval
    }

    /// How long a scrape may take.
    #[must_use]
    pub fn timeout(&self) -> Duration {
        self.timeout
    }

    /// How the last scrape went.
    #[must_use]
    pub fn status(&self) -> TargetStatus {
        self.status.lock().clone()
    }

    /// Metadata that the target told: family and what it says, by name.
    #[must_use]
    pub fn metadata(&self) -> Vec<(String, Metadata)> {
        self.families.lock().all()
    }

    /// Tells this target from others, and is the same after a restart.
    pub(crate) fn hash(&self) -> u64 {
        self.hash
    }

    /// The name of the target within this process, when it is one.
    #[must_use]
    pub fn internal(&self) -> Option<&str> {
        self.internal.as_deref()
    }

    /// Discovery told other labels that relabelling makes the same of.
    pub(crate) fn set_discovered(&self, labels: Labels) {
        *self.discovered.lock() = labels;
    }

    /// Scrapes it again although it failed too often.
    pub(crate) fn enable(&self) {
        self.change_status(|status| {
            if status.disabled {
                status.disabled = false;
                status.failures = 0;
            }
        });
    }

    pub(super) fn change_status(&self, change: impl FnOnce(&mut TargetStatus)) {
        change(&mut self.status.lock());
    }
}

fn url_of(labels: &Labels, settings: &ScrapeSettings) -> String {
    let mut params: Vec<(String, Vec<String>)> = settings
        .params
        .iter()
        .filter(|(_, values)| !values.is_empty())
        .cloned()
        .collect();
    for (name, value) in labels {
        let Some(name) = name.strip_prefix("__param_") else {
            continue;
        };
        match params.iter_mut().find(|(n, _)| n == name) {
            Some((_, values)) => value.clone_into(&mut values[0]),
            None => params.push((name.to_owned(), vec![value.to_owned()])),
        }
    }
    params.sort();
    let get = |name: &str| labels.get(name).unwrap_or_default();
    let path = get("__metrics_path__");
    let slash = if path.starts_with('/') || path.is_empty() {
        ""
    } else {
        "/"
    };
    let mut url = format!(
        "{}://{}{slash}{path}",
        get("__scheme__"),
        get("__address__")
    );
    if !params.is_empty() {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        for (name, values) in &params {
            for value in values {
                query.append_pair(name, value);
            }
        }
        url.push(if path.contains('?') { '&' } else { '?' });
        url.push_str(&query.finish());
    }
    url
}

/// FNV-1a, 64 bits: the same in every process, so that scrape times stay where
/// they are over a restart.
pub(crate) fn stable_hash<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for part in parts {
        for byte in part {
            hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
    // The low bits decide the offset; mix the high ones in.
    hash ^ (hash >> 32)
}
