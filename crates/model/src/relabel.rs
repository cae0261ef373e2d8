//! Relabelling: rules that rewrite, keep or drop label sets.
//!
//! [`RelabelConfig`] is what was typed, with Prometheus' defaults; a
//! [`RelabelRule`] is what to do: checked, with its expression compiled. Rules
//! run in order over one [`LabelsBuilder`]. Actions, defaults, checks and their
//! messages are Prometheus' (`model/relabel`). Targets, metric relabelling, alert
//! relabelling and remote write all use these same rules.

mod action;
mod config;
mod letters;
mod md5;

use crate::labels::{Labels, LabelsBuilder, is_legacy_label_name};
use crate::pattern::Pattern;

pub use action::Action;
pub use config::{RelabelConfig, RelabelError};

/// Which label names are valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum NameScheme {
    /// Any UTF-8 text that is not empty.
    #[default]
    Utf8,
    /// `[a-zA-Z_][a-zA-Z0-9_]*`
    Legacy,
}

impl NameScheme {
    /// Whether a label may be called `name`.
    #[must_use]
    pub fn is_valid_label_name(self, name: &str) -> bool {
        match self {
            Self::Utf8 => !name.is_empty(),
            Self::Legacy => is_legacy_label_name(name),
        }
    }
}

/// One rule, checked and ready to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RelabelRule {
    action: Action,
    source_labels: Vec<String>,
    separator: String,
    pattern: Pattern,
    modulus: u64,
    target_label: String,
    replacement: String,
    names: NameScheme,
}

/// What one rule did, for showing relabelling step by step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RelabelStep {
    /// Index of the rule.
    pub rule: usize,
    /// The labels after it.
    pub labels: Labels,
    /// Whether the label set goes on; when not, this is the last step.
    pub keep: bool,
}

/// Runs `rules` in order over `labels`. False: a rule dropped the label set, and
/// `labels` is left as that rule found it.
pub fn relabel(rules: &[RelabelRule], labels: &mut LabelsBuilder) -> bool {
    rules.iter().all(|rule| rule.apply(labels))
}

/// As [`relabel`], and tells what each rule did.
#[must_use]
pub fn relabel_steps(rules: &[RelabelRule], labels: &Labels) -> Vec<RelabelStep> {
    let mut builder = labels.to_builder();
    let mut steps = Vec::with_capacity(rules.len());
    for (i, rule) in rules.iter().enumerate() {
        let keep = rule.apply(&mut builder);
        steps.push(RelabelStep {
            rule: i,
            labels: builder.clone().build(),
            keep,
        });
        if !keep {
            break;
        }
    }
    steps
}

impl RelabelRule {
    /// What the rule does.
    #[must_use]
    pub fn action(&self) -> Action {
        self.action
    }

    /// The fields as a configuration file names them and as text, without those
    /// that the action does not use.
    #[must_use]
    pub fn fields(&self) -> Vec<(&'static str, String)> {
        let mut fields = vec![("action", self.action.as_str().to_owned())];
        if !self.source_labels.is_empty() {
            fields.push(("source_labels", self.source_labels.join(",")));
            fields.push(("separator", self.separator.clone()));
        }
        fields.push(("regex", self.pattern.as_str().to_owned()));
        if self.modulus > 0 {
            fields.push(("modulus", self.modulus.to_string()));
        }
        if !self.target_label.is_empty() {
            fields.push(("target_label", self.target_label.clone()));
        }
        fields.push(("replacement", self.replacement.clone()));
        fields
    }

    /// Runs this rule alone; false when it drops the label set.
    pub fn apply(&self, labels: &mut LabelsBuilder) -> bool {
        match self.action {
            Action::Replace => self.replace(labels),
            Action::Keep => return self.pattern.is_match(&self.source(labels)),
            Action::Drop => return !self.pattern.is_match(&self.source(labels)),
            Action::KeepEqual => return labels.get(&self.target_label) == self.source(labels),
            Action::DropEqual => return labels.get(&self.target_label) != self.source(labels),
            Action::HashMod => self.hash_mod(labels),
            Action::LabelMap => self.label_map(labels),
            Action::LabelDrop => labels.retain(|name, _| !self.pattern.is_match(name)),
            Action::LabelKeep => labels.retain(|name, _| self.pattern.is_match(name)),
            Action::Lowercase => {
                let value = letters::lower(&self.source(labels));
                labels.set(&self.target_label, &value);
            }
            Action::Uppercase => {
                let value = letters::upper(&self.source(labels));
                labels.set(&self.target_label, &value);
            }
        }
        true
    }

    /// The values of the source labels, joined by the separator.
    fn source(&self, labels: &LabelsBuilder) -> String {
        let mut joined = String::new();
        for (i, name) in self.source_labels.iter().enumerate() {
            if i > 0 {
                joined.push_str(&self.separator);
            }
            joined.push_str(labels.get(name));
        }
        joined
    }

    fn replace(&self, labels: &mut LabelsBuilder) {
        let templates = [self.target_label.as_str(), self.replacement.as_str()];
        let Some([target, value]) = self
            .pattern
            .replace_templates(&self.source(labels), templates)
        else {
            return;
        };
        if self.names.is_valid_label_name(&target) {
            labels.set(&target, &value);
        }
    }

    /// The last eight bytes of the MD5 of the source, modulo `modulus`.
    fn hash_mod(&self, labels: &mut LabelsBuilder) {
        let digest = md5::digest(self.source(labels).as_bytes());
        let hash = digest[8..]
            .iter()
            .fold(0u64, |hash, b| hash << 8 | u64::from(*b));
        labels.set(&self.target_label, &(hash % self.modulus).to_string());
    }

    fn label_map(&self, labels: &mut LabelsBuilder) {
        // Over the labels as they were, by name, so that the outcome does not
        // depend on the order in which they were collected.
        let mut before = labels.pairs().to_vec();
        before.sort_unstable();
        for (name, value) in before {
            if let Some(mapped) = self.pattern.replace_template(&name, &self.replacement) {
                labels.set(&mapped, &value);
            }
        }
    }
}

#[cfg(test)]
mod tests;
