//! What becomes of attributes by their names.

use binnacle_model::pattern::Pattern;

/// What becomes of an attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttributeAction {
    /// A label of the stream.
    IndexLabel,
    /// A field of the line.
    StructuredMetadata,
    /// It is left out.
    Drop,
}

impl AttributeAction {
    /// All of them, by the names that Loki's `otlp_config` has for them.
    pub const NAMES: [(&'static str, Self); 3] = [
        ("index_label", Self::IndexLabel),
        ("structured_metadata", Self::StructuredMetadata),
        ("drop", Self::Drop),
    ];
}

/// Attributes by name or by expression, and what becomes of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttributeRule {
    /// What becomes of them.
    pub action: AttributeAction,
    /// Names, as the sender writes them.
    pub attributes: Vec<String>,
    /// An expression that the whole name matches.
    pub regex: Option<Pattern>,
}

impl AttributeRule {
    /// A rule of names.
    #[must_use]
    pub fn names(action: AttributeAction, names: &[&str]) -> Self {
        Self {
            action,
            attributes: names.iter().map(|&n| n.to_owned()).collect(),
            regex: None,
        }
    }
}

/// What becomes of an attribute: a rule that names it wins over expressions, an earlier one
/// over a later one; what no rule means is a field.
pub(super) fn action_of(rules: &[AttributeRule], name: &str) -> AttributeAction {
    let named = rules
        .iter()
        .find(|rule| rule.attributes.iter().any(|own| own == name));
    let found = named.or_else(|| {
        let fits = |rule: &&AttributeRule| rule.regex.as_ref().is_some_and(|r| r.is_match(name));
        rules.iter().find(fits)
    });
    found.map_or(AttributeAction::StructuredMetadata, |rule| rule.action)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_win_over_expressions_and_earlier_over_later() {
        let regex = |action, text: &str| AttributeRule {
            action,
            attributes: Vec::new(),
            regex: Some(Pattern::new(text).expect("an expression")),
        };
        let rules = [
            regex(AttributeAction::Drop, "k8s\\..*"),
            AttributeRule::names(AttributeAction::IndexLabel, &["k8s.pod.name"]),
            regex(AttributeAction::IndexLabel, "k8s\\.node.*"),
        ];
        let check = |name: &str, want| assert_eq!(action_of(&rules, name), want, "{name}");
        check("k8s.pod.name", AttributeAction::IndexLabel);
        check("k8s.node.name", AttributeAction::Drop);
        check("xk8s.node", AttributeAction::StructuredMetadata);
    }
}
