//! Environment variables in values: `${NAME}` and `$NAME`, as Go's `os.Expand`
//! replaces them; `$$` is a dollar sign.

/// Looks a variable up.
pub type Environment<'a> = dyn Fn(&str) -> Option<String> + 'a;

/// `text` with its variables replaced, and the names of those that are not set or
/// empty, which are replaced by nothing.
#[must_use]
pub fn expand(text: &str, environment: &Environment<'_>) -> (String, Vec<String>) {
    let mut out = String::with_capacity(text.len());
    let mut missing = Vec::new();
    let mut rest = text;
    while let Some(dollar) = rest.find('$') {
        out.push_str(&rest[..dollar]);
        let after = &rest[dollar + 1..];
        let (name, used) = variable(after);
        rest = &after[used..];
        match name {
            // Nothing that could be a name follows, so the dollar stands for itself;
            // a malformed brace is swallowed.
            None if used == 0 => out.push('$'),
            None => {}
            Some("$") => out.push('$'),
            Some(name) => match environment(name).filter(|v| !v.is_empty()) {
                Some(value) => out.push_str(&value),
                None => missing.push(name.to_owned()),
            },
        }
    }
    out.push_str(rest);
    (out, missing)
}

/// The name at the start of `text`, which follows a dollar, and its length with
/// the braces around it.
fn variable(text: &str) -> (Option<&str>, usize) {
    if let Some(inner) = text.strip_prefix('{') {
        return match inner.find('}') {
            None => (None, 1),
            Some(0) => (None, 2),
            Some(end) => (Some(&inner[..end]), end + 2),
        };
    }
    let special = text.chars().next().is_some_and(|c| {
        matches!(c, '*' | '#' | '$' | '@' | '!' | '?' | '-') || c.is_ascii_digit()
    });
    let end = if special {
        1
    } else {
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        text.find(|c| !is_name(c)).unwrap_or(text.len())
    };
    ((end > 0).then(|| &text[..end]), end)
}

#[cfg(test)]
mod tests {
    use super::expand;

    #[test]
    fn variables_are_replaced() {
        let environment = |name: &str| match name {
            "A" => Some("1".to_owned()),
            "A_B" => Some("2".to_owned()),
            "EMPTY" => Some(String::new()),
            _ => None,
        };
        let check = |text: &str, want: &str, missing: &[&str]| {
            let (got, names) = expand(text, &environment);
            assert_eq!(
                (got.as_str(), names),
                (want, missing.iter().map(|s| (*s).to_owned()).collect()),
                "{text}"
            );
        };
        check("x${A}y", "x1y", &[]);
        check("$A_B.z", "2.z", &[]);
        check("$$A", "$A", &[]);
        check("${NONE}-$EMPTY", "-", &["NONE", "EMPTY"]);
        check("a$", "a$", &[]);
        check("a$ b", "a$ b", &[]);
        check("${", "", &[]);
        check("${}x", "x", &[]);
        check("plain", "plain", &[]);
    }
}
