//! The receiving side of remote write 1.0.

use binnacle_model::append::{Batch, BatchSeries, Exemplar, SeriesKey};
use binnacle_model::labels::Labels;
use binnacle_model::metadata::{Metadata, MetricType};

use super::label_set::{LabelFault, LabelSet, copy_sorted, label};
use crate::error::WireError;
use crate::proto::{Reader, Value, malformed};

/// The types of metrics in the order of `MetricMetadata`'s enumeration.
const KINDS: [MetricType; 8] = [
    MetricType::Unknown,
    MetricType::Counter,
    MetricType::Gauge,
    MetricType::Histogram,
    MetricType::GaugeHistogram,
    MetricType::Summary,
    MetricType::Info,
    MetricType::StateSet,
];

/// The number of a type in `MetricMetadata`'s enumeration.
pub(super) fn kind_number(kind: MetricType) -> u64 {
    KINDS.iter().position(|k| *k == kind).unwrap_or(0) as u64
}

/// A series that was refused, and its samples with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RefusedSeries {
    /// Its number in the request, from 0 on.
    pub index: u32,
    /// How many samples it had.
    pub samples: u32,
    /// Why.
    pub fault: LabelFault,
}

/// What a request held beside what is in the batch.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Decoded {
    /// Series in the request, refused ones included.
    pub series: u64,
    /// Samples that are now in the batch.
    pub samples: u64,
    /// Native histograms that were left out: they are not supported yet.
    pub histograms: u64,
    /// Series that were refused.
    pub refused: Vec<RefusedSeries>,
}

/// Decodes requests; keep one for each worker, it keeps its memory.
#[derive(Debug)]
pub struct Decoder {
    bytes_max: u64,
    message: Vec<u8>,
}

impl Decoder {
    /// A decoder of messages of up to `bytes_max` bytes, decompressed.
    #[must_use]
    pub fn new(bytes_max: u64) -> Self {
        // Ranges in a batch are 32 bits wide.
        Self {
            bytes_max: bytes_max.min(u64::from(u32::MAX / 2)),
            message: Vec::new(),
        }
    }

    /// Appends a compressed body to `batch`. On an error `batch` may hold a part
    /// of it: clear it.
    ///
    /// # Errors
    /// [`WireError::TooLarge`] before anything is decompressed, or
    /// [`WireError::Malformed`].
    pub fn decode(&mut self, body: &[u8], batch: &mut Batch) -> Result<Decoded, WireError> {
        let bad = |e: snap::Error| WireError::Malformed(format!("snappy: {e}"));
        let size = snap::raw::decompress_len(body).map_err(bad)?;
        if size as u64 > self.bytes_max {
            return Err(WireError::TooLarge {
                what: "the decompressed request",
                size: size as u64,
                limit: self.bytes_max,
            });
        }
        // Snappy cannot shrink by more than some 21 times, so a short body that
        // claims to be a long one is wrong: do not make room for it.
        if size > body.len().saturating_mul(24).saturating_add(64) {
            return Err(WireError::Malformed(
                "snappy: the length is impossible".to_owned(),
            ));
        }
        if self.message.len() < size {
            self.message.resize(size, 0);
        }
        let size = snap::raw::Decoder::new()
            .decompress(body, &mut self.message)
            .map_err(bad)?;
        decode_message(&self.message[..size], batch)
    }
}

/// Appends a message that is not compressed to `batch`.
///
/// # Errors
/// [`WireError::Malformed`].
pub(super) fn decode_message(message: &[u8], batch: &mut Batch) -> Result<Decoded, WireError> {
    let mut decoded = Decoded::default();
    let mut reader = Reader(message);
    while let Some((field, value)) = reader.field()? {
        match field {
            1 => {
                let series_message = value.bytes()?;
                let behind = &message[message.len() - reader.0.len() - series_message.len()..];
                series(series_message, behind, batch, &mut decoded)?;
                decoded.series += 1;
            }
            3 => batch.metadata.extend(metadata(value.bytes()?)?),
            _ => {}
        }
    }
    Ok(decoded)
}

/// Appends one `TimeSeries`; `behind` is what stands in memory from it on.
fn series(
    message: &[u8],
    behind: &[u8],
    batch: &mut Batch,
    decoded: &mut Decoded,
) -> Result<(), WireError> {
    let label_start = batch.label_bytes.len();
    let sample_start = batch.times_ms.len();
    let exemplar_start = batch.exemplars.len();
    let copied = copy_sorted(message, behind, &mut batch.label_bytes);
    let rest = &message[copied.unwrap_or(0)..];
    let samples = copy_samples(rest, batch);
    let mut rest = Reader(&rest[samples..]);
    let mut late_labels = false;
    while let Some((field, value)) = rest.field()? {
        match field {
            1 => late_labels = true,
            2 => {
                let (t_ms, value) = sample(value.bytes()?)?;
                batch.times_ms.push(t_ms);
                batch.values.push(value);
            }
            3 => batch.exemplars.push(exemplar(value.bytes()?)?),
            4 => decoded.histograms += 1,
            _ => {}
        }
    }
    let samples = batch.times_ms.len() - sample_start;
    if copied.is_none() || late_labels {
        batch.label_bytes.truncate(label_start);
        if let Err(fault) = labels_of(message)?.finish(&mut batch.label_bytes) {
            batch.times_ms.truncate(sample_start);
            batch.values.truncate(sample_start);
            batch.exemplars.truncate(exemplar_start);
            let index = decoded.series as u32;
            decoded.refused.push(RefusedSeries {
                index,
                samples: samples as u32,
                fault,
            });
            return Ok(());
        }
    }
    if samples == 0 && batch.exemplars.len() == exemplar_start {
        batch.label_bytes.truncate(label_start);
        return Ok(());
    }
    decoded.samples += samples as u64;
    batch.series.push(BatchSeries {
        key: SeriesKey::Labels(label_start as u32..batch.label_bytes.len() as u32),
        samples: sample_start as u32..batch.times_ms.len() as u32,
        exemplars: exemplar_start as u32..batch.exemplars.len() as u32,
    });
    Ok(())
}

/// All labels of a `TimeSeries`, wherever they stand.
fn labels_of(message: &[u8]) -> Result<LabelSet<'_>, WireError> {
    let mut set = LabelSet::new();
    let mut reader = Reader(message);
    while let Some((field, value)) = reader.field()? {
        if field == 1 {
            set.push(value.bytes()?)?;
        }
    }
    Ok(set)
}

/// Appends the samples that `fields` starts with, as long as each has its value
/// and then its time, as nearly all do; answers how many bytes they are.
#[inline]
fn copy_samples(fields: &[u8], batch: &mut Batch) -> usize {
    /// Field number and length of the sample; its value with its field number;
    /// the field number of its time.
    const BEFORE_TIME: usize = 12;
    let mut at = 0;
    while let Some([0x12, len, 0x09, value @ .., 0x10]) = fields
        .get(at..)
        .and_then(|f| f.first_chunk::<BEFORE_TIME>())
    {
        let time_len = usize::from(*len).wrapping_sub(BEFORE_TIME - 2);
        let time = fields.get(at + BEFORE_TIME..).unwrap_or_default();
        let t_ms = match (time_len, time.first_chunk::<8>()) {
            (1..=8, Some(bytes)) => varint_of(*bytes, time_len),
            // The last sample of the message, and times before 1970.
            _ => time.get(..time_len).and_then(whole_varint),
        };
        let Some(t_ms) = t_ms else { break };
        batch.times_ms.push(t_ms as i64);
        batch
            .values
            .push(f64::from_bits(u64::from_le_bytes(*value)));
        at += BEFORE_TIME + time_len;
    }
    at
}

/// The number in base 128 that the first `len` of `bytes` are, 1 to 8 of them, if
/// they are one: all groups at once instead of one after the other.
#[inline]
fn varint_of(bytes: [u8; 8], len: usize) -> Option<u64> {
    const MARKS: u64 = 0x8080_8080_8080_8080;
    let word = u64::from_le_bytes(bytes) & (u64::MAX >> (64 - 8 * len));
    // All bytes but the last one have the mark that another one follows.
    if word & MARKS != MARKS & ((1 << (8 * (len - 1))) - 1) {
        return None;
    }
    let pairs = (word & 0x007f_007f_007f_007f) | (word & 0x7f00_7f00_7f00_7f00) >> 1;
    let fours = (pairs & 0x0000_3fff_0000_3fff) | (pairs & 0x3fff_0000_3fff_0000) >> 2;
    Some((fours & 0x0fff_ffff) | (fours & 0x0fff_ffff_0000_0000) >> 4)
}

/// The number in base 128 that all of `bytes` are, if they are one.
fn whole_varint(bytes: &[u8]) -> Option<u64> {
    let mut reader = Reader(bytes);
    reader.varint().ok().filter(|_| reader.0.is_empty())
}

/// Time and value of a `Sample`.
fn sample(message: &[u8]) -> Result<(i64, f64), WireError> {
    let (mut t_ms, mut number) = (0, 0.0);
    let mut reader = Reader(message);
    while let Some((field, value)) = reader.field()? {
        match field {
            1 => number = value.double()?,
            2 => t_ms = value.integer()? as i64,
            _ => {}
        }
    }
    Ok((t_ms, number))
}

fn exemplar(message: &[u8]) -> Result<Exemplar, WireError> {
    let mut pairs = Vec::new();
    let (mut number, mut t_ms) = (0.0, 0);
    let mut reader = Reader(message);
    while let Some((field, value)) = reader.field()? {
        match field {
            1 => {
                let (name, value) = label(value.bytes()?)?;
                pairs.push((Value::Bytes(name).text()?, Value::Bytes(value).text()?));
            }
            2 => number = value.double()?,
            3 => t_ms = value.integer()? as i64,
            _ => {}
        }
    }
    if pairs.iter().any(|(name, _)| name.is_empty()) {
        return Err(malformed("an exemplar's label has no name"));
    }
    Ok(Exemplar {
        labels: Labels::from_pairs(pairs),
        value: number,
        t_ms,
    })
}

/// A `MetricMetadata`: the family and what is said of it; nothing without a name.
fn metadata(message: &[u8]) -> Result<Option<(String, Metadata)>, WireError> {
    let mut family = String::new();
    let mut about = Metadata::default();
    let mut reader = Reader(message);
    while let Some((field, value)) = reader.field()? {
        match field {
            1 => {
                about.kind = KINDS
                    .get(value.integer()? as usize)
                    .copied()
                    .unwrap_or_default();
            }
            2 => value.text()?.clone_into(&mut family),
            4 => value.text()?.clone_into(&mut about.help),
            5 => value.text()?.clone_into(&mut about.unit),
            _ => {}
        }
    }
    Ok((!family.is_empty()).then_some((family, about)))
}
