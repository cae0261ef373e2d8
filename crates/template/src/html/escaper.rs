//! The escapers, as functions at the end of pipelines. Their names show in messages.

use std::fmt::Write;
use std::sync::{Arc, LazyLock};

use super::context::Attr;
use crate::format;
use crate::functions::{Call, Function, Type};
use crate::value::{Safe, Value};

/// What stands in place of something that no escaping makes safe.
const UNSAFE: &str = "ZgotmplZ";

/// An escaper.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Escaper {
    Html,
    Rcdata,
    Attr,
    /// For values without quotes.
    Nospace,
    Name,
    Comment,
    UrlFilter,
    /// Leaves the characters alone that mean something in a URL.
    UrlNormalizer,
    UrlPart,
    Srcset,
    ScriptValue,
    ScriptString,
    StyleValue,
    /// The arguments as one text, before an escaper of the template's own.
    Arguments,
}

/// An escaper with its name and function.
type Named = (Escaper, Arc<str>, Arc<Function>);

const ALL: [(Escaper, &str, Call); 14] = [
    (Escaper::Html, "_html_template_htmlescaper", |a| {
        text(a, html)
    }),
    (Escaper::Rcdata, "_html_template_rcdataescaper", |a| {
        text(a, rcdata)
    }),
    (Escaper::Attr, "_html_template_attrescaper", |a| {
        text(a, attr)
    }),
    (Escaper::Nospace, "_html_template_nospaceescaper", |a| {
        text(a, nospace)
    }),
    (Escaper::Name, "_html_template_htmlnamefilter", |a| {
        text(a, name)
    }),
    (Escaper::Comment, "_html_template_commentescaper", |_| {
        Ok("".into())
    }),
    (Escaper::UrlFilter, "_html_template_urlfilter", |a| {
        Ok(url_filter(a))
    }),
    (
        Escaper::UrlNormalizer,
        "_html_template_urlnormalizer",
        |a| text(a, |s, _| url(s, true)),
    ),
    (Escaper::UrlPart, "_html_template_urlescaper", |a| {
        text(a, |s, kind| url(s, kind == Some(Safe::Url)))
    }),
    (Escaper::Srcset, "_html_template_srcsetescaper", |a| {
        text(a, srcset)
    }),
    (
        Escaper::ScriptValue,
        "_html_template_jsvalescaper",
        script_value,
    ),
    (Escaper::ScriptString, "_html_template_jsstrescaper", |a| {
        text(a, script_string)
    }),
    (Escaper::StyleValue, "_html_template_cssvaluefilter", |a| {
        text(a, style_value)
    }),
    (Escaper::Arguments, "_eval_args_", |a| {
        text(a, |s, _| s.to_owned())
    }),
];

impl Escaper {
    pub(super) fn function(self) -> (Arc<str>, Arc<Function>) {
        static FUNCTIONS: LazyLock<Vec<Named>> = LazyLock::new(|| {
            let function = |name, call| Function::plain(name, &[], call).with_rest(Type::Any);
            ALL.iter()
                .map(|(e, name, call)| (*e, Arc::from(*name), Arc::new(function(name, *call))))
                .collect()
        });
        let found = FUNCTIONS.iter().find(|(escaper, ..)| *escaper == self);
        let (_, name, function) = found.unwrap_or(&FUNCTIONS[0]);
        (name.clone(), function.clone())
    }

    /// The function of the language that does the same.
    pub(super) fn asked_for(self) -> Option<&'static str> {
        match self {
            Self::Html | Self::Rcdata | Self::Attr => Some("html"),
            Self::UrlPart | Self::UrlNormalizer => Some("urlquery"),
            _ => None,
        }
    }
}

/// The arguments as one text, and whether it is safe somewhere. Nil is no text.
fn stringify(args: &[Value]) -> (String, Option<Safe>) {
    if let [Value::Safe(kind, text)] = args {
        return (text.to_string(), Some(*kind));
    }
    let present: Vec<Value> = args.iter().filter(|v| !v.is_nil()).cloned().collect();
    (format::print(&present), None)
}

fn text(args: &[Value], escape: fn(&str, Option<Safe>) -> String) -> Result<Value, String> {
    if let [Value::Str(text)] = args {
        return Ok(escape(text, None).into());
    }
    let (text, kind) = stringify(args);
    Ok(escape(&text, kind).into())
}

fn replace(text: &str, entity: impl Fn(char) -> Option<&'static str>) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match entity(c) {
            Some(entity) => out.push_str(entity),
            None => out.push(c),
        }
    }
    out
}

fn entity(c: char) -> Option<&'static str> {
    Some(match c {
        '\0' => "\u{fffd}",
        '"' => "&#34;",
        '&' => "&amp;",
        '\'' => "&#39;",
        '+' => "&#43;",
        '<' => "&lt;",
        '>' => "&gt;",
        _ => return None,
    })
}

/// For HTML that is safe as such: entities in it stay.
fn entity_but_ampersand(c: char) -> Option<&'static str> {
    entity(c).filter(|_| c != '&')
}

fn html(text: &str, kind: Option<Safe>) -> String {
    match kind {
        Some(Safe::Html) => text.to_owned(),
        _ => replace(text, entity),
    }
}

fn rcdata(text: &str, kind: Option<Safe>) -> String {
    match kind {
        Some(Safe::Html) => replace(text, entity_but_ampersand),
        _ => replace(text, entity),
    }
}

fn attr(text: &str, kind: Option<Safe>) -> String {
    match kind {
        Some(Safe::Html) => replace(&strip_tags(text), entity_but_ampersand),
        _ => replace(text, entity),
    }
}

fn nospace(text: &str, kind: Option<Safe>) -> String {
    let wide = |c: char| {
        Some(match c {
            '\0' => "&#xfffd;",
            '\t' => "&#9;",
            '\n' => "&#10;",
            '\u{b}' => "&#11;",
            '\u{c}' => "&#12;",
            '\r' => "&#13;",
            ' ' => "&#32;",
            '=' => "&#61;",
            '`' => "&#96;",
            c => return entity(c),
        })
    };
    match kind {
        Some(Safe::Html) => replace(&strip_tags(text), |c| wide(c).filter(|_| c != '&')),
        // An empty value without quotes would swallow what follows it.
        _ if text.is_empty() => UNSAFE.to_owned(),
        _ => replace(text, wide),
    }
}

/// The text of HTML that is safe, for places where tags are no tags.
fn strip_tags(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('<') {
        out.push_str(&rest[..at]);
        let tag = &rest[at..];
        let is_tag =
            tag[1..].starts_with(|c: char| c.is_ascii_alphabetic() || c == '/' || c == '!');
        if !is_tag {
            out.push('<');
            rest = &tag[1..];
            continue;
        }
        let mut open = None;
        let end = tag.char_indices().find(|(_, c)| {
            match (open, *c) {
                (None, '"' | '\'') => open = Some(*c),
                (Some(quote), c) if c == quote => open = None,
                (None, '>') => return true,
                _ => {}
            }
            false
        });
        rest = end.map_or("", |(end, _)| &tag[end + 1..]);
    }
    out.push_str(rest);
    out
}

fn name(text: &str, _: Option<Safe>) -> String {
    let lower = text.to_lowercase();
    if Attr::may_be_chosen(&lower) {
        lower
    } else {
        UNSAFE.to_owned()
    }
}

/// Refuses URLs that run scripts. What is a URL already stays one.
fn url_filter(args: &[Value]) -> Value {
    let (text, kind) = stringify(args);
    match kind {
        Some(Safe::Url) => Value::Safe(Safe::Url, text.into()),
        _ if is_safe_url(&text) => text.into(),
        _ => format!("#{UNSAFE}").into(),
    }
}

fn is_safe_url(text: &str) -> bool {
    match text.split_once(':') {
        Some((scheme, _)) if !scheme.contains('/') => ["http", "https", "mailto"]
            .iter()
            .any(|s| scheme.eq_ignore_ascii_case(s)),
        _ => true,
    }
}

/// Escapes bytes that a URL, or a part of one, cannot have.
fn url(text: &str, normalize: bool) -> String {
    let bytes = text.as_bytes();
    let mut out = String::with_capacity(text.len() + 16);
    for (at, byte) in bytes.iter().enumerate() {
        let keep = match byte {
            b'-' | b'.' | b'_' | b'~' => true,
            b'%' => {
                let hex = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_hexdigit);
                normalize && hex(at + 1) && hex(at + 2)
            }
            b if b"!#$&*+,/:;=?@[]".contains(b) => normalize,
            b => b.is_ascii_alphanumeric(),
        };
        if keep {
            out.push(char::from(*byte));
        } else {
            // Writing to a string does not fail.
            let _ = write!(out, "%{byte:02x}");
        }
    }
    out
}

/// Addresses with sizes, between commas.
fn srcset(text: &str, kind: Option<Safe>) -> String {
    if kind == Some(Safe::Url) {
        return url(text, true).replace(',', "%2c");
    }
    let image = |part: &str| {
        let trimmed = part.trim_start();
        let lead = &part[..part.len() - trimmed.len()];
        let end = trimmed.find(char::is_whitespace).unwrap_or(trimmed.len());
        let (address, sizes) = trimmed.split_at(end);
        let plain = sizes
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c.is_ascii_whitespace());
        if is_safe_url(address) && plain {
            format!("{lead}{}{sizes}", url(address, true))
        } else {
            format!("#{UNSAFE}")
        }
    };
    text.split(',').map(image).collect::<Vec<_>>().join(",")
}

/// A value of a script: JSON, with spaces where it could join what is around it.
fn script_value(args: &[Value]) -> Result<Value, String> {
    let value = match args {
        [Value::Safe(_, text)] => Value::Str(text.clone()),
        [value] => value.clone(),
        args => format::print(args).into(),
    };
    let json = match crate::alertmanager::to_json(&value) {
        Ok(json) => json,
        Err(e) => return Ok(format!(" /* {} */null ", e.replace("*/", "* /")).into()),
    };
    // Numbers and words are apart from the words around them.
    let apart = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_' || c == '$';
    let open = json.starts_with(apart);
    let close = json.ends_with(apart);
    let (before, after) = (if open { " " } else { "" }, if close { " " } else { "" });
    Ok(format!("{before}{json}{after}").into())
}

/// A part of a string of a script.
fn script_string(text: &str, _: Option<Safe>) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        // Writing to a string does not fail.
        let _ = match c {
            '\t' => out.write_str("\\t"),
            '\n' => out.write_str("\\n"),
            '\u{c}' => out.write_str("\\f"),
            '\r' => out.write_str("\\r"),
            '/' => out.write_str("\\/"),
            '\\' => out.write_str("\\\\"),
            '"' | '&' | '\'' | '+' | '<' | '>' | '`' | '\0' | '\u{b}' | '\u{2028}' | '\u{2029}' => {
                write!(out, "\\u{:04x}", u32::from(c))
            }
            c => out.write_char(c),
        };
    }
    out
}

/// A value of a style: words, numbers, colours and quantities, and nothing that could
/// end it or run something.
fn style_value(text: &str, _: Option<Safe>) -> String {
    let harmless = |c: char| {
        c.is_ascii_alphanumeric()
            || matches!(
                c,
                ' ' | '\t' | '#' | '%' | '.' | ',' | '-' | '+' | '!' | '_'
            )
    };
    let words: String = text.chars().filter(char::is_ascii_alphanumeric).collect();
    let words = words.to_ascii_lowercase();
    let runs = words.contains("expression") || words.contains("mozbinding");
    if !text.chars().all(harmless) || text.contains("--") || runs {
        return UNSAFE.to_owned();
    }
    text.to_owned()
}
