//! Relabelling rules as they are typed, and the checks that make them rules.

use std::sync::LazyLock;

use super::{Action, NameScheme, RelabelRule};
use crate::pattern::{Pattern, PatternError};

const DEFAULT_SEPARATOR: &str = ";";
const DEFAULT_REGEX: &str = "(.*)";
const DEFAULT_REPLACEMENT: &str = "$1";

/// Label names of the legacy scheme in which parts are references to groups.
static LEGACY_TEMPLATE: LazyLock<Option<Pattern>> =
    LazyLock::new(|| Pattern::new(r"(?:(?:[a-zA-Z_]|\$(?:\{\w+\}|\w+))+\w*)+").ok());

/// One `relabel_configs` entry as it was typed. [`Default`] has Prometheus'
/// defaults: action `replace`, separator `;`, expression `(.*)`, replacement `$1`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RelabelConfig {
    /// Labels whose values are joined to the source.
    pub source_labels: Vec<String>,
    /// What they are joined with.
    pub separator: String,
    /// What the source, or a label's name, must match. `None`: not given.
    pub regex: Option<String>,
    /// For `hashmod`; 0 when not given.
    pub modulus: u64,
    /// Where the outcome goes, or empty; a template for `replace`.
    pub target_label: String,
    /// A template for the outcome.
    pub replacement: String,
    /// The action's word, in any case.
    pub action: String,
}

impl Default for RelabelConfig {
    fn default() -> Self {
        Self {
            source_labels: Vec::new(),
            separator: DEFAULT_SEPARATOR.to_owned(),
            regex: None,
            modulus: 0,
            target_label: String::new(),
            replacement: DEFAULT_REPLACEMENT.to_owned(),
            action: Action::Replace.as_str().to_owned(),
        }
    }
}

/// Why an entry is no rule. Messages are Prometheus'.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RelabelError {
    /// The action is the empty text.
    #[error("relabel action cannot be empty")]
    NoAction,
    /// There is no such action.
    #[error("unknown relabel action {0:?}")]
    UnknownAction(String),
    /// The expression does not compile.
    #[error(transparent)]
    Regex(#[from] PatternError),
    /// `hashmod` without a modulus.
    #[error("relabel configuration for hashmod requires non-zero modulus")]
    NoModulus,
    /// The action writes to a label, and none is named.
    #[error("relabel configuration for {0} action requires 'target_label' value")]
    NoTarget(Action),
    /// A label's name, or the template for one, is not valid.
    #[error("{value:?} is invalid '{field}' for {action} action")]
    BadName {
        /// Which field.
        field: &'static str,
        /// What it holds.
        value: String,
        /// The action.
        action: Action,
    },
    /// A replacement where there is nothing to replace.
    #[error("'replacement' can not be set for {0} action")]
    ReplacementSet(Action),
    /// Fields that the action does not look at.
    #[error("{action} action requires only {fields}, and no other fields")]
    OtherFields {
        /// The action.
        action: Action,
        /// The fields it takes.
        fields: &'static str,
    },
}

impl RelabelConfig {
    /// Checks the entry and makes it a rule.
    ///
    /// # Errors
    /// When Prometheus would refuse it.
    pub fn resolve(&self, names: NameScheme) -> Result<RelabelRule, RelabelError> {
        if self.action.is_empty() {
            return Err(RelabelError::NoAction);
        }
        let action = Action::parse(&self.action)
            .ok_or_else(|| RelabelError::UnknownAction(self.action.clone()))?;
        let pattern = Pattern::new(self.regex.as_deref().unwrap_or(DEFAULT_REGEX))?;
        self.check_target(action, names)?;
        self.check_unused(action)?;
        Ok(RelabelRule {
            action,
            source_labels: self.source_labels.clone(),
            separator: self.separator.clone(),
            pattern,
            modulus: self.modulus,
            target_label: self.target_label.clone(),
            replacement: self.replacement.clone(),
            names,
        })
    }

    fn check_target(&self, action: Action, names: NameScheme) -> Result<(), RelabelError> {
        use Action::{DropEqual, HashMod, KeepEqual, LabelMap, Lowercase, Replace, Uppercase};
        if action == HashMod && self.modulus == 0 {
            return Err(RelabelError::NoModulus);
        }
        let writes = matches!(
            action,
            Replace | HashMod | Lowercase | Uppercase | KeepEqual | DropEqual
        );
        if writes && self.target_label.is_empty() {
            return Err(RelabelError::NoTarget(action));
        }
        let target_is_valid = match action {
            Replace if self.target_label.contains('$') => {
                is_valid_template(&self.target_label, names)
            }
            _ => names.is_valid_label_name(&self.target_label),
        };
        let bad = |field, value: &str| RelabelError::BadName {
            field,
            value: value.to_owned(),
            action,
        };
        if writes && !target_is_valid {
            return Err(bad("target_label", &self.target_label));
        }
        if action == LabelMap && !is_valid_template(&self.replacement, names) {
            return Err(bad("replacement", &self.replacement));
        }
        Ok(())
    }

    fn check_unused(&self, action: Action) -> Result<(), RelabelError> {
        use Action::{DropEqual, KeepEqual, LabelDrop, LabelKeep, Lowercase, Uppercase};
        let replacement_set = self.replacement != DEFAULT_REPLACEMENT;
        if matches!(action, Lowercase | Uppercase | KeepEqual | DropEqual) && replacement_set {
            return Err(RelabelError::ReplacementSet(action));
        }
        let others = self.modulus != 0 || self.separator != DEFAULT_SEPARATOR || replacement_set;
        if matches!(action, KeepEqual | DropEqual) && (others || self.regex.is_some()) {
            let fields = "'source_labels' and `target_label`";
            return Err(RelabelError::OtherFields { action, fields });
        }
        let labels = !self.source_labels.is_empty() || !self.target_label.is_empty();
        if matches!(action, LabelDrop | LabelKeep) && (others || labels) {
            return Err(RelabelError::OtherFields {
                action,
                fields: "'regex'",
            });
        }
        Ok(())
    }
}

/// Whether `template` can become a label's name. With UTF-8 names anything can.
fn is_valid_template(template: &str, names: NameScheme) -> bool {
    match names {
        NameScheme::Utf8 => names.is_valid_label_name(template),
        NameScheme::Legacy => LEGACY_TEMPLATE
            .as_ref()
            .is_some_and(|p| p.is_match(template)),
    }
}
