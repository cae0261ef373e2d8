//! `promtail-config.yaml`, unmodified.
//!
//! What says which lines are read and what is done to them acts. What says where they are
//! sent does not: they are stored here, and the labels of `clients` go along. Targets of
//! other kinds (syslog, Kafka, clouds) are named as what does not act.

mod scrape;
pub mod stages;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use binnacle_collect::tail::TailJob;
use binnacle_config::error::{ConfigError, ConfigErrors};
use binnacle_config::reader::{Context, Inactive, NamedFile, Reader, read_file};
use binnacle_config::source;

/// A `promtail-config.yaml` that was found valid.
#[derive(Debug)]
pub struct PromtailFile {
    /// `scrape_configs`
    pub jobs: Vec<TailJob>,
    /// Labels that all clients add.
    pub external_labels: BTreeMap<String, String>,
    /// `positions.filename`
    pub positions: Option<PathBuf>,
    /// `limits_config.max_line_size`, bytes; 0: not set.
    pub line_bytes_max: usize,
    /// What is understood and does not act.
    pub inactive: Vec<Inactive>,
    /// What is odd and does no harm.
    pub warnings: Vec<ConfigError>,
    /// The files that it names.
    pub named: Vec<NamedFile>,
}

/// Gives the value of a variable.
pub type Variables<'a> = dyn Fn(&str) -> Option<String> + 'a;

/// Where Promtail keeps its positions.
const POSITIONS: &str = "/var/log/positions.yaml";

impl PromtailFile {
    /// Reads `file`; with `environment`, `${NAME}` and `${NAME:-default}` in it stand for
    /// variables, as with Promtail's `-config.expand-env`.
    ///
    /// # Errors
    /// With every mistake in it.
    pub fn load(file: &Path, environment: Option<&Variables<'_>>) -> Result<Self, ConfigErrors> {
        let text = source::read(file)?;
        let text = environment.map_or(text.clone(), |get| expand(&text, get));
        Self::parse(file, &text)
    }

    /// As [`Self::load`], with the text at hand.
    ///
    /// # Errors
    /// With every mistake in it.
    pub fn parse(file: &Path, text: &str) -> Result<Self, ConfigErrors> {
        let root = binnacle_config::yaml::parse(file, text)?;
        let context = Context::new(file);
        let (mut read, _) = read_file(&context, root.as_deref(), read);
        if let Some(errors) = ConfigErrors::of(context.take_errors()) {
            return Err(errors);
        }
        read.inactive = context.take_inactive();
        read.warnings = context.take_warnings();
        read.named = context.take_files();
        Ok(read)
    }
}

/// Replaces `${NAME}` and `${NAME:-default}`; an unknown name is empty.
fn expand(text: &str, get: &Variables<'_>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        let Some(end) = rest[at..].find('}') else {
            break;
        };
        out.push_str(&rest[..at]);
        let inner = &rest[at + 2..at + end];
        let (name, default) = inner.split_once(":-").unwrap_or((inner, ""));
        let value = get(name).filter(|v| !v.is_empty());
        out.push_str(&value.unwrap_or_else(|| default.to_owned()));
        rest = &rest[at + end + 1..];
    }
    out.push_str(rest);
    out
}

fn read(r: &mut Reader<'_>) -> PromtailFile {
    for key in ["server", "tracing", "wal", "options", "runtime_config"] {
        let _ = r.node(key);
    }
    for key in ["tracing", "wal", "runtime_config"] {
        r.inactive(key, "has no meaning here");
    }
    r.inactive("server", "Binnacle answers at its own address (listen)");
    let mut external_labels = BTreeMap::new();
    r.section("client", |r| client(r, &mut external_labels));
    r.sections("clients", "a client with nothing in it", |r| {
        client(r, &mut external_labels);
    });
    let positions = r
        .section("positions", |r| {
            let _ = (r.node("sync_period"), r.node("ignore_invalid_yaml"));
            r.path("filename")
        })
        .flatten()
        .or_else(|| Some(POSITIONS.into()));
    r.section("target_config", |r| {
        // New files are found at once.
        let _ = (r.node("stdin"), r.duration("sync_period"));
    });
    let line_bytes_max = r.section("limits_config", limits).unwrap_or(0);
    r.section("global", |r| {
        let _ = r.node("file_watch_config");
    });
    let jobs = r.sections("scrape_configs", "a job with nothing in it", scrape::read);
    let mut names: Vec<&str> = jobs.iter().map(|j| j.name.as_str()).collect();
    names.sort_unstable();
    if let Some(twice) = names.windows(2).find(|w| w[0] == w[1]) {
        let message = format!("two jobs are called {:?}", twice[0]);
        r.refuse("scrape_configs", message);
    }
    PromtailFile {
        jobs,
        external_labels,
        positions,
        line_bytes_max,
        inactive: Vec::new(),
        warnings: Vec::new(),
        named: Vec::new(),
    }
}

/// `clients`: only the labels act.
fn client(r: &mut Reader<'_>, labels: &mut BTreeMap<String, String>) {
    for (name, value) in r.text_map("external_labels") {
        labels.insert(name.value, value.value);
    }
    r.inactive("url", "lines are stored here, and sent nowhere else");
    let known = [
        "name",
        "url",
        "tenant_id",
        "batchwait",
        "batchsize",
        "timeout",
        "headers",
        "backoff_config",
        "basic_auth",
        "bearer_token",
        "bearer_token_file",
        "oauth2",
        "authorization",
        "proxy_url",
        "tls_config",
        "follow_redirects",
        "enable_http2",
        "drop_rate_limited_batches",
        "stream_lag_labels",
    ];
    for key in known {
        let _ = r.node(key);
    }
}

fn limits(r: &mut Reader<'_>) -> usize {
    let rates = [
        "readline_rate",
        "readline_burst",
        "readline_rate_enabled",
        "readline_rate_drop",
        "max_streams",
        "max_line_size_truncate",
    ];
    for key in rates {
        let _ = r.node(key);
    }
    r.inactive(
        "readline_rate_enabled",
        "files are read as fast as they are stored; see logs.limits",
    );
    r.inactive("max_streams", "see logs.streams_max");
    usize::try_from(r.size_or("max_line_size", 0)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_expanded() {
        let get = |name: &str| (name == "HOST").then(|| "h1".to_owned());
        let check = |text: &str, want: &str| assert_eq!(expand(text, &get), want, "{text}");
        check("a: ${HOST}", "a: h1");
        check("a: ${NONE:-x y} ${NONE}", "a: x y ");
        check("replace: '$1' ${", "replace: '$1' ${");
    }
}
