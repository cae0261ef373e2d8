use binnacle_model::append::{Batch, SeriesKey};
use binnacle_model::labels::Labels;
use binnacle_model::metadata::{Metadata, MetricType};
use binnacle_wire::WireError;
use binnacle_wire::remote_write::{Decoded, Decoder, Encoder, LabelFault};
use serde_json::Value;

use crate::suite::{cases, text};

fn decode(encoder: &mut Encoder) -> (Batch, Decoded) {
    let body = encoder.finish().expect("a small request");
    let mut batch = Batch::default();
    let decoded = Decoder::new(1 << 20)
        .decode(&body, &mut batch)
        .expect("a body of ours");
    (batch, decoded)
}

/// Series and samples of a batch, with the label bytes checked.
fn content(batch: &Batch) -> Vec<(Labels, Vec<(i64, f64)>)> {
    batch
        .series
        .iter()
        .map(|s| {
            let SeriesKey::Labels(range) = &s.key else {
                panic!("no labels")
            };
            let bytes = &batch.label_bytes[range.start as usize..range.end as usize];
            let samples = s.samples.start as usize..s.samples.end as usize;
            let times = batch.times_ms[samples.clone()].iter().copied();
            let samples = times.zip(batch.values[samples].iter().copied()).collect();
            (Labels::from_canonical(bytes).expect("canonical"), samples)
        })
        .collect()
}

#[test]
fn what_is_sent_arrives() {
    let long = "x".repeat(300);
    let series = [
        (
            Labels::from_pairs([("__name__", "up"), ("job", "a")]),
            vec![(1, 1.0), (-5, f64::NEG_INFINITY)],
        ),
        (
            Labels::from_pairs([("__name__", "wärme"), ("A", "1"), ("ort", "Küche")]),
            vec![(i64::MAX, 0.0)],
        ),
        (
            Labels::from_pairs([("__name__", "long"), ("v", long.as_str())]),
            vec![(i64::MIN, -0.0)],
        ),
        (
            Labels::from_pairs([("__name__", "x")]),
            (0..500).map(|i| (i, i as f64 / 3.0)).collect(),
        ),
    ];
    let mut encoder = Encoder::default();
    for (labels, samples) in &series {
        encoder.push(labels, samples);
    }
    let about = Metadata {
        kind: MetricType::StateSet,
        help: "h".into(),
        unit: "u".into(),
    };
    encoder.push_metadata("up", &about);
    let (batch, decoded) = decode(&mut encoder);
    assert_eq!(content(&batch), series);
    assert_eq!((decoded.series, decoded.samples), (4, 504));
    assert_eq!(batch.metadata, [("up".to_owned(), about)]);
}

#[test]
fn labels_are_brought_in_order_or_refused() {
    let check = |pairs: &[(&str, &str)], want: Result<&[(&str, &str)], LabelFault>| {
        let mut encoder = Encoder::default();
        encoder.push_pairs([("__name__", "before")], &[(1, 1.0)]);
        encoder.push_pairs(pairs.iter().copied(), &[(1, 1.0), (2, 2.0)]);
        encoder.push_pairs([("__name__", "z")], &[(3, 3.0)]);
        let (batch, decoded) = decode(&mut encoder);
        let found = content(&batch);
        assert_eq!(found[found.len() - 1].1, [(3, 3.0)]);
        match want {
            Ok(want) => assert_eq!(found[1].0, Labels::from_pairs(want.iter().copied())),
            Err(fault) => {
                assert_eq!(found.len(), 2);
                let refused = decoded.refused[0];
                assert_eq!(
                    (refused.index, refused.samples, refused.fault),
                    (1, 2, fault)
                );
            }
        }
    };
    check(
        &[("b", "2"), ("__name__", "x"), ("a", "1")],
        Ok(&[("__name__", "x"), ("a", "1"), ("b", "2")]),
    );
    check(&[("__name__", "x"), ("a", "")], Ok(&[("__name__", "x")]));
    check(
        &[("__name__", "x"), ("a", "1"), ("a", "1")],
        Err(LabelFault::Duplicate),
    );
    check(
        &[("__name__", "x"), ("", "1")],
        Err(LabelFault::EmptyLabelName),
    );
    check(&[("a", "1")], Err(LabelFault::NoName));
    check(&[("__name__", "")], Err(LabelFault::NoName));
    check(&[], Err(LabelFault::NoName));
}

#[test]
fn limits_hold_before_memory_is_taken() {
    let mut encoder = Encoder::default();
    encoder.push_pairs([("__name__", "x"), ("v", &"y".repeat(10_000))], &[(1, 1.0)]);
    let body = encoder.finish().expect("a small request");
    let refused = Decoder::new(1_000).decode(&body, &mut Batch::default());
    assert!(
        matches!(refused, Err(WireError::TooLarge { limit: 1_000, .. })),
        "{refused:?}"
    );
    // Claims 200 MB in five bytes.
    let bomb = [0x80, 0x88, 0xaf, 0x5f, 0];
    let refused = Decoder::new(1 << 30).decode(&bomb, &mut Batch::default());
    assert!(
        matches!(refused, Err(WireError::Malformed(_))),
        "{refused:?}"
    );
}

/// The cases of the compliance suite that hold labels and a verdict.
#[test]
fn compliance() {
    let pairs = |labels: &Value| -> Vec<(String, String)> {
        let pairs = labels.as_object().into_iter().flatten();
        pairs
            .map(|(n, v)| (n.clone(), v.as_str().unwrap_or_default().to_owned()))
            .collect()
    };
    for case in cases("compliance/remote_write_receiver") {
        let metrics = match (&case["metric"], &case["metrics"]) {
            (Value::Object(_), _) => vec![case["metric"].clone()],
            (_, Value::Array(metrics)) => metrics.clone(),
            _ => continue,
        };
        let mut encoder = Encoder::default();
        for metric in &metrics {
            let pairs = pairs(&metric["Labels"]);
            encoder.push_pairs(
                pairs.iter().map(|(n, v)| (n.as_str(), v.as_str())),
                &[(1, 1.0)],
            );
        }
        let (batch, decoded) = decode(&mut encoder);
        assert_eq!(
            Some(decoded.refused.is_empty()),
            case["success"].as_bool(),
            "{case}"
        );
        if let Some(valid) = case["validSamples"].as_u64() {
            assert_eq!(batch.values.len() as u64, valid, "{}", text(&case, "name"));
        }
    }
}
