//! What the write-ahead log holds: one record for each batch, so that a batch is
//! in the log as a whole or not at all. `docs/formats/metrics-wal-records.md` has
//! the boxes.
//!
//! A record names series by their numbers. A series' labels go into the log once,
//! as the numbers of its pairs, in the record of the batch that brought it (or the
//! next one that was written, when that one failed); a pair's text goes in once as
//! well. Numbers in a record are only valid together with the checkpoint before it.

use binnacle_model::append::Exemplar;
use binnacle_model::labels::Labels;
use binnacle_model::metadata::{Metadata, MetricType};
use binnacle_stdx::bits::{Bytes, put_varint, put_varint_signed};

use crate::registry::{Registry, SeriesId};

/// The only kind of record so far.
const BATCH: u8 = 1;

/// All samples of the record have the record's base time.
const SHARED_TIME: u8 = 1;

/// Accepted samples as columns, ready for the log and for the head.
#[derive(Debug, Default)]
pub(crate) struct Staged {
    pub(crate) ids: Vec<SeriesId>,
    pub(crate) times_ms: Vec<i64>,
    pub(crate) values: Vec<f64>,
    pub(crate) exemplars: Vec<(SeriesId, Exemplar)>,
    pub(crate) metadata: Vec<(String, Metadata)>,
}

impl Staged {
    pub(crate) fn clear(&mut self) {
        self.ids.clear();
        self.times_ms.clear();
        self.values.clear();
        self.exemplars.clear();
        self.metadata.clear();
    }

    pub(crate) fn push(&mut self, id: SeriesId, t_ms: i64, value: f64) {
        self.ids.push(id);
        self.times_ms.push(t_ms);
        self.values.push(value);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.ids.is_empty() && self.exemplars.is_empty() && self.metadata.is_empty()
    }
}

/// How much of a registry the log has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Logged {
    pub(crate) pairs: u32,
    pub(crate) series: u32,
}

impl Logged {
    /// All of it.
    pub(crate) fn all(registry: &Registry) -> Self {
        Self {
            pairs: registry.pairs().len() as u32,
            series: registry.len() as u32,
        }
    }
}

/// Appends the record of a batch, with what the log does not have of the registry.
pub(crate) fn encode(staged: &Staged, registry: &Registry, logged: Logged, out: &mut Vec<u8>) {
    out.push(BATCH);
    encode_names(registry, logged, out);
    encode_samples(staged, out);
    put_varint(out, staged.exemplars.len() as u64);
    for (id, exemplar) in &staged.exemplars {
        put_varint(out, u64::from(*id));
        encode_exemplar(exemplar, out);
    }
    put_varint(out, staged.metadata.len() as u64);
    for (family, metadata) in &staged.metadata {
        encode_metadata(family, metadata, out);
    }
}

fn encode_names(registry: &Registry, logged: Logged, out: &mut Vec<u8>) {
    let now = Logged::all(registry);
    put_varint(out, u64::from(logged.pairs));
    put_varint(out, u64::from(now.pairs - logged.pairs));
    for pair in logged.pairs..now.pairs {
        put_bytes(out, registry.pairs().encoded(pair));
    }
    put_varint(out, u64::from(logged.series));
    put_varint(out, u64::from(now.series - logged.series));
    for id in logged.series..now.series {
        let row = registry.row(id);
        put_varint(out, row.len() as u64);
        for &pair in row {
            put_varint(out, u64::from(pair));
        }
    }
}

fn encode_samples(staged: &Staged, out: &mut Vec<u8>) {
    put_varint(out, staged.ids.len() as u64);
    let Some(&base_ms) = staged.times_ms.first() else {
        return;
    };
    let shared = staged.times_ms.iter().all(|&t| t == base_ms);
    out.reserve(staged.ids.len() * 12 + 16);
    out.push(if shared { SHARED_TIME } else { 0 });
    put_varint_signed(out, base_ms);
    let mut before = 0;
    for &id in &staged.ids {
        put_varint_signed(out, i64::from(id) - before);
        before = i64::from(id);
    }
    if !shared {
        let mut before = base_ms;
        for &t_ms in &staged.times_ms {
            put_varint_signed(out, t_ms.wrapping_sub(before));
            before = t_ms;
        }
    }
    for value in &staged.values {
        out.extend_from_slice(&value.to_bits().to_le_bytes());
    }
}

/// Appends an exemplar.
pub(crate) fn encode_exemplar(exemplar: &Exemplar, out: &mut Vec<u8>) {
    put_varint_signed(out, exemplar.t_ms);
    out.extend_from_slice(&exemplar.value.to_bits().to_le_bytes());
    put_bytes(out, exemplar.labels.as_bytes());
}

/// Appends one family's metadata.
pub(crate) fn encode_metadata(family: &str, metadata: &Metadata, out: &mut Vec<u8>) {
    put_bytes(out, family.as_bytes());
    put_bytes(out, metadata.kind.as_str().as_bytes());
    put_bytes(out, metadata.help.as_bytes());
    put_bytes(out, metadata.unit.as_bytes());
}

/// Appends a length and bytes.
pub(crate) fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// Reads a record: registers its pairs and series, and fills `staged`, whose
/// numbers are then all valid. `None` when the record does not fit the registry or
/// is no record; the registry may then have taken a part of it.
pub(crate) fn decode(record: &[u8], registry: &mut Registry, staged: &mut Staged) -> Option<()> {
    staged.clear();
    let mut bytes = Bytes::new(record);
    if bytes.u8()? != BATCH {
        return None;
    }
    decode_names(&mut bytes, registry)?;
    decode_samples(&mut bytes, registry.len() as u64, staged)?;
    for _ in 0..bytes.varint()? {
        let id = known(bytes.varint()?, registry.len() as u64)?;
        staged.exemplars.push((id, decode_exemplar(&mut bytes)?));
    }
    for _ in 0..bytes.varint()? {
        staged.metadata.push(decode_metadata(&mut bytes)?);
    }
    bytes.rest().is_empty().then_some(())
}

fn decode_names(bytes: &mut Bytes<'_>, registry: &mut Registry) -> Option<()> {
    let first = numbers(bytes.varint()?)?;
    let count = bytes.varint()?;
    skip_lost(registry, first, registry.len())?;
    for _ in 0..count {
        registry.insert_pair(take_bytes(bytes)?).ok()?;
    }
    let first = numbers(bytes.varint()?)?;
    skip_lost(registry, registry.pairs().len(), first)?;
    let mut row = Vec::new();
    for _ in 0..bytes.varint()? {
        row.clear();
        for _ in 0..bytes.varint()? {
            row.push(u32::try_from(bytes.varint()?).ok()?);
        }
        registry.insert_row(&row).ok()?;
    }
    Some(())
}

/// Makes room for names that a damaged record took with it: the record at hand
/// begins behind what the registry has.
fn skip_lost(registry: &mut Registry, pairs: usize, series: usize) -> Option<()> {
    if pairs < registry.pairs().len() || series < registry.len() {
        return None;
    }
    registry.pad(pairs, series).ok()
}

/// A count of names, in bounds that a log of checksummed records stays within.
fn numbers(n: u64) -> Option<usize> {
    usize::try_from(n).ok().filter(|&n| n < 1 << 30)
}

fn decode_samples(bytes: &mut Bytes<'_>, series: u64, staged: &mut Staged) -> Option<()> {
    let n = usize::try_from(bytes.varint()?).ok()?;
    if n == 0 {
        return Some(());
    }
    // A sample takes nine bytes at least: no memory for a number that cannot be.
    if n > bytes.rest().len() / 9 + 1 {
        return None;
    }
    let shared = bytes.u8()? == SHARED_TIME;
    let base_ms = bytes.varint_signed()?;
    let mut id = 0i64;
    for _ in 0..n {
        id = id.checked_add(bytes.varint_signed()?)?;
        staged.ids.push(known(u64::try_from(id).ok()?, series)?);
    }
    if shared {
        staged.times_ms.resize(n, base_ms);
    } else {
        let mut t_ms = base_ms;
        for _ in 0..n {
            t_ms = t_ms.wrapping_add(bytes.varint_signed()?);
            staged.times_ms.push(t_ms);
        }
    }
    let (values, _) = bytes.take(n.checked_mul(8)?)?.as_chunks::<8>();
    staged.values.extend(
        values
            .iter()
            .map(|v| f64::from_bits(u64::from_le_bytes(*v))),
    );
    Some(())
}

fn known(id: u64, series: u64) -> Option<SeriesId> {
    (id < series).then_some(id as SeriesId)
}

/// Reads what [`encode_exemplar`] wrote.
pub(crate) fn decode_exemplar(bytes: &mut Bytes<'_>) -> Option<Exemplar> {
    let t_ms = bytes.varint_signed()?;
    let value = f64::from_bits(bytes.u64()?);
    let labels = Labels::from_canonical(take_bytes(bytes)?).ok()?;
    Some(Exemplar {
        labels,
        value,
        t_ms,
    })
}

/// Reads what [`encode_metadata`] wrote.
pub(crate) fn decode_metadata(bytes: &mut Bytes<'_>) -> Option<(String, Metadata)> {
    let family = take_text(bytes)?;
    let kind = MetricType::parse(&take_text(bytes)?)?;
    let help = take_text(bytes)?;
    let unit = take_text(bytes)?;
    Some((family, Metadata { kind, help, unit }))
}

/// Reads what [`put_bytes`] wrote.
pub(crate) fn take_bytes<'a>(bytes: &mut Bytes<'a>) -> Option<&'a [u8]> {
    let len = usize::try_from(bytes.varint()?).ok()?;
    bytes.take(len)
}

fn take_text(bytes: &mut Bytes<'_>) -> Option<String> {
    String::from_utf8(take_bytes(bytes)?.to_vec()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use binnacle_stdx::hash::HashKey;

    fn example() -> (Registry, Staged) {
        let mut registry = Registry::new(1, HashKey::new(1));
        let mut staged = Staged::default();
        for i in 0..100u32 {
            let labels = Labels::from_pairs([("__name__", "m"), ("i", &i.to_string())]);
            let key = registry.key(labels.as_bytes());
            let id = registry.insert(labels.as_bytes(), key).expect("new");
            staged.push(id, 1_000 + i64::from(i % 3), f64::from(i));
        }
        staged.push(7, i64::MAX, f64::NAN);
        let labels = Labels::from_pairs([("trace_id", "abc")]);
        staged.exemplars.push((
            3,
            Exemplar {
                labels,
                value: 0.5,
                t_ms: -1,
            },
        ));
        let metadata = Metadata {
            kind: MetricType::Counter,
            help: "Requests.".into(),
            unit: String::new(),
        };
        staged.metadata.push(("m".into(), metadata));
        (registry, staged)
    }

    #[test]
    fn a_record_comes_back_as_it_was() {
        let (registry, want) = example();
        let mut record = Vec::new();
        encode(&want, &registry, Logged::default(), &mut record);
        let mut fresh = Registry::new(1, HashKey::new(2));
        let mut got = Staged::default();
        assert_eq!(decode(&record, &mut fresh, &mut got), Some(()));
        assert_eq!(got.ids, want.ids);
        assert_eq!(got.times_ms, want.times_ms);
        let bits = |s: &Staged| s.values.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(&got), bits(&want));
        assert_eq!(got.exemplars, want.exemplars);
        assert_eq!(got.metadata, want.metadata);
        assert_eq!(fresh.labels(42), registry.labels(42));
    }

    #[test]
    fn damaged_records_are_refused_without_panic() {
        let (registry, staged) = example();
        let mut record = Vec::new();
        encode(&staged, &registry, Logged::default(), &mut record);
        for len in 0..record.len() {
            let mut fresh = Registry::new(1, HashKey::new(2));
            assert_eq!(
                decode(&record[..len], &mut fresh, &mut Staged::default()),
                None,
                "{len}"
            );
        }
        for at in 0..record.len() {
            let mut flipped = record.clone();
            flipped[at] ^= 0x55;
            let mut fresh = Registry::new(1, HashKey::new(2));
            let mut got = Staged::default();
            if decode(&flipped, &mut fresh, &mut got).is_some() {
                assert!(got.ids.iter().all(|&id| (id as usize) < fresh.len()));
            }
        }
    }
}
