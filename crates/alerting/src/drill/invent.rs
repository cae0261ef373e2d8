//! Making up labels that meet matchers.

use std::collections::BTreeMap;

use binnacle_model::Labels;
use binnacle_model::matcher::{MatchOp, Matcher, all_match};
use regex_syntax::hir::{Class, Hir, HirKind};

/// Repetitions that are written out, at most: `a{1000000}` is not made up.
const REPEAT_MAX: u32 = 100;

/// Labels that meet all of `matchers`; `None` when none were found. Every label set
/// has an `alertname`.
pub(super) fn labels(matchers: &[Matcher]) -> Option<Labels> {
    let mut pairs: BTreeMap<&str, String> = BTreeMap::new();
    pairs.insert("alertname", "BinnacleDrill".to_owned());
    for matcher in matchers.iter().filter(|m| m.op == MatchOp::Equal) {
        pairs.insert(&matcher.name, matcher.value.clone());
    }
    for matcher in matchers.iter().filter(|m| m.op == MatchOp::Regex) {
        let met = pairs
            .get(&*matcher.name)
            .is_some_and(|value| matcher.matches(value));
        if !met {
            pairs.insert(&matcher.name, example(&matcher.value)?);
        }
    }
    for matcher in matchers {
        let value = pairs.get(&*matcher.name).map_or("", String::as_str);
        if matches!(matcher.op, MatchOp::NotEqual | MatchOp::NotRegex) && !matcher.matches(value) {
            // Best not there at all; but every alert has a name.
            let skip = usize::from(matcher.name == "alertname");
            let other = ["", "drill", "0", "-"]
                .into_iter()
                .skip(skip)
                .find(|other| matcher.matches(other))?;
            pairs.insert(&matcher.name, other.to_owned());
        }
    }
    let labels = Labels::from_pairs(pairs);
    all_match(matchers, &labels).then_some(labels)
}

/// A text that the expression matches as a whole.
fn example(expression: &str) -> Option<String> {
    let hir = regex_syntax::Parser::new().parse(expression).ok()?;
    let mut out = String::new();
    write(&hir, &mut out)?;
    Some(out)
}

fn write(hir: &Hir, out: &mut String) -> Option<()> {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => {}
        HirKind::Literal(literal) => out.push_str(std::str::from_utf8(&literal.0).ok()?),
        HirKind::Class(class) => out.push(member(class)?),
        HirKind::Repetition(repetition) => {
            // An empty text is no label: something is better than nothing.
            let least = repetition
                .min
                .max(1)
                .min(repetition.max.unwrap_or(u32::MAX));
            if least > REPEAT_MAX {
                return None;
            }
            for _ in 0..least {
                write(&repetition.sub, out)?;
            }
        }
        HirKind::Capture(capture) => write(&capture.sub, out)?,
        HirKind::Concat(parts) => {
            for part in parts {
                write(part, out)?;
            }
        }
        HirKind::Alternation(parts) => write(parts.first()?, out)?,
    }
    Some(())
}

/// A member of a class: a letter where there is one.
fn member(class: &Class) -> Option<char> {
    let ranges: Vec<(char, char)> = match class {
        Class::Unicode(class) => class.iter().map(|r| (r.start(), r.end())).collect(),
        Class::Bytes(class) => class
            .iter()
            .map(|r| (char::from(r.start()), char::from(r.end())))
            .collect(),
    };
    let within = |c: &char| ranges.iter().any(|(from, to)| (from..=to).contains(&c));
    ['a', 'x', 'A', '0', '1', '-', '_', '.', ' ']
        .into_iter()
        .find(within)
        .or(ranges.first().map(|(from, _)| *from))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(matchers: &[&str], want: Option<&str>) {
        let matchers: Vec<Matcher> = matchers
            .iter()
            .map(|text| crate::matchers::parse_one(text).expect("valid"))
            .collect();
        let got = labels(&matchers).map(|l| l.to_string());
        assert_eq!(got.as_deref(), want, "{matchers:?}");
    }

    #[test]
    fn labels_meet_matchers() {
        check(&[], Some(r#"{alertname="BinnacleDrill"}"#));
        check(
            &["severity=critical", r#"team=~"db|web""#],
            Some(r#"{alertname="BinnacleDrill", severity="critical", team="db"}"#),
        );
        check(
            &[r#"instance=~"[^:]+:9100""#, r#"env!="""#],
            Some(r#"{alertname="BinnacleDrill", env="drill", instance="a:9100"}"#),
        );
        check(
            &[r#"alertname!~"Binnacle.*""#, r#"x=~".*""#],
            Some(r#"{alertname="drill", x="a"}"#),
        );
        check(&["a=b", "a=c"], None);
        check(&["a=b", "a!=b"], None);
        check(&[r#"a=~"b{1000}""#], None);
    }
}
