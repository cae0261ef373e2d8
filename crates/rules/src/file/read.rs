//! Takes groups and rules out of their mappings, field by field.

use std::collections::HashSet;

use binnacle_config::reader::Reader;

use super::check::{self, Named};
use super::{Expression, Field, FileOptions, GroupSpec, Language, RuleKind, RuleSpec};

/// Takes the field `groups` of a mapping. `text` is the file's, for the places of
/// mistakes in expressions. Rules with mistakes are left out of the answer; the
/// mistakes are noted in the reader's context.
pub fn groups(r: &mut Reader<'_>, text: &str, options: FileOptions) -> Vec<GroupSpec> {
    let mut names = HashSet::new();
    r.sections_once("groups", "a group must not be empty", |r| {
        let group = group(r, text, options);
        if !names.insert(group.name.clone()) {
            let message = format!("groupname: {:?} is repeated in the same file", group.name);
            r.refuse_at(group.at, message);
        }
        group
    })
}

fn group(r: &mut Reader<'_>, text: &str, options: FileOptions) -> GroupSpec {
    let name = r.text("name");
    let at = r.at("");
    if name.is_empty() {
        r.refuse("name", "Groupname must not be empty");
    }
    let interval_ms = millis(r, "interval");
    let query_offset_ms = millis(r, "query_offset");
    let limit = u64::try_from(r.int_or("limit", 0)).unwrap_or(0);
    let labels = fields(r, "labels");
    check::label_names(r, &labels, options, "");
    let options = FileOptions {
        language: language(r).or(options.language),
        ..options
    };
    let mut number = 0;
    let rules = r.sections("rules", "a rule must not be empty", |r| {
        number += 1;
        rule(r, &name, number, text, options)
    });
    GroupSpec {
        at,
        name,
        interval_ms: interval_ms.filter(|ms| *ms != 0),
        query_offset_ms,
        limit,
        labels,
        rules: rules.into_iter().flatten().collect(),
    }
}

/// What the group says its expressions are written in.
fn language(r: &mut Reader<'_>) -> Option<Language> {
    let name = r.text("language");
    if name.is_empty() {
        return None;
    }
    let found = Language::of_name(&name);
    if found.is_none() {
        r.refuse(
            "language",
            format!("{name:?} is no language of rules: there are promql and logql"),
        );
    }
    found
}

fn rule(
    r: &mut Reader<'_>,
    group: &str,
    number: usize,
    text: &str,
    options: FileOptions,
) -> Option<RuleSpec> {
    let record = r.text("record");
    let alert = r.text("alert");
    let named = Named::of(&record, &alert);
    let prefix = format!(
        "group {group:?}, rule {number}, {:?}: ",
        if alert.is_empty() { &record } else { &alert }
    );
    if named.is_none() {
        check::name(r, &prefix, &record);
    }
    let expr = expression(r, &prefix, text, options.language);
    let hold_ms = millis(r, "for").unwrap_or(0);
    let keep_firing_for_ms = millis(r, "keep_firing_for").unwrap_or(0);
    let labels = fields(r, "labels");
    let annotations = fields(r, "annotations");
    check::label_names(r, &labels, options, &prefix);
    check::annotation_names(r, &annotations, options, &prefix);
    if !record.is_empty() {
        let foreign = [
            ("annotations", !annotations.is_empty()),
            ("for", hold_ms != 0),
            ("keep_firing_for", keep_firing_for_ms != 0),
        ];
        check::recording(r, &prefix, &record, options, foreign);
    }
    if !alert.is_empty() {
        check::templates(r, &prefix, &alert, "label", &labels);
        check::templates(r, &prefix, &alert, "annotation", &annotations);
    }
    let (name, key, kind) = match named? {
        Named::Record => (record, "record", RuleKind::Recording),
        Named::Alert => {
            let kind = RuleKind::Alerting {
                hold_ms,
                keep_firing_for_ms,
                annotations,
            };
            (alert, "alert", kind)
        }
    };
    Some(RuleSpec {
        at: r.at(""),
        name,
        name_at: r.at(key),
        kind,
        expr: expr?,
        labels,
    })
}

fn expression(
    r: &mut Reader<'_>,
    prefix: &str,
    file: &str,
    language: Option<Language>,
) -> Option<Expression> {
    let source = r.text("expr");
    if source.is_empty() {
        r.refuse("expr", format!("{prefix}field 'expr' must be set in rule"));
        return None;
    }
    match Expression::read(file, r.at("expr"), source, language) {
        Ok(expr) => Some(expr),
        Err(mistakes) => {
            for (at, message) in mistakes {
                r.refuse_at(at, format!("{prefix}could not parse expression: {message}"));
            }
            None
        }
    }
}

/// A duration in milliseconds; `None` when it is not there.
fn millis(r: &mut Reader<'_>, key: &'static str) -> Option<i64> {
    let there = r.has(key);
    let duration = r.duration(key);
    there.then(|| i64::try_from(duration.as_millis()).unwrap_or(i64::MAX))
}

fn fields(r: &mut Reader<'_>, key: &'static str) -> Vec<Field> {
    r.text_map(key)
        .into_iter()
        .map(|(name, value)| Field {
            at: value.at,
            name_at: name.at,
            name: name.value,
            value: value.value,
        })
        .collect()
}
