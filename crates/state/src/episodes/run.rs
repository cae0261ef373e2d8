//! A run: up to some thousand episodes with ascending numbers, kept as columns.
//!
//! ```text
//! filter   which labels and alerts it may have            (see `filter`)
//! begun    numbers, fingerprints, starts, receipts        packed
//! labels   of each: | length | canonical encoding |       packed
//! texts    of each: | length | annotations, URL |         packed
//! fates    what became of each                            packed (see `fate`)
//! ```
//!
//! All but the fates stays as it is. An alert costs a few copies and its share of
//! compressing a column, where a row of its own would cost its way through several trees.

use binnacle_model::Labels;
use binnacle_model::alert::Texts;
use binnacle_stdx::bits::{Bytes, put_varint, put_varint_signed};

use super::fate::{Fate, put_text, take_str, take_text};
use super::filter;
use super::pack::Packer;
use crate::error::Fault;

type Outcome<T> = Result<T, Fault>;

/// Episodes of one run: one is unpacked in about a millisecond.
pub(super) const EPISODES_MAX: usize = 4_096;

/// Bytes of labels and texts after which a run takes no further episode.
const BYTES_MAX: usize = 4 << 20;

/// What there is to know of a run without unpacking anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Summary {
    /// Number of its first episode, and of the run.
    pub(crate) id: i64,
    /// Number of its last episode.
    pub(super) last: i64,
    /// How many there are.
    pub(super) count: i64,
    /// Earliest and latest start, milliseconds.
    pub(crate) started_ms: (i64, i64),
    /// Earliest and latest end, milliseconds.
    pub(super) ended_ms: Option<(i64, i64)>,
    /// How many have not ended.
    pub(super) open: i64,
}

impl Summary {
    /// Adds an episode behind the others.
    fn add(&mut self, id: i64, started_ms: i64, fate: &Fate) {
        self.last = id;
        self.count += 1;
        let (from, to) = self.started_ms;
        self.started_ms = (from.min(started_ms), to.max(started_ms));
        self.add_fate(fate);
    }

    fn add_fate(&mut self, fate: &Fate) {
        match fate.resolved_ms {
            None => self.open += 1,
            Some(at_ms) => {
                let (from, to) = self.ended_ms.unwrap_or((at_ms, at_ms));
                self.ended_ms = Some((from.min(at_ms), to.max(at_ms)));
            }
        }
    }
}

/// A run, ready to be stored.
pub(super) struct Packed {
    pub(super) summary: Summary,
    pub(super) filter: Vec<u8>,
    pub(super) begun: Vec<u8>,
    pub(super) labels: Vec<u8>,
    pub(super) texts: Vec<u8>,
    pub(super) fates: Vec<u8>,
}

/// How an episode began.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Beginning {
    pub(super) id: i64,
    pub(crate) fingerprint: u64,
    pub(crate) started_ms: i64,
    pub(super) received_ms: i64,
}

/// A run in the making.
#[derive(Default)]
pub(super) struct Builder {
    begun: Vec<Beginning>,
    labels: Vec<u8>,
    texts: Vec<u8>,
    fates: Vec<u8>,
    hashes: Vec<u64>,
    summary: Option<Summary>,
}

impl Builder {
    pub(super) fn is_full(&self) -> bool {
        self.begun.len() >= EPISODES_MAX || self.labels.len() + self.texts.len() >= BYTES_MAX
    }

    /// Adds an episode; `texts` are as [`encode_texts`] makes them.
    pub(super) fn push(&mut self, one: Beginning, labels: &Labels, texts: &[u8], fate: &Fate) {
        let summary = self.summary.get_or_insert(Summary {
            id: one.id,
            last: one.id,
            count: 0,
            started_ms: (i64::MAX, i64::MIN),
            ended_ms: None,
            open: 0,
        });
        summary.add(one.id, one.started_ms, fate);
        self.hashes.push(filter::of_alert(one.fingerprint));
        filter::of_labels(labels, &mut self.hashes);
        self.begun.push(one);
        for (column, entry) in [
            (&mut self.labels, labels.as_bytes()),
            (&mut self.texts, texts),
        ] {
            put_varint(column, entry.len() as u64);
            column.extend_from_slice(entry);
        }
        fate.encode(one.started_ms, &mut self.fates);
    }

    /// The run; `None` when nothing was added. The builder is empty afterwards.
    pub(super) fn take(&mut self, packer: &mut Packer) -> Outcome<Option<Packed>> {
        let Some(summary) = self.summary.take() else {
            return Ok(None);
        };
        let packed = Packed {
            summary,
            filter: filter::build(&mut self.hashes),
            begun: packer.pack(&encode_begun(&self.begun))?,
            labels: packer.pack(&self.labels)?,
            texts: packer.pack(&self.texts)?,
            fates: packer.pack(&self.fates)?,
        };
        self.begun.clear();
        self.labels.clear();
        self.texts.clear();
        self.fates.clear();
        self.hashes.clear();
        Ok(Some(packed))
    }
}

/// Column by column, each value relative to the one before; fingerprints as they are.
fn encode_begun(begun: &[Beginning]) -> Vec<u8> {
    let mut out = Vec::with_capacity(16 * begun.len() + 8);
    put_varint(&mut out, begun.len() as u64);
    let mut relative = |values: &mut dyn Iterator<Item = i64>| {
        let mut before = 0_i64;
        for value in values {
            put_varint_signed(&mut out, value.wrapping_sub(before));
            before = value;
        }
    };
    relative(&mut begun.iter().map(|b| b.id));
    relative(&mut begun.iter().map(|b| b.started_ms));
    relative(&mut begun.iter().map(|b| b.received_ms));
    for one in begun {
        out.extend_from_slice(&one.fingerprint.to_le_bytes());
    }
    out
}

/// What [`encode_begun`] wrote.
pub(super) fn decode_begun(column: &[u8]) -> Outcome<Vec<Beginning>> {
    let read = || {
        let mut bytes = Bytes::new(column);
        let count = usize::try_from(bytes.varint()?).ok()?;
        // An episode takes 11 bytes at least.
        if count > column.len() {
            return None;
        }
        let relative = |bytes: &mut Bytes<'_>| -> Option<Vec<i64>> {
            let mut before = 0_i64;
            let next = |_| {
                before = before.wrapping_add(bytes.varint_signed()?);
                Some(before)
            };
            (0..count).map(next).collect()
        };
        let ids = relative(&mut bytes)?;
        let started = relative(&mut bytes)?;
        let received = relative(&mut bytes)?;
        let mut begun = Vec::with_capacity(count);
        for ((id, started_ms), received_ms) in ids.into_iter().zip(started).zip(received) {
            begun.push(Beginning {
                id,
                fingerprint: bytes.u64()?,
                started_ms,
                received_ms,
            });
        }
        bytes.rest().is_empty().then_some(begun)
    };
    read().ok_or_else(|| damaged("begun"))
}

/// The entries of the columns `labels` and `texts`, in order.
pub(super) fn entries(column: &[u8]) -> impl Iterator<Item = Outcome<&[u8]>> {
    let mut bytes = Bytes::new(column);
    std::iter::from_fn(move || {
        if bytes.rest().is_empty() {
            return None;
        }
        let len = bytes.varint().and_then(|len| usize::try_from(len).ok());
        let entry = len.and_then(|len| bytes.take(len));
        let entry = entry.ok_or_else(|| damaged("labels or texts"));
        if entry.is_err() {
            // There is no way to find the next one.
            bytes = Bytes::new(&[]);
        }
        Some(entry)
    })
}

/// Labels of an entry.
pub(crate) fn decode_labels(entry: &[u8]) -> Outcome<Labels> {
    Labels::from_canonical(entry).map_err(|e| Fault::Row(format!("labels of an episode: {e}")))
}

/// Appends annotations and generator URL.
pub(super) fn encode_texts(annotations: &Texts, generator_url: &str, out: &mut Vec<u8>) {
    put_text(out, generator_url);
    for (name, value) in annotations {
        put_text(out, name);
        put_text(out, value);
    }
}

/// Annotations and generator URL.
pub(super) fn decode_texts(entry: &[u8]) -> Outcome<(Texts, String)> {
    let read = || {
        let mut bytes = Bytes::new(entry);
        let generator_url = take_text(&mut bytes)?;
        let mut annotations = Texts::new();
        while !bytes.rest().is_empty() {
            annotations.push((take_text(&mut bytes)?, take_text(&mut bytes)?));
        }
        Some((annotations, generator_url))
    };
    read().ok_or_else(|| damaged("texts"))
}

/// Names and values of annotations, without taking them out.
pub(super) fn annotations(entry: &[u8]) -> impl Iterator<Item = &str> {
    let mut bytes = Bytes::new(entry);
    // The generator's URL comes first, and is not searched.
    let _ = take_str(&mut bytes);
    std::iter::from_fn(move || {
        if bytes.rest().is_empty() {
            None
        } else {
            take_str(&mut bytes)
        }
    })
}

/// The fates of the episodes of `begun`, in order.
pub(super) fn decode_fates<'a>(
    column: &'a [u8],
    begun: &'a [Beginning],
) -> impl Iterator<Item = Outcome<Fate>> + 'a {
    let mut bytes = Bytes::new(column);
    begun
        .iter()
        .map(move |one| Fate::decode(&mut bytes, one.started_ms).ok_or_else(|| damaged("fates")))
}

/// Changes fates: `change` is shown each episode and its fate, and says whether it
/// changed it. Answers the new column and summary; `None` when nothing has changed.
pub(super) fn change_fates(
    summary: &Summary,
    begun: &[Beginning],
    column: &[u8],
    mut change: impl FnMut(&Beginning, &mut Fate) -> bool,
) -> Outcome<Option<(Summary, Vec<u8>)>> {
    let mut out = Vec::with_capacity(column.len() + 64);
    let mut summary = Summary {
        ended_ms: None,
        open: 0,
        ..*summary
    };
    let mut changed = false;
    for (one, fate) in begun.iter().zip(decode_fates(column, begun)) {
        let mut fate = fate?;
        changed |= change(one, &mut fate);
        summary.add_fate(&fate);
        fate.encode(one.started_ms, &mut out);
    }
    Ok(changed.then_some((summary, out)))
}

fn damaged(column: &str) -> Fault {
    Fault::Row(format!(
        "the column {column} of a run of episodes is damaged"
    ))
}
