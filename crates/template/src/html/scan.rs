//! Follows the texts of a page, as a browser reads them.

use super::context::{Attr, Context, Delim, Element, Place, Url};
use super::script;
use crate::format::quote;

/// A text passed: the context behind it, and how many bytes it took.
type Passed = Result<(Context, usize), String>;

const SPACE: [char; 5] = [' ', '\t', '\n', '\u{c}', '\r'];

fn is_space(c: char) -> bool {
    SPACE.contains(&c)
}

/// Passes the text up to the next change of context, or its end.
pub(super) fn step(context: Context, text: &str) -> Passed {
    match context.delim {
        Delim::None => {
            let end = match end_of_element(context.element, text) {
                // The end tag ends scripts and the like whatever is open in them.
                Some(0) if !in_tag(context.place) => return Ok((Context::default(), 0)),
                Some(end) if !in_tag(context.place) => end,
                _ => text.len(),
            };
            pass(context, &text[..end])
        }
        delim => attribute(context, delim, text),
    }
}

fn in_tag(place: Place) -> bool {
    matches!(
        place,
        Place::Tag | Place::AttrName | Place::AfterName | Place::BeforeValue
    )
}

/// Where the end tag of an element begins.
fn end_of_element(element: Element, text: &str) -> Option<usize> {
    if element == Element::None {
        return None;
    }
    let name = element.name();
    text.match_indices("</").map(|(at, _)| at).find(|at| {
        let rest = &text[at + 2..];
        rest.get(..name.len())
            .is_some_and(|head| head.eq_ignore_ascii_case(name))
            && rest[name.len()..].starts_with(['>', ' ', '\t', '\n', '\u{c}', '/'])
    })
}

/// Within the value of an attribute.
fn attribute(context: Context, delim: Delim, text: &str) -> Passed {
    let found = match delim {
        Delim::Double => text.find('"'),
        Delim::Single => text.find('\''),
        _ => text.find(|c| is_space(c) || c == '>'),
    };
    let end = found.unwrap_or(text.len());
    if delim == Delim::Space
        && let Some(bad) = text[..end].find(['"', '\'', '<', '=', '`'])
    {
        let (bad, value) = (quote(&text[bad..=bad]), quote(&text[..end]));
        return Err(format!("{bad} in unquoted attr: {value}"));
    }
    if found.is_none() {
        // What the browser makes of the value decides.
        let value = unescape(text);
        let mut rest = &value[..];
        let mut within = context;
        while !rest.is_empty() {
            let (next, passed) = pass(within, rest)?;
            within = next;
            rest = &rest[passed..];
        }
        return Ok((within, text.len()));
    }
    let mut element = context.element;
    let typed = context.place == Place::Attr && context.attr == Attr::ScriptType;
    if typed && element == Element::Script && !script::is_script_type(&text[..end]) {
        element = Element::None;
    }
    let quote = usize::from(delim != Delim::Space);
    let behind = Context {
        element,
        ..Context::at(Place::Tag)
    };
    Ok((behind, end + quote))
}

/// Passes text in one place.
fn pass(context: Context, text: &str) -> Passed {
    match context.place {
        Place::Text => Ok(pass_text(context, text)),
        Place::Tag => pass_tag(context, text),
        Place::AttrName => {
            let end = attr_name(text)?;
            let place = if end == text.len() {
                Place::AttrName
            } else {
                Place::AfterName
            };
            Ok((Context { place, ..context }, end))
        }
        Place::AfterName => Ok(after_name(context, text)),
        Place::BeforeValue => Ok(before_value(context, text)),
        Place::Comment => Ok(match text.find("-->") {
            Some(end) => (Context::default(), end + 3),
            None => (context, text.len()),
        }),
        Place::Rcdata | Place::Attr | Place::Dead => Ok((context, text.len())),
        Place::Url | Place::Srcset => Ok((pass_url(context, text), text.len())),
        Place::Script => script::pass_script(context, text),
        Place::ScriptString(_) | Place::ScriptRegexp => script::pass_string(context, text),
        Place::ScriptBlockComment => Ok(block_comment(context, text, Place::Script)),
        Place::StyleBlockComment => Ok(block_comment(context, text, Place::Style)),
        Place::ScriptLineComment => Ok(line_comment(
            context,
            text,
            &['\n', '\r', '\u{2028}', '\u{2029}'],
            Place::Script,
        )),
        Place::StyleLineComment => Ok(line_comment(
            context,
            text,
            &['\n', '\u{c}', '\r'],
            Place::Style,
        )),
        Place::Style => Ok(pass_style(context, text)),
        Place::StyleString(mark) => Ok(style_string(context, text, mark)),
    }
}

fn pass_text(context: Context, text: &str) -> (Context, usize) {
    for (at, _) in text.match_indices('<') {
        let rest = &text[at + 1..];
        if rest.starts_with("!--") {
            return (Context::at(Place::Comment), at + 4);
        }
        let slash = usize::from(rest.starts_with('/'));
        let name = tag_name(&rest[slash..]);
        if !name.is_empty() {
            let element = match slash {
                0 => Element::of(&name.to_ascii_lowercase()),
                _ => Element::None,
            };
            let tag = Context {
                element,
                ..Context::at(Place::Tag)
            };
            return (tag, at + 1 + slash + name.len());
        }
    }
    (context, text.len())
}

/// A letter, and then letters, digits, and colons and hyphens between them.
fn tag_name(text: &str) -> &str {
    let bytes = text.as_bytes();
    if !bytes.first().is_some_and(u8::is_ascii_alphabetic) {
        return "";
    }
    let word = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_alphanumeric);
    let mut end = 1;
    loop {
        if word(end) {
            end += 1;
        } else if matches!(bytes.get(end), Some(b':' | b'-')) && word(end + 1) {
            end += 2;
        } else {
            return &text[..end];
        }
    }
}

fn pass_tag(context: Context, text: &str) -> Passed {
    let start = text.len() - text.trim_start_matches(SPACE).len();
    let rest = &text[start..];
    if rest.is_empty() {
        return Ok((context, text.len()));
    }
    if rest.starts_with('>') {
        let content = Context {
            element: context.element,
            ..Context::at(context.element.content())
        };
        return Ok((content, start + 1));
    }
    let length = attr_name(rest)?;
    if length == 0 {
        let rest = quote(rest);
        return Err(format!(
            "expected space, attr name, or end of tag, but got {rest}"
        ));
    }
    let name = rest[..length].to_ascii_lowercase();
    let attr = if context.element == Element::Script && name == "type" {
        Attr::ScriptType
    } else {
        Attr::of(&name)
    };
    let place = if length == rest.len() {
        Place::AttrName
    } else {
        Place::AfterName
    };
    let named = Context {
        element: context.element,
        attr,
        ..Context::at(place)
    };
    Ok((named, start + length))
}

/// Length of an attribute's name.
fn attr_name(text: &str) -> Result<usize, String> {
    for (at, c) in text.char_indices() {
        match c {
            '=' | '>' => return Ok(at),
            c if is_space(c) => return Ok(at),
            '\'' | '"' | '<' => {
                let around: String = text.chars().take(32).collect();
                let bad = quote(&text[at..=at]);
                return Err(format!("{bad} in attribute name: {}", quote(&around)));
            }
            _ => {}
        }
    }
    Ok(text.len())
}

fn after_name(context: Context, text: &str) -> (Context, usize) {
    let start = text.len() - text.trim_start_matches(SPACE).len();
    let place = match text[start..].bytes().next() {
        None => return (context, text.len()),
        Some(b'=') => Place::BeforeValue,
        Some(_) => Place::Tag,
    };
    let passed = start + usize::from(place == Place::BeforeValue);
    (Context { place, ..context }, passed)
}

fn before_value(context: Context, text: &str) -> (Context, usize) {
    let start = text.len() - text.trim_start_matches(SPACE).len();
    let (delim, length) = match text[start..].bytes().next() {
        None => return (context, text.len()),
        Some(b'\'') => (Delim::Single, 1),
        Some(b'"') => (Delim::Double, 1),
        Some(_) => (Delim::Space, 0),
    };
    let value = Context {
        place: context.attr.value(),
        delim,
        ..context
    };
    (value, start + length)
}

fn pass_url(context: Context, text: &str) -> Context {
    let mut url = context.url;
    if text.contains(['#', '?']) {
        url = Url::Query;
    } else if url == Url::Nothing && !text.trim_start_matches(SPACE).is_empty() {
        url = Url::Path;
    }
    Context { url, ..context }
}

fn block_comment(context: Context, text: &str, behind: Place) -> (Context, usize) {
    match text.find("*/") {
        Some(end) => (
            Context {
                place: behind,
                ..context
            },
            end + 2,
        ),
        None => (context, text.len()),
    }
}

/// The end of the line does not belong to the comment.
fn line_comment(context: Context, text: &str, ends: &[char], behind: Place) -> (Context, usize) {
    match text.find(ends) {
        Some(end) => (
            Context {
                place: behind,
                ..context
            },
            end,
        ),
        None => (context, text.len()),
    }
}

fn pass_style(context: Context, text: &str) -> (Context, usize) {
    let to = |place, passed| (Context { place, ..context }, passed);
    for (at, mark) in text.match_indices(['(', '"', '\'', '/']) {
        let rest = &text[at + 1..];
        match mark {
            "(" => {
                let before = text[..at].trim_end_matches(SPACE);
                let is_url = before.len() >= 3
                    && before
                        .get(before.len() - 3..)
                        .is_some_and(|word| word.eq_ignore_ascii_case("url"));
                if is_url {
                    let inner = rest.trim_start_matches(SPACE);
                    let start = text.len() - inner.len();
                    return match inner.chars().next() {
                        Some(quote @ ('"' | '\'')) => to(Place::StyleString(quote), start + 1),
                        _ => to(Place::StyleString(')'), start),
                    };
                }
            }
            "/" if rest.starts_with('/') => return to(Place::StyleLineComment, at + 2),
            "/" if rest.starts_with('*') => return to(Place::StyleBlockComment, at + 2),
            "/" => {}
            "\"" => return to(Place::StyleString('"'), at + 1),
            _ => return to(Place::StyleString('\''), at + 1),
        }
    }
    (context, text.len())
}

fn style_string(context: Context, text: &str, mark: char) -> (Context, usize) {
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        if c == '\\' {
            chars.next();
        } else if c == mark || (mark == ')' && is_space(c)) {
            let style = Context {
                place: Place::Style,
                ..context
            };
            return (style, at + 1);
        }
    }
    (context, text.len())
}

/// Entities that can change what a value means.
fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let entity = rest
            .find(';')
            .and_then(|end| Some((entity(&rest[1..end])?, end)));
        match entity {
            Some((c, end)) => {
                out.push(c);
                rest = &rest[end + 1..];
            }
            None => {
                out.push('&');
                rest = &rest[1..];
            }
        }
    }
    out.push_str(rest);
    out
}

fn entity(name: &str) -> Option<char> {
    Some(match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        "num" => '#',
        "quest" => '?',
        "sol" => '/',
        "colon" => ':',
        "lpar" => '(',
        "rpar" => ')',
        "bsol" => '\\',
        "grave" => '`',
        "nbsp" => '\u{a0}',
        _ => {
            let digits = name.strip_prefix('#')?;
            let code = match digits.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => digits.parse().ok()?,
            };
            char::from_u32(code)?
        }
    })
}
