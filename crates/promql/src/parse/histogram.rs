//! Native histograms as test scripts write them:
//! `{{schema:1 sum:3 count:9 z_bucket:1 z_bucket_w:0.1 buckets:[5 3] offset:2}}`.

use std::collections::BTreeMap;

use binnacle_model::histogram::{CounterReset, Histogram, Span};

use super::ParseError;
use super::series::Reader;

/// Schema of histograms with bounds of their own.
const CUSTOM: i32 = -53;

/// Reads one histogram, and whether its reset hint was written.
pub(super) fn read(reader: &mut Reader<'_>) -> Result<(Histogram, bool), ParseError> {
    if !reader.rest().starts_with("{{") {
        return Err(reader.unexpected("\"{{\""));
    }
    reader.at += 2;
    let mut description = Description::default();
    let mut seen: Vec<&str> = Vec::new();
    loop {
        let spaces = reader.skip_spaces();
        if reader.rest().starts_with("}}") {
            reader.at += 2;
            let hinted = seen.contains(&"counter_reset_hint");
            return Ok((description.build(), hinted));
        }
        if spaces == 0 && !seen.is_empty() {
            return Err(reader.unexpected("histogram description key, e.g. buckets:[5 10 7]"));
        }
        let key = key(reader)?;
        if seen.contains(&key) {
            return Err(reader.error(format!("duplicate key {key:?} in histogram")));
        }
        seen.push(key);
        description.read(key, reader)?;
    }
}

fn key<'a>(reader: &mut Reader<'a>) -> Result<&'a str, ParseError> {
    const KEYS: [&str; 11] = [
        "sum",
        "count",
        "schema",
        "offset",
        "n_offset",
        "buckets",
        "n_buckets",
        "z_bucket",
        "z_bucket_w",
        "custom_values",
        "counter_reset_hint",
    ];
    let start = reader.at;
    let key = reader.take_while(|c| c.is_ascii_alphabetic() || c == '_');
    if !KEYS.contains(&key) {
        reader.at = start;
        return Err(reader.error(format!("bad histogram descriptor found: {key:?}")));
    }
    if !reader.eat(':') {
        reader.at = start;
        return Err(reader.error("missing `:` for histogram descriptor"));
    }
    Ok(key)
}

#[derive(Default)]
struct Description {
    histogram: Histogram,
    offset: i32,
    negative_offset: i32,
}

impl Description {
    fn read(&mut self, key: &str, reader: &mut Reader<'_>) -> Result<(), ParseError> {
        let histogram = &mut self.histogram;
        match key {
            "schema" => histogram.schema = integer(reader)?,
            "offset" => self.offset = integer(reader)?,
            "n_offset" => self.negative_offset = integer(reader)?,
            "sum" => histogram.sum = reader.signed_number("number")?,
            "count" => histogram.count = reader.signed_number("number")?,
            "z_bucket" => histogram.zero_count = reader.signed_number("number")?,
            "z_bucket_w" => histogram.zero_threshold = reader.unsigned_number("number")?,
            "buckets" => histogram.positive_buckets = numbers(reader)?,
            "n_buckets" => histogram.negative_buckets = numbers(reader)?,
            "custom_values" => histogram.custom_bounds = numbers(reader)?,
            _ => histogram.reset = hint(reader)?,
        }
        Ok(())
    }

    fn build(self) -> Histogram {
        let span = |offset, buckets: &[f64]| match u32::try_from(buckets.len()) {
            Ok(length) if length > 0 => vec![Span { offset, length }],
            _ => Vec::new(),
        };
        let mut histogram = self.histogram;
        histogram.positive_spans = span(self.offset, &histogram.positive_buckets);
        histogram.negative_spans = span(self.negative_offset, &histogram.negative_buckets);
        histogram
    }
}

fn integer(reader: &mut Reader<'_>) -> Result<i32, ParseError> {
    let rest = reader.rest();
    let digits = rest.strip_prefix('-').unwrap_or(rest);
    let end = digits
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(digits.len());
    let length = rest.len() - digits.len() + end;
    match rest[..length].parse() {
        Ok(integer) => {
            reader.at += length;
            Ok(integer)
        }
        Err(_) => Err(reader.unexpected("whole number")),
    }
}

fn numbers(reader: &mut Reader<'_>) -> Result<Vec<f64>, ParseError> {
    if !reader.eat('[') {
        return Err(reader.unexpected("\"[\""));
    }
    let mut numbers = vec![reader.signed_number("")?];
    loop {
        let spaces = reader.skip_spaces();
        if reader.eat(']') {
            return Ok(numbers);
        }
        if spaces == 0 {
            return Err(reader.unexpected("number or \"]\""));
        }
        numbers.push(reader.signed_number("number or \"]\"")?);
    }
}

fn hint(reader: &mut Reader<'_>) -> Result<CounterReset, ParseError> {
    let start = reader.at;
    let word = reader.take_while(|c| c.is_ascii_alphabetic() || c == '_');
    Ok(match word {
        "unknown" => CounterReset::Unknown,
        "reset" => CounterReset::Reset,
        "not_reset" => CounterReset::NotReset,
        "gauge" => CounterReset::Gauge,
        _ => {
            reader.at = start;
            return Err(reader.error(format!("bad histogram descriptor found: {word:?}")));
        }
    })
}

/// `a + factor * b`, bucket by bucket, `b` being brought to the schema of `a`.
///
/// This is for series in steps and not for queries: it keeps all that `a` says of
/// resets, and does not reconcile zero buckets of different widths.
pub(super) fn combine(a: &Histogram, b: &Histogram, factor: f64) -> Result<Histogram, String> {
    if a.schema > b.schema {
        return Err(format!(
            "error combining histograms: cannot merge from schema {} to {}",
            b.schema, a.schema
        ));
    }
    if (a.schema == CUSTOM) != (b.schema == CUSTOM) || a.custom_bounds != b.custom_bounds {
        return Err("error combining histograms: their bounds differ".to_owned());
    }
    let shift = if a.schema == CUSTOM {
        0
    } else {
        (b.schema - a.schema).unsigned_abs()
    };
    let merge = |sides: [(&[Span], &[f64]); 2]| {
        let mut merged = BTreeMap::new();
        for ((spans, buckets), (factor, shift)) in
            sides.into_iter().zip([(1.0, 0), (factor, shift)])
        {
            for (index, count) in indexed(spans, buckets) {
                *merged.entry(widen(index, shift)).or_insert(0.0) += factor * count;
            }
        }
        spans_of(&merged)
    };
    let (positive_spans, positive_buckets) = merge([
        (&a.positive_spans, &a.positive_buckets),
        (&b.positive_spans, &b.positive_buckets),
    ]);
    let (negative_spans, negative_buckets) = merge([
        (&a.negative_spans, &a.negative_buckets),
        (&b.negative_spans, &b.negative_buckets),
    ]);
    Ok(Histogram {
        schema: a.schema,
        reset: a.reset,
        zero_threshold: a.zero_threshold.max(b.zero_threshold),
        zero_count: a.zero_count + factor * b.zero_count,
        count: a.count + factor * b.count,
        sum: a.sum + factor * b.sum,
        positive_spans,
        positive_buckets,
        negative_spans,
        negative_buckets,
        custom_bounds: a.custom_bounds.clone(),
    })
}

/// The index of the bucket that holds bucket `index` when the schema is lower by
/// `shift`: buckets are closed above, so that an index is rounded up.
fn widen(index: i64, shift: u32) -> i64 {
    ((index - 1) >> shift.min(62)) + 1
}

fn indexed<'a>(spans: &'a [Span], buckets: &'a [f64]) -> impl Iterator<Item = (i64, f64)> + 'a {
    let mut next = 0_i64;
    spans
        .iter()
        .flat_map(move |span| {
            let start = next + i64::from(span.offset);
            next = start + i64::from(span.length);
            start..next
        })
        .zip(buckets.iter().copied())
}

fn spans_of(buckets: &BTreeMap<i64, f64>) -> (Vec<Span>, Vec<f64>) {
    let mut spans: Vec<Span> = Vec::new();
    let mut end = 0_i64;
    for &index in buckets.keys() {
        match spans.last_mut() {
            Some(last) if index == end => last.length += 1,
            _ => {
                let offset = i32::try_from(index - end).unwrap_or(i32::MAX);
                spans.push(Span { offset, length: 1 });
            }
        }
        end = index + 1;
    }
    (spans, buckets.values().copied().collect())
}
