//! Exemplars: a ring that holds the newest of all series.
//!
//! Like Prometheus' circular storage: a fixed number over all series, the oldest
//! arrival goes first. An exemplar that repeats the series' newest one, which every
//! scrape does until a new one happens, and one that is older, are left out.
//! The ring is in memory; the log and the checkpoint carry it over a restart.

use std::collections::VecDeque;

use binnacle_model::Matcher;
use binnacle_model::append::Exemplar;
use binnacle_model::labels::Labels;
use binnacle_model::matcher::all_match;
use binnacle_model::query::SeriesExemplars;
use hashbrown::HashMap;

#[derive(Debug)]
struct Holder {
    labels: Labels,
    held: usize,
    newest: Exemplar,
}

/// The ring.
#[derive(Debug)]
pub(crate) struct Exemplars {
    max: usize,
    ring: VecDeque<(u128, Exemplar)>,
    holders: HashMap<u128, Holder>,
}

impl Exemplars {
    /// An empty ring for `max` exemplars; 0 keeps none.
    pub(crate) fn new(max: usize) -> Self {
        Self {
            max,
            ring: VecDeque::new(),
            holders: HashMap::new(),
        }
    }

    /// Adds an exemplar of the series with this key; false when it was left out.
    pub(crate) fn add(
        &mut self,
        key: u128,
        labels: impl FnOnce() -> Labels,
        exemplar: &Exemplar,
    ) -> bool {
        if self.max == 0 || !self.is_news(key, exemplar) {
            return false;
        }
        if self.ring.len() == self.max {
            self.drop_oldest();
        }
        let holder = self.holders.entry(key).or_insert_with(|| Holder {
            labels: labels(),
            held: 0,
            newest: exemplar.clone(),
        });
        holder.held += 1;
        holder.newest = exemplar.clone();
        self.ring.push_back((key, exemplar.clone()));
        true
    }

    /// Whether an exemplar would be kept: newer than what the series has.
    pub(crate) fn is_news(&self, key: u128, exemplar: &Exemplar) -> bool {
        self.max > 0
            && self
                .holders
                .get(&key)
                .is_none_or(|h| exemplar.t_ms > h.newest.t_ms)
    }

    fn drop_oldest(&mut self) {
        let Some((key, _)) = self.ring.pop_front() else {
            return;
        };
        if let Some(holder) = self.holders.get_mut(&key) {
            holder.held -= 1;
            if holder.held == 0 {
                self.holders.remove(&key);
            }
        }
    }

    /// How many are held.
    pub(crate) fn len(&self) -> usize {
        self.ring.len()
    }

    /// All of them with the labels of their series, in order of arrival.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&Labels, &Exemplar)> {
        self.ring
            .iter()
            .filter_map(|(key, e)| Some((&self.holders.get(key)?.labels, e)))
    }

    /// Those of series that match any of the selectors, by series, within the range.
    pub(crate) fn query(
        &self,
        selectors: &[Vec<Matcher>],
        start_ms: i64,
        end_ms: i64,
    ) -> Vec<SeriesExemplars> {
        let mut found: HashMap<u128, Vec<Exemplar>> = self
            .holders
            .iter()
            .filter(|(_, h)| selectors.iter().any(|s| all_match(s, &h.labels)))
            .map(|(&key, _)| (key, Vec::new()))
            .collect();
        for (key, exemplar) in &self.ring {
            if (start_ms..=end_ms).contains(&exemplar.t_ms)
                && let Some(list) = found.get_mut(key)
            {
                list.push(exemplar.clone());
            }
        }
        let mut answer: Vec<SeriesExemplars> = found
            .into_iter()
            .filter(|(_, exemplars)| !exemplars.is_empty())
            .map(|(key, exemplars)| SeriesExemplars {
                labels: self.holders[&key].labels.clone(),
                exemplars,
            })
            .collect();
        answer.sort_by(|a, b| a.labels.cmp(&b.labels));
        answer
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exemplar(t_ms: i64) -> Exemplar {
        Exemplar {
            labels: Labels::empty(),
            value: 1.0,
            t_ms,
        }
    }

    #[test]
    fn the_ring_keeps_the_newest_and_leaves_repeats_out() {
        let mut ring = Exemplars::new(3);
        let a = Labels::from_pairs([("__name__", "a")]);
        let b = Labels::from_pairs([("__name__", "b")]);
        assert!(ring.add(2, || b.clone(), &exemplar(5)));
        for t in [10, 10, 20, 15, 30] {
            ring.add(1, || a.clone(), &exemplar(t));
        }
        let all = vec![vec![]];
        let got = ring.query(&all, 0, 100);
        assert_eq!(got.len(), 1, "b's went first");
        assert_eq!(got[0].labels, a);
        assert_eq!(
            got[0].exemplars.iter().map(|e| e.t_ms).collect::<Vec<_>>(),
            [10, 20, 30]
        );
        assert_eq!(ring.query(&all, 15, 25)[0].exemplars.len(), 1);
    }
}
