//! Damaged and made-up bodies: every decoder answers, none panics, and what a
//! scan tells is sound.

use std::convert::Infallible;

use binnacle_model::append::{Batch, SeriesKey};
use binnacle_model::labels::Labels;
use binnacle_stdx::random::splitmix64;
use binnacle_wire::import::Importer;
use binnacle_wire::protobuf;
use binnacle_wire::remote_write::{Decoder, Encoder};
use binnacle_wire::text::Dialect;

use crate::exposition::{All, all};
use crate::prototext;

/// Bodies damaged for each format.
const ROUNDS: usize = 4_000;

const TEXT: &str = "# HELP a b\\n c\n# TYPE a histogram\na{le=\"1\",b=\"x\\\"y\\\\\"} 1.5e3 17\n\
                    {\"w.x\",\"ü\"=\"ö\"} NaN\na_sum -0.25\n # TYPE b summary\nb { quantile = \"0.5\" } +Inf 9\n";

const OPEN_METRICS: &str = "# TYPE a counter\n# UNIT a_s s\n# HELP a x\na_total{b=\"c\"} 1.0 1.5 # {id=\"7\"} 2 3.25\n\
                            {\"w.x\",b=\"c\"} 3\na_created{b=\"c\"} 1.5\n# EOF\n";

/// `body` with some bytes changed, cut out, doubled or put in.
fn damage(body: &[u8], seed: &mut u64) -> Vec<u8> {
    /// Bytes that mean something.
    const SPICE: &[u8] = b"\"\\{}=,# \n\t\r\0\xff0189eE+-._naTYPE\x80\x0a\x12\x08\x09\x1a";
    let mut body = body.to_vec();
    for _ in 0..1 + splitmix64(seed) % 4 {
        if body.is_empty() {
            break;
        }
        let at = splitmix64(seed) as usize % body.len();
        let len = (splitmix64(seed) as usize % 9).min(body.len() - at);
        let spice = SPICE[splitmix64(seed) as usize % SPICE.len()];
        match splitmix64(seed) % 6 {
            0 => body[at] = spice,
            1 => body.insert(at, spice),
            2 => drop(body.drain(at..at + len)),
            3 => body.truncate(at),
            4 => {
                let piece = body[at..at + len].to_vec();
                body.splice(at..at, piece);
            }
            _ => body[at] ^= 1 << (splitmix64(seed) % 8),
        }
    }
    body
}

fn check_batch(batch: &Batch) {
    assert_eq!(batch.times_ms.len(), batch.values.len());
    for series in &batch.series {
        let SeriesKey::Labels(range) = &series.key else {
            panic!("no labels")
        };
        let bytes = &batch.label_bytes[range.start as usize..range.end as usize];
        let labels = Labels::from_canonical(bytes).unwrap_or_else(|e| panic!("{bytes:?}: {e}"));
        assert!(labels.metric_name().is_some());
        assert!(series.samples.end as usize <= batch.values.len());
        assert!(series.exemplars.end as usize <= batch.exemplars.len());
    }
}

#[test]
fn text() {
    let mut seed = 11;
    let mut taken = 0;
    for (body, dialect) in [
        (TEXT, Dialect::Prometheus),
        (OPEN_METRICS, Dialect::OpenMetrics),
    ] {
        all(body.as_bytes(), dialect).unwrap_or_else(|e| panic!("{body}: {e}"));
        for _ in 0..ROUNDS {
            let damaged = damage(body.as_bytes(), &mut seed);
            taken += usize::from(all(&damaged, dialect).is_ok());
        }
    }
    assert!(taken > 0, "the damage is never harmless: it is too much");
}

#[test]
fn import() {
    let mut seed = 12;
    for _ in 0..ROUNDS {
        let damaged = damage(OPEN_METRICS.as_bytes(), &mut seed);
        let mut importer = Importer::new(Dialect::OpenMetrics, Some(5));
        let mut sink = |batch: &Batch| -> Result<(), Infallible> {
            check_batch(batch);
            Ok(())
        };
        let piece = 1 + splitmix64(&mut seed) as usize % 40;
        if damaged
            .chunks(piece)
            .all(|p| importer.push(p, &mut sink).is_ok())
        {
            // Either answer will do.
            let _ = importer.finish(&mut sink);
        }
    }
}

#[test]
fn remote_write() {
    let mut encoder = Encoder::default();
    for i in 0..6 {
        let value = "v".repeat(i * 40);
        let pairs = [
            ("__name__", "x"),
            ("a", "1"),
            ("b", value.as_str()),
            ("ü", "ö"),
        ];
        encoder.push_pairs(
            pairs,
            &[(1, 1.0), (1_700_000_000_000, -2.5), (-3, f64::NAN)],
        );
    }
    let body = encoder.finish().expect("a small request");
    let message = snap::raw::Decoder::new()
        .decompress_vec(&body)
        .expect("a body of ours");
    let mut decoder = Decoder::new(1 << 16);
    let mut seed = 13;
    for round in 0..ROUNDS {
        let mut batch = Batch::default();
        let damaged = match round % 4 {
            0 => damage(&body, &mut seed),
            _ => {
                let damaged = damage(&message, &mut seed);
                snap::raw::Encoder::new()
                    .compress_vec(&damaged)
                    .expect("a small message")
            }
        };
        if decoder.decode(&damaged, &mut batch).is_ok() {
            check_batch(&batch);
        }
    }
}

#[test]
fn protobuf_exposition() {
    let source = "name: \"h\"\ntype: HISTOGRAM\nmetric: <\n label: <\n name: \"a\"\n value: \"b\"\n >\n \
                  histogram: <\n sample_count: 6\n sample_sum: 50\n bucket: <\n cumulative_count: 2\n \
                  upper_bound: 1\n >\n positive_span: <\n offset: 1\n length: 2\n >\n >\n>\n";
    let body = prototext::body(source);
    let mut seed = 14;
    for _ in 0..ROUNDS {
        let damaged = damage(&body, &mut seed);
        let mut told = All::default();
        // Either answer will do.
        let _ = protobuf::scan(&damaged, &mut told);
        assert_eq!(
            told.error, None,
            "the scanner told a series that cannot be read"
        );
    }
}
