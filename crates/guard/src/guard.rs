//! The guard: limits, privacy and enrichment before an engine.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use binnacle_model::event::append::{AppendEvents, EventBatch, EventRefusal};
use binnacle_model::event::sink::{LogSink, SinkError, Source, Taken};
use binnacle_stdx::clock::Clock;
use binnacle_stdx::hash::HashKey;

use crate::enrich::LevelDetector;
use crate::pass::Pass;
use crate::privacy::{Privacy, ReportEntry, SettingsError};
use crate::rows::remove_rows;
use crate::settings::GuardSettings;
use crate::source::{REASONS, Sources};
use crate::stats::{FindingCount, GuardStats, SourceStats};
use crate::tail::{Subscription, Tails, Waker};

/// What a pass needs of the guard.
pub(crate) struct Inner {
    pub(crate) settings: GuardSettings,
    pub(crate) privacy: Arc<Privacy>,
    pub(crate) level: Option<LevelDetector>,
    pub(crate) hash: HashKey,
}

/// Stands in front of an engine and takes lines for it.
pub struct Guard {
    inner: Inner,
    engine: Arc<dyn AppendEvents>,
    clock: Arc<dyn Clock>,
    sources: Sources,
    tails: Arc<Tails>,
}

impl Guard {
    /// A guard in front of `engine`.
    ///
    /// # Errors
    /// When the privacy rules cannot be used.
    pub fn new(
        settings: GuardSettings,
        engine: Arc<dyn AppendEvents>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, SettingsError> {
        let privacy = Arc::new(Privacy::new(&settings.privacy)?);
        let enrichment = &settings.enrichment;
        let level = enrichment.detect_level.then(|| {
            LevelDetector::new(
                enrichment.level_fields.clone(),
                enrichment.level_json_depth_max,
            )
        });
        let sources = Sources::new(
            settings.sources_max,
            &settings.limits,
            privacy.rules().len(),
            clock.now_ms(),
        );
        Ok(Self {
            inner: Inner {
                settings,
                privacy,
                level,
                hash: HashKey::random(),
            },
            engine,
            clock,
            sources,
            tails: Arc::default(),
        })
    }

    /// The settings that it was made with.
    #[must_use]
    pub fn settings(&self) -> &GuardSettings {
        &self.inner.settings
    }

    /// The privacy rules, for others who have texts to scrub.
    #[must_use]
    pub fn privacy(&self) -> &Arc<Privacy> {
        &self.inner.privacy
    }

    /// See [`Privacy::report`].
    #[must_use]
    pub fn report(&self) -> (Vec<ReportEntry>, u64) {
        self.inner.privacy.report()
    }

    /// Follows what is stored from now on.
    #[must_use]
    pub fn subscribe(&self) -> Subscription {
        self.tails.subscribe(None)
    }

    /// As [`Self::subscribe`]; `waker` is called by whoever stores, behind each batch, and
    /// must not block.
    #[must_use]
    pub fn subscribe_with(&self, waker: Waker) -> Subscription {
        self.tails.subscribe(Some(waker))
    }

    /// Counters since the start.
    #[must_use]
    pub fn stats(&self) -> GuardStats {
        let mut stats = GuardStats {
            subscribers: self.tails.count() as u64,
            ..GuardStats::default()
        };
        for state in self.sources.all() {
            for (rule, n) in self.inner.privacy.rules().iter().zip(&state.findings) {
                let count = n.load(Ordering::Relaxed);
                if count > 0 {
                    stats.findings.push(FindingCount {
                        rule: rule.name.clone(),
                        detector: rule.detector.as_str(),
                        action: rule.action.as_str(),
                        source: state.source.clone(),
                        count,
                    });
                }
            }
            stats.sources.push(SourceStats {
                source: state.source.clone(),
                rows: state.rows.load(Ordering::Relaxed),
                bytes: state.bytes.load(Ordering::Relaxed),
                truncated: state.truncated.load(Ordering::Relaxed),
                streams_active: state.streams_active() as u64,
                refused: REASONS
                    .into_iter()
                    .zip(state.refused.iter().map(|n| n.load(Ordering::Relaxed)))
                    .filter(|&(_, n)| n > 0)
                    .collect(),
            });
        }
        stats
    }

    fn publish(&self, batch: &EventBatch, refused: &[(u32, EventRefusal)]) {
        if self.tails.count() == 0 {
            return;
        }
        let mut copy = batch.clone();
        if !refused.is_empty() {
            let mut rows: Vec<u32> = refused.iter().map(|&(row, _)| row).collect();
            rows.sort_unstable();
            remove_rows(&mut copy, &rows);
        }
        self.tails
            .publish(&Arc::new(copy), self.inner.settings.tail);
    }
}

impl LogSink for Guard {
    fn push(&self, source: &Source, batch: &mut EventBatch) -> Result<Taken, SinkError> {
        let now_ms = self.clock.now_ms();
        let limits = &self.inner.settings.limits;
        let state = self.sources.of(source, limits, now_ms);
        let mut pass = Pass::new(&self.inner, &state, now_ms);
        pass.check(batch);
        if !state.may_send(pass.bytes, now_ms) {
            let rows = batch.len();
            state.count_refused(EventRefusal::RateLimited, rows as u64);
            return Err(SinkError::RateLimited(format!(
                "Ingestion rate limit exceeded for user {} (limit: {} bytes/sec) while attempting \
                 to ingest '{rows}' lines totaling '{}' bytes, reduce log volume or contact your \
                 Loki administrator to see if the limit can be increased",
                source.sender, limits.rate_bytes_per_s, pass.bytes
            )));
        }
        pass.apply(batch);
        let mut rows = 0;
        let mut stored = Vec::new();
        if !batch.is_empty() {
            let appended = self.engine.append(batch)?;
            rows = appended.rows;
            for &(_, reason) in &appended.refused {
                pass.refuse(reason, 1, || {
                    format!("entries were refused by the store: {}", reason.as_str())
                });
            }
            self.publish(batch, &appended.refused);
            stored = appended.refused;
        }
        state.rows.fetch_add(rows, Ordering::Relaxed);
        state.bytes.fetch_add(pass.bytes, Ordering::Relaxed);
        Ok(Taken {
            rows,
            refused: pass.refused(),
            refused_rows: pass.refused_rows(&stored),
            messages: pass.messages(),
        })
    }
}
