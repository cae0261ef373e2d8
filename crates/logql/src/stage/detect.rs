//! What parsers would find in a line that none has looked at.

use super::json::scan::{Kind, Members, Problem, spaced, text};
use super::logfmt::pairs::Pairs;
use super::{append_sanitized, sanitize};

/// A field that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The label that it would become.
    pub label: String,
    /// Its value.
    pub value: String,
    /// `json` or `logfmt`.
    pub parser: &'static str,
    /// The keys to it in JSON.
    pub json_path: Vec<String>,
}

/// Deepest nesting that is looked into.
const DEPTH_MAX: usize = 16;

/// Fields of a line: as JSON when it is an object, else as logfmt when it has pairs.
#[must_use]
pub fn find(line: &[u8]) -> Vec<Found> {
    let mut found = Vec::new();
    if walk(line, &mut Vec::new(), &mut found).is_ok() {
        return found;
    }
    let pairs = Pairs::of(line).flatten();
    pairs
        .filter(|(_, value)| !value.is_empty())
        .map(|(key, value)| Found {
            label: sanitize(&spaced(key)),
            value: spaced(&value).into_owned(),
            parser: "logfmt",
            json_path: Vec::new(),
        })
        .collect()
}

fn walk(object: &[u8], path: &mut Vec<String>, out: &mut Vec<Found>) -> Result<(), Problem> {
    for member in Members::of(object) {
        let (key, found) = member?;
        if matches!(found.kind, Kind::Null | Kind::Array) {
            continue;
        }
        path.push(spaced(&key).into_owned());
        let result = match found.kind {
            Kind::Object if path.len() < DEPTH_MAX => walk(found.raw, path, out),
            Kind::Object => Ok(()),
            kind => {
                out.push(Found {
                    label: label_of(path),
                    value: match kind {
                        Kind::String => text(found.raw).into_owned(),
                        _ => spaced(found.raw).into_owned(),
                    },
                    parser: "json",
                    json_path: path.clone(),
                });
                Ok(())
            }
        };
        path.pop();
        result?;
    }
    Ok(())
}

fn label_of(path: &[String]) -> String {
    let mut label = String::new();
    path.iter()
        .for_each(|key| append_sanitized(&mut label, key.as_bytes()));
    label
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, want: &[&str]) {
        let got: Vec<String> = find(line.as_bytes())
            .into_iter()
            .map(|f| {
                format!(
                    "{} {}={} {}",
                    f.parser,
                    f.label,
                    f.value,
                    f.json_path.join("/")
                )
            })
            .collect();
        assert_eq!(got, want, "{line}");
    }

    #[test]
    fn fields_of_lines() {
        check(
            r#"{"a":{"b-c":"x\ny"},"n":1.5,"none":null,"l":[1]}"#,
            &["json a_b_c=x\ny a/b-c", "json n=1.5 n"],
        );
        check(r#"a=1 b="x y" c="#, &["logfmt a=1 ", "logfmt b=x y "]);
        check("plain words", &[]);
    }
}
