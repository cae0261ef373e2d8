//! Relabelling rules as they stand in a file; what they mean is `model`'s to say.

use binnacle_model::pattern::Pattern;
use binnacle_model::relabel::{Action, NameScheme, RelabelConfig, RelabelError, RelabelRule};

use binnacle_config::reader::Reader;
use binnacle_config::yaml::Out;

/// The rules under `key`; one with nothing in it is refused with the message `empty`.
pub fn rules(
    r: &mut Reader<'_>,
    key: &'static str,
    empty: &str,
    names: NameScheme,
) -> Vec<RelabelRule> {
    r.sections(key, empty, |r| rule(r, names))
        .into_iter()
        .flatten()
        .collect()
}

/// One rule, or `None` after noting why it is none.
pub fn rule(r: &mut Reader<'_>, names: NameScheme) -> Option<RelabelRule> {
    let source_labels = r.texts("source_labels");
    for label in &source_labels {
        if label.value.is_empty() {
            r.refuse_at(label.at, "\"\" is not a valid label name");
        }
    }
    let separator = r.text_or("separator", ";");
    let regex = read_regex(r);
    let modulus = r.uint("modulus");
    let target_label = r.text("target_label");
    let replacement = r.text_or("replacement", "$1");
    let action = r.text_or("action", "replace").to_lowercase();
    if Action::parse(&action).is_none() && !action.is_empty() {
        r.refuse("action", format!("unknown relabel action {action:?}"));
        return None;
    }
    let config = RelabelConfig {
        source_labels: source_labels.into_iter().map(|l| l.value).collect(),
        separator,
        regex,
        modulus,
        target_label,
        replacement,
        action,
    };
    config.resolve(names).inspect_err(|e| refuse(r, e)).ok()
}

/// The expression; `regex:` with nothing behind it is the empty expression.
fn read_regex(r: &mut Reader<'_>) -> Option<String> {
    let given = r.has("regex") || r.is_null("regex");
    let text = r.text("regex");
    if !given {
        return None;
    }
    r.show("regex", Out::Text(text.clone()));
    match Pattern::new(&text) {
        Ok(_) => Some(text),
        Err(e) => {
            r.refuse("regex", format!("error parsing regexp: {e}"));
            None
        }
    }
}

/// Notes a mistake at the field that it is about.
fn refuse(r: &Reader<'_>, error: &RelabelError) {
    let field = match error {
        RelabelError::NoAction | RelabelError::UnknownAction(_) => "action",
        RelabelError::Regex(_) => "regex",
        RelabelError::NoModulus => "modulus",
        RelabelError::NoTarget(_) => "target_label",
        RelabelError::BadName { field, .. } => field,
        RelabelError::ReplacementSet(_) => "replacement",
        RelabelError::OtherFields { .. } => "action",
    };
    r.refuse(field, error.to_string());
}
