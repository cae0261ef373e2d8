//! `rules`: recording and alerting rules: files, groups in place, and how they are
//! evaluated.

use std::path::{Path, PathBuf};
use std::time::Duration;

use binnacle_config::error::{ConfigError, ConfigErrors};
use binnacle_config::reader::{FileKind, Placed, Reader};
use binnacle_model::Labels;
use binnacle_rules::file::{self, FileOptions, GroupSpec, Language, RuleFile};

use super::Includes;
use crate::config::prometheus::PrometheusFile;

/// Where the paths of the rules begin that come with the product.
pub const BUILTIN: &str = "builtin";

/// The rules that come with the product: name and text.
const PACKS: [(&str, &str); 2] = [
    (
        "builtin/binnacle.yml",
        include_str!("../../../../../packs/binnacle/rules.yml"),
    ),
    (
        "builtin/host.yml",
        include_str!("../../../../../packs/host/rules.yml"),
    ),
];

/// Which rules, and how they are evaluated.
#[derive(Debug, Clone)]
pub struct RulesSettings {
    /// All groups, by the file they are in.
    pub files: Vec<RuleFile>,
    /// How they are evaluated.
    pub settings: binnacle_rules::Settings,
}

/// Rules over lines that are not among the others.
pub(super) struct LogRules {
    /// Their files, as patterns.
    pub(super) files: Vec<PathBuf>,
    /// How often groups are evaluated that do not say; `None`: as all others.
    pub(super) evaluation_interval: Option<Duration>,
}

/// How this server calls itself.
pub(super) struct Identity {
    pub(super) external_labels: Labels,
    pub(super) external_url: String,
}

/// The section as it was typed.
pub(super) struct Rules {
    files: Vec<Placed<PathBuf>>,
    groups: Vec<GroupSpec>,
    builtin: Option<bool>,
    evaluation_interval: Option<Duration>,
    settings: binnacle_rules::Settings,
}

/// Time between two evaluations when no `prometheus.yml` says otherwise.
const EVALUATION_INTERVAL: Duration = Duration::from_secs(15);

/// Reads the section; `text` is the whole file's, for places within expressions.
pub(super) fn read(r: &mut Reader<'_>, text: &str) -> Rules {
    let defaults = binnacle_rules::Settings::default();
    let files: Vec<Placed<PathBuf>> = r
        .texts("files")
        .into_iter()
        .map(|t| Placed {
            at: t.at,
            value: r.resolve_path(&t.value),
        })
        .collect();
    for file in &files {
        r.context()
            .names(file.at, file.value.clone(), FileKind::Rules);
    }
    let groups = file::groups(r, text, FileOptions::default());
    let builtin = r.bool_maybe("builtin");
    let interval = r.duration("evaluation_interval");
    let milliseconds = |d: Duration| i64::try_from(d.as_millis()).unwrap_or(i64::MAX);
    let mut duration = |key, default_ms: i64| {
        let default = Duration::from_millis(u64::try_from(default_ms).unwrap_or(0));
        milliseconds(r.duration_or(key, default))
    };
    let settings = binnacle_rules::Settings {
        query_offset_ms: duration("query_offset", defaults.query_offset_ms),
        resend_delay_ms: duration("resend_delay", defaults.resend_delay_ms),
        outage_tolerance_ms: duration("for_outage_tolerance", defaults.outage_tolerance_ms),
        grace_period_ms: duration("for_grace_period", defaults.grace_period_ms),
        concurrency: count(r, "concurrency", defaults.concurrency),
        queue_alerts_max: count(r, "queue_alerts_max", defaults.queue_alerts_max),
        ..defaults
    };
    Rules {
        files,
        groups,
        builtin,
        evaluation_interval: Some(interval).filter(|i| !i.is_zero()),
        settings,
    }
}

fn count(r: &mut Reader<'_>, key: &'static str, default: usize) -> usize {
    let number = r.uint_or(key, default as u64);
    match usize::try_from(number) {
        Ok(n) if n > 0 => n,
        _ => {
            r.refuse(key, format!("{key:?} must be at least 1"));
            default
        }
    }
}

impl Rules {
    /// Reads all rule files.
    pub(super) fn resolve(
        self,
        file: &Path,
        prometheus: Option<&PrometheusFile>,
        identity: &Identity,
        log_rules: &LogRules,
        include: &mut Includes,
        errors: &mut Vec<ConfigError>,
    ) -> RulesSettings {
        let patterns: Vec<PathBuf> = prometheus
            .map(|p| p.rule_files.clone())
            .unwrap_or_default()
            .into_iter()
            .chain(self.files.into_iter().map(|f| f.value))
            .collect();
        let mut files = match load(&patterns, prometheus) {
            Ok(files) => files,
            Err(found) => {
                errors.extend(found.iter().cloned());
                Vec::new()
            }
        };
        include.sources.extend(files.iter().map(|f| f.path.clone()));
        include
            .warnings
            .extend(files.iter().flat_map(|f| f.warnings.iter().cloned()));
        let over_lines = FileOptions {
            language: Some(Language::Logql),
            ..FileOptions::default()
        };
        match file::load(&log_rules.files, over_lines) {
            Ok(mut found) => {
                let interval = log_rules.evaluation_interval;
                let interval_ms = interval.and_then(|i| i64::try_from(i.as_millis()).ok());
                for group in found.iter_mut().flat_map(|f| &mut f.groups) {
                    group.interval_ms = group.interval_ms.or(interval_ms);
                }
                include.sources.extend(found.iter().map(|f| f.path.clone()));
                files.extend(found);
            }
            Err(found) => errors.extend(found.iter().cloned()),
        }
        if !self.groups.is_empty() {
            files.push(RuleFile {
                path: file.to_owned(),
                groups: self.groups,
                warnings: Vec::new(),
            });
        }
        if self
            .builtin
            .unwrap_or(files.is_empty() && patterns.is_empty() && log_rules.files.is_empty())
        {
            files.extend(builtin());
        }
        let interval = self.evaluation_interval.unwrap_or_else(|| {
            prometheus.map_or(EVALUATION_INTERVAL, |p| p.global.evaluation_interval)
        });
        let mut settings = self.settings;
        settings.interval_ms = i64::try_from(interval.as_millis()).unwrap_or(i64::MAX);
        if let Some(prometheus) = prometheus {
            if settings.query_offset_ms == 0 {
                let offset = prometheus.global.rule_query_offset.as_millis();
                settings.query_offset_ms = i64::try_from(offset).unwrap_or(0);
            }
            settings
                .alert_relabel
                .clone_from(&prometheus.alerting.alert_relabel);
        }
        settings.external_labels = identity.external_labels.clone();
        settings.external_url.clone_from(&identity.external_url);
        RulesSettings { files, settings }
    }
}

fn load(
    patterns: &[PathBuf],
    prometheus: Option<&PrometheusFile>,
) -> Result<Vec<RuleFile>, ConfigErrors> {
    let names = prometheus.map_or_else(Default::default, |p| p.global.names.scheme());
    file::load(
        patterns,
        FileOptions {
            names,
            ..FileOptions::default()
        },
    )
}

/// What the linter and the replay have to know of the rest of the configuration.
pub(super) fn around(
    settings: &super::Settings,
    prometheus: Option<&PrometheusFile>,
) -> binnacle_rules::Settings {
    let milliseconds = |d: Duration| i64::try_from(d.as_millis()).unwrap_or(i64::MAX);
    let own = settings.rules.settings.clone();
    binnacle_rules::Settings {
        lookback_ms: milliseconds(settings.query.lookback_delta),
        scrape_interval_ms: prometheus.map_or(own.scrape_interval_ms, |p| {
            milliseconds(p.global.scrape_interval)
        }),
        retention_ms: Some(settings.data.engine.retention_ms).filter(|ms| *ms > 0),
        ..own
    }
}

/// The rules that come with the product. They are tested to be valid.
#[must_use]
pub fn builtin() -> Vec<RuleFile> {
    PACKS
        .iter()
        .filter_map(|(name, text)| file::parse(Path::new(name), text, FileOptions::default()).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn builtin_rules_are_valid() {
        for (name, text) in PACKS {
            let parsed = file::parse(Path::new(name), text, FileOptions::default());
            let file = parsed.unwrap_or_else(|e| panic!("{e}"));
            assert!(file.groups.iter().all(|g| !g.rules.is_empty()), "{name}");
        }
        assert_eq!(builtin().len(), PACKS.len());
    }
}
