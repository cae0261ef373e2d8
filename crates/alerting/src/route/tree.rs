//! The resolved tree.

use std::time::Duration;

use binnacle_config::reader::Placed;
use binnacle_model::alert::{RouteView, Texts};
use binnacle_model::{Labels, Matcher};

use crate::matchers::print_all;

use super::matching::Program;
use super::read::RouteConfig;

/// A route's number in its tree: 0 is the root, the others follow depth first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RouteId(pub u32);

impl RouteId {
    /// As an index of an array of all routes.
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// Which alerts of a route are told together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GroupBy {
    /// Those that have the same values of these labels, ascending.
    Labels(Vec<String>),
    /// Those that have the same labels (`...`): each alert alone.
    All,
}

/// A route with everything that it inherits.
#[derive(Debug, Clone)]
pub struct Route {
    /// Matchers of it and those above it: `{}/{a="b"}`. Two routes may have the same.
    pub key: String,
    /// As the key, with the place of each among its siblings: `{}/{a="b"}/0`. Unique.
    pub id: String,
    /// The one above it; `None`: the root.
    pub parent: Option<RouteId>,
    /// Those below it, in order.
    pub children: Vec<RouteId>,
    /// Which alerts it takes: those that fulfil all.
    pub matchers: Vec<Matcher>,
    /// Whether later siblings are tried too (`continue`).
    pub goes_on: bool,
    /// Name of the receiver.
    pub receiver: String,
    /// Which alerts are told together.
    pub group_by: GroupBy,
    /// How long a new group waits for more alerts.
    pub group_wait: Duration,
    /// Time between two notifications of a group that changes.
    pub group_interval: Duration,
    /// Time between two notifications of a group that does not.
    pub repeat_interval: Duration,
    /// Names of intervals that mute it.
    pub mute_time_intervals: Vec<String>,
    /// Names of intervals out of which it is mute; none: it is active always.
    pub active_time_intervals: Vec<String>,
    /// Labels of the route and those above it; the values may be templates over the
    /// group's data.
    pub labels: Texts,
}

impl Route {
    /// The labels of the group that an alert with `labels` falls into.
    #[must_use]
    pub fn group_labels(&self, labels: &Labels) -> Labels {
        match &self.group_by {
            GroupBy::All => labels.clone(),
            GroupBy::Labels(names) => labels.keep_only(names),
        }
    }
}

/// All routes of a configuration.
#[derive(Debug, Clone)]
pub struct RouteTree {
    routes: Vec<Route>,
    program: Program,
}

/// What the root has when the file does not say.
const GROUP_WAIT: Duration = Duration::from_secs(30);
const GROUP_INTERVAL: Duration = Duration::from_mins(5);
const REPEAT_INTERVAL: Duration = Duration::from_hours(4);

impl RouteTree {
    /// Fills in what routes inherit.
    #[must_use]
    pub fn resolve(root: &RouteConfig) -> Self {
        let mut routes = Vec::new();
        push(&mut routes, root, None, 0);
        let program = Program::compile(&routes);
        Self { routes, program }
    }

    /// The route that is above all others.
    #[must_use]
    pub fn root(&self) -> &Route {
        &self.routes[0]
    }

    /// The route of a number, which must be of this tree.
    #[must_use]
    pub fn get(&self, id: RouteId) -> &Route {
        &self.routes[id.index()]
    }

    /// How many routes there are.
    #[must_use]
    #[allow(clippy::len_without_is_empty)] // There is always a root.
    pub fn len(&self) -> usize {
        self.routes.len()
    }

    /// All routes, depth first.
    pub fn walk(&self) -> impl Iterator<Item = (RouteId, &Route)> {
        (0..).map(RouteId).zip(&self.routes)
    }

    /// The route of an [`Route::id`].
    #[must_use]
    pub fn find(&self, id: &str) -> Option<RouteId> {
        self.walk().find(|(_, r)| r.id == id).map(|(id, _)| id)
    }

    /// The routes that an alert with `labels` takes, in order; at least one.
    #[must_use]
    pub fn matching(&self, labels: &Labels) -> Vec<RouteId> {
        let mut found = Vec::new();
        self.matching_into(labels, &mut found);
        found
    }

    /// As [`RouteTree::matching`], into a list whose memory is used again; what it
    /// held is gone.
    pub fn matching_into(&self, labels: &Labels, found: &mut Vec<RouteId>) {
        found.clear();
        self.program.run(&self.routes, labels, found);
    }

    /// The tree as it is shown.
    #[must_use]
    pub fn view(&self) -> RouteView {
        self.view_of(self.root())
    }

    fn view_of(&self, route: &Route) -> RouteView {
        let ms = |d: Duration| i64::try_from(d.as_millis()).unwrap_or(i64::MAX);
        RouteView {
            id: route.id.clone(),
            matchers: route.matchers.iter().map(crate::matchers::print).collect(),
            receiver: route.receiver.clone(),
            group_by: match &route.group_by {
                GroupBy::All => vec!["...".to_owned()],
                GroupBy::Labels(names) => names.clone(),
            },
            group_wait_ms: ms(route.group_wait),
            group_interval_ms: ms(route.group_interval),
            repeat_interval_ms: ms(route.repeat_interval),
            mute_time_intervals: route.mute_time_intervals.clone(),
            active_time_intervals: route.active_time_intervals.clone(),
            goes_on: route.goes_on,
            routes: route
                .children
                .iter()
                .map(|id| self.view_of(self.get(*id)))
                .collect(),
        }
    }
}

/// Puts `config` and everything below it behind `routes`. `place` is its place among
/// its siblings.
fn push(
    routes: &mut Vec<Route>,
    config: &RouteConfig,
    parent: Option<RouteId>,
    place: usize,
) -> RouteId {
    // A file of 64 MiB cannot hold so many.
    let id = RouteId(u32::try_from(routes.len()).unwrap_or(u32::MAX));
    let route = inherit(config, parent.map(|p| &routes[p.index()]), place);
    routes.push(Route { parent, ..route });
    for (place, child) in config.routes.iter().enumerate() {
        let child = push(routes, child, Some(id), place);
        routes[id.index()].children.push(child);
    }
    id
}

fn inherit(config: &RouteConfig, parent: Option<&Route>, place: usize) -> Route {
    let texts = |placed: &[Placed<String>]| placed.iter().map(|p| p.value.clone()).collect();
    let matchers = print_all(&config.matchers);
    let none = GroupBy::Labels(Vec::new());
    Route {
        key: parent.map_or_else(|| matchers.clone(), |p| format!("{}/{matchers}", p.key)),
        id: parent.map_or_else(
            || matchers.clone(),
            |p| format!("{}/{matchers}/{place}", p.id),
        ),
        parent: None,
        children: Vec::with_capacity(config.routes.len()),
        matchers: config.matchers.clone(),
        goes_on: config.goes_on,
        receiver: config.receiver.as_ref().map_or_else(
            || parent.map_or_else(String::new, |p| p.receiver.clone()),
            |r| r.value.clone(),
        ),
        group_by: config
            .group_by
            .clone()
            .or_else(|| parent.map(|p| p.group_by.clone()))
            .unwrap_or(none),
        group_wait: config
            .group_wait
            .unwrap_or(parent.map_or(GROUP_WAIT, |p| p.group_wait)),
        group_interval: config
            .group_interval
            .unwrap_or(parent.map_or(GROUP_INTERVAL, |p| p.group_interval)),
        repeat_interval: config
            .repeat_interval
            .unwrap_or(parent.map_or(REPEAT_INTERVAL, |p| p.repeat_interval)),
        mute_time_intervals: texts(&config.mute_time_intervals),
        active_time_intervals: texts(&config.active_time_intervals),
        labels: join(parent.map_or(&[], |p| &p.labels), &config.labels),
    }
}

/// The labels above, and those of the route over them.
fn join(above: &[(String, String)], own: &[(String, String)]) -> Texts {
    let hidden = |name: &str| own.iter().any(|(n, _)| n == name);
    let mut labels: Texts = above.iter().filter(|(n, _)| !hidden(n)).cloned().collect();
    labels.extend_from_slice(own);
    labels.sort();
    labels
}
