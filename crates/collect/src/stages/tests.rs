//! What the tables do not cover: stages that hold lines back, limits, metrics.

use std::sync::Arc;

use super::*;

const SECOND_NS: i64 = 1_000_000_000;

fn line(text: &str, from: u64) -> Entry {
    Entry {
        labels: [("job".to_owned(), "a".to_owned())].into(),
        line: text.into(),
        from,
        ..Entry::default()
    }
}

struct World {
    pipeline: Pipeline,
    metrics: Arc<StageMetrics>,
    out: Vec<Entry>,
}

impl World {
    fn new(stages: &[StageSettings]) -> Self {
        let metrics = Arc::new(StageMetrics::default());
        let pipeline = Pipeline::new(stages, &metrics).expect("stages");
        Self {
            pipeline,
            metrics,
            out: Vec::new(),
        }
    }

    fn run(&mut self, text: &str, from: u64, now_ns: i64) -> &mut Self {
        self.pipeline.run(line(text, from), now_ns, &mut self.out);
        self
    }

    fn lines(&self) -> Vec<String> {
        let text = |e: &Entry| String::from_utf8_lossy(&e.line).into_owned();
        self.out.iter().map(text).collect()
    }
}

fn multiline(max_lines: u64) -> StageSettings {
    StageSettings::Multiline(MultilineSettings {
        firstline: Some("^\\d".into()),
        max_wait_time: Some("2s".into()),
        max_lines: Some(max_lines),
    })
}

#[test]
fn lines_are_joined_up_to_the_next_first_line() {
    let mut w = World::new(&[multiline(4)]);
    w.run("before", 0, 0).run("1 a", 7, 0).run(" at b", 11, 0);
    assert_eq!(w.lines(), ["before"]);
    assert_eq!(w.pipeline.held_from(), Some(7));
    w.run("2 c", 17, SECOND_NS);
    assert_eq!(w.lines(), ["before", "1 a\n at b"]);
    assert_eq!(w.pipeline.held_from(), Some(17));
    w.pipeline.tick(2 * SECOND_NS, &mut w.out);
    assert_eq!(w.lines().len(), 2);
    w.pipeline.tick(3 * SECOND_NS, &mut w.out);
    assert_eq!(w.lines(), ["before", "1 a\n at b", "2 c"]);
    assert_eq!(w.pipeline.held_from(), None);
    // What comes late belongs to the last first line's stream, as a line of its own.
    w.run(" at d", 21, 4 * SECOND_NS);
    w.pipeline.flush(0, &mut w.out);
    assert_eq!(w.lines()[3..], [" at d"]);
}

#[test]
fn a_block_has_so_many_lines_at_most() {
    let mut w = World::new(&[multiline(2)]);
    for (n, text) in ["1", "a", "b", "c", "2"].iter().enumerate() {
        w.run(text, n as u64, 0);
    }
    w.pipeline.flush(0, &mut w.out);
    assert_eq!(w.lines(), ["1\na", "b\nc", "2"]);
}

#[test]
fn parts_of_containers_lines_are_joined() {
    let mut w = World::new(&[StageSettings::Cri(CriSettings::default())]);
    let t = "2026-12-01T08:00:00.5Z";
    w.run(&format!("{t} stdout P one "), 0, 0);
    w.run(&format!("{t} stderr F other"), 40, 0);
    assert_eq!(w.pipeline.held_from(), Some(0));
    w.run(&format!("{t} stdout P two "), 80, 0);
    w.run(&format!("{t} stdout F three"), 120, 0);
    assert_eq!(w.lines(), ["other", "one two three"]);
    assert_eq!(w.out[1].t_ns, 1_796_112_000_500_000_000);
    assert_eq!(w.pipeline.held_from(), None);
}

#[test]
fn long_lines_of_containers_have_a_limit() {
    let check = |truncate: bool, want: &[&str]| {
        let mut w = World::new(&[StageSettings::Cri(CriSettings {
            max_partial_line_size: 6,
            max_partial_line_size_truncate: truncate,
            ..CriSettings::default()
        })]);
        for part in ["P 1234", "P 5678", "F 9"] {
            w.run(&format!("t stdout {part}"), 0, 0);
        }
        assert_eq!(w.lines(), want);
    };
    check(false, &["12345678", "9"]);
    check(true, &["123456"]);
}

#[test]
fn a_limit_drops_or_slows_down() {
    let limit = |drop: bool, by: &str| {
        StageSettings::Limit(LimitSettings {
            rate: 10.0,
            burst: 2,
            drop,
            by_label_name: by.into(),
            max_distinct_labels: 0,
        })
    };
    let mut w = World::new(&[limit(true, "")]);
    for _ in 0..5 {
        w.run("x", 0, 0);
    }
    assert_eq!(w.out.len(), 2);
    w.run("x", 0, SECOND_NS / 10);
    assert_eq!(w.out.len(), 3);
    let dropped = [("ratelimit_drop_stage".to_owned(), 3)];
    assert_eq!(w.metrics.dropped_lines(), dropped);
    // All sources of a job share it.
    let mut other = w.pipeline.fresh();
    other.run(line("x", 0), SECOND_NS / 10, &mut w.out);
    assert_eq!(w.out.len(), 3);

    let mut w = World::new(&[limit(false, "")]);
    for _ in 0..4 {
        w.run("x", 0, 0);
    }
    assert_eq!(w.out.len(), 4);
    assert_eq!(w.pipeline.pause_ns(0), SECOND_NS / 5);
    assert_eq!(w.pipeline.pause_ns(SECOND_NS), 0);

    let mut w = World::new(&[limit(true, "job")]);
    for _ in 0..3 {
        w.run("x", 0, 0);
    }
    let mut b = line("x", 0);
    b.labels.insert("job".into(), "b".into());
    w.pipeline.run(b, 0, &mut w.out);
    assert_eq!(w.out.len(), 3);
    let error = limit(false, "job").check().expect_err("it must drop");
    assert!(error.message.contains("drop must be true"));
}

#[test]
fn sampling_keeps_its_share() {
    for (rate, want) in [(0.0, 0..1), (0.25, 245..256), (1.0, 1_000..1_001)] {
        let mut w = World::new(&[StageSettings::Sampling { rate }]);
        for _ in 0..1_000 {
            w.run("x", 0, 0);
        }
        assert!(want.contains(&w.out.len()), "{rate}: {}", w.out.len());
    }
}

fn metric(kind: &str, action: &str) -> MetricSettings {
    MetricSettings {
        kind: kind.into(),
        action: action.into(),
        source: Some("took".into()),
        ..MetricSettings::default()
    }
}

#[test]
fn lines_become_metrics() {
    let regex = StageSettings::Regex(RegexSettings {
        expression: "took=(?P<took>\\S+)".into(),
        ..RegexSettings::default()
    });
    let all = [
        (
            "lines_total",
            MetricSettings {
                match_all: true,
                ..metric("Counter", "inc")
            },
        ),
        (
            "bytes_total",
            MetricSettings {
                match_all: true,
                count_entry_bytes: true,
                ..metric("Counter", "add")
            },
        ),
        (
            "slow_total",
            MetricSettings {
                value: Some("2s".into()),
                ..metric("Counter", "inc")
            },
        ),
        ("last", metric("Gauge", "set")),
        (
            "took",
            MetricSettings {
                buckets: vec![1.0, 0.5],
                ..metric("Histogram", "")
            },
        ),
    ];
    let all = all.into_iter().map(|(n, s)| (n.to_owned(), s)).collect();
    let mut w = World::new(&[regex, StageSettings::Metrics(all)]);
    w.run("took=500ms", 0, 0)
        .run("took=2s", 0, 0)
        .run("none", 0, 0);
    let shown: Vec<String> = w
        .metrics
        .snapshot(SECOND_NS)
        .iter()
        .flat_map(|f| f.series.iter().map(move |s| (f, s)))
        .map(|(f, s)| match &s.value {
            SeriesValue::Number(v) => format!("{} {v}", f.name),
            SeriesValue::Histogram(h) => format!("{} {:?} {}", f.name, h.buckets, h.sum),
        })
        .collect();
    assert_eq!(
        shown,
        [
            "promtail_custom_bytes_total 21",
            "promtail_custom_last 2",
            "promtail_custom_lines_total 3",
            "promtail_custom_slow_total 1",
            "promtail_custom_took [(0.5, 1), (1.0, 1), (inf, 2)] 2.5",
        ]
    );
    // Nothing touched them for five minutes.
    assert_eq!(w.metrics.snapshot(301 * SECOND_NS), []);
}

#[test]
fn bytes_that_are_no_text_stay_as_they_are() {
    let stages = [StageSettings::Regex(RegexSettings {
        expression: "(?P<all>.*)".into(),
        ..RegexSettings::default()
    })];
    let mut w = World::new(&stages);
    let entry = Entry {
        line: b"a\xff\0b".to_vec(),
        ..Entry::default()
    };
    w.pipeline.run(entry, 0, &mut w.out);
    assert_eq!(w.out[0].line, b"a\xff\0b");
}

#[test]
fn a_line_of_a_container_may_have_many_parts_and_gets_the_time_of_its_last() {
    let mut w = World::new(&[StageSettings::Cri(CriSettings::default())]);
    for _ in 0..150 {
        w.run("2026-12-01T08:00:00Z stdout P x", 0, 0);
    }
    w.run("2026-12-01T08:00:01Z stdout F end", 9, 0);
    assert_eq!(w.lines(), ["x".repeat(150) + "end"]);
    assert_eq!(
        (w.out[0].t_ns, w.out[0].from),
        (1_796_112_001_000_000_000, 0)
    );
}

#[test]
fn unfinished_lines_of_more_streams_than_allowed_go_on_as_they_are() {
    let mut w = World::new(&[StageSettings::Cri(CriSettings {
        max_partial_lines: 1,
        ..CriSettings::default()
    })]);
    w.run("t stdout P out", 0, 0).run("t stderr P err", 5, 0);
    assert_eq!(w.lines(), ["out"]);
    w.run("t stderr F or", 9, 0);
    assert_eq!(w.lines(), ["out", "error"]);
}

#[test]
fn times_are_fudged_from_the_last_that_could_be_read() {
    let regex = StageSettings::Regex(RegexSettings {
        expression: "(?P<t>.*)".into(),
        ..RegexSettings::default()
    });
    let timestamp = StageSettings::Timestamp(TimestampSettings {
        source: "t".into(),
        format: "UnixNs".into(),
        ..TimestampSettings::default()
    });
    let mut w = World::new(&[regex, timestamp]);
    for (text, t_ns) in [("a", 70), ("b", 80), ("1000", 90), ("c", 100), ("d", 110)] {
        let entry = Entry {
            t_ns,
            ..line(text, 0)
        };
        w.pipeline.run(entry, 0, &mut w.out);
    }
    let times: Vec<i64> = w.out.iter().map(|e| e.t_ns).collect();
    assert_eq!(times, [70, 80, 1000, 1001, 1002]);
}

#[test]
fn values_are_taken_as_promtail_takes_them() {
    let check = |stage: StageSettings, text: &str, want: &str| {
        let mut w = World::new(&[stage]);
        w.run(text, 0, 0);
        let got = w.out[0].extracted.get("v").and_then(|v| v.text());
        assert_eq!(got.as_deref(), Some(want), "{text}");
    };
    let of_v = || [("v".to_owned(), String::new())].into();
    let json = || {
        StageSettings::Json(JsonSettings {
            expressions: of_v(),
            ..JsonSettings::default()
        })
    };
    check(
        json(),
        r#"{"v": {"b": [1.0, 2.50], "a": null}}"#,
        r#"{"a":null,"b":[1,2.5]}"#,
    );
    check(json(), r#"{"v": 1e21}"#, "1000000000000000000000");
    check(json(), r#"{"v": 0.1}"#, "0.1");
    let logfmt = StageSettings::Logfmt(LogfmtSettings {
        mapping: of_v(),
        ..LogfmtSettings::default()
    });
    check(logfmt, "v= x=1", "");
}

/// A database of one record for all addresses: a tree of one node whose both branches lead
/// to the data, by the public description of the format (MaxMind DB 2.0).
fn database(record: &[u8]) -> Vec<u8> {
    let mut file = Vec::new();
    // 24 bits for each branch; data begin 16 behind the number of nodes.
    for _ in 0..2 {
        file.extend_from_slice(&[0, 0, 17]);
    }
    file.extend_from_slice(&[0; 16]);
    file.extend_from_slice(record);
    file.extend_from_slice(b"\xab\xcd\xefMaxMind.com");
    let text = |out: &mut Vec<u8>, text: &str| {
        out.push(0x40 | u8::try_from(text.len()).expect("short"));
        out.extend_from_slice(text.as_bytes());
    };
    file.push(0xe0 | 9);
    for (name, value) in [
        ("node_count", &[0xc1, 1][..]),
        ("record_size", &[0xa1, 24]),
        ("ip_version", &[0xa1, 4]),
        ("binary_format_major_version", &[0xa1, 2]),
        ("binary_format_minor_version", &[0xa0]),
        ("build_epoch", &[0x01, 2, 1]),
        ("database_type", b"\x44Test"),
        ("languages", &[0x00, 4]),
        ("description", &[0xe0]),
    ] {
        // Names of more than 28 bytes have their length in the next byte; none is.
        text(&mut file, name);
        file.extend_from_slice(value);
    }
    file
}

#[test]
fn addresses_are_looked_up() {
    let dir = tempfile::tempdir().expect("a folder");
    let db = dir.path().join("asn.mmdb");
    let mut record = vec![0xe2];
    record.extend_from_slice(b"\x58autonomous_system_number");
    record.extend_from_slice(&[0xc2, 0x04, 0xd2]);
    // 30 bytes: 29 and one more.
    record.extend_from_slice(b"\x5d\x01autonomous_system_organization");
    record.extend_from_slice(b"\x44Acme");
    std::fs::write(&db, database(&record)).expect("written");
    let settings = |db: std::path::PathBuf| {
        StageSettings::GeoIp(GeoIpSettings {
            db,
            source: "ip".into(),
            db_type: GeoIpKind::Asn,
            custom_lookups: [("org".into(), "autonomous_system_organization".into())].into(),
        })
    };
    let regex = StageSettings::Regex(RegexSettings {
        expression: "^(?P<ip>\\S+)".into(),
        ..RegexSettings::default()
    });
    let mut w = World::new(&[regex, settings(db)]);
    w.run("192.0.2.7 GET /", 0, 0).run("no address", 9, 0);
    let labels: Vec<(&str, &str)> = w.out[0]
        .labels
        .iter()
        .map(|(n, v)| (n.as_str(), v.as_str()))
        .collect();
    assert_eq!(
        labels,
        [
            ("geoip_autonomous_system_number", "1234"),
            ("geoip_autonomous_system_organization", "Acme"),
            ("job", "a"),
            ("org", "Acme"),
        ]
    );
    assert_eq!(w.out[1].labels.len(), 1);
    let error = settings("/none/there.mmdb".into())
        .check()
        .expect_err("missing");
    assert_eq!(error.field, "db");
    assert!(
        error
            .message
            .starts_with("the database /none/there.mmdb cannot be read:")
    );
}
