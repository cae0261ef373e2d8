//! What is known of each source: its rate, its streams, its counters.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use binnacle_model::event::Source;
use binnacle_model::event::append::EventRefusal;
use hashbrown::HashMap;
use parking_lot::Mutex;

use crate::rate::TokenBucket;
use crate::settings::LimitSettings;

/// All reasons, in the order of the counters.
pub(crate) const REASONS: [EventRefusal; 10] = [
    EventRefusal::TooOld,
    EventRefusal::TooFarInFuture,
    EventRefusal::LineTooLong,
    EventRefusal::TooManyFields,
    EventRefusal::BadLabels,
    EventRefusal::TooManyStreams,
    EventRefusal::RateLimited,
    EventRefusal::StreamRateLimited,
    EventRefusal::FieldsDisallowed,
    EventRefusal::Dropped,
];

/// The place of a reason in [`REASONS`].
pub(crate) fn place(reason: EventRefusal) -> usize {
    match reason {
        EventRefusal::TooOld => 0,
        EventRefusal::TooFarInFuture => 1,
        EventRefusal::LineTooLong => 2,
        EventRefusal::TooManyFields => 3,
        EventRefusal::BadLabels => 4,
        EventRefusal::TooManyStreams => 5,
        EventRefusal::RateLimited => 6,
        EventRefusal::StreamRateLimited => 7,
        EventRefusal::FieldsDisallowed => 8,
        EventRefusal::Dropped => 9,
    }
}

/// One source.
pub(crate) struct SourceState {
    pub(crate) source: Source,
    bucket: Option<Mutex<TokenBucket>>,
    streams: Mutex<ActiveStreams>,
    pub(crate) rows: AtomicU64,
    pub(crate) bytes: AtomicU64,
    pub(crate) truncated: AtomicU64,
    pub(crate) refused: [AtomicU64; REASONS.len()],
    /// By rule.
    pub(crate) findings: Box<[AtomicU64]>,
}

/// Hashes of the streams that had rows of late, and when.
#[derive(Default)]
struct ActiveStreams {
    seen_ms: HashMap<u128, i64>,
    /// What each may still send; empty unless streams have a rate.
    buckets: HashMap<u128, TokenBucket>,
    swept_ms: Option<i64>,
}

impl ActiveStreams {
    /// Forgets streams that were idle for long; seldom, since it looks at all.
    fn sweep(&mut self, idle_ms: u64, now_ms: i64) {
        let is_swept = self
            .swept_ms
            .is_some_and(|at| now_ms.saturating_sub(at) < SWEEP_EVERY_MS);
        if is_swept {
            return;
        }
        let idle = i64::try_from(idle_ms).unwrap_or(i64::MAX);
        self.seen_ms
            .retain(|_, seen| now_ms.saturating_sub(*seen) < idle);
        let seen_ms = &self.seen_ms;
        self.buckets
            .retain(|stream, _| seen_ms.contains_key(stream));
        self.swept_ms = Some(now_ms);
    }
}

/// Streams that are told apart for their rates; rows of further ones are held against the
/// source's rate alone.
const STREAM_BUCKETS_MAX: usize = 1_000_000;

/// A full table is swept at most that often.
const SWEEP_EVERY_MS: i64 = 10_000;

impl SourceState {
    fn new(source: Source, limits: &LimitSettings, rules: usize, now_ms: i64) -> Self {
        let bucket = (limits.rate_bytes_per_s > 0).then(|| {
            Mutex::new(TokenBucket::new(
                limits.rate_bytes_per_s,
                limits.burst(),
                now_ms,
            ))
        });
        Self {
            source,
            bucket,
            streams: Mutex::default(),
            rows: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            truncated: AtomicU64::new(0),
            refused: Default::default(),
            findings: (0..rules).map(|_| AtomicU64::new(0)).collect(),
        }
    }

    /// Whether `bytes` may be sent now.
    pub(crate) fn may_send(&self, bytes: u64, now_ms: i64) -> bool {
        self.bucket
            .as_ref()
            .is_none_or(|bucket| bucket.lock().take(bytes, now_ms))
    }

    /// Whether the stream is active already or may become so.
    pub(crate) fn may_have(&self, stream: u128, limits: &LimitSettings, now_ms: i64) -> bool {
        if limits.streams_max == 0 && limits.stream_rate_bytes_per_s == 0 {
            return true;
        }
        let mut active = self.streams.lock();
        if let Some(seen) = active.seen_ms.get_mut(&stream) {
            *seen = now_ms;
            return true;
        }
        let max = match limits.streams_max {
            0 => STREAM_BUCKETS_MAX,
            max => max,
        };
        if active.seen_ms.len() >= max {
            active.sweep(limits.stream_idle_ms, now_ms);
        }
        if active.seen_ms.len() >= max {
            return limits.streams_max == 0;
        }
        active.seen_ms.insert(stream, now_ms);
        true
    }

    /// What a stream may still send, taken row by row with `take`; `None` when streams have
    /// no rate, or there are too many of them.
    pub(crate) fn with_stream_bucket<R>(
        &self,
        stream: u128,
        limits: &LimitSettings,
        now_ms: i64,
        take: impl FnOnce(&mut TokenBucket) -> R,
    ) -> Option<R> {
        let rate = limits.stream_rate_bytes_per_s;
        if rate == 0 {
            return None;
        }
        let mut active = self.streams.lock();
        if !active.seen_ms.contains_key(&stream) {
            return None;
        }
        let bucket = active
            .buckets
            .entry(stream)
            .or_insert_with(|| TokenBucket::new(rate, limits.stream_burst(), now_ms));
        Some(take(bucket))
    }

    /// Streams that had rows of late.
    pub(crate) fn streams_active(&self) -> usize {
        self.streams.lock().seen_ms.len()
    }

    pub(crate) fn count_refused(&self, reason: EventRefusal, rows: u64) {
        self.refused[place(reason)].fetch_add(rows, Ordering::Relaxed);
    }
}

/// All sources, bounded.
pub(crate) struct Sources {
    known: Mutex<HashMap<Source, Arc<SourceState>>>,
    other: Arc<SourceState>,
    max: usize,
    rules: usize,
}

impl Sources {
    pub(crate) fn new(max: usize, limits: &LimitSettings, rules: usize, now_ms: i64) -> Self {
        let other = Source {
            protocol: "(other)",
            sender: "(other)".to_owned(),
        };
        Self {
            known: Mutex::default(),
            other: Arc::new(SourceState::new(other, limits, rules, now_ms)),
            max,
            rules,
        }
    }

    /// The state of a source; the shared one when there are too many.
    pub(crate) fn of(
        &self,
        source: &Source,
        limits: &LimitSettings,
        now_ms: i64,
    ) -> Arc<SourceState> {
        let mut known = self.known.lock();
        if let Some(state) = known.get(source) {
            return Arc::clone(state);
        }
        if known.len() >= self.max {
            return Arc::clone(&self.other);
        }
        let state = Arc::new(SourceState::new(source.clone(), limits, self.rules, now_ms));
        known.insert(source.clone(), Arc::clone(&state));
        state
    }

    /// All of them, by protocol and sender; the shared one only when it was used.
    pub(crate) fn all(&self) -> Vec<Arc<SourceState>> {
        let mut all: Vec<_> = self.known.lock().values().cloned().collect();
        all.sort_by(|a, b| {
            (a.source.protocol, &a.source.sender).cmp(&(b.source.protocol, &b.source.sender))
        });
        let is_used = self.other.rows.load(Ordering::Relaxed) > 0
            || self
                .other
                .refused
                .iter()
                .any(|n| n.load(Ordering::Relaxed) > 0);
        if is_used {
            all.push(Arc::clone(&self.other));
        }
        all
    }
}
