//! Personal data and secrets: found, and dropped, masked, hashed or counted.
//!
//! [`scan`] finds candidates, one file per family of detectors judges them, and this
//! module applies the rules: which are in force for a stream and a place, what wins where
//! findings overlap, and what the text reads afterwards. Stateless per text: a secret that
//! is spread over several rows (a private key line by line) is not recognised.

mod address;
mod key;
mod number;
mod report;
mod rule;
mod scan;
mod token;

use std::borrow::Cow;

use binnacle_model::{Labels, matcher};
use hmac::{Hmac, KeyInit as _, Mac as _};
use parking_lot::Mutex;
use regex::bytes::Regex;
use sha2::Sha256;

pub use report::{Place, ReportEntry};
pub use rule::{Action, Detector, PrivacySettings, Rule, Scope};

use key::KeyNames;
use report::{Report, ReportKey};
use rule::KINDS;
use scan::{Found, Wants};

/// Why settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// An expression does not parse, or is too large.
    #[error("privacy rule {rule:?}: the expression cannot be used: {error}")]
    Pattern {
        /// The rule's name.
        rule: String,
        /// What the parser says.
        error: Box<regex::Error>,
    },
    /// A rule hashes, and there is no key.
    #[error("privacy rule {rule:?} has the action hash, but no hash_key is set")]
    NoKey {
        /// The rule's name.
        rule: String,
    },
    /// More rules than counters are kept for.
    #[error("there are {rules} privacy rules; at most {max} are possible")]
    TooManyRules {
        /// How many there are.
        rules: usize,
        /// How many there may be.
        max: usize,
    },
}

/// Rules that are possible.
const RULES_MAX: usize = 1000;
/// Bytes of a compiled expression.
const PATTERN_BYTES_MAX: usize = 4 << 20;
const NONE: u16 = u16::MAX;

/// The rules in force for one place.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    wants: Wants,
    rule_of: [u16; KINDS],
    patterns: Vec<u16>,
}

impl Plan {
    /// Whether there is nothing to look for.
    pub(crate) fn is_empty(&self) -> bool {
        self.wants.is_empty() && self.patterns.is_empty()
    }
}

/// The rules in force for one stream.
#[derive(Debug, Clone)]
pub(crate) struct Plans {
    pub(crate) lines: Plan,
    pub(crate) fields: Plan,
    pub(crate) labels: Plan,
}

/// What became of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It stays as it is.
    Same,
    /// It reads as [`Scratch::text`].
    Rewritten,
    /// It must not be stored.
    Dropped,
}

/// A finding and its rule.
#[derive(Debug, Clone, Copy)]
struct Hit {
    start: usize,
    end: usize,
    rule: u16,
    action: Action,
}

/// Memory that is used again from text to text.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    found: Vec<Found>,
    hits: Vec<Hit>,
    /// The text after it was rewritten.
    pub(crate) text: Vec<u8>,
    /// What was secret in the text, as ranges of it.
    pub(crate) secrets: Vec<(usize, usize)>,
    /// How many findings each rule had in the text.
    pub(crate) counts: Vec<(u16, u64)>,
}

/// What [`Privacy::scrub_text`] made of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scrubbed<'a> {
    /// The text as it may be stored.
    pub text: Cow<'a, str>,
    /// Whether a rule says that it must not be stored at all.
    pub is_dropped: bool,
    /// Names of rules and how often each found something.
    pub findings: Vec<(&'a str, u64)>,
}

/// The rules, compiled.
#[derive(Debug)]
pub struct Privacy {
    rules: Vec<Rule>,
    patterns: Vec<Option<Regex>>,
    names: KeyNames,
    hash_key: Vec<u8>,
    for_all: Plans,
    by_stream: bool,
    report: Mutex<Report>,
    report_max: usize,
}

impl Privacy {
    /// Compiles rules.
    ///
    /// # Errors
    /// See [`SettingsError`].
    pub fn new(settings: &PrivacySettings) -> Result<Self, SettingsError> {
        let rules = settings.rules.clone();
        if rules.len() > RULES_MAX {
            return Err(SettingsError::TooManyRules {
                rules: rules.len(),
                max: RULES_MAX,
            });
        }
        let mut patterns = Vec::with_capacity(rules.len());
        let mut users: Vec<String> = Vec::new();
        for rule in &rules {
            if rule.action == Action::Hash && settings.hash_key.is_empty() {
                return Err(SettingsError::NoKey {
                    rule: rule.name.clone(),
                });
            }
            let pattern = match &rule.detector {
                Detector::Pattern(text) => {
                    Some(compile(text).map_err(|error| SettingsError::Pattern {
                        rule: rule.name.clone(),
                        error: Box::new(error),
                    })?)
                }
                Detector::UserId(names) => {
                    users.extend(names.iter().cloned());
                    None
                }
                _ => None,
            };
            patterns.push(pattern);
        }
        let by_stream = rules.iter().any(|r| !r.streams.is_empty());
        Ok(Self {
            for_all: plans(&rules, |rule| rule.streams.is_empty()),
            rules,
            patterns,
            names: KeyNames::new(&users),
            hash_key: settings.hash_key.clone(),
            by_stream,
            report: Mutex::default(),
            report_max: settings.report_entries_max,
        })
    }

    /// How many rules there are.
    pub(crate) fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// The rules in force for a stream.
    pub(crate) fn plans(&self, labels: &Labels) -> Cow<'_, Plans> {
        if self.by_stream {
            Cow::Owned(plans(&self.rules, |rule| {
                matcher::all_match(&rule.streams, labels)
            }))
        } else {
            Cow::Borrowed(&self.for_all)
        }
    }

    /// What a text reads without what the rules take out, by the rules that are for fields
    /// and for all streams. Pure: nothing is counted.
    #[must_use]
    pub fn scrub_text<'a>(&'a self, text: &'a str) -> Scrubbed<'a> {
        self.scrub_named(None, text)
    }

    /// As [`Self::scrub_text`] for the value of a field, label or attribute, whose name may
    /// give it away.
    #[must_use]
    pub fn scrub_value<'a>(&'a self, name: &str, value: &'a str) -> Scrubbed<'a> {
        self.scrub_named(Some(name), value)
    }

    fn scrub_named<'a>(&'a self, name: Option<&str>, text: &'a str) -> Scrubbed<'a> {
        let mut scratch = Scratch::default();
        let outcome = self.scrub(&self.for_all.fields, name, text.as_bytes(), &mut scratch);
        let findings = scratch
            .counts
            .iter()
            .filter_map(|&(rule, n)| Some((self.rules.get(usize::from(rule))?.name.as_str(), n)))
            .collect();
        let text = match outcome {
            Outcome::Same => Cow::Borrowed(text),
            Outcome::Rewritten => Cow::Owned(String::from_utf8_lossy(&scratch.text).into_owned()),
            Outcome::Dropped => Cow::Borrowed(""),
        };
        Scrubbed {
            text,
            is_dropped: outcome == Outcome::Dropped,
            findings,
        }
    }

    /// Whether the name of a field or label alone may give its value away.
    pub(crate) fn is_telling(&self, plan: &Plan, name: &str) -> bool {
        key::of_name(name, b"1234567890", plan.wants, &self.names).is_some()
    }

    /// Applies a plan to a text; `name` is that of the field or label that holds it.
    pub(crate) fn scrub(
        &self,
        plan: &Plan,
        name: Option<&str>,
        text: &[u8],
        scratch: &mut Scratch,
    ) -> Outcome {
        scratch.counts.clear();
        scratch.secrets.clear();
        if plan.is_empty() || text.is_empty() {
            return Outcome::Same;
        }
        self.find(plan, name, text, scratch);
        if scratch.hits.is_empty() {
            return Outcome::Same;
        }
        settle(&mut scratch.hits);
        for hit in &scratch.hits {
            match scratch.counts.iter_mut().find(|c| c.0 == hit.rule) {
                Some(count) => count.1 += 1,
                None => scratch.counts.push((hit.rule, 1)),
            }
            if hit.action != Action::Count {
                scratch.secrets.push((hit.start, hit.end));
            }
        }
        if scratch.secrets.is_empty() {
            return Outcome::Same;
        }
        if scratch.hits.iter().any(|h| h.action == Action::Drop) {
            return Outcome::Dropped;
        }
        self.rewrite(text, scratch);
        Outcome::Rewritten
    }

    fn find(&self, plan: &Plan, name: Option<&str>, text: &[u8], scratch: &mut Scratch) {
        scratch.found.clear();
        scratch.hits.clear();
        scan::scan(text, plan.wants, &self.names, &mut scratch.found);
        if let Some(kind) = name.and_then(|n| key::of_name(n, text, plan.wants, &self.names)) {
            scratch.found.push(Found {
                start: 0,
                end: text.len(),
                kind,
            });
        }
        let mut add = |start: usize, end: usize, rule: u16| {
            if let Some(r) = self.rules.get(usize::from(rule))
                && start < end
            {
                scratch.hits.push(Hit {
                    start,
                    end,
                    rule,
                    action: r.action,
                });
            }
        };
        for found in &scratch.found {
            add(found.start, found.end, plan.rule_of[found.kind as usize]);
        }
        for &rule in &plan.patterns {
            let Some(Some(pattern)) = self.patterns.get(usize::from(rule)) else {
                continue;
            };
            if pattern.capture_names().flatten().any(|n| n == "value") {
                for groups in pattern.captures_iter(text) {
                    if let Some(value) = groups.name("value")
                        && !key::is_masked(value.as_bytes())
                    {
                        add(value.start(), value.end(), rule);
                    }
                }
            } else {
                for found in pattern.find_iter(text) {
                    if !key::is_masked(found.as_bytes()) {
                        add(found.start(), found.end(), rule);
                    }
                }
            }
        }
    }

    /// Writes the text with masks and hashes into [`Scratch::text`].
    fn rewrite(&self, text: &[u8], scratch: &mut Scratch) {
        let out = &mut scratch.text;
        out.clear();
        out.reserve(text.len());
        let mut behind = 0;
        for hit in &scratch.hits {
            let Some(rule) = self.rules.get(usize::from(hit.rule)) else {
                continue;
            };
            if hit.action == Action::Count || hit.start < behind {
                continue;
            }
            out.extend_from_slice(&text[behind..hit.start]);
            let quote: &[u8] = if is_bare_json(text, hit.start, hit.end) {
                b"\""
            } else {
                b""
            };
            out.extend_from_slice(quote);
            out.push(b'<');
            out.extend_from_slice(rule.name.as_bytes());
            if hit.action == Action::Hash {
                out.push(b':');
                self.write_hash(&text[hit.start..hit.end], out);
            }
            out.push(b'>');
            out.extend_from_slice(quote);
            behind = hit.end;
        }
        out.extend_from_slice(&text[behind..]);
    }

    fn write_hash(&self, secret: &[u8], out: &mut Vec<u8>) {
        // Keys of any length are taken; only the type can say otherwise.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.hash_key) else {
            return;
        };
        mac.update(secret);
        for byte in mac.finalize().into_bytes().iter().take(8) {
            for digit in [byte >> 4, byte & 15] {
                out.push(b"0123456789abcdef"[usize::from(digit)]);
            }
        }
    }

    /// Adds findings to the report.
    pub(crate) fn note(
        &self,
        protocol: &'static str,
        service: &str,
        found: &[(u16, Place, u64)],
        now_ms: i64,
    ) {
        if found.is_empty() {
            return;
        }
        let mut report = self.report.lock();
        for (rule, place, count) in found {
            let key = ReportKey {
                rule: *rule,
                protocol,
                service: service.to_owned(),
                place: place.clone(),
            };
            report.add(key, *count, now_ms, self.report_max);
        }
    }

    /// What was found where since the start, most findings first, and how many findings
    /// had no room in the report.
    #[must_use]
    pub fn report(&self) -> (Vec<ReportEntry>, u64) {
        let report = self.report.lock();
        let mut entries: Vec<ReportEntry> = report
            .entries
            .iter()
            .filter_map(|(key, &(count, last_ms))| {
                let rule = self.rules.get(usize::from(key.rule))?;
                Some(ReportEntry {
                    rule: rule.name.clone(),
                    detector: rule.detector.as_str(),
                    action: rule.action.as_str(),
                    protocol: key.protocol,
                    service: key.service.clone(),
                    place: key.place.clone(),
                    count,
                    last_ms,
                })
            })
            .collect();
        entries.sort_by(|a, b| {
            b.count
                .cmp(&a.count)
                .then_with(|| (&a.rule, &a.service, &a.place).cmp(&(&b.rule, &b.service, &b.place)))
        });
        (entries, report.beyond)
    }
}

fn compile(text: &str) -> Result<Regex, regex::Error> {
    regex::bytes::RegexBuilder::new(text)
        .size_limit(PATTERN_BYTES_MAX)
        .build()
}

fn plans(rules: &[Rule], is_for: impl Fn(&Rule) -> bool) -> Plans {
    let plan = |is_here: fn(&Scope) -> bool| {
        let mut plan = Plan {
            wants: Wants::default(),
            rule_of: [NONE; KINDS],
            patterns: Vec::new(),
        };
        for (i, rule) in (0u16..).zip(rules) {
            if !is_here(&rule.scope) || !is_for(rule) {
                continue;
            }
            match rule.detector.kind() {
                Some(kind) if plan.wants.has(kind) => {}
                Some(kind) => {
                    plan.wants.add(kind);
                    plan.rule_of[kind as usize] = i;
                }
                None => plan.patterns.push(i),
            }
        }
        plan
    };
    Plans {
        lines: plan(|s| s.lines),
        fields: plan(|s| s.fields),
        labels: plan(|s| s.labels),
    }
}

/// Sorts findings and decides where they overlap: what takes out wins over what counts,
/// and of two that take out, the first one takes out all that both mean.
fn settle(hits: &mut Vec<Hit>) {
    if hits.len() < 2 {
        return;
    }
    hits.sort_by_key(|h| (h.start, std::cmp::Reverse(h.end), h.rule));
    let mut kept: Vec<Hit> = Vec::with_capacity(hits.len());
    for &hit in hits.iter() {
        match kept.last_mut() {
            Some(last) if hit.start < last.end => {
                let takes_out = hit.action != Action::Count;
                if last.action == Action::Count && takes_out {
                    // The one that is only counted keeps nothing of the other alive.
                    *last = hit;
                } else if takes_out {
                    last.end = last.end.max(hit.end);
                    last.action = last.action.max(hit.action);
                }
            }
            _ => kept.push(hit),
        }
    }
    *hits = kept;
}

/// Whether a finding is a number that is the value of a key in JSON, where a bare mask
/// would not parse.
fn is_bare_json(text: &[u8], start: usize, end: usize) -> bool {
    let before = text[..start].trim_ascii_end();
    let Some(before) = before.strip_suffix(b":") else {
        return false;
    };
    let behind = text[end..].trim_ascii_start();
    before.trim_ascii_end().ends_with(b"\"")
        && matches!(behind.first(), Some(b',' | b'}'))
        && text[start..end]
            .iter()
            .all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'-'))
}
