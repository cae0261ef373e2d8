//! From a batch to the log and the head.
//!
//! One batch at a time, in four steps: find every series ([`resolve`]), decide for
//! every sample ([`accept`]), write one record to the log, push into the head. The
//! steps up to the log hold no lock that a reader needs for long; the last one holds
//! the head's for some 50 nanoseconds a sample, which is what makes a batch visible
//! as a whole. When the log refuses, the head is as it was; series that were
//! registered stay and go into the log with the next batch.
//!
//! Not here: when a head is flushed.

mod accept;
pub(crate) mod record;
mod resolve;
mod seen;

use std::sync::Arc;

use binnacle_model::append::{AppendError, AppendOptions, Appended, Batch, SeriesRef};
use binnacle_store::Error;

use crate::engine::{HeadPart, Inner};
use crate::options::SyncPolicy;
use crate::registry::{Registry, SeriesId};
use record::{Logged, Staged};
use resolve::NOT_FOUND;
use seen::Seen;

/// The kind of the log's records that hold batches.
pub(crate) const RECORD_KIND: u8 = 1;

/// The one who writes: what is kept from batch to batch.
pub(crate) struct Writer {
    pub(crate) head: HeadPart,
    pub(crate) logged: Logged,
    pub(crate) closed: bool,
    staged: Staged,
    seen: Seen,
    keys: Vec<u128>,
    ids: Vec<SeriesId>,
    record: Vec<u8>,
}

impl Writer {
    /// A writer of `head`, all of whose names the log or a checkpoint has.
    pub(crate) fn new(head: HeadPart) -> Self {
        let logged = Logged::all(&head.registry.read());
        Self {
            head,
            logged,
            closed: false,
            staged: Staged::default(),
            seen: Seen::default(),
            keys: Vec::new(),
            ids: Vec::new(),
            record: Vec::new(),
        }
    }
}

/// Appends wait when the head holds so many times what makes it due for a flush:
/// one part is being written out, one may fill meanwhile, and one is for merges
/// that are in the way.
const CROWDED: u64 = 3;

impl Inner {
    /// Stores a batch; see `model::append::Append`.
    pub(crate) fn append(
        &self,
        batch: &Batch,
        options: AppendOptions,
    ) -> Result<Appended, AppendError> {
        let mut answer = Appended::default();
        let crowded = {
            let mut writer = self.writer.lock();
            if writer.closed {
                return Err(AppendError::Closed);
            }
            self.append_locked(&mut writer, batch, options, &mut answer)?;
            self.is_crowded(&writer)
        };
        if self.options.sync == SyncPolicy::Always {
            self.wal.sync()?;
        }
        self.stats.count_batch(&answer);
        if crowded {
            // The flush failed or cannot keep up: the sender waits for it.
            if let Err(error) = self.flush() {
                tracing::error!(%error, "the head is over its limit and cannot be flushed");
            }
        }
        Ok(answer)
    }

    /// Wakes the background thread when the head is due to be flushed. True when it
    /// cannot keep up, and appends must wait for it.
    fn is_crowded(&self, writer: &Writer) -> bool {
        let samples = writer.head.generation.read().samples();
        if samples < self.options.head_samples {
            return false;
        }
        let full = self.full_head(writer.head.registry.read().len());
        if samples >= full {
            self.bell.ring();
        }
        samples >= self.options.head_samples_max.min(CROWDED * full)
    }

    fn append_locked(
        &self,
        writer: &mut Writer,
        batch: &Batch,
        options: AppendOptions,
        answer: &mut Appended,
    ) -> Result<(), AppendError> {
        self.resolve(writer, batch, answer);
        self.accept(writer, batch, options, answer);
        self.accept_exemplars(writer, batch);
        self.accept_metadata(writer, batch);
        self.log(writer)?;
        self.push(writer);
        if options.want_refs {
            let registry = writer.head.registry.read();
            answer.refs.extend(writer.ids.iter().map(|&id| match id {
                NOT_FOUND => SeriesRef(0),
                id => registry.reference(id),
            }));
        }
        Ok(())
    }

    fn log(&self, writer: &mut Writer) -> Result<(), AppendError> {
        let registry = writer.head.registry.read();
        if writer.staged.is_empty() && writer.logged == Logged::all(&registry) {
            return Ok(());
        }
        writer.record.clear();
        record::encode(&writer.staged, &registry, writer.logged, &mut writer.record);
        self.wal
            .append_one(RECORD_KIND, &writer.record)
            .map_err(|error| match error {
                // Nothing is broken: a smaller batch goes through.
                Error::Limit { .. } => AppendError::Full {
                    message: format!("batch: {error}"),
                },
                error => error.into(),
            })?;
        writer.logged = Logged::all(&registry);
        Ok(())
    }

    fn push(&self, writer: &Writer) {
        apply(&writer.head, &writer.staged);
        if !writer.staged.exemplars.is_empty() {
            self.apply_exemplars(&writer.head.registry.read(), &writer.staged);
        }
        if !writer.staged.metadata.is_empty() {
            let mut families = self.families.write();
            for (family, metadata) in &writer.staged.metadata {
                families.set(family, metadata);
            }
        }
    }

    /// Adds staged exemplars to the ring.
    pub(crate) fn apply_exemplars(&self, registry: &Registry, staged: &Staged) {
        let mut ring = self.exemplars.lock();
        for (id, exemplar) in &staged.exemplars {
            ring.add(registry.key_of(*id), || registry.labels(*id), exemplar);
        }
    }

    fn accept_exemplars(&self, writer: &mut Writer, batch: &Batch) {
        if batch.exemplars.is_empty() || self.options.exemplars_max == 0 {
            return;
        }
        let registry = writer.head.registry.read();
        let ring = self.exemplars.lock();
        for (series, &id) in batch.series.iter().zip(&writer.ids) {
            let range = series.exemplars.start as usize..series.exemplars.end as usize;
            let Some(exemplars) = batch.exemplars.get(range).filter(|_| id != NOT_FOUND) else {
                continue;
            };
            let news = exemplars
                .iter()
                .filter(|e| ring.is_news(registry.key_of(id), e));
            writer
                .staged
                .exemplars
                .extend(news.map(|e| (id, e.clone())));
        }
    }

    fn accept_metadata(&self, writer: &mut Writer, batch: &Batch) {
        if batch.metadata.is_empty() {
            return;
        }
        let families = self.families.read();
        let news = batch
            .metadata
            .iter()
            .filter(|(family, m)| families.is_news(family, m));
        writer.staged.metadata.extend(news.cloned());
    }
}

/// How many samples ahead a tail is fetched.
const AHEAD: usize = 8;

/// Pushes staged samples into the head, all at once for readers.
pub(crate) fn apply(head: &HeadPart, staged: &Staged) {
    let series = head.registry.read().len();
    let mut generation = head.generation.write();
    generation.grow(series);
    for (i, &id) in staged.ids.iter().enumerate() {
        if let Some(tail) = staged
            .ids
            .get(i + AHEAD)
            .and_then(|&next| generation.tail(next))
        {
            tail.prefetch();
        }
        generation.push(id, staged.times_ms[i], staged.values[i]);
    }
}

impl binnacle_model::append::Append for crate::Engine {
    fn append(&self, batch: &Batch, options: AppendOptions) -> Result<Appended, AppendError> {
        Arc::as_ref(&self.inner).append(batch, options)
    }
}
