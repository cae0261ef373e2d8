//! Rows through whole pipelines: what metric queries take of them, and what lines of any
//! kind do to them.

use std::sync::Arc;

use binnacle_logql::ast::{Conversion, Expr, Grouping, Stage, Unwrap};
use binnacle_logql::parse::parse;
use binnacle_logql::stage::{Hints, KeyShape, Pipeline, RowLabels, Value as Unwrapped};
use binnacle_model::event::LogLabels;

use crate::stages::{row, same_labels, text};
use crate::suites::run;

fn compile(stages: &str, hints: Hints) -> Pipeline {
    let query = format!("{{a=\"b\"}} {stages}");
    let Expr::Log(log) = parse(&query).unwrap_or_else(|e| panic!("{query}: {e}")) else {
        panic!("{query}");
    };
    Pipeline::compile(&log.stages, hints).unwrap_or_else(|e| panic!("{query}: {e}"))
}

fn only(names: &[&str]) -> Hints {
    Hints {
        required: Some(names.iter().map(|n| (*n).to_owned()).collect()),
        no_labels: false,
    }
}

#[test]
fn unwrapped_values() {
    run("sample_extraction", &[], |case| {
        let ex = &case["ex"];
        let groups = ex["groups"].as_array().expect("groups");
        let labels: Vec<String> = groups
            .iter()
            .map(|g| g.as_str().expect("a name").to_owned())
            .collect();
        let without = ex["without"].as_bool().expect("without");
        let grouping = (without || !labels.is_empty()).then_some(Grouping { without, labels });
        let unwrap = Unwrap {
            label: text(ex, "unwrap").to_owned(),
            conversion: match text(ex, "conversion") {
                "bytes" => Some(Conversion::Bytes),
                "duration" => Some(Conversion::Duration),
                _ => None,
            },
            filters: Vec::new(),
        };
        let stages = if ex["stages"] == true { "| logfmt" } else { "" };
        let hints = Hints::of_metric(&[], Some(&unwrap), grouping.as_ref());
        let pipeline = compile(stages, hints);
        let value = Unwrapped::new(&unwrap)?.grouped(grouping.as_ref());
        let mut labels = row(&case["in"], &case["structuredMetadata"]);
        let line = case["line"].as_str().unwrap_or_default();
        let got = pipeline
            .run(0, line.as_bytes(), &mut labels)
            .and_then(|_| value.of(&mut labels));
        if got.is_some() != case["wantOk"].as_bool().expect("wantOk") {
            return Err(format!("{case}: {got:?}"));
        }
        if let Some(want) = case["want"].as_f64()
            && got != Some(want)
        {
            return Err(format!("{got:?} instead of {want}"));
        }
        let left = if labels.error().is_some() {
            labels.merged()
        } else {
            grouped(&labels, grouping.as_ref())
        };
        same_labels(&left, &case["wantLbs"])
    });
}

/// The labels that a grouping leaves, by way of a key.
fn grouped(labels: &RowLabels, grouping: Option<&Grouping>) -> LogLabels {
    let shape = KeyShape::of(grouping);
    let mut key = Vec::new();
    shape.write(labels, &mut key);
    shape.labels(&key)
}

/// The labels after a pipeline, or that the line is dropped.
fn after(pipeline: &Pipeline, line: &[u8], stream: &[(&str, &str)]) -> Option<LogLabels> {
    let mut labels = RowLabels::default();
    labels.reset(&Arc::new(LogLabels::from_pairs(stream.iter().copied())));
    pipeline.run(0, line, &mut labels)?;
    Some(labels.merged())
}

fn check(stages: &str, line: &str, want: &str) {
    let pipeline = compile(stages, Hints::all());
    let got = after(&pipeline, line.as_bytes(), &[("app", "x")]);
    let got = got.map_or("dropped".to_owned(), |l| l.to_string());
    assert_eq!(got, want, "{stages} on {line}");
}

#[test]
fn errors_of_stages() {
    let cut = r#"{"a":1,"b":"#;
    check(
        "| json",
        cut,
        r#"{__error__="JSONParserErr", __error_details__="Malformed JSON error", a="1", app="x"}"#,
    );
    check("| json | __error__=\"\"", cut, "dropped");
    check(
        "| json | drop __error__, __error_details__",
        cut,
        r#"{a="1", app="x"}"#,
    );
    check(
        "| json",
        "",
        r#"{__error__="JSONParserErr", __error_details__="Value looks like object, but can't find closing '}' symbol", app="x"}"#,
    );
    check(
        "| json b",
        "no json",
        r#"{__error__="JSONParserErr", app="x"}"#,
    );
    check(
        "| logfmt | a > 5",
        "a=x",
        r#"{__error__="LabelFilterErr", __error_details__="strconv.ParseFloat: parsing \"x\": invalid syntax", a="x", app="x"}"#,
    );
    check("| logfmt | b > 5", "a=x", "dropped");
    check(
        "| logfmt | a > 5ms or a > 1KB",
        "a=7",
        r#"{__error__="LabelFilterErr", __error_details__="time: missing unit in duration \"7\"", a="7", app="x"}"#,
    );
    check(
        "| json | a > 0 | b = \"\"",
        cut,
        r#"{__error__="JSONParserErr", __error_details__="Malformed JSON error", a="1", app="x"}"#,
    );
    check("| json | a > 1", cut, "dropped");
    check(
        "| label_format b=\"{{.app | int | div 1}}\"",
        "",
        r#"{__error__="TemplateFormatErr", __error_details__="template: label:1:15: executing \"label\" at <div 1>: error calling div: runtime error: integer divide by zero", app="x"}"#,
    );
}

#[test]
fn labels_of_parsers() {
    check(
        "| json",
        r#"{"app":"y","a":{"b":{"c-d":true},"e":[1],"f":null},"1x":"\u00e9\n","a":"late"} rest"#,
        r#"{_1x="é\n", a="late", a_b_c_d="true", app="x", app_extracted="y"}"#,
    );
    check(
        "| json",
        r#"{"k":"first","k":"second"}"#,
        r#"{app="x", k="first"}"#,
    );
    check(
        "| json x=\"l[1].m\", y=\"l[0]\", z=\"o\", none=\"p.q\"",
        r#"{"l":["s\"",{"m":2}],"o":{"a": 1},"p":"q"}"#,
        r#"{app="x", none="", x="2", y="s\"", z="{\"a\": 1}"}"#,
    );
    check("| json x=\"[1]\"", "[1,2,3]", r#"{app="x", x="2"}"#);
    check(
        "| logfmt --strict",
        "a=1 b=\"x",
        r#"{__error__="LogfmtParserErr", __error_details__="logfmt syntax error at pos 9 : unterminated quoted value", a="1", app="x"}"#,
    );
    check("| logfmt", "a=1 a=2 b= c", r#"{a="1", app="x"}"#);
    check("| logfmt --keep-empty", "a= b", r#"{a="", app="x", b=""}"#);
    check(
        "| logfmt x=\"a\", app=\"b\"",
        "a=1 a=2 b=3",
        r#"{app="x", app_extracted="3", x="2"}"#,
    );
    check("| unpack", r#"{"a":"1"}"#, r#"{app="x"}"#);
    check(
        "| unpack",
        r#"{"a":"1","_entry":"e"}"#,
        r#"{a="1", app="x"}"#,
    );
    check(
        "| regexp \"(?P<a>x)(?P<b>y)?\"",
        "x",
        r#"{a="x", app="x", b=""}"#,
    );
    check("| pattern \"<a> - <b>\"", "1", r#"{a="1", app="x"}"#);
    check(
        "| logfmt | drop a | logfmt",
        "a=1 b=2",
        r#"{app="x", b="2"}"#,
    );
    check(
        "| logfmt | label_format c=a, b=\"{{.a}}{{.b}}\", d=\"{{.b}}\"",
        "a=1 b=2",
        r#"{app="x", b="2", c="1", d="2"}"#,
    );
}

#[test]
fn hints_leave_out_what_is_not_needed() {
    let line = br#"{"status":200,"deep":{"a":1,"b":2},"status_x":1,"broken"#;
    let labels = |hints: Hints| {
        after(&compile("| json", hints), line, &[])
            .expect("a row")
            .to_string()
    };
    assert_eq!(labels(only(&["status"])), r#"{status="200"}"#);
    assert_eq!(labels(only(&["deep_b"])), r#"{deep_b="2"}"#);
    let with_error = labels(only(&["status", "more"]));
    assert!(with_error.contains(r#"status="200""#) && with_error.contains("JSONParserErr"));
    let none = Hints {
        required: None,
        no_labels: true,
    };
    assert_eq!(labels(none), "{}");
    let preserved = labels(only(&["more", "__error__"]));
    assert!(
        preserved.contains(r#"__preserve_error__="true""#),
        "{preserved}"
    );
}

#[test]
fn extracted_values_are_as_parsed_ones() {
    let stages = "| json | status >= 500 | label_format s=status, m=\"{{.method}}!\"";
    let names = ["status", "method", "user_id", "app"];
    let pipeline = compile(stages, only(&names));
    let extracts = pipeline.extracts().expect("extracts");
    assert_eq!(extracts.len(), names.len());
    for (line, values) in [
        (
            r#"{"status":503,"method":"G\u00e9T","user":{"id":"7"},"app":"y"}"#,
            vec![
                ("status", "503"),
                ("method", "GéT"),
                ("user_id", "7"),
                ("app", "y"),
            ],
        ),
        (r#"{"status":200}"#, vec![("status", "200")]),
        (r#"{"status":"x"}"#, vec![("status", "x")]),
        (r#"{"method":"x"}"#, vec![("method", "x")]),
    ] {
        let stream = [("app", "x")];
        let want = after(&pipeline, line.as_bytes(), &stream);
        let mut labels = RowLabels::default();
        labels.reset(&Arc::new(LogLabels::from_pairs(stream)));
        let mut values = values.into_iter().map(|(n, v)| (n, v.as_bytes()));
        let passes = pipeline.run_extracted(0, &mut labels, &mut values);
        assert_eq!(passes.then(|| labels.merged()), want, "{line}");
    }
    for (stages, hints) in [
        ("| json", Hints::all()),
        ("|= \"x\" | json", only(&["a"])),
        ("| json | logfmt", only(&["a"])),
        ("| json x=\"a.b\"", only(&["x"])),
        ("| json x=\"a\", x=\"b\"", only(&["x"])),
        ("| logfmt --strict", only(&["a"])),
        ("| json | line_format \"{{__line__}}\"", only(&["a"])),
    ] {
        assert_eq!(compile(stages, hints).extracts(), None, "{stages}");
    }
    assert!(
        compile("| logfmt | a=\"b\"", only(&["a"]))
            .extracts()
            .is_some()
    );
}

/// The next number of a sequence.
fn next(state: &mut u64) -> usize {
    *state = state
        .wrapping_mul(6_364_136_223_846_793_005)
        .wrapping_add(1_442_695_040_888_963_407);
    (*state >> 33) as usize
}

#[test]
fn lines_of_any_kind() {
    const PARTS: &[&[u8]] = &[
        b"{",
        b"}",
        b"[",
        b"]",
        b"\"",
        b":",
        b",",
        b"\\",
        b"\\u00",
        b"\\ud83d",
        b"\xff\xfe",
        b"\xc3",
        "\u{fffd}é世".as_bytes(),
        b"key",
        b"=",
        b" ",
        b"\n",
        b"\0",
        b"1.5e9",
        b"true",
        b"null",
        b"\"a\":",
        b"\"b\":{\"c\":",
        b"a=\"x\\\"",
        b"10.0.0.1",
        b"::1",
        b"\x1b[31m",
    ];
    let pipelines: Vec<Pipeline> = [
        "| json",
        "| json x=\"a.b[1]\", y=\"[0]\", z=\"a\"",
        "| logfmt",
        "| logfmt --strict --keep-empty a, b=\"key\"",
        "| unpack | decolorize",
        "| pattern \"<a>=<b> <_>\"",
        "| regexp \"(?P<a>.)(?P<b>\\\\w+)?\"",
        "|> \"a<_>1<_>\" or \"<_>}\"",
        "|= ip(\"10.0.0.0/8\") or \"x\" != ip(\"::/0\")",
        "| json | a > 5 or b > 5s or c > 5KB or key = ip(\"::1\")",
        "| line_format \"{{__line__ | trunc 9 | alignRight 5 | substr 1 -1 | title | b64dec}}\"",
        "| label_format a=\"{{__line__ | urlencode | upper}}\", b=\"{{fromJson __line__}}\"",
    ]
    .iter()
    .map(|stages| compile(stages, Hints::all()))
    .collect();
    let mut state = 3;
    let mut line = Vec::new();
    let mut labels = RowLabels::default();
    let stream = Arc::new(LogLabels::from_pairs([("a", "stream")]));
    for _ in 0..3_000 {
        line.clear();
        for _ in 0..next(&mut state) % 14 {
            line.extend_from_slice(PARTS[next(&mut state) % PARTS.len()]);
        }
        for pipeline in &pipelines {
            labels.reset(&stream);
            pipeline.run(0, &line, &mut labels);
            let merged = labels.merged();
            assert!(merged.len() <= line.len() + 5, "{line:?}: {merged}");
            assert_eq!(grouped(&labels, None), merged);
        }
    }
}

#[test]
fn large_lines_are_bounded() {
    let deep = b"{\"a\":".repeat(200_000);
    let labels = after(&compile("| json", Hints::all()), &deep, &[]).expect("a row");
    assert!(labels.get("__error__").is_some());
    let mut closed = b"{\"a\":".repeat(2_000);
    closed.extend_from_slice(b"1");
    closed.extend(b"}".repeat(2_000));
    let labels = after(&compile("| json", Hints::all()), &closed, &[]).expect("a row");
    assert!(labels.is_empty(), "{labels}");
    let many: Vec<String> = (0..10_000).map(|i| format!("\"k{i}\":{i}")).collect();
    let many = format!("{{{}}}", many.join(","));
    let labels = after(&compile("| json", Hints::all()), many.as_bytes(), &[]).expect("a row");
    assert_eq!((labels.len(), labels.get("k9999")), (10_000, Some("9999")));
    for huge in [
        "repeat 100000000 `x`",
        "repeat 10000 `x` | indent 10000 | replace `x` (repeat 10000 `y`)",
        "regexReplaceAll `x+` (repeat 10000 `x`) (repeat 10000 `$0`)",
        "regexReplaceAllLiteral `x` (repeat 10000 `x`) (repeat 10000 `y`)",
    ] {
        let pipeline = compile(&format!("| line_format \"{{{{{huge}}}}}\""), Hints::all());
        let labels = after(&pipeline, b"", &[]).expect("a row");
        assert_eq!(labels.get("__error__"), Some("TemplateFormatErr"), "{huge}");
    }
}

#[test]
fn functions_of_templates() {
    for (call, want) in [
        ("regexReplaceAll `(a)(b)?` `ab-a` `${2}$1.`", "ba.-a."),
        ("regexReplaceAllLiteral `a|$` `ab` `$1`", "$1b$1"),
        ("addf 0.1 0.2", "0.3"),
        ("divf 1 3", "0.3333333333333333"),
        ("round 2.5 0", "3"),
        ("int `0x10`", "16"),
        ("title `it's a_b`", "It'S A_b"),
        ("toDate `2006-01-02` `x` | unixEpoch", "-62135596800"),
        ("date `2006-01-02` 86400", "1970-01-02"),
        ("default `d` ``", "d"),
        ("b64dec `YW*j`", "illegal base64 data at input byte 2"),
        ("fromJson `{\"a\":[1,\"x\"]}`", "map[a:[1 x]]"),
        ("eq 1 1", "true"),
        ("printf `%05.1f` (float64 `2.25`)", "002.2"),
        ("unixEpochMillis now", "1700000000000"),
    ] {
        let template = Stage::LineFormat(format!("{{{{{call}}}}}"));
        let pipeline = crate::stages::pipeline(&[template]).expect(call);
        let mut labels = RowLabels::default();
        let line = pipeline.run(0, b"", &mut labels).expect("a row");
        assert_eq!(
            String::from_utf8_lossy(&line),
            want,
            "{call}: {}",
            labels.merged()
        );
    }
}
