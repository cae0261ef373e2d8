//! Escaping of UTF-8 names for readers that know only `[a-zA-Z_:][a-zA-Z0-9_:]*`.
//!
//! The schemes and their encodings are those of Prometheus' UTF-8 proposal, as
//! `escaping=` of a content type names them.

use std::borrow::Cow;

use binnacle_model::labels::is_legacy_metric_name;

/// How names are written for a reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Escaping {
    /// As they are, in quotes where needed.
    #[default]
    AllowUtf8,
    /// Every other character as `_`; cannot be reversed.
    Underscores,
    /// `.` as `_dot_`, `_` as `__`, every other character as `__`.
    Dots,
    /// `U__` in front, every other character as its number: `_2e_`.
    Values,
}

impl Escaping {
    /// As headers and settings name it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AllowUtf8 => "allow-utf-8",
            Self::Underscores => "underscores",
            Self::Dots => "dots",
            Self::Values => "values",
        }
    }

    /// The scheme that a header or a setting names.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::AllowUtf8, Self::Underscores, Self::Dots, Self::Values]
            .into_iter()
            .find(|e| e.as_str() == word)
    }

    /// `name` as this scheme writes it.
    #[must_use]
    pub fn escape(self, name: &str) -> Cow<'_, str> {
        let as_it_is = self == Self::AllowUtf8
            || name.is_empty()
            || (self != Self::Dots && is_legacy_metric_name(name));
        if as_it_is {
            return Cow::Borrowed(name);
        }
        let mut out = String::with_capacity(name.len() + 8);
        if self == Self::Values {
            out.push_str("U__");
        }
        for (i, c) in name.char_indices() {
            let legacy =
                c.is_ascii_alphabetic() || matches!(c, '_' | ':') || (i > 0 && c.is_ascii_digit());
            match self {
                Self::Dots | Self::Values if c == '_' => out.push_str("__"),
                _ if legacy => out.push(c),
                Self::Dots if c == '.' => out.push_str("_dot_"),
                Self::Dots => out.push_str("__"),
                Self::Values => {
                    use std::fmt::Write as _;
                    // Writing to a string does not fail.
                    let _ = write!(out, "_{:x}_", u32::from(c));
                }
                Self::Underscores | Self::AllowUtf8 => out.push('_'),
            }
        }
        Cow::Owned(out)
    }

    /// The name that [`Self::escape`] was given, as far as the scheme can be
    /// reversed; what is no encoding stays as it is.
    #[must_use]
    pub fn unescape(self, name: &str) -> Cow<'_, str> {
        match self {
            Self::AllowUtf8 | Self::Underscores => Cow::Borrowed(name),
            Self::Dots => Cow::Owned(name.replace("_dot_", ".").replace("__", "_")),
            Self::Values => match name.strip_prefix("U__").and_then(from_values) {
                Some(plain) => Cow::Owned(plain),
                None => Cow::Borrowed(name),
            },
        }
    }
}

/// Reverses [`Escaping::Values`] after its prefix.
fn from_values(text: &str) -> Option<String> {
    /// Digits of the largest character's number.
    const DIGITS_MAX: usize = 6;
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('_') {
        out.push_str(&rest[..at]);
        let (code, tail) = rest[at + 1..].split_once('_')?;
        if code.is_empty() {
            out.push('_');
        } else {
            let plain = code.len() < DIGITS_MAX && code.bytes().all(|b| b.is_ascii_hexdigit());
            let number = plain
                .then(|| u32::from_str_radix(code, 16).ok())
                .flatten()?;
            out.push(char::from_u32(number)?);
        }
        rest = tail;
    }
    out.push_str(rest);
    Some(out)
}

/// The name of a field (structured metadata) as Loki makes it of any name: every character
/// that cannot be in a label's name as `_`, `key_` before a digit, `key` before a single
/// underscore.
#[must_use]
pub fn field_name(name: &str) -> Cow<'_, str> {
    let is_plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    let prefix = match name.as_bytes() {
        [b'0'..=b'9', ..] => "key_",
        [b'_', b'_', ..] => "",
        [b'_', ..] => "key",
        // What becomes an underscore counts as one.
        [first, ..] if !first.is_ascii_alphanumeric() => "key",
        _ => "",
    };
    if is_plain && prefix.is_empty() {
        return Cow::Borrowed(name);
    }
    let mut out = String::with_capacity(prefix.len() + name.len());
    out.push_str(prefix);
    out.extend(
        name.chars()
            .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }),
    );
    Cow::Owned(out)
}

/// The name of a stream's label made of any name: every character that cannot be in it as
/// `_`, and `_` before a digit.
#[must_use]
pub fn label_name(name: &str) -> Cow<'_, str> {
    let starts_badly = name.bytes().next().is_none_or(|b| b.is_ascii_digit());
    if !starts_badly && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
        return Cow::Borrowed(name);
    }
    let mut out = String::with_capacity(1 + name.len());
    if starts_badly {
        out.push('_');
    }
    out.extend(
        name.chars()
            .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }),
    );
    Cow::Owned(out)
}
