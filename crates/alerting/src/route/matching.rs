//! Finding the routes of an alert.
//!
//! Thousands of alerts may come at once, and each goes past most of the tree. So the
//! labels that any route asks for are looked up once for each alert, in one walk over
//! its labels, and a matcher knows its label by a number; comparisons go before
//! expressions, because most of them say no.

use binnacle_model::{Labels, MatchOp};

use super::tree::{Route, RouteId};

/// What to look at.
#[derive(Debug, Clone)]
pub(super) struct Program {
    /// Labels that any matcher asks for, ascending.
    names: Vec<String>,
    /// For each route its tests, cheapest first.
    tests: Vec<Vec<Test>>,
}

/// A matcher of a route.
#[derive(Debug, Clone, Copy)]
struct Test {
    /// Which of the route's matchers.
    matcher: usize,
    /// Which of the program's names it asks for.
    slot: usize,
}

impl Program {
    pub(super) fn compile(routes: &[Route]) -> Self {
        let all = routes.iter().flat_map(|r| &r.matchers);
        let mut names: Vec<String> = all.map(|m| m.name.clone()).collect();
        names.sort_unstable();
        names.dedup();
        let tests = routes.iter().map(|r| tests_of(r, &names)).collect();
        Self { names, tests }
    }

    /// Puts the routes that `labels` take into `found`.
    pub(super) fn run(&self, routes: &[Route], labels: &Labels, found: &mut Vec<RouteId>) {
        let run = Run {
            program: self,
            routes,
            values: self.values(labels),
        };
        if !run.descend(RouteId(0), found) {
            // The root has no matchers in a configuration that was found valid; an
            // alert always has a route.
            found.push(RouteId(0));
        }
    }

    /// The values of `names`; empty for a label that is not there.
    fn values<'l>(&self, labels: &'l Labels) -> Vec<&'l str> {
        let mut values = vec![""; self.names.len()];
        let mut slot = 0;
        for (name, value) in labels.iter() {
            while self.names.get(slot).is_some_and(|n| n.as_str() < name) {
                slot += 1;
            }
            match self.names.get(slot) {
                Some(n) if n == name => values[slot] = value,
                Some(_) => {}
                None => break,
            }
        }
        values
    }
}

fn tests_of(route: &Route, names: &[String]) -> Vec<Test> {
    let matchers = route.matchers.iter().enumerate();
    let mut tests: Vec<Test> = matchers
        .map(|(matcher, m)| Test {
            matcher,
            slot: names.binary_search(&m.name).unwrap_or_default(),
        })
        .collect();
    tests.sort_by_key(|t| match route.matchers[t.matcher].op {
        MatchOp::Equal => 0,
        MatchOp::NotEqual => 1,
        MatchOp::Regex | MatchOp::NotRegex => 2,
    });
    tests
}

struct Run<'a> {
    program: &'a Program,
    routes: &'a [Route],
    values: Vec<&'a str>,
}

impl Run<'_> {
    /// Whether the route matches; then it or routes below it are in `found`.
    fn descend(&self, id: RouteId, found: &mut Vec<RouteId>) -> bool {
        let route = &self.routes[id.index()];
        let mut tests = self.program.tests[id.index()].iter();
        if !tests.all(|t| route.matchers[t.matcher].matches(self.values[t.slot])) {
            return false;
        }
        let before = found.len();
        for child in &route.children {
            if self.descend(*child, found) && !self.routes[child.index()].goes_on {
                break;
            }
        }
        if found.len() == before {
            found.push(id);
        }
        true
    }
}
