//! `alertmanager.yml`, unmodified: every section of Alertmanager 0.34, by its rules.
//!
//! A section is read by the file of its name, to settings with everything filled in
//! that Alertmanager fills in ([`Settings`]). What does not act is read and checked
//! all the same, and is listed in [`Settings::inactive`]. Whatever is odd and does no
//! harm to loading is a warning with its place.
//!
//! Secrets that stand in files stay paths here: they are read when they are used.
//! Unlike Alertmanager, which sees the paths of such files from the directory that it
//! was started in, all paths are seen from the directory of the file.

mod effective;
mod event_recorder;
pub mod fields;
pub mod global;
mod inhibit;
mod intervals;
pub mod receivers;
mod references;
mod tracing;

use std::path::{Path, PathBuf};

use binnacle_config::error::{ConfigError, ConfigErrors};
use binnacle_config::reader::{Context, Inactive, NamedFile, Reader, read_file};
use binnacle_config::yaml::{Out, print};
use binnacle_config::{glob, source};

use crate::interval::Intervals;
use crate::matchers::Language;
use crate::route::{self, RouteConfig, RouteTree};

pub use global::Global;
pub use inhibit::InhibitRule;
pub use receivers::{Integration, IntegrationSettings, Receiver};

/// An `alertmanager.yml` that was found valid.
#[derive(Debug, Clone)]
pub struct Settings {
    /// What holds for all receivers, and the resolve timeout.
    pub global: Global,
    /// The routing tree. Every receiver and interval that it names is there.
    pub routes: RouteTree,
    /// What keeps alerts back, in order.
    pub inhibit_rules: Vec<InhibitRule>,
    /// Who is told, in order.
    pub receivers: Vec<Receiver>,
    /// Files of templates: paths that may hold `*`.
    pub templates: Vec<PathBuf>,
    /// Time intervals by name.
    pub intervals: Intervals,
    /// What is understood and does not act.
    pub inactive: Vec<Inactive>,
    /// What is odd and does no harm to loading.
    pub warnings: Vec<ConfigError>,
    /// Mistakes that let it load and show when it acts.
    pub late: Vec<ConfigError>,
    /// The files that it names.
    pub named: Vec<NamedFile>,
    effective: Out,
}

/// Reads `file`.
///
/// # Errors
/// With every mistake in it.
pub fn load(file: &Path, language: Language) -> Result<Settings, ConfigErrors> {
    parse(file, &source::read(file)?, language)
}

/// As [`load`], with the text of the file at hand.
///
/// # Errors
/// With every mistake in it.
pub fn parse(file: &Path, text: &str, language: Language) -> Result<Settings, ConfigErrors> {
    let root = binnacle_config::yaml::parse(file, text)?;
    let context = Context::new(file);
    let (parts, effective) = read_file(&context, root.as_deref(), |r| read(r, language));
    if let Some(errors) = ConfigErrors::of(context.take_errors()) {
        return Err(errors);
    }
    let mut warnings = context.take_warnings();
    warnings.sort_by_key(|w| (w.line, w.column));
    Ok(Settings {
        routes: RouteTree::resolve(&parts.route),
        global: parts.global,
        inhibit_rules: parts.inhibit_rules,
        receivers: parts.receivers,
        templates: parts.templates,
        intervals: parts.intervals,
        inactive: context.take_inactive(),
        warnings,
        late: context.take_late(),
        named: context.take_files(),
        effective: effective::complete(effective),
    })
}

/// What the sections are before the tree is resolved.
struct Parts {
    global: Global,
    route: RouteConfig,
    inhibit_rules: Vec<InhibitRule>,
    receivers: Vec<Receiver>,
    templates: Vec<PathBuf>,
    intervals: Intervals,
}

fn read(r: &mut Reader<'_>, language: Language) -> Parts {
    let global = r.section_or_default("global", global::read);
    let route = r.section("route", |r| route::read(r, language));
    if route.is_none() {
        r.refuse_all("no routes provided");
    }
    let empty = "empty or null inhibit rule";
    let inhibit_rules = r.sections("inhibit_rules", empty, |r| inhibit::read(r, language));
    let receivers = receivers::read(r, &global);
    let templates = read_templates(r);
    let intervals = intervals::read(r);
    r.section("tracing", tracing::read);
    r.inactive("tracing", "traces of alerting are not sent there");
    r.section("event_recorder", event_recorder::read);
    r.inactive(
        "event_recorder",
        "events are kept in the history, and not written there",
    );
    if let Some(route) = &route {
        references::check(r, route, &receivers, &intervals);
    }
    Parts {
        global,
        route: route.unwrap_or_default(),
        inhibit_rules,
        receivers,
        templates,
        intervals,
    }
}

/// Patterns of files; one that matches no file is odd, and no mistake.
fn read_templates(r: &mut Reader<'_>) -> Vec<PathBuf> {
    let mut paths = Vec::new();
    for text in r.texts("templates") {
        let path = r.resolve_path(&text.value);
        if glob::expand(&path).is_empty() {
            let message = format!("no file matches {:?}", path.display().to_string());
            let context = r.context();
            context.warn(ConfigError::new(context.file(), text.at, message));
        }
        paths.push(path);
    }
    let out = paths.iter().map(|p| Out::Text(p.display().to_string()));
    r.show("templates", Out::List(out.collect()));
    paths
}

impl Settings {
    /// The receiver of a name.
    #[must_use]
    pub fn receiver(&self, name: &str) -> Option<&Receiver> {
        self.receivers.iter().find(|r| r.name == name)
    }

    /// The files of templates that are there now, in the order in which they are
    /// parsed: a later one replaces what an earlier one defines.
    #[must_use]
    pub fn template_files(&self) -> Vec<PathBuf> {
        self.templates
            .iter()
            .flat_map(|p| glob::expand(p))
            .collect()
    }

    /// The effective configuration as YAML, defaults filled in and secrets left out;
    /// as `/api/v2/status` answers.
    #[must_use]
    pub fn print(&self) -> String {
        print(&self.effective)
    }
}

#[cfg(test)]
mod tests;
