//! Comments that keep findings quiet: `# pint disable <check>` beside a rule,
//! `# pint file/disable <check>` anywhere in the file, and the same with `binnacle`
//! in the place of `pint`.

use super::Finding;
use crate::file::RuleFile;

/// The findings of `file`, whose text is `text`, that no comment keeps quiet; those
/// of other files stay.
///
/// A comment belongs to the rule within which it stands; one right above a rule
/// belongs to that rule.
#[must_use]
pub fn without_ignored(findings: Vec<Finding>, file: &RuleFile, text: &str) -> Vec<Finding> {
    let starts = starts(file);
    let mut whole: Vec<&str> = Vec::new();
    let mut of_rules: Vec<(u32, &str)> = Vec::new();
    let lines: Vec<&str> = text.lines().collect();
    for (i, line) in lines.iter().enumerate() {
        let Some((scope, check)) = comment(line) else {
            continue;
        };
        match scope {
            Scope::File => whole.push(check),
            Scope::Rule => {
                // A run of comments and blank lines in front of a rule goes with it.
                let code = lines[i..].iter().position(|l| !is_blank(l));
                let at = code.map_or(i, |n| i + n) + 1;
                let at = u32::try_from(at).unwrap_or(u32::MAX);
                let start = starts.iter().rev().find(|start| **start <= at);
                of_rules.extend(start.map(|start| (*start, check)));
            }
        }
    }
    let mut findings = findings;
    findings.retain(|finding| {
        if finding.file != file.path {
            return true;
        }
        let start = starts.iter().rev().find(|start| **start <= finding.line);
        let quiet = |check: &str| check == finding.check;
        !whole.iter().any(|check| quiet(check))
            && !of_rules
                .iter()
                .any(|(at, check)| Some(at) == start && quiet(check))
    });
    findings
}

/// The lines at which rules start, ascending.
fn starts(file: &RuleFile) -> Vec<u32> {
    let rules = file.groups.iter().flat_map(|group| &group.rules);
    let mut starts: Vec<u32> = rules.map(|rule| rule.at.line).collect();
    starts.sort_unstable();
    starts
}

enum Scope {
    File,
    Rule,
}

/// What a line's comment keeps quiet.
fn comment(line: &str) -> Option<(Scope, &str)> {
    let (_, comment) = line.split_once('#')?;
    let comment = comment.trim_start_matches('#').trim();
    let rest = comment
        .strip_prefix("pint ")
        .or_else(|| comment.strip_prefix("binnacle "))?;
    let (verb, check) = rest.trim_start().split_once(' ')?;
    // What pint has in parentheses narrows it to a server or a metric.
    let check = check.trim().split(['(', ' ']).next().unwrap_or_default();
    match verb {
        "disable" => Some((Scope::Rule, check)),
        "file/disable" => Some((Scope::File, check)),
        _ => None,
    }
}

fn is_blank(line: &str) -> bool {
    let line = line.trim();
    line.is_empty() || line.starts_with('#')
}
