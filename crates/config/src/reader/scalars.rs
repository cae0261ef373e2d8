//! Fields of one value.
//!
//! As in Go, where the file writes `key:` with nothing behind it, the field has its
//! type's zero value, even when its default is another one; and the zero value of
//! text, numbers and durations is the same as "not set" to most rules.

use std::path::PathBuf;
use std::time::Duration;

use binnacle_client::settings::SecretText;
use binnacle_model::duration;

use crate::yaml::{Node, Out, Scalar, Value};

use super::context::FileKind;
use super::size::{parse_size, print_size};
use super::{Placed, Reader};

/// What a field of one value holds.
enum Field<T> {
    /// It is not there, or what is there cannot be read, which has been noted.
    Absent,
    /// It is there with nothing behind it.
    Null,
    /// Its value.
    Value(T),
}

impl<T> Field<T> {
    fn or(self, default: T, zero: T) -> T {
        match self {
            Self::Absent => default,
            Self::Null => zero,
            Self::Value(value) => value,
        }
    }
}

impl Reader<'_> {
    /// Text; empty when it is not there.
    pub fn text(&mut self, key: &'static str) -> String {
        self.text_or(key, "")
    }

    /// Text, or `default` when the field is not there.
    pub fn text_or(&mut self, key: &'static str, default: &str) -> String {
        let text = self.text_field(key).or(default.to_owned(), String::new());
        if !text.is_empty() || !default.is_empty() {
            self.show(key, Out::Text(text.clone()));
        }
        text
    }

    /// Text that the effective form does not show; empty when it is not there.
    pub fn secret(&mut self, key: &'static str) -> SecretText {
        let text = self.text_field(key).or(String::new(), String::new());
        if !text.is_empty() {
            self.show(key, Out::Secret);
        }
        SecretText::new(text)
    }

    /// A URL, shown without the password in it; its form is the caller's to check.
    pub fn url(&mut self, key: &'static str) -> String {
        let text = self.text_field(key).or(String::new(), String::new());
        if !text.is_empty() {
            self.show(key, Out::Text(redact_url(&text)));
        }
        text
    }

    /// A path, seen from the directory of the file.
    pub fn path(&mut self, key: &'static str) -> Option<PathBuf> {
        let text = self.text(key);
        if text.is_empty() {
            return None;
        }
        let path = self.resolve_path(&text);
        self.show(key, Out::Text(path.display().to_string()));
        Some(path)
    }

    /// A path that `check` looks for.
    pub fn file(&mut self, key: &'static str, kind: FileKind) -> Option<PathBuf> {
        let path = self.path(key)?;
        self.context.names(self.at(key), path.clone(), kind);
        Some(path)
    }

    /// True or false; false when it is not there.
    pub fn bool(&mut self, key: &'static str) -> bool {
        let value = self.bool_field(key).or(false, false);
        if value {
            self.show(key, Out::Plain("true".to_owned()));
        }
        value
    }

    /// True or false, or `default` when it is not there; always shown.
    pub fn bool_or(&mut self, key: &'static str, default: bool) -> bool {
        let value = self.bool_field(key).or(default, false);
        self.show(key, Out::Plain(value.to_string()));
        value
    }

    /// True or false, or nothing.
    pub fn bool_maybe(&mut self, key: &'static str) -> Option<bool> {
        match self.bool_field(key) {
            Field::Value(value) => {
                self.show(key, Out::Plain(value.to_string()));
                Some(value)
            }
            Field::Absent | Field::Null => None,
        }
    }

    /// A whole number of 64 bits, or `default`.
    pub fn int_or(&mut self, key: &'static str, default: i64) -> i64 {
        let value = self.number(key, "a whole number", |s| i64::try_from(s.as_int()?).ok());
        let value = value.or(default, 0);
        if value != 0 || default != 0 {
            self.show(key, Out::Plain(value.to_string()));
        }
        value
    }

    /// A whole number that is not negative; 0 when it is not there.
    pub fn uint(&mut self, key: &'static str) -> u64 {
        self.uint_or(key, 0)
    }

    /// A whole number that is not negative, or `default`.
    pub fn uint_or(&mut self, key: &'static str, default: u64) -> u64 {
        let what = "a whole number that is not negative";
        let value = self.number(key, what, |s| u64::try_from(s.as_int()?).ok());
        let value = value.or(default, 0);
        if value != 0 || default != 0 {
            self.show(key, Out::Plain(value.to_string()));
        }
        value
    }

    /// A number; 0 when it is not there.
    pub fn float(&mut self, key: &'static str) -> f64 {
        let value = self.number(key, "a number", Scalar::as_float).or(0.0, 0.0);
        if value != 0.0 {
            self.show(key, Out::Plain(value.to_string()));
        }
        value
    }

    /// A duration, or zero.
    pub fn duration(&mut self, key: &'static str) -> Duration {
        self.duration_or(key, Duration::ZERO)
    }

    /// A duration, or `default` when it is not there.
    pub fn duration_or(&mut self, key: &'static str, default: Duration) -> Duration {
        let value = self.parsed(key, |text| {
            let ms = duration::parse(text).map_err(|e| e.to_string())?;
            Ok(Duration::from_millis(ms.unsigned_abs()))
        });
        let value = value.or(default, Duration::ZERO);
        if !value.is_zero() || !default.is_zero() {
            self.show_duration(key, value);
        }
        value
    }

    /// Shows a duration that was inferred.
    pub fn show_duration(&mut self, key: &str, value: Duration) {
        let ms = i64::try_from(value.as_millis()).unwrap_or(duration::MAX_MS);
        self.show(key, Out::Text(duration::print(ms)));
    }

    /// A size in bytes, which may be negative; 0 when it is not there.
    pub fn size(&mut self, key: &'static str) -> i64 {
        self.size_or(key, 0)
    }

    /// A size in bytes, or `default`.
    pub fn size_or(&mut self, key: &'static str, default: i64) -> i64 {
        let value = self.parsed(key, parse_size).or(default, 0);
        if value != 0 || default != 0 {
            self.show(key, Out::Text(print_size(value)));
        }
        value
    }

    /// Shows a size that was inferred.
    pub fn show_size(&mut self, key: &str, bytes: u64) {
        let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
        self.show(key, Out::Text(print_size(bytes)));
    }

    /// A value that `parse` reads from text, which says what is wrong with it.
    /// Nothing is shown.
    pub fn parsed_text<T>(
        &mut self,
        key: &'static str,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        match self.parsed(key, parse) {
            Field::Value(value) => Some(value),
            Field::Absent | Field::Null => None,
        }
    }

    /// One of some names, or `None` when the field is not there; the message of any
    /// other is `refused` of it.
    pub fn one_of<T: Copy>(
        &mut self,
        key: &'static str,
        names: &[(&str, T)],
        refused: impl FnOnce(&str) -> String,
    ) -> Option<T> {
        let text = self.text(key);
        if text.is_empty() {
            return None;
        }
        let found = names.iter().find(|(name, _)| *name == text);
        if found.is_none() {
            self.refuse(key, refused(&text));
        }
        found.map(|(_, value)| *value)
    }

    fn text_field(&mut self, key: &'static str) -> Field<String> {
        match self.take_field(key) {
            None => Field::Absent,
            Some(node) if node.is_null() => Field::Null,
            Some(node) => self.text_of(node, key).map_or(Field::Absent, Field::Value),
        }
    }

    fn bool_field(&mut self, key: &'static str) -> Field<bool> {
        self.number(key, "true or false", Scalar::as_bool)
    }

    fn number<T>(
        &mut self,
        key: &'static str,
        what: &str,
        read: impl FnOnce(&Scalar) -> Option<T>,
    ) -> Field<T> {
        let Some(node) = self.take_field(key) else {
            return Field::Absent;
        };
        if node.is_null() {
            return Field::Null;
        }
        let value = match &node.value {
            Value::Scalar(scalar) => read(scalar),
            Value::List(_) | Value::Map(_) => None,
        };
        match value {
            Some(value) => Field::Value(value),
            None => {
                self.wants(node, key, what);
                Field::Absent
            }
        }
    }

    fn parsed<T>(
        &mut self,
        key: &'static str,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Field<T> {
        match self.text_field(key) {
            Field::Value(text) => match parse(&text) {
                Ok(value) => Field::Value(value),
                Err(message) => {
                    self.refuse(key, message);
                    Field::Absent
                }
            },
            Field::Absent => Field::Absent,
            Field::Null => Field::Null,
        }
    }

    /// The text of a node, or `None` after noting that it is none.
    pub fn text_of(&self, node: &Node, key: &str) -> Option<String> {
        let Value::Scalar(scalar) = &node.value else {
            self.wants(node, key, "text");
            return None;
        };
        scalar
            .as_text()
            .inspect_err(|quoted| {
                self.context
                    .error(node.at, format!("{quoted} is not a valid value of {key:?}"));
            })
            .ok()
    }

    /// The text of `node` and its place; a mistake is noted under `key`.
    pub fn placed_text_of(&self, node: &Node, key: &str) -> Option<Placed<String>> {
        Some(Placed {
            at: node.at,
            value: self.text_of(node, key)?,
        })
    }
}

/// The URL with `xxxxx` for a password in it.
fn redact_url(url: &str) -> String {
    let redact = || {
        let (scheme, rest) = url.split_once("://")?;
        let authority = rest.split(['/', '?', '#']).next()?;
        let (user, _) = authority.rsplit_once('@')?;
        let (name, _) = user.split_once(':')?;
        Some(format!("{scheme}://{name}:xxxxx{}", &rest[user.len()..]))
    };
    redact().unwrap_or_else(|| url.to_owned())
}

#[cfg(test)]
mod tests {
    use super::redact_url;

    #[test]
    fn passwords_in_urls_are_not_shown() {
        assert_eq!(redact_url("http://a:b@c/d?e"), "http://a:xxxxx@c/d?e");
        assert_eq!(redact_url("http://a@c/d"), "http://a@c/d");
        assert_eq!(redact_url("http://c/d:e@f"), "http://c/d:e@f");
        assert_eq!(redact_url("x"), "x");
    }
}
