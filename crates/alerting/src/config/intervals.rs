//! `time_intervals`, and `mute_time_intervals`, which is the same by an older name.

use std::collections::HashSet;

use binnacle_config::error::ConfigError;
use binnacle_config::reader::{Placed, Reader};

use crate::interval::{self, Intervals, TimeInterval};

/// Takes both lists; no name may be there twice.
pub(super) fn read(r: &mut Reader<'_>) -> Intervals {
    let mut seen = HashSet::new();
    let mut named = Vec::new();
    for (key, what) in [
        ("mute_time_intervals", "mute time interval"),
        ("time_intervals", "time interval"),
    ] {
        let missing = format!("missing name in {what}");
        for (name, intervals) in r.sections(key, &missing, |r| read_named(r, &missing)) {
            if !name.value.is_empty() && !seen.insert(name.value.clone()) {
                r.refuse_at(name.at, format!("{what} {:?} is not unique", name.value));
            }
            named.push((name.value, intervals));
        }
    }
    if r.has("mute_time_intervals") {
        let message = "mute_time_intervals is deprecated, and gone in Alertmanager 1.0; time_intervals takes the same";
        let context = r.context();
        let warning = ConfigError::new(context.file(), r.at("mute_time_intervals"), message);
        context.warn(warning);
    }
    named.into_iter().collect()
}

fn read_named(r: &mut Reader<'_>, missing: &str) -> (Placed<String>, Vec<TimeInterval>) {
    let name = Placed {
        value: r.text("name"),
        at: r.at("name"),
    };
    if name.value.is_empty() {
        r.refuse("name", missing);
    }
    let empty = "empty or null time interval";
    let intervals = r.sections("time_intervals", empty, interval::read);
    (name, intervals)
}
