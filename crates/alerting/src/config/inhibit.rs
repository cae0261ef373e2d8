//! `inhibit_rules`: alerts that keep others back.

use binnacle_config::error::ConfigError;
use binnacle_config::reader::Reader;
use binnacle_model::Matcher;

use crate::matchers::Language;
use crate::matchers::read::{Keys, read as read_matchers};

/// While an alert that fulfils the source's matchers fires, those that fulfil the
/// target's are kept back, when both have the same values of some labels.
#[derive(Debug, Clone, PartialEq)]
pub struct InhibitRule {
    /// What it is called; may be empty, and two may be called the same.
    pub name: String,
    /// Which alerts keep others back; none: all.
    pub source_matchers: Vec<Matcher>,
    /// Which alerts are kept back; none: all.
    pub target_matchers: Vec<Matcher>,
    /// Labels that must be equal in both, ascending; one that neither has is equal.
    pub equal: Vec<String>,
}

/// Takes the fields of one rule.
pub(super) fn read(r: &mut Reader<'_>, language: Language) -> InhibitRule {
    let source = Keys {
        equal: "source_match",
        regex: "source_match_re",
        list: "source_matchers",
    };
    let target = Keys {
        equal: "target_match",
        regex: "target_match_re",
        list: "target_matchers",
    };
    let rule = InhibitRule {
        name: r.text("name"),
        source_matchers: read_matchers(r, source, language),
        target_matchers: read_matchers(r, target, language),
        equal: read_equal(r, language),
    };
    for (keys, matchers, what) in [
        (
            source,
            &rule.source_matchers,
            "every alert keeps others back",
        ),
        (target, &rule.target_matchers, "every alert is kept back"),
    ] {
        let given = [keys.equal, keys.regex, keys.list].iter().any(|k| r.has(k));
        if matchers.is_empty() && !given {
            let message = format!("inhibit rule without {}: {what}", keys.list);
            let context = r.context();
            context.warn(ConfigError::new(context.file(), r.at(keys.list), message));
        }
    }
    rule
}

fn read_equal(r: &mut Reader<'_>, language: Language) -> Vec<String> {
    let mut names = Vec::new();
    for text in r.texts("equal") {
        if language.is_valid_label_name(&text.value) {
            names.push(text.value);
        } else {
            let message = format!("invalid label name {:?} in equal list", text.value);
            r.refuse_at(text.at, message);
        }
    }
    names.sort_unstable();
    names.dedup();
    names
}
