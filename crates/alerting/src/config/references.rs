//! What the routes name must be there, and what the root may not have.

use binnacle_config::reader::{Reader, nearest};

use crate::interval::Intervals;
use crate::route::RouteConfig;

use super::receivers::Receiver;

/// Notes what is wrong with `root` and the routes below it.
pub(super) fn check(
    r: &Reader<'_>,
    root: &RouteConfig,
    receivers: &[Receiver],
    intervals: &Intervals,
) {
    check_root(r, root);
    let names = Names {
        receivers: receivers.iter().map(|r| r.name.as_str()).collect(),
        intervals: intervals.iter().map(|(name, _)| name).collect(),
    };
    names.check(r, root);
}

fn check_root(r: &Reader<'_>, root: &RouteConfig) {
    let refuse = |wrong: bool, message: &str| {
        if wrong {
            r.context().error(root.at, message);
        }
    };
    refuse(
        root.receiver.is_none(),
        "root route must specify a default receiver",
    );
    refuse(
        !root.matchers.is_empty(),
        "root route must not have any matchers",
    );
    refuse(
        !root.mute_time_intervals.is_empty(),
        "root route must not have any mute time intervals",
    );
    refuse(
        !root.active_time_intervals.is_empty(),
        "root route must not have any active time intervals",
    );
    refuse(root.goes_on, "cannot have continue in root route");
}

struct Names<'a> {
    receivers: Vec<&'a str>,
    intervals: Vec<&'a str>,
}

impl Names<'_> {
    fn check(&self, r: &Reader<'_>, route: &RouteConfig) {
        if let Some(name) = &route.receiver
            && !self.receivers.contains(&name.value.as_str())
        {
            let message = format!("undefined receiver {:?} used in route", name.value);
            r.refuse_at(name.at, message + &hint(&name.value, &self.receivers));
        }
        let intervals = route.active_time_intervals.iter();
        for name in intervals.chain(&route.mute_time_intervals) {
            if !self.intervals.contains(&name.value.as_str()) {
                let message = format!("undefined time interval {:?} used in route", name.value);
                r.refuse_at(name.at, message + &hint(&name.value, &self.intervals));
            }
        }
        for child in &route.routes {
            self.check(r, child);
        }
    }
}

fn hint(name: &str, known: &[&str]) -> String {
    nearest(name, known).map_or_else(String::new, |near| format!(", did you mean {near:?}?"))
}
