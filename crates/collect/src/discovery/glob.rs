//! File name patterns: `*`, `?` and `[...]` in the last part of a path.

use std::path::{Path, PathBuf};

/// The files that a pattern names, ascending. A pattern without special characters
/// names one file, whether it is there or not.
pub(super) fn files(pattern: &Path) -> Vec<PathBuf> {
    let Some(name) = pattern.file_name().and_then(|n| n.to_str()) else {
        return Vec::new();
    };
    if !name.contains(['*', '?', '[']) {
        return vec![pattern.to_owned()];
    }
    let parent = match pattern.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    let Ok(entries) = std::fs::read_dir(parent) else {
        return Vec::new();
    };
    let mut found: Vec<PathBuf> = entries
        .flatten()
        .filter(|e| {
            e.file_name()
                .to_str()
                .is_some_and(|n| matches(name.as_bytes(), n.as_bytes()))
        })
        .map(|e| e.path())
        .collect();
    found.sort_unstable();
    found
}

fn matches(pattern: &[u8], name: &[u8]) -> bool {
    match pattern.first() {
        None => name.is_empty(),
        Some(b'*') => (0..=name.len()).any(|skip| matches(&pattern[1..], &name[skip..])),
        Some(b'?') => !name.is_empty() && matches(&pattern[1..], &name[1..]),
        Some(b'[') => match (pattern.iter().position(|b| *b == b']'), name.first()) {
            (Some(end), Some(byte)) => {
                in_class(&pattern[1..end], *byte) && matches(&pattern[end + 1..], &name[1..])
            }
            _ => false,
        },
        Some(byte) => name.first() == Some(byte) && matches(&pattern[1..], &name[1..]),
    }
}

fn in_class(class: &[u8], byte: u8) -> bool {
    let (negated, mut class) = match class.split_first() {
        Some((b'^', rest)) => (true, rest),
        _ => (false, class),
    };
    let mut found = false;
    while let Some((first, rest)) = class.split_first() {
        class = match rest {
            [b'-', last, rest @ ..] => {
                found |= (*first..=*last).contains(&byte);
                rest
            }
            _ => {
                found |= *first == byte;
                rest
            }
        };
    }
    found != negated
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn patterns() {
        let check = |pattern: &str, name: &str, want: bool| {
            assert_eq!(
                matches(pattern.as_bytes(), name.as_bytes()),
                want,
                "{pattern} {name}"
            );
        };
        check("*.json", "a.json", true);
        check("*.json", "a.yml", false);
        check("a*b*c", "aXXbYc", true);
        check("?.yml", "a.yml", true);
        check("?.yml", "ab.yml", false);
        check("[a-c]x", "bx", true);
        check("[^a-c]x", "bx", false);
        check("[ab", "a", false);
    }
}
