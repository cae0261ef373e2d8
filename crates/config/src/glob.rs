//! File names with `*`, `?` and `[...]`, as Go's `filepath.Glob` expands them.

use std::path::{Component, Path, PathBuf};

/// The files that match `pattern`, sorted; none when nothing does. A pattern
/// without wildcards matches the file of that name, when there is one.
#[must_use]
pub fn expand(pattern: &Path) -> Vec<PathBuf> {
    let mut found = vec![PathBuf::new()];
    for component in pattern.components() {
        let part = component.as_os_str();
        let Some(text) = part.to_str().filter(|t| has_wildcard(t)) else {
            found.iter_mut().for_each(|path| path.push(part));
            continue;
        };
        if !matches!(component, Component::Normal(_)) {
            continue;
        }
        found = found.iter().flat_map(|dir| matching(dir, text)).collect();
    }
    found.retain(|path| path.exists());
    found.sort();
    found
}

/// Whether `text` holds a wildcard.
#[must_use]
pub fn has_wildcard(text: &str) -> bool {
    text.contains(['*', '?', '['])
}

fn matching(dir: &Path, pattern: &str) -> Vec<PathBuf> {
    let pattern: Vec<char> = pattern.chars().collect();
    let here = if dir.as_os_str().is_empty() {
        Path::new(".")
    } else {
        dir
    };
    let Ok(entries) = std::fs::read_dir(here) else {
        return Vec::new();
    };
    entries
        .filter_map(Result::ok)
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| matches(&pattern, &name.chars().collect::<Vec<_>>()))
        .map(|name| dir.join(name))
        .collect()
}

/// Whether all of `name` matches; the work is bounded by the product of the lengths.
fn matches(pattern: &[char], name: &[char]) -> bool {
    let (mut p, mut n) = (0, 0);
    // Where the last `*` stood, and how much of the name it has taken.
    let mut star: Option<(usize, usize)> = None;
    while n < name.len() {
        if pattern.get(p) == Some(&'*') {
            star = Some((p, n));
            p += 1;
        } else if let Some(used) = match_one(&pattern[p.min(pattern.len())..], name[n]) {
            p += used;
            n += 1;
        } else if let Some((at, taken)) = star {
            star = Some((at, taken + 1));
            p = at + 1;
            n = taken + 1;
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

/// How many characters of `pattern` match the one character `c`, if they do.
fn match_one(pattern: &[char], c: char) -> Option<usize> {
    match pattern.first()? {
        '?' => Some(1),
        '[' => match_class(pattern, c),
        '\\' => (pattern.get(1) == Some(&c)).then_some(2),
        other => (*other == c).then_some(1),
    }
}

fn match_class(pattern: &[char], c: char) -> Option<usize> {
    let negated = pattern.get(1) == Some(&'^');
    let start = if negated { 2 } else { 1 };
    let end = start + pattern.get(start..)?.iter().position(|c| *c == ']')?;
    let class = &pattern[start..end];
    let mut i = 0;
    let mut inside = false;
    while i < class.len() {
        let (low, high, used) = match class.get(i + 1..i + 3) {
            Some(['-', high]) => (class[i], *high, 3),
            _ => (class[i], class[i], 1),
        };
        inside |= (low..=high).contains(&c);
        i += used;
    }
    (inside != negated).then_some(end + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        let check = |pattern: &str, name: &str, want: bool| {
            let (p, n): (Vec<char>, Vec<char>) =
                (pattern.chars().collect(), name.chars().collect());
            assert_eq!(matches(&p, &n), want, "{pattern} {name}");
        };
        check("*.yml", "a.yml", true);
        check("*.yml", "a.yaml", false);
        check("a?c", "abc", true);
        check("a?c", "ac", false);
        check("*a*b", "xaxbxb", true);
        check("[a-c]x", "bx", true);
        check("[^a-c]x", "bx", false);
        check("[", "[", false);
        check("", "", true);
        check("***", "", true);
        check("a*", "b", false);
    }
}
