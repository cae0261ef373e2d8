//! Limits, with Loki's words.

use binnacle_guard::{GuardSettings, LimitSettings, LongLines};
use binnacle_model::event::append::EventRefusal;
use binnacle_model::event::sink::SinkError;
use binnacle_model::event::{EventBatch, FieldValue, LogSink, Source};

use crate::support::{NOW_MS, NOW_NS, Stand, bare, batch, source, stand};

fn limited(limits: LimitSettings) -> Stand {
    stand(GuardSettings { limits, ..bare() })
}

fn loki() -> LimitSettings {
    LimitSettings::profile("loki").expect("it is there")
}

#[track_caller]
fn check(limits: LimitSettings, batch: EventBatch, reason: EventRefusal, message: &str) {
    let stand = limited(limits);
    let rows = batch.len() as u64;
    let taken = stand.push(batch);
    assert_eq!(taken.rows, rows - 1);
    assert_eq!(taken.refused, [(reason, 1)]);
    assert_eq!(taken.messages, [message]);
    assert!(
        stand.lines().iter().all(|l| l == "good"),
        "the others are taken"
    );
    assert_eq!(stand.guard.stats().sources[0].refused, [(reason, 1)]);
}

#[test]
fn profiles() {
    for name in LimitSettings::PROFILES {
        assert!(LimitSettings::profile(name).is_some(), "{name}");
    }
    assert!(LimitSettings::profile("x").is_none());
    assert_eq!(loki().burst(), 20 << 20);
}

#[test]
fn times() {
    let mut old = batch(&[("app", "a")], &[b"good"]);
    old.push_row(NOW_NS - 169 * 3600 * 1_000_000_000, b"bad");
    check(
        loki(),
        old,
        EventRefusal::TooOld,
        "entry for stream '{app=\"a\"}' has timestamp too old: 2023-11-07T21:13:20Z, oldest \
         acceptable timestamp is: 2023-11-07T22:13:20Z",
    );
    let mut new = batch(&[("app", "a")], &[]);
    new.push_row(i64::MAX, b"bad");
    new.push_row(NOW_NS + 599_000_000_000, b"good");
    check(
        LimitSettings::default(),
        new,
        EventRefusal::TooFarInFuture,
        "entry for stream '{app=\"a\"}' has timestamp too new: 2262-04-11T23:47:16Z",
    );
    let stand = limited(LimitSettings::default());
    let mut ancient = batch(&[("app", "a")], &[]);
    ancient.push_row(0, b"1970");
    ancient.push_row(i64::MIN, b"1677");
    assert_eq!(
        stand.push(ancient).rows,
        2,
        "old rows are welcome by default"
    );
}

#[test]
fn lines() {
    let long = vec![b'x'; (256 << 10) + 1];
    check(
        loki(),
        batch(&[("app", "a")], &[b"good", &long, b"good"]),
        EventRefusal::LineTooLong,
        "Max entry size '262144' bytes exceeded for stream '{app=\"a\"}' while adding an entry \
         with length '262145' bytes",
    );
    let stand = limited(LimitSettings {
        line_bytes_max: 5,
        long_lines: LongLines::Truncate,
        ..LimitSettings::default()
    });
    let lines: [&[u8]; 4] = [
        b"12345",
        b"123456",
        "1234\u{e4}".as_bytes(),
        b"\x80\x80\x80\x80\x80\x80",
    ];
    assert_eq!(stand.push(batch(&[("app", "a")], &lines)).rows, 4);
    let kept = stand.kept.batches.lock();
    let kept: Vec<&[u8]> = (0..4).map(|row| kept[0].line(row)).collect();
    assert_eq!(
        kept,
        [&b"12345"[..], b"12345", b"1234", b"\x80\x80\x80\x80\x80"]
    );
    assert_eq!(stand.guard.stats().sources[0].truncated, 3);
}

#[test]
fn ten_megabytes_are_a_line() {
    let stand = stand(GuardSettings::default());
    let line: Vec<u8> = (0..10usize << 20).map(|i| b"abc 123.4 "[i % 10]).collect();
    assert_eq!(stand.push(batch(&[("app", "a")], &[&line])).rows, 1);
    assert_eq!(stand.kept.batches.lock()[0].line(0), line);
}

#[test]
fn fields() {
    let mut many = batch(&[("app", "a")], &[b"bad"]);
    for i in 0..129 {
        many.push_field(&format!("f{i}"), FieldValue::Int(1));
    }
    many.push_row(NOW_NS, b"good");
    check(
        loki(),
        many,
        EventRefusal::TooManyFields,
        "stream '{app=\"a\"}' has too many structured metadata labels: '129', limit: '128'. \
         Please see `limits_config.max_structured_metadata_entries_count` or contact your Loki \
         administrator to increase it.",
    );
    let mut large = batch(&[("app", "a")], &[b"bad"]);
    large.push_field("f", FieldValue::Text(&vec![b'x'; 64 << 10]));
    large.push_row(NOW_NS, b"good");
    check(
        loki(),
        large,
        EventRefusal::TooManyFields,
        "stream '{app=\"a\"}' has structured metadata too large: '65537' bytes, limit: '65536' \
         bytes. Please see `limits_config.max_structured_metadata_size` or contact your Loki \
         administrator to increase it.",
    );
    let mut thousands = batch(&[("app", "a")], &[b"bad"]);
    for i in 0..10_000 {
        thousands
            .fields
            .push(binnacle_model::event::append::StoredField {
                name: 0..0,
                value: binnacle_model::event::append::StoredValue::Int(i),
            });
    }
    thousands.field_ends[0] = 10_000;
    let taken = limited(LimitSettings::default()).push(thousands);
    assert_eq!(taken.refused, [(EventRefusal::TooManyFields, 1)]);
}

#[test]
fn labels() {
    let names: Vec<String> = (0..16).map(|i| format!("l{i:02}")).collect();
    let pairs: Vec<(&str, &str)> = names.iter().map(|n| (n.as_str(), "v")).collect();
    let taken = limited(loki()).push(batch(&pairs, &[b"x", b"y"]));
    assert_eq!(taken.refused, [(EventRefusal::BadLabels, 2)]);
    assert!(
        taken.messages[0].ends_with("has 16 label names; limit 15"),
        "{taken:?}"
    );
    assert_eq!(limited(loki()).push(batch(&pairs[..15], &[b"x"])).rows, 1);

    let long = "v".repeat(2049);
    let taken = limited(loki()).push(batch(&[("app", &long)], &[b"x"]));
    assert!(
        taken.messages[0].contains("has label value too long: 'vvv"),
        "{taken:?}"
    );
    let long = "n".repeat(1025);
    let taken = limited(loki()).push(batch(&[(&long, "v")], &[b"x"]));
    assert!(
        taken.messages[0].contains("has label name too long: 'nnn"),
        "{taken:?}"
    );

    let taken = limited(loki()).push(batch(&[], &[b"x"]));
    assert_eq!(
        taken.messages,
        ["error at least one label pair is required per stream"]
    );
    let mut broken = EventBatch::default();
    broken.begin_stream_bytes(b"\xff\xff");
    broken.push_row(NOW_NS, b"x");
    let taken = limited(loki()).push(broken);
    assert_eq!(taken.refused, [(EventRefusal::BadLabels, 1)]);
}

#[test]
fn streams() {
    let stand = limited(LimitSettings {
        streams_max: 2,
        ..LimitSettings::default()
    });
    assert_eq!(stand.push(batch(&[("app", "a")], &[b"x"])).rows, 1);
    assert_eq!(stand.push(batch(&[("app", "b")], &[b"x"])).rows, 1);
    let taken = stand.push(batch(&[("app", "c")], &[b"x", b"y"]));
    assert_eq!(taken.refused, [(EventRefusal::TooManyStreams, 2)]);
    assert_eq!(
        taken.messages,
        [
            "Maximum active stream limit exceeded when trying to create stream {app=\"c\"}, reduce \
          the number of active streams (reduce labels or reduce label values), or contact your \
          Loki administrator to see if the limit can be increased, user: 'tenant'"
        ]
    );
    stand.clock.advance(30 * 60 * 1000);
    assert_eq!(stand.push(batch(&[("app", "a")], &[b"x"])).rows, 1);
    stand.clock.advance(31 * 60 * 1000);
    // `b` is idle by now, `a` is not.
    assert_eq!(stand.push(batch(&[("app", "c")], &[b"x"])).rows, 1);
    assert_eq!(stand.push(batch(&[("app", "b")], &[b"x"])).rows, 0);
    assert_eq!(stand.push(batch(&[("app", "a")], &[b"x"])).rows, 1);
}

#[test]
fn rates() {
    let stand = limited(LimitSettings {
        rate_bytes_per_s: 10,
        burst_bytes: 20,
        ..LimitSettings::default()
    });
    let ten = || batch(&[("app", "a")], &[b"1234567890"]);
    assert_eq!(stand.push(ten()).rows, 1);
    assert_eq!(stand.push(ten()).rows, 1);
    let mut over = ten();
    let before = over.clone();
    let error = stand
        .guard
        .push(&source(), &mut over)
        .expect_err("it is over");
    assert_eq!(
        error,
        SinkError::RateLimited(
            "Ingestion rate limit exceeded for user tenant (limit: 10 bytes/sec) while attempting \
             to ingest '1' lines totaling '10' bytes, reduce log volume or contact your Loki \
             administrator to see if the limit can be increased"
                .to_owned()
        )
    );
    assert_eq!(over, before, "it can be sent again");
    let other = Source {
        protocol: "loki",
        sender: "other".to_owned(),
    };
    assert!(
        stand.guard.push(&other, &mut ten()).is_ok(),
        "others are not hit"
    );
    stand.clock.advance(999);
    assert!(stand.guard.push(&source(), &mut ten()).is_err());
    stand.clock.advance(1);
    assert_eq!(stand.push(ten()).rows, 1);
    assert_eq!(stand.lines().len(), 4);
    assert_eq!(stand.guard.stats().sources.len(), 2);
    assert_eq!(stand.clock_now(), NOW_MS + 1000);
}

impl Stand {
    fn clock_now(&self) -> i64 {
        use binnacle_stdx::clock::Clock as _;
        self.clock.now_ms()
    }
}

#[test]
fn sources_are_bounded() {
    let stand = stand(GuardSettings {
        sources_max: 3,
        ..bare()
    });
    for i in 0..10 {
        let source = Source {
            protocol: "syslog",
            sender: format!("10.0.0.{i}"),
        };
        let mut rows = batch(&[("app", "a")], &[b"x"]);
        assert!(stand.guard.push(&source, &mut rows).is_ok());
    }
    let stats = stand.guard.stats();
    assert_eq!(stats.sources.len(), 4);
    assert_eq!(stats.sources[3].source.sender, "(other)");
    assert_eq!(stats.sources[3].rows, 7);
}

/// Rows of two streams that are refused for different reasons, the store's own included.
#[test]
fn which_rows_were_refused_is_told() {
    let stand = limited(LimitSettings {
        line_bytes_max: 5,
        streams_max: 1,
        ..LimitSettings::default()
    });
    let mut mixed = batch(&[("app", "a")], &[b"one", b"far too long", b"two"]);
    mixed.begin_stream(&binnacle_model::Labels::from_pairs([("app", "b")]));
    mixed.push_row(NOW_NS, b"three");
    mixed.push_row(i64::MAX, b"four");
    let taken = stand.push(mixed);
    assert_eq!(taken.rows, 2);
    assert_eq!(
        taken.refused_rows,
        [
            (1, EventRefusal::LineTooLong),
            (3, EventRefusal::TooManyStreams),
            (4, EventRefusal::TooFarInFuture),
        ]
    );
    let words = |reason| taken.message_of(reason).unwrap_or_default().to_owned();
    assert!(words(EventRefusal::LineTooLong).contains("Max entry size '5'"));
    assert!(words(EventRefusal::TooManyStreams).contains("active stream limit"));
    assert!(words(EventRefusal::TooFarInFuture).contains("too new"));
    assert_eq!(taken.message_of(EventRefusal::TooOld), None);
}

#[test]
fn streams_have_a_rate_of_their_own() {
    let stand = limited(LimitSettings {
        stream_rate_bytes_per_s: 4,
        stream_burst_bytes: 10,
        ..LimitSettings::default()
    });
    let taken = stand.push(batch(&[("app", "a")], &[b"12345", b"12345", b"1", b""]));
    assert_eq!(taken.rows, 3);
    assert_eq!(
        taken.refused_rows,
        [(2, EventRefusal::StreamRateLimited)],
        "the burst is used up, and what costs nothing goes through"
    );
    assert_eq!(
        taken.messages,
        [
            "Per stream rate limit exceeded (limit: 4B/sec) while attempting to ingest for stream \
             '{app=\"a\"}' totaling 1B, consider splitting a stream via additional labels or \
             contact your Loki administrator to see if the limit can be increased"
        ]
    );
    let other = stand.push(batch(&[("app", "b")], &[b"12345"]));
    assert_eq!(other.rows, 1, "another stream has its own");
}

#[test]
fn fields_may_be_disallowed() {
    let mut with = batch(&[("app", "a")], &[b"good", b"bad"]);
    with.push_field("k", FieldValue::Int(1));
    check(
        LimitSettings {
            fields_allowed: false,
            ..LimitSettings::default()
        },
        with,
        EventRefusal::FieldsDisallowed,
        "stream '{app=\"a\"}' includes structured metadata, but this feature is disallowed. Please \
         see `limits_config.allow_structured_metadata` or contact your Loki administrator to \
         enable it",
    );
}
