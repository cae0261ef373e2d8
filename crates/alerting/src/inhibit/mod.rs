//! Inhibition: an alert that fires keeps others quiet.
//!
//! A rule says which alerts are sources, which are targets, and which labels must be
//! equal in both. Sources are kept per rule under the values of the equal labels, so
//! a target costs one lookup for each rule whose target matchers it fulfils, however
//! many sources there are. The index knows fingerprints alone: whether a source still
//! fires is asked of [`Alerts`], so an alert that is told again changes nothing here.
//!
//! An alert that is both source and target of a rule is not inhibited by alerts of which
//! the same is true, itself among them.

use binnacle_model::Labels;
use binnacle_model::alert::Fingerprint;
use binnacle_model::matcher::all_match;
use hashbrown::HashMap;

use crate::alerts::Alerts;
use crate::config::InhibitRule;

/// The values of the equal labels, each with its length before it.
fn key(rule: &InhibitRule, labels: &Labels) -> Vec<u8> {
    let mut key = Vec::with_capacity(32);
    for name in &rule.equal {
        // A label that is missing equals one that is empty.
        let value = labels.get(name).unwrap_or("");
        key.extend_from_slice(&(value.len() as u32).to_le_bytes());
        key.extend_from_slice(value.as_bytes());
    }
    key
}

#[derive(Debug, Clone, Copy)]
struct Source {
    fingerprint: Fingerprint,
    /// Whether it is a target of the rule too.
    two_sided: bool,
}

#[derive(Debug)]
struct Indexed {
    rule: InhibitRule,
    sources: HashMap<Vec<u8>, Vec<Source>>,
}

/// The rules and their sources.
#[derive(Debug, Default)]
pub struct Inhibitions {
    rules: Vec<Indexed>,
}

impl Inhibitions {
    /// These rules, without sources.
    #[must_use]
    pub fn new(rules: Vec<InhibitRule>) -> Self {
        let rules = rules
            .into_iter()
            .map(|rule| Indexed {
                rule,
                sources: HashMap::new(),
            })
            .collect();
        Self { rules }
    }

    /// Notes an alert, which may be a source. Noting it again changes nothing.
    pub fn note(&mut self, fingerprint: Fingerprint, labels: &Labels) {
        for indexed in &mut self.rules {
            if !all_match(&indexed.rule.source_matchers, labels) {
                continue;
            }
            let two_sided = all_match(&indexed.rule.target_matchers, labels);
            let sources = indexed
                .sources
                .entry(key(&indexed.rule, labels))
                .or_default();
            if !sources.iter().any(|s| s.fingerprint == fingerprint) {
                sources.push(Source {
                    fingerprint,
                    two_sided,
                });
            }
        }
    }

    /// Forgets an alert.
    pub fn forget(&mut self, fingerprint: Fingerprint, labels: &Labels) {
        for indexed in &mut self.rules {
            if !all_match(&indexed.rule.source_matchers, labels) {
                continue;
            }
            let key = key(&indexed.rule, labels);
            if let Some(sources) = indexed.sources.get_mut(&key) {
                sources.retain(|s| s.fingerprint != fingerprint);
                if sources.is_empty() {
                    indexed.sources.remove(&key);
                }
            }
        }
    }

    /// Which alerts inhibit one with these labels at `now_ns`: one for each rule that
    /// holds, or with `first` the first one alone.
    #[must_use]
    pub fn inhibited_by(
        &self,
        labels: &Labels,
        alerts: &Alerts,
        now_ns: i64,
        first: bool,
    ) -> Vec<Fingerprint> {
        let mut by = Vec::new();
        for indexed in &self.rules {
            if indexed.sources.is_empty() || !all_match(&indexed.rule.target_matchers, labels) {
                continue;
            }
            let Some(sources) = indexed.sources.get(&key(&indexed.rule, labels)) else {
                continue;
            };
            let also_source = all_match(&indexed.rule.source_matchers, labels);
            let fires = |source: &&Source| {
                !(also_source && source.two_sided)
                    && alerts
                        .get(source.fingerprint)
                        .is_some_and(|slot| !slot.alert.resolved_at(now_ns))
            };
            if let Some(source) = sources.iter().find(fires)
                && !by.contains(&source.fingerprint)
            {
                by.push(source.fingerprint);
                if first {
                    break;
                }
            }
        }
        by
    }
}
