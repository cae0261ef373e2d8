//! Metric families in protobuf's text format, encoded and scanned.

use binnacle_wire::protobuf::{Scanned, scan};

use crate::exposition::{All, samples};
use crate::suite::{cases, text};

/// Names, numbers and types of the fields of `io.prometheus.client`: a message by
/// its name, or `d` double, `u` integer, `z` zigzag, `s` string.
const FIELDS: &[(&str, &str, u64, &str)] = &[
    ("family", "name", 1, "s"),
    ("family", "help", 2, "s"),
    ("family", "type", 3, "u"),
    ("family", "metric", 4, "metric"),
    ("family", "unit", 5, "s"),
    ("metric", "label", 1, "label"),
    ("metric", "gauge", 2, "number"),
    ("metric", "counter", 3, "number"),
    ("metric", "summary", 4, "summary"),
    ("metric", "untyped", 5, "number"),
    ("metric", "timestamp_ms", 6, "u"),
    ("metric", "histogram", 7, "histogram"),
    ("label", "name", 1, "s"),
    ("label", "value", 2, "s"),
    ("number", "value", 1, "d"),
    ("number", "exemplar", 2, "exemplar"),
    ("number", "start_timestamp", 3, "timestamp"),
    ("summary", "sample_count", 1, "u"),
    ("summary", "sample_sum", 2, "d"),
    ("summary", "quantile", 3, "quantile"),
    ("summary", "start_timestamp", 4, "timestamp"),
    ("quantile", "quantile", 1, "d"),
    ("quantile", "value", 2, "d"),
    ("histogram", "sample_count", 1, "u"),
    ("histogram", "sample_sum", 2, "d"),
    ("histogram", "bucket", 3, "bucket"),
    ("histogram", "sample_count_float", 4, "d"),
    ("histogram", "schema", 5, "z"),
    ("histogram", "zero_threshold", 6, "d"),
    ("histogram", "zero_count", 7, "u"),
    ("histogram", "zero_count_float", 8, "d"),
    ("histogram", "negative_span", 9, "span"),
    ("histogram", "negative_delta", 10, "z"),
    ("histogram", "negative_count", 11, "d"),
    ("histogram", "positive_span", 12, "span"),
    ("histogram", "positive_delta", 13, "z"),
    ("histogram", "positive_count", 14, "d"),
    ("histogram", "start_timestamp", 15, "timestamp"),
    ("histogram", "exemplars", 16, "exemplar"),
    ("bucket", "cumulative_count", 1, "u"),
    ("bucket", "upper_bound", 2, "d"),
    ("bucket", "exemplar", 3, "exemplar"),
    ("bucket", "cumulative_count_float", 4, "d"),
    ("span", "offset", 1, "z"),
    ("span", "length", 2, "u"),
    ("exemplar", "label", 1, "label"),
    ("exemplar", "value", 2, "d"),
    ("exemplar", "timestamp", 3, "timestamp"),
    ("timestamp", "seconds", 1, "u"),
    ("timestamp", "nanos", 2, "u"),
];

const KINDS: [&str; 6] = [
    "COUNTER",
    "GAUGE",
    "SUMMARY",
    "UNTYPED",
    "HISTOGRAM",
    "GAUGE_HISTOGRAM",
];

fn varint(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// Encodes the lines of one message, up to the `>` that ends it.
fn encode<'a>(lines: &mut impl Iterator<Item = &'a str>, message: &str) -> Vec<u8> {
    let mut out = Vec::new();
    while let Some(line) = lines.next() {
        let line = line.trim();
        if line == ">" {
            break;
        }
        let Some((name, value)) = line.split_once(':') else {
            continue;
        };
        let (name, value) = (name.trim(), value.trim());
        let found = FIELDS.iter().find(|(m, n, ..)| (*m, *n) == (message, name));
        let (_, _, field, kind) = found.unwrap_or_else(|| panic!("{message}.{name}"));
        match *kind {
            "d" => {
                varint(&mut out, field << 3 | 1);
                let number: f64 = value.parse().expect("a double");
                out.extend(number.to_le_bytes());
            }
            "u" | "z" => {
                varint(&mut out, field << 3);
                let number = match KINDS.iter().position(|k| *k == value) {
                    Some(number) => number as i64,
                    None => value.parse().expect("an integer"),
                };
                let zigzag = ((number << 1) ^ (number >> 63)) as u64;
                varint(&mut out, if *kind == "z" { zigzag } else { number as u64 });
            }
            kind => {
                varint(&mut out, field << 3 | 2);
                let content = match kind {
                    "s" => value.trim_matches('"').as_bytes().to_vec(),
                    message => encode(lines, message),
                };
                varint(&mut out, content.len() as u64);
                out.extend(content);
            }
        }
    }
    out
}

/// A body with one family.
pub(crate) fn body(prototext: &str) -> Vec<u8> {
    let family = encode(&mut prototext.lines(), "family");
    let mut body = Vec::new();
    varint(&mut body, family.len() as u64);
    body.extend(family);
    body
}

#[test]
fn families() {
    for case in cases("prometheus/exposition_protobuf_inputs") {
        let source = text(&case, "metric_family_prototext");
        let mut all = All::default();
        let scanned = scan(&body(source), &mut all).unwrap_or_else(|e| panic!("{case}: {e}"));
        assert_eq!(all.error, None, "{case}");
        let metrics = source.matches("metric: <").count();
        let buckets = source.matches(" bucket: <").count() + source.matches("\tbucket: <").count();
        let least =
            match source.contains("type: HISTOGRAM") || source.contains("type: GAUGE_HISTOGRAM") {
                // Count, sum, and the bucket for +Inf, which none of these has.
                true => 3 * metrics + buckets,
                false => metrics,
            };
        assert!(samples(&all.told).count() >= least, "{case}: {all:?}");
        let native = source.contains("_span: <") || source.contains("zero_threshold");
        assert_eq!(scanned.native_histograms > 0, native, "{case}");
    }
}

#[test]
fn a_family_is_told_as_text_would_be() {
    let source = "name: \"h\"\nhelp: \"x\"\ntype: HISTOGRAM\nmetric: <\n label: <\n name: \"a\"\n value: \"b\"\n >\n \
                  histogram: <\n sample_count: 6\n sample_sum: 50\n bucket: <\n cumulative_count: 2\n \
                  upper_bound: 1\n exemplar: <\n label: <\n name: \"id\"\n value: \"7\"\n >\n value: 0.5\n \
                  timestamp: <\n seconds: 3\n nanos: 5000000\n >\n >\n >\n >\n timestamp_ms: 12\n>\n";
    let mut all = All::default();
    assert_eq!(scan(&body(source), &mut all), Ok(Scanned::default()));
    let told: Vec<String> = samples(&all.told)
        .map(|s| format!("{} {} {:?}", s.labels, s.value, s.t_ms))
        .collect();
    assert_eq!(
        told,
        [
            r#"{__name__="h_count", a="b"} 6 Some(12)"#,
            r#"{__name__="h_sum", a="b"} 50 Some(12)"#,
            r#"{__name__="h_bucket", a="b", le="1.0"} 2 Some(12)"#,
            r#"{__name__="h_bucket", a="b", le="+Inf"} 6 Some(12)"#,
        ]
    );
    let exemplar = samples(&all.told)
        .find_map(|s| s.exemplar.clone())
        .expect("an exemplar");
    assert_eq!(
        format!("{} {} {:?}", exemplar.0, exemplar.1, exemplar.2),
        r#"{id="7"} 0.5 Some(3005)"#
    );
}
