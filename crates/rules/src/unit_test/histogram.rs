//! Native histograms as test files write them.

use binnacle_model::histogram::{CounterReset, Histogram, Span};
use binnacle_model::number;

/// Schema of histograms with bounds of their own.
const CUSTOM: i32 = -53;

/// As `{{schema:1 count:3 sum:4.5 buckets:[1 2]}}`; what is zero is left out. Empty
/// buckets at either end say nothing and are left out too.
pub(super) fn print(histogram: &Histogram) -> String {
    let mut parts = Vec::new();
    if histogram.schema != 0 {
        parts.push(format!("schema:{}", histogram.schema));
    }
    for (name, value) in [
        ("count", histogram.count),
        ("sum", histogram.sum),
        ("z_bucket", histogram.zero_count),
        ("z_bucket_w", histogram.zero_threshold),
    ] {
        if value != 0.0 {
            parts.push(format!("{name}:{}", text(value)));
        }
    }
    if histogram.schema == CUSTOM {
        parts.push(format!("custom_values:{}", list(&histogram.custom_bounds)));
    }
    match histogram.reset {
        CounterReset::Unknown => {}
        CounterReset::Reset => parts.push("counter_reset_hint:reset".to_owned()),
        CounterReset::NotReset => parts.push("counter_reset_hint:not_reset".to_owned()),
        CounterReset::Gauge => parts.push("counter_reset_hint:gauge".to_owned()),
    }
    let sides = [
        (
            "offset",
            "buckets",
            &histogram.positive_spans,
            &histogram.positive_buckets,
        ),
        (
            "n_offset",
            "n_buckets",
            &histogram.negative_spans,
            &histogram.negative_buckets,
        ),
    ];
    for (offset_name, name, spans, counts) in sides {
        let (offset, counts) = dense(spans, counts);
        if counts.is_empty() {
            continue;
        }
        if offset != 0 {
            parts.push(format!("{offset_name}:{offset}"));
        }
        parts.push(format!("{name}:{}", list(&counts)));
    }
    format!("{{{{{}}}}}", parts.join(" "))
}

/// The counts without gaps between spans, and the index of the first.
fn dense(spans: &[Span], counts: &[f64]) -> (i64, Vec<f64>) {
    let mut all = Vec::new();
    let mut first = 0_i64;
    let mut counts = counts.iter().copied();
    for (i, span) in spans.iter().enumerate() {
        if i == 0 {
            first = i64::from(span.offset);
        } else {
            all.extend((0..span.offset).map(|_| 0.0));
        }
        all.extend(counts.by_ref().take(span.length as usize));
    }
    while all.last() == Some(&0.0) {
        all.pop();
    }
    let empty = all.iter().take_while(|count| **count == 0.0).count();
    all.drain(..empty);
    (first + empty as i64, all)
}

fn text(value: f64) -> String {
    number::text(number::write_default, value)
}

fn list(values: &[f64]) -> String {
    let texts: Vec<String> = values.iter().map(|value| text(*value)).collect();
    format!("[{}]", texts.join(" "))
}
