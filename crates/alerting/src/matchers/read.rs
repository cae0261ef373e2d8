//! Matchers in the configuration: the lists of today and the two mappings of old.

use binnacle_config::error::ConfigError;
use binnacle_config::reader::Reader;
use binnacle_config::yaml::Out;
use binnacle_model::labels::is_legacy_label_name;
use binnacle_model::{MatchOp, Matcher};

use super::{Language, matcher, print, sort};

/// The keys under which one section has its matchers.
#[derive(Debug, Clone, Copy)]
pub struct Keys {
    /// A mapping of equal values; deprecated.
    pub equal: &'static str,
    /// A mapping of regular expressions; deprecated.
    pub regex: &'static str,
    /// A list of matchers.
    pub list: &'static str,
}

/// Takes the matchers under all three keys: those of the mappings first.
pub fn read(r: &mut Reader<'_>, keys: Keys, language: Language) -> Vec<Matcher> {
    let mut matchers = read_equal(r, keys.equal);
    matchers.extend(read_regex(r, keys.regex));
    for key in [keys.equal, keys.regex] {
        if r.has(key) {
            let message = format!(
                "{key} is deprecated, and gone in Alertmanager 1.0; {} takes the same",
                keys.list
            );
            warn(r, key, message);
        }
    }
    matchers.extend(read_list(r, keys.list, language));
    matchers
}

fn warn(r: &Reader<'_>, key: &str, message: String) {
    let context = r.context();
    context.warn(ConfigError::new(context.file(), r.at(key), message));
}

fn read_equal(r: &mut Reader<'_>, key: &'static str) -> Vec<Matcher> {
    let mut matchers = Vec::new();
    for (name, value) in r.text_map(key) {
        if is_legacy_label_name(&name.value) {
            matchers.push(Matcher::equal(name.value, value.value));
        } else {
            r.refuse_at(name.at, format!("invalid label name {:?}", name.value));
        }
    }
    matchers
}

/// The expression keeps the anchors that Alertmanager puts around it: they are part
/// of group keys.
fn read_regex(r: &mut Reader<'_>, key: &'static str) -> Vec<Matcher> {
    let mut matchers = Vec::new();
    for (name, value) in r.text_map(key) {
        if !is_legacy_label_name(&name.value) {
            r.refuse_at(name.at, format!("invalid label name {:?}", name.value));
        } else if r.is_null_in(key, &name.value) {
            r.refuse_at(
                name.at,
                format!("invalid regexp value for {:?}", name.value),
            );
        } else {
            let anchored = format!("^(?:{})$", value.value);
            match matcher(&name.value, MatchOp::Regex, anchored) {
                Ok(matcher) => matchers.push(matcher),
                Err(why) => r.refuse_at(value.at, why),
            }
        }
    }
    matchers
}

fn read_list(r: &mut Reader<'_>, key: &'static str, language: Language) -> Vec<Matcher> {
    let mut matchers = Vec::new();
    for text in r.texts(key) {
        match language.parse(&text.value) {
            Ok((found, note)) => {
                matchers.extend(found);
                if let Some(note) = note {
                    let context = r.context();
                    let message = format!("matchers {:?}: {note}", text.value);
                    context.warn(ConfigError::new(context.file(), text.at, message));
                }
            }
            Err(why) => r.refuse_at(text.at, why.to_string()),
        }
    }
    sort(&mut matchers);
    if !matchers.is_empty() {
        let out = matchers.iter().map(|m| Out::Text(print(m)));
        r.show(key, Out::List(out.collect()));
    }
    matchers
}
