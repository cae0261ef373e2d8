//! `logs.files`, `logs.journal`, `logs.promtail_file`, `logs.host`: which lines of this
//! machine are followed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use binnacle_collect::stages::{CriSettings, MultilineSettings, StageSettings};
use binnacle_collect::tail::{FileTarget, JournalSettings, StartAt, TailJob, TailSettings};
use binnacle_config::error::ConfigError;
use binnacle_config::reader::Reader;

use super::Includes;
use crate::config::promtail::{PromtailFile, Variables, stages};

/// Bytes that are read of files of this host which nobody named, the first time.
const RECENT_BYTES: u64 = 64 << 10;

/// Entries of the journal that are read the first time, where nobody says more.
const JOURNAL_AGE: Duration = Duration::from_secs(3_600);

/// Files of this host that are followed without any configuration.
const HOST_PATHS: [&str; 4] = [
    "/var/log/*.log",
    "/var/log/{syslog,messages,secure,maillog,cron}",
    "/var/log/*/*.log",
    "/var/log/pods/*/*/*.log",
];

/// What was typed.
#[derive(Debug, Clone)]
pub(super) struct Tail {
    files: Vec<TailJob>,
    journal: Option<JournalSettings>,
    promtail_file: Option<PathBuf>,
    expand_env: bool,
    host: Option<bool>,
    labels: BTreeMap<String, String>,
}

/// Reads the keys.
pub(super) fn read(r: &mut Reader<'_>) -> Tail {
    let mut number = 0;
    let files = r.sections("files", "paths are needed", |r| {
        number += 1;
        files(r, number)
    });
    let journal = r.section("journal", |r| {
        let is_on = r.bool_or("enabled", true);
        let settings = JournalSettings {
            max_age: r.duration_or("max_age", JOURNAL_AGE),
            path: r.path("path"),
            labels: labels(r),
            matches: r.texts("matches").into_iter().map(|m| m.value).collect(),
            json: false,
        };
        is_on.then_some(settings)
    });
    Tail {
        files,
        journal: journal.flatten(),
        promtail_file: r.path("promtail_file"),
        expand_env: r.bool("promtail_expand_env"),
        host: r.section("host", |r| r.bool_maybe("enabled")).flatten(),
        labels: labels(r),
    }
}

fn labels(r: &mut Reader<'_>) -> BTreeMap<String, String> {
    r.text_map("labels")
        .into_iter()
        .map(|(name, value)| {
            if !binnacle_model::labels::is_legacy_label_name(&name.value) {
                r.refuse_at(
                    name.at,
                    format!("{:?} is not a valid label name", name.value),
                );
            }
            (name.value, value.value)
        })
        .collect()
}

/// One entry of `files`.
fn files(r: &mut Reader<'_>, number: usize) -> TailJob {
    let name = r.text_or("name", &format!("files-{number}"));
    let texts = |r: &mut Reader<'_>, key| {
        let all = r.texts(key);
        for path in all.iter().filter(|p| !p.value.starts_with('/')) {
            r.refuse_at(path.at, format!("{:?} is not an absolute path", path.value));
        }
        all.into_iter().map(|p| p.value).collect::<Vec<_>>()
    };
    let (paths, exclude) = (texts(r, "paths"), texts(r, "exclude"));
    if paths.is_empty() && !r.context().is_describing() {
        r.refuse("paths", "\"paths\" is needed");
    }
    let format = r.text_or("format", "text");
    let mut all = match format.as_str() {
        "text" => Vec::new(),
        "cri" => vec![StageSettings::Cri(CriSettings::default())],
        "docker" => vec![StageSettings::Docker],
        other => {
            r.refuse(
                "format",
                format!("there is no format {other:?}: there are text, cri and docker"),
            );
            Vec::new()
        }
    };
    let first_line = r.text("first_line");
    if !first_line.is_empty() {
        let stage = StageSettings::Multiline(MultilineSettings {
            firstline: Some(first_line),
            ..MultilineSettings::default()
        });
        if let Err(error) = stage.check() {
            r.refuse("first_line", error.message);
        }
        all.push(stage);
    }
    let mut own = labels(r);
    own.entry("job".to_owned()).or_insert_with(|| name.clone());
    let start = match r.text_or("start", "beginning").as_str() {
        "beginning" => StartAt::Beginning,
        "end" => StartAt::BeforeEnd(0),
        other => {
            r.refuse("start", format!("{other:?} is neither beginning nor end"));
            StartAt::Beginning
        }
    };
    let kubernetes = r.bool_or("kubernetes", false);
    all.extend(stages::read(r, "pipeline_stages"));
    TailJob {
        name,
        targets: vec![FileTarget {
            paths,
            exclude,
            labels: own,
            kubernetes,
        }],
        journal: None,
        relabel: Vec::new(),
        stages: all,
        start,
    }
}

impl Tail {
    /// What is followed; the places are remembered in `data`.
    pub(super) fn resolve(
        self,
        data: &Path,
        overrides: Option<&PathBuf>,
        watches_host: bool,
        include: &mut Includes,
        errors: &mut Vec<ConfigError>,
    ) -> TailSettings {
        let mut settings = TailSettings {
            external_labels: self.labels,
            checkpoint: data.join("logs").join("places"),
            ..TailSettings::default()
        };
        let file = overrides.or(self.promtail_file.as_ref());
        let names_none = file.is_none() && self.files.is_empty() && self.journal.is_none();
        settings.jobs = self.files;
        if let Some(journal) = self.journal {
            settings.jobs.push(journal_job(journal));
        }
        if let Some(file) = file {
            let environment = |name: &str| std::env::var(name).ok();
            let environment: Option<&Variables<'_>> = self.expand_env.then_some(&environment);
            match PromtailFile::load(file, environment) {
                Ok(promtail) => take(promtail, file, &mut settings, include),
                Err(found) => errors.extend(found.iter().cloned()),
            }
        }
        if self.host.unwrap_or(names_none && watches_host) {
            settings.jobs.extend(host_jobs());
        }
        settings
    }
}

fn take(promtail: PromtailFile, file: &Path, settings: &mut TailSettings, include: &mut Includes) {
    settings.jobs.extend(promtail.jobs);
    settings.external_labels.extend(promtail.external_labels);
    settings.positions = promtail.positions;
    if promtail.line_bytes_max > 0 {
        settings.line_bytes_max = promtail.line_bytes_max;
    }
    include.inactive.extend(promtail.inactive);
    include.warnings.extend(promtail.warnings);
    let named = promtail.named.into_iter().map(|f| (file.to_owned(), f));
    include.named.extend(named);
    include.sources.push(file.to_owned());
}

fn journal_job(settings: JournalSettings) -> TailJob {
    TailJob {
        name: "journal".to_owned(),
        targets: Vec::new(),
        journal: Some(settings),
        relabel: Vec::new(),
        stages: Vec::new(),
        start: StartAt::Beginning,
    }
}

/// The newest lines of this host, and what comes.
fn host_jobs() -> Vec<TailJob> {
    let target = |paths: &[&str], kubernetes: bool| FileTarget {
        paths: paths.iter().map(|p| (*p).to_owned()).collect(),
        exclude: Vec::new(),
        labels: [("job".to_owned(), "host".to_owned())].into(),
        kubernetes,
    };
    let job = |name: &str, target: FileTarget, stages: Vec<StageSettings>| TailJob {
        name: name.to_owned(),
        targets: vec![target],
        journal: None,
        relabel: Vec::new(),
        stages,
        start: StartAt::BeforeEnd(RECENT_BYTES),
    };
    let (files, pods) = HOST_PATHS.split_at(3);
    vec![
        job("host", target(files, false), Vec::new()),
        job(
            "pods",
            target(pods, true),
            vec![StageSettings::Cri(CriSettings::default())],
        ),
        journal_job(JournalSettings {
            max_age: JOURNAL_AGE,
            path: None,
            labels: BTreeMap::new(),
            matches: Vec::new(),
            json: false,
        }),
    ]
}
