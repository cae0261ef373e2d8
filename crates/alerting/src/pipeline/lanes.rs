//! Whose turn it is: one lane for each integration of each receiver.
//!
//! A lane tells at most a stated number of groups at the same time, and of one group one
//! thing at a time. What has to wait is kept by group, and a newer flush of a group takes
//! the place of an older one that still waits: who was not reached for an hour hears how
//! things stand, not what they were. So a receiver that hangs holds up itself alone, and
//! holds no more than its groups.
//!
//! Lanes are known by name and outlive a change of the configuration: what is being told
//! at that moment is finished before the new routes tell the same group again.

use std::collections::VecDeque;
use std::sync::Arc;

use hashbrown::{HashMap, HashSet};

/// An integration of a receiver, by name.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct LaneKey {
    /// Name of the receiver.
    pub receiver: Arc<str>,
    /// Kind of integration.
    pub integration: Arc<str>,
    /// Its place among those of its kind.
    pub index: u32,
}

impl From<&LaneKey> for LaneKey {
    fn from(key: &LaneKey) -> Self {
        key.clone()
    }
}

#[derive(Debug)]
struct Lane<T> {
    running: HashSet<Arc<str>>,
    waiting: HashMap<Arc<str>, T>,
    /// Groups that wait for a free place, in order. Those that wait for themselves are not
    /// in it.
    queue: VecDeque<Arc<str>>,
}

impl<T> Default for Lane<T> {
    fn default() -> Self {
        Self {
            running: HashSet::new(),
            waiting: HashMap::new(),
            queue: VecDeque::new(),
        }
    }
}

/// What became of an offered job.
#[derive(Debug)]
pub enum Offer<T> {
    /// Begin it now.
    Start(T),
    /// It waits. An older one of the same group that waited is given back.
    Waits(Option<T>),
}

/// All lanes.
#[derive(Debug)]
pub struct Lanes<T> {
    lanes: HashMap<LaneKey, Lane<T>>,
    at_once: usize,
}

impl<T> Lanes<T> {
    /// Lanes that tell at most `at_once` groups at the same time.
    #[must_use]
    pub fn new(at_once: usize) -> Self {
        Self {
            lanes: HashMap::new(),
            at_once: at_once.max(1),
        }
    }

    /// Offers a job of a group. Each that is started must be [`Lanes::finished`].
    pub fn offer(&mut self, key: &LaneKey, group: &Arc<str>, job: T) -> Offer<T> {
        let lane = self.lanes.entry_ref(key).or_default();
        let is_running = lane.running.contains(group);
        if !is_running && lane.running.len() < self.at_once && !lane.waiting.contains_key(group) {
            lane.running.insert(Arc::clone(group));
            return Offer::Start(job);
        }
        let older = lane.waiting.insert(Arc::clone(group), job);
        if older.is_none() && !is_running {
            lane.queue.push_back(Arc::clone(group));
        }
        Offer::Waits(older)
    }

    /// A job has ended; answers the one that begins in its place.
    pub fn finished(&mut self, key: &LaneKey, group: &Arc<str>) -> Option<(Arc<str>, T)> {
        let lane = self.lanes.get_mut(key)?;
        lane.running.remove(group);
        // The group's own next job stands behind those that have waited for a place.
        if lane.waiting.contains_key(group) {
            lane.queue.push_back(Arc::clone(group));
        }
        while let Some(next) = lane.queue.pop_front() {
            if let Some(job) = lane.waiting.remove(&next) {
                lane.running.insert(Arc::clone(&next));
                return Some((next, job));
            }
        }
        if lane.running.is_empty() {
            self.lanes.remove(key);
        }
        None
    }

    /// Takes all jobs that wait.
    pub fn take_waiting(&mut self) -> Vec<T> {
        let mut jobs = Vec::new();
        for lane in self.lanes.values_mut() {
            lane.queue.clear();
            jobs.extend(lane.waiting.drain().map(|(_, job)| job));
        }
        jobs
    }

    /// How many jobs run and how many wait.
    #[must_use]
    pub fn load(&self) -> (usize, usize) {
        self.lanes.values().fold((0, 0), |(run, wait), lane| {
            (run + lane.running.len(), wait + lane.waiting.len())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(receiver: &str) -> LaneKey {
        LaneKey {
            receiver: receiver.into(),
            integration: "webhook".into(),
            index: 0,
        }
    }

    fn starts(offer: &Offer<u32>) -> bool {
        match offer {
            Offer::Start(_) => true,
            Offer::Waits(_) => false,
        }
    }

    #[test]
    fn the_newest_of_a_group_waits_and_a_lane_waits_for_itself_alone() {
        let mut lanes = Lanes::new(2);
        let (a, b, c): (Arc<str>, Arc<str>, Arc<str>) = ("a".into(), "b".into(), "c".into());
        let x = key("x");
        assert!(starts(&lanes.offer(&x, &a, 1)));
        assert!(!starts(&lanes.offer(&x, &a, 2)));
        match lanes.offer(&x, &a, 3) {
            Offer::Waits(older) => assert_eq!(older, Some(2)),
            Offer::Start(_) => panic!("the group is being told"),
        }
        assert!(starts(&lanes.offer(&x, &b, 4)));
        assert!(!starts(&lanes.offer(&x, &c, 5)), "two are told already");
        assert!(
            starts(&lanes.offer(&key("y"), &c, 6)),
            "another lane is free"
        );
        assert_eq!(lanes.load(), (3, 2));
        assert_eq!(lanes.finished(&x, &a).map(|(_, job)| job), Some(5));
        assert_eq!(lanes.finished(&x, &b).map(|(_, job)| job), Some(3));
        assert_eq!(lanes.finished(&x, &a).map(|(_, job)| job), None);
        assert_eq!(lanes.finished(&x, &c).map(|(_, job)| job), None);
        assert_eq!(lanes.load(), (1, 0));
    }
}
