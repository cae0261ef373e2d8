//! What the templates of labels and annotations speak of.

use std::sync::LazyLock;

use binnacle_template::prometheus::AlertTemplate;
use regex::Regex;

/// `$value`, `.Value`.
static VALUE: LazyLock<Regex> = LazyLock::new(|| regex(r"\$value\b|(?:^|[\s(|{])\.Value\b"));

fn regex(text: &'static str) -> Regex {
    Regex::new(text).expect("a fixed expression, compiled by every test")
}

/// A piece of a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Piece<'a> {
    /// Text as it is.
    Text(&'a str),
    /// What stands between `{{` and `}}`.
    Action(&'a str),
}

/// The pieces of a template, in order. Delimiters within strings of actions are rare
/// enough not to be looked for.
pub(crate) fn pieces(template: &str) -> Vec<Piece<'_>> {
    let mut all = Vec::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{{") {
        if !before.is_empty() {
            all.push(Piece::Text(before));
        }
        let (action, tail) = after.split_once("}}").unwrap_or((after, ""));
        all.push(Piece::Action(action.trim_matches('-').trim()));
        rest = tail;
    }
    if !rest.is_empty() {
        all.push(Piece::Text(rest));
    }
    all
}

fn actions(template: &str) -> impl Iterator<Item = &str> {
    pieces(template)
        .into_iter()
        .filter_map(|piece| match piece {
            Piece::Action(action) => Some(action),
            Piece::Text(_) => None,
        })
}

/// The labels that a template reads of `of`: `Labels` of the alert's series, or
/// `ExternalLabels`. None when it is no template.
pub(crate) fn labels(template: &str, of: &str) -> Vec<String> {
    let Ok(parsed) = AlertTemplate::parse("lint", template) else {
        return Vec::new();
    };
    let references = parsed.references().into_iter();
    let mut labels: Vec<String> = references
        .filter(|reference| reference.of == of)
        .filter_map(|reference| reference.label)
        .collect();
    labels.sort_unstable();
    labels.dedup();
    labels
}

/// Whether an action speaks of the value.
pub(crate) fn is_value(action: &str) -> bool {
    VALUE.is_match(action)
}

/// Whether a template reads the value.
pub(crate) fn uses_value(template: &str) -> bool {
    actions(template).any(is_value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates() {
        let text = "{{ $labels.job }}/{{- .Labels.pod -}} {{ $value | humanize }} $labels.x";
        assert_eq!(labels(text, "Labels"), ["job", "pod"]);
        assert!(uses_value(text));
        assert!(!uses_value("{{ $labels.value }} $value"));
        let external = labels("{{ $externalLabels.a }}{{ $labels.b }}", "ExternalLabels");
        assert_eq!(external, ["a"]);
        assert_eq!(
            pieces("a{{ b }}c"),
            [Piece::Text("a"), Piece::Action("b"), Piece::Text("c")]
        );
    }
}
