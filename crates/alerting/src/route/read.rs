//! A route as it was typed.

use std::time::Duration;

use binnacle_config::error::{At, ConfigError};
use binnacle_config::reader::{Placed, Reader};
use binnacle_model::Matcher;
use binnacle_model::alert::Texts;
use binnacle_model::duration;

use crate::matchers::read::{Keys, read as read_matchers};
use crate::matchers::{self, Language};

use super::tree::GroupBy;

/// A section `route` or an element of `routes`. What is `None` or empty is inherited.
#[derive(Debug, Clone, Default)]
pub struct RouteConfig {
    /// Where it stands.
    pub at: At,
    /// To whom.
    pub receiver: Option<Placed<String>>,
    /// Which alerts are told together.
    pub group_by: Option<GroupBy>,
    /// Which alerts; in the order of [`matchers::sort`]. Not inherited.
    pub matchers: Vec<Matcher>,
    /// Names of intervals that mute it. Not inherited.
    pub mute_time_intervals: Vec<Placed<String>>,
    /// Names of intervals out of which it is mute. Not inherited.
    pub active_time_intervals: Vec<Placed<String>>,
    /// Whether later siblings are tried too (`continue`). Not inherited.
    pub goes_on: bool,
    /// How long a new group waits for more alerts.
    pub group_wait: Option<Duration>,
    /// Time between two notifications of a group that changes.
    pub group_interval: Option<Duration>,
    /// Time between two notifications of a group that does not.
    pub repeat_interval: Option<Duration>,
    /// Labels of the route, whose values may be templates; joined to the parent's.
    pub labels: Texts,
    /// Its children.
    pub routes: Vec<RouteConfig>,
}

/// Below that, `group_interval` is noted: it is also how long receivers have.
const GROUP_INTERVAL_WARNED: Duration = Duration::from_secs(30);

/// Takes the fields of a route and of those below it.
pub fn read(r: &mut Reader<'_>, language: Language) -> RouteConfig {
    let keys = Keys {
        equal: "match",
        regex: "match_re",
        list: "matchers",
    };
    let receiver = placed(r, "receiver");
    let group_by = read_group_by(r, language);
    let mut found = read_matchers(r, keys, language);
    matchers::sort(&mut found);
    let route = RouteConfig {
        at: r.at(""),
        receiver,
        group_by,
        matchers: found,
        mute_time_intervals: r.texts("mute_time_intervals"),
        active_time_intervals: r.texts("active_time_intervals"),
        goes_on: r.bool_or("continue", false),
        routes: r.sections_once("routes", "empty or null route", |r| read(r, language)),
        group_wait: read_wait(r, "group_wait"),
        group_interval: read_wait(r, "group_interval"),
        repeat_interval: read_wait(r, "repeat_interval"),
        labels: read_labels(r, language),
    };
    check_times(r, &route);
    route
}

fn placed(r: &mut Reader<'_>, key: &'static str) -> Option<Placed<String>> {
    let value = r.text(key);
    let at = r.at(key);
    (!value.is_empty()).then_some(Placed { at, value })
}

/// Unlike most durations, one of zero is not the same as none.
fn read_wait(r: &mut Reader<'_>, key: &'static str) -> Option<Duration> {
    let value = r.duration(key);
    if !r.has(key) {
        return None;
    }
    r.show_duration(key, value);
    Some(value)
}

fn read_group_by(r: &mut Reader<'_>, language: Language) -> Option<GroupBy> {
    let texts = r.texts("group_by");
    if !r.has("group_by") {
        return None;
    }
    let mut names: Vec<String> = Vec::with_capacity(texts.len());
    let mut all = None;
    for text in texts {
        if text.value == "..." {
            all = Some(text.at);
        } else if !language.is_valid_label_name(&text.value) {
            let message = format!("invalid label name {:?} in group_by list", text.value);
            r.refuse_at(text.at, message);
        } else if names.contains(&text.value) {
            let message = format!("duplicated label {:?} in group_by", text.value);
            r.refuse_at(text.at, message);
        } else {
            names.push(text.value);
        }
    }
    names.sort_unstable();
    match all {
        None => Some(GroupBy::Labels(names)),
        Some(at) => {
            if !names.is_empty() {
                r.refuse_at(
                    at,
                    "cannot have wildcard group_by (`...`) and other labels at the same time",
                );
            }
            Some(GroupBy::All)
        }
    }
}

fn read_labels(r: &mut Reader<'_>, language: Language) -> Texts {
    let mut labels = Texts::new();
    for (name, value) in r.text_map("labels") {
        if language.is_valid_label_name(&name.value) {
            labels.push((name.value, value.value));
        } else {
            let message = format!("invalid label name {:?} in route labels", name.value);
            r.refuse_at(name.at, message);
        }
    }
    labels.sort();
    labels
}

fn check_times(r: &Reader<'_>, route: &RouteConfig) {
    for (key, value) in [
        ("group_interval", route.group_interval),
        ("repeat_interval", route.repeat_interval),
    ] {
        if value == Some(Duration::ZERO) {
            r.refuse(key, format!("{key} cannot be zero"));
        }
    }
    let Some(interval) = route.group_interval.filter(|i| !i.is_zero()) else {
        return;
    };
    let warn = |key: &str, message: String| {
        let context = r.context();
        context.warn(ConfigError::new(context.file(), r.at(key), message));
    };
    if interval < GROUP_INTERVAL_WARNED {
        let message = format!(
            "group_interval of {} is also how long receivers have to take a notification, retries included (10s at least): slow ones are cut off, and groups that change are told again that often",
            print(interval)
        );
        warn("group_interval", message);
    }
    if let Some(repeat) = route.repeat_interval.filter(|r| *r < interval) {
        let message = format!(
            "repeat_interval of {} is shorter than group_interval; notifications repeat every {} at most",
            print(repeat),
            print(interval)
        );
        warn("repeat_interval", message);
    }
}

fn print(value: Duration) -> String {
    duration::print(i64::try_from(value.as_millis()).unwrap_or(duration::MAX_MS))
}
