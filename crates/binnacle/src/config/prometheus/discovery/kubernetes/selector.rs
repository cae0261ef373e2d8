//! The form of Kubernetes' field selectors (`status.phase=Running`) and label
//! selectors (`app in (a, b), !canary`), which its API server evaluates.

/// Checks a field selector: terms with `=`, `==` or `!=`, separated by commas; a
/// backslash takes the next character as it is.
///
/// # Errors
/// With Kubernetes' message.
pub(super) fn check_fields(selector: &str) -> Result<(), String> {
    for term in split_terms(selector) {
        if !term.is_empty() && !term.contains('=') {
            return Err(format!(
                "invalid selector: '{selector}'; can't understand '{term}'"
            ));
        }
    }
    Ok(())
}

fn split_terms(selector: &str) -> Vec<String> {
    let mut terms = vec![String::new()];
    let mut escaped = false;
    for c in selector.chars() {
        if c == ',' && !escaped {
            terms.push(String::new());
        } else if let Some(term) = terms.last_mut() {
            term.push(c);
        }
        escaped = c == '\\' && !escaped;
    }
    terms
}

/// Checks a label selector: requirements separated by commas.
///
/// # Errors
/// When a requirement is none.
pub(super) fn check_labels(selector: &str) -> Result<(), String> {
    let refuse = |what: &str| {
        Err(format!(
            "unable to parse requirement: {what} in {selector:?}"
        ))
    };
    let mut rest = selector.trim();
    while !rest.is_empty() {
        let negated = rest.starts_with('!');
        rest = rest.strip_prefix('!').unwrap_or(rest).trim_start();
        let Some((_, tail)) = word(rest) else {
            return refuse("a label key is missing");
        };
        rest = tail.trim_start();
        if !negated {
            match check_operator(rest) {
                Ok(tail) => rest = tail.trim_start(),
                Err(what) => return refuse(what),
            }
        }
        rest = match rest.strip_prefix(',') {
            Some(tail) if tail.trim().is_empty() => return refuse("a label key is missing"),
            Some(tail) => tail.trim_start(),
            None if rest.is_empty() => rest,
            None => return refuse("found text after a requirement"),
        };
    }
    Ok(())
}

/// What follows the operator and its values; all of `rest` when there is none.
fn check_operator(rest: &str) -> Result<&str, &'static str> {
    for operator in ["==", "!=", "=", ">", "<"] {
        if let Some(tail) = rest.strip_prefix(operator) {
            let tail = tail.trim_start();
            return Ok(word(tail).map_or(tail, |(_, tail)| tail));
        }
    }
    let Some((operator, tail)) = word(rest) else {
        return Ok(rest);
    };
    if !matches!(operator, "in" | "notin") {
        return Err("the operator is not known");
    }
    let values = tail
        .trim_start()
        .strip_prefix('(')
        .and_then(|tail| tail.split_once(')'));
    let (values, tail) = values.ok_or("values in parentheses are missing")?;
    let is_value =
        |v: &str| v.trim().is_empty() || word(v.trim()).is_some_and(|(_, t)| t.is_empty());
    if values.split(',').all(is_value) {
        Ok(tail)
    } else {
        Err("a value is malformed")
    }
}

fn word(text: &str) -> Option<(&str, &str)> {
    let end = text
        .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/')))
        .unwrap_or(text.len());
    (end > 0).then(|| text.split_at(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn field_selectors() {
        for good in ["", "a=b", "a!=b,c==d", "a=b\\,c", "metadata.name=x,"] {
            assert_eq!(check_fields(good), Ok(()), "{good}");
        }
        assert_eq!(
            check_fields("a=b,c-d"),
            Err("invalid selector: 'a=b,c-d'; can't understand 'c-d'".to_owned())
        );
    }

    #[test]
    fn label_selectors() {
        for good in [
            "",
            "a",
            "!a",
            "a=b",
            "a==b, c!=d",
            "a in (x, y),b notin (z)",
            "example.com/a=b",
            "a=",
            "a > 5",
        ] {
            assert_eq!(check_labels(good), Ok(()), "{good}");
        }
        for bad in [
            "=a",
            "a b",
            "a in x",
            "a in (x",
            "a,",
            "!",
            "a=b c",
            "a in (x y)",
        ] {
            assert!(check_labels(bad).is_err(), "{bad}");
        }
    }
}
