//! One batch on its way: checked, scrubbed, enriched and closed up.
//!
//! Two walks. [`Pass::check`] changes nothing, so a batch that the rate then refuses goes
//! back as it came. [`Pass::apply`] rewrites the columns in place: rows that go leave no
//! gap, new texts are appended to the arena, and what was secret is overwritten there at
//! the end, because an engine may write the arena as a whole.

mod verdicts;

use std::ops::Range;
use std::sync::atomic::Ordering;

use binnacle_model::Labels;
use binnacle_model::event::append::{
    BatchStream, EventBatch, EventRefusal, FieldValue, StoredField, StoredValue,
};

use crate::arena::{append, cut, name, pairs, text, value};
use crate::enrich::{LEVEL_FIELD, SERVICE_NAME, detect_generic, level, service_name};
use crate::guard::Inner;
use crate::limits::{RowSize, TimeRange, check_labels, stream_text};
use crate::privacy::{Outcome, Plan, Plans, Scratch};
use crate::settings::LongLines;
use crate::source::{REASONS, SourceState, place};
use crate::tally::Tally;

/// How far behind a cut a secret is still recognised as a whole.
const BEHIND_CUT: usize = 512;

/// The state of one batch's way.
pub(crate) struct Pass<'a> {
    inner: &'a Inner,
    state: &'a SourceState,
    now_ms: i64,
    times: TimeRange,
    verdicts: Vec<Option<EventRefusal>>,
    /// Bytes of each row; empty unless streams have a rate.
    sizes: Vec<u32>,
    streams: Vec<Option<Labels>>,
    refused: [u64; REASONS.len()],
    messages: [Option<String>; REASONS.len()],
    /// Bytes of lines and fields of rows that are taken.
    pub(crate) bytes: u64,
    scratch: Scratch,
    secrets: Vec<Range<usize>>,
    words: Words,
}

/// Texts that were appended to the arena once for all rows.
#[derive(Default)]
struct Words {
    level_name: Option<Range<u32>>,
    levels: [Option<Range<u32>>; level::LEVELS.len()],
    generic: Vec<Option<Range<u32>>>,
}

/// What holds for all rows of a stream.
struct StreamContext<'a> {
    plans: &'a Plans,
    labels: &'a Labels,
    level: Option<level::Found>,
    level_word: Option<Range<u32>>,
}

impl<'a> Pass<'a> {
    pub(crate) fn new(inner: &'a Inner, state: &'a SourceState, now_ms: i64) -> Self {
        Self {
            inner,
            state,
            now_ms,
            times: TimeRange::new(&inner.settings.limits, now_ms),
            verdicts: Vec::new(),
            sizes: Vec::new(),
            streams: Vec::new(),
            refused: [0; REASONS.len()],
            messages: Default::default(),
            bytes: 0,
            scratch: Scratch::default(),
            secrets: Vec::new(),
            words: Words::default(),
        }
    }

    /// What was refused so far, by reason.
    pub(crate) fn refused(&self) -> Vec<(EventRefusal, u64)> {
        REASONS
            .into_iter()
            .zip(self.refused)
            .filter(|&(_, n)| n > 0)
            .collect()
    }

    /// In words, one line for each reason. Rows that a privacy rule dropped are no fault
    /// of the sender and have none.
    pub(crate) fn messages(&mut self) -> Vec<String> {
        self.messages.iter_mut().filter_map(Option::take).collect()
    }

    /// Counts a refusal; `message` is called for the first of its reason.
    pub(crate) fn refuse(
        &mut self,
        reason: EventRefusal,
        rows: u64,
        message: impl FnOnce() -> String,
    ) {
        let place = place(reason);
        self.refused[place] += rows;
        self.state.count_refused(reason, rows);
        if rows > 0 && reason != EventRefusal::Dropped && self.messages[place].is_none() {
            self.messages[place] = Some(message());
        }
    }

    /// Holds labels and rows against the limits. Changes nothing in the batch.
    pub(crate) fn check(&mut self, batch: &EventBatch) {
        self.verdicts = vec![None; batch.len()];
        if self.inner.settings.limits.stream_rate_bytes_per_s > 0 {
            self.sizes = vec![0; batch.len()];
        }
        for (i, stream) in batch.streams.iter().enumerate() {
            let labels = self.check_stream(batch.stream_labels(i), stream);
            if let Some(labels) = &labels {
                self.check_rows(batch, stream, labels);
            }
            self.streams.push(labels);
        }
    }

    fn check_stream(&mut self, canonical: &[u8], stream: &BatchStream) -> Option<Labels> {
        let limits = &self.inner.settings.limits;
        let is_named = !self
            .inner
            .settings
            .enrichment
            .service_name_labels
            .is_empty();
        let wrong = match Labels::from_canonical(canonical) {
            Err(error) => Some(format!(
                "Error parsing labels '{}' with error: {error}",
                String::from_utf8_lossy(&canonical[..canonical.len().min(256)])
            )),
            Ok(labels) if labels.is_empty() && !is_named => {
                Some("error at least one label pair is required per stream".to_owned())
            }
            Ok(labels) => match check_labels(&labels, limits) {
                None => return Some(labels),
                wrong => wrong,
            },
        };
        let message = wrong.unwrap_or_default();
        for row in stream.rows.clone() {
            if let Some(verdict) = self.verdicts.get_mut(row as usize) {
                *verdict = Some(EventRefusal::BadLabels);
            }
        }
        self.refuse(EventRefusal::BadLabels, stream.rows.len() as u64, || {
            message
        });
        None
    }

    fn check_rows(&mut self, batch: &EventBatch, stream: &BatchStream, labels: &Labels) {
        let inner = self.inner;
        let limits = &inner.settings.limits;
        for row in stream.rows.clone() {
            let row = row as usize;
            let size = RowSize {
                t_ns: batch.times_ns[row],
                line_bytes: batch.lines[row].len(),
                fields: batch.fields.get(batch.field_range(row)).unwrap_or_default(),
            };
            let Some(reason) = size.check(limits, self.times) else {
                let fields = if size.fields.is_empty() {
                    0
                } else {
                    size.fields_bytes()
                };
                let bytes = size.line_bytes + fields;
                self.bytes += bytes as u64;
                if let Some(own) = self.sizes.get_mut(row) {
                    *own = u32::try_from(bytes).unwrap_or(u32::MAX);
                }
                continue;
            };
            self.verdicts[row] = Some(reason);
            let times = self.times;
            self.refuse(reason, 1, || {
                size.message(reason, &stream_text(labels), limits, times)
            });
        }
    }

    /// Scrubs and enriches what is taken, and takes out what is refused.
    pub(crate) fn apply(&mut self, batch: &mut EventBatch) {
        let old_fields = std::mem::take(&mut batch.fields);
        let added = usize::from(self.inner.level.is_some());
        batch.fields.reserve(old_fields.len() + added * batch.len());
        let mut old_fields = old_fields.into_iter();
        let (mut field_from, mut kept) = (0, 0);
        for i in 0..batch.streams.len() {
            let rows = batch.streams[i].rows.clone();
            let kept_from = kept;
            let mut tally = Tally::default();
            let labels = self
                .streams
                .get_mut(i)
                .and_then(Option::take)
                .and_then(|labels| self.finish_labels(&labels, &rows, batch, i, &mut tally));
            let plans = labels.as_ref().map(|l| self.inner.privacy.plans(l));
            let context = labels
                .as_ref()
                .zip(plans.as_ref())
                .map(|(labels, plans)| self.context(labels, plans, batch));
            for row in rows {
                let row = row as usize;
                let field_to = batch.field_ends[row];
                let fields = old_fields
                    .by_ref()
                    .take(field_to.saturating_sub(field_from) as usize);
                field_from = field_to;
                let fields_before = batch.fields.len();
                batch.fields.extend(fields);
                let is_taken = match &context {
                    Some(context) if self.verdicts[row].is_none() => {
                        self.row(batch, row, fields_before, context, &mut tally)
                    }
                    _ => false,
                };
                if !is_taken {
                    batch.fields.truncate(fields_before);
                    continue;
                }
                batch.times_ns[kept] = batch.times_ns[row];
                batch.lines[kept] = batch.lines[row].clone();
                batch.field_ends[kept] = u32::try_from(batch.fields.len()).unwrap_or(u32::MAX);
                kept += 1;
            }
            batch.streams[i].rows = kept_from as u32..kept as u32;
            if let Some(labels) = &labels {
                self.note(labels, tally);
            }
        }
        batch.times_ns.truncate(kept);
        batch.lines.truncate(kept);
        batch.field_ends.truncate(kept);
        batch.streams.retain(|s| !s.rows.is_empty());
        for secret in self.secrets.drain(..) {
            if let Some(bytes) = batch.bytes.get_mut(secret) {
                bytes.fill(b'*');
            }
        }
    }

    /// Labels as they are stored; `None` when the stream is refused.
    fn finish_labels(
        &mut self,
        labels: &Labels,
        rows: &Range<u32>,
        batch: &mut EventBatch,
        i: usize,
        tally: &mut Tally,
    ) -> Option<Labels> {
        let inner = self.inner;
        let mut done = self.scrub_labels(labels, tally);
        let from = &inner.settings.enrichment.service_name_labels;
        if !from.is_empty()
            && let Some(service) = service_name(&done, from)
        {
            let mut builder = done.to_builder();
            builder.set(SERVICE_NAME, &service);
            done = builder.build();
        }
        if done != *labels {
            let fits = append(&mut batch.label_bytes, done.as_bytes());
            // What was secret must not stay in the arena; nothing reads these bytes again.
            let old = batch.streams[i].labels.clone();
            if done.len() < labels.len() || tally.has_named() {
                self.blank_labels(batch, &old);
            }
            batch.streams[i].labels = fits?;
        }
        let hash = inner.hash.hash128(done.as_bytes());
        if self
            .state
            .may_have(hash, &inner.settings.limits, self.now_ms)
        {
            self.check_stream_rate(hash, &done, rows);
            return Some(done);
        }
        let mut taken = 0;
        for verdict in &mut self.verdicts[rows.start as usize..rows.end as usize] {
            if verdict.is_none() {
                *verdict = Some(EventRefusal::TooManyStreams);
                taken += 1;
            }
        }
        let user = &self.state.source.sender;
        self.refuse(EventRefusal::TooManyStreams, taken, || {
            format!(
                "Maximum active stream limit exceeded when trying to create stream {}, reduce \
                 the number of active streams (reduce labels or reduce label values), or contact \
                 your Loki administrator to see if the limit can be increased, user: '{user}'",
                stream_text(&done)
            )
        });
        None
    }

    /// Overwrites canonical labels that no stream has any more.
    fn blank_labels(&self, batch: &mut EventBatch, old: &Range<u32>) {
        let is_shared = batch.streams.iter().filter(|s| s.labels == *old).count() > 1;
        if !is_shared
            && let Some(bytes) = batch
                .label_bytes
                .get_mut(old.start as usize..old.end as usize)
        {
            bytes.fill(0);
        }
    }

    fn scrub_labels(&mut self, labels: &Labels, tally: &mut Tally) -> Labels {
        let privacy = &self.inner.privacy;
        let plans = privacy.plans(labels);
        let plan = &plans.labels;
        let mut done = None;
        if plan.is_empty() {
            return labels.clone();
        }
        for (name, value) in labels {
            let outcome = privacy.scrub(plan, Some(name), value.as_bytes(), &mut self.scratch);
            tally.named(true, name, &self.scratch.counts);
            if outcome == Outcome::Same {
                continue;
            }
            let new = match outcome {
                Outcome::Rewritten => String::from_utf8_lossy(&self.scratch.text).into_owned(),
                _ => String::new(),
            };
            done.get_or_insert_with(|| labels.to_builder())
                .set(name, &new);
        }
        done.map_or_else(|| labels.clone(), |builder| builder.build())
    }

    fn context<'s>(
        &mut self,
        labels: &'s Labels,
        plans: &'s Plans,
        batch: &mut EventBatch,
    ) -> StreamContext<'s> {
        let level = self
            .inner
            .level
            .as_ref()
            .and_then(|detector| detector.of_labels(&labels.iter()));
        let level_word = match &level {
            Some(level::Found::Word(word)) => append(&mut batch.bytes, word.as_bytes()),
            _ => None,
        };
        StreamContext {
            plans,
            labels,
            level,
            level_word,
        }
    }

    /// One row, whose fields are the last of `batch.fields`; false when it goes.
    fn row(
        &mut self,
        batch: &mut EventBatch,
        row: usize,
        fields_from: usize,
        context: &StreamContext<'_>,
        tally: &mut Tally,
    ) -> bool {
        let is_taken = self.scrub_line(batch, row, &context.plans.lines, tally)
            && self.scrub_fields(batch, fields_from, &context.plans.fields, tally);
        if !is_taken {
            self.verdicts[row] = Some(EventRefusal::Dropped);
            self.refuse(EventRefusal::Dropped, 1, String::new);
            return false;
        }
        for i in 0..self.inner.settings.enrichment.generic_fields.len() {
            self.add_generic(batch, row, fields_from, context, i);
        }
        if self.inner.level.is_some() {
            self.add_level(batch, row, fields_from, context);
        }
        true
    }

    fn scrub_line(
        &mut self,
        batch: &mut EventBatch,
        row: usize,
        plan: &Plan,
        tally: &mut Tally,
    ) -> bool {
        let limits = &self.inner.settings.limits;
        let mut range = batch.lines[row].clone();
        let max = limits.line_bytes_max;
        let is_long = max > 0 && range.len() > max && limits.long_lines == LongLines::Truncate;
        if is_long {
            let end = range.start as usize + max.saturating_add(BEHIND_CUT).min(range.len());
            range.end = end as u32;
        }
        let line = text(&batch.bytes, &range);
        let outcome = self
            .inner
            .privacy
            .scrub(plan, None, line, &mut self.scratch);
        if outcome != Outcome::Same || !self.scratch.counts.is_empty() {
            tally.line(&self.scratch.counts);
        }
        let Some(range) = self.place(batch, &range, outcome) else {
            return false;
        };
        batch.lines[row] = range;
        if is_long {
            let line = text(&batch.bytes, &batch.lines[row]);
            let end = cut(line, max);
            batch.lines[row].end = batch.lines[row].start + end as u32;
            self.state.truncated.fetch_add(1, Ordering::Relaxed);
        }
        true
    }

    /// Where a text stands after it was scrubbed.
    fn place(
        &mut self,
        batch: &mut EventBatch,
        old: &Range<u32>,
        outcome: Outcome,
    ) -> Option<Range<u32>> {
        let from = old.start as usize;
        self.secrets.extend(
            self.scratch
                .secrets
                .iter()
                .map(|&(start, end)| from + start..from + end),
        );
        match outcome {
            Outcome::Same => Some(old.clone()),
            Outcome::Rewritten => append(&mut batch.bytes, &self.scratch.text),
            Outcome::Dropped => None,
        }
    }

    fn scrub_fields(
        &mut self,
        batch: &mut EventBatch,
        fields_from: usize,
        plan: &Plan,
        tally: &mut Tally,
    ) -> bool {
        if plan.is_empty() {
            return true;
        }
        for i in fields_from..batch.fields.len() {
            let field = batch.fields[i].clone();
            let key = name(&batch.bytes, &field.name);
            let (outcome, old) = match &field.value {
                StoredValue::Text(range) => {
                    let value = text(&batch.bytes, range);
                    let privacy = &self.inner.privacy;
                    (
                        privacy.scrub(plan, Some(key), value, &mut self.scratch),
                        range.clone(),
                    )
                }
                StoredValue::Int(v) => (self.scrub_int(plan, key, *v), 0..0),
                StoredValue::Float(_) | StoredValue::Bool(_) => continue,
            };
            if outcome == Outcome::Same && self.scratch.counts.is_empty() {
                continue;
            }
            tally.named(false, key, &self.scratch.counts);
            if matches!(field.value, StoredValue::Int(_)) {
                self.scratch.secrets.clear();
            }
            match self.place(batch, &old, outcome) {
                None => return false,
                Some(new) if outcome == Outcome::Rewritten => {
                    batch.fields[i].value = StoredValue::Text(new);
                }
                Some(_) => {}
            }
        }
        true
    }

    /// A whole number may be a card's, or its name may give it away.
    fn scrub_int(&mut self, plan: &Plan, key: &str, v: i64) -> Outcome {
        const SHORTEST_CARD: i64 = 1_000_000_000_000;
        let privacy = &self.inner.privacy;
        if v < SHORTEST_CARD && !privacy.is_telling(plan, key) {
            self.scratch.counts.clear();
            return Outcome::Same;
        }
        privacy.scrub(plan, Some(key), v.to_string().as_bytes(), &mut self.scratch)
    }

    fn add_generic(
        &mut self,
        batch: &mut EventBatch,
        row: usize,
        fields_from: usize,
        context: &StreamContext<'_>,
        i: usize,
    ) {
        let field = &self.inner.settings.enrichment.generic_fields[i];
        let found = {
            let fields = pairs(&batch.bytes, &batch.fields[fields_from..]);
            if fields.clone().any(|(n, _)| n == field.name) {
                return;
            }
            let line = text(&batch.bytes, &batch.lines[row]);
            detect_generic(field, &context.labels.iter(), &fields, line)
        };
        let Some(found) = found else {
            return;
        };
        self.words
            .generic
            .resize(i.max(self.words.generic.len().saturating_sub(1)) + 1, None);
        if self.words.generic[i].is_none() {
            self.words.generic[i] = append(&mut batch.bytes, field.name.as_bytes());
        }
        let name = self.words.generic[i].clone();
        if let (Some(name), Some(value)) = (name, append(&mut batch.bytes, &found)) {
            let value = StoredValue::Text(value);
            batch.fields.push(StoredField { name, value });
        }
    }

    fn add_level(
        &mut self,
        batch: &mut EventBatch,
        row: usize,
        fields_from: usize,
        context: &StreamContext<'_>,
    ) {
        let Some(detector) = &self.inner.level else {
            return;
        };
        let own = &batch.fields[fields_from..];
        if let Some(i) = own
            .iter()
            .position(|f| text(&batch.bytes, &f.name) == LEVEL_FIELD.as_bytes())
        {
            let level = match value(&batch.bytes, &own[i].value) {
                FieldValue::Text(word) => level::Level::from_word(word),
                _ => None,
            };
            if let Some(range) = level.and_then(|l| self.level_text(batch, l)) {
                batch.fields[fields_from + i].value = StoredValue::Text(range);
            }
            return;
        }
        let found = match &context.level {
            Some(found) => found.clone(),
            None => {
                let of_fields = if own.is_empty() {
                    None
                } else {
                    detector.of_fields(pairs(&batch.bytes, own))
                };
                of_fields.unwrap_or_else(|| {
                    let line = text(&batch.bytes, &batch.lines[row]);
                    level::Found::Level(detector.of_line(line))
                })
            }
        };
        let range = match found {
            level::Found::Level(level) => self.level_text(batch, level),
            level::Found::Word(word) if word.is_empty() => None,
            level::Found::Word(word) => match &context.level_word {
                Some(range) => Some(range.clone()),
                None => append(&mut batch.bytes, word.as_bytes()),
            },
        };
        if self.words.level_name.is_none() {
            self.words.level_name = append(&mut batch.bytes, LEVEL_FIELD.as_bytes());
        }
        if let (Some(name), Some(value)) = (self.words.level_name.clone(), range) {
            let value = StoredValue::Text(value);
            batch.fields.push(StoredField { name, value });
        }
    }

    fn level_text(&mut self, batch: &mut EventBatch, level: level::Level) -> Option<Range<u32>> {
        let slot = self.words.levels.get_mut(level as usize)?;
        if slot.is_none() {
            *slot = append(&mut batch.bytes, level.as_str().as_bytes());
        }
        slot.clone()
    }

    fn note(&self, labels: &Labels, tally: Tally) {
        let places = tally.into_places();
        for (rule, _, n) in &places {
            if let Some(count) = self.state.findings.get(usize::from(*rule)) {
                count.fetch_add(*n, Ordering::Relaxed);
            }
        }
        let service = [SERVICE_NAME, "app", "job"]
            .iter()
            .find_map(|name| labels.get(name))
            .unwrap_or_default();
        let protocol = self.state.source.protocol;
        self.inner
            .privacy
            .note(protocol, service, &places, self.now_ms);
    }
}
