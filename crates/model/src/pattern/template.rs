//! Replacement templates in Go's syntax (`regexp.Expand`): `$1`, `${1}`,
//! `${name}`, `$$`. A name without braces is as long as it can be: `$1x` is the
//! group called `1x`, which is not there and so is empty. A `$` that starts none
//! of these stands for itself.

/// A piece of a template.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Part<'a> {
    /// Text as it is.
    Text(&'a str),
    /// A capture group by its number or name.
    Group(&'a str),
}

/// Cuts a template into its pieces.
pub(super) fn parts(template: &str) -> impl Iterator<Item = Part<'_>> {
    let mut rest = template;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let Some(after) = rest.strip_prefix('$') else {
            let (text, tail) = rest.split_at(rest.find('$').unwrap_or(rest.len()));
            rest = tail;
            return Some(Part::Text(text));
        };
        if let Some(tail) = after.strip_prefix('$') {
            rest = tail;
            return Some(Part::Text("$"));
        }
        if let Some((name, tail)) = group(after) {
            rest = tail;
            return Some(Part::Group(name));
        }
        rest = after;
        Some(Part::Text("$"))
    })
}

/// The name of a group after a `$`, and what follows it.
fn group(text: &str) -> Option<(&str, &str)> {
    let braced = text.strip_prefix('{');
    let names = braced.unwrap_or(text);
    let end = names
        .find(|c: char| !(c.is_alphanumeric() || c == '_'))
        .unwrap_or(names.len());
    let (name, tail) = names.split_at(end);
    if name.is_empty() {
        return None;
    }
    match braced {
        Some(_) => tail.strip_prefix('}').map(|tail| (name, tail)),
        None => Some((name, tail)),
    }
}

/// The number that `name` is, unless it is a name: digits without a leading zero.
pub(super) fn group_number(name: &str) -> Option<usize> {
    let numeric = name.bytes().all(|b| b.is_ascii_digit());
    let padded = name.len() > 1 && name.starts_with('0');
    if numeric && !padded {
        name.parse().ok()
    } else {
        None
    }
}
