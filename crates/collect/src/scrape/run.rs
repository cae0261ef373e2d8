//! The loop of one target: when to scrape, and what becomes of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use binnacle_model::append::Append;
use binnacle_stdx::clock::Clock;
use binnacle_wire::negotiate::{BodyFormat, body_format};
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep};
use tokio_util::sync::CancellationToken;

use super::ScrapeError;
use super::body::{BodyError, gunzip};
use super::digest::{Counts, Digest, Rules};
use super::fetch::{Asker, Fetched, Internals};
use super::metrics::{ScrapeMetrics, bump};
use super::populate::millis;
use super::report::Figures;
use super::target::{Health, Target};
use super::workspace::{Workspace, Workspaces};
use crate::pool::FailureLog;
use crate::settings::ScrapeSettings;
use binnacle_client::{Client, Connection};

/// A scrape that starts this much (or a hundredth of the interval) after its time
/// is stored with its time: equal steps compress better.
const TOLERANCE_MS: i64 = 2;
/// A body of more bytes is read on a thread that may block.
const INLINE_BYTES_MAX: usize = 1 << 20;

/// What all loops of the process share.
#[derive(Clone)]
pub(crate) struct Shared {
    pub(crate) append: Arc<dyn Append>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) internals: Internals,
    pub(crate) metrics: Arc<ScrapeMetrics>,
    pub(crate) workspaces: Workspaces,
    /// Shifts the times of all scrapes of this server.
    pub(crate) seed: Arc<AtomicU64>,
}

/// What a loop leaves behind for its successor.
#[derive(Debug, Default)]
pub(crate) struct LoopMemory {
    digest: Digest,
    connection: Connection,
    scraped: bool,
}

/// One target, ready to be scraped.
pub(crate) struct ScrapeLoop {
    pub(crate) target: Arc<Target>,
    pub(crate) settings: Arc<ScrapeSettings>,
    pub(crate) client: Arc<Client>,
    pub(crate) shared: Shared,
    /// How many targets the pool has when these are too many, else 0.
    pub(crate) targets_over_limit: Arc<AtomicU64>,
    pub(crate) failure_log: Option<Arc<FailureLog>>,
}

impl ScrapeLoop {
    /// Scrapes until `stop`, and hands back what it remembers. A scrape that waits
    /// for its target when the stop comes is given up without a trace.
    pub(crate) async fn run(self, mut memory: LoopMemory, stop: CancellationToken) -> LoopMemory {
        let asker = Asker::new(&self.target, &self.settings, self.client.clone());
        let interval = self.target.interval();
        let until_first = self.until_first();
        if stop.run_until_cancelled(sleep(until_first)).await.is_none() {
            return memory;
        }
        let mut ticks = interval_at(Instant::now(), interval);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let mut schedule = Schedule::new(self.shared.clock.now_ms(), millis(interval));
        loop {
            if stop.run_until_cancelled(ticks.tick()).await.is_none() {
                return memory;
            }
            let now_ms = self.shared.clock.now_ms();
            let t_ms = schedule.time_of(now_ms);
            let scraping = self.scrape(&asker, &mut memory, now_ms, t_ms);
            if stop.run_until_cancelled(scraping).await.is_none() {
                return memory;
            }
        }
    }

    /// Targets are spread over the interval by their hash; those within this
    /// process cost no network and start at once.
    fn until_first(&self) -> Duration {
        if self.target.internal().is_some() {
            return Duration::ZERO;
        }
        let interval = self.target.interval().as_millis().max(1) as u64;
        let now = self.shared.clock.now_ms().max(0) as u64;
        offset(
            now,
            interval,
            self.target.hash() ^ self.shared.seed.load(Ordering::Relaxed),
        )
    }

    async fn scrape(&self, asker: &Asker, memory: &mut LoopMemory, now_ms: i64, t_ms: i64) {
        let start = Instant::now();
        let mut workspace = self.shared.workspaces.lend();
        let fetched = match self.refusal() {
            Some(error) => Err(error),
            None => {
                asker
                    .ask(
                        &self.shared.internals,
                        &mut memory.connection,
                        &mut workspace.raw,
                    )
                    .await
            }
        };
        let large = fetched.is_ok() && workspace.raw.len() > INLINE_BYTES_MAX;
        let mut job = Job {
            digest: std::mem::take(&mut memory.digest),
            workspace,
            rules: Rules {
                target: self.target.clone(),
                settings: self.settings.clone(),
                metrics: self.shared.metrics.clone(),
            },
            append: self.shared.append.clone(),
            limit: asker.limit(),
            start,
            now_ms,
            t_ms,
        };
        let outcome = if large {
            match tokio::task::spawn_blocking(move || (job.run(fetched), job)).await {
                Ok((outcome, done)) => {
                    job = done;
                    outcome
                }
                Err(error) => {
                    tracing::error!(target = self.target.url(), %error, "scrape failed within");
                    return;
                }
            }
        } else {
            job.run(fetched)
        };
        memory.scraped = true;
        memory.digest = job.digest;
        self.shared.workspaces.take_back(job.workspace);
        if let Err(error) = outcome {
            tracing::debug!(pool = self.target.pool(), target = self.target.url(), %error, "scrape failed");
            if let Some(log) = &self.failure_log {
                log.write(now_ms, &self.target, &error);
            }
        }
    }

    /// Why the target is not asked at all.
    fn refusal(&self) -> Option<ScrapeError> {
        let limit = self.settings.limits.targets;
        let targets = self.targets_over_limit.load(Ordering::Relaxed);
        if targets > 0 {
            return Some(ScrapeError::TargetLimit { targets, limit });
        }
        let status = self.target.status();
        status.disabled.then(|| {
            // `up` stays 0, so that whoever watches the target is still told.
            ScrapeError::Gone(format!(
                "disabled after {} failed scrapes in a row",
                status.failures
            ))
        })
    }
}

/// The target is gone for good: waits until a successor would have written, and
/// ends its series as of now. Nothing is written when `shutdown` comes first: after
/// a restart scraping goes on.
pub(crate) async fn end_of_run(
    mut memory: LoopMemory,
    interval: Duration,
    shared: Shared,
    shutdown: CancellationToken,
) {
    if !memory.scraped {
        return;
    }
    let t_ms = shared.clock.now_ms();
    let wait = interval * 2 + interval / 10;
    if shutdown.run_until_cancelled(sleep(wait)).await.is_none() {
        return;
    }
    if let Err(error) = memory.digest.end(t_ms, &*shared.append) {
        tracing::warn!(%error, "series of a removed target were not ended");
    }
}

/// Everything that happens once the bytes are there.
struct Job {
    digest: Digest,
    workspace: Workspace,
    rules: Rules,
    append: Arc<dyn Append>,
    limit: u64,
    start: Instant,
    now_ms: i64,
    t_ms: i64,
}

impl Job {
    fn run(&mut self, fetched: Result<Fetched, ScrapeError>) -> Result<(), ScrapeError> {
        // The bytes are taken out of the workspace while its batch is filled.
        let raw = std::mem::take(&mut self.workspace.raw);
        let mut plain = std::mem::take(&mut self.workspace.plain);
        let (counts, outcome, body) = match self.open(&raw, fetched, &mut plain) {
            Ok((format, body)) => {
                let (counts, outcome) =
                    self.digest
                        .read(&self.rules, body, format, self.t_ms, &mut self.workspace);
                (counts, outcome, body)
            }
            Err(error) => {
                self.digest.read_nothing(&mut self.workspace);
                (Counts::default(), Err(error), &[][..])
            }
        };
        self.store(counts, &outcome, body);
        self.workspace.raw = raw;
        self.workspace.plain = plain;
        self.note(counts, &outcome);
        outcome
    }

    /// The body in plain, and what it is read as.
    fn open<'a>(
        &self,
        raw: &'a [u8],
        fetched: Result<Fetched, ScrapeError>,
        plain: &'a mut Vec<u8>,
    ) -> Result<(BodyFormat, &'a [u8]), ScrapeError> {
        let fetched = fetched?;
        let fallback = self.rules.settings.fallback_protocol;
        let format = body_format(fetched.content_type.as_deref(), fallback)?.format;
        let body = &raw[fetched.body];
        if !fetched.gzip {
            return Ok((format, body));
        }
        match gunzip(body, plain, self.limit) {
            Ok(()) => Ok((format, plain)),
            Err(BodyError::TooLarge(limit)) => Err(ScrapeError::BodySizeLimit { limit }),
            Err(BodyError::Bad(why)) => Err(ScrapeError::Encoding(why)),
        }
    }

    fn store(&mut self, counts: Counts, outcome: &Result<(), ScrapeError>, body: &[u8]) {
        let figures = Figures {
            up: outcome.is_ok(),
            duration_seconds: self.start.elapsed().as_secs_f64(),
            scraped: counts.scraped,
            after_relabelling: counts.kept,
            series_added: counts.added,
            timeout_seconds: self.rules.target.timeout().as_secs_f64(),
            sample_limit: self.rules.settings.limits.samples,
            body_bytes: match outcome {
                Err(ScrapeError::BodySizeLimit { .. }) => -1,
                _ => i64::try_from(body.len()).unwrap_or(i64::MAX),
            },
        };
        let (rules, append) = (&self.rules, &*self.append);
        let stored = self.digest.store(
            rules,
            &figures,
            self.t_ms,
            body,
            &mut self.workspace,
            append,
        );
        if let Err(error) = stored {
            bump(&self.rules.metrics.appends_failed, 1);
            tracing::error!(target = self.rules.target.url(), %error, "scrape was not stored");
        }
    }

    /// Tells the target and the counters how it went.
    fn note(&self, counts: Counts, outcome: &Result<(), ScrapeError>) {
        bump(&self.rules.metrics.scrapes, 1);
        if outcome.is_err() {
            bump(&self.rules.metrics.scrapes_failed, 1);
        }
        if matches!(outcome, Err(ScrapeError::BodySizeLimit { .. })) {
            bump(&self.rules.metrics.exceeded_body_size_limit, 1);
        }
        let disable_after = self.rules.settings.disable_after_failures;
        self.rules.target.change_status(|status| {
            status.last_scrape_ms = self.now_ms;
            status.last_duration = self.start.elapsed();
            match outcome {
                Ok(()) => {
                    status.health = Health::Up;
                    status.last_error.clear();
                    status.samples_scraped = counts.scraped;
                    status.failures = 0;
                }
                Err(error) => {
                    status.health = Health::Down;
                    status.last_error = error.to_string();
                    if !status.disabled {
                        status.failures += 1;
                    }
                    status.disabled |= disable_after > 0 && status.failures >= disable_after;
                }
            }
        });
    }
}

/// Time until a target's first scrape: its place within the interval, which does
/// not depend on when the process was started.
fn offset(now_ms: u64, interval_ms: u64, hash: u64) -> Duration {
    let into = now_ms % interval_ms;
    let place = hash % interval_ms;
    Duration::from_millis((place + interval_ms - into) % interval_ms)
}

/// The times that scrapes are stored with.
#[derive(Debug)]
struct Schedule {
    next_ms: i64,
    interval_ms: i64,
    tolerance_ms: i64,
}

impl Schedule {
    fn new(first_ms: i64, interval_ms: i64) -> Self {
        let interval_ms = interval_ms.max(1);
        Self {
            next_ms: first_ms,
            interval_ms,
            tolerance_ms: TOLERANCE_MS.min(interval_ms / 100),
        }
    }

    /// The time of a scrape that starts at `now_ms`: that of the schedule when it
    /// is near, else `now_ms`.
    fn time_of(&mut self, now_ms: i64) -> i64 {
        if now_ms < self.next_ms - self.tolerance_ms {
            // The clock was set back.
            self.next_ms = now_ms;
        }
        let late = now_ms - self.next_ms;
        if late >= self.interval_ms {
            self.next_ms += late - late % self.interval_ms;
        }
        let scheduled = self.next_ms;
        if (now_ms - scheduled).abs() <= self.tolerance_ms {
            self.next_ms += self.interval_ms;
            return scheduled;
        }
        now_ms
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_keep_their_place_in_the_interval() {
        let check = |now: u64, hash: u64, want: u64| {
            assert_eq!(
                offset(now, 15_000, hash),
                Duration::from_millis(want),
                "{now} {hash}"
            );
        };
        check(30_000, 4_000, 4_000);
        check(31_000, 4_000, 3_000);
        check(35_000, 4_000, 14_000);
        check(34_000, 4_000, 0);
    }

    #[test]
    fn small_delays_do_not_show() {
        let mut schedule = Schedule::new(1_000, 10_000);
        let check = |schedule: &mut Schedule, now: i64, want: i64| {
            assert_eq!(schedule.time_of(now), want, "at {now}");
        };
        check(&mut schedule, 1_001, 1_000);
        check(&mut schedule, 11_002, 11_000);
        // Late: its own time.
        check(&mut schedule, 21_050, 21_050);
        check(&mut schedule, 31_001, 31_000);
        // Ticks were missed.
        check(&mut schedule, 61_001, 61_000);
        // The clock was set back, and goes on from there.
        check(&mut schedule, 50_000, 50_000);
        check(&mut schedule, 60_001, 60_000);
    }

    #[test]
    fn short_intervals_have_little_tolerance() {
        let mut schedule = Schedule::new(0, 100);
        assert_eq!(schedule.time_of(2), 2);
        assert_eq!(schedule.time_of(101), 100);
    }
}
