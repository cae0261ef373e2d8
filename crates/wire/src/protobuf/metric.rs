//! `Metric`: from one message to the samples that a text exposition would have.

use binnacle_model::sample::NORMAL_NAN_BITS;

use super::Scanned;
use super::family::Family;
use crate::error::WireError;
use crate::float;
use crate::proto::{Reader, Value, malformed};
use crate::text::{RawExemplar, Sample, Visitor, push_escaped};

/// Tells the samples of one metric. `series` is memory to be used again.
pub(super) fn tell(
    family: &Family<'_>,
    message: &[u8],
    series: &mut Vec<u8>,
    visitor: &mut impl Visitor,
    scanned: &mut Scanned,
) -> Result<(), WireError> {
    let mut metric = Metric::default();
    let mut reader = Reader(message);
    while let Some((field, value)) = reader.field()? {
        match field {
            1 => metric.labels.push(label(value.bytes()?)?),
            2..=5 | 7 => metric.value = Some((field, value.bytes()?)),
            6 => metric.t_ms = Some(value.integer()? as i64).filter(|t| *t != 0),
            _ => {}
        }
    }
    let Some((field, content)) = metric.value else {
        return Err(malformed("a metric has no value"));
    };
    let mut teller = Teller {
        family,
        labels: &metric.labels,
        t_ms: metric.t_ms,
        series,
        visitor,
    };
    match field {
        4 => teller.summary(content),
        7 => teller.histogram(content, scanned),
        _ => teller.single(content),
    }
}

#[derive(Debug, Default)]
struct Metric<'a> {
    labels: Vec<(&'a str, &'a str)>,
    t_ms: Option<i64>,
    /// Which kind of value, and its message.
    value: Option<(u32, &'a [u8])>,
}

/// One bucket of a classic histogram.
#[derive(Debug, Default, Clone, Copy)]
struct Bucket<'a> {
    bound: f64,
    count: f64,
    exemplar: Option<&'a [u8]>,
}

struct Teller<'a, V> {
    family: &'a Family<'a>,
    labels: &'a [(&'a str, &'a str)],
    t_ms: Option<i64>,
    series: &'a mut Vec<u8>,
    visitor: &'a mut V,
}

impl<V: Visitor> Teller<'_, V> {
    /// A counter, a gauge or an untyped value: all have it in field 1.
    fn single(&mut self, message: &[u8]) -> Result<(), WireError> {
        let (mut number, mut exemplar) = (0.0, None);
        let mut reader = Reader(message);
        while let Some((field, value)) = reader.field()? {
            match field {
                1 => number = value.double()?,
                2 => exemplar = Some(value.bytes()?),
                _ => {}
            }
        }
        self.sample("", None, number, exemplar)
    }

    fn summary(&mut self, message: &[u8]) -> Result<(), WireError> {
        let (mut count, mut sum, mut quantiles) = (0.0, 0.0, Vec::new());
        let mut reader = Reader(message);
        while let Some((field, value)) = reader.field()? {
            match field {
                1 => count = value.integer()? as f64,
                2 => sum = value.double()?,
                3 => quantiles.push(pair(value.bytes()?)?),
                _ => {}
            }
        }
        self.sample("_count", None, count, None)?;
        self.sample("_sum", None, sum, None)?;
        for (quantile, value) in quantiles {
            self.sample("", Some(("quantile", quantile)), value, None)?;
        }
        Ok(())
    }

    fn histogram(&mut self, message: &[u8], scanned: &mut Scanned) -> Result<(), WireError> {
        let (mut count, mut sum, mut buckets, mut native) = (0.0, 0.0, Vec::new(), false);
        let mut reader = Reader(message);
        while let Some((field, value)) = reader.field()? {
            match field {
                1 => count = value.integer()? as f64,
                2 => sum = value.double()?,
                3 => buckets.push(bucket(value.bytes()?)?),
                // Counts of float histograms; a zero means that the integer holds.
                4 => count = Some(value.double()?).filter(|c| *c != 0.0).unwrap_or(count),
                // Zero threshold, zero counts, spans: only native histograms have them.
                6..=9 | 12 => native = true,
                _ => {}
            }
        }
        scanned.native_histograms += u64::from(native);
        self.sample("_count", None, count, None)?;
        self.sample("_sum", None, sum, None)?;
        let infinite = buckets.last().is_some_and(|b| b.bound == f64::INFINITY);
        let last = Bucket {
            bound: f64::INFINITY,
            count,
            exemplar: None,
        };
        for bucket in buckets.iter().copied().chain((!infinite).then_some(last)) {
            self.sample(
                "_bucket",
                Some(("le", bucket.bound)),
                bucket.count,
                bucket.exemplar,
            )?;
        }
        Ok(())
    }

    fn sample(
        &mut self,
        suffix: &str,
        bound: Option<(&str, f64)>,
        value: f64,
        exemplar: Option<&[u8]>,
    ) -> Result<(), WireError> {
        let mut text = String::from_utf8(std::mem::take(self.series)).unwrap_or_default();
        text.clear();
        text.push_str("{\"");
        push_escaped(&mut text, self.family.name, true);
        text.push_str(suffix);
        text.push('"');
        for (name, value) in self.labels {
            text.push(',');
            push_pair(&mut text, name, value);
        }
        if let Some((name, bound)) = bound {
            text.push_str(",\"");
            text.push_str(name);
            text.push_str("\"=\"");
            float::push_open_metrics(&mut text, bound);
            text.push('"');
        }
        text.push('}');
        let read = exemplar.map(read_exemplar).transpose()?;
        let sample = Sample {
            series: text.as_bytes(),
            value: if value.is_nan() {
                f64::from_bits(NORMAL_NAN_BITS)
            } else {
                value
            },
            t_ms: self.t_ms,
            exemplar: read.as_ref().map(|(labels, value, t_ms)| RawExemplar {
                labels: labels.as_bytes(),
                value: *value,
                t_ms: *t_ms,
            }),
            kind: self.family.kind,
            offset: 0,
        };
        let told = self.visitor.sample(&sample);
        *self.series = text.into_bytes();
        if told.is_break() {
            Err(WireError::Stopped)
        } else {
            Ok(())
        }
    }
}

/// A label of a metric.
fn label(message: &[u8]) -> Result<(&str, &str), WireError> {
    let (mut name, mut text) = ("", "");
    let mut reader = Reader(message);
    while let Some((field, value)) = reader.field()? {
        match field {
            1 => name = value.text()?,
            2 => text = value.text()?,
            _ => {}
        }
    }
    if name.is_empty() {
        return Err(malformed("a label has no name"));
    }
    Ok((name, text))
}

/// The doubles in fields 1 and 2.
fn pair(message: &[u8]) -> Result<(f64, f64), WireError> {
    let mut found = (0.0, 0.0);
    let mut reader = Reader(message);
    while let Some((field, value)) = reader.field()? {
        match field {
            1 => found.0 = value.double()?,
            2 => found.1 = value.double()?,
            _ => {}
        }
    }
    Ok(found)
}

fn bucket(message: &[u8]) -> Result<Bucket<'_>, WireError> {
    let mut bucket = Bucket::default();
    let mut reader = Reader(message);
    while let Some((field, value)) = reader.field()? {
        match field {
            1 => bucket.count = value.integer()? as f64,
            2 => bucket.bound = value.double()?,
            3 => bucket.exemplar = Some(value.bytes()?),
            4 => {
                bucket.count = Some(value.double()?)
                    .filter(|c| *c != 0.0)
                    .unwrap_or(bucket.count);
            }
            _ => {}
        }
    }
    Ok(bucket)
}

/// An exemplar: labels from brace to brace, value, time in milliseconds.
fn read_exemplar(message: &[u8]) -> Result<(String, f64, Option<i64>), WireError> {
    let (mut labels, mut number, mut t_ms) = ("{".to_owned(), 0.0, None);
    let mut reader = Reader(message);
    while let Some((field, value)) = reader.field()? {
        match field {
            1 => {
                let (name, value) = label(value.bytes()?)?;
                if labels.len() > 1 {
                    labels.push(',');
                }
                push_pair(&mut labels, name, value);
            }
            2 => number = value.double()?,
            3 => t_ms = Some(timestamp(value)?),
            _ => {}
        }
    }
    labels.push('}');
    Ok((labels, number, t_ms))
}

/// `google.protobuf.Timestamp` in milliseconds.
fn timestamp(value: Value<'_>) -> Result<i64, WireError> {
    let (mut seconds, mut nanos) = (0i64, 0i64);
    let mut reader = Reader(value.bytes()?);
    while let Some((field, value)) = reader.field()? {
        match field {
            1 => seconds = value.integer()? as i64,
            2 => nanos = value.integer()? as i64,
            _ => {}
        }
    }
    Ok(seconds
        .saturating_mul(1_000)
        .saturating_add(nanos / 1_000_000))
}

fn push_pair(out: &mut String, name: &str, value: &str) {
    out.push('"');
    push_escaped(out, name, true);
    out.push_str("\"=\"");
    push_escaped(out, value, true);
    out.push('"');
}
