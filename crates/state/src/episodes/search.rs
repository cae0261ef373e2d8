//! Searching episodes: run by run, newest first, until there are enough.
//!
//! What a run's small row and its filter rule out is not unpacked. In a run that is, a
//! label that must have a value is looked for in the bytes of the labels before any
//! labels are read, and words likewise; texts are unpacked for episodes that are kept, or
//! where words are looked for.

use std::collections::{HashMap, HashSet};

use aho_corasick::AhoCorasick;
use binnacle_model::alert::{Episode, EpisodeFilter, Fingerprint};
use binnacle_model::matcher::all_match;
use binnacle_model::{Labels, MatchOp, Matcher};
use binnacle_stdx::bits::put_varint;
use memchr::memmem;
use sqlx::SqliteConnection;

use super::fate::Fate;
use super::run::{self, Beginning, Summary};
use super::table::{self, Column};
use super::{filter, snapshot};
use crate::State;
use crate::error::{Fault, Result};
use crate::rows;

type Outcome<T> = std::result::Result<T, Fault>;

/// Values of an expression up to which each is looked for by itself.
const VALUES_MAX: usize = 16;

impl State {
    /// Episodes that fit the filter, newest (highest id) first.
    ///
    /// # Errors
    /// Those of the disk.
    pub async fn episodes(&self, filter: EpisodeFilter) -> Result<Vec<Episode>> {
        let search = || async {
            let mut db = snapshot(self).await?;
            let question = Question::new(&filter)?;
            let mut found = Vec::new();
            let mut before = filter.before_id.unwrap_or(i64::MAX);
            loop {
                let runs = table::runs_before(&mut db, before).await?;
                let Some(oldest) = runs.last() else { break };
                before = oldest.id;
                for run in runs {
                    if question.may_be_in(&mut db, &run).await? {
                        question.search(&mut db, &run, &mut found).await?;
                    }
                    if found.len() >= question.limit {
                        return Ok(found);
                    }
                }
            }
            Ok(found)
        };
        search().await.map_err(|fault: Fault| self.told(fault))
    }

    /// How many episodes of each alert name overlap any of the times (ascending ranges of
    /// milliseconds, both ends included) and match all of any set, most first.
    ///
    /// # Errors
    /// Those of the disk.
    pub async fn fired(
        &self,
        matcher_sets: &[Vec<Matcher>],
        times: &[(i64, i64)],
    ) -> Result<Vec<(String, u64)>> {
        let mut counts: HashMap<String, u64> = HashMap::new();
        self.each_of_sets(matcher_sets, times, |_, labels| {
            let name = labels.get("alertname").unwrap_or("");
            match counts.get_mut(name) {
                Some(count) => *count += 1,
                None => {
                    counts.insert(name.to_owned(), 1);
                }
            }
        })
        .await?;
        let mut counts: Vec<(String, u64)> = counts.into_iter().collect();
        counts.sort_unstable_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        Ok(counts)
    }

    /// The alerts of the episodes that [`State::fired`] counts.
    pub(crate) async fn fired_alerts(
        &self,
        matcher_sets: &[Vec<Matcher>],
        times: &[(i64, i64)],
    ) -> Result<HashSet<Fingerprint>> {
        let mut alerts = HashSet::new();
        self.each_of_sets(matcher_sets, times, |one, _| {
            alerts.insert(Fingerprint(one.fingerprint));
        })
        .await?;
        Ok(alerts)
    }

    /// Shows `take` each episode that overlaps any of the times and matches all of any set.
    async fn each_of_sets(
        &self,
        matcher_sets: &[Vec<Matcher>],
        times: &[(i64, i64)],
        mut take: impl FnMut(&Beginning, &Labels) + Send,
    ) -> Result<()> {
        self.walk_sets(matcher_sets, &Times(times.to_vec()), &mut take)
            .await
            .map_err(|fault| self.told(fault))
    }

    async fn walk_sets(
        &self,
        matcher_sets: &[Vec<Matcher>],
        time: &Times,
        take: &mut (dyn FnMut(&Beginning, &Labels) + Send),
    ) -> Outcome<()> {
        let sets: Vec<Tests<'_>> = matcher_sets.iter().map(|set| Tests::new(set)).collect();
        let mut db = snapshot(self).await?;
        let mut before = i64::MAX;
        loop {
            let runs = table::runs_before(&mut db, before).await?;
            let Some(oldest) = runs.last() else { break };
            before = oldest.id;
            for run in runs.into_iter().filter(|run| time.overlaps_run(run)) {
                if !may_have_any(&mut db, &run, &sets).await? {
                    continue;
                }
                let columns = Columns::load(&mut db, run.id).await?;
                for episode in columns.episodes() {
                    let (one, fate, entry) = episode?;
                    if !time.overlaps(one, &fate) || !sets.iter().any(|s| s.may_match(entry)) {
                        continue;
                    }
                    let labels = run::decode_labels(entry)?;
                    if sets.iter().any(|set| all_match(set.matchers, &labels)) {
                        take(one, &labels);
                    }
                }
            }
        }
        Ok(())
    }
}

/// The columns that nearly every question needs.
pub(crate) struct Columns {
    begun: Vec<Beginning>,
    fates: Vec<u8>,
    labels: Vec<u8>,
}

impl Columns {
    pub(crate) async fn load(db: &mut SqliteConnection, run: i64) -> Outcome<Self> {
        Ok(Self {
            begun: table::begun(db, run).await?,
            fates: table::column(db, run, Column::Fates).await?,
            labels: table::column(db, run, Column::Labels).await?,
        })
    }

    /// How each episode began, what became of it, and its labels as they are encoded.
    pub(crate) fn episodes(&self) -> impl Iterator<Item = Outcome<(&Beginning, Fate, &[u8])>> {
        let fates = run::decode_fates(&self.fates, &self.begun);
        let told = fates.zip(run::entries(&self.labels));
        let begun = self.begun.iter();
        begun
            .zip(told)
            .map(|(one, (fate, labels))| Ok((one, fate?, labels?)))
    }
}

/// Ranges of time, milliseconds, both ends included, ascending.
struct Times(Vec<(i64, i64)>);

impl Times {
    /// One range; 0 says that there is no end.
    fn new(from_ms: i64, to_ms: i64) -> Self {
        Self(vec![(from_ms, rows::end_ms(to_ms))])
    }

    fn overlaps_run(&self, run: &Summary) -> bool {
        let ended_ms = run.ended_ms.filter(|_| run.open == 0).map(|(_, last)| last);
        self.overlaps_range(run.started_ms.0, ended_ms)
    }

    fn overlaps(&self, one: &Beginning, fate: &Fate) -> bool {
        self.overlaps_range(one.started_ms, fate.resolved_ms)
    }

    fn overlaps_range(&self, started_ms: i64, ended_ms: Option<i64>) -> bool {
        let ended_before = |(_, to_ms): &(i64, i64)| *to_ms < started_ms;
        let first = self.0.partition_point(ended_before);
        self.0
            .get(first)
            .is_some_and(|(from_ms, _)| ended_ms.is_none_or(|at| at >= *from_ms))
    }
}

/// Matchers that must all match, and what can be told of them from bytes.
struct Tests<'a> {
    matchers: &'a [Matcher],
    /// Hashes of labels; of each list one must be there.
    hashes: Vec<Vec<u64>>,
    /// Bytes that must be in the encoding of the labels.
    needles: Vec<memmem::Finder<'static>>,
}

impl<'a> Tests<'a> {
    fn new(matchers: &'a [Matcher]) -> Self {
        let mut tests = Self {
            matchers,
            hashes: Vec::new(),
            needles: Vec::new(),
        };
        for matcher in matchers {
            let name = matcher.name.as_str();
            let pattern = matcher.pattern();
            let of = |values: &[&str]| values.iter().map(|v| filter::of_label(name, v)).collect();
            match matcher.op {
                MatchOp::Equal if !matcher.value.is_empty() => {
                    tests.hashes.push(of(&[&matcher.value]));
                    tests.needle(name, &matcher.value, true);
                }
                MatchOp::Regex => {
                    if let Some(values) = pattern.and_then(|p| p.set())
                        && values.len() <= VALUES_MAX
                        && values.iter().all(|value| !value.is_empty())
                    {
                        let values: Vec<&str> = values.iter().map(String::as_str).collect();
                        tests.hashes.push(of(&values));
                    } else if let Some(prefix) = pattern.and_then(|p| p.prefix())
                        && !prefix.is_empty()
                    {
                        tests.needle(name, prefix, false);
                    }
                }
                MatchOp::Equal | MatchOp::NotEqual | MatchOp::NotRegex => {}
            }
        }
        tests
    }

    /// A label as it is encoded; of a value that only begins so the length is not known.
    fn needle(&mut self, name: &str, value: &str, whole: bool) {
        let mut bytes = Vec::new();
        if whole {
            put_varint(&mut bytes, name.len() as u64);
            bytes.extend_from_slice(name.as_bytes());
            put_varint(&mut bytes, value.len() as u64);
        }
        bytes.extend_from_slice(value.as_bytes());
        self.needles.push(memmem::Finder::new(&bytes).into_owned());
    }

    /// Whether the labels of a run, or of one episode, may match.
    fn may_match(&self, labels: &[u8]) -> bool {
        self.needles.iter().all(|n| n.find(labels).is_some())
    }
}

/// Whether a run may have an alert that matches any set.
async fn may_have_any(
    db: &mut SqliteConnection,
    run: &Summary,
    sets: &[Tests<'_>],
) -> Outcome<bool> {
    if sets.iter().any(|set| set.hashes.is_empty()) {
        return Ok(true);
    }
    if sets.is_empty() {
        return Ok(false);
    }
    let bits = table::filter(db, run.id).await?;
    let has = |hash: &u64| filter::may_have(&bits, *hash);
    let may = |set: &Tests<'_>| set.hashes.iter().all(|values| values.iter().any(has));
    Ok(sets.iter().any(may))
}

/// A filter, made ready.
struct Question<'a> {
    time: Times,
    fingerprint: Option<u64>,
    before_id: i64,
    tests: Tests<'a>,
    /// Words, all of which must be in labels or annotations.
    words: Vec<AhoCorasick>,
    limit: usize,
}

impl<'a> Question<'a> {
    fn new(asked: &'a EpisodeFilter) -> Outcome<Self> {
        let word = |word| {
            AhoCorasick::builder()
                .ascii_case_insensitive(true)
                .build([word])
                .map_err(|e| Fault::Row(format!("a word cannot be looked for: {e}")))
        };
        Ok(Self {
            time: Times::new(asked.from_ms, asked.to_ms),
            fingerprint: asked.fingerprint.map(|f| f.0),
            before_id: asked.before_id.unwrap_or(i64::MAX),
            tests: Tests::new(&asked.matchers),
            words: asked
                .text
                .split_whitespace()
                .map(word)
                .collect::<Outcome<_>>()?,
            limit: rows::limit(asked.limit),
        })
    }

    async fn may_be_in(&self, db: &mut SqliteConnection, run: &Summary) -> Outcome<bool> {
        if !self.time.overlaps_run(run) {
            return Ok(false);
        }
        if let Some(fingerprint) = self.fingerprint {
            let bits = table::filter(db, run.id).await?;
            if !filter::may_have(&bits, filter::of_alert(fingerprint)) {
                return Ok(false);
            }
        }
        may_have_any(db, run, std::slice::from_ref(&self.tests)).await
    }

    /// Adds what fits, newest first.
    async fn search(
        &self,
        db: &mut SqliteConnection,
        run: &Summary,
        found: &mut Vec<Episode>,
    ) -> Outcome<()> {
        let columns = Columns::load(db, run.id).await?;
        if !self.tests.may_match(&columns.labels) {
            return Ok(());
        }
        let mut texts = None;
        if !self.words.is_empty() {
            let column = table::column(db, run.id, Column::Texts).await?;
            let there = |w: &AhoCorasick| w.is_match(&columns.labels) || w.is_match(&column);
            if !self.words.iter().all(there) {
                return Ok(());
            }
            texts = Some(column);
        }
        let mut kept = Vec::new();
        for (place, episode) in columns.episodes().enumerate() {
            let (one, fate, entry) = episode?;
            let fits = one.id < self.before_id
                && self.fingerprint.is_none_or(|f| f == one.fingerprint)
                && self.time.overlaps(one, &fate)
                && self.tests.may_match(entry);
            if !fits {
                continue;
            }
            let labels = run::decode_labels(entry)?;
            if all_match(self.tests.matchers, &labels) {
                kept.push((place, fate, labels));
            }
        }
        if kept.is_empty() {
            return Ok(());
        }
        let texts = match texts {
            Some(texts) => texts,
            None => table::column(db, run.id, Column::Texts).await?,
        };
        let texts: Vec<&[u8]> = run::entries(&texts).collect::<Outcome<_>>()?;
        for (place, fate, labels) in kept.into_iter().rev() {
            if found.len() >= self.limit {
                break;
            }
            let texts = texts.get(place).copied().unwrap_or_default();
            if self.has_words(&labels, texts) {
                found.push(super::episode(&columns.begun[place], labels, texts, fate)?);
            }
        }
        Ok(())
    }

    fn has_words(&self, labels: &Labels, texts: &[u8]) -> bool {
        self.words.iter().all(|word| {
            labels
                .iter()
                .any(|(name, value)| word.is_match(name) || word.is_match(value))
                || run::annotations(texts).any(|text| word.is_match(text))
        })
    }
}
